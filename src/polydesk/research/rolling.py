"""Rolling backtests: the same settings over many windows, each a whole session with the full models."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from polydesk.model.errors import ConfigError
from polydesk.research.coverage import Coverage, Span, coverage, overlap_mode, rolling_windows
from polydesk.research.ledger_lines import cash
from polydesk.research.pool import Job, Run, Told, run_jobs
from polydesk.research.result import Configs, StrategyEntry
from polydesk.research.times import iso
from polydesk.run.settings import Settings
from polydesk.tape import Tape

SCHEMA_VERSION = "rolling-1.0"
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
        problem: Why it failed.
        session: Name of its session.
        journal_sha256: Of that session.
        total: Orders wanted.
        executed: Of them, with a fill.
        rejected: Of them, refused by risk.
        execution_rate: Executed by total; ``None`` without any.
        pnl: Of the window alone: what is held at its end is worth its bid.
        fees: Paid.
        max_drawdown: Of equity within the window.
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
    fees: float = 0.0
    max_drawdown: float = 0.0
    risk_rejection_reasons: dict[str, int] = {}
    results: list[StrategyEntry] = []


class StrategyAverage(msgspec.Struct, frozen=True):
    """One strategy over all windows that were run; averages are over the windows that have the figure."""

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
        empty_window_count: Of them, without any order wanted.
        positive_window_count: Of them, with a PnL above 0.
        positive_window_rate: Their share.
        pnl_sum: Over the windows; where they overlap, the same hours count more than once.
    """

    run_count: int
    total: int
    executed: int
    rejected: int
    execution_rate: float | None
    empty_window_count: int
    positive_window_count: int
    positive_window_rate: float | None
    pnl_sum: float
    pnl_avg: float | None
    risk_rejection_reasons: dict[str, int]


class Rolling(msgspec.Struct, frozen=True, kw_only=True):
    """The document of a rolling backtest."""

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


class Plan(msgspec.Struct, frozen=True):
    """What a rolling backtest is about.

    Attributes:
        tape: Its span is the range.
        markets: To trade, by index; all when empty.
        settings: Prepared: strategies chosen, ``data_dir`` the folder of the windows' sessions.
    """

    tape: Tape
    markets: tuple[int, ...]
    settings: Settings
    strategies: tuple[str, ...]
    window_hours: float
    step_hours: float
    workers: int | None = None


def run_rolling(plan: Plan, told: Told, stopping: Callable[[], None] = lambda: None) -> Rolling:
    """Run every window of a plan in local processes and sum them up.

    Args:
        plan: What to run.
        told: Called with windows done and windows in all.
        stopping: Called when an interruption was heard and the windows that run are waited for.

    Raises:
        ConfigError: A length is not positive, or the range holds no row.
        SessionError: A process died.
    """
    begin_ns, end_ns = _edges(plan.tape)
    spans = rolling_windows(begin_ns, end_ns, plan.window_hours, plan.step_hours)
    rows = _row_ranges(plan.tape, spans)
    settings = plan.settings.model_dump_json().encode()
    tape = str(plan.tape.path.resolve())
    jobs = [Job(settings, tape, (first, stop), plan.markets) if stop > first else None for first, stop in rows]
    answers, complete = run_jobs(jobs, plan.workers, told, stopping)
    windows = [
        _entry(index, span, rows[index], jobs[index] is None, answers[index]) for index, span in enumerate(spans)
    ]
    return _summed(plan, (begin_ns, end_ns), spans, windows, answers, complete=complete)


def _edges(tape: Tape) -> Span:
    first, stop = tape.span
    edges = [int(rows["ts_ns"][0]) for row in (first, stop - 1) for rows in tape.whole().batches(row, row + 1)]
    if stop <= first or len(edges) != 2:
        raise ConfigError(f"{tape.path}: rows {first} to {stop} hold nothing to roll over")
    return edges[0], edges[1] + 1


