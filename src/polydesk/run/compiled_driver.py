"""The driver of a backtest as fast as it goes: batches of rows in, records out; strategies that are Python are asked.

It writes the very records the interpreted driver writes, so replay, reports, ledger and resume know no difference.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from polydesk.desk.loop.asker import Asker
from polydesk.desk.loop.columns import Now
from polydesk.desk.loop.outputs import Stop, Task
from polydesk.desk.loop.pack import new_loop, runs_compiled
from polydesk.desk.loop.room import with_room
from polydesk.desk.loop.run import next_due_ns, run
from polydesk.desk.loop.sync import sync
from polydesk.kernel.advance import foreign_row
from polydesk.kernel.given import check_rows
from polydesk.model.errors import Unanswered
from polydesk.model.grid import FAR_NS
from polydesk.model.records import Command, SentinelBroke, SourceChanged
from polydesk.model.rows import empty_rows
from polydesk.run.delayed import Window
from polydesk.run.driver import Machine, Progress
from polydesk.run.loop_records import Translator
from polydesk.run.loop_result import LoopResult, loop_result
from polydesk.run.recorder import Recorder
from polydesk.tape import Tape
from polydesk.tape.parts import GROUP_ROWS

CHUNK_ROWS = 1 << 16
"""Rows of one compiled call: an interruption waits no longer."""
_FIRST_ROWS = 1 << 12
ASKED_CHUNK_ROWS = 1 << 13
"""The same where strategies in Python are asked: they take as long as they take."""
_LOOK_EVERY_NS = 50_000_000
_NO_ROWS = empty_rows(0)
_NOTHING_SEEN = np.zeros((0, 3), np.int64)


class CompiledDriver:
    """Runs one machine over one tape; see the module.

    Args:
        tape: What to replay.
        machine: Fresh: nothing applied yet.
        recorder: Takes every input and output; ``None`` keeps nothing but the counters.
        look: Called now and then with the progress, the machine's desk being up to date; keep it short.
        batch_rows: Rows read at once.
        chunk_rows: Rows of one compiled call; by default as its strategies are.
    """

    def __init__(
        self,
        tape: Tape,
        machine: Machine,
        recorder: Recorder | None,
        look: Callable[[Progress], None],
        batch_rows: int = GROUP_ROWS,
        chunk_rows: int | None = None,
    ) -> None:
        self._tape, self._m, self._recorder, self._look = tape, machine, recorder, look
        desk = machine.desk
        asks = not all(runs_compiled(one) for one in desk.strategies.values())
        self._batch_rows, self._chunk_rows = batch_rows, chunk_rows or (ASKED_CHUNK_ROWS if asks else CHUNK_ROWS)
        self._loop, self._names = new_loop(desk, tell=recorder is not None)
        self._asker = Asker(desk, tell=recorder is not None)
        self._asker.bind(self._loop)
        self._translator = Translator(desk, self._names, self._asker)
        self._broken = ""
        self._stop = ""
        self._looked_ns = 0
        self._window = Window(machine.feed) if machine.feed else None
        self._rows, self._seen, self._cursor = _NO_ROWS, _NOTHING_SEEN, np.zeros(3, np.int64)

    def stop(self, why: str) -> None:
        """Ask the session to end: working orders are cancelled, then it stops. Safe to call from a signal handler."""
        self._stop = self._stop or why

    def run(self) -> str:
        """Run to the end of the tape or to the stop; return ``tape_end`` or ``stopped``.

        Raises:
            TapeError: A row names a market outside the tape's.
            KeyboardInterrupt: A second Ctrl-C, before, while or after a strategy that is Python was asked.
        """
        goes_on = True
        for rows in self._tape.batches(start=self._m.next_row, batch_rows=self._batch_rows):
            goes_on = self._batch(rows)
            if not goes_on:
                break
        if goes_on and self._window is not None:
            self._both(self._window, final=True)
        now = self._loop.now
        reason = "stopped" if now[Now.STOPPING] else "tape_end"
        self._make_room()
        self._take(SourceChanged(int(now[Now.ROW_SEQ]), int(now[Now.ROW_NS]), "ended"))
        self._do(Task.END)
        until_ns = self._m.venue.settled_by_ns(int(now[Now.NOW_NS])) if reason == "stopped" else FAR_NS
        while self._do(Task.DRAIN, until_ns) == Stop.ROOM:
            self._make_room()
        self._make_room()
        self._do(Task.BALANCE)
        self._tell_progress(force=True)
        return reason

    def result(self, reason: str) -> LoopResult:
        """Return what the session came to."""
        self._sync()
        return loop_result(self._loop, self._m.desk, reason, self._m.next_row)

    def _batch(self, rows: np.ndarray) -> bool:
        """Go through the next rows; return whether the session goes on."""
        low = 0
        while low < len(rows):
            # The first piece of a batch is joined to the rows that wait for the feed: a copy, so it is short.
            limit = self._chunk_rows if low or self._window is None else min(_FIRST_ROWS, self._chunk_rows)
            high = min(low + limit, len(rows))
            if self._window is None:
                goes_on = self._through(rows[low:high])
            else:
                self._window.extend(self._m.venue.kernel, rows, low, high)
                goes_on = self._both(self._window, final=False)
            if not goes_on:
                return False
            low = high
            self._tell_progress(force=False)
        return True

    def _through(self, rows: np.ndarray) -> bool:
        check_rows(rows)
        self._rows, self._seen, self._cursor = rows, _NOTHING_SEEN, np.zeros(3, np.int64)
        while self._cursor[1] < len(rows):
            # A stop waits for a moment between two things that are due: row by row until there is one.
            waits = self._stop and not self._loop.now[Now.STOPPING] and not self._take_stop()
            if self._advance(Task.ROWS, int(self._cursor[1]) + 1 if waits else len(rows)) == Stop.ENDED:
                return False
        return True

    def _both(self, window: Window, *, final: bool) -> bool:
        """Take the venue's books and the desk's view through the window's rows."""
        self._rows, self._seen, self._cursor = window.rows, window.seen, window.cursor
        if self._stop and not self._loop.now[Now.STOPPING]:
            self._take_stop()
        why = int(Stop.ROOM)
        while why == Stop.ROOM:
            why = self._advance(Task.BOTH, int(final))
            window.note()
        return why != Stop.ENDED

    def _advance(self, task: Task, argument: int) -> int:
        """Advance once and make room where it lacks; return a ``Stop``."""
        why = self._do(task, argument)
        row = int(self._cursor[1])
        if row < 0:
            self._flush()
            raise foreign_row(self._m.books, self._rows, -1 - row)
        self._m.next_row = int(self._loop.now[Now.ROW_SEQ]) + 1
        self._m.ts_ns = int(self._loop.now[Now.ROW_NS])
        if why == Stop.ROOM:
            self._make_room()
        return why

    def _do(self, task: Task, argument: int = 0) -> int:
        m = self._m
        feed = m.feed
        blind, nothing, nowhere = (feed.blind, feed.nothing, feed.nowhere) if feed else (m.wake, m.own, m.fills)
        try:
            with self._asker.listening():
                why = int(
                    run(
                        self._loop, m.view, m.books, m.own, m.fills, m.wake, blind, nothing, nowhere, m.venue.kernel,
                        self._rows, self._seen, self._cursor, int(task), argument,
                    )
                )  # fmt: skip
        except Unanswered as err:
            raise self._asker.error or err from None
        if self._asker.error is not None:
            # What was put out since the last flush stays unwritten: the session is repeated from its journal.
            raise self._asker.error
        return why

    def _take_stop(self) -> bool:
        """Hand over the operator's stop; return whether this was a moment for it: between two things that are due."""
        now, m = self._loop.now, self._m
        now_ns = max(int(now[Now.ROW_NS]), int(now[Now.NOW_NS]))
        if self._window is not None:
            # The venue's books are ahead of what the desk has seen: whatever is sent now comes after their last row.
            now_ns = max(now_ns, self._window.venue_ns() + 1)
            if self._window.next_wake_ns() <= now_ns:
                return False
        if now[Now.UNTOLD_NEWS] or next_due_ns(self._loop, m.venue.kernel) <= now_ns:
            return False
        self._make_room()
        self._take(Command(int(now[Now.ROW_SEQ]), now_ns, "stop", self._stop))
        self._do(Task.STOP, now_ns)
        return True

    def _make_room(self) -> None:
        self._flush()
        self._loop, self._m.venue.kernel = with_room(self._loop, self._m.venue.kernel)
        self._asker.bind(self._loop)

    def _take(self, record: Any) -> None:
        self._flush()
        if self._recorder is not None:
            self._recorder.take(record)

    def _flush(self) -> None:
        if self._recorder is None:
            return
        count = int(self._loop.now[Now.OUT])
        rows, floats = self._loop.out[:count].tolist(), self._loop.out_float[:count].tolist()
        for record in self._translator.records(rows, floats):
            self._recorder.take(record)
            if isinstance(record, SentinelBroke):
                self._broken = record.detail
        self._loop.now[Now.OUT] = 0
        self._asker.forget()

    def _commit(self) -> None:
        self._flush()
        if self._recorder is not None:
            self._recorder.commit()

    def _sync(self) -> None:
        code = int(self._loop.now[Now.BROKEN])
        sync(self._m.desk, self._loop, self._names, self._broken or (f"sentinel {code}" if code else ""))

    def _tell_progress(self, *, force: bool) -> None:
        now_ns = time.monotonic_ns()
        if not force and now_ns - self._looked_ns < _LOOK_EVERY_NS:
            return
        self._looked_ns = now_ns
        self._commit()
        self._sync()
        now = self._loop.now
        self._look(
            Progress(
                self._m.next_row, self._tape.manifest.rows, int(now[Now.ROW_NS]), int(now[Now.WAKES]),
                int(now[Now.ORDERS]), int(now[Now.FILLS]),
            )
        )  # fmt: skip
