"""Looking at the books at given rows of a tape, many looks in one pass."""

from enum import IntEnum

import numpy as np
from numba import int64, types, void

from polydesk.kernel.advance import advance_rows
from polydesk.kernel.bits import next_level
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, FILLS, OWN, ROWS, WAKE, Books, Fills, Level, Own, Wake
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4, SHARE_U6

_ONE = PRICE_ONE_G4
_SIZE = int(Level.SIZE)
_FAR = FAR_NS
_SHARE = SHARE_U6

_LOOKS = types.Array(types.int64, 2, "C")
_SEEN = types.Array(types.float64, 2, "C")
_FIRST = types.Array(types.int64, 1, "C")


class Look(IntEnum):
    """What is looked at; the third column of a look, with its arguments ``a`` and ``b`` in the next two."""

    TOUCH = 0
    """Best bid and best ask of token 0 on the grid."""
    CROSSING = 1
    """Micro-shares on the other side that reach an order of side ``a`` at book price ``b``; 0 in a crossed book."""
    SHOWN = 2
    """Micro-shares shown where an order of side ``a`` takes at book price ``b``."""
    REWARD = 3
    """Reward scores of bids and asks in shares, doubled adjusted midpoint; ``a`` smallest size, ``b`` widest spread."""


_TOUCH, _CROSSING, _SHOWN = int(Look.TOUCH), int(Look.CROSSING), int(Look.SHOWN)


@kernel(int64(BOOKS, int64, int64, int64, int64))
def _reaching(books: Books, market: int, side: int, price: int, best: int) -> int:
    half = 1 if side > 0 else 0
    total = 0
    while 0 < best < _ONE and (price - best) * side >= 0:
        total += books.level[market, half, best, _SIZE]
        best = next_level(books, market, half, best + side)
    return total


@kernel(int64(BOOKS, int64, int64, int64))
def _qualifying(books: Books, market: int, half: int, least: int) -> int:
    # Best price of a side whose level shows at least `least`; the empty price of the side when there is none.
    step = 1 if half else -1
    price = int(books.touch[market, half])
    while 0 < price < _ONE and books.level[market, half, price, _SIZE] < least:
        price = next_level(books, market, half, price + step)
    return price


@kernel(void(BOOKS, int64, int64, int64, _SEEN, int64))
def _reward(books: Books, market: int, least: int, spread: int, seen: np.ndarray, at: int) -> None:
    bid = _qualifying(books, market, 0, least)
    ask = _qualifying(books, market, 1, least)
    if bid <= 0 or ask >= _ONE or bid >= ask:
        return
    middle = bid + ask
    for half in range(2):
        step = 1 if half else -1
        price = ask if half else bid
        total = 0.0
        while 0 < price < _ONE and abs(2 * price - middle) < 2 * spread:
            size = books.level[market, half, price, _SIZE]
            if size >= least:
                near = (2 * spread - abs(2 * price - middle)) / (2.0 * spread)
                total += near * near * size
            price = next_level(books, market, half, price + step)
        seen[at, half] = total / _SHARE
    seen[at, 2] = middle


@kernel(int64(BOOKS, OWN, FILLS, WAKE, ROWS, _LOOKS, _SEEN, _FIRST))
def look_along(
    books: Books, own: Own, fills: Fills, wake: Wake, rows: np.ndarray, looks: np.ndarray, seen: np.ndarray,
    first: np.ndarray,
) -> int:  # fmt: skip
    """Apply all rows and look where asked.

    Args:
        books: State.
        own: Without orders.
        fills: Stays empty.
        wake: Every market asleep.
        rows: ``ROW_DTYPE``.
        looks: Rows applied before the look, market, ``Look``, ``a``, ``b``; in order of the first; (K, 5).
        seen: Receives up to three numbers per look; untouched where there is nothing to see; (K, 3).
        first: Time of each market's first row, 0 before it; (M,).

    Returns:
        Rows applied, or ``-1 - index`` for a row that names a market outside the books.
    """
    for index in range(rows.shape[0]):
        market = int(rows[index]["market"])
        if 0 <= market < first.shape[0] and first[market] == 0:
            first[market] = rows[index]["ts_ns"]
    done = 0
    for at in range(looks.shape[0]):
        if looks[at, 0] > done:
            done = advance_rows(books, own, fills, wake, rows, done, looks[at, 0], _FAR)
            if done < 0:
                return done
        market, kind = looks[at, 1], looks[at, 2]
        bid, ask = int(books.touch[market, 0]), int(books.touch[market, 1])
        if kind == _TOUCH:
            seen[at, 0] = bid
            seen[at, 1] = ask
        elif kind == _CROSSING:
            best = ask if looks[at, 3] > 0 else bid
            seen[at, 0] = _reaching(books, market, looks[at, 3], looks[at, 4], best) if bid < ask else 0
        elif kind == _SHOWN:
            seen[at, 0] = books.level[market, 1 if looks[at, 3] > 0 else 0, looks[at, 4], _SIZE]
        else:
            _reward(books, market, looks[at, 3], looks[at, 4], seen, at)
    return advance_rows(books, own, fills, wake, rows, done, rows.shape[0], _FAR)
