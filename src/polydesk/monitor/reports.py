"""Reports of sessions as pages, kept while their journals do not change."""

import html
import threading
from dataclasses import dataclass, field
from pathlib import Path

from polydesk.model.errors import SessionError
from polydesk.monitor.words import Language, Words
from polydesk.tape.journal import FILE_NAME as JOURNAL

_KEPT = 8


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
            SessionError: There is no such session.
            PolydeskError: Its journal is damaged.
        """
        # A name comes from an address: only what is a folder of this very place counts.
        folder = next((one for one in (self.data_dir / "sessions").iterdir() if one.name == name), None)
        if folder is None or not (folder / JOURNAL).exists():
            raise SessionError(f"no session {name!r} in {self.data_dir / 'sessions'}")
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
        title = html.escape(words("report.missing", session=name))
        return (
            f"<!doctype html><html lang='{words.language}'><meta charset='utf-8'><title>{title}</title>"
            f"<h1>{title}</h1><p>{html.escape(why)}</p><p><a href='/sessions'>{words('page.sessions')}</a></p></html>"
        )


def _render(folder: Path, language: Language) -> str:
    from polydesk.report.build import build_report  # noqa: PLC0415 - only when a report is asked for
    from polydesk.report.html import render_page  # noqa: PLC0415

    found = build_report(folder)
    return render_page(found.summary, found.prices, found.missing, found.quality)
