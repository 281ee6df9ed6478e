"""After a session: ledger and exports, both computed from the journal and both replaceable."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from polydesk.model.errors import JournalError, LedgerError, PolydeskError, TapeError
from polydesk.model.market import Market
from polydesk.model.records import SessionStarted
from polydesk.store import (
    FILE_NAME,
    differing_mark,
    name_markets,
    open_ledger,
    rebuild_command,
    refill,
    tail,
    write_exports,
)
from polydesk.store.export_settings import start_cash_u6
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import read_journal
from polydesk.tape.manifest import FILE_NAME as MANIFEST
from polydesk.tape.manifest import read_manifest

REPORTS = "reports"


class Rebuilt(msgspec.Struct, frozen=True):
    """What ``rebuild_results`` did.

    Attributes:
        ledger: The ledger's file.
        kept: Where an unusable ledger was put; empty when there was none.
        sessions: Sessions computed again.
        records: Journal records applied.
        problems: What could not be computed, one sentence each.
    """

    ledger: str
    kept: str
    sessions: int
    records: int
    problems: list[str]


def publish_results(data_dir: Path, folder: Path) -> list[str]:
    """Bring the ledger up to date and write the exports of a session.

    Returns:
        What could not be written or does not agree, one sentence each. The journal holds everything, so nothing is
        lost: each sentence names the command that repeats it.
    """
    again = rebuild_command(data_dir, folder.name)
    markets, problems = _markets(folder)
    try:
        with open_ledger(data_dir / FILE_NAME) as ledger:
            tail(ledger, folder)
            if markets is not None:
                name_markets(ledger, folder.name, markets)
            start = start_cash_u6(_header(folder))
            differs = "" if start is None else differing_mark(ledger, folder.name, start)
    except (LedgerError, JournalError) as err:
        problems.append(_with_command(f"ledger not updated: {err}", again))
    else:
        problems += [f"the ledger disagrees with the desk: {differs}"] if differs else []
    return problems + _write_exports(folder, markets, again)


def rebuild_results(data_dir: Path, folders: Iterable[Path], *, replace: bool) -> Rebuilt:
    """Compute the ledger's rows and the exports of sessions again, from their journals; also of killed sessions.

    Args:
        data_dir: Where the ledger is.
        folders: The sessions.
        replace: Whether a ledger that cannot be used is set aside and a new one filled; then give all sessions.

    Raises:
        LedgerError: The ledger is locked or read-only, or the disk is full.
    """
    problems: list[str] = []
    markets: dict[Path, tuple[Market, ...] | None] = {}
    for folder in folders:
        markets[folder], missing = _markets(folder)
        problems += [f"{folder.name}: {problem}" for problem in missing]
    filled = refill(data_dir, markets, replace=replace)
    problems += filled.problems
    for folder, known in markets.items():
        if folder.name in filled.records:
            told = _write_exports(folder, known, rebuild_command(data_dir, folder.name))
            problems += [f"{folder.name}: {problem}" for problem in told]
    return Rebuilt(str(data_dir / FILE_NAME), filled.kept, len(filled.records), sum(filled.records.values()), problems)


def _write_exports(folder: Path, markets: tuple[Market, ...] | None, again: str) -> list[str]:
    if markets is None:
        return [f"exports not written: they need the markets' names; put {MANIFEST} back and repeat with {again}"]
    try:
        write_exports(folder / JOURNAL, markets, folder / REPORTS)
    except (LedgerError, JournalError) as err:
        return [_with_command(f"exports not written: {err}", again)]
    return []


def _markets(folder: Path) -> tuple[tuple[Market, ...] | None, list[str]]:
    """Return the session's markets, from its own copy of the manifest or the tape's, and what is missing."""
    try:
        return read_manifest(folder).markets, []
    except TapeError as err:
        state = f"cannot be used ({err})" if (folder / MANIFEST).exists() else "is missing"
    try:
        header = _header(folder)
        manifest = read_manifest(Path(header.tape_path))
    except PolydeskError:
        return None, [f"{folder / MANIFEST} {state}, and the session's tape is not there: markets have no names"]
    if manifest.sha256 != header.tape_sha256:
        return None, [f"{folder / MANIFEST} {state}, and {header.tape_path} holds another tape: markets have no names"]
    return manifest.markets, [
        f"{folder / MANIFEST} {state}; the names of its markets are taken from {header.tape_path}"
    ]


def _header(folder: Path) -> SessionStarted:
    header = next(read_journal(folder / JOURNAL), None)
    if not isinstance(header, SessionStarted):
        raise JournalError(f"{folder / JOURNAL}: no session header; the session never began")
    return header


def _with_command(problem: str, command: str) -> str:
    return problem if "polydesk ledger rebuild" in problem else f"{problem}; then repeat it with {command}"
