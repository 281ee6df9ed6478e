"""Books that open pages want to see, asked for from the desk and forgotten when nobody asks any more."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.run.wanted import want_books

_FOR_S = 30.0


@dataclass
class Wishes:
    """Wishes by session; one thread at a time.

    Attributes:
        refused: Sessions whose folder cannot be written, and why.
    """

    refused: dict[str, str] = field(default_factory=dict)
    _wanted: dict[str, dict[int, float]] = field(default_factory=dict)

    def want(self, folder: Path, market: int) -> None:
        """Ask the desk of the session in ``folder`` to publish a market's book for a while."""
        now_s = time.monotonic()
        wanted = {m: s for m, s in self._wanted.get(folder.name, {}).items() if now_s - s < _FOR_S}
        new = market not in wanted
        self._wanted[folder.name] = wanted | {market: now_s}
        if not new:
            return
        try:
            want_books(folder, sorted(self._wanted[folder.name], key=self._wanted[folder.name].__getitem__))
        except OSError as err:
            self.refused[folder.name] = f"{folder}: cannot ask for another book ({err.strerror}); make it writable"
        else:
            self.refused.pop(folder.name, None)
