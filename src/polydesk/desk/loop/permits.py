"""From a wanted order to a permitted one: ``desk.permits`` and ``risk.permit`` over arrays, with the same checks."""

from numba import int64, void

from polydesk.desk.loop.account import place_of
from polydesk.desk.loop.cancels import free_row, left_u6, release_late, reserve, row_of
from polydesk.desk.loop.columns import (
    DENIED_ENTRIES,
    DENIED_EXITS,
    DayState,
    Facts,
    Limit,
    Now,
    Order,
    Pos,
    Slot,
    State,
    Total,
    Why,
)
from polydesk.desk.loop.day import judge_day
from polydesk.desk.loop.emit import emit
from polydesk.desk.loop.outputs import Out, Row, Seen
from polydesk.desk.loop.plain import UNKNOWN, adverse_g4, at_least, at_most, below, on_tick
from polydesk.desk.loop.state import I64, LOOP, Loop
from polydesk.kernel.exact import cost
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, LONG1, Books, Fact
from polydesk.kernel.venue import venue_arrival, venue_send
from polydesk.kernel.venue_state import TYPES, VENUE, Venue
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4
from polydesk.model.orders import OrderType
from polydesk.model.reasons import Refusal
from polydesk.signals.compiled import Target

_ONE = PRICE_ONE_G4
_MINUTE_NS = 60_000_000_000
_SEEN = len(Seen)
_GTC, _FAK = TYPES.index(OrderType.GTC), TYPES.index(OrderType.FAK)
_CODES = tuple(Refusal)
(
    _STOPPED, _KILLED, _UNKNOWN, _BROKEN, _ASSUMED, _ENDED, _ENDING, _STALE, _CROSSED, _OFF_TICK, _MINIMUM, _COLLAR,
    _NOTIONAL, _IN_MARKET, _IN_TOTAL, _CASH, _SHARES, _RATE, _OPEN, _DUPLICATE, _COOLDOWN, _SELF_TRADE,
) = range(1, len(_CODES) + 1)  # fmt: skip
"""Position in ``Refusal`` plus 1; 0 is a permit."""


@kernel(int64(int64, int64, int64))
def denial_slot(token: int, side: int, purpose: int) -> int:
    """Return the column of ``slot`` that remembers the last refusal of such an order."""
    if purpose != Why.QUOTE:
        return Slot.DENIED_NS + (DENIED_EXITS if purpose == Why.EXIT else DENIED_ENTRIES) + token
    return Slot.DENIED_NS + 2 * token + (1 if side < 0 else 0)


@kernel(int64(LOOP, int64, int64, int64))
def refused_lately(loop: Loop, strategy: int, market: int, column: int) -> int:
    """Return 1 when risk refused this slot within ``orders.refused_retry_s``."""
    return 1 if loop.now[Now.NOW_NS] - loop.slot[strategy, market, column] < loop.limit[Limit.REFUSED_NS] else 0


@kernel(int64(LOOP, int64, int64, int64, int64))
def crosses(loop: Loop, row: int, token: int, side: int, price: int) -> int:
    """Return 1 when an open order of ours would trade with one at ``price``, seen across both tokens."""
    order = loop.order[row]
    ours = order[Order.SIDE] if order[Order.TOKEN] == 0 else -order[Order.SIDE]
    theirs = side if token == 0 else -side
    if ours == theirs or left_u6(loop, row) == 0:
        return 0
    our_price = order[Order.PRICE_G4] if order[Order.TOKEN] == 0 else _ONE - order[Order.PRICE_G4]
    their_price = price if token == 0 else _ONE - price
    return 1 if (their_price - our_price) * theirs >= 0 else 0


@kernel(int64(LOOP, BOOKS, int64))
def feed_age_ns(loop: Loop, books: Books, market: int) -> int:
    """Return the age of a market's book; ``UNKNOWN`` before the first row and after its source went."""
    last = books.last[market, Fact.BOOK_NS]
    return UNKNOWN if last == 0 else loop.now[Now.NOW_NS] - last


