"""Finding and reading a session: its journal, and its tape where that still exists."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from polydesk.model.errors import JournalError, SessionError, TapeError
from polydesk.model.market import Market
from polydesk.model.records import Record, SessionEnded, SessionStarted
from polydesk.tape.journal import journal_hash, read_journal
from polydesk.tape.manifest import FILE_NAME, Manifest, read_manifest
from polydesk.tape.reader import Tape, open_tape

JOURNAL = "journal.pdj"
LATEST = "latest"


@dataclass(frozen=True)
class Session:
    """One session as read from disk.

    Attributes:
        path: Its folder.
        header: First record.
        records: All others, in order.
        manifest: Of its tape; ``None`` when neither the tape nor the session's copy of it is there.
        tape: The tape itself; ``None`` when it is gone or another one is in its place.
        missing: Why there is no tape; empty when there is one.
    """

    path: Path
    header: SessionStarted
    records: tuple[Record, ...]
    manifest: Manifest | None
    tape: Tape | None
    missing: str

    @property
    def markets(self) -> tuple[Market, ...]:
        """The markets of the tape; empty when its manifest is gone."""
        return self.manifest.markets if self.manifest else ()

    @property
    def journal_sha256(self) -> str:
        """The hash of the journal, as recorded at the end or computed from the records so far."""
        for record in reversed(self.records):
            if isinstance(record, SessionEnded):
                return record.journal_sha256
        return journal_hash(self.records, self.header.tape_sha256)


def find_session(data_dir: Path, name: str) -> Path:
    """Return the folder of session ``name``; ``latest`` is the one started last.

    Raises:
        SessionError: There is no such session; the message names near ones.
    """
    root = data_dir / "sessions"
    found = {path.parent.name: path.parent for path in root.glob(f"*/{JOURNAL}")}
    if not found:
        raise SessionError(f"{root}: no sessions here; start one with `polydesk run` or give --data-dir")
    if name == LATEST:
        return max(found.values(), key=lambda path: (_started_ns(path), path.name))
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=3, cutoff=0.4) or sorted(found)[-3:]
    raise SessionError(f"no session {name!r} in {root}; there are for example {', '.join(near)} (or `latest`)")


def open_session(path: Path) -> Session:
    """Read the session in folder ``path``.

    Raises:
        JournalError: The journal is missing, damaged or does not begin with its header.
    """
    records = read_journal(path / JOURNAL)
    header = next(records, None)
    if not isinstance(header, SessionStarted):
        raise JournalError(f"{path / JOURNAL}: does not begin with a session header; it cannot be read")
    rest = tuple(records)
    tape, missing = _tape(header)
    return Session(path, header, rest, tape.manifest if tape else _copy(path), tape, missing)


def _tape(header: SessionStarted) -> tuple[Tape | None, str]:
    try:
        tape = open_tape(Path(header.tape_path))
    except TapeError as err:
        return None, str(err)
    if tape.manifest.sha256 != header.tape_sha256:
        return None, f"{header.tape_path}: holds another tape than the one this session ran on"
    return tape, ""


def _copy(path: Path) -> Manifest | None:
    return read_manifest(path) if (path / FILE_NAME).exists() else None


def _started_ns(path: Path) -> int:
    header = next(read_journal(path / JOURNAL), None)
    return header.wall_ns if isinstance(header, SessionStarted) else 0
