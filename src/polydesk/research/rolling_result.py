"""What a rolling backtest leaves behind: its windows, their sums, and the windows that nobody had seen before."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from polydesk.research.coverage import Coverage, Span
from polydesk.research.ledger_lines import cash
from polydesk.research.result import StrategyEntry
from polydesk.research.times import iso

SCHEMA_VERSION = "rolling-1.2"
"""1.1 counts windows with data apart from those without, and splits windows in and out of sample; 1.2 has no figure of
money (``null``) for a window whose accounts broke."""
KIND = "backtest_rolling_summary"

_PLACES = 6


class WindowEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One window.

    Attributes:
        index: From 0, in order of time.
        from_ts: Begin.
        to_ts: End.
        rows: Tape rows of the window.
        state: ``done``, ``empty`` (no row of the tape lies in it), ``partial`` or ``not_run`` after Ctrl-C, ``failed``.
        problem: Why it failed, or which accounting identity broke.
        session: Name of its session.
        journal_sha256: Of that session.
        total: Orders wanted.
        executed: Of them, with a fill.
        rejected: Of them, refused by risk.
        execution_rate: Executed by total; ``None`` without any.
        pnl: Of the window alone: what is held at its end is worth its bid; ``None`` when it is not known or the
            accounts broke.
        fees: Paid; ``None`` when the accounts broke.
        max_drawdown: Of equity within the window; likewise.
        risk_rejection_reasons: Refusals by code.
        results: By strategy.
    """

    index: int
    from_ts: str
    to_ts: str
    rows: int
    state: str
    problem: str = ""
    session: str = ""
    journal_sha256: str = ""
    total: int = 0
    executed: int = 0
    rejected: int = 0
    execution_rate: float | None = None
    pnl: float | None = None
    fees: float | None = 0.0
    max_drawdown: float | None = 0.0
    risk_rejection_reasons: dict[str, int] = {}
    results: list[StrategyEntry] = []


class StrategyAverage(msgspec.Struct, frozen=True):
    """One strategy over all windows that were run; averages and sums are over the windows that have the figure."""

    strategy: str
    windows: int
    avg_pnl: float | None
    avg_winrate: float | None
    total_trades: int
    pnl_sum: float | None = None


class RollingTotals(Coverage, frozen=True, kw_only=True):
    """All windows together.

    Attributes:
        run_count: Windows that were run, those without rows or orders included.
        data_window_count: Of them, with rows of the tape.
        empty_window_count: Windows without any order wanted, with rows or without.
        positive_window_count: Windows with a PnL above 0.
        positive_window_rate: Their share of the windows with data and known PnL.
        pnl_sum: Over the windows of known PnL, ``None`` when none of them is; where they overlap, the same hours count
            more than once.
        unknown_window_count: Windows with data whose PnL is not known, as where accounts broke.
    """

    run_count: int
    data_window_count: int
    total: int
    executed: int
    rejected: int
    execution_rate: float | None
    empty_window_count: int
    positive_window_count: int
    positive_window_rate: float | None
    pnl_sum: float | None
    pnl_avg: float | None
    unknown_window_count: int
    risk_rejection_reasons: dict[str, int]


class Sample(msgspec.Struct, frozen=True):
    """Windows on one side of a moment; averages are per window with data.

    Attributes:
        windows: With data.
        positive: Of them, with a PnL above 0.
        positive_rate: Their share of the windows of known PnL; ``None`` without one.
        pnl_sum: Over the windows of known PnL; ``None`` when there are windows and none of them is.
        pnl_avg: Likewise, per window; ``None`` without a window of known PnL.
        unknown: Windows whose PnL is not known, as where accounts broke.
    """

    windows: int
    positive: int
    positive_rate: float | None
    pnl_sum: float | None
    pnl_avg: float | None
    unknown: int = 0