@kernel(void(LOOP, BOOKS, int64, int64, int64))
def _observe_market(loop: Loop, books: Books, strategy: int, market: int, purpose: int) -> None:
    seen, now = loop.seen, loop.now
    end = loop.market[market, Facts.END_NS]
    now_ns = now[Now.NOW_NS]
    mask = loop.sent.shape[0] - 1
    while now[Now.SENT_HEAD] < now[Now.SENT_TAIL] and now_ns - loop.sent[now[Now.SENT_HEAD] & mask] >= _MINUTE_NS:
        now[Now.SENT_HEAD] += 1
    seen[Seen.STOPPED] = now[Now.STOPPED]
    seen[Seen.KILLED] = now[Now.DAY_STATE] in (DayState.TRIPPED, DayState.LOCKED)
    seen[Seen.UNKNOWN] = now[Now.DAY_UNKNOWN]
    seen[Seen.BROKEN] = now[Now.BROKEN] != 0
    seen[Seen.LIVE_ASSUMED] = 0
    seen[Seen.ENDED] = loop.market[market, Facts.SETTLED] != 0 or (end != FAR_NS and now_ns >= end)
    seen[Seen.TO_END_NS] = FAR_NS if end == FAR_NS else max(0, end - now_ns)
    seen[Seen.FEED_AGE_NS] = feed_age_ns(loop, books, market)
    bid, ask = int(books.touch[market, 0]), int(books.touch[market, 1])
    seen[Seen.CROSSED] = 0 < ask <= bid
    seen[Seen.TICK_G4] = books.last[market, Fact.TICK]
    seen[Seen.ORDERS_LAST_MINUTE] = now[Now.SENT_TAIL] - now[Now.SENT_HEAD]
    seen[Seen.OPEN_ORDERS] = now[Now.OPEN]
    last_ns = loop.slot[strategy, market, Slot.ENTRY_NS]
    seen[Seen.SINCE_ENTRY_NS] = FAR_NS if last_ns == -FAR_NS else now_ns - last_ns
    # Quotes only rest; exits sell, and what a sale costs is not asked for.
    seen[Seen.FEE_U6] = now[Now.FEE_U6] if purpose == Why.ENTRY else 0


@kernel(void(LOOP, BOOKS, int64, int64, LONG1))
def _observe_order(loop: Loop, books: Books, strategy: int, market: int, quote: I64) -> None:
    seen = loop.seen
    token, side, price = int(quote[Target.TOKEN]), int(quote[Target.SIDE]), int(quote[Target.PRICE_G4])
    bid, ask = int(books.touch[market, 0]), int(books.touch[market, 1])
    if token == 1:
        bid, ask = _ONE - ask, _ONE - bid
    if side > 0:
        seen[Seen.OPPOSITE_G4] = ask if ask < _ONE else UNKNOWN
    else:
        seen[Seen.OPPOSITE_G4] = bid if bid > 0 else UNKNOWN
    held = 0
    for other in range(loop.slot.shape[0]):
        for one in range(2):
            held += loop.position[0, place_of(loop, other, market, one), Pos.COST_U6]
    offered = duplicates = crossing = 0
    for index in range(loop.market[market, Facts.LIVE]):
        row = row_of(loop, loop.live[market, index])
        order = loop.order[row]
        held += order[Order.RESERVED_U6]
        crossing += crosses(loop, row, token, side, price)
        if order[Order.STRATEGY] == strategy and order[Order.TOKEN] == token:
            duplicates += 1 if order[Order.SIDE] == side and order[Order.PRICE_G4] == price else 0
            offered += left_u6(loop, row) if order[Order.SIDE] < 0 else 0
    seen[Seen.MARKET_EXPOSURE_U6] = held
    seen[Seen.TOTAL_EXPOSURE_U6] = loop.total[0, Total.COST_U6] + loop.now[Now.RESERVED_U6]
    seen[Seen.CASH_U6] = max(0, loop.total[0, Total.CASH_U6] - loop.now[Now.RESERVED_U6])
    shares = loop.position[0, place_of(loop, strategy, market, token), Pos.SHARES_U6]
    seen[Seen.SHARES_U6] = max(0, shares - offered)
    seen[Seen.DUPLICATES] = duplicates
    seen[Seen.SELF_CROSSING] = crossing


@kernel(int64(int64, int64, int64))
def _or_unknown(code: int, observed: int, passed: int) -> int:
    if passed:
        return 0
    return _UNKNOWN if observed == UNKNOWN else code


@kernel(int64(LOOP, int64))
def _entry_refusal(loop: Loop, market: int) -> int:
    seen, limit = loop.seen, loop.limit
    for code, column in ((_STOPPED, 0), (_KILLED, 1), (_UNKNOWN, 2), (_BROKEN, 3), (_ASSUMED, 4), (_ENDED, 5)):
        if not at_most(seen[column], 0):
            return _or_unknown(code, seen[column], 0)
    if not at_least(seen[Seen.TO_END_NS], limit[Limit.END_NS]):
        return _or_unknown(_ENDING, seen[Seen.TO_END_NS], 0)
    if not at_most(seen[Seen.FEED_AGE_NS], limit[Limit.STALE_NS]):
        return _or_unknown(_STALE, seen[Seen.FEED_AGE_NS], 0)
    return _or_unknown(_CROSSED, seen[Seen.CROSSED], at_most(seen[Seen.CROSSED], 0))


