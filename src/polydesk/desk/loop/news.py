"""What the venue tells the desk: order states, fills, settlement; ``desk.core`` and ``orders.working`` over arrays."""

from numba import int64, void

from polydesk.desk.loop.account import book_fill, book_settled, book_status, market_of, place_of
from polydesk.desk.loop.cancels import cancel, forget_live, is_busy, reserve, row_of
from polydesk.desk.loop.columns import Facts, Limit, Link, Now, Order, State, Total, Why
from polydesk.desk.loop.emit import emit
from polydesk.desk.loop.evaluate import evaluate_apart
from polydesk.desk.loop.exits import clear_due, note_due
from polydesk.desk.loop.marks import broke, check_identities, compare_balance, mark
from polydesk.desk.loop.outputs import CancelCause, Out, Row, Sentinel
from polydesk.desk.loop.permits import denial_slot
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.exact import cost
from polydesk.kernel.jit import kernel
from polydesk.kernel.purse import venue_fee
from polydesk.kernel.state import BOOKS, Books
from polydesk.kernel.venue_state import VENUE, Leg, LegFact, Model, News, NewsKind, Venue, reject_code
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.reasons import Reject

_CANCELLED, _ALREADY_DONE = reject_code(Reject.CANCELLED), reject_code(Reject.ALREADY_DONE)
_COLUMNS = len(News)


@kernel(void(LOOP, int64))
def begin(loop: Loop, ts_ns: int) -> None:
    """Let the desk learn of an event at this time, after the last row it has seen."""
    loop.now[Now.SEQ] = loop.now[Now.ROW_SEQ]
    loop.now[Now.NOW_NS] = max(loop.now[Now.NOW_NS], ts_ns)


@kernel(void(LOOP, VENUE))
def _tell(loop: Loop, venue: Venue) -> None:
    if not loop.now[Now.TELL]:
        return
    row = loop.out[emit(loop, Out.NEWS)]
    for column in range(_COLUMNS):
        row[Row.BODY + column] = venue.news[0, column]


@kernel(void(LOOP, int64, int64, int64))
def _move(loop: Loop, row: int, state: int, was_busy: int) -> None:
    # Give an order its new state, and its row back once nothing can be heard of it.
    was = loop.order[row, Order.STATE]
    loop.order[row, Order.STATE] = state
    if was < State.MATCHED:
        reserve(loop, row)
        if state >= State.MATCHED:
            loop.order[row, Order.DONE_NS] = loop.now[Now.NOW_NS]
            forget_live(loop, row)
    loop.now[Now.BUSY] += is_busy(loop, row) - was_busy


@kernel(int64(LOOP, int64, int64, int64))
def _next_state(loop: Loop, row: int, kind: int, code: int) -> int:
    order = loop.order[row]
    state: int = order[Order.STATE]
    if state >= State.MATCHED:
        return state
    if kind == NewsKind.ACK:
        order[Order.ACKED] = 1
        return state if state == State.CANCELLING else State.LIVE
    if kind == NewsKind.REJECTED:
        return State.REJECTED
    if kind == NewsKind.DONE:
        return State.CANCELLED
    # A refused cancel of an order that is gone means that a fill is on its way: keep counting it until it comes.
    if code == _ALREADY_DONE:
        return State.UNKNOWN
    # A cancel that overtook its order: it is sent again once the venue has the order.
    return State.LIVE if order[Order.ACKED] else State.CANCELLING


@kernel(int64(LOOP, VENUE, int64))
def _order_news(loop: Loop, venue: Venue, kind: int) -> int:
    news = venue.news[0]
    row, code = row_of(loop, news[News.ORDER]), news[News.CODE]
    order = loop.order[row]
    busy = is_busy(loop, row)
    if kind == NewsKind.CANCEL_REJECTED or (kind == NewsKind.DONE and code == _CANCELLED):
        order[Order.CANCELS] = max(0, order[Order.CANCELS] - 1)
    _move(loop, row, _next_state(loop, row, kind, code), busy)
    if kind == NewsKind.ACK:
        if order[Order.STATE] == State.CANCELLING and not order[Order.CANCELS]:
            cancel(loop, venue, order[Order.NUMBER], CancelCause.OVERTAKEN, 0)
        return -1
    if kind == NewsKind.REJECTED and order[Order.PURPOSE] != Why.EXIT:
        column = denial_slot(order[Order.TOKEN], order[Order.SIDE], order[Order.PURPOSE])
        dated = loop.now[Now.NOW_NS] - loop.limit[Limit.PAUSE_NS]
        loop.slot[order[Order.STRATEGY], order[Order.MARKET], column] = dated
    return int(order[Order.MARKET])


