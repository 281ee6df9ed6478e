"""Making room: what is full is copied into something twice as large, between two calls of the loop."""

import numpy as np

from polydesk.desk.loop.columns import Now, Order, Pend, State
from polydesk.desk.loop.run import has_room
from polydesk.desk.loop.state import I64, Loop
from polydesk.kernel.opening import grow
from polydesk.kernel.venue_state import News, Tally, Venue

_EVENTS = 16


def with_room(loop: Loop, venue: Venue) -> tuple[Loop, Venue]:
    """Return both with room for the next event; rows put out so far must have been read and counted off."""
    if loop.now[Now.UNTOLD_NEWS] and loop.pending[_place(loop.pending, int(venue.news[0, News.FILL])), Pend.FILL]:
        loop = loop.replaced(pending=_longer_pending(loop.pending))
    events = _EVENTS + int(loop.now[Now.DUES])
    while not has_room(loop, venue, events):
        loop, venue = _wider(loop, venue, int(loop.now[Now.NEED]), int(loop.now[Now.NEED_ROWS]))
    return loop, venue


def _wider(loop: Loop, venue: Venue, need: int, rows: int) -> tuple[Loop, Venue]:
    now = loop.now
    if now[Now.OUT] + rows > len(loop.out):
        loop = loop.replaced(
            out=np.zeros((2 * rows, loop.out.shape[1]), np.int64),
            out_float=np.zeros((2 * rows, loop.out_float.shape[1])),
        )
    if now[Now.BUSY] + need > len(loop.order) // 2:
        loop = loop.replaced(order=_longer_orders(loop.order))
    if now[Now.SENT_TAIL] - now[Now.SENT_HEAD] + need > len(loop.sent):
        loop = loop.replaced(sent=_longer_ring(loop.sent, int(now[Now.SENT_HEAD]), int(now[Now.SENT_TAIL])))
    venue.count[Tally.WANTED] = now[Now.INTENTS] + need
    return loop, grow(venue, need)


def _place(pending: I64, fill: int) -> int:
    return fill & (len(pending) - 1)


def _longer_pending(pending: I64) -> I64:
    longer = np.zeros((2 * len(pending), pending.shape[1]), np.int64)
    for row in pending[pending[:, Pend.FILL] > 0]:
        longer[_place(longer, int(row[Pend.FILL]))] = row
    return longer


def _longer_ring(ring: I64, head: int, tail: int) -> I64:
    longer = np.zeros(2 * len(ring), np.int64)
    places = np.arange(head, tail)
    longer[places & (len(longer) - 1)] = ring[places & (len(ring) - 1)]
    return longer


def _longer_orders(orders: I64) -> I64:
    longer = np.zeros((2 * len(orders), orders.shape[1]), np.int64)
    busy = (orders[:, Order.STATE] < State.MATCHED) | (orders[:, Order.CANCELS] > 0) | (orders[:, Order.LATE] > 0)
    for row in orders[busy & (orders[:, Order.NUMBER] > 0)]:
        place = int(row[Order.NUMBER]) & (len(longer) - 1)
        while longer[place, Order.NUMBER]:
            place = (place + 1) & (len(longer) - 1)
        longer[place] = row
    return longer
