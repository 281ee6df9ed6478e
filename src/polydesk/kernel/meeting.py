"""Taking with our own resting orders in the book: what an order reaches, and the walk through both.

The recorded queue comes first at each price. The venue keeps one book for both tokens, so two orders of ours meet as a
trade of one token, as two buys whose cash makes a full set, or as two sells of one.

Source: venue documentation, matching (complementary, mint, merge); makers get their own price, the improvement is the
taker's.
"""

from numba import int64, void
from numba.types import UniTuple

from polydesk.kernel.exact import cost
from polydesk.kernel.jit import kernel
from polydesk.kernel.matching import drop_filled
from polydesk.kernel.purse import affordable, spends
from polydesk.kernel.state import BOOKS, FILLS, OWN, Books, Fact, FillCause, Fills, Level, Own
from polydesk.kernel.table import find_order
from polydesk.kernel.taking import add_fill, available
from polydesk.kernel.venue_state import VENUE, OrderFact, Venue
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_BOOK, _COMPLEMENTARY = int(FillCause.BOOK), int(FillCause.COMPLEMENTARY)
_MINT, _MERGE = int(FillCause.MINT), int(FillCause.MERGE)
_SEQ, _TAKEN = int(Fact.SEQ), int(Level.TAKEN)
_ORDER, _MARKET, _TOKEN, _SIDE = (
    int(OrderFact.ORDER), int(OrderFact.MARKET), int(OrderFact.TOKEN), int(OrderFact.SIDE),
)  # fmt: skip
_PRICE, _SIZE, _LEFT, _BUDGET = (
    int(OrderFact.PRICE_G4), int(OrderFact.SIZE_U6), int(OrderFact.LEFT_U6), int(OrderFact.BUDGET_U6),
)  # fmt: skip


@kernel(int64(VENUE, int64))
def book_side(venue: Venue, row: int) -> int:
    """Return the side an order takes in the market's one book: buying token 1 is selling token 0."""
    side: int = venue.orders[row, _SIDE]
    return side if venue.orders[row, _TOKEN] == 0 else -side


@kernel(int64(VENUE, int64))
def book_limit(venue: Venue, row: int) -> int:
    """Return an order's limit in the price of token 0."""
    price: int = venue.orders[row, _PRICE]
    return price if venue.orders[row, _TOKEN] == 0 else _ONE - price


@kernel(int64(BOOKS, OWN, int64, int64), inline=False)
def best_opposite(books: Books, own: Own, market: int, side: int) -> int:
    """Return the best book price an order on ``side`` could trade at; 10 000 for a buy, 0 for a sell without any."""
    half = 1 if side > 0 else 0
    price = int(books.touch[market, half])
    while 0 < price < _ONE and available(books, market, half, price) == 0:
        price += side
    price = min(max(price, 0), _ONE)
    for slot in range(own.open[market]):
        if own.side[market, slot] == -side and (price - own.price[market, slot]) * side > 0:
            price = int(own.price[market, slot])
    return price


@kernel(int64(VENUE, BOOKS, OWN, int64), inline=False)
def crosses(venue: Venue, books: Books, own: Own, row: int) -> int:
    """Return 1 when an order would trade at once."""
    side = book_side(venue, row)
    best = best_opposite(books, own, venue.orders[row, _MARKET], side)
    return 1 if 0 < best < _ONE and (book_limit(venue, row) - best) * side >= 0 else 0


@kernel(int64(VENUE, int64, int64, int64, int64))
def _wanted(venue: Venue, row: int, price: int, left: int, budget: int) -> int:
    # Micro-shares an order still takes at a book price: what is left of it, or what its budget buys there.
    if not spends(venue, row):
        return left
    return affordable(budget, price if venue.orders[row, _TOKEN] == 0 else _ONE - price)


@kernel(int64(VENUE, int64, int64, int64))
def _paid(venue: Venue, row: int, price: int, size: int) -> int:
    return cost(price if venue.orders[row, _TOKEN] == 0 else _ONE - price, size)


