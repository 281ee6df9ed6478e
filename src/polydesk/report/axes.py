"""Chart axes: round ticks, and a time axis that leaves out long pauses."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from polydesk.model.grid import NS_PER_S
from polydesk.report.quantities import date_and_time

_PAUSE_NS = 15 * 60 * NS_PER_S
_PAUSE_FACTOR = 20
_BREAK_PX = 26.0
_LEAST_BREAK_PX = 12.0
_MOST_BREAKS = 0.25
_TICK_PX = 74.0
_DATE_PX = 78.0
_STEPS_S = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 2_592_000,
)  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """A time without long pauses and where it lies on the axis."""

    first_ns: int
    last_ns: int
    left: float
    right: float


@dataclass(frozen=True)
class TimeTick:
    """A mark on the time axis; ``day`` is set where a date must be told."""

    x: float
    label: str
    day: str


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return about ``about`` round values that cover ``low`` to ``high``."""
    if high <= low:
        pad = max(abs(low) * 0.01, 0.01)
        low, high = low - pad, high + pad
    raw = (high - low) / max(1, about - 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, last + 1)]


def tick_decimals(ticks: Sequence[float]) -> int:
    """Return how many decimals tell the ticks apart."""
    step = ticks[1] - ticks[0]
    return next((n for n in range(6) if abs(round(step, n) - step) < step * 1e-6), 6)


class TimeAxis:
    """Places instants between ``left`` and ``right``; pauses of more than 15 minutes take a fixed small width."""

    def __init__(self, times: Iterable[int], left: float, right: float) -> None:
        found = stretches(sorted(set(times)))
        pauses = len(found) - 1
        self.break_px = min(_BREAK_PX, _MOST_BREAKS * (right - left) / pauses) if pauses else _BREAK_PX
        usable = right - left - self.break_px * pauses
        whole = sum(last - first for first, last in found) or 1
        self.stretches: list[Stretch] = []
        at = left
        for first, last in found:
            width = usable * (last - first) / whole if whole > 1 else usable / len(found)
            self.stretches.append(Stretch(first, last, at, at + width))
            at += width + self.break_px

    def x(self, ts_ns: int) -> float:
        """Return where an instant lies; instants in a pause lie at its end."""
        for stretch in self.stretches:
            if ts_ns <= stretch.last_ns:
                span = stretch.last_ns - stretch.first_ns or 1
                return stretch.left + (stretch.right - stretch.left) * max(0, ts_ns - stretch.first_ns) / span
        return self.stretches[-1].right

    def same_stretch(self, one_ns: int, other_ns: int) -> bool:
        """Return whether no left-out pause lies between two instants."""
        return any(s.first_ns <= one_ns and other_ns <= s.last_ns for s in self.stretches)

    def ticks(self) -> list[TimeTick]:
        """Return labelled round times, one per stretch where there is room, none too close to another."""
        pixels = sum(s.right - s.left for s in self.stretches)
        span_s = sum(s.last_ns - s.first_ns for s in self.stretches) / NS_PER_S
        wanted = span_s * _TICK_PX / max(pixels, 1.0)
        step_s = next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
        out: list[TimeTick] = []
        day, dated_x = "", -math.inf
        for stretch in self.stretches:
            for at, ts_ns in enumerate(_round_times(stretch, step_s)):
                x = self.x(ts_ns)
                date, time = date_and_time(ts_ns)
                if date != day and x - dated_x < _DATE_PX:
                    continue
                if out and x - out[-1].x < _TICK_PX * 0.6:
                    if at or len(out) == 1 or out[-1].day:
                        continue
                    out.pop()  # the first time behind a pause matters more than the last one before it
                label = time if step_s < 60 else time[:5]
                out.append(TimeTick(x, label, "" if date == day else date))
                day, dated_x = date, x if date != day else dated_x
        return out

    def breaks(self) -> list[float]:
        """Return the middle of each left-out pause; nothing where so many pauses leave no room for a mark."""
        if self.break_px < _LEAST_BREAK_PX:
            return []
        return [(one.right + two.left) / 2 for one, two in itertools.pairwise(self.stretches)]


def _round_times(stretch: Stretch, step_s: int) -> list[int]:
    step = step_s * NS_PER_S
    first = -(-stretch.first_ns // step) * step
    return list(range(first, stretch.last_ns + 1, step)) or [stretch.first_ns]


def stretches(times: Sequence[int]) -> list[tuple[int, int]]:
    """Cut instants, in order, where a pause of more than 15 minutes (and 20 usual steps) lies between them."""
    if not times:
        return [(0, 1)]
    usual = sorted(later - earlier for earlier, later in itertools.pairwise(times))
    longest = max(_PAUSE_NS, _PAUSE_FACTOR * usual[len(usual) // 2]) if usual else _PAUSE_NS
    out = [(times[0], times[0])]
    for ts_ns in times[1:]:
        if ts_ns - out[-1][1] > longest:
            out.append((ts_ns, ts_ns))
        else:
            out[-1] = (out[-1][0], ts_ns)
    return out
