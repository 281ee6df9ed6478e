"""The venue's rules: what it refuses, and what it does with an order it has accepted.

Source: venue documentation, orders (types, minimums, ticks, post-only, expiry) and order states.
"""

from numba import int64, void

from polydesk.kernel.answers import tell, tell_cancel_rejected
from polydesk.kernel.exact import cost
from polydesk.kernel.jit import kernel
from polydesk.kernel.matching import cancel, place
from polydesk.kernel.meeting import book_limit, book_side, crosses, fills_whole, walk
from polydesk.kernel.purse import covers, held_by, reserve, spends, venue_fee
from polydesk.kernel.schedule import schedule_new
from polydesk.kernel.state import BOOKS, FILLS, OWN, Books, Fact, Fills, Own
from polydesk.kernel.table import find_order, forget_order, free_row, index_order, is_known, make_known
from polydesk.kernel.trades import book_fills
from polydesk.kernel.venue_state import (
    FINE_U6,
    STATUSES,
    TYPES,
    VENUE,
    Due,
    MarketFact,
    Model,
    News,
    NewsKind,
    OrderFact,
    Venue,
    reject_code,
)
from polydesk.model.grid import LOT_U6, NS_PER_S, PRICE_ONE_G4
from polydesk.model.orders import OrderType
from polydesk.model.reasons import Reject

GTD_MARGIN_NS = 60 * NS_PER_S
"""The venue ends a GTD order this much before its expiration, and refuses one that has less left."""

_MARGIN = GTD_MARGIN_NS
_ONE = PRICE_ONE_G4
_TICK = int(Fact.TICK)
_ACK, _REJECTED, _DONE = int(NewsKind.ACK), int(NewsKind.REJECTED), int(NewsKind.DONE)
_LIVE, _MATCHED, _DELAYED = STATUSES.index("live"), STATUSES.index("matched"), STATUSES.index("delayed")
_GTD, _FOK, _FAK = TYPES.index(OrderType.GTD), TYPES.index(OrderType.FOK), TYPES.index(OrderType.FAK)
_ORDER, _MARKET, _SIDE, _TYPE = (
    int(OrderFact.ORDER), int(OrderFact.MARKET), int(OrderFact.SIDE), int(OrderFact.TYPE),
)  # fmt: skip
_POST_ONLY, _PRICE, _SIZE = int(OrderFact.POST_ONLY), int(OrderFact.PRICE_G4), int(OrderFact.SIZE_U6)
_LEFT, _EXPIRES, _BUDGET = int(OrderFact.LEFT_U6), int(OrderFact.EXPIRES_NS), int(OrderFact.BUDGET_U6)
_MIN_SIZE, _DELAY, _RESOLVED = int(MarketFact.MIN_SIZE_U6), int(MarketFact.TAKER_DELAY_NS), int(MarketFact.RESOLVED)
_MIN_MARKETABLE = int(Model.MIN_MARKETABLE_U6)
_HELD, _EXPIRE, _N_ORDER = int(Due.HELD), int(Due.EXPIRE), int(News.ORDER)
_DUPLICATED, _EXPIRED, _CLOSED = (reject_code(r) for r in (Reject.DUPLICATED, Reject.EXPIRED, Reject.MARKET_CLOSED))
_BREAKS_TICK, _BELOW, _SMALL = (
    reject_code(r) for r in (Reject.BREAKS_TICK, Reject.BELOW_MINIMUM, Reject.MARKETABLE_MINIMUM)
)
_BALANCE, _CROSSES, _NO_FAK, _NO_FOK = (
    reject_code(r)
    for r in (Reject.NOT_ENOUGH_BALANCE, Reject.POST_ONLY_CROSSES, Reject.FAK_NOT_FILLED, Reject.FOK_NOT_FILLED)
)
_KILLED, _TOO_MANY, _CANCELLED = (
    reject_code(r) for r in (Reject.REMAINDER_KILLED, Reject.TOO_MANY_ORDERS, Reject.CANCELLED)
)
_NOT_FOUND, _ALREADY, _POST_ONLY_TYPE, _AMOUNTS = (
    reject_code(r) for r in (Reject.NOT_FOUND, Reject.ALREADY_DONE, Reject.POST_ONLY_TYPE, Reject.INVALID_AMOUNTS)
)
_LOT = LOT_U6
_FINE = FINE_U6


@kernel(int64(BOOKS, int64, int64))
def _off_tick(books: Books, market: int, price: int) -> int:
    tick = books.last[market, _TICK]
    return 1 if tick <= 0 or price % tick != 0 or price < tick or price > _ONE - tick else 0


@kernel(int64(VENUE, BOOKS, int64, int64), inline=False)
def _malformed(venue: Venue, books: Books, row: int, now: int) -> int:
    # What is wrong with the order whatever the book and the account say; 0 for nothing.
    order = venue.orders[row]
    market = order[_MARKET]
    immediate = order[_TYPE] in (_FOK, _FAK)
    if is_known(venue, order[_ORDER]):
        return _DUPLICATED
    if order[_TYPE] == _GTD and order[_EXPIRES] - _MARGIN <= now:
        return _EXPIRED
    if venue.markets[market, _RESOLVED]:
        return _CLOSED
    if order[_POST_ONLY] and immediate:
        return _POST_ONLY_TYPE
    if _off_tick(books, market, order[_PRICE]):
        return _BREAKS_TICK
    if not immediate and order[_SIZE] < venue.markets[market, _MIN_SIZE]:
        return _BELOW
    # Shares have two decimals; as the receiving leg of a FOK or FAK buy four.
    return _AMOUNTS if order[_SIZE] % (_FINE if immediate and order[_SIDE] > 0 else _LOT) != 0 else 0


