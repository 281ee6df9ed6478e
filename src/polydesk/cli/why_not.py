"""``polydesk backtest why-not``: why nothing was traded in a market at a moment."""

from typing import Annotated

import typer

from polydesk.cli.options import AsJson, DataDir, SessionOption
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.cli.report import sessions_folder

EPILOG = examples(
    "polydesk backtest why-not 3 07:12:30",
    "polydesk backtest why-not btc-updown-5m-1776323400 2026-04-16T07:12:30Z --session latest",
    "polydesk backtest why-not 0 52000 --json",
)


def why_not(
    market: Annotated[str, typer.Argument(metavar="MARKET", help="Index, name or part of it, condition or token id.")],
    at: Annotated[str, typer.Argument(metavar="TIME", help="Time of day (UTC), ISO time, or number of a tape row.")],
    session: SessionOption = "latest",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a session did not trade in a market at a moment, and what would have had to be different."""
    import msgspec

    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.report.session import find_session, open_session
        from polydesk.report.terminal import print_table
        from polydesk.research.why_not import why_not as answer
        from polydesk.research.why_not_text import headline, tables

    folder = find_session(sessions_folder(data_dir), session)
    with notices().status("rebuilding the desk at that moment"):
        found = answer(open_session(folder), market, at)
    if as_json:
        emit_json(msgspec.to_builtins(found))
        return
    console = results(as_json=False)
    console.print(headline(found), markup=False)
    for table in tables(found):
        print_table(table, console, limit=len(table.rows))
