"""The loop's state as the interpreted desk keeps it, for viewers and for comparison.

What only the interpreted desk needs to go on (the history of every fill, finished orders) is left out.
"""

from collections.abc import Iterator

import numpy as np

from polydesk.desk.loop.columns import DayState, Facts, Feature, Link, Now, Order, Pos, Slot, State, Total, Why
from polydesk.desk.loop.state import Loop
from polydesk.desk.state import Desk
from polydesk.model.grid import FAR_NS
from polydesk.model.ids import intent_id
from polydesk.model.orders import Intent, OrderState, OrderType, Purpose, Side
from polydesk.model.reasons import Refusal
from polydesk.orders import WorkingOrder, WorkingOrders
from polydesk.portfolio import Column, Position, position_key
from polydesk.portfolio.column import note_held
from polydesk.risk import DailyLoss
from polydesk.signals import Features

_STATES = {State[state.name]: state for state in OrderState}
_PURPOSES = {Why[purpose.name]: purpose for purpose in Purpose}


def sync(desk: Desk, loop: Loop, names: tuple[str, ...], broken: str) -> None:
    """Bring a desk's state up to date with a loop.

    Args:
        desk: Changed in place.
        loop: State.
        names: The strategies by their number in the loop.
        broken: What a sentinel found, or ``""``.
    """
    state, now = desk.state, loop.now.tolist()
    state.seq, state.now_ns, state.intents = now[Now.SEQ], now[Now.NOW_NS], now[Now.INTENTS]
    state.stopped, state.stopping = bool(now[Now.STOPPED]), bool(now[Now.STOPPING])
    state.over, state.marked_ns, state.broken = bool(now[Now.OVER]), now[Now.MARKED_NS], broken
    state.account.matched = _column(loop, 0, names)
    state.account.confirmed = _column(loop, 1, names)
    state.working = _working(loop, names)
    state.settled = {market for market, row in enumerate(loop.market.tolist()) if row[Facts.SETTLED]}
    state.features = _features(loop)
    state.daily = DailyLoss(
        now[Now.DAY], now[Now.DAY_START_U6], DayState(now[Now.DAY_STATE]).name.lower(), now[Now.DAY_TRIPPED_NS],
        now[Now.DAY_LOW_U6], now[Now.DAY_PNL_U6], bool(now[Now.DAY_UNKNOWN]),
    )  # fmt: skip
    state.exit_due_ns = dict(_dues(loop, names))
    state.entries_ns = dict(_entries(loop, names))
    desk.refusals.clear()
    for code, count in zip(Refusal, loop.refusals.tolist(), strict=False):
        if count:
            desk.refusals[code.value] = count


def _key(loop: Loop, place: int, names: tuple[str, ...]) -> tuple[str, int, int]:
    strategy, market = divmod(place // 2, len(loop.market))
    return names[strategy], market, place % 2


def _column(loop: Loop, column: int, names: tuple[str, ...]) -> Column:
    total = loop.total[column].tolist()
    found = Column(
        total[Total.CASH_U6], total[Total.COST_U6], total[Total.FEES_U6], total[Total.DUST_U6],
        total[Total.REALISED_U6], total[Total.DEPOSITS_U6], total[Total.EXTERNAL_U6],
    )  # fmt: skip
    rows = {place: loop.position[column, place].tolist() for place in loop.made[: loop.now[Now.POSITIONS]].tolist()}
    for place, row in sorted(rows.items(), key=lambda item: item[1][Pos.MADE]):
        if row[Pos.MADE]:
            key = _key(loop, place, names)
            found.positions[position_key(*key)] = Position(
                *key, row[Pos.SHARES_U6], row[Pos.COST_U6], row[Pos.FEES_U6], row[Pos.DUST_U6], row[Pos.REALISED_U6],
                row[Pos.OPENED_NS], row[Pos.HELD_FEES_U6], row[Pos.REDEEMED_U6], row[Pos.REDEEMED_CASH_U6],
            )  # fmt: skip
            note_held(found, found.positions[position_key(*key)])
    for token, (shares, paid) in enumerate(loop.redeemed[column].tolist()):
        if shares:
            found.redeemed[f"{token // 2}/{token % 2}"] = (shares, paid)
    return found


def _working(loop: Loop, names: tuple[str, ...]) -> WorkingOrders:
    working = WorkingOrders()
    rows = loop.order[(loop.order[:, Order.NUMBER] > 0) & (loop.order[:, Order.STATE] < State.MATCHED)].tolist()
    for row in sorted(rows, key=lambda row: row[Order.NUMBER]):
        purpose = _PURPOSES[Why(row[Order.PURPOSE])]
        rests = purpose is Purpose.QUOTE
        intent = Intent(
            intent_id(row[Order.NUMBER]), names[row[Order.STRATEGY]], row[Order.MARKET], row[Order.TOKEN],
            Side(row[Order.SIDE]), OrderType.GTC if rests else OrderType.FAK, rests, row[Order.PRICE_G4],
            row[Order.SIZE_U6], purpose, "", 0, (),
        )  # fmt: skip
        working.orders[intent.id] = WorkingOrder(
            intent,
            _STATES[State(row[Order.STATE])],
            filled_u6=row[Order.FILLED_U6],
            spent_u6=row[Order.SPENT_U6],
            sent_ns=row[Order.SENT_NS],
            acked=bool(row[Order.ACKED]),
            epoch=row[Order.EPOCH],
            cancels=row[Order.CANCELS],
        )
        working.by_market.setdefault(intent.market, []).append(intent.id)
        working.buys_u6 += working.orders[intent.id].reserved_u6
    return working


def _features(loop: Loop) -> dict[int, Features]:
    return {
        market: Features(
            facts[Facts.SEEN_NS], floats[Feature.MID], facts[Facts.SAMPLES], floats[Feature.VARIANCE_PER_S],
            floats[Feature.AGE_S],
        )
        for market, (facts, floats) in enumerate(zip(loop.market.tolist(), loop.feature.tolist(), strict=True))
        if facts[Facts.SAMPLES]
    }  # fmt: skip


def _entries(loop: Loop, names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    times = loop.slot[:, :, Slot.ENTRY_NS]
    for strategy, market in zip(*np.nonzero(times != -FAR_NS), strict=True):
        yield f"{names[strategy]}/{market}", int(times[strategy, market])


def _dues(loop: Loop, names: tuple[str, ...]) -> list[tuple[str, int]]:
    places = loop.due[: loop.now[Now.DUES]].tolist()
    places.sort(key=lambda place: int(loop.link[place, Link.DUE_RANK]))
    return [(position_key(*_key(loop, place, names)), int(loop.link[place, Link.DUE_NS])) for place in places]
