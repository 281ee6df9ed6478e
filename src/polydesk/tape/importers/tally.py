"""Counting what an importer reads, leaves out and finds wrong."""

from collections import Counter

from polydesk.model.errors import NumberError
from polydesk.model.grid import NS_PER_S

EARLIEST_NS = 1_500_000_000 * NS_PER_S
LATEST_NS = 4_000_000_000 * NS_PER_S
"""Times outside 2017 to 2096 are mistakes, not times."""

_FAR = 10**20


class Tally:
    """Counts of one source.

    Attributes:
        records: Lines or rows read, good and bad.
        counts: What was read and what was left out on purpose.
        defects: What was wrong.
        first_defect: Where the first defect is.
    """

    def __init__(self) -> None:
        self.records = 0
        self.counts: Counter[str] = Counter()
        self.defects: Counter[str] = Counter()
        self.first_defect = ""

    def defect(self, name: str, where: str, count: int = 1) -> None:
        """Count a defect; ``where`` is kept for the first one only."""
        if not count:
            return
        self.defects[name] += count
        if not self.first_defect:
            self.first_defect = f"{where}: {name}"


class Clock:
    """Virtual time of one source: the venue's time, held where it would go back."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._now = 0

    def at(self, venue_ns: int, recv_ns: int = 0) -> int:
        """Return the virtual time of a message.

        Args:
            venue_ns: The venue's time; 0 when not stated.
            recv_ns: The recorder's clock, used only where the venue states no time; 0 when not stated.

        Returns:
            Virtual time in ns, never less than before; 0 when nothing is known yet.
        """
        told = venue_ns or recv_ns
        if not venue_ns:
            self._tally.counts["without_venue_time"] += 1
        if told < self._now:
            self._tally.counts["clamped_times"] += 1
        self._now = max(self._now, told)
        return self._now


def from_seconds(seconds: float) -> int:
    """Convert a recorder's clock in seconds to ns; a double holds microseconds, so that is what is kept.

    Raises:
        NumberError: Not a time of the years a recording can come from.
    """
    if not EARLIEST_NS <= seconds * NS_PER_S <= LATEST_NS:
        raise NumberError(f"receive time {seconds!r} is not a time between 2017 and 2096")
    return _whole_us(seconds)


def _whole_us(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1_000


def plausible(ts_ns: int) -> bool:
    """Return whether a time lies in the years a recording can come from."""
    return EARLIEST_NS <= ts_ns <= LATEST_NS


def by_magnitude(value: float) -> int:
    """Convert a time in seconds, ms, us or ns to ns; the size of the number tells the unit. What is none becomes 0."""
    if not -_FAR < value < _FAR:
        return 0
    if value < 1e11:
        return _whole_us(value)
    if value < 1e14:
        return round(value * 1_000) * 1_000
    if value < 1e17:
        return round(value) * 1_000
    return round(value)
