"""What goes wrong between venue and recorder: lost, impossible, missing and repeated messages, and the recovery."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from polydesk.model.grid import NS_PER_MS, NS_PER_S, SHARE_U6
from polydesk.model.rows import NO_WITNESS, RowFlag, RowKind
from polydesk.tape.construct.dice import Dice
from polydesk.tape.construct.venue_book import ASK, BID, Message, Row, VenueBook, ended

_LOST_PERCENT = 60
_CROSSING_G4 = 300
_NOTICED_NS = 5 * NS_PER_S
_DELAY_NS = 30 * NS_PER_MS


class FaultKind(StrEnum):
    """What is wrong."""

    LOST = "lost"
    """Six in ten level changes never arrive."""
    CROSSED = "crossed"
    """The feed tells of a bid above the best ask and never takes it back."""
    FROZEN = "frozen"
    """Nothing arrives; the recorder notices after five seconds."""
    REPEATED = "repeated"
    """Every message arrives twice."""


class Fault(msgspec.Struct, frozen=True):
    """A fault of the whole feed; at ``to_ns`` it recovers with full books of every market."""

    kind: FaultKind
    from_ns: int
    to_ns: int


class FaultyFeed:
    """Passes the venue's messages on as a broken recorder would keep them.

    Attributes:
        counts: What was lost, repeated or made up.
    """

    def __init__(self, faults: Sequence[Fault], dice: Dice) -> None:
        self.counts: Counter[str] = Counter()
        self._dice = dice
        self._books: dict[int, VenueBook] = {}
        self._ahead = sorted(faults, key=lambda fault: fault.from_ns)
        self._now: Fault | None = None
        self._noticed = False

    def record(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Yield what is recorded of the messages, in order of time."""
        for message in messages:
            yield from self._change_state(message.at_ns)
            self._follow(message)
            yield from self._pass(message)

    def _change_state(self, at_ns: int) -> Iterator[Message]:
        while True:
            fault = self._now
            if fault is None:
                if not self._ahead or self._ahead[0].from_ns > at_ns:
                    return
                self._now = self._ahead.pop(0)
                self._noticed = False
                if self._now.kind is FaultKind.CROSSED:
                    yield from self._impossible_bids(self._now.from_ns)
                continue
            if fault.kind is FaultKind.FROZEN and not self._noticed and fault.from_ns + _NOTICED_NS <= at_ns:
                self._noticed = True
                yield self._status(fault.from_ns + _NOTICED_NS, -1)
            if fault.to_ns > at_ns:
                return
            yield from self._recovery(fault)
            self._now = None

    def _follow(self, message: Message) -> None:
        book = self._books.setdefault(message.market, VenueBook())
        for row in message.rows:
            if row.token == 0 and row.kind in (RowKind.SNAPSHOT, RowKind.CHANGE):
                if row.flags & RowFlag.FIRST:
                    book.bids.clear()
                    book.asks.clear()
                book.put((row.side, row.price_g4, row.size_u6))

    def _pass(self, message: Message) -> Iterator[Message]:
        kind = message.rows[0].kind
        fault = self._now.kind if self._now else None
        if fault is FaultKind.FROZEN:
            self.counts["missing_messages"] += 1
        elif fault in (FaultKind.LOST, FaultKind.CROSSED) and kind == RowKind.SNAPSHOT:
            self.counts["lost_messages"] += 1  # a full book would end the fault early
        elif fault is FaultKind.LOST and kind == RowKind.CHANGE and self._dice.chance(_LOST_PERCENT):
            self.counts["lost_messages"] += 1
        else:
            yield message
            if fault is FaultKind.REPEATED:
                self.counts["repeated_messages"] += 1
                yield message._replace(recv_ns=message.recv_ns + NS_PER_MS)

    def _impossible_bids(self, at_ns: int) -> Iterator[Message]:
        for market, book in sorted(self._books.items()):
            self.counts["impossible_messages"] += 1
            price, size, kind = book.ask + _CROSSING_G4, 10 * SHARE_U6, int(RowKind.CHANGE)
            bid, ask = NO_WITNESS, NO_WITNESS
            rows = [
                Row(size, price, bid, ask, 0, kind, BID, 0, 0),
                Row(size, 10_000 - price, bid, ask, 0, kind, ASK, 1, 0),
            ]
            yield Message(at_ns, at_ns + _DELAY_NS, market, ended(rows))

    def _recovery(self, fault: Fault) -> Iterator[Message]:
        at_ns = fault.to_ns
        for market, book in sorted(self._books.items()):
            for token in (0, 1):
                yield Message(at_ns, at_ns + _DELAY_NS, market, book.snapshot(token))
        if fault.kind is FaultKind.FROZEN:
            yield self._status(at_ns, 1)

    @staticmethod
    def _status(at_ns: int, side: int) -> Message:
        row = Row(0, 0, NO_WITNESS, NO_WITNESS, 0, int(RowKind.STATUS), side, 0, 0)
        return Message(at_ns, at_ns, -1, ended([row]))
