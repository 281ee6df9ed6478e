"""``polydesk backtest cycle`` and ``nightly``: one command from the tape to files in a dated folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from polydesk.cli import backtest_options as options
from polydesk.cli.backtest_rolling import StepHours, WindowHours, counting, save, say_stopping, show
from polydesk.cli.boundary import INTERRUPTED
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import complain, emit_json, emit_line, examples, notices
from polydesk.cli.watch import watching

if TYPE_CHECKING:
    from polydesk.research.result import Result
    from polydesk.research.rolling import Plan
    from polydesk.research.rolling_result import Rolling
    from polydesk.run.compiled import Engine
    from polydesk.run.settings import Settings
    from polydesk.tape import Tape

CYCLE_EPILOG = examples(
    "polydesk backtest cycle",
    "polydesk backtest cycle --tape tapes/btc --strategy inventory_maker --engine compiled --out-dir results",
)
NIGHTLY_EPILOG = examples(
    "polydesk backtest nightly --tape tapes/week --window-hours 24 --step-hours 12 --rolling-reject-top-k 3"
)

OutDir = Annotated[
    Path | None,
    typer.Option(
        "--out-dir",
        metavar="DIR",
        help="Where run-<time> is made; else the data folder.",
        rich_help_panel=options.FILES,
    ),
]
LookBack = Annotated[
    float | None,
    typer.Option("--lookback-hours", metavar="HOURS", help="Only the last hours of the tape; all of it when omitted."),
]


def cycle(
    strategy: options.Strategies = [],  # noqa: B006 - typer copies it
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    lookback_hours: LookBack = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    seed: options.Seed = None,
    engine: options.EngineName = "auto",
    out_dir: OutDir = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Check the tape, backtest it and write the files into run-<time>; latest-run.json and latest point to it."""
    settings = load(config, [*overrides, "run.speed=max"], data_dir, {"--seed": ("run.seed", seed)}).settings
    loop = _engine(engine)
    ready, part, chosen = _prepare(settings, strategy, tape, sample, begin, end, lookback_hours, markets)
    from polydesk.research.cycle import new_run

    with new_run(out_dir or Path(ready.data_dir) / "backtests") as run:
        result = _backtest(ready, part, chosen, run, loop)
        _end(run, _facts(result), result, as_json=as_json)


