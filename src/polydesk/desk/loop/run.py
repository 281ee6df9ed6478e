"""The loop: rows, venue happenings, news, timers and wakes in virtual time, as ``run.driver`` orders them.

Order at the same virtual time: the venue acts, then timers fire, then the next row is applied. Everything due at or
before a row's time happens before that row. Orders and cancels reach the venue's queue at once: their arrival is fixed
by the time of sending, and a backtest has nobody to lose them to.
"""

from typing import Any

from numba import int64, void
from numpy.typing import NDArray

from polydesk.desk.loop.cancels import cancel_all
from polydesk.desk.loop.columns import Now, Pend
from polydesk.desk.loop.evaluate import evaluate
from polydesk.desk.loop.marks import compare_balance, mark
from polydesk.desk.loop.news import begin, conclude, hear, ring
from polydesk.desk.loop.outputs import CancelCause, Stop, Task
from polydesk.desk.loop.state import LIVE, LOOP, Loop
from polydesk.kernel.advance import advance_rows
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import (
    BOOKS,
    FILLS,
    I64,
    LONG1,
    LONG2,
    OWN,
    ROWS,
    WAKE,
    Books,
    Fills,
    Own,
    Wake,
    WakeBit,
)
from polydesk.kernel.venue import venue_collect, venue_happen, venue_next
from polydesk.kernel.venue_state import EVENT_ROOM, KNOWN_SHIFT, VENUE, News, NewsKind, Tally, Venue
from polydesk.model.grid import FAR_NS

_OWN = int(WakeBit.OWN)
_GO, _ACT, _WAKE = 0, 1, 2
_LEAVE, _FULL, _ENDED = (3 + stop for stop in (int(Stop.ROWS), int(Stop.ROOM), int(Stop.ENDED)))
"""What is to be done next; the last three leave the loop with a ``Stop``."""
_ROWS = 16
"""Rows one event puts out beside orders, cancels, balances and what strategies say."""
_WORDS = 5
"""Rows one strategy can say in a look: a decision, two exits or why they failed, and that it failed."""
_AHEAD = 16
"""Events for which room is made at once: looking for room at each of them would cost more than the event."""


@kernel(int64(LOOP, VENUE, int64), inline=False)
def has_room(loop: Loop, venue: Venue, events: int) -> int:
    """Return 1 when whatever the next events make fits into every array; a timer counts one for each position due."""
    # A look at a market sends at most LIVE orders of each strategy and one entry, and an order is cancelled once, or
    # again when its cancel overtook it. A payout or a final fill also tells the balance of every token.
    strategies = loop.slot.shape[0]
    sends = LIVE * strategies + 1
    need = events * (2 * sends + 1) + int(loop.now[Now.OPEN])
    rows = events * (_ROWS + _WORDS * strategies + 2 * sends) + min(events, _AHEAD) * 2 * loop.market.shape[0] + need
    newest = int(loop.now[Now.INTENTS]) + need
    loop.now[Now.NEED] = need
    loop.now[Now.NEED_ROWS] = rows
    if loop.now[Now.OUT] + rows > loop.out.shape[0]:
        return 0
    if loop.now[Now.BUSY] + need > loop.order.shape[0] // 2:
        return 0
    if loop.now[Now.SENT_TAIL] - loop.now[Now.SENT_HEAD] + need > loop.sent.shape[0]:
        return 0
    if venue.count[Tally.ORDERS_USED] + need > venue.orders.shape[0]:
        return 0
    if venue.count[Tally.HEAP] + EVENT_ROOM + need >= venue.events.shape[0]:
        return 0
    return 1 if newest >> KNOWN_SHIFT < venue.known.shape[0] else 0


@kernel(int64(LOOP))
def timer_ns(loop: Loop) -> int:
    """Return when the desk next wants its timer."""
    quiet = loop.now[Now.OVER] or loop.now[Now.STOPPING]
    due: int = loop.now[Now.DUE_NS]
    return FAR_NS if quiet else due


