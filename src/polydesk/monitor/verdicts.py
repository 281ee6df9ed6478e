"""The verdicts kept with sessions, read again only when their files change."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.tape.verdict import FILE_NAME, Verdict, read_verdict

_KEPT = 500


@dataclass
class Verdicts:
    """Reads verdicts; one thread at a time."""

    _kept: dict[str, tuple[tuple[int, int], Verdict | None]] = field(default_factory=dict)

    def read(self, folder: Path) -> Verdict | None:
        """Return the verdict kept in the folder of a session; ``None`` when none there can be read."""
        try:
            stat = os.stat(folder / FILE_NAME)
        except OSError:
            # Most likely its tape is too long to be judged without being asked; the page says that nobody checked.
            return None
        key = (stat.st_ino, stat.st_mtime_ns)
        kept = self._kept.get(folder.name)
        if kept is None or kept[0] != key:
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            kept = self._kept[folder.name] = (key, read_verdict(folder))
        return kept[1]
