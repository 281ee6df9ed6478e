"""The kernel's state: named arrays, the names of their columns, and their compiled types.

Everything is in *book space*: the price of token 0, bids in index 0, asks in index 1. Token 1 is the same book seen
from the other side, because the venue matches both tokens in one book.
"""

from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from polydesk.kernel.arrays import Arrays, array
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.rows import ROW_DTYPE

LEVELS = PRICE_ONE_G4 + 1
BITS = 5
MASK = (1 << BITS) - 1
"""32 prices in each word of ``Books.filled``: no sign to look out for."""
SLOTS = 64
"""Own resting orders per market."""
FILL_ROOM = LEVELS + 2 * SLOTS
"""Most fills that one order or one message can make: a level of the book each, and our own orders."""

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]


class Fact(IntEnum):
    """Columns of ``Books.last``."""

    SEQ = 0
    OTHER_NS = 1
    """Virtual time of the last row that is no level; see ``last_row_ns``."""
    CLEARED_NS = 2
    """Venue time of the newest snapshot: nothing older may write any level."""
    PRINT_PRICE = 3
    """0 before the first print."""
    PRINT_TS_NS = 4
    PRINT_SIZE = 5
    TICK = 6
    EPOCH = 7
    BOOK_NS = 8
    """Virtual time of the last row that spoke of the book (level or witness); 0 before it and once the source went."""
    MOVED = 9
    """1 while the end of a message must look: the touch differs from the market's last wake, the book is crossed, or
    own orders may fill or move in their queue."""


class Count(IntEnum):
    """Columns of ``Books.count``."""

    LATE = 0
    """Level rows skipped because the level had been written by newer venue time."""
    MIRROR_SAME = 1
    """Level rows that repeat what the other token's frame of the same venue time said."""
    MIRROR_DIFFERENT = 2
    CROSSED = 3
    """Messages that left the book crossed or locked."""
    INVALID = 4
    """Rows without a usable price, size, side or token; they change nothing."""
    WITNESS_SAME = 5
    """Witness rows that agree with the book's touch."""
    WITNESS_DIFFERENT = 6
    PRINTS = 7
    SNAPSHOTS = 8


class FillCause(IntEnum):
    """Column 4 of ``Fills.rows``: the rule that made the fill."""

    PRINT = 1
    TRADE_THROUGH = 2
    BOOK = 3
    """We took from the recorded book."""
    COMPLEMENTARY = 4
    """Two orders of ours met, a buy and a sell of one token: the shares changed hands."""
    MINT = 5
    """Two buys of ours met, one of each token: a full set was made of their cash."""
    MERGE = 6
    """Two sells of ours met, one of each token: a full set was turned into cash."""


class QueueModel(IntEnum):
    """What a shrinking level means for the queue before our order there; prints advance it under every model."""

    PESSIMISTIC = 0
    """Nothing: whoever cancelled stood behind us."""
    PROPORTIONAL = 1
    """Whoever cancelled stood anywhere, each share as likely."""
    PROBABILITY = 2
    """The share that stood before us is ``f(front) / (f(front) + f(back))`` with ``f(x) = x ** power``."""


class QueueFact(IntEnum):
    """Columns of ``Own.queue``, micro-shares."""

    SHOWN = 0
    """What the level showed when the queue was last looked at."""
    PRINTED = 1
    """Prints at the level that no decrease has been set against yet."""
    LOST = 2
    """Decreases of the level that no print has been set against yet: cancels, as far as is known."""
    LOST_AHEAD = 3
    """How much of that the model took from the queue before us."""


class WakeBit(IntFlag):
    """Why the desk is woken; also what a market's mask asks for."""

    TOUCH = 1
    """Best bid or best ask differs from the market's last wake."""
    MID = 2
    """Bid + ask moved by at least ``Wake.step`` since the market's last wake."""
    PRINT = 4
    OWN = 8
    """An own order was filled; needs no mask."""
    TIMER = 16
    """Left to the caller: the horizon given to ``advance``."""
    REFERENCE = 32
    """A reference price or a news item."""
    STATUS = 64
    TICK = 128


class Level(IntEnum):
    """Columns of ``Books.level``: what is known of one price of one side, together in half a cache line."""

    SIZE = 0
    """Micro-shares."""
    STAMP = 1
    """Venue time of the last write, ns (``ts_ns`` where the venue time is 0)."""
    TAKEN = 2
    """What our own takes and trade-throughs consumed of the level since it was last restated."""
    WRITER = 3
    """Token whose row wrote the level + 1, 0 before the first: memory that nobody wrote costs nothing."""


