"""The price histories of a few tapes, each read in a thread of its own the first time somebody asks."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import TapeError
from polydesk.monitor.history import History, read_history

READING = "reading"
"""Told while a tape is being read."""

_KEPT = 8
_USED_S = 60.0
_AGAIN_S = 15.0
_FAILED = "the tape could not be read; the dashboard's log tells why"


@dataclass
class Histories:
    """Histories by content hash of the tape; safe to call from several threads.

    Tapes are read one at a time. What some page still asks for is kept, however many pages show different tapes: what
    was let go would be read again at their next look.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _one: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[str, tuple[float, History | str]] = field(default_factory=dict)
    _asked: dict[str, float] = field(default_factory=dict)

    def get(self, tape_path: Path, tape_sha256: str) -> History | str:
        """Return the history, ``READING``, or why there is none; what failed is tried again after a while."""
        now_s = time.monotonic()
        with self._lock:
            self._asked[tape_sha256] = now_s
            since_s, told = self._known.get(tape_sha256, (0.0, ""))
            failed = isinstance(told, str) and told != READING
            if not failed or (told and now_s - since_s < _AGAIN_S):
                return told
            self._known[tape_sha256] = (now_s, READING)
            self._let_go(now_s)
        reader = threading.Thread(target=self._learn, args=(tape_path, tape_sha256), daemon=True, name="tape history")
        reader.start()
        return told or READING

    def _let_go(self, now_s: float) -> None:
        """Forget what nobody has asked for lately, the longest forgotten first."""
        for sha256 in sorted(self._known, key=self._asked.__getitem__)[: max(0, len(self._known) - _KEPT)]:
            if now_s - self._asked[sha256] > _USED_S and self._known[sha256][1] != READING:
                del self._known[sha256], self._asked[sha256]

    def _learn(self, tape_path: Path, tape_sha256: str) -> None:
        told: History | str = _FAILED
        try:
            with self._one:
                told = read_history(tape_path, tape_sha256)
        except TapeError as err:
            told = str(err)
        finally:
            with self._lock:
                self._known[tape_sha256] = (time.monotonic(), told)
