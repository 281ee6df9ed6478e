"""What is known of the sessions of a data folder, read once for all pages that show it."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from polydesk.model.errors import LedgerError, SessionError, TapeError
from polydesk.monitor.follower import Follower, session_names
from polydesk.monitor.histories import Histories
from polydesk.monitor.ledger_reader import LedgerReader, Signature
from polydesk.monitor.live_states import LiveStates
from polydesk.monitor.session_view import Brief, Lists, MarketView, SessionView
from polydesk.monitor.verdicts import Verdicts
from polydesk.monitor.wishes import Wishes
from polydesk.run.snapshot import LiveState
from polydesk.store import FILE_NAME as LEDGER
from polydesk.store import view_rows, views
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.manifest import FILE_NAME as MANIFEST
from polydesk.tape.manifest import Manifest, read_manifest

FRESH_S = 0.15
"""How long what was read counts as new."""

ROWS = 60
"""Most rows of one list that are read."""

FILLS = 300
"""Most fills of one market that are read."""

PRINTS = 12
"""Most prints of one market that are shown."""

_KEPT = 12
_BRIEFS_KEPT = 500
_SILENT_NS = 10_000_000_000

_UNREAD: Signature = ()


@dataclass
class Hub:
    """Reads sessions for pages; safe to call from several threads, none of them the one that serves pages.

    Attributes:
        data_dir: Folder of sessions and ledger.
        follower: Who keeps the ledger up with the journals.
    """

    data_dir: Path
    follower: Follower
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _reader: LedgerReader = field(init=False)
    _live: LiveStates = field(default_factory=LiveStates)
    _verdicts: Verdicts = field(default_factory=Verdicts)
    _wishes: Wishes = field(default_factory=Wishes)
    _histories: Histories = field(default_factory=Histories)
    _starts: tuple[Signature, tuple[view_rows.SessionStart, ...]] = (_UNREAD, ())
    _views: dict[str, tuple[float, Signature, SessionView]] = field(default_factory=dict)
    _briefs: dict[str, Brief] = field(default_factory=dict)
    _fills: dict[tuple[str, int], tuple[int, tuple[view_rows.FillRow, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reader = LedgerReader(self.data_dir / LEDGER)

    def folder(self, name: str) -> Path:
        """Return a session's folder."""
        return self.data_dir / "sessions" / name

    def starts(self) -> list[view_rows.SessionStart]:
        """Return all sessions, the newest first; those that the ledger does not know by the time of their journal."""
        with self._lock:
            told = list(self._told_starts())
            known = {start.session for start in told}
            told += [
                view_rows.SessionStart(name, _changed_ns(self.folder(name) / JOURNAL), "unknown")
                for name in session_names(self.data_dir)
                if name not in known
            ]
            return sorted(told, key=lambda start: (start.started_wall_ns, start.session), reverse=True)

    def newest(self) -> str:
        """Return the session to follow: the newest of those that run, else the newest; empty when there is none."""
        starts = self.starts()
        with self._lock:
            for start in starts:
                if start.state in {"running", "unknown"} and self._runs(start.session):
                    return start.session
        return starts[0].session if starts else ""

    def trouble(self) -> tuple[str, ...]:
        """Return what is wrong with the ledger as a whole and with single sessions."""
        return tuple(told for _, told in sorted(self.follower.problems.items()))

    def view(self, name: str) -> SessionView | None:
        """Return what is known of a session, read again if what is kept is old; ``None`` when there is no such one."""
        with self._lock:
            kept = self._views.pop(name, None)
            if kept is None and name not in {start.session for start in self.starts()}:
                # A name comes from an address: only what is a session of this very folder counts.
                return None
            if kept is None or time.monotonic() - kept[0] >= FRESH_S:
                before = kept[2] if kept else SessionView(name)
                kept = self._read(before, kept[1] if kept else _UNREAD)
            while len(self._views) >= _KEPT:
                self._views.pop(next(iter(self._views)))
            self._views[name] = kept
            return kept[2]

    def brief(self, name: str) -> Brief:
        """Return a session in a few figures, read again when its journal went on."""
        with self._lock:
            live = self._live_state(name, [])
            verdict = self._verdicts.read(self.folder(name))
            kept = self._briefs.get(name)
            try:
                with self._reader.reading() as connection:
                    if connection is None:
                        constructed, source = self._data(name, None)
                        return Brief(name, live=live, constructed=constructed, source=source, verdict=verdict)
                    row, records = views.session_row(connection, name), views.records(connection, name)
                    now = (row, live, verdict, records)
                    if kept is not None and (kept.row, kept.live, kept.verdict, kept.records) == now:
                        return kept
                    found = Brief(
                        name, row, live, views.curve_ends(connection, name), views.totals(connection, name),
                        *self._data(name, row), verdict, records,
                    )  # fmt: skip
            except LedgerError:
                # The follower meets the same trouble and tells it on every page.
                return kept or Brief(name, live=live)
            while len(self._briefs) >= _BRIEFS_KEPT:
                self._briefs.pop(next(iter(self._briefs)))
            self._briefs[name] = found
            return found

    def market(self, view: SessionView, index: int, *, history: bool = True) -> MarketView:
        """Return what is known of a market, and ask the desk for its book while the session runs.

        Args:
            view: The session.
            index: The market; -1 for none.
            history: Whether to read the tape for earlier prices.
        """
        if index < 0 or not view.name:
            return MarketView()
        with self._lock:
            published = view.live is not None and any(book.market == index for book in view.live.books)
            if view.running and not published:
                self._wishes.want(self.folder(view.name), index)
            fills = self._market_fills(view, index)
        if view.row is None or not history:
            return MarketView(index, fills, missing="none")
        found = self._histories.get(Path(view.row.tape_path), view.row.tape_sha256)
        if isinstance(found, str):
            return MarketView(index, fills, missing=found)
        samples = tuple((at, bid, ask) for at, bid, ask in found.touch_until(index, view.now_ns).tolist())
        return MarketView(index, fills, samples, tuple(found.prints_until(index, view.now_ns, PRINTS)), "")

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        """Return the answer of ``question`` from the ledger; ``None`` while there is none.

        Raises:
            LedgerError: It cannot be read.
        """
        with self._lock, self._reader.reading() as connection:
            return None if connection is None else question(connection)

    def close(self) -> None:
        """Let go of the ledger."""
        with self._lock:
            self._reader.close()

    def _told_starts(self) -> tuple[view_rows.SessionStart, ...]:
        signature = self._reader.signature()
        if signature != self._starts[0]:
            try:
                with self._reader.reading() as connection:
                    told = () if connection is None else tuple(views.session_starts(connection))
            except LedgerError:
                # Sessions are then found by their folders; the follower tells what is wrong.
                told, signature = (), _UNREAD
            self._starts = (signature, told)
        return self._starts[1]

    def _runs(self, name: str) -> bool:
        live = self._live_state(name, [])
        return live is not None and live.state == "running" and time.time_ns() - live.published_ns < _SILENT_NS

    def _live_state(self, name: str, trouble: list[str]) -> LiveState | None:
        try:
            return self._live.read(self.folder(name))
        except SessionError as err:
            trouble.append(str(err))
            return None

    def _read(self, before: SessionView, seen: Signature) -> tuple[float, Signature, SessionView]:
        name = before.name
        trouble: list[str] = []
        live = self._live_state(name, trouble)
        # Taken before reading: what is written meanwhile is then read again.
        signature = self._reader.signature()
        told = before
        try:
            if signature != seen:
                with self._reader.reading() as connection:
                    if connection is not None:
                        told = _from_ledger(connection, before)
        except LedgerError as err:
            trouble.append(str(err))
            signature = _UNREAD
        problems = self.follower.problems
        trouble += [text for text in (problems.get(""), problems.get(name), self._wishes.refused.get(name)) if text]
        manifest = before.manifest or _manifest(self.folder(name), told.row)
        known = (told.marks, told.lists, told.totals, told.records)
        verdict = self._verdicts.read(self.folder(name))
        view = SessionView(name, told.row, live, tuple(dict.fromkeys(trouble)), manifest, *known, verdict)
        return time.monotonic(), signature, before if view == before else view

    def _market_fills(self, view: SessionView, index: int) -> tuple[view_rows.FillRow, ...]:
        key = (view.name, index)
        kept = self._fills.get(key)
        if kept is not None and kept[0] == view.records:
            return kept[1]
        try:
            with self._reader.reading() as connection:
                if connection is None:
                    return ()
                found = tuple(views.latest_fills(connection, view.name, FILLS, market=index))
        except LedgerError:
            # Told by ``view`` and the follower; the chart keeps what it had.
            return kept[1] if kept else ()
        while len(self._fills) >= _KEPT:
            self._fills.pop(next(iter(self._fills)))
        self._fills[key] = (view.records, found)
        return found

    def _data(self, name: str, row: view_rows.SessionRow | None) -> tuple[bool | None, tuple[str, ...]]:
        """Return whether a session's tape was generated, and the names of its recordings."""
        kept = self._briefs.get(name)
        if kept is not None and kept.constructed is not None:
            return kept.constructed, kept.source
        found = _manifest(self.folder(name), row)
        return (found.constructed, tuple(one.name for one in found.sources)) if found else (None, ())


