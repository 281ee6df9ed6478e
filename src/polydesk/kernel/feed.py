"""Feed latency: the venue's books, which match, and the desk's view of them, which is later.

The feed is one line: each message takes its own drawn time, and none overtakes the one before. Both books are applied
from the same rows by two cursors; at the same virtual time the venue's row comes first.
"""

from typing import Any

from numba import int64, void
from numpy.typing import NDArray

from polydesk.kernel.advance import apply_row
from polydesk.kernel.draw import latency_ns
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, FILLS, I64, LONG1, LONG2, OWN, ROWS, SLOTS, WAKE, Books, Fills, Own, Wake
from polydesk.kernel.venue_state import VENUE, Leg, Venue
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import FAR_NS
from polydesk.model.rows import RowFlag

HORIZON, FILLED, WOKEN, MORE = 0, 1, 2, 3
"""Why ``advance_both`` returned: nothing more before the horizon; own orders were filled at the venue; the desk's view
asks for the desk; the rows are used up."""

_LAST = int(RowFlag.LAST)
_FEED = int(Leg.FEED)
_FAR = FAR_NS


@kernel(void(VENUE, ROWS, int64, LONG2, LONG1), inline=False)
def feed_times(venue: Venue, rows: NDArray[Any], start: int, seen: I64, state: I64) -> None:
    """Fill in when the desk sees each row.

    All rows of a message take the same time, one draw named by its first row, and none is seen before the row ahead of
    it.

    Args:
        venue: Has the feed's latency and the seed.
        rows: Tape rows.
        start: First row to fill in.
        seen: Result, (rows, 3): the time, ns, what ``state`` is after the row, and 0 for what the caller notes there.
        state: When the row before ``start`` is seen, and the number of its message's first row + 1 while that message
            goes on, otherwise 0; updated, (2,).
    """
    last, first = state[0], state[1] - 1
    late = latency_ns(venue, _FEED, 0, first, 0) if first >= 0 else 0
    for index in range(start, rows.shape[0]):
        row = rows[index]
        if first < 0:
            first = row["seq"]
            late = latency_ns(venue, _FEED, 0, first, 0)
        last = max(last, row["ts_ns"] + late)
        if row["flags"] & _LAST:
            first = -1
        seen[index, 0] = last
        seen[index, 1] = first + 1
        seen[index, 2] = 0
    state[0] = last
    state[1] = first + 1


@kernel(int64(BOOKS, OWN, FILLS, WAKE, BOOKS, OWN, FILLS, WAKE, ROWS, LONG2, LONG1, int64, int64, int64), inline=False)
def advance_both(
    books: Books, own: Own, fills: Fills, blind: Wake, view: Books, nothing: Own, nowhere: Fills, wake: Wake,
    rows: NDArray[Any], seen: I64, cursor: I64, stop: int, is_final: int, horizon_ns: int,
) -> int:  # fmt: skip
    """Apply rows to the venue's books at their time and to the desk's view when it sees them.

    Args:
        books: The venue's.
        own: Own orders, at the venue.
        fills: Receives their fills.
        blind: A wake table that asks for nothing.
        view: The desk's.
        nothing: A table without orders.
        nowhere: A fill buffer that stays empty.
        wake: What the desk asks for; ``out`` as of ``advance``, the row index counted in ``rows``.
        rows: Tape rows.
        seen: What ``feed_times`` said.
        cursor: Next row of the venue and of the view; updated, (2,). The first may lie behind the end of ``rows``.
        stop: Row of the view to stop before; the venue goes on to the horizon.
        is_final: 1 when no rows come after these.
        horizon_ns: Virtual time to stop before.

    Returns:
        ``HORIZON``, ``FILLED``, ``WOKEN`` or ``MORE``; below 0 as ``advance_rows``.
    """
    count = rows.shape[0]
    stop = min(stop, count)
    if fills.rows.shape[0] - fills.n[0] < 2 * SLOTS:
        raise InvariantBroken("advance_both: fills has no room for one message; read them and set fills.n[0] = 0")
    before, unused = fills.n[0], nowhere.n[0]
    wake.out[0] = -1
    wake.out[1] = 0
    at, next_seen = int(cursor[0]), int(cursor[1])
    why = MORE
    # Row by row, because the two books alternate about once per message: a call for each would cost more than the rows.
    while next_seen < count and (at < count or is_final != 0):
        next_ns = rows[at]["ts_ns"] if at < count else _FAR
        view_ns = seen[next_seen, 0] if next_seen < stop else _FAR
        if min(next_ns, view_ns) >= horizon_ns:
            why = HORIZON
            break
        if next_ns <= view_ns:
            if apply_row(books, own, fills, blind, rows, at, before) < 0:
                return -1 - at
            at += 1
            if fills.n[0] > before:
                why = FILLED
                break
        else:
            bits = apply_row(view, nothing, nowhere, wake, rows, next_seen, unused)
            if bits < 0:
                return -1 - next_seen
            next_seen += 1
            if bits > 0:
                why = WOKEN
                break
    wake.out[2] = next_seen - 1
    cursor[0], cursor[1] = at, next_seen
    return why
