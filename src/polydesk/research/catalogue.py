"""The backtests that are on disk, by name, folder or file."""

from pathlib import Path

import msgspec

from polydesk.model.errors import PolydeskError
from polydesk.model.records import SessionStarted
from polydesk.report.session import find_session
from polydesk.research.cycle import ROLLING
from polydesk.research.documents import SIDE_CAR, ResultError, check_sum, read_json
from polydesk.research.result import Result
from polydesk.research.result_files import FOLDER, JSON, read_result
from polydesk.research.rolling_result import KIND, Rolling
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
    """Return a result by session name (or ``latest``), by the folder of a session or run, or by its JSON file.

    A session without a document is summed up anew; nothing is written.

    Raises:
        SessionError: There is no such session.
        ResultError: There is no such file, or it is not a result of version 2.
        JournalError: The session's journal is damaged.
    """
    path = Path(name)
    if path.suffix == ".json" or path.is_file():
        return read_result(path)
    if (path / JSON).exists():
        return read_result(path / JSON)
    folder = find_session(data_dir, name)
    kept = folder / FOLDER / JSON
    if kept.exists():
        return read_result(kept)
    from polydesk.research.session_result import session_result  # noqa: PLC0415 - loads the kernel

    return session_result(folder).result


def find_rolling(name: str) -> Rolling | None:
    """Return the summary of a rolling backtest, by its file or a folder that holds no other result; else ``None``.

    Raises:
        ResultError: It was changed, or is not whole.
    """
    path = Path(name)
    if path.is_dir() and not (path / JSON).exists():
        path /= ROLLING
    if path.suffix != ".json" or not path.is_file():
        return None
    document = read_json(path)
    if document.get("kind") != KIND:
        return None
    check_sum(document, str(path))
    try:
        return msgspec.convert(document, Rolling)
    except msgspec.ValidationError as err:
        raise ResultError(f"{path}: {err}; run the windows again with `polydesk backtest rolling`") from err


def summed_files(data_dir: Path, name: str) -> list[Path]:
    """Return the files with a checksum that a name stands for: a file itself, or those of a session or run.

    Raises:
        SessionError: There is no such session.
        ResultError: The folder holds none.
    """
    path = Path(name)
    if path.is_file() or path.suffix in {".json", ".csv", SIDE_CAR}:
        return [path]
    folder = path
    if not path.is_dir() or (path / JOURNAL).exists():
        folder = find_session(data_dir, name) / FOLDER
    found = sorted(file for file in folder.glob("*") if _is_summed(file))
    if not found:
        raise ResultError(f"{folder}: holds no file with a checksum; a run or a backtest's session does")
    return found


def _is_summed(file: Path) -> bool:
    return file.name in {JSON, ROLLING} or file.with_name(file.name + SIDE_CAR).exists()


def _listed(wall_ns: int, folder: Path) -> Listed:
    file = folder / FOLDER / JSON
    if not file.exists():
        return Listed(folder.name, wall_ns, "", None, "no result file; `polydesk backtest show` sums it up")
    try:
        return Listed(folder.name, wall_ns, str(file), read_result(file))
    except PolydeskError as err:
        return Listed(folder.name, wall_ns, str(file), None, str(err))
