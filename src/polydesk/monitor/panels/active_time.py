"""A time axis without the pauses between recordings."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from polydesk.model.grid import NS_PER_MS
from polydesk.report.axes import stretches

_BREAK_SHARE = 0.02


@dataclass(frozen=True)
class ActiveTime:
    """Where instants lie when long pauses are left out.

    Attributes:
        spans: First and last instant of each stretch and where it begins on the axis, all in milliseconds.
    """

    spans: tuple[tuple[int, int, int], ...]

    def at(self, ts_ns: int) -> int:
        """Return where an instant lies, milliseconds of active time since the first; one in a pause lies at its end."""
        ms = ts_ns // NS_PER_MS
        place = max(0, bisect_right(self.spans, ms, key=lambda span: span[0]) - 1)
        first, last, at = self.spans[place]
        return at + max(0, min(ms, last) - first)

    def told(self) -> list[list[int]]:
        """Return the spans for the browser, which writes the real times beside the axis."""
        return [list(span) for span in self.spans]


def active_time(times_ns: Iterable[int]) -> ActiveTime:
    """Return the axis for instants; an empty one when there are none."""
    times = sorted(set(times_ns))
    if not times:
        return ActiveTime(((0, 0, 0),))
    found = stretches(times)
    whole_ms = sum(last - first for first, last in found) // NS_PER_MS
    pause_ms = round(whole_ms * _BREAK_SHARE) + 1
    spans: list[tuple[int, int, int]] = []
    at = 0
    for first_ns, last_ns in found:
        first, last = first_ns // NS_PER_MS, last_ns // NS_PER_MS
        spans.append((first, last, at))
        at += last - first + pause_ms
    return ActiveTime(tuple(spans))
