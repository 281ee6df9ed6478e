"""The equity curve and what can be read off it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from polydesk.model.records import CashMoved, Marked


class Mark(msgspec.Struct, frozen=True):
    """One point of the curves, micro-pUSD; equity is cash and positions at the bid.

    Attributes:
        external_u6: Deposits, rewards, withdrawals so far; a part of equity that trading did not make.
    """

    ts_ns: int
    matched_u6: int
    confirmed_u6: int
    exposure_u6: int
    external_u6: int = 0

    @property
    def earned_u6(self) -> int:
        """Matched equity without the cash that was moved in or out."""
        return self.matched_u6 - self.external_u6


@dataclass
class Falling:
    """The deepest fall of a PnL curve from its highest point before it: what every drawdown of this program is.

    Attributes:
        peak_u6: Highest point so far, micro-pUSD; a curve of earnings begins at 0.
        depth_u6: Deepest fall so far.
    """

    peak_u6: int = 0
    depth_u6: int = 0

    def see(self, now_u6: int) -> bool:
        """Take the next point; return whether it lies deeper below the high than any before."""
        self.peak_u6 = max(self.peak_u6, now_u6)
        deeper = self.peak_u6 - now_u6 > self.depth_u6
        if deeper:
            self.depth_u6 = self.peak_u6 - now_u6
        return deeper


class Drawdown(msgspec.Struct, frozen=True):
    """The deepest fall of matched equity from its highest point before it, without cash moved in or out.

    Attributes:
        depth_u6: How far, micro-pUSD; 0 when equity never fell.
        peak_ns: When the high was.
        trough_ns: When the low was.
        peak_u6: Equity at the high, micro-pUSD.
        recovered_ns: When the high was reached again; 0 if it was not.
    """

    depth_u6: int = 0
    peak_ns: int = 0
    trough_ns: int = 0
    peak_u6: int = 0
    recovered_ns: int = 0


def curve(records: Iterable[object]) -> tuple[Mark, ...]:
    """Return the marks of a session in order of time."""
    out: list[Mark] = []
    external = 0
    for record in records:
        if isinstance(record, CashMoved):
            external += record.amount_u6
        elif isinstance(record, Marked):
            equity = (record.cash_u6[0] + record.value_u6[0], record.cash_u6[1] + record.value_u6[1])
            out.append(Mark(record.ts_ns, *equity, record.exposure_u6, external))
    return tuple(out)


def deepest(marks: Sequence[Mark]) -> Drawdown:
    """Return the deepest drawdown of the matched column."""
    if not marks:
        return Drawdown()
    worst, peak, falling = Drawdown(), marks[0], Falling(marks[0].earned_u6)
    for mark in marks:
        if mark.earned_u6 > peak.earned_u6:
            peak = mark
        if falling.see(mark.earned_u6):
            worst = Drawdown(falling.depth_u6, peak.ts_ns, mark.ts_ns, peak.matched_u6)
    if not worst.depth_u6:
        return worst
    high = next(mark.earned_u6 for mark in marks if mark.ts_ns == worst.peak_ns)
    again = (mark.ts_ns for mark in marks if mark.ts_ns > worst.trough_ns and mark.earned_u6 >= high)
    return msgspec.structs.replace(worst, recovered_ns=next(again, 0))


def below_peak(marks: Sequence[Mark]) -> list[int]:
    """Return for each mark how far matched equity is below its highest point so far (0 or negative), micro-pUSD."""
    out: list[int] = []
    peak: int | None = None
    for mark in marks:
        peak = mark.earned_u6 if peak is None else max(peak, mark.earned_u6)
        out.append(mark.earned_u6 - peak)
    return out
