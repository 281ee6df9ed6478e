"""Reports of sessions as pages, kept while their journals do not change."""

import html
import threading
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import SessionError
from polydesk.monitor.follower import session_names
from polydesk.monitor.panels.head import link
from polydesk.monitor.plain_page import plain_page
from polydesk.monitor.words import Language, Words, words_for
from polydesk.tape.journal import FILE_NAME as JOURNAL

_KEPT = 8


class UnknownSession(SessionError):  # noqa: N818 - a state, not a mistake
    """No session of that name."""


@dataclass
class Reports:
    """Makes report pages, one at a time.

    Attributes:
        data_dir: Folder of sessions.
    """

    data_dir: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pages: dict[tuple[str, str, int, int], str] = field(default_factory=dict)

    def page(self, name: str, language: Language) -> str:
        """Return the report of a session as a self-contained page.

        Raises:
            UnknownSession: There is no such session.
            PolydeskError: It cannot be read.
        """
        # A name comes from an address: only what is a session of this very place counts.
        if name not in session_names(self.data_dir):
            raise UnknownSession(
                f"no session {name!r} in {self.data_dir / 'sessions'}; /sessions lists those there are"
            )
        folder = self.data_dir / "sessions" / name
        stat = (folder / JOURNAL).stat()
        key = (name, language.value, stat.st_mtime_ns, stat.st_size)
        with self._lock:
            if key not in self._pages:
                while len(self._pages) >= _KEPT:
                    self._pages.pop(next(iter(self._pages)))
                self._pages[key] = _render(folder, language)
            return self._pages[key]

    def missing(self, name: str, why: str, words: Words) -> str:
        """Return a small page that says why there is no report."""
        return plain_page(words("report.missing", session=name), why, words, name)


def _render(folder: Path, language: Language) -> str:
    from polydesk.report.build import build_report  # noqa: PLC0415 - only when a report is asked for
    from polydesk.report.html import render_page  # noqa: PLC0415
    from polydesk.report.words import words_of  # noqa: PLC0415

    found = build_report(folder)
    page = render_page(found.summary, found.prices, found.missing, found.quality, words_of(language))
    return page.replace("<body>", f"<body>{_back(folder.name, words_for(language))}", 1)


def _back(name: str, words: Words) -> str:
    """Return the way back, which the same page written to a file does not have."""
    address = html.escape(link("/", {"session": name, "lang": words.language}))
    return f"<p><a href='{address}'>{html.escape(words('report.back'))}</a></p>"
