"""Keeps the ledger up with the journals of all sessions, also running ones, so that viewers read nothing else."""

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import JournalError, LedgerError
from polydesk.store import FILE_NAME, Ledger, LedgerDamaged, open_ledger, tail
from polydesk.tape.journal import FILE_NAME as JOURNAL

EVERY_S = 0.3
"""Pause between two looks at the journals."""

TROUBLED_S = 2.0
"""Pause after a look at which the ledger failed."""

_SETTLED_NS = 100_000_000


@dataclass
class Follower:
    """Applies what the journals say to the ledger, one look at a time.

    Attributes:
        data_dir: Folder of sessions and ledger.
        problems: What cannot be followed, by session; the ledger's own trouble under the empty name.
        ended: Whether the thread that looks has ended, as intended or not.
    """

    data_dir: Path
    problems: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    _seen: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _ledger: Ledger | None = None
    _opened: int = 0

    def look(self) -> int:
        """Apply what is new; return how many records that was. Trouble is kept in ``problems`` and tried again."""
        names = session_names(self.data_dir)
        self.problems = {of: told for of, told in self.problems.items() if not of or of in names}
        if not names:
            return 0
        applied = 0
        try:
            ledger = self._open()
            # A session in trouble must not keep the others waiting.
            for name in sorted(names, key=lambda name: (name in self.problems, name)):
                applied += self._follow(ledger, name)
        except LedgerError as err:
            self.problems = self.problems | {"": str(err)}
            self.close()
            return applied
        self.problems = {name: told for name, told in self.problems.items() if name}
        return applied

    def close(self) -> None:
        """Let go of the ledger; it is opened again, and all journals are looked at again, when it is needed."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        self._seen.clear()

    def _open(self) -> Ledger:
        path = self.data_dir / FILE_NAME
        if self._ledger is not None and _identity(path) != self._opened:
            # The ledger was set aside or rebuilt: what was applied to the old file is missing in the new one.
            self.close()
        if self._ledger is None:
            self._ledger = open_ledger(path)
            self._opened = _identity(path)
        return self._ledger

    def _follow(self, ledger: Ledger, name: str) -> int:
        journal = self.data_dir / "sessions" / name / JOURNAL
        try:
            stat = os.stat(journal)
            # Space is reserved ahead, so the size alone does not tell; the time of the last write does.
            now = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if self._seen.get(name) == now:
                return 0
            applied = tail(ledger, journal.parent)
        except LedgerDamaged:
            raise
        except OSError as err:
            self.problems = self.problems | {name: f"{journal}: cannot be read ({err.strerror}); make it readable"}
            return 0
        except (JournalError, LedgerError) as err:
            self.problems = self.problems | {name: str(err)}
            return 0
        self.problems = {of: told for of, told in self.problems.items() if of != name}
        # A clock of files is coarse: what was written a moment ago may be followed by more at the very same time.
        if time.time_ns() - stat.st_mtime_ns > _SETTLED_NS:
            self._seen[name] = now
        return applied


def follow(follower: Follower, stop: threading.Event) -> None:
    """Look again and again until told to stop; for a thread of its own."""
    try:
        while not stop.is_set():
            follower.look()
            stop.wait(TROUBLED_S if "" in follower.problems else EVERY_S)
    finally:
        follower.ended = True
        follower.close()


def session_names(data_dir: Path) -> list[str]:
    """Return the names of the sessions that have a journal; none while their folder cannot be listed."""
    folder = data_dir / "sessions"
    try:
        with os.scandir(folder) as found:
            return [entry.name for entry in found if os.path.exists(f"{entry.path}/{JOURNAL}")]
    except OSError:
        # No session yet. A folder that cannot be read shows as an empty one, and each file in it tells why.
        return []


def _identity(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        # Gone: another file will take its place.
        return 0
