"""Orders at the venue: rows that are used again, an index from an order's number to its row, and who is known."""

from numba import int64, void

from polydesk.kernel.jit import kernel
from polydesk.kernel.venue_state import KNOWN_MASK, KNOWN_SHIFT, VENUE, OrderFact, Tally, Venue

_HIGH, _FREE, _USED = int(Tally.ORDER_HIGH), int(Tally.ORDER_FREE), int(Tally.ORDERS_USED)
_NEXT = int(OrderFact.NEXT_FREE)
_SPREAD = 0x9E3779B1  # golden ratio: numbers that follow each other land far apart


@kernel(int64(VENUE))
def new_row(venue: Venue) -> int:
    """Return a cleared row of ``orders``; there must be room. A row that is free holds only the next free one."""
    row = venue.count[_FREE] - 1
    if row >= 0:
        venue.count[_FREE] = venue.orders[row, _NEXT]
        venue.orders[row, _NEXT] = 0
    else:
        row = venue.count[_HIGH]
        venue.count[_HIGH] = row + 1
    venue.count[_USED] += 1
    return row  # type: ignore[no-any-return]


@kernel(void(VENUE, int64))
def free_row(venue: Venue, row: int) -> None:
    """Give a row back."""
    for column in range(venue.orders.shape[1]):
        venue.orders[row, column] = 0
    venue.orders[row, _NEXT] = venue.count[_FREE]
    venue.count[_FREE] = row + 1
    venue.count[_USED] -= 1


@kernel(int64(VENUE, int64))
def _home(venue: Venue, number: int) -> int:
    mask: int = venue.index.shape[0] - 1
    return ((number & 0x7FFFFFFF) * _SPREAD >> 7) & mask


@kernel(int64(VENUE, int64), inline=False)
def find_order(venue: Venue, number: int) -> int:
    """Return the row of an accepted order that has not ended, or -1."""
    at = _home(venue, number)
    while venue.index[at, 0] != 0:
        if venue.index[at, 0] == number:
            row: int = venue.index[at, 1] - 1
            return row
        at = (at + 1) & (venue.index.shape[0] - 1)
    return -1


@kernel(void(VENUE, int64, int64), inline=False)
def index_order(venue: Venue, number: int, row: int) -> None:
    """Remember in which row an accepted order is."""
    at = _home(venue, number)
    while venue.index[at, 0] != 0:
        at = (at + 1) & (venue.index.shape[0] - 1)
    venue.index[at, 0] = number
    venue.index[at, 1] = row + 1


@kernel(void(VENUE, int64), inline=False)
def forget_order(venue: Venue, number: int) -> None:
    """Remove an order from the index and free its row; it stays known."""
    mask = venue.index.shape[0] - 1
    at = _home(venue, number)
    while venue.index[at, 0] != number:
        if venue.index[at, 0] == 0:
            return
        at = (at + 1) & mask
    free_row(venue, venue.index[at, 1] - 1)
    # Move back what would otherwise be cut off from its home by the hole.
    hole = at
    at = (at + 1) & mask
    while venue.index[at, 0] != 0:
        home = _home(venue, venue.index[at, 0])
        if ((at - home) & mask) >= ((at - hole) & mask):
            venue.index[hole, 0] = venue.index[at, 0]
            venue.index[hole, 1] = venue.index[at, 1]
            hole = at
        at = (at + 1) & mask
    venue.index[hole, 0] = 0
    venue.index[hole, 1] = 0


@kernel(int64(VENUE, int64))
def is_known(venue: Venue, number: int) -> int:
    """Return 1 when the venue has ever accepted an order of this number."""
    if number >> KNOWN_SHIFT >= venue.known.shape[0]:
        return 0
    bit: int = (venue.known[number >> KNOWN_SHIFT] >> (number & KNOWN_MASK)) & 1
    return bit


@kernel(void(VENUE, int64))
def make_known(venue: Venue, number: int) -> None:
    """Note that the venue has accepted an order; there must be room for its number."""
    venue.known[number >> KNOWN_SHIFT] |= 1 << (number & KNOWN_MASK)
