"""Closed trades: each from the first share of a position to none, with every fee on the way."""

from dataclasses import dataclass, field

import msgspec

from polydesk.model.grid import LOT_U6
from polydesk.model.orders import Side
from polydesk.model.reasons import Exit
from polydesk.model.records import Fill
from polydesk.portfolio import Position


class Trade(msgspec.Struct, frozen=True):
    """One position from its opening to its end, matched column.

    Attributes:
        strategy: Whose.
        market: By index.
        token: 0 or 1.
        entry: Order of the first fill.
        exit: Order of the last fill; empty when the market's resolution paid it out.
        reason: Exit reason code of the end.
        opened_ns: Virtual time of the first fill.
        closed_ns: Virtual time of the end.
        shares_u6: Micro-shares bought on the way.
        fees_u6: Taker fees of all its fills.
        net_u6: PnL after fees and rounding, micro-pUSD.
    """

    strategy: str
    market: int
    token: int
    entry: str
    exit: str
    reason: str
    opened_ns: int
    closed_ns: int
    shares_u6: int
    fees_u6: int
    net_u6: int


@dataclass
class _Running:
    """A trade that is still open; ``net_u6`` is the position's net PnL before it."""

    entry: str
    opened_ns: int
    net_u6: int
    shares_u6: int = 0
    fees_u6: int = 0


@dataclass
class TradeBook:
    """Follows positions and keeps what became flat.

    A position is flat when less than a lot is left of it: that cannot be sold. Its rounding rest stays with the trade.
    """

    closed: list[Trade] = field(default_factory=list)
    _open: dict[tuple[str, int, int], _Running] = field(default_factory=dict)
    _net: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def filled(self, position: Position, fill: Fill, reason: str) -> None:
        """Note a fill that ``position`` has booked."""
        key = (position.strategy, position.market, position.token)
        running = self._open.get(key)
        if running is None:
            running = self._open[key] = _Running(fill.intent, fill.ts_ns, self._net.get(key, 0))
        running.fees_u6 += fill.fee_u6
        if fill.side is Side.BUY:
            running.shares_u6 += fill.size_u6
        if abs(position.shares_u6) < LOT_U6:
            # A buy that ends flat was reported after the resolution had paid the market out.
            paid_out = fill.side is Side.BUY
            self._close(key, position, fill.ts_ns, "" if paid_out else fill.intent, reason or Exit.SETTLEMENT.value)

    def settled(self, position: Position, ts_ns: int) -> None:
        """Note that a position was paid out."""
        key = (position.strategy, position.market, position.token)
        if key in self._open:
            self._close(key, position, ts_ns, "", Exit.SETTLEMENT.value)

    def held(self) -> list[tuple[int, int]]:
        """Return opening and closing time of every trade, an open one without an end (0)."""
        return [(t.opened_ns, t.closed_ns) for t in self.closed] + [(r.opened_ns, 0) for r in self._open.values()]

    def _close(self, key: tuple[str, int, int], position: Position, ts_ns: int, order: str, reason: str) -> None:
        running = self._open.pop(key)
        self._net[key] = position.net_u6
        net = position.net_u6 - running.net_u6
        self.closed.append(
            Trade(*key, running.entry, order, reason, running.opened_ns, ts_ns, running.shares_u6, running.fees_u6, net)
        )