@kernel(int64(LOOP, int64, int64, int64, int64, int64))
def _order_refusal(loop: Loop, market: int, side: int, price: int, size: int, purpose: int) -> int:
    seen, limit = loop.seen, loop.limit
    exits = purpose == Why.EXIT
    if not on_tick(price, seen[Seen.TICK_G4]):
        return _or_unknown(_OFF_TICK, price, 0)
    if not at_least(size, 1 if exits else max(1, loop.market[market, Facts.MIN_SIZE_U6])):
        return _or_unknown(_MINIMUM, size, 0)
    beyond = adverse_g4(side, price, seen[Seen.OPPOSITE_G4])
    # A resting quote into an empty opposite side cannot overpay anyone; a marketable order there is a mistake.
    if (purpose != Why.QUOTE or beyond != UNKNOWN) and not at_most(beyond, limit[Limit.COLLAR_G4]):
        return _or_unknown(_COLLAR, beyond, 0)
    if not at_most(seen[Seen.SELF_CROSSING], 0):
        return _SELF_TRADE
    if not at_most(seen[Seen.DUPLICATES], 0):
        return _DUPLICATE
    if not exits and not below(seen[Seen.ORDERS_LAST_MINUTE], limit[Limit.RATE]):
        return _RATE
    if not exits and not below(seen[Seen.OPEN_ORDERS], limit[Limit.OPEN]):
        return _OPEN
    waits = purpose == Why.ENTRY and not at_least(seen[Seen.SINCE_ENTRY_NS], limit[Limit.COOLDOWN_NS])
    return _COOLDOWN if waits else 0


@kernel(int64(LOOP, int64, int64, int64))
def _money_refusal(loop: Loop, side: int, price: int, size: int) -> int:
    seen, limit = loop.seen, loop.limit
    if side < 0:
        return _or_unknown(_SHARES, seen[Seen.SHARES_U6], at_least(seen[Seen.SHARES_U6], size))
    price_u6 = cost(price, size)
    if not at_most(price_u6, limit[Limit.ORDER_U6]):
        return _NOTIONAL
    if not at_most(seen[Seen.MARKET_EXPOSURE_U6] + price_u6, limit[Limit.MARKET_U6]):
        return _IN_MARKET
    if not at_most(seen[Seen.TOTAL_EXPOSURE_U6] + price_u6, limit[Limit.TOTAL_U6]):
        return _IN_TOTAL
    return _or_unknown(_CASH, seen[Seen.CASH_U6], at_least(seen[Seen.CASH_U6], price_u6 + seen[Seen.FEE_U6]))


@kernel(int64(LOOP, BOOKS, int64, int64, LONG1, int64))
def refusal(loop: Loop, books: Books, strategy: int, market: int, quote: I64, purpose: int) -> int:
    """Observe and check one order; return 0 for a permit, or the position in ``Refusal`` plus 1."""
    side, price, size = int(quote[Target.SIDE]), int(quote[Target.PRICE_G4]), int(quote[Target.SIZE_U6])
    _observe_market(loop, books, strategy, market, purpose)
    _observe_order(loop, books, strategy, market, quote)
    found = 0 if purpose == Why.EXIT else _entry_refusal(loop, market)
    if not found:
        found = _order_refusal(loop, market, side, price, size, purpose)
    return int(found) if found else int(_money_refusal(loop, side, price, size))


