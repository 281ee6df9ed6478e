"""Where stored signals come from: a monomarket database, a CSV or JSONL file, or a session."""

from pathlib import Path

from polydesk.model.errors import ConfigError
from polydesk.report.session import find_session
from polydesk.research.monomarket import is_database, read_database
from polydesk.research.stored_signals import Stored, read_tables
from polydesk.tape.journal import FILE_NAME as JOURNAL

_TABLES = (".csv", ".jsonl", ".ndjson")


def read_source(data_dir: Path, source: str, snapshots: Path | None) -> Stored:
    """Read signals and snapshots.

    Args:
        data_dir: Where sessions are.
        source: Path of a database or table, or a session's name, ``latest`` or folder.
        snapshots: Snapshots of the markets, for a table; the other sources have their own.

    Raises:
        ConfigError: The source cannot be read; names file, line and field.
        SessionError: There is no such session.
    """
    path = Path(source)
    if path.is_file() and path.suffix in _TABLES:
        return read_tables(path, snapshots)
    if path.suffix in _TABLES and not path.exists():
        raise ConfigError(f"{path}: there is no such file; give the path of signals, or the name of a session")
    if snapshots is not None:
        raise ConfigError(f"--snapshots belongs to a table of signals (CSV, JSONL); {source} has its own, leave it out")
    if is_database(path):
        return read_database(path)
    if path.is_file():
        raise ConfigError(f"{path}: neither a SQLite database nor a table; a table ends in {', '.join(_TABLES)}")
    if path.suffix in {".db", ".sqlite", ".sqlite3"}:
        raise ConfigError(f"{path}: there is no such file; give the path of signals, or the name of a session")
    from polydesk.research.session_signals import read_orders  # noqa: PLC0415 - loads the kernel

    return read_orders(path if (path / JOURNAL).exists() else find_session(data_dir, source))
