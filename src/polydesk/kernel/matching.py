"""Own resting orders: queue position, fills by prints and by trade-through.

A resting order stands behind everything shown when it arrived. Prints move it forward; whether a level that shrinks
does is the queue model's matter. It is filled by prints that reach it, or by the depth of the recorded book that
crosses it, each unit once; never by a size that changes.
"""

from numba import int64

from polydesk.kernel.jit import kernel
from polydesk.kernel.queue import explain_print
from polydesk.kernel.state import (
    BOOKS,
    FILLS,
    OWN,
    SLOTS,
    Books,
    Fact,
    FillCause,
    Fills,
    Level,
    Own,
    QueueFact,
    QueueModel,
)
from polydesk.kernel.taking import add_fill, available
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_MOVED, _PESSIMISTIC = int(Fact.MOVED), int(QueueModel.PESSIMISTIC)
_SIZE, _TAKEN, _SHOWN = int(Level.SIZE), int(Level.TAKEN), int(QueueFact.SHOWN)
_PRINT, _THROUGH = int(FillCause.PRINT), int(FillCause.TRADE_THROUGH)


@kernel(int64(BOOKS, OWN, int64, int64, int64, int64, int64))
def place(books: Books, own: Own, market: int, side: int, price: int, size: int, handle: int) -> int:
    """Rest an order behind everything its level shows.

    Args:
        books: State.
        own: State.
        market: Index.
        side: 1 bid, -1 ask, in book space.
        price: Book price, grid, 1 to 9 999.
        size: Micro-shares, positive.
        handle: The caller's name of the order, not 0.

    Returns:
        The slot, or -1 when the market's slots are full.

    Raises:
        InvariantBroken: Market, side, price, size or handle is outside its range.
    """
    if market < 0 or market >= own.open.shape[0] or price <= 0 or price >= _ONE or side not in (1, -1):
        raise InvariantBroken("place: market, side or price is outside its range; check the intent before placing")
    if size <= 0 or handle == 0:
        raise InvariantBroken("place: size must be positive and handle not 0")
    slot: int = own.open[market]
    if slot >= SLOTS:
        return -1
    own.price[market, slot] = price
    own.side[market, slot] = side
    own.left[market, slot] = size
    own.ahead[market, slot] = books.level[market, 0 if side > 0 else 1, price, _SIZE]
    for fact in range(own.queue.shape[2]):
        own.queue[market, slot, fact] = 0
    own.queue[market, slot, _SHOWN] = own.ahead[market, slot]
    own.handle[market, slot] = handle
    own.open[market] = slot + 1
    books.last[market, _MOVED] = 1
    return slot


@kernel(int64(BOOKS, OWN, int64))
def is_watching(books: Books, own: Own, market: int) -> int:
    """Return 1 when own orders need a look at the end of each message, and not only when the touch has moved.

    That is so while a queue model follows their levels, or while one of them crosses the touch: what we took there may
    come back.
    """
    if own.open[market] == 0:
        return 0
    if own.rule[0] != _PESSIMISTIC:
        return 1
    bid, ask = books.touch[market, 0], books.touch[market, 1]
    for slot in range(own.open[market]):
        price = own.price[market, slot]
        if price >= ask if own.side[market, slot] > 0 else price <= bid:
            return 1
    return 0


@kernel(int64(OWN, int64))
def drop_filled(own: Own, market: int) -> int:
    """Free the slots with nothing left, keep the others in order of arrival, and return how many remain."""
    kept = 0
    for slot in range(own.open[market]):
        if own.left[market, slot] > 0:
            own.price[market, kept] = own.price[market, slot]
            own.side[market, kept] = own.side[market, slot]
            own.left[market, kept] = own.left[market, slot]
            own.ahead[market, kept] = own.ahead[market, slot]
            own.handle[market, kept] = own.handle[market, slot]
            for fact in range(own.queue.shape[2]):
                own.queue[market, kept, fact] = own.queue[market, slot, fact]
            kept += 1
    for slot in range(kept, own.open[market]):
        own.handle[market, slot] = 0
        own.left[market, slot] = 0
    own.open[market] = kept
    return kept


@kernel(int64(OWN, int64, int64))
def cancel(own: Own, market: int, handle: int) -> int:
    """Remove an order and return what was left of it, or -1 when the market has no such order."""
    for slot in range(own.open[market]):
        if own.handle[market, slot] == handle:
            left: int = own.left[market, slot]
            own.left[market, slot] = 0
            drop_filled(own, market)
            return left
    return -1


