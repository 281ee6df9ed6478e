"""The simulated venue as compiled functions: orders and cancels in, time forward, news out.

Order of things at the same virtual time: arrivals in order of sending, then everything else in order of scheduling. A
function that lacks room answers ``GROW`` and has done nothing.
"""

from numba import int64, void

from polydesk.kernel.answers import heard_ns
from polydesk.kernel.draw import latency_ns
from polydesk.kernel.jit import kernel
from polydesk.kernel.purse import redeem, take_back
from polydesk.kernel.rebates import pay_rebates
from polydesk.kernel.rules import cancel_arrives, end_order, match_order, order_arrives
from polydesk.kernel.schedule import pop_next, receive_new, schedule_new
from polydesk.kernel.state import BOOKS, FILLS, OWN, Books, Fills, Own
from polydesk.kernel.table import find_order, new_row
from polydesk.kernel.trades import book_fills
from polydesk.kernel.venue_state import (
    EVENT_ROOM,
    GROW,
    KNOWN_SHIFT,
    VENUE,
    Due,
    Leg,
    LegFact,
    MarketFact,
    Model,
    News,
    NewsKind,
    OrderFact,
    Tally,
    Venue,
    reject_code,
)
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import FAR_NS
from polydesk.model.reasons import Reject

_FAR, _GROW, _ROOM = FAR_NS, GROW, EVENT_ROOM
_LEG_ORDER, _LEG_CANCEL, _LEG_ANSWER, _LONGEST = (
    int(Leg.ORDER), int(Leg.CANCEL), int(Leg.ANSWER), int(LegFact.LONGEST_NS),
)  # fmt: skip
_HEAP, _USED, _WANTED, _UNTOLD, _COLLECTED = (
    int(Tally.HEAP), int(Tally.ORDERS_USED), int(Tally.WANTED), int(Tally.UNTOLD), int(Tally.COLLECTED),
)  # fmt: skip
_ARRIVE, _HELD, _CANCEL, _EXPIRE, _RESOLVE, _REBATES = (
    int(Due.ARRIVE), int(Due.HELD), int(Due.CANCEL), int(Due.EXPIRE), int(Due.RESOLVE), int(Due.REBATES),
)  # fmt: skip
_FILL, _STATUS, _SETTLED, _CASH = (
    int(NewsKind.FILL), int(NewsKind.FILL_STATUS), int(NewsKind.SETTLED), int(NewsKind.CASH),
)  # fmt: skip
_TS, _N_ORDER, _N_MARKET, _PAYOUT, _OTHER = (
    int(News.TS_NS), int(News.ORDER), int(News.MARKET), int(News.PRICE_G4), int(News.SIZE_U6),
)  # fmt: skip
_N_TOKEN, _N_SIDE, _N_PRICE, _N_SIZE, _N_FEE = (
    int(News.TOKEN), int(News.SIDE), int(News.PRICE_G4), int(News.SIZE_U6), int(News.FEE_U6),
)  # fmt: skip
_CODE, _SLOT, _SEQ = int(News.CODE), int(News.SLOT), int(News.SEQ)
_ORDER, _MARKET, _TOKEN, _SIDE, _TYPE, _POST_ONLY = (
    int(OrderFact.ORDER), int(OrderFact.MARKET), int(OrderFact.TOKEN), int(OrderFact.SIDE), int(OrderFact.TYPE),
    int(OrderFact.POST_ONLY),
)  # fmt: skip
_PRICE, _SIZE, _LEFT, _EXPIRES = (
    int(OrderFact.PRICE_G4), int(OrderFact.SIZE_U6), int(OrderFact.LEFT_U6), int(OrderFact.EXPIRES_NS),
)  # fmt: skip
_RESOLVED, _CONFIRM = int(MarketFact.RESOLVED), int(Model.CONFIRM_NS)
_MARKET_RESOLVED, _EXPIRED = reject_code(Reject.MARKET_RESOLVED), reject_code(Reject.EXPIRED)


@kernel(int64(VENUE, int64, int64, int64), inline=False)
def venue_arrival(venue: Venue, order: int, cancel: int, sent_ns: int) -> int:
    """Return when an order (``cancel`` 0) or its cancel (1) sent at ``sent_ns`` reaches the venue."""
    leg = _LEG_CANCEL if cancel else _LEG_ORDER
    return sent_ns + latency_ns(venue, leg, 0, order, sent_ns)


@kernel(int64(VENUE))
def venue_next(venue: Venue) -> int:
    """Return when the next thing happens; ``FAR_NS`` when nothing is due."""
    due: int = venue.heap[0, 0]
    return due if venue.count[_HEAP] > 0 else _FAR


@kernel(int64(VENUE, int64))
def venue_settled_by(venue: Venue, now: int) -> int:
    """Return when every match made by ``now`` is final and the desk has heard of it."""
    longest: int = venue.legs[_LEG_ANSWER, _LONGEST]
    return now + 2 * longest + venue.model[_CONFIRM] + 1  # type: ignore[no-any-return]


