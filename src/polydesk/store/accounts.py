"""Positions and realised exits of the ledger: how fills, failures and settlements change them.

The matched column follows fills as they are matched. A failed fill is taken out as if it had never been: the
position is computed again from the fills that remain. The confirmed column takes final fills in the order in which
they were matched, so it never sells what it does not hold yet.
"""

from polydesk.model.orders import Purpose, Side
from polydesk.model.reasons import Exit
from polydesk.store.changes import Changes
from polydesk.store.positions import Closing, Holding, settle, trade
from polydesk.store.rows import FillRow, PositionRow, key_of
from polydesk.store.tables import realised_exits


def match(changes: Changes, fill: FillRow) -> None:
    """Book a new fill in the matched column."""
    changes.wait_for_booking(fill)
    _book(changes, changes.position(key_of(fill)), fill)


def finish(changes: Changes, fill: FillRow) -> None:
    """Follow a fill that became final, already marked so."""
    key = key_of(fill)
    position = changes.position(key)
    if fill.status == "failed":
        rows = [row for row in changes.fills_of(key) if row.status != "failed"]
        _redo_matched(changes, position, rows)
    for row in changes.bookable(key):
        row.booked = True
        position.confirmed = _paid(changes, position, _traded(position.confirmed, row)[0])


def pay_out(changes: Changes, market: int) -> None:
    """Settle every position of a market in both columns; ``changes.settled`` knows the market already."""
    for position in changes.positions_in(market):
        _pay(changes, position, None)
        position.confirmed = _paid(changes, position, position.confirmed)


def _traded(holding: Holding, fill: FillRow) -> tuple[Holding, Closing | None]:
    return trade(holding, Side(fill.side), fill.price_g4, fill.size_u6, fill.fee_u6)


def _paid(changes: Changes, position: PositionRow, holding: Holding) -> Holding:
    settlement = changes.settled.get(position.market)
    return settle(holding, settlement.payout_g4[position.token])[0] if settlement else holding


def _redo_matched(changes: Changes, position: PositionRow, rows: list[FillRow]) -> None:
    key = key_of(position)
    changes.exits_redone.add(key)
    exits = changes.added.get(realised_exits, [])
    exits[:] = [row for row in exits if (row["strategy"], row["market"], row["token"]) != key]
    position.matched, position.opened_ns = Holding(), 0
    settlement = changes.settled.get(position.market)
    for row in rows:
        if not settlement or row.record < settlement.record:
            _book(changes, position, row)
    _pay(changes, position, None)
    for row in rows:
        if settlement and row.record > settlement.record:
            _book(changes, position, row)


def _book(changes: Changes, position: PositionRow, fill: FillRow) -> None:
    if position.matched.shares_u6 == 0:
        position.opened_ns = fill.ts_ns
    position.matched, closing = _traded(position.matched, fill)
    if closing is not None:
        order = changes.order(fill.intent)
        reason = order.reason if order else ""
        if not reason and order and order.purpose == Purpose.QUOTE:
            reason = Exit.QUOTE.value
        _write(changes, position, closing, record=fill.record, ts_ns=fill.ts_ns, fill=fill.id, reason=reason)
    settlement = changes.settled.get(position.market)
    if settlement and settlement.record < fill.record:
        _pay(changes, position, fill)


def _pay(changes: Changes, position: PositionRow, late: FillRow | None) -> None:
    """Settle the matched column if the market is settled: at the settlement, or at a fill reported after it."""
    settlement = changes.settled.get(position.market)
    if settlement is None:
        return
    position.matched, closing = settle(position.matched, settlement.payout_g4[position.token])
    if closing is not None:
        at = late or settlement
        _write(changes, position, closing, record=at.record, ts_ns=at.ts_ns, fill="", reason=Exit.SETTLEMENT.value)


def _write(
    changes: Changes, position: PositionRow, closing: Closing, *, record: int, ts_ns: int, fill: str, reason: str
) -> None:
    changes.add(
        realised_exits,
        record=record,
        ts_ns=ts_ns,
        strategy=position.strategy,
        market=position.market,
        token=position.token,
        fill=fill,
        reason=reason,
        opened_ns=position.opened_ns,
        shares_u6=closing.shares_u6,
        cost_u6=closing.cost_u6,
        proceeds_u6=closing.proceeds_u6,
        dust_u6=closing.dust_u6,
        realised_u6=closing.realised_u6,
        entry_fees_u6=closing.entry_fees_u6,
        exit_fee_u6=closing.exit_fee_u6,
    )