class Books(Arrays):
    """Mirrored order books of M markets.

    Attributes:
        level: Per market, side and price the columns ``Level``, (M, 2, 10 001, 4).
        filled: One bit for each level that holds anything, 32 prices in each word, (M, 2, 313).
        touch: Best bid (0 for none) and best ask (10 000 for none), (M, 2).
        last: Facts per market, columns ``Fact``.
        count: Counters per market, columns ``Count``.
    """

    level: I64 = array(np.int64, None, 2, LEVELS, len(Level))
    filled: I64 = array(np.int64, None, 2, (LEVELS >> BITS) + 1)
    touch: I32 = array(np.int32, None, 2)
    last: I64 = array(np.int64, None, len(Fact))
    count: I64 = array(np.int64, None, len(Count))

    @property
    def size(self) -> I64:
        """A view of the micro-shares per level, (M, 2, 10 001)."""
        return self.level[..., Level.SIZE]

    @property
    def stamp(self) -> I64:
        """A view of the venue times of the last writes, ns."""
        return self.level[..., Level.STAMP]

    @property
    def taken(self) -> I64:
        """A view of what our own takes consumed, micro-shares."""
        return self.level[..., Level.TAKEN]


class Own(Arrays):
    """Own resting orders, per market in order of arrival.

    Attributes:
        price: Book price, (M, 64).
        side: 1 bid, -1 ask.
        left: Micro-shares still open.
        ahead: Micro-shares queued before us.
        handle: The caller's name of the order; 0 is a free slot.
        open: Slots in use, (M,).
        queue: What the queue models remember of each order's level, columns ``QueueFact``, (M, 64, 4).
        rule: ``QueueModel`` and the power of the probability model, (2,).
    """

    price: I32 = array(np.int32, None, SLOTS)
    side: I8 = array(np.int8, None, SLOTS)
    left: I64 = array(np.int64, None, SLOTS)
    ahead: I64 = array(np.int64, None, SLOTS)
    handle: I64 = array(np.int64, None, SLOTS)
    open: I32 = array(np.int32, None)
    queue: I64 = array(np.int64, None, SLOTS, len(QueueFact))
    rule: I64 = array(np.int64, 2)


class Fills(Arrays):
    """Fills since the caller last set ``n[0]`` to 0.

    Attributes:
        rows: Handle, market, book price, size, ``FillCause``, row seq, our side in book space, 1 when we took; (F, 8).
        n: Rows in use, (1,).
    """

    rows: I64 = array(np.int64, None, 8)
    n: I64 = array(np.int64, 1)


class Wake(Arrays):
    """When ``advance`` returns to Python.

    Attributes:
        mask: ``WakeBit`` per market; 0 sleeps.
        step: Smallest move of bid + ask that counts for ``WakeBit.MID``, in grid units.
        seen: Touch at the market's last wake, (M, 2).
        out: Market woken (-1: none, or every market), reason bits (0: nothing happened), index of the last row applied
            (-1: none).
    """

    mask: I32 = array(np.int32, None)
    step: I32 = array(np.int32, None)
    seen: I32 = array(np.int32, None, 2)
    out: I64 = array(np.int64, 3)


def new_books(markets: int, tick_g4: NDArray[Any]) -> Books:
    """Return empty books.

    Args:
        markets: Number of markets, at least 1.
        tick_g4: Tick size of each market on the price grid, shape (markets,).
    """
    books = Books(
        level=np.zeros((markets, 2, LEVELS, len(Level)), np.int64),
        filled=np.zeros((markets, 2, (LEVELS >> BITS) + 1), np.int64),
        touch=np.zeros((markets, 2), np.int32),
        last=np.zeros((markets, len(Fact)), np.int64),
        count=np.zeros((markets, len(Count)), np.int64),
    )
    books.touch[:, 1] = PRICE_ONE_G4
    books.last[:, Fact.TICK] = tick_g4
    return books


def new_own(markets: int, queue: QueueModel = QueueModel.PESSIMISTIC, power: int = 1) -> Own:
    """Return empty slots for own orders, with the rule by which their queues move."""
    shape = (markets, SLOTS)
    return Own(
        price=np.zeros(shape, np.int32),
        side=np.zeros(shape, np.int8),
        left=np.zeros(shape, np.int64),
        ahead=np.zeros(shape, np.int64),
        handle=np.zeros(shape, np.int64),
        open=np.zeros(markets, np.int32),
        queue=np.zeros((*shape, len(QueueFact)), np.int64),
        rule=np.array([queue, power], np.int64),
    )


def new_fills(capacity: int = FILL_ROOM) -> Fills:
    """Return an empty fill buffer of ``capacity`` rows."""
    return Fills(np.zeros((capacity, 8), np.int64), np.zeros(1, np.int64))


def new_wake(markets: int) -> Wake:
    """Return a wake table in which every market sleeps and has seen an empty book."""
    seen = np.zeros((markets, 2), np.int32)
    seen[:, 1] = PRICE_ONE_G4
    out = np.array([-1, 0, -1], np.int64)
    return Wake(np.zeros(markets, np.int32), np.ones(markets, np.int32), seen, out)


def _array(scalar: Any, ndim: int) -> Any:
    return types.Array(scalar, ndim, "C")


LONG2, LONG1 = (_array(types.int64, ndim) for ndim in (2, 1))
INT1 = _array(types.int32, 1)

BOOKS, OWN, FILLS, WAKE = (kind.numba_type for kind in (Books, Own, Fills, Wake))
ROWS = types.Array(from_dtype(ROW_DTYPE), 1, "C", readonly=True)
"""Read-only: rows may live in a memory map or an Arrow buffer."""