class Split(msgspec.Struct, frozen=True):
    """Windows that were looked at while the strategy was made, and windows that nobody had seen.

    Attributes:
        tuned_until: The moment up to which the data was looked at.
        in_sample: Windows that end by then.
        out_of_sample: Windows that begin then or later.
        neither: Windows that lie across it; they count on no side.
    """

    tuned_until: str
    in_sample: Sample
    out_of_sample: Sample
    neither: int


class Rolling(msgspec.Struct, frozen=True, kw_only=True):
    """The document of a rolling backtest; ``split`` is there when a moment was named."""

    schema_version: str
    kind: str
    generated_at: str
    from_ts: str
    to_ts: str
    window_hours: float
    step_hours: float
    overlap_mode: str
    strategies: list[str]
    execution_config: dict[str, object]
    risk_config: dict[str, object]
    models: dict[str, object]
    tape_sha256: str
    complete: bool
    summary: RollingTotals
    windows: list[WindowEntry]
    strategy_aggregate: list[StrategyAverage]
    split: Split | None = None


def split_at(at_ns: int, full: Sequence[WindowEntry], spans: Sequence[Span]) -> Split:
    """Return the windows with data on both sides of a moment."""
    before = [window for window in full if spans[window.index][1] <= at_ns]
    after = [window for window in full if spans[window.index][0] >= at_ns]
    return Split(iso(at_ns), _sample(before), _sample(after), len(full) - len(before) - len(after))


def _sample(windows: Sequence[WindowEntry]) -> Sample:
    known = [_u6(window.pnl) for window in windows if window.pnl is not None]
    positive = sum(amount > 0 for amount in known)
    average = round(cash(sum(known)) / len(known), _PLACES) if known else None
    total = cash(sum(known)) if known or not windows else None
    return Sample(len(windows), positive, ratio(positive, len(known)), total, average, len(windows) - len(known))


def totals_of(ran: Sequence[WindowEntry], full: Sequence[WindowEntry], seen: Coverage) -> RollingTotals:
    """Return all windows that were run in one, those with data (``full``) counted apart."""
    reasons: Counter[str] = Counter()
    for window in ran:
        reasons.update(window.risk_rejection_reasons)
    total, executed = sum(w.total for w in ran), sum(w.executed for w in ran)
    made = _sample(full)
    return RollingTotals(
        **msgspec.structs.asdict(seen),
        run_count=len(ran),
        data_window_count=len(full),
        total=total,
        executed=executed,
        rejected=sum(w.rejected for w in ran),
        execution_rate=ratio(executed, total),
        empty_window_count=sum(w.total == 0 for w in ran),
        positive_window_count=made.positive,
        positive_window_rate=made.positive_rate,
        pnl_sum=made.pnl_sum,
        pnl_avg=made.pnl_avg,
        unknown_window_count=made.unknown,
        risk_rejection_reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def averages_of(ran: Sequence[WindowEntry]) -> list[StrategyAverage]:
    """Return every strategy over the windows that were run."""
    rows: dict[str, list[StrategyEntry]] = {}
    for window in ran:
        for entry in window.results:
            rows.setdefault(entry.strategy, []).append(entry)
    out = []
    for name, found in sorted(rows.items()):
        pnl = [_u6(entry.pnl) for entry in found if entry.pnl is not None]
        rates = [entry.winrate for entry in found if entry.winrate is not None]
        out.append(
            StrategyAverage(
                name,
                len(found),
                round(cash(sum(pnl)) / len(pnl), _PLACES) if pnl else None,
                round(sum(rates) / len(rates), _PLACES) if rates else None,
                sum(entry.trade_count or 0 for entry in found),
                cash(sum(pnl)) if pnl else None,
            )
        )
    return out


def ratio(part: int, whole: int) -> float | None:
    """Return a share with six places; ``None`` of nothing."""
    return round(part / whole, _PLACES) if whole else None


def _u6(amount: float) -> int:
    return round(amount * 1_000_000)
