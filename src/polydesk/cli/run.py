"""``polydesk run``: trade a recording on paper."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.cli.dashboard import PORT, beside, keep_serving, ready
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import complain, emit_json, examples, notices
from polydesk.cli.watch import conclude, watching
from polydesk.model.errors import ConfigError, SafetyRefusal

if TYPE_CHECKING:
    from polydesk.monitor.spawn import Starting
    from polydesk.run.settings import Settings
    from polydesk.tape import Tape

EPILOG = examples(
    "polydesk run",
    "polydesk run --speed max --exit-when-done --json",
    "polydesk run --tape tapes/btc --seed 7 --set desk.strategies.mean_reversion.enabled=false",
    "polydesk run --sample trade-engine --speed 30",
    "polydesk run --dashboard --port 9000 --lang zh --stay",
    "polydesk run --resume latest",
)

_DASHBOARD = "Dashboard"


def run(
    tape: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tape to trade on; the bundled recordings when omitted.")
    ] = None,
    sample: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Which bundled recordings: default, resolvedkit or trade-engine; see data/README.md."
        ),
    ] = "default",
    mode: Annotated[str, typer.Option(metavar="paper|live", help="What the orders do.")] = "paper",
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of everything random; run.seed when omitted.")
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(metavar="X|max", help="Virtual seconds per second, or max; run.speed when omitted."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="SESSION", help="Continue an interrupted session (or `latest`).")
    ] = None,
    exit_when_done: Annotated[
        bool | None,
        typer.Option(
            "--exit-when-done/--stay",
            help="Leave at the end, or serve the dashboard until Ctrl-C. Without either: until Ctrl-C on a terminal, "
            "otherwise for half a minute or while a page is open.",
            show_default=False,
            rich_help_panel=_DASHBOARD,
        ),
    ] = None,
    dashboard: Annotated[
        bool | None,
        typer.Option(
            "--dashboard/--no-dashboard",
            help="Show the session in the browser; by default when stdout is a terminal or --port is given.",
            show_default=False,
            rich_help_panel=_DASHBOARD,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=65_535,
            help="Port of the dashboard on this machine, 8888; the next free one if in use.",
            rich_help_panel=_DASHBOARD,
        ),
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", metavar="en|zh", help="Language of the dashboard.", rich_help_panel=_DASHBOARD)
    ] = "en",
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Trade recorded Polymarket books on paper and print the report. Ctrl-C ends cleanly.

    Prices, sizes and times are the recording's; orders, fills and money are simulated. No account is needed.
    """
    if mode == "live":
        _refuse_live(as_json=as_json)
    if mode != "paper":
        raise ConfigError(f"--mode {mode!r}: choose paper or live")
    if resume is not None and (tape is not None or seed is not None):
        raise ConfigError("--resume takes tape and seed from the session's journal; leave --tape and --seed out")
    if tape is not None and sample != "default":
        raise ConfigError("--tape and --sample both name recordings; leave one out")
    if resume is not None and any(not key.startswith(("run.", "data_dir")) for key in overrides):
        raise ConfigError(
            "--resume takes the configuration from the session's journal; leave --set out, or use replay --set"
        )
    if lang not in {"en", "zh"}:
        raise ConfigError(f"--lang {lang!r}: choose en or zh")
    flags = {"--seed": ("run.seed", seed), "--speed": ("run.speed", speed)}
    settings = paced(load(config, overrides, data_dir, flags).settings)
    shown = dashboard if dashboard is not None else port is not None or sys.stdout.isatty()
    with beside(Path(settings.data_dir), port or PORT, lang, wanted=shown) as starting:
        _trade(settings, tape, sample, mode, resume, starting, exit_when_done=exit_when_done, as_json=as_json)


def _trade(
    settings: "Settings",
    tape: Path | None,
    sample: str,
    mode: str,
    resume: str | None,
    starting: "Starting | None",
    *,
    exit_when_done: bool | None,
    as_json: bool,
) -> None:
    """Run or continue a session, print its report and serve its dashboard on."""
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.run.session import has_ended, resume_session, run_session
    if resume is not None:
        from polydesk.report.session import find_session

        folder = find_session(Path(settings.data_dir), resume)
        news = not has_ended(folder)
        if not news:
            typer.echo(f"session {folder.name} has ended, there is nothing to continue; this is its report", err=True)
        found = ready(starting)
        with watching() as look:
            ended = resume_session(settings, folder, look)
    else:
        news = True
        source = recorded(settings, tape, sample)
        warn_of(source)
        found = ready(starting)
        with watching() as look:
            ended = run_session(settings, source, mode, look)
    stay = None if found is None or exit_when_done else partial(keep_serving, found, for_ever=_for_ever(exit_when_done))
    conclude(ended, as_json=as_json, stay=stay, news=news)


def _for_ever(exit_when_done: bool | None) -> bool:
    """Return whether the dashboard stays until Ctrl-C: with ``--stay``, or when somebody sits at the terminal."""
    return sys.stdout.isatty() if exit_when_done is None else not exit_when_done


def warn_of(tape: "Tape") -> None:
    """Say so when a tape is not good data; it is traded all the same, and the report says it again."""
    from rich.progress import Progress

    from polydesk.tape import verdict_of, warning_text

    console = notices()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("checking the recording, once per tape", total=tape.manifest.rows)
        verdict = verdict_of(tape, progress=lambda done, _total: progress.update(task, completed=done))
    told = warning_text(verdict, str(tape.path))
    if told:
        typer.echo(f"warning: {told}", err=True)


def paced(settings: "Settings") -> "Settings":
    """Return the settings with ``run.speed`` ``auto`` decided: 60 for somebody who watches, otherwise max."""
    from polydesk.run.settings_load import override

    if settings.run.speed != "auto":
        return settings
    return override(settings, [f"run.speed={'60.0' if sys.stdout.isatty() else 'max'}"])


def recorded(settings: "Settings", tape: Path | None, sample: str = "default") -> "Tape":
    """Open the tape named, or bundled recordings, which are imported the first time."""
    from polydesk.tape import ensure_sample, open_tape

    if tape is not None:
        return open_tape(tape)
    return ensure_sample(Path(settings.data_dir) / "tapes", sample, note=lambda text: typer.echo(text, err=True))


def _refuse_live(*, as_json: bool) -> None:
    from polydesk.run.live import missing_for_live

    missing = missing_for_live()
    for item in missing:
        complain(f"live trading: {item}")
    if as_json:
        emit_json({"mode": "live", "refused": True, "missing": missing})
    raise typer.Exit(SafetyRefusal.exit_code)