def _row_ranges(tape: Tape, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Return the rows of each span, in one pass over the tape."""
    edges = np.array(sorted({edge for span in spans for edge in span}), np.int64)
    first, stop = tape.span
    found = np.full(len(edges), stop, np.int64)
    at = 0
    for rows in tape.batches():
        last = int(rows["ts_ns"][-1])
        while at < len(edges) and edges[at] <= last:
            found[at] = int(rows["seq"][0]) + int(np.searchsorted(rows["ts_ns"], edges[at], side="left"))
            at += 1
    where = dict(zip(edges.tolist(), found.tolist(), strict=True))
    return [(max(first, where[begin]), where[end]) for begin, end in spans]


def _entry(index: int, span: Span, rows: tuple[int, int], empty: bool, run: Run | None) -> WindowEntry:  # noqa: FBT001
    begin, end, count = iso(span[0]), iso(span[1]), rows[1] - rows[0]
    if empty or run is None:
        state = "empty" if empty else "not_run"
        return WindowEntry(index=index, from_ts=begin, to_ts=end, rows=count, state=state)
    result = run.result
    if result is None:
        return WindowEntry(index=index, from_ts=begin, to_ts=end, rows=count, state="failed", problem=run.problem)
    totals = result.summary
    return WindowEntry(
        index=index,
        from_ts=begin,
        to_ts=end,
        rows=count,
        state="done" if result.meta.complete else "partial",
        session=result.meta.session,
        journal_sha256=result.journal_sha256,
        total=totals.total,
        executed=totals.executed,
        rejected=totals.rejected,
        execution_rate=_ratio(totals.executed, totals.total),
        pnl=totals.pnl,
        fees=totals.fees,
        max_drawdown=totals.max_drawdown,
        risk_rejection_reasons=totals.reject_reasons,
        results=result.attribution.strategy,
    )


def _summed(
    plan: Plan,
    whole: Span,
    spans: Sequence[Span],
    windows: Sequence[WindowEntry],
    answers: Sequence[Run | None],
    *,
    complete: bool,
) -> Rolling:
    ran = [window for window in windows if window.state in {"done", "partial", "empty"}]
    seen = coverage(*whole, [spans[window.index] for window in ran])
    configs = next((run.result.configs for run in answers if run and run.result), None)
    settings = plan.settings
    return Rolling(
        schema_version=SCHEMA_VERSION,
        kind=KIND,
        generated_at=iso(time.time_ns()),
        from_ts=iso(whole[0]),
        to_ts=iso(whole[1]),
        window_hours=plan.window_hours,
        step_hours=plan.step_hours,
        overlap_mode=overlap_mode(plan.window_hours, plan.step_hours),
        strategies=list(plan.strategies),
        execution_config=settings.exchange.model_dump(mode="json"),
        risk_config=settings.desk.risk.model_dump(mode="json"),
        models=_models(configs),
        tape_sha256=plan.tape.manifest.sha256,
        complete=complete and all(window.state in {"done", "empty"} for window in windows),
        summary=_totals(ran, seen),
        windows=list(windows),
        strategy_aggregate=_averages(ran),
    )


def _models(configs: Configs | None) -> dict[str, object]:
    return {} if configs is None else {name: text for name, text in configs.models.items() if isinstance(text, str)}


def _totals(ran: Sequence[WindowEntry], seen: Coverage) -> RollingTotals:
    reasons: Counter[str] = Counter()
    for window in ran:
        reasons.update(window.risk_rejection_reasons)
    known = [_u6(window.pnl or 0.0) for window in ran if window.pnl is not None]
    total, executed = sum(w.total for w in ran), sum(w.executed for w in ran)
    positive = sum(amount > 0 for amount in known)
    return RollingTotals(
        **msgspec.structs.asdict(seen),
        run_count=len(ran),
        total=total,
        executed=executed,
        rejected=sum(w.rejected for w in ran),
        execution_rate=_ratio(executed, total),
        empty_window_count=sum(w.total == 0 for w in ran),
        positive_window_count=positive,
        positive_window_rate=_ratio(positive, len(ran)),
        pnl_sum=cash(sum(known)),
        pnl_avg=round(cash(sum(known)) / len(known), _PLACES) if known else None,
        risk_rejection_reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def _averages(ran: Sequence[WindowEntry]) -> list[StrategyAverage]:
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
                sum(entry.trade_count for entry in found),
                cash(sum(pnl)) if pnl else None,
            )
        )
    return out


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, _PLACES) if whole else None


def _u6(amount: float) -> int:
    return round(amount * 1_000_000)
