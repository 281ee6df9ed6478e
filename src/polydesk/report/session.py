"""Finding and reading a session: its journal, and its tape where that still exists."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from polydesk.model.errors import SessionError, TapeError
from polydesk.model.market import Market
from polydesk.model.records import Record, SessionEnded, SessionStarted
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import journal_hash, read_journal
from polydesk.tape.manifest import FILE_NAME as MANIFEST
from polydesk.tape.manifest import Manifest, read_manifest
from polydesk.tape.reader import Tape, open_tape
from polydesk.tape.verdict import Verdict, read_verdict

LATEST = "latest"
RESULT = "backtest.json"
"""The result of a backtest: in the session's folder, or where ``--out-dir`` put it."""


class _Meta(msgspec.Struct):
    session: str = ""


class _Result(msgspec.Struct):
    """The part of a result that names its session."""

    meta: _Meta


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
        verdict: Whether its tape is good data, as kept with the session; ``None`` when that is not known.
    """

    path: Path
    header: SessionStarted
    records: tuple[Record, ...]
    manifest: Manifest | None
    tape: Tape | None
    missing: str
    verdict: Verdict | None = None

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


def find_sessions(data_dir: Path) -> list[Path]:
    """Return the folders of all sessions, by name.

    Raises:
        SessionError: There is none.
    """
    root = data_dir / "sessions"
    found = sorted(path.parent for path in root.glob(f"*/{JOURNAL}"))
    if not found:
        raise SessionError(f"{root}: no sessions here; start one with `polydesk run` or give --data-dir")
    return found


def find_session(data_dir: Path, name: str) -> Path:
    """Return the folder of a session.

    Args:
        data_dir: Where sessions are looked for by name.
        name: Its name, or ``latest`` for the one started last; or the path of its folder, of its journal, of a folder
            with its result, or of a folder that holds no other session.

    Raises:
        SessionError: There is no such session; the message names near ones.
    """
    root = data_dir / "sessions"
    if name == LATEST:
        return max(find_sessions(data_dir), key=lambda path: (_started_ns(path), path.name))
    for folder in (root / name, Path(name)):
        if (folder / JOURNAL).exists():
            return folder
    if Path(name).exists():
        return _at(Path(name), root)
    if "/" in name:
        raise SessionError(f"{name}: there is no such folder; give the path of a session or run, or a session's name")
    found = {path.name: path for path in find_sessions(data_dir)}
    near = difflib.get_close_matches(name, found, n=3, cutoff=0.4) or sorted(found)[-3:]
    raise SessionError(f"no session {name!r} in {root}; there are for example {', '.join(near)} (or `latest`)")


def _at(path: Path, root: Path) -> Path:
    """Return the session of a path that exists: of its journal, of the result in it, or the only one inside."""
    if path.name == JOURNAL:
        return path.parent
    result = path / RESULT if path.is_dir() else path
    if result.name == RESULT and result.exists():
        session = _session_of(result)
        for folder in (result.parent.parent, root / session, result.parent / "sessions" / session):
            if folder.name == session and (folder / JOURNAL).exists():
                return folder
        raise SessionError(f"{result}: is of session {session!r}, which is not in {root}; give its --data-dir")
    inside = sorted(found.parent for found in path.glob(f"sessions/*/{JOURNAL}"))
    if len(inside) == 1:
        return inside[0]
    if inside:
        some = ", ".join(str(folder) for folder in inside[:3])
        raise SessionError(f"{path}: holds {len(inside)} sessions; give one of them, for example {some}")
    raise SessionError(f"{path}: neither a session nor a result; a session has {JOURNAL}, a run has {RESULT}")


def _session_of(result: Path) -> str:
    try:
        told = msgspec.json.decode(result.read_bytes(), type=_Result)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as err:
        raise SessionError(f"{result}: names no session ({err}); give the session's name or folder") from err
    return told.meta.session


def read_session(folder: Path) -> tuple[SessionStarted, list[Record]]:
    """Return a session's header and all its records, the header among them.

    Raises:
        SessionError: The folder holds no session.
        JournalError: The journal is damaged.
    """
    if not (folder / JOURNAL).exists():
        raise SessionError(f"{folder}: there is no session here")
    records = list(read_journal(folder / JOURNAL))
    header = records[0] if records else None
    if not isinstance(header, SessionStarted):
        raise SessionError(f"{folder / JOURNAL}: the session never began, its journal has no header")
    return header, records


def session_tape(header: SessionStarted) -> Tape:
    """Open the tape a session ran on.

    Raises:
        SessionError: It is gone, or another one is in its place.
        TapeError: Its rows or facts were changed.
    """
    try:
        tape = open_tape(Path(header.tape_path))
    except TapeError as err:
        why = str(err).removeprefix(f"{header.tape_path}: ")
        raise SessionError(
            f"session {header.session} needs its tape, put it back at {header.tape_path} (there now: {why})"
        ) from err
    if tape.manifest.sha256 != header.tape_sha256:
        raise SessionError(
            f"session {header.session} ran on tape {header.tape_sha256[:12]}, {header.tape_path} now holds "
            f"{tape.manifest.sha256[:12]}: put the old tape back"
        )
    tape.check_hash()
    return tape.between(*header.tape_range)


def open_session(path: Path) -> Session:
    """Read the session in folder ``path``; a missing tape is no error.

    Raises:
        SessionError: As ``read_session``.
        JournalError: As ``read_session``.
    """
    header, records = read_session(path)
    rest = tuple(records[1:])
    kept = read_verdict(path)
    verdict = kept if kept is not None and kept.sha256 == header.tape_sha256 else None
    try:
        tape = session_tape(header)
    except (SessionError, TapeError) as err:
        manifest, told = _copy(path)
        return Session(path, header, rest, manifest, None, f"{err}{told}", verdict)
    return Session(path, header, rest, tape.manifest, tape, "", verdict)


def _copy(path: Path) -> tuple[Manifest | None, str]:
    """Return the session's own copy of the manifest, or why there is none."""
    try:
        return read_manifest(path), ""
    except TapeError as err:
        state = f"cannot be used ({err})" if (path / MANIFEST).exists() else "is missing"
        return None, f"; the session's copy of {MANIFEST} {state}, so markets have no names"


def _started_ns(path: Path) -> int:
    header = next(read_journal(path / JOURNAL), None)
    return header.wall_ns if isinstance(header, SessionStarted) else 0
