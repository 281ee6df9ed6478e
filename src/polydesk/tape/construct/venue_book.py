"""The venue's side of a constructed market: one book, told as frames of both tokens with their best prices."""

from collections.abc import Iterable
from typing import NamedTuple

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.rows import NO_WITNESS, RowFlag, RowKind

BID, ASK = 1, -1
Level = tuple[int, int, int]
"""Side, price and new absolute size of a level, in the price of token 0."""

_LAST, _FIRST, _EMPTY = int(RowFlag.LAST), int(RowFlag.FIRST), int(RowFlag.EMPTY)
_ONE = PRICE_ONE_G4


class Row(NamedTuple):
    """One row without its times and its market."""

    size_u6: int
    price_g4: int
    bid_g4: int
    ask_g4: int
    aux: int
    kind: int
    side: int
    token: int
    flags: int


class Message(NamedTuple):
    """One message of the venue, as a recorder takes it.

    Attributes:
        at_ns: The venue's time.
        recv_ns: The recorder's time.
        market: Index; -1 for the whole source.
        rows: At least one; the last carries ``RowFlag.LAST``.
    """

    at_ns: int
    recv_ns: int
    market: int
    rows: tuple[Row, ...]


class VenueBook:
    """The levels of one market in the price of token 0, as ``{price_g4: size_u6}`` per side."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    @property
    def bid(self) -> int:
        """Best bid; 0 when there is none."""
        return max(self.bids, default=0)

    @property
    def ask(self) -> int:
        """Best ask; 10 000 when there is none."""
        return min(self.asks, default=_ONE)

    def put(self, level: Level) -> None:
        """Set one level; size 0 removes it."""
        side, price, size = level
        levels = self.bids if side == BID else self.asks
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)

    def change(self, levels: Iterable[Level]) -> tuple[Row, ...]:
        """Apply level changes and tell them: each as a row of token 0 and its mirror of token 1."""
        rows: list[Row] = []
        kind = int(RowKind.CHANGE)
        for side, price, size in levels:
            self.put((side, price, size))
            bid, ask = self.bid, self.ask
            rows.append(Row(size, price, bid, ask, 0, kind, side, 0, 0))
            rows.append(Row(size, _ONE - price, _ONE - ask, _ONE - bid, 0, kind, -side, 1, 0))
        return ended(rows)

    def snapshot(self, token: int) -> tuple[Row, ...]:
        """Tell the whole book of one token, bids first, best first."""
        kind = int(RowKind.SNAPSHOT)
        sides = [(BID, price, self.bids[price]) for price in sorted(self.bids, reverse=True)]
        sides += [(ASK, price, self.asks[price]) for price in sorted(self.asks)]
        if not sides:
            return (Row(0, 0, NO_WITNESS, NO_WITNESS, 0, kind, 0, token, _FIRST | _EMPTY | _LAST),)
        if token == 1:
            sides = [(-side, _ONE - price, size) for side, price, size in sides]
            sides.sort(key=lambda level: (-level[0], -level[0] * level[1]))
        rows = [Row(size, price, NO_WITNESS, NO_WITNESS, 0, kind, side, token, 0) for side, price, size in sides]
        rows[0] = rows[0]._replace(flags=_FIRST)
        return ended(rows)


def printed(side: int, price_g4: int, size_u6: int, token: int) -> tuple[Row, ...]:
    """Tell a trade at a price of the one book, by a taker who used ``token``: buying one is selling the other."""
    if token == 1:
        side, price_g4 = -side, _ONE - price_g4
    return ended([Row(size_u6, price_g4, NO_WITNESS, NO_WITNESS, 0, int(RowKind.PRINT), side, token, 0)])


def ticked(tick_g4: int) -> tuple[Row, ...]:
    """Tell a new tick size."""
    return ended([Row(0, 0, NO_WITNESS, NO_WITNESS, tick_g4, int(RowKind.TICK), 0, 0, 0)])


def ended(rows: list[Row]) -> tuple[Row, ...]:
    """Return rows as one whole message."""
    rows[-1] = rows[-1]._replace(flags=rows[-1].flags | _LAST)
    return tuple(rows)