@kernel(void(LOOP, VENUE, int64), inline=False)
def _note_late(loop: Loop, venue: Venue, row: int) -> None:
    # A buy that spends its whole cost has its shares, and may get more: fills of one match are told one by one.
    order = loop.order[row]
    spends = venue.model[Model.SPENDS] and order[Order.PURPOSE] != Why.QUOTE and order[Order.SIDE] > 0
    if not spends or order[Order.LATE] or order[Order.SPENT_U6] >= cost(order[Order.PRICE_G4], order[Order.SIZE_U6]):
        return
    order[Order.LATE] = 1
    loop.now[Now.LATE] += 1
    until_ns = venue.news[0, News.MATCHED_NS] + venue.legs[Leg.ANSWER, LegFact.LONGEST_NS]
    loop.now[Now.LATE_NS] = max(loop.now[Now.LATE_NS], until_ns)


@kernel(void(LOOP, VENUE, int64, int64, int64))
def _order_filled(loop: Loop, venue: Venue, row: int, price: int, size: int) -> None:
    order = loop.order[row]
    busy = is_busy(loop, row)
    order[Order.FILLED_U6] += size
    if order[Order.SIDE] > 0:
        order[Order.SPENT_U6] += cost(price, size)
    if order[Order.FILLED_U6] > order[Order.SIZE_U6]:
        immediate = order[Order.PURPOSE] != Why.QUOTE and order[Order.SIDE] > 0
        if not immediate or order[Order.SPENT_U6] > cost(order[Order.PRICE_G4], order[Order.SIZE_U6]):
            raise InvariantBroken("the venue filled an order beyond its size")
    state = int(order[Order.STATE])
    if order[Order.FILLED_U6] >= order[Order.SIZE_U6]:
        state = State.MATCHED
        _note_late(loop, venue, row)
    elif state < State.MATCHED:
        order[Order.ACKED] = 1
        state = state if state == State.CANCELLING else State.LIVE
    _move(loop, row, state, busy)


@kernel(void(LOOP, VENUE, int64))
def _check_fill(loop: Loop, venue: Venue, row: int) -> None:
    news, order = venue.news[0], loop.order[row]
    fill, price, fee = news[News.FILL], news[News.PRICE_G4], news[News.FEE_U6]
    beyond = news[News.SIDE] * (price - order[Order.PRICE_G4])
    maker = news[News.TAKER] == 0
    due = 0
    if not maker:
        due = venue_fee(venue, news[News.MARKET], news[News.MATCHED_NS], price, news[News.SIZE_U6])
    same = news[News.MARKET] == order[Order.MARKET] and news[News.TOKEN] == order[Order.TOKEN]
    if not same or news[News.SIDE] != order[Order.SIDE]:
        broke(loop, venue, Sentinel.FILL_ORDER, fill, order[Order.NUMBER], 0, 0)
    elif beyond > 0 or (beyond and maker):
        broke(loop, venue, Sentinel.FILL_LIMIT, fill, price, order[Order.PRICE_G4], order[Order.NUMBER])
    elif fee < 0:
        broke(loop, venue, Sentinel.FEE_NEGATIVE, fill, fee, 0, 0)
    elif fee != due:
        broke(loop, venue, Sentinel.FEE, fill, fee, due, 0)
    else:
        check_identities(loop, venue)


