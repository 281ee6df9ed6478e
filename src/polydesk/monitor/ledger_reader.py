"""The ledger as viewers read it: opened when it is there, opened anew when another file took its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from polydesk.model.errors import LedgerError
from polydesk.store import Ledger, open_ledger

Signature = tuple[tuple[int, int, int], ...]
"""Identity, time of the last change and size of each of the ledger's files."""


@dataclass
class LedgerReader:
    """Reads one ledger file; one thread at a time.

    Attributes:
        path: The file.
    """

    path: Path
    _ledger: Ledger | None = None
    _opened: int = 0
    _parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._parts = (str(self.path), f"{self.path}-wal")

    def signature(self) -> Signature:
        """Return what changes with every write to the ledger; empty while there is none."""
        return tuple(told for part in self._parts if (told := _stat(part)))

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Give a connection whose reads all see one state; ``None`` while there is no ledger.

        Raises:
            LedgerError: It cannot be read; it is opened again at the next attempt.
        """
        found = _stat(self._parts[0])
        if self._ledger is not None and (not found or found[0] != self._opened):
            # A rebuilt ledger is another file of the same name; the old one would answer for ever.
            self.close()
        if not found:
            yield None
            return
        try:
            if self._ledger is None:
                self._ledger = open_ledger(self.path)
                self._opened = found[0]
            with self._ledger.reading() as connection:
                yield connection
        except LedgerError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the ledger."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None


def _stat(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        # No ledger yet, or none that can be looked at; opening it tells why.
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