@kernel(int64(LOOP, VENUE))
def next_due_ns(loop: Loop, venue: Venue) -> int:
    """Return when something next happens that is not on the tape."""
    return min(venue_next(venue), timer_ns(loop))


@kernel(int64(LOOP, BOOKS, BOOKS, OWN, FILLS, VENUE))
def _happen(loop: Loop, view: Books, books: Books, own: Own, fills: Fills, venue: Venue) -> int:
    # Lets the next thing happen and the desk hear of it; returns what is left to do, `_FULL` when a fill finds no free
    # row or a timer no room.
    if not loop.now[Now.UNTOLD_NEWS]:
        if venue_next(venue) > timer_ns(loop):
            if not has_room(loop, venue, 1 + loop.now[Now.DUES]):
                return _FULL
            ring(loop, view, venue)
            return _GO
        if venue_happen(venue, books, own, fills, loop.now[Now.ROW_SEQ]) != 1:
            return _GO
    news = venue.news[0]
    if news[News.KIND] == NewsKind.FILL:
        row = news[News.FILL] & (loop.pending.shape[0] - 1)
        if loop.pending[row, Pend.FILL]:
            loop.now[Now.UNTOLD_NEWS] = 1
            return _FULL
    loop.now[Now.UNTOLD_NEWS] = 0
    loop.now[Now.LOOK] = hear(loop, venue)
    return _ACT


@kernel(int64(LOOP, BOOKS, OWN, FILLS, WAKE, VENUE, ROWS, LONG1, int64))
def _apply(
    loop: Loop, books: Books, own: Own, fills: Fills, wake: Wake, venue: Venue, rows: NDArray[Any], cursor: I64,
    stop: int,
) -> int:  # fmt: skip
    # Applies rows until something is to be done; returns what.
    before = cursor[1]
    if before >= stop:
        return _LEAVE
    due = next_due_ns(loop, venue)
    if rows[before]["ts_ns"] >= due:
        return _ACT
    after = int(advance_rows(books, own, fills, wake, rows, before, stop, due))
    cursor[1] = after
    if after < 0:
        return _LEAVE
    if after > before:
        loop.now[Now.ROW_SEQ] = rows[after - 1]["seq"]
        loop.now[Now.ROW_NS] = rows[after - 1]["ts_ns"]
    if fills.n[0]:
        venue_collect(venue, fills, loop.now[Now.ROW_NS])
    if wake.out[0] >= 0 and wake.out[1] & ~_OWN:
        return _WAKE
    return _ACT if after < stop and next_due_ns(loop, venue) <= rows[after]["ts_ns"] else _GO


@kernel(int64(LOOP, BOOKS, WAKE, OWN, FILLS, ROWS, LONG2, LONG1, int64, int64), inline=False)
def _catch_up(
    loop: Loop, view: Books, blind: Wake, nothing: Own, nowhere: Fills, rows: NDArray[Any], seen: I64, cursor: I64,
    stop: int, before_ns: int,
) -> int:  # fmt: skip
    # Brings the desk's view up to what it has seen before a time; rows of the view wake nobody, they are marked.
    at = after = int(cursor[1])
    while after < stop and seen[after, 0] < before_ns:
        after += 1
    if after > at:
        advance_rows(view, nothing, nowhere, blind, rows, at, after, FAR_NS)
        loop.now[Now.ROW_SEQ] = rows[after - 1]["seq"]
        loop.now[Now.ROW_NS] = seen[after - 1, 0]
        cursor[1] = after
    return after


