"""The equity curve and what can be read off it."""

from collections.abc import Iterable, Sequence

import msgspec

from polydesk.model.records import Marked


class Mark(msgspec.Struct, frozen=True):
    """One point of the curves, micro-pUSD; equity is cash and positions at the bid."""

    ts_ns: int
    matched_u6: int
    confirmed_u6: int
    exposure_u6: int


class Drawdown(msgspec.Struct, frozen=True):
    """The deepest fall of matched equity from its highest point before it.

    Attributes:
        depth_u6: How far, micro-pUSD; 0 when equity never fell.
        peak_ns: When the high was.
        trough_ns: When the low was.
    """

    depth_u6: int = 0
    peak_ns: int = 0
    trough_ns: int = 0


def curve(records: Iterable[object]) -> tuple[Mark, ...]:
    """Return the marks of a session in order of time."""
    return tuple(
        Mark(m.ts_ns, m.cash_u6[0] + m.value_u6[0], m.cash_u6[1] + m.value_u6[1], m.exposure_u6)
        for m in records
        if isinstance(m, Marked)
    )


def deepest(marks: Sequence[Mark]) -> Drawdown:
    """Return the deepest drawdown of the matched column."""
    worst = Drawdown()
    peak: Mark | None = None
    for mark in marks:
        if peak is None or mark.matched_u6 > peak.matched_u6:
            peak = mark
        depth = peak.matched_u6 - mark.matched_u6
        if depth > worst.depth_u6:
            worst = Drawdown(depth, peak.ts_ns, mark.ts_ns)
    return worst


def below_peak(marks: Sequence[Mark]) -> list[int]:
    """Return for each mark how far matched equity is below its highest point so far (0 or negative), micro-pUSD."""
    out: list[int] = []
    peak: int | None = None
    for mark in marks:
        peak = mark.matched_u6 if peak is None else max(peak, mark.matched_u6)
        out.append(mark.matched_u6 - peak)
    return out
