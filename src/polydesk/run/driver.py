"""The driver of a paper session: tape rows, venue news and timers reach the desk in virtual time, one at a time.

Order at the same virtual time: what waits in the gateway leaves, then the venue acts, then timers fire, then the next
row is applied. Everything due at or before a row's time happens before that row.

With feed latency there are two books: the venue's, which match, and the desk's view, to which a row is applied when the
desk sees it. At the same time the venue's row comes first, then the view's. What is recorded carries the last row that
the desk has seen and the time it is there.
"""

import time
from collections.abc import Callable

import msgspec
import numpy as np

from polydesk.desk import Desk, Woken, next_timer_ns, step
from polydesk.exchange import SimulatedExchange
from polydesk.kernel import Books, Fills, Own, Wake, WakeBit, advance
from polydesk.kernel.feed import FILLED, MORE, WOKEN
from polydesk.model.grid import FAR_NS
from polydesk.model.records import (
    CancelSent,
    Command,
    Fill,
    FillStatus,
    Input,
    OrderSent,
    Settled,
    SourceChanged,
    TimerFired,
)
from polydesk.run.delayed import DelayedFeed, Window
from polydesk.run.gateway import Gateway
from polydesk.run.pace import Pace
from polydesk.run.recorder import Diverged, Recorder
from polydesk.tape import Tape
from polydesk.tape.parts import GROUP_ROWS

_SLICE_S = 0.02
_LOOK_EVERY_NS = 50_000_000


class Progress(msgspec.Struct, frozen=True):
    """Where a running session is.

    Attributes:
        rows: Tape rows applied.
        total: Tape rows of the session.
        ts_ns: Virtual time.
        wakes: Times the desk was woken in this process.
        orders: Orders sent.
        fills: Fills reported.
    """

    rows: int
    total: int
    ts_ns: int
    wakes: int
    orders: int
    fills: int


class Machine(msgspec.Struct):
    """The moving parts of a session.

    Attributes:
        books: The venue's, which match.
        view: The desk's; the same object without feed latency.
        feed: What feed latency needs, ``None`` without it.
        next_row: First tape row the desk has not seen yet.
        ts_ns: When it saw the last one.
    """

    desk: Desk
    venue: SimulatedExchange
    books: Books
    own: Own
    fills: Fills
    wake: Wake
    view: Books
    feed: DelayedFeed | None = None
    next_row: int = 0
    ts_ns: int = 0


