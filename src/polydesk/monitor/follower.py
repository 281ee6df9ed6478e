"""Keeps the ledger up with the journals of all sessions, also running ones, so that viewers read nothing else."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import JournalError, LedgerError
from polydesk.store import FILE_NAME, Ledger, open_ledger, tail
from polydesk.tape.journal import FILE_NAME as JOURNAL

EVERY_S = 0.4
"""Pause between two looks at the journals."""

_SETTLED_NS = 100_000_000


@dataclass
class Follower:
    """Applies what the journals say to the ledger, one look at a time.

    Attributes:
        data_dir: Folder of sessions and ledger.
        problems: What cannot be followed, by session; the ledger's own trouble under the empty name.
    """

    data_dir: Path
    problems: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    _ledger: Ledger | None = None

    def look(self) -> int:
        """Apply what is new; return how many records that was. Trouble is kept in ``problems`` and tried again."""
        journals = sorted((self.data_dir / "sessions").glob(f"*/{JOURNAL}"))
        if not journals:
            return 0
        try:
            if self._ledger is None:
                self._ledger = open_ledger(self.data_dir / FILE_NAME)
            applied = sum(self._follow(self._ledger, journal) for journal in journals)
        except LedgerError as err:
            self.problems[""] = str(err)
            self.close()
            return 0
        self.problems.pop("", None)
        return applied

    def close(self) -> None:
        """Let go of the ledger."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _follow(self, ledger: Ledger, journal: Path) -> int:
        name = journal.parent.name
        try:
            stat = journal.stat()
            # Space is reserved ahead, so the size alone does not tell; the time of the last write does.
            now = (stat.st_mtime_ns, stat.st_size)
            if self._seen.get(name) == now:
                return 0
            applied = tail(ledger, journal.parent)
        except (JournalError, OSError) as err:
            self.problems[name] = str(err)
            return 0
        self.problems.pop(name, None)
        # A clock of files is coarse: what was written a moment ago may be followed by more at the very same time.
        if time.time_ns() - stat.st_mtime_ns > _SETTLED_NS:
            self._seen[name] = now
        return applied


def follow(follower: Follower, stop: threading.Event) -> None:
    """Look again and again until told to stop; for a thread of its own."""
    try:
        while not stop.is_set():
            follower.look()
            stop.wait(EVERY_S)
    finally:
        follower.close()
