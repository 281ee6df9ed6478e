"""The price histories of a few tapes, each read in a thread of its own the first time somebody asks."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import TapeError
from polydesk.monitor.history import History, read_history

READING = "reading"
"""Told while a tape is being read."""

_KEPT = 3
_AGAIN_S = 15.0
_FAILED = "the tape could not be read; the dashboard's log tells why"


@dataclass
class Histories:
    """Histories by content hash of the tape; safe to call from several threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[str, tuple[float, History | str]] = field(default_factory=dict)

    def get(self, tape_path: Path, tape_sha256: str) -> History | str:
        """Return the history, ``READING``, or why there is none; what failed is tried again after a while."""
        with self._lock:
            since_s, told = self._known.get(tape_sha256, (0.0, ""))
            failed = isinstance(told, str) and told != READING
            if not failed or (told and time.monotonic() - since_s < _AGAIN_S):
                return told
            self._known.pop(tape_sha256, None)
            while len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[tape_sha256] = (time.monotonic(), READING)
        reader = threading.Thread(target=self._learn, args=(tape_path, tape_sha256), daemon=True, name="tape history")
        reader.start()
        return told or READING

    def _learn(self, tape_path: Path, tape_sha256: str) -> None:
        told: History | str = _FAILED
        try:
            told = read_history(tape_path, tape_sha256)
        except TapeError as err:
            told = str(err)
        finally:
            with self._lock:
                self._known[tape_sha256] = (time.monotonic(), told)
