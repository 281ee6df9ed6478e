"""The backtests that are on disk, by name, folder or file."""

from pathlib import Path

import msgspec

from polydesk.model.errors import PolydeskError
from polydesk.model.records import SessionStarted
from polydesk.report.session import find_session
from polydesk.research.documents import ResultError
from polydesk.research.result import Result
from polydesk.research.result_files import FOLDER, JSON, read_result
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import read_journal


class Listed(msgspec.Struct, frozen=True):
    """One backtest as a list shows it.

    Attributes:
        session: Name.
        started_ns: Wall time.
        file: Its document; empty when it has none (yet).
        result: What the document says; ``None`` without one that can be read.
        problem: Why it cannot be read; empty otherwise.
    """

    session: str
    started_ns: int
    file: str
    result: Result | None
    problem: str = ""


def list_results(data_dir: Path, most: int) -> list[Listed]:
    """Return the newest ``most`` backtests of a data folder, the newest first; other sessions are left out."""
    found = []
    for path in (data_dir / "sessions").glob(f"*/{JOURNAL}"):
        header = next(read_journal(path), None)
        if isinstance(header, SessionStarted) and header.mode == "backtest":
            found.append((header.wall_ns, path.parent))
    return [_listed(wall_ns, folder) for wall_ns, folder in sorted(found, reverse=True)[:most]]


def find_result(data_dir: Path, name: str) -> Result:
    """Return a result by session name (or ``latest``), by its folder or by its JSON file.

    A session without a document is summed up anew; nothing is written.

    Raises:
        SessionError: There is no such session.
        ResultError: There is no such file, or it is not a result of version 2.
        JournalError: The session's journal is damaged.
    """
    path = Path(name)
    if path.suffix == ".json" or path.is_file():
        return read_result(path)
    if path.is_dir() and (path / JSON).exists():
        return read_result(path / JSON)
    if path.is_dir() and not (path / JOURNAL).exists():
        raise ResultError(f"{path}: neither a session nor a folder with {JSON}; give the folder of a result")
    folder = path if path.is_dir() else find_session(data_dir, name)
    kept = folder / FOLDER / JSON
    if kept.exists():
        return read_result(kept)
    from polydesk.research.session_result import session_result  # noqa: PLC0415 - loads the kernel

    return session_result(folder).result


def _listed(wall_ns: int, folder: Path) -> Listed:
    file = folder / FOLDER / JSON
    if not file.exists():
        return Listed(folder.name, wall_ns, "", None, "no result file; `polydesk backtest show` sums it up")
    try:
        return Listed(folder.name, wall_ns, str(file), read_result(file))
    except PolydeskError as err:
        return Listed(folder.name, wall_ns, str(file), None, str(err))
