"""How a tape tells a news item.

A ``RowKind.NEWS`` row: ``market`` is the market it is about (-1 when it names none), ``side`` what the source itself
says it means for token 0 (1 better, -1 worse, 0 nothing said), ``aux`` the number of the item in the tape's list of
headlines. ``venue_ns`` is when it was published, ``recv_ns`` when the recorder had it. Text stays out of the rows.
"""

import msgspec

from polydesk.model.grid import NS_PER_MS
from polydesk.model.rows import NO_WITNESS, RowKind
from polydesk.tape.construct.venue_book import Message, Row, ended

_DELAY_NS = 180 * NS_PER_MS


class Headline(msgspec.Struct, frozen=True):
    """One news item; its number is its place in the list."""

    published_ns: int
    market: int
    side: int
    text: str


def told(number: int, item: Headline) -> Message:
    """Return the message of a news item."""
    row = Row(0, 0, NO_WITNESS, NO_WITNESS, number, int(RowKind.NEWS), item.side, 0, 0)
    return Message(item.published_ns, item.published_ns + _DELAY_NS, item.market, ended([row]))
