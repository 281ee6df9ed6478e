"""Which books viewers want to see: a small file beside the live state, written by viewers and read by the publisher.

It only decides which books are published; nothing the desk does depends on it.
"""

import json
import os
from pathlib import Path

import msgspec

FILE_NAME = "wanted.books"
MOST = 8
"""Most markets that viewers can ask for at once."""

_EVERY_S = 0.5
_MOST_BYTES = 4096


class WantedBooks:
    """The publisher's side.

    Args:
        folder: The session's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._due_s = float("-inf")
        self._changed_ns = 0
        self._markets: frozenset[int] = frozenset()

    def markets(self, now_s: float) -> frozenset[int]:
        """Return the markets asked for; the file is looked at twice a second at most, and nonsense in it is ignored.

        Args:
            now_s: Monotonic clock, seconds.
        """
        if now_s < self._due_s:
            return self._markets
        self._due_s = now_s + _EVERY_S
        try:
            changed_ns = os.stat(self._path).st_mtime_ns
            if changed_ns != self._changed_ns:
                self._changed_ns = changed_ns
                self._markets = _read(self._path)
        except OSError:
            # Nobody has asked, or what was asked cannot be read: the usual books are published.
            self._markets = frozenset()
        return self._markets


def want_books(folder: Path, markets: list[int]) -> None:
    """Ask for the books of some markets, the last ``MOST`` of the list; replaces what was asked before.

    Raises:
        OSError: The session's folder cannot be written.
    """
    draft = folder / f".{FILE_NAME}.{os.getpid()}"
    draft.write_text(json.dumps(markets[-MOST:]), encoding="utf-8")
    draft.replace(folder / FILE_NAME)


def _read(path: Path) -> frozenset[int]:
    with path.open("rb") as file:
        told = file.read(_MOST_BYTES)
    try:
        return frozenset(msgspec.json.decode(told, type=list[int])[-MOST:])
    except msgspec.DecodeError:
        return frozenset()