def config_of(row: view_rows.SessionRow) -> dict[str, Any]:
    """Return the configuration a session runs with."""
    return msgspec.json.decode(row.config, type=dict[str, Any])


def _from_ledger(connection: Connection, before: SessionView) -> SessionView:
    """Return the view with what the ledger has beyond it."""
    name = before.name
    now = views.records(connection, name)
    if now == before.records:
        return before
    kept = before.marks if now > before.records else ()
    lists = Lists(
        tuple(views.latest_decisions(connection, name, ROWS)),
        tuple(views.latest_decisions(connection, name, ROWS, acts_only=True)),
        tuple(views.latest_refusals(connection, name, ROWS)),
        tuple(views.latest_fills(connection, name, ROWS)),
        tuple(views.settlements(connection, name)),
    )
    return SessionView(
        name,
        views.session_row(connection, name),
        marks=kept + tuple(views.marks(connection, name, kept[-1].record if kept else -1)),
        lists=lists,
        totals=views.totals(connection, name),
        records=now,
    )


def _manifest(folder: Path, row: view_rows.SessionRow | None) -> Manifest | None:
    for place in (folder, *([Path(row.tape_path)] if row else [])):
        if (place / MANIFEST).exists():
            try:
                found = read_manifest(place)
            except TapeError:
                # A damaged copy: the tape's own is tried, then markets go by number; the report tells of the damage.
                continue
            if row is None or found.sha256 == row.tape_sha256:
                return found
    return None


def _changed_ns(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        # Gone since it was listed: the oldest of all.
        return 0
