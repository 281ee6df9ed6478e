"""The live state of a running session, collected for viewers at most ten times a second."""

import time
from collections import Counter
from pathlib import Path

import structlog

from polydesk.desk import Desk, value_u6
from polydesk.kernel import Fact, last_row_ns, levels
from polydesk.model.errors import SessionError
from polydesk.model.grid import cash_u6
from polydesk.model.orders import Side
from polydesk.model.reasons import Refusal
from polydesk.model.records import SessionStarted
from polydesk.portfolio import Position
from polydesk.risk import loss_limit_u6
from polydesk.run.driver import Machine, Progress
from polydesk.run.snapshot import (
    HZ,
    Exposure,
    LiveBook,
    LiveOrder,
    LivePosition,
    LiveState,
    SnapshotWriter,
    TokenBook,
)  # fmt: skip
from polydesk.run.wanted import WantedBooks

FILE_NAME = "live.state"
log = structlog.get_logger()
_LEVELS = 10
_BOOKS = 20


class Publisher:
    """Collects and publishes the live state of one session.

    Args:
        folder: The session's folder.
        header: Its first record.
        hz: At most this many states a second; 0 publishes only the last one.
    """

    def __init__(self, folder: Path, header: SessionStarted, hz: float) -> None:
        self._header = header
        self._writer: SnapshotWriter | None = None
        self._on_the_way = hz > 0
        try:
            self._writer = SnapshotWriter(folder / FILE_NAME, hz=hz if hz > 0 else HZ)
        except SessionError as err:
            log.warning("the live state is not published", error=str(err))
        self._assumed: dict[str, dict[str, str]] | None = None
        self._seen = (0.0, 0)
        self._wanted = WantedBooks(folder)

    def look(self, machine: Machine, progress: Progress) -> None:
        """Publish if the last state is old enough."""
        now_s = time.monotonic()
        if self._on_the_way and self._writer is not None and self._writer.due(now_s):
            self._publish(machine, progress, now_s, "running")

    def finish(self, machine: Machine, progress: Progress, state: str) -> None:
        """Publish the last state, ``ended`` or ``halted``."""
        self._publish(machine, progress, time.monotonic(), state)
        if self._writer is not None:
            self._writer.close()

    def _publish(self, machine: Machine, progress: Progress, now_s: float, state: str) -> None:
        """Publish; a viewer's trouble must never be the session's, so a failure only ends the publishing."""
        if self._writer is None:
            return
        try:
            self._writer.publish(self._state(machine, progress, now_s, state), now_s, force=True)
        except SessionError as err:
            log.warning("the live state is no longer published", error=str(err))
            self._writer = None

    def _state(self, machine: Machine, progress: Progress, now_s: float, state: str) -> LiveState:
        desk = machine.desk
        account = desk.state.account
        values = value_u6(desk)
        columns = (account.matched, account.confirmed)
        worth = [column.cash_u6 + value for column, value in zip(columns, values, strict=True)]
        given = account.matched.deposits_u6 + account.matched.external_u6
        return LiveState(
            session=self._header.session,
            mode=self._header.mode,
            source=self._header.tape_path,
            ts_ns=desk.state.now_ns,
            seq=progress.rows - 1,
            rows=progress.rows,
            rows_total=progress.total,
            rows_per_s=self._rate(now_s, progress.rows),
            books=_books(desk, self._wanted.markets(now_s)),
            orders=_orders(desk),
            positions=_positions(desk),
            cash_u6=(account.matched.cash_u6, account.confirmed.cash_u6),
            pnl_u6=(worth[0] - given, worth[1] - given),
            fees_u6=(account.matched.fees_u6, account.confirmed.fees_u6),
            exposure=_exposure(desk),
            counters={"wakes": progress.wakes, "orders": progress.orders, "fills": progress.fills},
            refusals=dict(desk.refusals),
            sentinels=f"broken: {desk.state.broken}" if desk.state.broken else "ok",
            assumed=self._facts(desk),
            state=state,
            published_ns=time.time_ns(),
            equity_u6=(worth[0], worth[1]),
            given_u6=given,
            loss_switch=desk.state.daily.state,
        )

    def _rate(self, now_s: float, rows: int) -> float:
        then_s, before = self._seen
        self._seen = (now_s, rows)
        return (rows - before) / (now_s - then_s) if then_s and now_s > then_s else 0.0

    def _facts(self, desk: Desk) -> dict[str, dict[str, str]]:
        if self._assumed is None:
            told = {market.slug: market.assumed() for market in desk.markets}
            self._assumed = {slug: facts for slug, facts in told.items() if facts}
        return self._assumed


