"""Taking from the recorded book: what is available, and the walk that consumes it."""

from numba import int64, void
from numba.types import UniTuple

from polydesk.kernel.bits import next_level
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, FILLS, Books, Fact, FillCause, Fills, Level
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_SIZE, _TAKEN = int(Level.SIZE), int(Level.TAKEN)
_SEQ = int(Fact.SEQ)
_BOOK = int(FillCause.BOOK)


@kernel(void(FILLS, int64, int64, int64, int64, int64, int64, int64, int64))
def add_fill(
    fills: Fills, handle: int, market: int, price: int, size: int, cause: int, seq: int, side: int, taker: int
) -> None:
    """Append one fill; ``side`` is ours in book space, ``taker`` 1 when we took.

    Raises:
        InvariantBroken: The buffer is full; the caller did not read it.
    """
    n = fills.n[0]
    if n >= fills.rows.shape[0]:
        raise InvariantBroken("fills buffer is full: read fills.rows and set fills.n[0] = 0 between calls")
    row = fills.rows[n]
    row[0] = handle
    row[1] = market
    row[2] = price
    row[3] = size
    row[4] = cause
    row[5] = seq
    row[6] = side
    row[7] = taker
    fills.n[0] = n + 1


@kernel(int64(BOOKS, int64, int64, int64))
def available(books: Books, market: int, half: int, price: int) -> int:
    """Return what a level shows minus what we took from it, micro-shares; ``half`` 0 bids, 1 asks."""
    free: int = books.level[market, half, price, _SIZE] - books.level[market, half, price, _TAKEN]
    return max(free, 0)


@kernel(UniTuple(int64, 2)(BOOKS, int64, int64, int64))
def depth(books: Books, market: int, side: int, limit: int) -> tuple[int, int]:
    """Return the size a taker could get up to a limit, and its cash.

    Args:
        books: State.
        market: Index.
        side: 1 buys from the asks, -1 sells to the bids.
        limit: Worst book price, grid, inclusive.

    Returns:
        Micro-shares, and micro-pUSD rounded per level against the taker.
    """
    half = 1 if side > 0 else 0
    size = 0
    cash = 0
    price = int(books.touch[market, half])
    while 0 < price < _ONE and (limit - price) * side >= 0:
        share = available(books, market, half, price)
        size += share
        cash += -((-price * share) // _ONE) if side > 0 else (price * share) // _ONE
        price = next_level(books, market, half, price + side)
    return size, cash


@kernel(int64(BOOKS, FILLS, int64, int64, int64, int64, int64))
def take(books: Books, fills: Fills, market: int, side: int, limit: int, size: int, handle: int) -> int:
    """Take up to ``size`` from the recorded book, best price first, one fill per level at the level's price.

    Args:
        books: State; what is taken no longer counts as available.
        fills: Receives the fills, cause ``FillCause.BOOK``, with the seq of the market's last row.
        market: Index.
        side: 1 buys from the asks, -1 sells to the bids.
        limit: Worst book price, grid, inclusive.
        size: Micro-shares wanted.
        handle: The caller's name of the order.

    Returns:
        Micro-shares taken.

    Raises:
        InvariantBroken: The fill buffer is full.
    """
    half = 1 if side > 0 else 0
    left = size
    price = int(books.touch[market, half])
    while left > 0 and 0 < price < _ONE and (limit - price) * side >= 0:
        share = min(available(books, market, half, price), left)
        if share > 0:
            add_fill(fills, handle, market, price, share, _BOOK, books.last[market, _SEQ], side, 1)
            books.level[market, half, price, _TAKEN] += share
            left -= share
        price = next_level(books, market, half, price + side)
    return size - left


@kernel(UniTuple(int64, 2)(BOOKS, int64))
def takeable(books: Books, market: int) -> tuple[int, int]:
    """Return the best bid and ask (book space) that still have something we did not take; 0 and 10 000 for none."""
    bid = int(books.touch[market, 0])
    while bid > 0 and available(books, market, 0, bid) == 0:
        bid = next_level(books, market, 0, bid - 1)
    ask = int(books.touch[market, 1])
    while ask < _ONE and available(books, market, 1, ask) == 0:
        ask = next_level(books, market, 1, ask + 1)
    return bid, ask
