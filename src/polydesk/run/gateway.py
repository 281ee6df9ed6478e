"""The gateway of a paper session: orders wait here until they are on disk, then they are sent.

The write comes first: ``flush`` commits the journal (one write, one sync for everything waiting) before the venue
sees any of it. Waiting costs an order nothing, because its arrival is fixed by the time it was sent.
"""

from typing import Protocol

from polydesk.model.grid import FAR_NS
from polydesk.model.ids import IntentId
from polydesk.model.orders import Intent
from polydesk.risk import Permit
from polydesk.run.recorder import Recorder


class Venue(Protocol):
    """What a gateway needs of a venue."""

    def arrival_ns(self, name: IntentId, sent_ns: int, *, cancel: bool = False) -> int:
        """Return when something sent at ``sent_ns`` arrives."""

    def send(self, intent: Intent, arrives_ns: int) -> None:
        """Send an order."""

    def cancel(self, name: IntentId, arrives_ns: int) -> None:
        """Send a cancel."""


class Gateway:
    """Collects permitted orders and cancels and sends them in order once they are durable."""

    def __init__(self, venue: Venue, recorder: Recorder) -> None:
        self._venue = venue
        self._recorder = recorder
        self._waiting: list[tuple[Permit | IntentId, int]] = []
        self._due_ns = FAR_NS

    def order(self, permit: Permit, sent_ns: int) -> None:
        """Take a permitted order."""
        if not isinstance(permit, Permit):
            raise TypeError("the gateway accepts permits only")
        self._wait(permit, self._venue.arrival_ns(permit.intent.id, sent_ns))

    def cancel(self, name: IntentId, sent_ns: int) -> None:
        """Take a cancel."""
        self._wait(name, self._venue.arrival_ns(name, sent_ns, cancel=True))

    def due_ns(self) -> int:
        """Return when the first of what waits would arrive; it must be flushed before that."""
        return self._due_ns

    def flush(self) -> None:
        """Make everything recorded durable, then send what waits, in order."""
        if not self._waiting:
            return
        self._recorder.commit()
        for what, arrives_ns in self._waiting:
            if isinstance(what, Permit):
                self._venue.send(what.intent, arrives_ns)
            else:
                self._venue.cancel(what, arrives_ns)
        self._waiting.clear()
        self._due_ns = FAR_NS

    def _wait(self, what: Permit | IntentId, arrives_ns: int) -> None:
        self._waiting.append((what, arrives_ns))
        self._due_ns = min(self._due_ns, arrives_ns)
