"""The compiled kernel: mirrored ladders, event application, own orders, wakes. Arrays in, arrays out."""

from polydesk.kernel.advance import advance
from polydesk.kernel.checkpoint import dump, dump_venue, restore, restore_venue
from polydesk.kernel.feed import advance_both, feed_times
from polydesk.kernel.jit import compile_seconds, compiled_now, kernel
from polydesk.kernel.look import levels, touch
from polydesk.kernel.matching import cancel, place
from polydesk.kernel.opening import Latency, VenueTerms, grow, new_venue
from polydesk.kernel.rebates import accrued
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
from polydesk.kernel.taking import depth, take, takeable
from polydesk.kernel.venue import (
    venue_arrival,
    venue_cancel,
    venue_collect,
    venue_happen,
    venue_next,
    venue_send,
    venue_settled_by,
)
from polydesk.kernel.venue_state import GROW, VENUE, MarketFact, News, NewsKind, OrderFact, Tally, Venue

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
    "feed_times",
    "grow",
    "kernel",
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
