"""``polydesk backtest rolling``: the same settings over many windows."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from polydesk.cli import backtest_options as options
from polydesk.cli.boundary import INTERRUPTED
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import emit_json, examples, notices, results

if TYPE_CHECKING:
    from polydesk.research.rolling import Rolling

EPILOG = examples(
    "polydesk backtest rolling --window-hours 0.25 --step-hours 0.25 --markets 'btc-*'",
    "polydesk backtest rolling --tape tapes/week --window-hours 24 --step-hours 12 --out-json rolling.json --json",
)

WindowHours = Annotated[float, typer.Option("--window-hours", help="Length of each window, hours of virtual time.")]
StepHours = Annotated[float, typer.Option("--step-hours", help="From the begin of a window to that of the next.")]


def rolling(
    strategy: options.Strategies = [],  # noqa: B006 - typer copies it
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    window_hours: WindowHours = 24.0,
    step_hours: StepHours = 12.0,
    seed: options.Seed = None,
    queue: options.Queue = None,
    queue_power: options.QueuePower = None,
    order_latency_ms: options.OrderLatency = None,
    feed_latency_ms: options.FeedLatency = None,
    latency_file: options.LatencyFile = None,
    fee_scale: options.FeeScale = None,
    workers: options.Workers = None,
    out_json: Annotated[
        Path | None,
        typer.Option("--out-json", metavar="FILE", help="The summary; rolling.json in --out-dir if omitted."),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out-dir", metavar="DIR", help="The windows' sessions; in the data folder if omitted."),
    ] = None,
    checksum: options.Checksum = True,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Backtest many windows in parallel, each with the full models, and sum them up with their coverage.

    A window begins with the books as they stood, without positions. Ctrl-C lets the running windows end and writes a
    summary that says it is partial.
    """
    flags = options.model_flags(seed, queue, queue_power, order_latency_ms, feed_latency_ms, latency_file, fee_scale)
    settings = load(config, [*overrides, "run.speed=max"], data_dir, flags).settings
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.research.backtest import enabled, prepared
        from polydesk.research.documents import ready_folder
        from polydesk.research.rolling import Plan, run_rolling
        from polydesk.research.window import chosen_markets, stretch
        from polydesk.run.settings_load import override
    ready = prepared(settings, strategy)
    part = stretch(options.opened(ready.data_dir, tape, sample), begin, end)
    place = out_dir or Path(ready.data_dir) / "rolling" / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    plan = Plan(
        part,
        chosen_markets(part.manifest.markets, markets),
        override(ready, [f"data_dir={place}"]),
        tuple(enabled(ready)),
        window_hours,
        step_hours,
        workers,
    )
    ready_folder(place)
    if out_json is not None:
        ready_folder(out_json.parent)
    with counting("windows") as told:
        found = run_rolling(plan, told, say_stopping)
    file = save(found, out_json or place / "rolling.json", checksum=checksum)
    show(found, as_json=as_json)
    typer.echo(f"\nFiles: {file}\n       {place / 'sessions'}", err=True)
    if as_json:
        emit_json({**msgspec.to_builtins(found), "file": str(file)})
    if not found.complete:
        raise typer.Exit(INTERRUPTED if any(w.state == "not_run" for w in found.windows) else 1)


def save(found: "Rolling", file: Path, *, checksum: bool) -> Path:
    """Write the summary and return its path."""
    from polydesk.research.documents import with_checksum, write_json

    document = msgspec.to_builtins(found)
    write_json(file, with_checksum(document) if checksum else document)
    return file


def show(found: "Rolling", *, as_json: bool) -> None:
    """Print windows, strategies, refusals and coverage."""
    from polydesk.report.tables import Table
    from polydesk.report.terminal import print_table
    from polydesk.research.summary_md import amount

    totals, console = found.summary, results(as_json=as_json)
    windows = tuple(
        (str(w.index), w.from_ts[:16], w.to_ts[11:16], w.problem or w.state, str(w.total), str(w.executed),
         str(w.rejected), amount(w.pnl) if w.state in {"done", "partial"} else "-")
        for w in found.windows
        if w.state != "empty"
    )  # fmt: skip
    silent = sum(w.state == "empty" for w in found.windows)
    note = (
        f"{found.overlap_mode} windows of {found.window_hours:g} h every {found.step_hours:g} h; "
        f"{totals.coverage_label} coverage: {100 * totals.coverage_ratio:.1f} % of {totals.range_hours:g} h, overlap "
        f"{100 * totals.overlap_ratio:.1f} %; {totals.positive_window_count} of {totals.run_count} windows with a "
        f"profit, {totals.empty_window_count} without an order."
    )
    if silent:
        note += f" {silent} windows hold no row of the tape and are not listed; the coverage is of time, not of data."
    if not found.complete:
        note = f"PARTIAL, not every window was run. {note}"
    columns = ("#", "from, UTC", "to", "state", ">wanted", ">executed", ">refused", ">PnL, pUSD")
    strategies = tuple(
        (s.strategy, str(s.windows), amount(s.pnl_sum), amount(s.avg_pnl),
         "-" if s.avg_winrate is None else f"{100 * s.avg_winrate:.1f} %", str(s.total_trades))
        for s in found.strategy_aggregate
    )  # fmt: skip
    total = ("", "", "", "all", str(totals.total), str(totals.executed), str(totals.rejected), amount(totals.pnl_sum))
    reasons = tuple((code, str(count)) for code, count in totals.risk_rejection_reasons.items())
    for table in (
        Table("Windows", columns, windows, total, note),
        Table("Strategies", ("strategy", ">windows", ">PnL sum", ">average", ">win rate", ">trades"), strategies),
        Table("Refused by risk", ("reason", ">orders"), reasons),
    ):
        if table.rows:
            print_table(table, console, limit=len(table.rows))


def say_stopping() -> None:
    """Tell that an interruption was heard."""
    typer.echo("interrupted: the windows that run come to their end first; Ctrl-C again leaves them", err=True)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what a row of jobs tells its progress to: a bar with rate and time left, or lines where no one watches."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = notices()
    if not console.is_terminal:
        began = time.monotonic()

        def line(done: int, total: int) -> None:
            taken = time.monotonic() - began
            left = f", about {taken / done * (total - done):.0f} s left" if done and done < total and taken > 1 else ""
            typer.echo(f"{done} of {total} {what}{left}", err=True)

        yield line
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("ETA"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