@kernel(int64(VENUE, BOOKS, OWN, int64, int64))
def _refusal(venue: Venue, books: Books, own: Own, row: int, now: int) -> int:
    found = _malformed(venue, books, row, now)
    if found:
        return found
    order = venue.orders[row]
    marketable = crosses(venue, books, own, row)
    fee_u6 = 0
    if marketable:
        if order[_SIDE] > 0 and cost(order[_PRICE], order[_SIZE]) < venue.model[_MIN_MARKETABLE]:
            return _SMALL
        fee_u6 = venue_fee(venue, order[_MARKET], now, order[_PRICE], order[_SIZE])
    if not covers(venue, row, fee_u6):
        return _BALANCE
    if order[_POST_ONLY] and marketable:
        return _CROSSES
    if order[_TYPE] == _FAK and not marketable:
        return _NO_FAK
    if order[_TYPE] == _FOK and not fills_whole(venue, books, own, row):
        return _NO_FOK
    return 0


@kernel(void(VENUE, OWN, int64, int64, int64), inline=False)
def end_order(venue: Venue, own: Own, number: int, code: int, now: int) -> None:
    """End an open order, if it is open, and say why."""
    row = find_order(venue, number)
    if row < 0:
        return
    cancel(own, venue.orders[row, _MARKET], number)
    reserve(venue, row, -held_by(venue, row))
    tell(venue, now, _DONE, row, code)
    forget_order(venue, number)


@kernel(void(VENUE, BOOKS, OWN, int64, int64))
def _rest_or_end(venue: Venue, books: Books, own: Own, number: int, now: int) -> None:
    row = find_order(venue, number)
    if row < 0:
        return  # filled
    order = venue.orders[row]
    if order[_TYPE] in (_FOK, _FAK):
        if order[_LEFT] > 0:
            end_order(venue, own, number, _KILLED, now)
        else:  # spent, and it got at least the shares it asked for
            reserve(venue, row, -held_by(venue, row))
            forget_order(venue, number)
        return
    side, limit = book_side(venue, row), book_limit(venue, row)
    if place(books, own, order[_MARKET], side, limit, order[_LEFT], number) < 0:
        end_order(venue, own, number, _TOO_MANY, now)
    elif order[_TYPE] == _GTD:
        slot = schedule_new(venue, max(now, order[_EXPIRES] - _MARGIN), _EXPIRE)
        venue.events[slot, _N_ORDER] = number


@kernel(void(VENUE, BOOKS, OWN, FILLS, int64, int64), inline=False)
def match_order(venue: Venue, books: Books, own: Own, fills: Fills, number: int, now: int) -> None:
    """Match an accepted order with the book as it is now; what is left rests or ends."""
    row = find_order(venue, number)
    if row < 0:
        return  # cancelled, or its market resolved, while it was held
    if venue.orders[row, _TYPE] == _FOK and not fills_whole(venue, books, own, row):
        end_order(venue, own, number, _NO_FOK, now)
        return
    marketable = crosses(venue, books, own, row)
    if not marketable and venue.orders[row, _TYPE] in (_FOK, _FAK):
        end_order(venue, own, number, _KILLED, now)  # what it was held for is gone; it never rests
        return
    tell(venue, now, _ACK, row, _MATCHED if marketable else _LIVE)
    if marketable:
        walk(venue, books, own, fills, row)
        book_fills(venue, fills, now)
    _rest_or_end(venue, books, own, number, now)


@kernel(void(VENUE, BOOKS, OWN, FILLS, int64, int64))
def order_arrives(venue: Venue, books: Books, own: Own, fills: Fills, row: int, now: int) -> None:
    """Refuse an order, hold it for the venue's taker delay, or match it."""
    number = venue.orders[row, _ORDER]
    refused = _refusal(venue, books, own, row, now)
    if refused:
        tell(venue, now, _REJECTED, row, refused)
        free_row(venue, row)
        return
    make_known(venue, number)
    index_order(venue, number, row)
    if spends(venue, row):
        venue.orders[row, _BUDGET] = cost(venue.orders[row, _PRICE], venue.orders[row, _SIZE])
    reserve(venue, row, held_by(venue, row))
    delay = venue.markets[venue.orders[row, _MARKET], _DELAY]
    if delay and crosses(venue, books, own, row):
        tell(venue, now, _ACK, row, _DELAYED)
        slot = schedule_new(venue, now + delay, _HELD)
        venue.events[slot, _N_ORDER] = number
    else:
        match_order(venue, books, own, fills, number, now)


@kernel(void(VENUE, OWN, int64, int64))
def cancel_arrives(venue: Venue, own: Own, number: int, now: int) -> None:
    """Cancel an open order, or say that there is none."""
    if find_order(venue, number) >= 0:
        end_order(venue, own, number, _CANCELLED, now)
    else:
        tell_cancel_rejected(venue, now, number, _ALREADY if is_known(venue, number) else _NOT_FOUND)