@kernel(int64(LOOP, OWN, FILLS, BOOKS, WAKE, VENUE, ROWS, LONG2, LONG1, int64))
def _apply_venue(
    loop: Loop, own: Own, fills: Fills, books: Books, wake: Wake, venue: Venue, rows: NDArray[Any], seen: I64,
    cursor: I64, horizon_ns: int,
) -> int:  # fmt: skip
    # Applies rows to the venue's books; marks the row that will wake the desk once it sees it.
    after = int(advance_rows(books, own, fills, wake, rows, cursor[0], rows.shape[0], horizon_ns))
    if after < 0:
        cursor[1] = after
        return _LEAVE
    cursor[0] = after
    if wake.out[0] >= 0 and wake.out[1] & ~_OWN:
        seen[after - 1, 2] = wake.out[0] + 1
        if cursor[2] < 0:
            cursor[2] = after - 1
    if fills.n[0]:
        venue_collect(venue, fills, rows[after - 1]["ts_ns"])
    return _GO


@kernel(int64(LOOP, BOOKS, BOOKS, OWN, FILLS, WAKE, WAKE, OWN, FILLS, VENUE, ROWS, LONG2, LONG1, int64))
def _apply_both(
    loop: Loop, view: Books, books: Books, own: Own, fills: Fills, wake: Wake, blind: Wake, nothing: Own,
    nowhere: Fills, venue: Venue, rows: NDArray[Any], seen: I64, cursor: I64, is_final: int,
) -> int:  # fmt: skip
    # The same with feed latency: two books, the desk's view later than the venue's. What wakes the desk follows from
    # the rows alone, so the venue's books say it, and the view is brought up to date only when the desk looks: two
    # books in turns, row by row, take twice as long.
    count = rows.shape[0]
    at, first = cursor[0], cursor[2]
    due = next_due_ns(loop, venue)
    wake_ns = seen[first, 0] if first >= 0 else FAR_NS
    next_ns = rows[at]["ts_ns"] if at < count else FAR_NS
    if next_ns < due and next_ns <= wake_ns:
        return int(_apply_venue(loop, own, fills, books, wake, venue, rows, seen, cursor, min(due, wake_ns + 1)))
    if at >= count and not is_final:
        _catch_up(loop, view, blind, nothing, nowhere, rows, seen, cursor, at, min(due, rows[count - 1]["ts_ns"]))
        return _LEAVE
    if first >= 0 and wake_ns < due:
        _catch_up(loop, view, blind, nothing, nowhere, rows, seen, cursor, first + 1, FAR_NS)
        wake.out[0] = seen[first, 2] - 1
        cursor[2] = -1
        for later in range(first + 1, at):
            if seen[later, 2]:
                cursor[2] = later
                break
        return _WAKE
    after = _catch_up(loop, view, blind, nothing, nowhere, rows, seen, cursor, at, due)
    return _LEAVE if at >= count and after >= count else _ACT


@kernel(int64(LOOP, VENUE, int64))
def _still_due(loop: Loop, venue: Venue, until_ns: int) -> int:
    due = next_due_ns(loop, venue)
    on_its_way = loop.now[Now.OPEN] > 0 or venue.count[Tally.UNTOLD] > 0 or loop.now[Now.PENDING] > 0
    return _ACT if due < until_ns or (due < FAR_NS and on_its_way) else _LEAVE


@kernel(
    int64(
        LOOP, BOOKS, BOOKS, OWN, FILLS, WAKE, WAKE, OWN, FILLS, VENUE, ROWS, LONG2, LONG1, int64, int64
    )
)  # fmt: skip
def _next(
    loop: Loop, view: Books, books: Books, own: Own, fills: Fills, wake: Wake, blind: Wake, nothing: Own,
    nowhere: Fills, venue: Venue, rows: NDArray[Any], seen: I64, cursor: I64, task: int, argument: int,
) -> int:  # fmt: skip
    # Goes on until something is to be done; returns what.
    if loop.now[Now.UNTOLD_NEWS]:
        return _ACT
    if task == Task.DRAIN:
        return int(_still_due(loop, venue, argument))
    if loop.now[Now.STOPPING] and loop.now[Now.OPEN] == 0:
        return _ENDED
    if task == Task.ROWS:
        return int(_apply(loop, books, own, fills, wake, venue, rows, cursor, argument))
    return int(
        _apply_both(loop, view, books, own, fills, wake, blind, nothing, nowhere, venue, rows, seen, cursor, argument)
    )


