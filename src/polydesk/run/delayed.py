"""The rows between the venue's books and the desk's view of them, while the feed takes its time."""

import msgspec
import numpy as np

from polydesk.kernel import Books, Fills, Own, Venue, Wake, advance_both, feed_times, new_fills, new_own, new_wake
from polydesk.kernel.advance import foreign_row
from polydesk.kernel.given import SEEN_COLUMNS, check_cursor, check_rows
from polydesk.kernel.venue_state import Leg, LegFact
from polydesk.model.grid import FAR_NS
from polydesk.model.rows import ROW_DTYPE


class DelayedFeed(msgspec.Struct):
    """What a session with feed latency has besides its two books.

    Attributes:
        nothing: A table without orders, for applying rows to the view.
        nowhere: A fill buffer that stays empty.
        blind: A wake table that asks for nothing, for applying rows to the venue's books.
        venue_row: First tape row not applied to the venue's books.
        seen_ns: When the desk saw the last row of its view.
        goes_on: The number of its message's first row + 1 while that goes on, otherwise 0.
    """

    nothing: Own
    nowhere: Fills
    blind: Wake
    venue_row: int = 0
    seen_ns: int = 0
    goes_on: int = 0


def delayed_feed(venue: Venue, markets: int) -> DelayedFeed | None:
    """Return the feed of a session, or ``None`` when the desk sees every row at once."""
    if venue.legs[Leg.FEED, LegFact.LONGEST_NS] == 0:
        return None
    return DelayedFeed(new_own(markets), new_fills(), new_wake(markets))


class Window:
    """The rows that the desk has not seen yet, with when it will.

    Attributes:
        rows: Tape rows, from the view's next one on.
        seen: When the desk sees each, as ``feed_times`` fills it in, and which market + 1 it wakes then, where that is
            known already; 0 for none.
        cursor: Next row of the venue and of the view, counted in ``rows``, and the first row that will wake the desk,
            -1 for none known.
    """

    def __init__(self, feed: DelayedFeed) -> None:
        self._feed = feed
        self._state = np.array([feed.seen_ns, feed.goes_on], np.int64)
        self.rows = np.zeros(0, ROW_DTYPE)
        self.seen = np.zeros((0, SEEN_COLUMNS), np.int64)
        self.cursor = np.array([0, 0, -1], np.int64)
        self._batch, self._batch_seen, self._first = self.rows, self.seen, -1

    def extend(self, venue: Venue, batch: np.ndarray, low: int = 0, high: int | None = None) -> None:
        """Add rows of the tape and forget those the desk has seen.

        Args:
            venue: Has the feed's latency.
            batch: Rows that follow one another; those of one batch are not copied, but for the first piece.
            low: First row of it to add; the one after the last row added before.
            high: Row to stop before; all by default.
        """
        done, high = int(self.cursor[1]), len(batch) if high is None else high
        left = len(self.rows) - done
        first = low - left if batch is self._batch else -1
        if first >= 0:
            if self._first < 0:
                self._batch_seen[first:low] = self.seen[done:]
            self.rows, self.seen, self._first = batch[first:high], self._batch_seen[first:high], first
        else:
            # As whole numbers: NumPy copies records field by field, at a fraction of the speed.
            self.rows = np.concatenate((_words(self.rows[done:]), _words(batch[low:high]))).view(ROW_DTYPE)
            self.seen = np.concatenate((self.seen[done:], np.zeros((high - low, SEEN_COLUMNS), np.int64)))
            # What was seen of the batch before is copied now, so its memory is used again.
            if len(batch) > len(self._batch_seen):
                self._batch_seen = np.empty((len(batch), SEEN_COLUMNS), np.int64)
            self._batch, self._first = batch, -1
        check_rows(self.rows, self.seen)
        feed_times(venue, self.rows, left, self.seen, self._state)
        base = int(self.rows["seq"][0]) if len(self.rows) else self._feed.venue_row
        self.cursor[:] = (self._feed.venue_row - base, 0, max(-1, int(self.cursor[2]) - done))
        check_cursor(self.rows, self.cursor)

    def next_venue_ns(self) -> int:
        """Return when the venue's next row happens; far when the rows are used up."""
        at = int(self.cursor[0])
        return int(self.rows["ts_ns"][at]) if at < len(self.rows) else FAR_NS

    def venue_ns(self) -> int:
        """Return when the last row that the venue's books are ahead of the view by happened; 0 when they are not."""
        at = int(self.cursor[0])
        return int(self.rows["ts_ns"][at - 1]) if 0 < at <= len(self.rows) else 0

    def next_wake_ns(self) -> int:
        """Return when the desk sees the first row known to wake it; far when none is known."""
        first = int(self.cursor[2])
        return FAR_NS if first < 0 else int(self.seen[first, 0])

    def next_ns(self, stop: int) -> int:
        """Return when the next row happens or is seen; the view stops before row ``stop`` of the window."""
        seen = int(self.cursor[1])
        seen_ns = int(self.seen[seen, 0]) if seen < min(stop, len(self.rows)) else FAR_NS
        return min(self.next_venue_ns(), seen_ns)

    def advance(
        self, books: Books, own: Own, fills: Fills, view: Books, wake: Wake, stop: int, horizon_ns: int, *, final: bool
    ) -> int:
        """Apply rows as ``kernel.advance_both`` does, until the desk or the venue has to look.

        Raises:
            TapeError: A row names a market outside the books.
        """
        feed = self._feed
        why: int = advance_both(
            books, own, fills, feed.blind, view, feed.nothing, feed.nowhere, wake, self.rows, self.seen, self.cursor,
            stop, int(final), horizon_ns,
        )  # fmt: skip
        if why < 0:
            raise foreign_row(books, self.rows, -1 - why)
        self.note()
        return why

    def note(self) -> None:
        """Keep where both books are, for checkpoints and for the next rows."""
        feed = self._feed
        if len(self.rows):
            feed.venue_row = int(self.rows["seq"][0]) + int(self.cursor[0])
        if self.cursor[1]:
            feed.seen_ns, feed.goes_on = self.seen[self.cursor[1] - 1, :2].tolist()


def _words(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows).view(np.int64)