@kernel(void(LOOP, BOOKS, int64, int64, LONG1, int64))
def _follow(loop: Loop, books: Books, strategy: int, market: int, quote: I64, purpose: int) -> None:
    number = int(loop.now[Now.INTENTS])
    if loop.now[Now.LATE] and loop.now[Now.NOW_NS] > loop.now[Now.LATE_NS]:
        release_late(loop)
    row = free_row(loop, number)
    order = loop.order[row]
    order[Order.NUMBER] = number
    order[Order.MARKET] = market
    order[Order.TOKEN] = quote[Target.TOKEN]
    order[Order.SIDE] = quote[Target.SIDE]
    order[Order.PRICE_G4] = quote[Target.PRICE_G4]
    order[Order.SIZE_U6] = quote[Target.SIZE_U6]
    order[Order.FILLED_U6] = 0
    order[Order.STATE] = State.PENDING
    order[Order.EPOCH] = books.last[market, Fact.EPOCH]
    order[Order.CANCELS] = 0
    order[Order.PURPOSE] = purpose
    order[Order.STRATEGY] = strategy
    order[Order.ACKED] = 0
    order[Order.SENT_NS] = loop.now[Now.NOW_NS]
    order[Order.RESERVED_U6] = 0
    order[Order.SPENT_U6] = 0
    order[Order.LATE] = 0
    reserve(loop, row)
    count = int(loop.market[market, Facts.LIVE])
    if count >= loop.live.shape[1]:
        raise InvariantBroken("a market of the compiled loop has more open orders than its reconciler allows")
    loop.live[market, count] = number
    loop.market[market, Facts.LIVE] = count + 1
    loop.now[Now.OPEN] += 1
    loop.now[Now.BUSY] += 1
    loop.now[Now.ORDERS] += 1
    loop.sent[loop.now[Now.SENT_TAIL] & (loop.sent.shape[0] - 1)] = loop.now[Now.NOW_NS]
    loop.now[Now.SENT_TAIL] += 1


@kernel(int64(LOOP, int64, int64, int64, LONG1, int64, int64, int64))
def _tell(
    loop: Loop, kind: int, strategy: int, market: int, quote: I64, purpose: int, exit_number: int, code: int
) -> int:
    place = emit(loop, kind)
    if not loop.now[Now.TELL]:
        return int(place)
    row = loop.out[place]
    row[Row.STRATEGY] = strategy
    row[Row.MARKET] = market
    row[Row.TOKEN] = quote[Target.TOKEN]
    row[Row.SIDE] = quote[Target.SIDE]
    row[Row.PRICE_G4] = quote[Target.PRICE_G4]
    row[Row.SIZE_U6] = quote[Target.SIZE_U6]
    row[Row.NUMBER] = loop.now[Now.INTENTS]
    row[Row.PURPOSE] = purpose
    row[Row.EXIT] = exit_number
    row[Row.CODE] = code
    for column in range(_SEEN):
        row[Row.OBSERVED + column] = loop.seen[column]
    return int(place)


@kernel(void(LOOP, BOOKS, VENUE, int64, int64, int64, int64, int64))
def submit(
    loop: Loop, books: Books, venue: Venue, strategy: int, market: int, half: int, purpose: int, exit_number: int
) -> None:
    """Ask risk for a permit for the order in ``targets[half]`` and send it when it is given; see ``desk.permits``."""
    quote, now = loop.targets[half], loop.now
    column = denial_slot(quote[Target.TOKEN], quote[Target.SIDE], purpose)
    if now[Now.STOPPING] or now[Now.OVER] or refused_lately(loop, strategy, market, column):
        return
    if purpose != Why.EXIT:
        judge_day(loop, books, venue)
    now[Now.INTENTS] += 1
    code = refusal(loop, books, strategy, market, quote, purpose)
    place = _tell(loop, Out.REFUSED if code else Out.SENT, strategy, market, quote, purpose, exit_number, code)
    for term in range(loop.terms.shape[1]):
        loop.out_float[place, term] = loop.terms[half, term]
    if code:
        loop.slot[strategy, market, column] = now[Now.NOW_NS]
        loop.refusals[code - 1] += 1
        return
    loop.slot[strategy, market, column] = -FAR_NS
    if purpose == Why.ENTRY:
        loop.slot[strategy, market, Slot.ENTRY_NS] = now[Now.NOW_NS]
    _follow(loop, books, strategy, market, quote, purpose)
    number = int(now[Now.INTENTS])
    resting = purpose == Why.QUOTE
    venue_send(
        venue, number, market, int(quote[Target.TOKEN]), int(quote[Target.SIDE]), _GTC if resting else _FAK,
        1 if resting else 0, int(quote[Target.PRICE_G4]), int(quote[Target.SIZE_U6]), 0,
        venue_arrival(venue, number, 0, now[Now.NOW_NS]),
    )  # fmt: skip


@kernel(void(LOOP, BOOKS, VENUE, int64, int64, int64, int64), inline=False)
def submit_apart(
    loop: Loop, books: Books, venue: Venue, strategy: int, market: int, purpose: int, exit_number: int
) -> None:
    """The same for the order in ``targets[0]``, not inlined: for exits and entries, which are seldom."""
    submit(loop, books, venue, strategy, market, 0, purpose, exit_number)
