"""Reading the books from Python: touch and levels in the price of one token."""

import numpy as np
from numba import int64

from polydesk.kernel.bits import next_level
from polydesk.kernel.jit import entry, kernel
from polydesk.kernel.state import BOOKS, I32, I64, INT1, LONG1, Books, Fact, Level
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_SIZE = int(Level.SIZE)


def touch(books: Books, market: int, token: int) -> tuple[int, int]:
    """Return best bid and best ask in the price of ``token``; 0 and 10 000 when the side is empty."""
    bid: int = books.touch.item(market, 0)
    ask: int = books.touch.item(market, 1)
    return (bid, ask) if token == 0 else (_ONE - ask, _ONE - bid)


def last_row_ns(books: Books) -> I64:
    """Return the virtual time of each market's last row, (M,); 0 before it.

    The kernel notes it in one of two columns, so that a level row stores it once.
    """
    found: I64 = np.maximum(books.last[:, Fact.BOOK_NS], books.last[:, Fact.OTHER_NS])
    return found


def levels(books: Books, market: int, token: int, side: int, n: int) -> tuple[I32, I64]:
    """Return up to ``n`` levels, best first, as the recorded book shows them.

    Args:
        books: State.
        market: Index.
        token: 0 or 1; whose prices to use.
        side: 1 bids, -1 asks, of that token.
        n: Most levels to return.

    Returns:
        Prices on the grid and sizes in micro-shares, both of shape (k,) with k <= n.
    """
    prices = np.empty(n, np.int32)
    sizes = np.empty(n, np.int64)
    half = (1 if side < 0 else 0) ^ token
    found = _copy(books, market, half, prices, sizes)
    if token == 1:
        np.subtract(_ONE, prices, out=prices)
    return prices[:found], sizes[:found]


@kernel(int64(BOOKS, int64, int64, INT1, LONG1))
def _copy_levels(books: Books, market: int, half: int, prices: I32, sizes: I64) -> int:
    step = 1 if half else -1
    price = next_level(books, market, half, int(books.touch[market, half]))
    found = 0
    while found < prices.shape[0] and 0 < price < _ONE:
        prices[found] = price
        sizes[found] = books.level[market, half, price, _SIZE]
        found += 1
        price = next_level(books, market, half, price + step)
    return found


_copy = entry(_copy_levels)
