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
    from polydesk.report.tables import Table
    from polydesk.research.rolling_result import Rolling, Sample, WindowEntry

EPILOG = examples(
    "polydesk backtest rolling --window-hours 0.25 --step-hours 0.25 --markets 'btc-*'",
    "polydesk backtest rolling --tape tapes/week --window-hours 24 --step-hours 12 --out-json rolling.json --json",
    "polydesk backtest rolling --tape tapes/month --step-hours 24 --tuned-until 2026-04-20T00:00:00Z",
)

WindowHours = Annotated[
    float,
    typer.Option(
        "--window-hours", metavar="HOURS", help="Length of each window, virtual time.", rich_help_panel=options.WINDOWS
    ),
]
StepHours = Annotated[
    float,
    typer.Option(
        "--step-hours",
        metavar="HOURS",
        help="From the begin of a window to that of the next.",
        rich_help_panel=options.WINDOWS,
    ),
]


def rolling(
    strategy: options.Strategies = [],  # noqa: B006 - typer copies it
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    window_hours: WindowHours = 24.0,
    step_hours: StepHours = 12.0,
    tuned_until: Annotated[
        str | None,
        typer.Option(
            "--tuned-until",
            metavar="TIME",
            help="Data up to here was looked at while the strategy was made: tell windows before and after apart.",
            rich_help_panel=options.WINDOWS,
        ),
    ] = None,
    seed: options.Seed = None,
    queue: options.Queue = None,
    queue_power: options.QueuePower = None,
    order_latency_ms: options.OrderLatency = None,
    feed_latency_ms: options.FeedLatency = None,
    latency_file: options.LatencyFile = None,
    fee_scale: options.FeeScale = None,
    engine: options.EngineName = "auto",
    workers: options.Workers = None,
    out_json: Annotated[
        Path | None,
        typer.Option(
            "--out-json",
            metavar="FILE",
            help="The summary; rolling.json in --out-dir if omitted.",
            rich_help_panel=options.FILES,
        ),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out-dir",
            metavar="DIR",
            help="The windows' sessions; in the data folder if omitted.",
            rich_help_panel=options.FILES,
        ),
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
        from polydesk.research.documents import folder_for
        from polydesk.research.engines import compile_once, known_engine
        from polydesk.research.rolling import Plan, run_rolling, windows_of
        from polydesk.research.times import time_ns
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
        None if tuned_until is None else time_ns(tuned_until, "--tuned-until"),
        known_engine(engine),
    )
    windows_of(plan)  # says what is wrong before a folder is made
    compile_once(plan.settings, part, plan.engine)
    file = out_json or place / "rolling.json"
    with folder_for(place), folder_for(file.parent), counting("windows") as told:
        found = run_rolling(plan, told, say_stopping)
    save(found, file, checksum=checksum)
    show(found, as_json=as_json)
    typer.echo(f"\nFiles: {file}\n       {place / 'sessions'}", err=True)
    if as_json:
        emit_json({**msgspec.to_builtins(found), "file": str(file)})
    if not found.complete:
        raise typer.Exit(INTERRUPTED if any(w.state == "not_run" for w in found.windows) else 1)


def save(found: "Rolling", file: Path, *, checksum: bool) -> None:
    """Write the summary."""
    from polydesk.research.documents import with_checksum, write_json

    document = msgspec.to_builtins(found)
    write_json(file, with_checksum(document) if checksum else document)


def show(found: "Rolling", *, as_json: bool) -> None:
    """Print windows, strategies, refusals and coverage."""
    from polydesk.report.tables import Table
    from polydesk.report.terminal import print_table
    from polydesk.research.summary_md import amount

    totals, console = found.summary, results(as_json=as_json)
    windows = tuple(
        (str(w.index), w.from_ts[:16], _until(w), w.problem or w.state, str(w.total), str(w.executed),
         str(w.rejected), amount(w.pnl) if w.state in {"done", "partial"} else "-")
        for w in found.windows
        if w.state != "empty"
    )  # fmt: skip
    note = _coverage_text(found)
    if not found.complete:
        note = f"PARTIAL, not every window was run. {note}"
    if totals.unknown_window_count:
        note += f" PnL is not known of {totals.unknown_window_count} windows; they are left out of sums and shares."
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
        *_split_tables(found),
        Table("Refused by risk", ("reason", ">orders"), reasons),
    ):
        if table.rows:
            print_table(table, console, limit=len(table.rows))


def _until(window: "WindowEntry") -> str:
    """Return the end of a window; its date as well where that is another day than its begin's."""
    same = window.from_ts[:10] == window.to_ts[:10]
    return window.to_ts[11:16] if same else window.to_ts[5:16]


def _coverage_text(found: "Rolling") -> str:
    totals = found.summary
    silent = totals.run_count - totals.data_window_count
    told = (
        f"{found.overlap_mode} windows of {found.window_hours:g} h every {found.step_hours:g} h; "
        f"{totals.positive_window_count} of {totals.data_window_count} windows with data made a profit, "
        f"{totals.empty_window_count - silent} of them wanted no order; {totals.coverage_label} coverage: "
        f"{100 * totals.coverage_ratio:.1f} % of {totals.range_hours:g} h lie in windows with data, overlap "
        f"{100 * totals.overlap_ratio:.1f} %."
    )
    if not silent:
        return told
    return (
        f"{told} {silent} of {totals.run_count} windows hold no row of the tape and are not listed; with them "
        f"{100 * totals.time_coverage_ratio:.1f} % of the time was gone through."
    )


_FEW_WINDOWS = 10
"""Windows out of sample below which the note says that they prove little."""


def _split_tables(found: "Rolling") -> "list[Table]":
    from polydesk.report.tables import Table
    from polydesk.research.summary_md import amount

    split = found.split
    if split is None:
        return []

    def row(name: str, side: "Sample") -> tuple[str, ...]:
        share = "-" if side.positive_rate is None else f"{100 * side.positive_rate:.1f} %"
        average = "-" if side.pnl_avg is None else amount(side.pnl_avg)
        return (name, str(side.windows), share, amount(side.pnl_sum), average)

    rows = (row("in sample", split.in_sample), row("out of sample", split.out_of_sample))
    note = f"In sample: windows that end by {split.tuned_until[:19]}Z, up to which the data was looked at."
    if split.neither:
        note += f" Windows that lie across it count on no side: {split.neither}."
    if split.out_of_sample.windows < _FEW_WINDOWS:
        note += f" Fewer than {_FEW_WINDOWS} windows out of sample prove little."
    columns = ("", ">windows with data", ">with a profit", ">PnL sum", ">average")
    return [Table("In and out of sample", columns, rows, note=note)]


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
