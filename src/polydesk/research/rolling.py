"""Rolling backtests: the same settings over many windows, each a whole session with the full models."""

import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from polydesk.model.errors import ConfigError
from polydesk.research.coverage import Span, coverage, overlap_mode, rolling_windows
from polydesk.research.pool import Job, Run, Told, run_jobs
from polydesk.research.result import Configs
from polydesk.research.rolling_result import (
    KIND,
    SCHEMA_VERSION,
    Rolling,
    WindowEntry,
    averages_of,
    ratio,
    split_at,
    totals_of,
)
from polydesk.research.times import iso
from polydesk.run.compiled import Engine
from polydesk.run.settings import Settings
from polydesk.tape import Tape


class Plan(msgspec.Struct, frozen=True):
    """What a rolling backtest is about.

    Attributes:
        tape: Its span is the range.
        markets: To trade, by index; all when empty.
        settings: Prepared: strategies chosen, ``data_dir`` the folder of the windows' sessions.
        engine: Which loop runs the windows; the numbers are the same either way.
        tuned_until_ns: Up to when the data was looked at while the strategy was made; ``None`` when nobody says.
    """

    tape: Tape
    markets: tuple[int, ...]
    settings: Settings
    strategies: tuple[str, ...]
    window_hours: float
    step_hours: float
    workers: int | None = None
    tuned_until_ns: int | None = None
    engine: Engine = "auto"


def windows_of(plan: Plan) -> list[Span]:
    """Return the windows of a plan; nothing is run.

    Raises:
        ConfigError: A length is not positive, the range holds no row, or ``tuned_until_ns`` leaves one side empty.
    """
    begin_ns, end_ns = _edges(plan.tape)
    spans = rolling_windows(begin_ns, end_ns, plan.window_hours, plan.step_hours)
    at = plan.tuned_until_ns
    if at is not None and not (any(end <= at for _, end in spans) and any(begin >= at for begin, _ in spans)):
        raise ConfigError(
            f"--tuned-until {iso(at)}: needs a window that ends by then and one that begins then or later; the "
            f"{len(spans)} windows go from {iso(begin_ns)} to {iso(end_ns)}"
        )
    return spans


def run_rolling(plan: Plan, told: Told, stopping: Callable[[], None] = lambda: None) -> Rolling:
    """Run every window of a plan in local processes and sum them up.

    Args:
        plan: What to run.
        told: Called with windows done and windows in all.
        stopping: Called when an interruption was heard and the windows that run are waited for.

    Raises:
        ConfigError: As ``windows_of``.
        SessionError: A process died.
    """
    spans = windows_of(plan)
    rows = _row_ranges(plan.tape, spans)
    settings = plan.settings.model_dump_json().encode()
    tape = str(plan.tape.path.resolve())
    jobs = [
        Job(settings, tape, (first, stop), plan.markets, plan.engine) if stop > first else None for first, stop in rows
    ]
    answers, complete = run_jobs(jobs, plan.workers, told, stopping)
    windows = [
        _entry(index, span, rows[index], jobs[index] is None, answers[index]) for index, span in enumerate(spans)
    ]
    return _summed(plan, _edges(plan.tape), spans, windows, answers, complete=complete)


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
        problem="" if totals.sentinels == "ok" else totals.sentinels,
        session=result.meta.session,
        journal_sha256=result.journal_sha256,
        total=totals.total,
        executed=totals.executed,
        rejected=totals.rejected,
        execution_rate=ratio(totals.executed, totals.total),
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
    # A window that Ctrl-C cut short is told, but it is no result of a whole window.
    full = [window for window in ran if window.state == "done"]
    seen = coverage(*whole, [spans[window.index] for window in full], [spans[window.index] for window in ran])
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
        summary=totals_of(ran, full, seen),
        windows=list(windows),
        strategy_aggregate=averages_of(ran),
        split=None if plan.tuned_until_ns is None else split_at(plan.tuned_until_ns, full, spans),
    )


def _models(configs: Configs | None) -> dict[str, object]:
    return {} if configs is None else {name: text for name, text in configs.models.items() if isinstance(text, str)}
