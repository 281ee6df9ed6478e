"""What is known of a session right now, read once for all pages that show it."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from polydesk.model.errors import LedgerError, SessionError, TapeError
from polydesk.monitor.follower import Follower
from polydesk.monitor.history import History, read_history
from polydesk.run.publish import FILE_NAME as LIVE
from polydesk.run.snapshot import LiveState, read_live_state
from polydesk.run.wanted import want_books
from polydesk.store import FILE_NAME as LEDGER
from polydesk.store import Ledger, open_ledger, views
from polydesk.tape.manifest import FILE_NAME as MANIFEST
from polydesk.tape.manifest import Manifest, read_manifest

FRESH_S = 0.25
"""How long what was read counts as new."""

ROWS = 200
"""Most rows of one list that are read."""

_WANTED_FOR_S = 30.0


@dataclass(frozen=True)
class Lists:
    """The newest rows of a session's ledger."""

    decisions: tuple[views.DecisionRow, ...] = ()
    refusals: tuple[views.OrderRow, ...] = ()
    fills: tuple[views.FillRow, ...] = ()
    settlements: tuple[views.SettlementRow, ...] = ()
    totals: views.Totals | None = None


@dataclass(frozen=True)
class SessionView:
    """One session as a page shows it; a new object whenever anything changed.

    Attributes:
        name: Its name.
        row: Its row of the ledger; ``None`` before the ledger knows it.
        live: What the desk published last; ``None`` when it published nothing that can be read.
        trouble: Why there is no live state, or what is wrong with the ledger; empty when all is well.
        manifest: Facts about its markets; ``None`` when they are gone.
        marks: Equity over time.
        lists: Newest rows.
        records: Journal records that the ledger has applied.
    """

    name: str
    row: views.SessionRow | None = None
    live: LiveState | None = None
    trouble: tuple[str, ...] = ()
    manifest: Manifest | None = None
    marks: tuple[views.MarkRow, ...] = ()
    lists: Lists = Lists()
    records: int = 0

    @property
    def running(self) -> bool:
        """Whether the desk says that it runs."""
        return self.live is not None and self.live.state == "running"

    def market_name(self, market: int) -> str:
        """Return a market's slug, or its number when its name is not known."""
        markets = self.manifest.markets if self.manifest else ()
        return markets[market].slug if 0 <= market < len(markets) else f"#{market}"

    def outcome(self, market: int, token: int) -> str:
        """Return the label of a token, or its number."""
        markets = self.manifest.markets if self.manifest else ()
        if 0 <= market < len(markets) and token in (0, 1):
            return markets[market].tokens[token].outcome or f"#{token}"
        return f"#{token}" if token >= 0 else ""


@dataclass
class Hub:
    """Reads sessions for pages; safe to call from several threads.

    Attributes:
        data_dir: Folder of sessions and ledger.
        follower: Says what cannot be followed.
    """

    data_dir: Path
    follower: Follower
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _views: dict[str, tuple[float, SessionView]] = field(default_factory=dict)
    _ledger: Ledger | None = None
    _histories: dict[str, History | str] = field(default_factory=dict)
    _reading: set[str] = field(default_factory=set)
    _wanted: dict[str, dict[int, float]] = field(default_factory=dict)

    def sessions(self) -> list[views.SessionRow]:
        """Return all sessions of the ledger, the newest first; none while it cannot be read."""
        with self._lock:
            try:
                ledger = self._open()
                if ledger is None:
                    return []
                with ledger.reading() as connection:
                    return views.session_rows(connection)
            except LedgerError:
                # The follower meets the same trouble and tells it on every page.
                self._close()
                return []

    def newest(self) -> str:
        """Return the session started last; empty when there is none."""
        rows = self.sessions()
        return rows[0].session if rows else ""

    def view(self, name: str) -> SessionView:
        """Return what is known of a session, read again if what is kept is old."""
        with self._lock:
            kept = self._views.get(name)
            now_s = time.monotonic()
            if kept is not None and now_s - kept[0] < FRESH_S:
                return kept[1]
            view = self._read(name, kept[1] if kept else SessionView(name))
            self._views[name] = (now_s, view)
            return view

    def ledger(self) -> Ledger | None:
        """Return the ledger for questions of one page; ``None`` while there is none."""
        with self._lock:
            return self._open()

    def history(self, view: SessionView) -> History | str:
        """Return the prices of a session's tape, or why there are none: ``reading``, ``none`` or the error."""
        row = view.row
        if row is None:
            return "none"
        key = row.tape_sha256
        with self._lock:
            if key in self._histories:
                return self._histories[key]
            if key not in self._reading:
                self._reading.add(key)
                threading.Thread(target=self._learn, args=(row,), daemon=True, name="tape history").start()
        return "reading"

    def want(self, name: str, market: int) -> None:
        """Ask the desk of a running session to publish a market's book for a while."""
        with self._lock:
            now_s = time.monotonic()
            wanted = {m: s for m, s in self._wanted.get(name, {}).items() if now_s - s < _WANTED_FOR_S}
            new = market not in wanted
            wanted[market] = now_s
            self._wanted[name] = wanted
        if new:
            try:
                want_books(self.data_dir / "sessions" / name, sorted(wanted, key=lambda m: wanted[m]))
            except OSError as err:
                self.follower.problems[f"{name}: books"] = f"{name}: cannot ask for another book ({err.strerror})"

    def close(self) -> None:
        """Let go of the ledger."""
        with self._lock:
            self._close()

    def _learn(self, row: views.SessionRow) -> None:
        try:
            told: History | str = read_history(Path(row.tape_path), row.tape_sha256)
        except TapeError as err:
            told = str(err)
        with self._lock:
            self._histories[row.tape_sha256] = told

    def _read(self, name: str, before: SessionView) -> SessionView:
        folder = self.data_dir / "sessions" / name
        trouble: list[str] = []
        live = before.live
        try:
            live = read_live_state(folder / LIVE)
        except SessionError as err:
            live = None
            trouble.append(str(err))
        trouble += [told for of, told in sorted(self.follower.problems.items()) if of in ("", name)]
        row, marks, lists, records = before.row, before.marks, before.lists, before.records
        try:
            ledger = self._open()
            if ledger is not None:
                with ledger.reading() as connection:
                    now = views.records(connection, name)
                    if now != before.records:
                        again = now < before.records
                        row = views.session_row(connection, name)
                        kept = () if again else marks
                        marks = kept + tuple(views.marks(connection, name, kept[-1].record if kept else -1))
                        lists, records = _lists(connection, name), now
        except LedgerError as err:
            self._close()
            if str(err) not in trouble:
                trouble.append(str(err))
        manifest = before.manifest or _manifest(folder, row)
        view = SessionView(name, row, live, tuple(trouble), manifest, marks, lists, records)
        return before if view == before else view

    def _open(self) -> Ledger | None:
        if self._ledger is None and (self.data_dir / LEDGER).exists():
            self._ledger = open_ledger(self.data_dir / LEDGER)
        return self._ledger

    def _close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None


def config_of(row: views.SessionRow) -> dict[str, object]:
    """Return the configuration a session runs with."""
    return msgspec.json.decode(row.config, type=dict[str, object])


def _lists(connection: Connection, name: str) -> Lists:
    return Lists(
        tuple(views.latest_decisions(connection, name, ROWS)),
        tuple(views.latest_refusals(connection, name, ROWS)),
        tuple(views.latest_fills(connection, name, ROWS)),
        tuple(views.settlements(connection, name)),
        views.totals(connection, name),
    )


def _manifest(folder: Path, row: views.SessionRow | None) -> Manifest | None:
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
