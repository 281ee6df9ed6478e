"""The compiled kernel: mirrored ladders, event application, own orders, wakes. Arrays in, arrays out."""

from polydesk.kernel import feed, matching, rebates, taking, venue
from polydesk.kernel.advance import advance
from polydesk.kernel.checkpoint import dump, dump_venue, restore, restore_venue
from polydesk.kernel.jit import compile_seconds, compiled_now, entry, kernel
from polydesk.kernel.look import last_row_ns, levels, touch
from polydesk.kernel.opening import Latency, VenueTerms, grow, new_venue
from polydesk.kernel.state import (
    Books,
    Count,
    Fact,
    FillCause,
    Fills,
    Own,
    QueueFact,
    QueueModel,
    Wake,
    WakeBit,
    new_books,
    new_fills,
    new_own,
    new_wake,
)
from polydesk.kernel.venue_state import GROW, VENUE, MarketFact, News, NewsKind, OrderFact, Tally, Venue

# What Python calls; compiled callers import the functions themselves.
advance_both = entry(feed.advance_both)
feed_times = entry(feed.feed_times)
cancel = entry(matching.cancel)
place = entry(matching.place)
accrued = entry(rebates.accrued)
depth = entry(taking.depth)
take = entry(taking.take)
takeable = entry(taking.takeable)
venue_arrival = entry(venue.venue_arrival)
venue_cancel = entry(venue.venue_cancel)
venue_collect = entry(venue.venue_collect)
venue_happen = entry(venue.venue_happen)
venue_next = entry(venue.venue_next)
venue_send = entry(venue.venue_send)
venue_settled_by = entry(venue.venue_settled_by)

__all__ = [
    "GROW",
    "VENUE",
    "Books",
    "Count",
    "Fact",
    "FillCause",
    "Fills",
    "Latency",
    "MarketFact",
    "News",
    "NewsKind",
    "OrderFact",
    "Own",
    "QueueFact",
    "QueueModel",
    "Tally",
    "Venue",
    "VenueTerms",
    "Wake",
    "WakeBit",
    "accrued",
    "advance",
    "advance_both",
    "cancel",
    "compile_seconds",
    "compiled_now",
    "depth",
    "dump",
    "dump_venue",
    "entry",
    "feed_times",
    "grow",
    "kernel",
    "last_row_ns",
    "levels",
    "new_books",
    "new_fills",
    "new_own",
    "new_venue",
    "new_wake",
    "place",
    "restore",
    "restore_venue",
    "take",
    "takeable",
    "touch",
    "venue_arrival",
    "venue_cancel",
    "venue_collect",
    "venue_happen",
    "venue_next",
    "venue_send",
    "venue_settled_by",
]
