"""The live states of sessions; those of ended sessions are read once."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import SessionError
from polydesk.run.publish import FILE_NAME
from polydesk.run.snapshot import LiveState, read_live_state

_KEPT = 64


@dataclass
class LiveStates:
    """Reads live states; one thread at a time."""

    _kept: dict[str, tuple[tuple[int, int, int], LiveState | None]] = field(default_factory=dict)

    def read(self, folder: Path) -> LiveState | None:
        """Return what the session in ``folder`` published last; ``None`` when it published nothing.

        Raises:
            SessionError: The file is damaged or of another version.
        """
        path = folder / FILE_NAME
        try:
            stat = os.stat(path)
        except FileNotFoundError:
            return None
        except OSError as err:
            raise SessionError(f"{path}: cannot be read ({err.strerror}); make it readable") from err
        key = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        kept = self._kept.get(folder.name)
        if kept is not None and kept[0] == key:
            return kept[1]
        found = _read(path)
        self._kept.pop(folder.name, None)
        # A running desk writes through a mapping, which need not show in the file's times: only an end is final.
        # A session that is resumed gets a new file.
        if found is not None and found.state != "running":
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[folder.name] = (key, found)
        return found


def _read(path: Path) -> LiveState | None:
    try:
        return read_live_state(path)
    except OSError as err:
        raise SessionError(f"{path}: cannot be read ({err.strerror}); remove it, the journal has everything") from err
