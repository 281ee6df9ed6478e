"""What the book looked like when something was decided: the levels of one token after one row of the tape."""

from collections.abc import Iterable

import msgspec
import numpy as np

from polydesk.kernel import Books, advance, levels, new_books, new_fills, new_own, new_wake
from polydesk.tape import Tape

DEPTH = 5
"""Levels shown on each side."""


class Look(msgspec.Struct, frozen=True):
    """Which book to look at: the one of a market's token after row ``seq`` of the tape."""

    seq: int
    market: int
    token: int


class Ladder(msgspec.Struct, frozen=True):
    """A book in the token's own price.

    Attributes:
        seq: Last row applied.
        market: Index.
        token: 0 or 1.
        bids: (price_g4, size_u6), best first.
        asks: Likewise.
    """

    seq: int
    market: int
    token: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]

    def shown_u6(self, side: int, price_g4: int) -> int:
        """Return the shares shown at a price on the bid (1) or ask (-1) side; 0 when it is not among the levels."""
        return dict(self.bids if side > 0 else self.asks).get(price_g4, 0)


def ladders_at(tape: Tape, looks: Iterable[Look]) -> dict[Look, Ladder]:
    """Build the books row by row and copy the ones asked for.

    Raises:
        TapeError: The tape is damaged.
    """
    markets = tape.manifest.markets
    books = new_books(len(markets), np.array([market.tick_g4.value for market in markets], np.int32))
    own, sink, wake = new_own(len(markets)), new_fills(), new_wake(len(markets))
    found = {}
    done = 0
    for look in sorted(set(looks), key=lambda look: look.seq):
        for rows in tape.batches(done, look.seq + 1):
            advance(books, own, sink, wake, rows, 0, len(rows), int(rows[-1]["ts_ns"]) + 1)
        done = max(done, look.seq + 1)
        sides = [_side(books, look, side) for side in (1, -1)]
        found[look] = Ladder(look.seq, look.market, look.token, sides[0], sides[1])
    return found


def _side(books: Books, look: Look, side: int) -> tuple[tuple[int, int], ...]:
    prices, sizes = levels(books, look.market, look.token, side, DEPTH)
    return tuple(zip(prices.tolist(), sizes.tolist(), strict=True))
