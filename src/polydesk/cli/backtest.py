"""``polydesk backtest``: strategies over a tape, through the same desk as ``run``; and what to do with the results."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polydesk.cli import backtest_compare, backtest_cycle, backtest_files, backtest_rolling, backtest_signals
from polydesk.cli import backtest_options as options
from polydesk.cli import lookahead as look_ahead
from polydesk.cli import sensitivity as grid
from polydesk.cli import why_not as nothing_done
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import examples, notices
from polydesk.cli.watch import conclude, watching
from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.report.build import Report
    from polydesk.research.window import WarmUp
    from polydesk.run.compiled import Engine
    from polydesk.run.session import Look, SessionResult
    from polydesk.run.settings import Settings
    from polydesk.tape import Tape

EPILOG = examples(
    "polydesk backtest --strategy mean_reversion",
    "polydesk backtest --tape tapes/btc --from 2026-04-16T07:20:00Z --to 2026-04-16T07:40:00Z --markets 'btc-*'",
    "polydesk backtest --tape tapes/btc --strategy inventory_maker "
    "--set desk.strategies.inventory_maker.half_spread=0.02 --out-dir results/wide --json",
    "polydesk backtest compare latest results/wide/backtest.json",
)

app = typer.Typer(epilog=EPILOG)


@app.callback(invoke_without_command=True)
def backtest(
    context: typer.Context,
    strategy: options.Strategies = [],  # noqa: B006 - typer copies it
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    seed: options.Seed = None,
    queue: options.Queue = None,
    queue_power: options.QueuePower = None,
    order_latency_ms: options.OrderLatency = None,
    feed_latency_ms: options.FeedLatency = None,
    latency_file: options.LatencyFile = None,
    fee_scale: options.FeeScale = None,
    engine: options.EngineName = "auto",
    other_queue: Annotated[
        bool,
        typer.Option(
            help="Run again under another queue rule, for the report: one rule proves little.",
            rich_help_panel="Second run",
        ),
    ] = True,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out-dir",
            metavar="DIR",
            help="Where the files go; beside the session if omitted.",
            rich_help_panel=options.FILES,
        ),
    ] = None,
    checksum: options.Checksum = True,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Run strategies over a tape as fast as it goes, through the same desk, risk and exchange as `polydesk run`.

    The rows before --from fill the books and nothing else. Positions held at --to are worth their bid. Ctrl-C ends the
    run in order: the files then say that they are partial.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    flags = options.model_flags(seed, queue, queue_power, order_latency_ms, feed_latency_ms, latency_file, fee_scale)
    settings = load(config, [*overrides, "run.speed=max"], data_dir, flags).settings
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.research.backtest import prepared
        from polydesk.research.documents import folder_for
        from polydesk.research.engines import known_engine
        from polydesk.research.window import chosen_markets, stretch, warm_up
    ready = prepared(settings, strategy)
    loop = known_engine(engine)
    part = stretch(options.opened(ready.data_dir, tape, sample), begin, end)
    chosen = chosen_markets(part.manifest.markets, markets)
    warm = warm_up(part, chosen, ready)
    with folder_for(out_dir) if out_dir is not None else nullcontext():
        ended, second = _both_rules(ready, part, chosen, loop, wanted=other_queue)

    def write(report: "Report") -> Mapping[str, Any]:
        return written(ended.path, out_dir, warm, ended.engine, report, second, checksum=checksum)

    conclude(ended, as_json=as_json, more=write, interrupted=second == CUT_OFF)


CUT_OFF = "stopped before the second queue rule was done: the report shows one rule"


def _both_rules(
    settings: "Settings", tape: "Tape", markets: tuple[int, ...], engine: "Engine", *, wanted: bool
) -> tuple["SessionResult", str]:
    """Run the session, then again under another queue rule where that is wanted.

    Returns:
        The session, and what is missing of the second run. Once the session has ended Ctrl-C cannot lose it.
    """
    from polydesk.research.backtest import run_backtest
    from polydesk.research.reruns import compare_queues, other_queues
    from polydesk.run.session import run_session

    def run(changed: "Settings", source: "Tape", mode: str, look: "Look") -> "SessionResult":
        return run_session(changed, source, mode, look, markets, engine)

    ended: SessionResult | None = None
    try:
        with watching() as look:
            ended = run_backtest(settings, tape, [], look, markets, engine)
        if wanted and ended.reason == "tape_end":
            notices().print(f"again under the {other_queues(settings)[0]} queue rule", markup=False)
            with watching() as look:
                compare_queues(settings, tape, ended.path, look=look, run=run)
    except KeyboardInterrupt:
        if ended is None:
            raise
        typer.echo(f"warning: {CUT_OFF}", err=True)
        return ended, CUT_OFF
    return ended, ""


def written(
    folder: Path,
    out_dir: Path | None,
    warm: "WarmUp | None",
    engine: str,
    report: "Report",
    missing: str = "",
    *,
    checksum: bool = True,
) -> dict[str, Any]:
    """Write a session's result files, say where, and return the fields they add to the final JSON.

    ``missing`` says what of the result was cut off after the session; the document notes it.
    """
    from polydesk.research.documents import with_checksum, write_json
    from polydesk.research.result_files import FOLDER, JSON, as_document, write_result
    from polydesk.research.session_result import session_result

    found = session_result(folder, warm, engine, report, missing)
    place = out_dir if out_dir is not None else folder / FOLDER
    files = write_result(place, found.result, found.ledger, checksum=checksum)
    if out_dir is not None:
        # Lists and comparisons find a session's result beside it, wherever its files went.
        write_json(folder / FOLDER / JSON, with_checksum(as_document(found.result)))
    notes = found.result.meta.notes
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    tape = found.result.tape
    return {
        "complete": found.result.meta.complete and not missing,
        "partial": next((note for note in notes if note.startswith("partial")), ""),
        "window": None if tape is None else {"rows": tape.rows, "markets": tape.markets, "warm_up": tape.warm_up},
        "files": [str(path) for path in files],
    }


def _refuse_options(context: typer.Context) -> None:
    """Options before a sub-command would be ignored without a word.

    Raises:
        ConfigError: There is one.
    """
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            flag = next(p.opts[0] for p in context.command.params if p.name == name)
            raise ConfigError(f"{flag} stands before {context.invoked_subcommand!r}: write it behind that command")


backtest_files.mount(app)
app.command("rolling", epilog=backtest_rolling.EPILOG)(backtest_rolling.rolling)
app.command("compare", epilog=backtest_compare.EPILOG)(backtest_compare.compare_command)
app.command("signals", epilog=backtest_signals.EPILOG)(backtest_signals.signals_command)
app.command("sensitivity", epilog=grid.EPILOG)(grid.sensitivity)
app.command("why-not", epilog=nothing_done.EPILOG)(nothing_done.why_not)
app.command("lookahead", epilog=look_ahead.EPILOG)(look_ahead.lookahead)
app.command("cycle", epilog=backtest_cycle.CYCLE_EPILOG)(backtest_cycle.cycle)
app.command("nightly", epilog=backtest_cycle.NIGHTLY_EPILOG)(backtest_cycle.nightly)