def nightly(
    strategy: options.Strategies = [],  # noqa: B006 - typer copies it
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    lookback_hours: LookBack = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    window_hours: WindowHours = 24.0,
    step_hours: StepHours = 12.0,
    top_k: Annotated[
        int,
        typer.Option(
            "--rolling-reject-top-k",
            metavar="N",
            min=0,
            help="Refusal codes in the summary line; 0 for none.",
            rich_help_panel=options.WINDOWS,
        ),
    ] = 2,
    workers: options.Workers = None,
    seed: options.Seed = None,
    engine: options.EngineName = "auto",
    out_dir: OutDir = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Like cycle, and also a rolling backtest of the same range and a one-line summary.txt."""
    from polydesk.research.coverage import rolling_windows

    settings = load(config, [*overrides, "run.speed=max"], data_dir, {"--seed": ("run.seed", seed)}).settings
    loop = _engine(engine)
    rolling_windows(0, 1, window_hours, step_hours)  # says what is wrong with them before anything runs
    ready, part, chosen = _prepare(settings, strategy, tape, sample, begin, end, lookback_hours, markets)
    from polydesk.research.backtest import enabled
    from polydesk.research.cycle import new_run
    from polydesk.research.rolling import Plan, windows_of

    plan = Plan(part, chosen, ready, tuple(enabled(ready)), window_hours, step_hours, workers, engine=loop)
    windows_of(plan)
    with new_run(out_dir or Path(ready.data_dir) / "nightly") as run:
        result = _backtest(ready, part, chosen, run, loop)
        rolled = _roll(plan, run) if result.meta.complete else None
        _end_of_night(run, result, rolled, top_k, as_json=as_json)


def _roll(plan: "Plan", run: Path) -> "Rolling":
    """Run the windows of a night, write their summary and show it."""
    from polydesk.research.cycle import ROLLING
    from polydesk.research.rolling import run_rolling
    from polydesk.run.settings_load import override

    inside = override(plan.settings, [f"data_dir={run / 'windows'}"])
    with counting("windows") as told:
        rolled = run_rolling(msgspec.structs.replace(plan, settings=inside), told, say_stopping)
    save(rolled, run / ROLLING, checksum=True)
    show(rolled, as_json=True)
    return rolled


def _end_of_night(run: Path, result: "Result", rolled: "Rolling | None", top_k: int, *, as_json: bool) -> None:
    from polydesk.research.cycle import ROLLING, summary_line, write_summary_line

    files = {"rolling": str(run / ROLLING)} if rolled is not None else {}
    line = summary_line(result, rolled, top_k, files)
    write_summary_line(run, line)
    facts = {**_facts(result), "summary_line": line}
    if rolled is not None:
        facts |= {"rolling": msgspec.to_builtins(rolled.summary), "rolling_complete": rolled.complete}
        facts["complete"] = facts["complete"] and rolled.complete
    _end(run, facts, result, as_json=as_json, line=line, failed=rolled is not None and _failed(rolled))


def _prepare(
    settings: "Settings",
    strategy: list[str],
    tape: Path | None,
    sample: str,
    begin: str | None,
    end: str | None,
    lookback_hours: float | None,
    markets: list[str],
) -> tuple["Settings", "Tape", tuple[int, ...]]:
    """Return prepared settings, the checked tape with its span, and the markets chosen."""
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.research.backtest import prepared
        from polydesk.research.window import chosen_markets, last_hours, stretch
    ready = prepared(settings, strategy)
    source = options.opened(ready.data_dir, tape, sample)
    source.check_hash()
    part = stretch(source, begin, end)
    if lookback_hours is not None:
        part = last_hours(part, lookback_hours)
    return ready, part, chosen_markets(source.manifest.markets, markets)


def _engine(name: str) -> "Engine":
    """Return the engine of that name; says what is wrong with it before the tape is read."""
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.research.engines import known_engine
    return known_engine(name)


def _backtest(ready: "Settings", part: "Tape", chosen: tuple[int, ...], run: Path, engine: "Engine") -> "Result":
    """Run the backtest and write its files into the run's folder."""
    from polydesk.research.backtest import run_backtest
    from polydesk.research.result_files import write_result
    from polydesk.research.session_result import session_result
    from polydesk.research.window import warm_up
    from polydesk.run.finish import publish_results

    warm = warm_up(part, chosen, ready)
    with watching() as look:
        ended = run_backtest(ready, part, [], look, chosen, engine)
    for problem in publish_results(ended.path.parent.parent, ended.path):
        typer.echo(f"warning: {problem}", err=True)
    found = session_result(ended.path, warm, ended.engine)
    write_result(run, found.result, found.ledger)
    return found.result


def _facts(result: "Result") -> dict[str, Any]:
    return {
        "generated_at": result.summary.generated_at,
        "session": result.meta.session,
        "complete": result.meta.complete,
        "journal_sha256": result.journal_sha256,
        "tape_sha256": result.tape.sha256 if result.tape else "",
        "good_data": result.tape.good if result.tape else None,
        "summary": msgspec.to_builtins(result.summary),
    }


def _end(
    run: Path, facts: dict[str, Any], result: "Result", *, as_json: bool, line: str = "", failed: bool = False
) -> None:
    """Point to the run, print it and leave with its exit code."""
    from polydesk.research.cycle import point_to
    from polydesk.research.summary_md import summary_md

    files = sorted(str(path) for path in run.iterdir() if path.is_file())
    point_to(run, {**facts, "files": [Path(path).name for path in files]})
    for note in result.meta.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        emit_json({"run": str(run), **facts, "files": files})
    else:
        emit_line(line or summary_md(result).rstrip())
    typer.echo("Files: " + "\n       ".join(files), err=True)
    if failed:
        raise typer.Exit(1)
    if not facts["complete"]:
        raise typer.Exit(INTERRUPTED)


def _failed(rolled: "Rolling") -> bool:
    """Return whether a window ended in an error or with broken accounts, and say so."""
    problems = [f"window {window.index}: {window.problem}" for window in rolled.windows if window.problem]
    for problem in problems:
        complain(problem)
    return bool(problems)
