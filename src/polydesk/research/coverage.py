"""Windows that roll over a stretch of time, and how much of it those with data see."""

from collections.abc import Sequence

import msgspec

from polydesk.model.errors import ConfigError
from polydesk.model.grid import NS_PER_S

FULL, PARTIAL = 0.95, 0.5
"""Coverage from which on a rolling backtest is called ``full``, and ``partial``; below that it is ``sparse``."""

MOST_WINDOWS = 100_000
MOST_HOURS = 1_000_000
"""More than a century; longer stretches leave the range of nanoseconds."""

_NS_PER_HOUR = 3_600 * NS_PER_S
_PLACES = 6

Span = tuple[int, int]
"""Begin and end in ns UTC, half open."""


class Coverage(msgspec.Struct, frozen=True):
    """How much of the range the windows with data see: a window without a row of the tape has seen nothing.

    Attributes:
        range_hours: From begin to end.
        sampled_hours: Lengths of the windows with data together.
        covered_hours: Their union.
        overlap_hours: Sampled less covered.
        coverage_ratio: Covered by range.
        overlap_ratio: Overlap by covered.
        coverage_label: ``full``, ``partial`` or ``sparse``, by ``coverage_ratio``.
        time_coverage_ratio: Union of all windows, those without data too, by range.
        coverage_basis: What the ratio is of.
    """

    range_hours: float
    sampled_hours: float
    covered_hours: float
    overlap_hours: float
    coverage_ratio: float
    overlap_ratio: float
    coverage_label: str
    time_coverage_ratio: float
    coverage_basis: str = "virtual time: union of the windows that hold rows of the tape, by the whole range"


def rolling_windows(begin_ns: int, end_ns: int, window_hours: float, step_hours: float) -> list[Span]:
    """Return windows that begin at ``begin_ns``, one step later and so on, each cut off at the end.

    Raises:
        ConfigError: A length is not a positive number, or the range is empty.
    """
    for option, hours in (("--window-hours", window_hours), ("--step-hours", step_hours)):
        if not 0 < hours <= MOST_HOURS:
            raise ConfigError(f"{option} {hours:g}: must be more than 0 and at most {MOST_HOURS:,} hours")
    window, step = round(window_hours * _NS_PER_HOUR), round(step_hours * _NS_PER_HOUR)
    for option, hours, length in (("--window-hours", window_hours, window), ("--step-hours", step_hours, step)):
        if length <= 0:
            raise ConfigError(f"{option} {hours:g}: must be more than 0")
    if begin_ns >= end_ns:
        raise ConfigError("--from and --to leave no time between them; choose a later end")
    if (end_ns - begin_ns) // step >= MOST_WINDOWS:
        raise ConfigError(f"--step-hours {step_hours:g}: makes more than {MOST_WINDOWS} windows; choose a longer step")
    return [(start, min(start + window, end_ns)) for start in range(begin_ns, end_ns, step)]


def overlap_mode(window_hours: float, step_hours: float) -> str:
    """Return ``overlap`` for a step shorter than the window, ``tiled`` for an equal and ``gapped`` for a longer one."""
    if step_hours == window_hours:
        return "tiled"
    return "overlap" if step_hours < window_hours else "gapped"


def coverage(begin_ns: int, end_ns: int, with_data: Sequence[Span], windows: Sequence[Span]) -> Coverage:
    """Return how much of a range its windows see.

    Args:
        begin_ns: Of the range.
        end_ns: Likewise.
        with_data: Windows that were run and hold rows.
        windows: All windows that were run.
    """
    whole = end_ns - begin_ns
    sampled = sum(stop - start for start, stop in with_data)
    covered = _union_ns(begin_ns, with_data)
    ratio = covered / whole if whole else 0.0
    return Coverage(
        range_hours=_hours(whole),
        sampled_hours=_hours(sampled),
        covered_hours=_hours(covered),
        overlap_hours=_hours(sampled - covered),
        coverage_ratio=round(ratio, _PLACES),
        overlap_ratio=round((sampled - covered) / covered, _PLACES) if covered else 0.0,
        coverage_label=coverage_label(ratio),
        time_coverage_ratio=round(_union_ns(begin_ns, windows) / whole, _PLACES) if whole else 0.0,
    )


def coverage_label(ratio: float) -> str:
    """Return the name of a coverage."""
    if ratio >= FULL:
        return "full"
    return "partial" if ratio >= PARTIAL else "sparse"


def _union_ns(begin_ns: int, windows: Sequence[Span]) -> int:
    covered, reached = 0, begin_ns
    for start, stop in sorted(windows):
        covered += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return covered


def _hours(length_ns: int) -> float:
    return round(length_ns / _NS_PER_HOUR, _PLACES)