@kernel(int64(VENUE, int64, int64, int64, int64, int64, int64, int64, int64, int64, int64), inline=False)
def venue_send(
    venue: Venue, order: int, market: int, token: int, side: int, kind: int, post_only: int, price_g4: int,
    size_u6: int, expires_ns: int, arrives_ns: int,
) -> int:  # fmt: skip
    """Accept an order for arrival.

    Args:
        venue: State.
        order: Number in the intent's id, positive.
        market: Index.
        token: 0 or 1.
        side: 1 buy, -1 sell, of that token.
        kind: Position in ``TYPES``.
        post_only: 1 rather than take be refused.
        price_g4: Limit in the price of the token.
        size_u6: Micro-shares.
        expires_ns: For GTD, 0 otherwise.
        arrives_ns: What ``venue_arrival`` said.

    Returns:
        0, or ``GROW``.

    Raises:
        InvariantBroken: Number, market, token, side or size is outside its range.
    """
    if order <= 0 or market < 0 or market >= venue.markets.shape[0] or token < 0 or token > 1 or side not in (1, -1):
        raise InvariantBroken("venue_send: order, market, token or side is outside its range; check the intent")
    if size_u6 <= 0 or size_u6 >= 1 << 61:
        raise InvariantBroken("venue_send: the size is not positive or too large; check the intent")
    venue.count[_WANTED] = order
    if (
        venue.count[_USED] >= venue.orders.shape[0]
        or order >> KNOWN_SHIFT >= venue.known.shape[0]
        or venue.count[_HEAP] >= venue.events.shape[0] - 1
    ):
        return _GROW
    row = new_row(venue)
    kept = venue.orders[row]
    kept[_ORDER], kept[_MARKET], kept[_TOKEN], kept[_SIDE] = order, market, token, side
    kept[_TYPE], kept[_POST_ONLY], kept[_PRICE] = kind, post_only, price_g4
    kept[_SIZE], kept[_LEFT], kept[_EXPIRES] = size_u6, size_u6, expires_ns
    slot = receive_new(venue, arrives_ns, _ARRIVE)
    venue.events[slot, _N_ORDER] = order
    venue.events[slot, _SLOT] = row
    return 0


@kernel(int64(VENUE, int64, int64), inline=False)
def venue_cancel(venue: Venue, order: int, arrives_ns: int) -> int:
    """Accept a cancel for arrival; return 0 or ``GROW``."""
    if venue.count[_HEAP] >= venue.events.shape[0] - 1:
        return _GROW
    slot = receive_new(venue, arrives_ns, _CANCEL)
    venue.events[slot, _N_ORDER] = order
    return 0


@kernel(int64(VENUE, int64, int64), inline=False)
def _next_open(venue: Venue, market: int, after: int) -> int:
    # The open order of a market with the smallest number above `after`; 0 for none.
    found = 0
    for row in range(venue.orders.shape[0]):
        number = venue.orders[row, _ORDER]
        newer = number > after and venue.orders[row, _MARKET] == market and (found == 0 or number < found)
        if newer and find_order(venue, number) == row:
            found = number
    return found


@kernel(void(VENUE, OWN, int64, int64), inline=False)
def _resolve(venue: Venue, own: Own, number: int, now: int) -> None:
    paid = venue.resolutions[number]
    market = paid[0]
    if venue.markets[market, _RESOLVED]:
        return
    venue.markets[market, _RESOLVED] = 1
    ended = _next_open(venue, market, 0)
    while ended > 0:
        end_order(venue, own, ended, _MARKET_RESOLVED, now)
        ended = _next_open(venue, market, ended)
    redeem(venue, market, paid[1], paid[2])
    venue.count[_UNTOLD] += 1
    told = venue.events[schedule_new(venue, heard_ns(venue, now, _SETTLED, market), _SETTLED)]
    told[_N_MARKET], told[_PAYOUT], told[_OTHER], told[_CODE] = market, paid[1], paid[2], paid[4]


@kernel(void(VENUE, int64))
def _heard(venue: Venue, kind: int) -> None:
    moves = kind in (_FILL, _SETTLED, _CASH) or (kind == _STATUS and venue.news[0, _CODE] == 0)
    if moves:
        venue.count[_UNTOLD] -= 1


@kernel(int64(VENUE, BOOKS, OWN, FILLS, int64))
def venue_happen(venue: Venue, books: Books, own: Own, fills: Fills, seq: int) -> int:
    """Let the next thing happen; there must be one.

    Args:
        venue: State.
        books: The venue's books.
        own: Own resting orders.
        fills: Empty; matches are booked at once, see ``Tally.COLLECTED``.
        seq: Row of the tape after which the desk would hear of it.

    Returns:
        1 when ``venue.news[0]`` holds news for the desk, 0 when not, or ``GROW``.
    """
    if venue.events.shape[0] - venue.count[_HEAP] < _ROOM:
        return _GROW
    venue.count[_COLLECTED] = 0
    kind = pop_next(venue)
    news = venue.news[0]
    if kind < _ARRIVE:
        news[_SEQ] = seq
        _heard(venue, kind)
        return 1
    now, number, slot = news[_TS], news[_N_ORDER], news[_SLOT]
    if kind == _ARRIVE:
        order_arrives(venue, books, own, fills, slot, now)
    elif kind == _HELD:
        match_order(venue, books, own, fills, number, now)
    elif kind == _CANCEL:
        cancel_arrives(venue, own, number, now)
    elif kind == _EXPIRE:
        end_order(venue, own, number, _EXPIRED, now)
    elif kind == _RESOLVE:
        _resolve(venue, own, slot, now)
    elif kind == _REBATES:
        pay_rebates(venue, now)
    else:
        take_back(venue, news[_N_MARKET], news[_N_TOKEN], news[_N_SIDE], news[_N_PRICE], news[_N_SIZE], news[_N_FEE])
    return 0


@kernel(int64(VENUE, FILLS, int64), inline=False)
def venue_collect(venue: Venue, fills: Fills, ts_ns: int) -> int:
    """Turn the fills that ``advance`` made at ``ts_ns`` into news and empty the buffer; return 0 or ``GROW``."""
    if venue.events.shape[0] - venue.count[_HEAP] < _ROOM:
        return _GROW
    book_fills(venue, fills, ts_ns)
    return 0