@kernel(int64(VENUE, BOOKS, OWN, int64), inline=False)
def fills_whole(venue: Venue, books: Books, own: Own, row: int) -> int:
    """Return 1 when everything within an order's limit is enough to fill it, or to spend what it may."""
    side, limit, market = book_side(venue, row), book_limit(venue, row), venue.orders[row, _MARKET]
    half = 1 if side > 0 else 0
    left, budget = int(venue.orders[row, _LEFT]), cost(venue.orders[row, _PRICE], venue.orders[row, _SIZE])
    price = best_opposite(books, own, market, side)
    while 0 < price < _ONE and (limit - price) * side >= 0:
        reach = available(books, market, half, price)
        for slot in range(own.open[market]):
            if own.side[market, slot] == -side and own.price[market, slot] == price:
                reach += own.left[market, slot]
        wanted = _wanted(venue, row, price, left, budget)
        if reach >= wanted:
            return 1
        left -= reach
        budget -= _paid(venue, row, price, reach)
        price += side
    return 0


@kernel(int64(VENUE, int64, int64), inline=False)
def _kind(venue: Venue, row: int, maker: int) -> int:
    if venue.orders[row, _TOKEN] == venue.orders[find_order(venue, maker), _TOKEN]:
        return _COMPLEMENTARY
    return _MINT if venue.orders[row, _SIDE] > 0 else _MERGE


@kernel(UniTuple(int64, 2)(VENUE, OWN, FILLS, int64, int64, int64, int64, int64), inline=False)
def _meet(
    venue: Venue, own: Own, fills: Fills, row: int, price: int, left: int, budget: int, seq: int
) -> tuple[int, int]:
    # Fills from our own orders that rest at one price, in order of arrival; returns what is left, and of the budget.
    market, side = venue.orders[row, _MARKET], book_side(venue, row)
    for slot in range(own.open[market]):
        if own.side[market, slot] == -side and own.price[market, slot] == price and own.left[market, slot] > 0:
            share = min(int(own.left[market, slot]), _wanted(venue, row, price, left, budget))
            if share <= 0:
                break
            maker = own.handle[market, slot]
            cause = _kind(venue, row, maker)
            add_fill(fills, venue.orders[row, _ORDER], market, price, share, cause, seq, side, 1)
            add_fill(fills, maker, market, price, share, cause, seq, -side, 0)
            own.left[market, slot] -= share
            left -= share
            budget -= _paid(venue, row, price, share)
    return left, budget


@kernel(void(VENUE, BOOKS, OWN, FILLS, int64), inline=False)
def walk(venue: Venue, books: Books, own: Own, fills: Fills, row: int) -> None:
    """Fill an order from the recorded book and our own resting orders, best price first.

    Args:
        venue: State; of an own match the taker's fill comes right before the maker's.
        books: State; what is taken no longer counts as available.
        own: State; our own resting orders may be filled.
        fills: Receives the fills at the prices of the resting side.
        row: Of the order.

    Raises:
        InvariantBroken: The fill buffer is full.
    """
    order = venue.orders[row]
    market, side, limit = order[_MARKET], book_side(venue, row), book_limit(venue, row)
    half = 1 if side > 0 else 0
    seq = books.last[market, _SEQ]
    left, budget = int(order[_LEFT]), int(order[_BUDGET])
    price = best_opposite(books, own, market, side)
    while 0 < price < _ONE and (limit - price) * side >= 0:
        wanted = _wanted(venue, row, price, left, budget)
        if wanted <= 0:
            break
        share = min(available(books, market, half, price), wanted)
        if share > 0:
            add_fill(fills, order[_ORDER], market, price, share, _BOOK, seq, side, 1)
            books.level[market, half, price, _TAKEN] += share
            left -= share
            budget -= _paid(venue, row, price, share)
        if share < wanted and own.open[market] > 0:
            left, budget = _meet(venue, own, fills, row, price, left, budget, seq)
        price += side
    if own.open[market] > 0:
        drop_filled(own, market)
