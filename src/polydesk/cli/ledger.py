"""``polydesk ledger``: the tables that repeat the session journals."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from polydesk.cli.options import AsJson, DataDir, load
from polydesk.cli.output import emit_json, emit_line, examples
from polydesk.model.errors import ConfigError

app = typer.Typer(
    help="Fill the ledger again from the session journals.",
    epilog=examples("polydesk ledger rebuild latest"),
    no_args_is_help=True,
)


@app.callback()
def root() -> None:
    """Keep ``rebuild`` a command of a group."""


@app.command(
    epilog=examples("polydesk ledger rebuild latest", "polydesk ledger rebuild --all --data-dir polydesk-data")
)
def rebuild(
    session: Annotated[
        str | None, typer.Argument(metavar="[SESSION]", help="Name of a session, or `latest`.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every session of the data folder.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compute ledger rows and report files again from the journals; killed sessions are picked up too.

    With --all a ledger that is damaged or of another version is set aside and a new one is filled. Nothing is lost
    either way: the journals hold everything.
    """
    if everything == (session is not None):
        raise ConfigError("give either a SESSION or --all")
    from polydesk.report.session import find_session, find_sessions
    from polydesk.run.finish import rebuild_results

    root = data_dir if data_dir is not None else Path(load(None, []).settings.data_dir)
    folders = find_sessions(root) if session is None else [find_session(root, session)]
    for folder in folders:
        if folder.parent.resolve() != (root / "sessions").resolve():
            raise ConfigError(f"{session}: is not a session of {root}; name its data folder with --data-dir")
    found = rebuild_results(root, folders, replace=everything)
    for problem in found.problems:
        typer.echo(f"warning: {problem}", err=True)
    if found.kept:
        typer.echo(f"the ledger could not be used; it is kept as {found.kept}", err=True)
    if as_json:
        emit_json(msgspec.to_builtins(found))
    else:
        emit_line(f"{found.ledger}: {found.sessions} sessions, {found.records} records")
    if found.problems:
        raise typer.Exit(1)