def _books(desk: Desk, wanted: frozenset[int]) -> tuple[LiveBook, ...]:
    last_ns = last_row_ns(desk.books).tolist()
    return tuple(_book(desk, market, last_ns[market]) for market in _of_interest(desk, wanted, last_ns))


def _of_interest(desk: Desk, wanted: frozenset[int], last_ns: list[int]) -> list[int]:
    """Return the markets viewers asked for, those with orders or shares, those with the newest rows; settled last."""
    held = {p.market for p in desk.state.account.matched.positions.values() if p.shares_u6}
    busy = held | {order.intent.market for order in desk.state.working.orders.values()}

    def rank(market: int) -> tuple[bool, bool, bool, int]:
        return (market not in wanted, market not in busy, market in desk.state.settled, -last_ns[market])

    return sorted((m.index for m in desk.markets if last_ns[m.index]), key=rank)[:_BOOKS]


def _book(desk: Desk, market: int, last_ns: int) -> LiveBook:
    tokens = tuple(
        TokenBook(_side(desk, market, token, Side.BUY), _side(desk, market, token, Side.SELL)) for token in (0, 1)
    )
    return LiveBook(
        market, desk.markets[market].slug, (tokens[0], tokens[1]), max(0, desk.state.now_ns - last_ns),
        int(desk.books.last[market, Fact.TICK]), market in desk.state.settled,
    )  # fmt: skip


def _side(desk: Desk, market: int, token: int, side: Side) -> tuple[tuple[int, int], ...]:
    prices, sizes = levels(desk.books, market, token, int(side), _LEVELS)
    return tuple(zip(prices.tolist(), sizes.tolist(), strict=True))


def _orders(desk: Desk) -> tuple[LiveOrder, ...]:
    return tuple(
        LiveOrder(
            order.intent.id, order.intent.strategy, order.intent.market, order.intent.token, int(order.intent.side),
            order.intent.price_g4, order.intent.size_u6, order.filled_u6, order.state.value,
        )
        for order in desk.state.working.orders.values()
    )  # fmt: skip


def _positions(desk: Desk) -> tuple[LivePosition, ...]:
    account = desk.state.account
    shown = []
    for key, one in account.matched.positions.items():
        two = account.confirmed.positions.get(key) or Position(one.strategy, one.market, one.token)
        if one.shares_u6 or two.shares_u6:
            bids = _side(desk, one.market, one.token, Side.BUY)
            shown.append(
                LivePosition(
                    one.strategy, one.market, one.token, (one.shares_u6, two.shares_u6), (one.cost_u6, two.cost_u6),
                    (one.net_u6, two.net_u6), bids[0][0] if bids else None,
                )
            )  # fmt: skip
    return tuple(shown)


def _exposure(desk: Desk) -> tuple[Exposure, ...]:
    limits, state = desk.config.risk, desk.state
    account = state.account.matched
    buys = sum(order.reserved_u6 for order in state.working.orders.values())
    by_market: Counter[int] = Counter()
    for position in account.positions.values():
        by_market[position.market] += position.cost_u6
    for order in state.working.orders.values():
        by_market[order.intent.market] += order.reserved_u6
    market, most = by_market.most_common(1)[0] if by_market else (-1, 0)
    caps = [
        Exposure(Refusal.TOTAL_EXPOSURE.value, account.cost_u6 + buys, cash_u6(limits.max_total_exposure)),
        Exposure(Refusal.MARKET_EXPOSURE.value, most, cash_u6(limits.max_market_exposure), market=market),
        Exposure(Refusal.OPEN_ORDERS.value, len(state.working.orders), limits.max_open_orders, unit="orders"),
    ]
    most_lost = loss_limit_u6(limits, account.deposits_u6)
    if most_lost:
        caps.append(Exposure("daily_loss", max(0, -state.daily.pnl_u6), most_lost))
    return tuple(caps)
