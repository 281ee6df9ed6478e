"""What is going to happen at the venue: a heap by time, then by order of scheduling."""

from numba import int64, void

from polydesk.kernel.jit import kernel
from polydesk.kernel.venue_state import VENUE, News, Tally, Venue
from polydesk.model.grid import FAR_NS

_HEAP, _SCHEDULED, _RECEIVED = int(Tally.HEAP), int(Tally.SCHEDULED), int(Tally.RECEIVED)
_HIGH, _FREE = int(Tally.EVENT_HIGH), int(Tally.EVENT_FREE)
_KIND, _TS, _NEXT = int(News.KIND), int(News.TS_NS), int(News.SLOT)
_FAR = FAR_NS


@kernel(int64(VENUE, int64, int64))
def _before(venue: Venue, one: int, other: int) -> int:
    heap = venue.heap
    if heap[one, 0] != heap[other, 0]:
        return 1 if heap[one, 0] < heap[other, 0] else 0
    return 1 if heap[one, 1] < heap[other, 1] else 0


@kernel(void(VENUE, int64, int64))
def _swap(venue: Venue, one: int, other: int) -> None:
    for column in range(3):
        kept = venue.heap[one, column]
        venue.heap[one, column] = venue.heap[other, column]
        venue.heap[other, column] = kept


@kernel(int64(VENUE, int64, int64, int64), inline=False)
def _push(venue: Venue, due_ns: int, rank: int, kind: int) -> int:
    # Precondition: there is room. Returns a cleared row of `events`: a row that is free holds only the next free one.
    slot = venue.count[_FREE] - 1
    if slot >= 0:
        venue.count[_FREE] = venue.events[slot, _NEXT]
        venue.events[slot, _NEXT] = 0
    else:
        slot = venue.count[_HIGH]
        venue.count[_HIGH] = slot + 1
    venue.events[slot, _KIND] = kind
    venue.events[slot, _TS] = due_ns
    at = venue.count[_HEAP]
    venue.count[_HEAP] = at + 1
    venue.heap[at, 0] = due_ns
    venue.heap[at, 1] = rank
    venue.heap[at, 2] = slot
    while at > 0 and _before(venue, at, (at - 1) // 2):
        _swap(venue, at, (at - 1) // 2)
        at = (at - 1) // 2
    return slot  # type: ignore[no-any-return]


@kernel(int64(VENUE, int64, int64), inline=False)
def schedule_new(venue: Venue, due_ns: int, kind: int) -> int:
    """Schedule something and return its row of ``events``, cleared but for kind and time, for the caller to fill."""
    venue.count[_SCHEDULED] += 1
    return _push(venue, due_ns, venue.count[_SCHEDULED], kind)


@kernel(int64(VENUE, int64, int64), inline=False)
def receive_new(venue: Venue, due_ns: int, kind: int) -> int:
    """Schedule the arrival of an order or cancel, likewise.

    Arrivals come before everything else due at the same time, in order of sending: when they were handed over must not
    matter.
    """
    venue.count[_RECEIVED] += 1
    return _push(venue, due_ns, venue.count[_RECEIVED] - _FAR, kind)


@kernel(int64(VENUE))
def pop_next(venue: Venue) -> int:
    """Take the next thing off the heap, copy it to ``news[0]``, free its row and return its kind."""
    slot = venue.heap[0, 2]
    last = venue.count[_HEAP] - 1
    venue.count[_HEAP] = last
    for column in range(3):
        venue.heap[0, column] = venue.heap[last, column]
        venue.heap[last, column] = 0
    at = 0
    while True:
        child = 2 * at + 1
        if child >= last:
            break
        if child + 1 < last and _before(venue, child + 1, child):
            child += 1
        if not _before(venue, child, at):
            break
        _swap(venue, at, child)
        at = child
    for column in range(venue.events.shape[1]):
        venue.news[0, column] = venue.events[slot, column]
        venue.events[slot, column] = 0
    venue.events[slot, _NEXT] = venue.count[_FREE]
    venue.count[_FREE] = slot + 1
    kind: int = venue.news[0, _KIND]
    return kind