class Driver:
    """Runs one machine over one tape; see the module.

    Args:
        tape: What to replay.
        machine: Fresh, or restored from a checkpoint.
        recorder: Takes every input and output.
        pace: Replay speed.
        look: Called now and then with the progress; keep it short.
        checkpoint: Called between batches when everything waiting has been sent.
        batch_rows: Most rows between two such moments.
    """

    def __init__(
        self,
        tape: Tape,
        machine: Machine,
        recorder: Recorder,
        pace: Pace,
        look: Callable[[Progress], None],
        checkpoint: Callable[[], None],
        batch_rows: int = GROUP_ROWS,
    ) -> None:
        self._tape = tape
        self._m = machine
        self._recorder = recorder
        self._gateway = Gateway(machine.venue, recorder)
        self._pace = pace
        self._look = look
        self._checkpoint = checkpoint
        self._batch_rows = batch_rows
        self._looked_ns = 0
        self._stop = ""
        self._wakes = 0
        self._orders = sum(isinstance(record, OrderSent) for record in recorder.met)
        self._fill_count = sum(isinstance(record, Fill) for record in recorder.met)
        self._seq = machine.next_row - 1
        self._ts_ns = machine.ts_ns
        self._now_ns = max(machine.ts_ns, machine.desk.state.now_ns)
        self._window = Window(machine.feed) if machine.feed else None

    def stop(self, why: str) -> None:
        """Ask the session to end: working orders are cancelled, then it stops. Safe to call from a signal handler."""
        self._stop = self._stop or why

    def run(self) -> str:
        """Run to the end of the tape or to the stop; return ``tape_end`` or ``stopped``."""
        for rows in self._tape.batches(start=self._m.next_row, batch_rows=self._batch_rows):
            if not self._batch(rows):
                break
            self._gateway.flush()
            self._checkpoint()
        else:
            if self._window is not None:
                self._both(self._window, rows=None)
        reason = "stopped" if self._m.desk.state.stopping else "tape_end"
        self._feed(SourceChanged(self._seq, self._ts_ns, "ended"))
        self._drain(self._m.venue.settled_by_ns(self._m.desk.state.now_ns) if reason == "stopped" else FAR_NS)
        self._compare_balance()
        self._recorder.commit()
        self._tell_progress(force=True)
        return reason

    def _batch(self, rows: np.ndarray) -> bool:
        if self._window is not None:
            return self._both(self._window, rows)
        index, count = 0, len(rows)
        while index < count:
            if self._attend():
                return False
            if self._waited(int(rows["ts_ns"][index])):
                continue
            index = self._forward(rows, index, self._last_row(rows, count))
        return True

    def _waited(self, next_ns: int) -> bool:
        """Wait a little where the next row is not yet due at the session's pace; return whether it did."""
        wait_s = self._pace.wait_s(next_ns)
        if wait_s <= 0 or self._m.desk.state.stopping:
            return False
        # The only sleep of the program: it paces the show and decides nothing.
        time.sleep(min(wait_s, _SLICE_S))
        return True

    def _both(self, window: Window, rows: np.ndarray | None) -> bool:
        """Take the venue's books and the desk's view through the next rows; ``None``: there are no more."""
        if rows is not None:
            window.extend(self._m.venue.kernel, rows)
        why = -1
        while why != MORE:
            if self._attend():
                return False
            stop = self._last_row(window.rows, len(window.rows)) if len(window.rows) else 0
            next_ns = window.next_ns(stop)
            if next_ns == FAR_NS or not self._waited(min(next_ns, self._next_due_ns())):
                why = self._forward_both(window, stop, final=rows is None)
        return True

    def _forward_both(self, window: Window, stop: int, *, final: bool) -> int:
        m = self._m
        told = self._recorder.from_outside()
        # A recorded command waits for what the venue did before its time, and the venue does not go beyond it.
        told_ns = FAR_NS if told is None else told.ts_ns + (told.seq != self._seq)
        limit = min(self._next_due_ns(), self._pace.allowed_ns() + 1, told_ns)
        why = window.advance(m.books, m.own, m.fills, m.view, m.wake, stop, limit, final=final)
        if window.cursor[1]:
            last = int(window.cursor[1]) - 1
            self._seq = int(window.rows["seq"][last])
            self._ts_ns = m.ts_ns = int(window.seen[last, 0])
            self._now_ns = max(self._now_ns, self._ts_ns)
            m.next_row = self._seq + 1
        if why == FILLED:
            m.venue.collect(int(window.rows["ts_ns"][window.cursor[0] - 1]))
        elif why == WOKEN:
            market, reasons = int(m.wake.out[0]), int(m.wake.out[1]) & ~WakeBit.OWN
            if market >= 0 and reasons:
                self._wakes += 1
                self._feed(Woken(self._seq, self._ts_ns, market, reasons))
        elif why != MORE and self._next_due_ns() <= window.next_ns(stop) and not self._told_now():
            self._happen()
        return why

    def _forward(self, rows: np.ndarray, index: int, stop: int) -> int:
        m = self._m
        limit = min(self._next_due_ns(), self._pace.allowed_ns() + 1)
        after = advance(m.books, m.own, m.fills, m.wake, rows, index, stop, limit)
        if after > index:
            self._seq = int(rows["seq"][after - 1])
            self._ts_ns = m.ts_ns = int(rows["ts_ns"][after - 1])
            self._now_ns = max(self._now_ns, self._ts_ns)
            m.next_row = self._seq + 1
        if m.fills.n[0]:
            m.venue.collect(self._ts_ns)
        market, reasons = int(m.wake.out[0]), int(m.wake.out[1]) & ~WakeBit.OWN
        if market >= 0 and reasons:
            self._wakes += 1
            self._feed(Woken(self._seq, self._ts_ns, market, reasons))
        elif after < len(rows) and self._next_due_ns() <= int(rows["ts_ns"][after]) and not self._told_now():
            self._happen()
        return after

    def _told_now(self) -> Input | None:
        """Return the recorded command that belongs here.

        Raises:
            Diverged: Its place has passed.
        """
        told = self._recorder.from_outside()
        if told is not None and told.seq < self._seq:
            raise Diverged(f"row {self._seq} was reached before the recorded {told}")
        if told is None or told.seq != self._seq or self._next_due_ns() <= told.ts_ns:
            return None
        if self._window is not None and self._window.next_venue_ns() < told.ts_ns:
            return None
        return told

    def _last_row(self, rows: np.ndarray, count: int) -> int:
        """Return the row to stop before, so that a recorded command comes after the row it came after."""
        told = self._recorder.from_outside()
        return count if told is None else max(0, min(count, told.seq + 1 - int(rows["seq"][0])))

    def _next_due_ns(self) -> int:
        timer = next_timer_ns(self._m.desk)
        return min(self._gateway.due_ns(), self._m.venue.next_ns(), FAR_NS if timer is None else timer)

    def _happen(self) -> None:
        gateway, venue = self._gateway.due_ns(), self._m.venue.next_ns()
        due = self._next_due_ns()
        self._now_ns = max(self._now_ns, due)
        if gateway == due:
            self._gateway.flush()
        elif venue == due:
            news = self._m.venue.happen(self._seq)
            if news is not None:
                self._feed(news)
                if isinstance(news, FillStatus | Settled):
                    self._compare_balance()
        else:
            self._feed(TimerFired(self._seq, due))

    def _compare_balance(self) -> None:
        """Let the desk compare its account with the venue's, when nothing is on its way."""
        told = self._m.venue.balance(self._seq, self._m.desk.state.now_ns)
        if told is not None:
            self._feed(told)

    def _drain(self, until_ns: int) -> None:
        """Let everything that is still on its way arrive: answers, confirmations, payouts. Nothing new is decided."""
        self._gateway.flush()
        while self._next_due_ns() < until_ns or (self._next_due_ns() < FAR_NS and self._on_its_way()):
            self._happen()
        self._recorder.commit()

    def _on_its_way(self) -> bool:
        """Return whether an order, its answer or a settlement state is still travelling."""
        m = self._m
        return bool(m.desk.state.working.orders or m.venue.untold or m.desk.state.account.unconfirmed())

    def _attend(self) -> bool:
        """See to commands and viewers; return whether the session is over."""
        told = self._told_now()
        if told is not None:
            self._feed(told)
        elif (
            self._stop
            and not self._recorder.repeating
            and not self._m.desk.state.stopping
            and self._next_due_ns() > self._now_ns
        ):
            self._feed(Command(self._seq, self._now_ns, "stop", self._stop))
        self._tell_progress(force=False)
        state = self._m.desk.state
        return state.stopping and not state.working.orders

    def _feed(self, event: Woken | Input) -> None:
        if not isinstance(event, Woken):
            self._recorder.take(event)
            self._fill_count += isinstance(event, Fill)
        desk = self._m.desk
        outputs = step(desk, event)
        permits = iter(desk.permits)
        for output in outputs:
            self._recorder.take(output)
            if isinstance(output, OrderSent):
                self._orders += 1
                self._gateway.order(next(permits), output.ts_ns)
            elif isinstance(output, CancelSent):
                self._gateway.cancel(output.intent, output.ts_ns)

    def _tell_progress(self, *, force: bool) -> None:
        now = time.monotonic_ns()
        if force or now - self._looked_ns >= _LOOK_EVERY_NS:
            self._looked_ns = now
            self._look(
                Progress(
                    self._m.next_row,
                    self._tape.manifest.rows,
                    self._ts_ns,
                    self._wakes,
                    self._orders,
                    self._fill_count,
                )
            )
