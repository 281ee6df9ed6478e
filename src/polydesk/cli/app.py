"""The root command and the error boundary."""

import importlib
import sys
from typing import Annotated, Any

import structlog
import typer
import typer.main
from typer.core import TyperGroup

from polydesk import __version__
from polydesk.cli import backtest, config, ledger, replay, report, run
from polydesk.cli.output import EXIT_CODES, complain
from polydesk.model.errors import PolydeskError

INTERRUPTED = 130

_SLOW = {"tape": "polydesk.cli.tape"}
"""Command groups whose modules import the heavy libraries; their place in the help is kept by an empty group."""


class Boundary(TyperGroup):
    """Turns the program's own errors into one line and an exit code; anything else is a bug and shows its trace."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, importing those that are slow to import only now."""
        if args and args[0] in _SLOW:
            module = importlib.import_module(_SLOW[args[0]])
            self.commands[args[0]] = typer.main.get_command(module.app)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command chosen on the command line."""
        try:
            return super().invoke(ctx)
        except PolydeskError as err:
            complain(" ".join(str(err).split()))
            raise typer.Exit(err.exit_code) from err
        except KeyboardInterrupt as err:
            complain("interrupted")
            raise typer.Exit(INTERRUPTED) from err
        except OSError as err:
            # What the rooms do not turn into an error of their own is the terminal or the file stdout goes to.
            complain(f"{err.filename or 'output'}: cannot be read or written ({err.strerror})")
            raise typer.Exit(PolydeskError.exit_code) from err


app = typer.Typer(
    cls=Boundary,
    name="polydesk",
    help="A trading desk for Polymarket: record, decide, check risk, execute, settle and explain.",
    epilog=f"Start with: polydesk run\n\n{EXIT_CODES}",
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


app.command("run", epilog=run.EPILOG)(run.run)
app.command("backtest", epilog=backtest.EPILOG)(backtest.backtest)
app.command("replay", epilog=replay.EPILOG)(replay.replay)
app.command("report", epilog=report.REPORT_EPILOG)(report.report)
app.command("explain", epilog=report.EXPLAIN_EPILOG)(report.explain)
app.add_typer(typer.Typer(help="Make tapes from recordings, look at them, check them."), name="tape")
app.add_typer(ledger.app, name="ledger")
app.add_typer(config.app, name="config")


def main() -> None:
    """Run the command line."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    try:
        app()
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(INTERRUPTED)
