"""Orders of the loop: finding, reserving, sending cancels."""

from numba import int64, void

from polydesk.desk.loop.columns import Facts, Now, Order, State, Why
from polydesk.desk.loop.emit import emit_cancel
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.exact import cost
from polydesk.kernel.jit import kernel
from polydesk.kernel.venue import venue_arrival, venue_cancel
from polydesk.kernel.venue_state import VENUE, Venue
from polydesk.model.errors import InvariantBroken


@kernel(int64(LOOP, int64))
def is_busy(loop: Loop, row: int) -> int:
    """Return 1 while something can still be heard of the order in a row: answers never overtake one another."""
    order = loop.order[row]
    open_still = order[Order.STATE] < State.MATCHED or order[Order.CANCELS] > 0 or order[Order.LATE] > 0
    return 1 if order[Order.NUMBER] and open_still else 0


@kernel(int64(LOOP, int64))
def row_of(loop: Loop, number: int) -> int:
    """Return the row of an order; there are never many steps from its home, see ``free_row``.

    Raises:
        InvariantBroken: The venue speaks of an order this session never sent.
    """
    mask = loop.order.shape[0] - 1
    for step in range(loop.order.shape[0]):
        row: int = (number + step) & mask
        if loop.order[row, Order.NUMBER] == number:
            return row
    raise InvariantBroken("the venue speaks of an order this session never sent, or ended long ago")


@kernel(int64(LOOP, int64))
def free_row(loop: Loop, number: int) -> int:
    """Return a row for a new order: its home, or the next one whose order is over and has no answer on its way."""
    mask = loop.order.shape[0] - 1
    for step in range(loop.order.shape[0]):
        row: int = (number + step) & mask
        if not is_busy(loop, row):
            return row
    raise InvariantBroken("the compiled loop has no room for an order: it must be asked for room first")


@kernel(int64(LOOP, int64))
def left_u6(loop: Loop, row: int) -> int:
    """Return the micro-shares of an order that may still be matched."""
    if loop.order[row, Order.STATE] >= State.MATCHED:
        return 0
    left: int = loop.order[row, Order.SIZE_U6] - loop.order[row, Order.FILLED_U6]
    return max(0, left)


@kernel(void(LOOP), inline=False)
def release_late(loop: Loop) -> None:
    """Give back the rows of matched orders of which nothing more can be heard: the longest answer is over."""
    for row in range(loop.order.shape[0]):
        if loop.order[row, Order.LATE]:
            loop.order[row, Order.LATE] = 0
            loop.now[Now.BUSY] -= 1 - is_busy(loop, row)
    loop.now[Now.LATE] = 0


@kernel(void(LOOP, int64))
def reserve(loop: Loop, row: int) -> None:
    """Bring what an order reserves up to date, and the sum over all orders."""
    order = loop.order[row]
    after = cost(order[Order.PRICE_G4], left_u6(loop, row)) if order[Order.SIDE] > 0 else 0
    loop.now[Now.RESERVED_U6] += after - order[Order.RESERVED_U6]
    order[Order.RESERVED_U6] = after


@kernel(void(LOOP, int64))
def forget_live(loop: Loop, row: int) -> None:
    """Take a terminal order out of its market's list."""
    market, number = int(loop.order[row, Order.MARKET]), int(loop.order[row, Order.NUMBER])
    live = loop.live[market]
    count = int(loop.market[market, Facts.LIVE])
    kept = 0
    for index in range(count):
        if live[index] != number:
            live[kept] = live[index]
            kept += 1
    loop.market[market, Facts.LIVE] = kept
    loop.now[Now.OPEN] -= count - kept


@kernel(void(LOOP, VENUE, int64, int64, int64))
def cancel(loop: Loop, venue: Venue, number: int, cause: int, exit_number: int) -> None:
    """Send a cancel; the order keeps counting until the venue answers."""
    row = row_of(loop, number)
    loop.order[row, Order.CANCELS] += 1
    if loop.order[row, Order.STATE] != State.UNKNOWN:
        loop.order[row, Order.STATE] = State.CANCELLING
    loop.now[Now.CANCELS] += 1
    if loop.now[Now.TELL]:
        emit_cancel(loop, number, cause, exit_number)
    venue_cancel(venue, number, venue_arrival(venue, number, 1, loop.now[Now.NOW_NS]))


@kernel(void(LOOP, VENUE, int64, int64), inline=False)
def cancel_all(loop: Loop, venue: Venue, cause: int, exits: int) -> None:
    """Cancel every open order whose cancel is not on its way, in order of sending; closing orders with ``exits``."""
    if loop.now[Now.OPEN] == 0:
        return
    number = 0
    while True:
        found = -1
        for row in range(loop.order.shape[0]):
            order = loop.order[row]
            later = order[Order.NUMBER] > number and order[Order.STATE] <= State.LIVE
            if later and (found < 0 or order[Order.NUMBER] < loop.order[found, Order.NUMBER]):
                found = row
        if found < 0:
            break
        number = int(loop.order[found, Order.NUMBER])
        if exits or loop.order[found, Order.PURPOSE] != Why.EXIT:
            cancel(loop, venue, number, cause, 0)