@kernel(void(LOOP, BOOKS, VENUE, WAKE, int64))
def _look(loop: Loop, view: Books, venue: Venue, wake: Wake, woken: int) -> None:
    # The one place where a market is looked at: it is inlined, and large.
    if woken:
        begin(loop, loop.now[Now.ROW_NS])
        loop.now[Now.WAKES] += 1
        loop.now[Now.LOOK] = wake.out[0]
    if loop.now[Now.LOOK] >= 0:
        evaluate(loop, view, venue, loop.now[Now.LOOK])
    if woken:
        mark(loop, view, venue, 0)
    else:
        conclude(loop, view, venue)


@kernel(void(LOOP, BOOKS, VENUE, int64, int64))
def _be_told(loop: Loop, view: Books, venue: Venue, task: int, ts_ns: int) -> None:
    if task == Task.STOP:
        begin(loop, ts_ns)
        loop.now[Now.STOPPED] = 1
        loop.now[Now.STOPPING] = 1
        cancel_all(loop, venue, CancelCause.STOPPED, 1)
        mark(loop, view, venue, 0)
    elif task == Task.END:
        begin(loop, loop.now[Now.ROW_NS])
        loop.now[Now.OVER] = 1
        mark(loop, view, venue, 1)
    else:
        compare_balance(loop, view, venue)


@kernel(
    int64(
        LOOP, BOOKS, BOOKS, OWN, FILLS, WAKE, WAKE, OWN, FILLS, VENUE, ROWS, LONG2, LONG1, int64, int64
    )
)  # fmt: skip
def run(
    loop: Loop, view: Books, books: Books, own: Own, fills: Fills, wake: Wake, blind: Wake, nothing: Own,
    nowhere: Fills, venue: Venue, rows: NDArray[Any], seen: I64, cursor: I64, task: int, argument: int,
) -> int:  # fmt: skip
    """Do one task; there is one entry for all of them because each would be compiled with everything below it.

    Args:
        loop: The desk.
        view: Its books.
        books: The venue's books; the same without feed latency.
        own: Own resting orders.
        fills: Empty between two calls.
        wake: What wakes the desk.
        blind: With feed latency a wake table that asks for nothing; these three are not read without.
        nothing: A table without orders.
        nowhere: A fill buffer that stays empty.
        venue: The simulated exchange.
        rows: ``ROW_DTYPE``.
        seen: With feed latency what ``kernel.feed.feed_times`` said, and the market + 1 that the row wakes.
        cursor: Next row of the venue (with feed latency) and of the desk, and the first row that will wake the desk
            once it sees it, -1 for none; updated. The second one becomes ``-1 - row`` for a row that names a market
            outside the books.
        task: A ``Task``.
        argument: ``ROWS``: row to stop before. ``BOTH``: 1 when no rows come after these. ``STOP``: virtual time.
            ``DRAIN``: time until which everything due must happen.

    Returns:
        A ``Stop``.
    """
    if task > Task.DRAIN:
        _be_told(loop, view, venue, task, argument)
        return Stop.ROWS
    room = 0
    while True:
        if room == 0:
            if not has_room(loop, venue, _AHEAD):
                return Stop.ROOM
            room = _AHEAD
        room -= 1
        todo = _next(
            loop, view, books, own, fills, wake, blind, nothing, nowhere, venue, rows, seen, cursor, task, argument
        )
        woken = todo == _WAKE
        if todo == _ACT:
            todo = _happen(loop, view, books, own, fills, venue)
        if todo >= _LEAVE:
            return todo - _LEAVE
        if todo != _GO:
            _look(loop, view, venue, wake, 1 if woken else 0)


ENTRIES = (run, has_room, next_due_ns)
"""What is called from Python."""