@kernel(int64(OWN, int64, int64, int64, int64))
def _after(own: Own, market: int, side: int, slot: int, limit: int) -> int:
    # The order that trades next on `side` after the one in `slot` (-1: the first): better price, then earlier arrival,
    # none beyond `limit`; -1 when there is no other. Prices are compared as `price * side`, larger is better.
    ceiling = _ONE * 2 if slot < 0 else own.price[market, slot] * side
    found = -1
    best = limit * side - 1
    for other in range(own.open[market]):
        if own.side[market, other] != side:
            continue
        rank = own.price[market, other] * side
        if rank > best and (rank < ceiling or (rank == ceiling and other > slot)):
            found = other
            best = rank
    return found


@kernel(int64(OWN, FILLS, int64, int64, int64, int64, int64))
def _print_side(own: Own, fills: Fills, market: int, side: int, price: int, size: int, seq: int) -> int:
    # Returns what the print leaves. `passed` is the queue of others this print has eaten at its own price: orders of
    # ours at that price share one queue, so each unit of it counts once.
    passed = 0
    whole = size
    slot = _after(own, market, side, -1, price)
    while slot >= 0:
        if own.price[market, slot] == price:
            explain_print(own, market, slot, whole)
            eaten = min(max(own.ahead[market, slot] - passed, 0), size)
            passed += eaten
            size -= eaten
            own.ahead[market, slot] = max(own.ahead[market, slot] - passed, 0)
        elif size > 0:
            own.ahead[market, slot] = 0
        share = min(own.left[market, slot], size)
        if share > 0:
            add_fill(fills, own.handle[market, slot], market, own.price[market, slot], share, _PRINT, seq, side, 0)
            own.left[market, slot] -= share
            size -= share
        slot = _after(own, market, side, slot, price)
    return size


@kernel(int64(OWN, FILLS, int64, int64))
def _settle(own: Own, fills: Fills, market: int, before: int) -> int:
    filled = 0
    for index in range(before, fills.n[0]):
        filled += fills.rows[index, 3]
    if filled > 0:
        drop_filled(own, market)
    return filled


@kernel(int64(OWN, FILLS, int64, int64, int64, int64, int64))
def match_print(own: Own, fills: Fills, market: int, side: int, price: int, size: int, seq: int) -> int:
    """Match a print against own orders: those at a better price first, then the queue at its price.

    Args:
        own: State.
        fills: Receives the fills, at the orders' own prices.
        market: Index.
        side: The taker's in book space; 0 (unknown) may reach both sides, bids first, each unit once.
        price: Book price of the print.
        size: Micro-shares printed.
        seq: Row number for the fills.

    Returns:
        Micro-shares filled.
    """
    before = fills.n[0]
    if side <= 0:
        size = _print_side(own, fills, market, 1, price, size, seq)
    if side >= 0:
        _print_side(own, fills, market, -1, price, size, seq)
    return _settle(own, fills, market, before)


@kernel(int64(BOOKS, OWN, int64, int64, int64))
def _cross(books: Books, own: Own, market: int, slot: int, side: int) -> int:
    # Consumes the opposite levels up to the order's price and returns the size they had.
    half = 1 if side > 0 else 0
    size: int = own.left[market, slot]
    left = size
    limit = own.price[market, slot]
    price = int(books.touch[market, half])
    while left > 0 and 0 < price < _ONE and (limit - price) * side >= 0:
        share = min(available(books, market, half, price), left)
        books.level[market, half, price, _TAKEN] += share
        left -= share
        price += side
    return size - left


@kernel(int64(BOOKS, OWN, FILLS, int64, int64))
def trade_through(books: Books, own: Own, fills: Fills, market: int, seq: int) -> int:
    """Fill own orders from the depth that crossed them, each unit once; call it when a message is complete.

    Nothing fills while the recorded book itself is crossed or locked: then one of its sides is out of date.

    Returns:
        Micro-shares filled, at the orders' own prices.
    """
    bid = int(books.touch[market, 0])
    ask = int(books.touch[market, 1])
    if bid >= ask:
        return 0
    before = fills.n[0]
    for side in (1, -1):
        reach = ask if side > 0 else bid
        if reach == (_ONE if side > 0 else 0):
            continue
        slot = _after(own, market, side, -1, reach)
        while slot >= 0:
            share = _cross(books, own, market, slot, side)
            if share > 0:
                # The recorded queue at this price is gone, otherwise the book would be crossed.
                own.ahead[market, slot] = 0
                add_fill(
                    fills, own.handle[market, slot], market, own.price[market, slot], share, _THROUGH, seq, side, 0
                )
                own.left[market, slot] -= share
            slot = _after(own, market, side, slot, reach)
    return _settle(own, fills, market, before)
