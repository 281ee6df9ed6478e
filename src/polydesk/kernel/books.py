"""The mirrored ladder: one store per update, last writer by venue time wins."""

from numba import int64, void

from polydesk.kernel.bits import flip, next_level
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, Books, Count, Fact, Level
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_SIZE, _STAMP, _TAKEN, _WRITER = int(Level.SIZE), int(Level.STAMP), int(Level.TAKEN), int(Level.WRITER)
_LATE, _INVALID = int(Count.LATE), int(Count.INVALID)
_SAME, _DIFFERENT, _SNAPSHOTS = int(Count.MIRROR_SAME), int(Count.MIRROR_DIFFERENT), int(Count.SNAPSHOTS)
_CLEARED, _TICK, _EPOCH = int(Fact.CLEARED_NS), int(Fact.TICK), int(Fact.EPOCH)
_MOVED = int(Fact.MOVED)


@kernel(void(BOOKS, int64, int64, int64, int64))
def _move_touch(books: Books, market: int, half: int, price: int, new: int) -> None:
    # Precondition: the level holds `new` already. One rarely taken branch: side, size and whether a row restates the
    # touch are coin flips to the CPU. Nothing can be taken from in front of the touch.
    step = 2 * half - 1
    best = int(books.touch[market, half])
    gap = (best - price) * step
    if gap < int(new > 0) or (gap > 0 and new == 0):
        return
    books.last[market, _MOVED] = 1
    books.touch[market, half] = price if gap > 0 else next_level(books, market, half, best)


@kernel(void(BOOKS, int64, int64, int64, int64, int64, int64))
def set_level(books: Books, market: int, token: int, side: int, price: int, new: int, at_ns: int) -> None:
    """Set one level to an absolute size unless a newer row has written it.

    What we took from the level stays taken, up to the new size; a level that was gone comes back whole.

    Args:
        books: State.
        market: Index.
        token: 0 or 1; token 1 is mirrored.
        side: 1 bid, -1 ask, of that token.
        price: Of that token, grid.
        new: Micro-shares.
        at_ns: Venue time.
    """
    if price <= 0 or price >= _ONE or new < 0 or side == 0 or token > 1:
        books.count[market, _INVALID] += 1
        return
    half = (1 if side < 0 else 0) ^ token
    if token == 1:
        price = _ONE - price
    stamp = books.level[market, half, price, _STAMP]
    if at_ns < stamp or at_ns < books.last[market, _CLEARED]:
        books.count[market, _LATE] += 1
        return
    old = books.level[market, half, price, _SIZE]
    if at_ns == stamp and books.level[market, half, price, _WRITER] == 2 - token:
        books.count[market, _SAME if old == new else _DIFFERENT] += 1
    taken = books.level[market, half, price, _TAKEN]
    if taken > 0:
        # A snapshot empties a level just before it restates it: the equal stamp tells that from a level that was gone.
        books.level[market, half, price, _TAKEN] = min(taken, new) if old > 0 or at_ns == stamp else 0
    books.level[market, half, price, _SIZE] = new
    books.level[market, half, price, _STAMP] = at_ns
    books.level[market, half, price, _WRITER] = token + 1
    flip(books, market, half, price, int(old != 0) ^ int(new != 0))
    _move_touch(books, market, half, price, new)


@kernel(void(BOOKS, int64, int64, int64), inline=False)
def clear(books: Books, market: int, token: int, at_ns: int) -> None:
    """Empty every level of both sides that was last written at or before ``at_ns``: a snapshot begins.

    Levels with newer writes stay, and rows older than the snapshot are late from now on.
    """
    books.count[market, _SNAPSHOTS] += 1
    if at_ns < books.last[market, _CLEARED]:
        return
    books.last[market, _CLEARED] = at_ns
    for half in range(2):
        step = -1 if half == 0 else 1
        edge = 0 if half == 0 else _ONE
        best = edge
        price = next_level(books, market, half, int(books.touch[market, half]))
        while price != edge:
            if books.level[market, half, price, _STAMP] <= at_ns:
                books.level[market, half, price, _SIZE] = 0
                books.level[market, half, price, _STAMP] = at_ns
                books.level[market, half, price, _WRITER] = token + 1
                flip(books, market, half, price, 1)
            elif best == edge:
                best = price
            price = next_level(books, market, half, price + step)
        books.touch[market, half] = best
    books.last[market, _MOVED] = 1


@kernel(void(BOOKS, int64, int64))
def set_tick(books: Books, market: int, tick: int) -> None:
    """Start a new tick epoch; ``tick`` on the grid, positive."""
    books.last[market, _TICK] = tick
    books.last[market, _EPOCH] += 1
