"""What the venue tells the desk, and when: answers travel in order and never overtake one another."""

from numba import int64, void

from polydesk.kernel.draw import latency_ns
from polydesk.kernel.jit import kernel
from polydesk.kernel.schedule import schedule_new
from polydesk.kernel.venue_state import VENUE, Leg, News, NewsKind, OrderFact, Tally, Venue

_ANSWER = int(Leg.ANSWER)
_TOLD = int(Tally.TOLD_NS)
_ORDER, _MARKET, _TOKEN, _SIDE = int(News.ORDER), int(News.MARKET), int(News.TOKEN), int(News.SIDE)
_CODE = int(News.CODE)
_O_ORDER, _O_MARKET, _O_TOKEN, _O_SIDE = (
    int(OrderFact.ORDER), int(OrderFact.MARKET), int(OrderFact.TOKEN), int(OrderFact.SIDE),
)  # fmt: skip


_CANCEL_REJECTED = int(NewsKind.CANCEL_REJECTED)


@kernel(int64(VENUE, int64, int64, int64), inline=False)
def heard_ns(venue: Venue, now: int, kind: int, number: int) -> int:
    """Return when the desk hears of what happens now.

    Args:
        venue: State.
        now: Virtual time at the venue.
        kind: ``NewsKind``.
        number: Of the order, fill or market it is about; with the kind and the time the name of the draw.
    """
    due = now + latency_ns(venue, _ANSWER, kind, number, now)
    due = max(due, int(venue.count[_TOLD]))
    venue.count[_TOLD] = due
    return due


@kernel(void(VENUE, int64, int64, int64, int64), inline=False)
def tell(venue: Venue, now: int, kind: int, row: int, code: int) -> None:
    """Send word of an order, ``row`` of the order table: acknowledged, rejected or done."""
    order = venue.orders[row]
    slot = schedule_new(venue, heard_ns(venue, now, kind, order[_O_ORDER]), kind)
    event = venue.events[slot]
    event[_ORDER] = order[_O_ORDER]
    event[_MARKET] = order[_O_MARKET]
    event[_TOKEN] = order[_O_TOKEN]
    event[_SIDE] = order[_O_SIDE]
    event[_CODE] = code


@kernel(void(VENUE, int64, int64, int64), inline=False)
def tell_cancel_rejected(venue: Venue, now: int, order: int, code: int) -> None:
    """Send word that a cancel did nothing."""
    slot = schedule_new(venue, heard_ns(venue, now, _CANCEL_REJECTED, order), _CANCEL_REJECTED)
    venue.events[slot, _ORDER] = order
    venue.events[slot, _CODE] = code