@kernel(int64(LOOP, VENUE), inline=False)
def _fill(loop: Loop, venue: Venue) -> int:
    news, now = venue.news[0], loop.now
    row = row_of(loop, news[News.ORDER])
    order = loop.order[row]
    price, size, fee = news[News.PRICE_G4], news[News.SIZE_U6], news[News.FEE_U6]
    _order_filled(loop, venue, row, price, size)
    place = place_of(loop, order[Order.STRATEGY], news[News.MARKET], news[News.TOKEN])
    book_fill(loop, news[News.FILL], place, news[News.SIDE], price, size, fee, news[News.TS_NS])
    now[Now.FILLS] += 1
    now[Now.MAKER_FILLS] += 1 - news[News.TAKER]
    now[Now.VOLUME_U6] += size
    now[Now.NOTIONAL_U6] += cost(price, size)
    now[Now.FEES_EVER_U6] += fee
    _check_fill(loop, venue, row)
    note_due(loop, place)
    return int(news[News.MARKET])


@kernel(int64(LOOP, VENUE), inline=False)
def _status(loop: Loop, venue: Venue) -> int:
    place = book_status(loop, venue.news[0, News.FILL], venue.news[0, News.CODE])
    check_identities(loop, venue)
    if place < 0:
        return -1
    note_due(loop, place)
    return int(market_of(loop, place))


@kernel(void(LOOP, VENUE), inline=False)
def _settled(loop: Loop, venue: Venue) -> None:
    news = venue.news[0]
    market, one, other = news[News.MARKET], news[News.PRICE_G4], news[News.SIZE_U6]
    if loop.market[market, Facts.SETTLED]:
        return
    book_settled(loop, market, one, other)
    for strategy in range(loop.slot.shape[0]):
        for token in range(2):
            clear_due(loop, place_of(loop, strategy, market, token))
    if one + other != PRICE_ONE_G4:
        broke(loop, venue, Sentinel.PAYOUTS, market, one + other, 0, 0)
    else:
        check_identities(loop, venue)


@kernel(int64(LOOP, VENUE))
def hear(loop: Loop, venue: Venue) -> int:
    """Take the news in ``venue.news[0]``; return the market to look at because of it, or -1."""
    news = venue.news[0]
    kind = news[News.KIND]
    begin(loop, news[News.TS_NS])
    _tell(loop, venue)
    if kind == NewsKind.FILL:
        return int(_fill(loop, venue))
    if kind == NewsKind.FILL_STATUS:
        return int(_status(loop, venue))
    if kind == NewsKind.SETTLED:
        _settled(loop, venue)
    elif kind == NewsKind.CASH:
        for column in range(2):
            loop.total[column, Total.CASH_U6] += news[News.SIZE_U6]
            loop.total[column, Total.EXTERNAL_U6] += news[News.SIZE_U6]
        loop.now[Now.REBATES_U6] += news[News.SIZE_U6]
        check_identities(loop, venue)
    else:
        return int(_order_news(loop, venue, kind))
    return -1


@kernel(void(LOOP, BOOKS, VENUE))
def conclude(loop: Loop, books: Books, venue: Venue) -> None:
    """Mark the portfolio after the news in ``venue.news[0]``, and compare the balance when it made money final."""
    kind = venue.news[0, News.KIND]
    mark(loop, books, venue, 1 if kind >= NewsKind.FILL else 0)
    if kind in (NewsKind.FILL_STATUS, NewsKind.SETTLED):
        compare_balance(loop, books, venue)


@kernel(void(LOOP, BOOKS, VENUE), inline=False)
def ring(loop: Loop, books: Books, venue: Venue) -> None:
    """Let the desk's timer go off: every position whose time has come, in the order in which they asked."""
    begin(loop, loop.now[Now.DUE_NS])
    emit(loop, Out.TIMER)
    now_ns = loop.now[Now.NOW_NS]
    count = 0
    for index in range(loop.now[Now.DUES]):
        place = loop.due[index]
        if loop.link[place, Link.DUE_NS] <= now_ns:
            at = count
            while at > 0 and loop.link[loop.firing[at - 1], Link.DUE_RANK] > loop.link[place, Link.DUE_RANK]:
                loop.firing[at] = loop.firing[at - 1]
                at -= 1
            loop.firing[at] = place
            count += 1
    for index in range(count):
        place = loop.firing[index]
        note_due(loop, place)
        evaluate_apart(loop, books, venue, market_of(loop, place))
    mark(loop, books, venue, 0)
