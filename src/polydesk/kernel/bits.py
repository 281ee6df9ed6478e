"""Which levels of a book hold anything, one bit each: the next one is found by words, not price by price."""

from typing import Any

import numba
from llvmlite import ir
from numba import int64, types, void
from numba.extending import intrinsic

from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BITS, BOOKS, MASK, Books
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_HIGH = 63


def _counter(name: str) -> Any:
    """Return a compiled function that counts the zeros at one end of a word, which must not be 0."""

    @intrinsic  # type: ignore[untyped-decorator]  # numba is not typed
    def count(_context: Any, _word: Any) -> Any:
        def build(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
            return getattr(builder, name)(args[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.int64), build

    return count


if numba.config.DISABLE_JIT:

    def _trailing(word: int) -> int:
        return (int(word) & -int(word)).bit_length() - 1

    def _leading(word: int) -> int:
        return _HIGH + 1 - int(word).bit_length()
else:
    _trailing, _leading = _counter("cttz"), _counter("ctlz")


@kernel(int64(BOOKS, int64, int64, int64))
def next_above(books: Books, market: int, half: int, price: int) -> int:
    """Return the lowest level at or above ``price`` that holds anything; 10 000 when there is none."""
    if price >= _ONE:
        return _ONE
    words = books.filled.shape[2]
    at = price >> BITS
    word = books.filled[market, half, at] & ~((1 << (price & MASK)) - 1)
    while word == 0:
        at += 1
        if at >= words:
            return _ONE
        word = books.filled[market, half, at]
    return int((at << BITS) + _trailing(word))


@kernel(int64(BOOKS, int64, int64, int64))
def next_below(books: Books, market: int, half: int, price: int) -> int:
    """Return the highest level at or below ``price`` that holds anything; 0 when there is none."""
    if price <= 0:
        return 0
    at = price >> BITS
    word = books.filled[market, half, at] & ((2 << (price & MASK)) - 1)
    while word == 0:
        at -= 1
        if at < 0:
            return 0
        word = books.filled[market, half, at]
    return int((at << BITS) + _HIGH - _leading(word))


@kernel(void(BOOKS, int64, int64, int64, int64))
def flip(books: Books, market: int, half: int, price: int, changed: int) -> None:
    """Note that a level came or went; ``changed`` 0 leaves it. No branch: which of them is a coin flip to the CPU."""
    books.filled[market, half, price >> BITS] ^= changed << (price & MASK)


@kernel(int64(BOOKS, int64, int64, int64))
def next_level(books: Books, market: int, half: int, price: int) -> int:
    """Return the next level of a side at ``price`` or beyond, away from the touch; 0 or 10 000 when there is none."""
    return next_above(books, market, half, price) if half else next_below(books, market, half, price)
