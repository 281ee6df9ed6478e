"""The root command: every command with its place in the help."""

import io
import sys
from typing import Annotated

import structlog
import typer

from polydesk import __version__
from polydesk.cli import backtest, config, dashboard, demo, init, ledger, replay, report, run
from polydesk.cli.boundary import INTERRUPTED, Boundary, ended
from polydesk.cli.output import complain, examples

START, LOOK, TRY, DATA, SET_UP = "Start here", "Look", "Test ideas", "Data", "Set up"
"""The groups of the help, in the order in which they appear."""

app = typer.Typer(
    cls=Boundary,
    name="polydesk",
    help="A trading desk for Polymarket: record, decide, check risk, execute, settle and explain.",
    epilog=examples("polydesk demo", "polydesk run --speed max", "polydesk report latest --html report.html"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"polydesk {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options of the root command."""


app.command(
    "demo", epilog=demo.EPILOG, rich_help_panel=START, short_help="One minute: a real session, told step by step."
)(demo.demo)
app.command("run", epilog=run.EPILOG, rich_help_panel=START, short_help="Trade a recording on paper.")(run.run)
app.command(
    "init", epilog=init.EPILOG, rich_help_panel=START, short_help="Write your configuration by answering questions."
)(init.init)
app.command(
    "dashboard",
    epilog=dashboard.EPILOG,
    rich_help_panel=LOOK,
    short_help="Show sessions in the browser, as they happen.",
)(dashboard.dashboard)
app.command("report", epilog=report.REPORT_EPILOG, rich_help_panel=LOOK, short_help="Show the result of a session.")(
    report.report
)
app.command(
    "explain", epilog=report.EXPLAIN_EPILOG, rich_help_panel=LOOK, short_help="Tell why an order was sent or refused."
)(report.explain)
app.add_typer(
    backtest.app,
    name="backtest",
    rich_help_panel=TRY,
    short_help="Run strategies over a tape, at full speed; compare, roll, verify.",
)
app.command(
    "replay", epilog=replay.EPILOG, rich_help_panel=TRY, short_help="Prove a session, or ask what if it had differed."
)(replay.replay)
app.add_typer(
    typer.Typer(
        help="Make tapes from recordings, look at them, check them.",
        epilog=examples("polydesk tape import recording.jsonl.zst --out tapes/mine", "polydesk tape verify tapes/mine"),
    ),
    name="tape",
    rich_help_panel=DATA,
)
app.add_typer(ledger.app, name="ledger", rich_help_panel=DATA)
app.add_typer(config.app, name="config", rich_help_panel=SET_UP)


def main() -> None:
    """Run the command line."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark for it, and not half a report.
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
    try:
        app()
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(INTERRUPTED)
    finally:
        _flush()


def _flush() -> None:
    """Write what stdout still holds, so that a full disk is told in words and not by the interpreter."""
    try:
        with ended(as_json=False):
            sys.stdout.flush()
    except typer.Exit as err:
        sys.exit(err.exit_code)
