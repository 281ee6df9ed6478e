"""Doing a recorded session again: to prove that it comes out the same, or to see what another configuration does."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from polydesk.desk import Desk, Woken, new_desk, step
from polydesk.exchange.measured import kept_exchange
from polydesk.kernel import Wake, WakeBit, advance, feed_times
from polydesk.model.grid import FAR_NS
from polydesk.model.records import Input, Output, Record, SessionEnded, SessionStarted, is_input
from polydesk.report.session import read_session, session_tape
from polydesk.run.begin import begin
from polydesk.run.driver import Driver, Machine
from polydesk.run.fingerprint import differences, fingerprint
from polydesk.run.pace import Pace
from polydesk.run.recorder import Diverged, Recorder, difference, without_marks
from polydesk.run.session import session_config
from polydesk.store.ends import remembered_end
from polydesk.tape import Tape
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import journal_hash, read_from


class Verdict(msgspec.Struct, frozen=True):
    """What a replay found.

    Attributes:
        identical: Whether every output came out as recorded.
        compared: Outputs compared.
        first_difference: Empty when identical.
        complete: Whether the journal has an end; without one only what is there was compared.
        fingerprint: How the code, libraries or processor differ from the recorded ones.
    """

    identical: bool
    compared: int
    first_difference: str
    fingerprint: list[str]
    complete: bool


def verify_session(folder: Path) -> Verdict:
    """Feed the recorded inputs and the tape to a fresh desk and compare every output with the recorded one.

    First the venue is not asked: its answers come from the journal. Where the venue was simulated, it then answers anew
    and every answer is compared as well. An unfinished session is compared as far as it goes.

    Raises:
        SessionError: No session, or its tape is gone or has changed.
        JournalError: The journal is damaged.
    """
    header, records = read_session(folder)
    changed = differences(header.fingerprint, fingerprint())
    config, tape = session_config(header), session_tape(header)
    exchange = kept_exchange(config.exchange, folder)
    machine = begin(tape, config.desk, exchange, header.seed, header.markets)
    desk = new_desk(config.desk, machine.desk.markets, machine.view, live=header.mode == "live")
    expected: list[Input | Output] = without_marks(records)
    ended = next((r for r in reversed(records) if isinstance(r, SessionEnded)), None)
    position = 0
    for got in replayed(tape, machine, desk, [r for r in expected if is_input(r)], ended):
        while position < len(expected) and is_input(expected[position]):
            position += 1
        if position == len(expected):
            if ended is None:
                break
            return _differs(position, None, got, changed, ended)
        if expected[position] != got:
            return _differs(position, expected[position], got, changed, ended)
        position += 1
    rest = [r for r in expected[position:] if not is_input(r)]
    if rest:
        return _differs(position, rest[0], None, changed, ended)
    found = (
        _venue_differs(folder, header, tape, expected)
        or _hash_differs(header, records, ended)
        or _junk(folder, ended)
        or _cut(folder, header, ended)
    )
    if found:
        return Verdict(
            identical=False, compared=position, first_difference=found, fingerprint=changed, complete=ended is not None
        )
    return Verdict(
        identical=True,
        compared=sum(not is_input(r) for r in expected),
        first_difference="",
        fingerprint=changed,
        complete=ended is not None,
    )


def _venue_differs(folder: Path, header: SessionStarted, tape: Tape, expected: list[Input | Output]) -> str:
    """Run a simulated session again, exchange included; return the first difference, or an empty string."""
    if header.mode == "live":
        return ""
    config = session_config(header)
    machine = begin(tape, config.desk, kept_exchange(config.exchange, folder), header.seed, header.markets)
    recorder = Comparison(expected)
    try:
        Driver(tape, machine, recorder, Pace(None, lambda: 0), lambda _: None, recorder.stop_when_done).run()
    except Diverged as err:
        return str(err)
    except Compared:
        pass
    return ""


class Compared(Exception):  # noqa: N818 - the end of a comparison, not a mistake
    """Every recorded record was met again."""


class Comparison(Recorder):
    """Compares a repeated session with a recorded one and ends when the record does."""

    def __init__(self, expected: Sequence[Input | Output]) -> None:
        super().__init__(None, expected)

    def take(self, record: Input | Output) -> None:
        """Compare a record; what comes after the last recorded one is not compared."""
        if not self.repeating:
            raise Compared
        super().take(record)

    def stop_when_done(self) -> None:
        """End between batches when everything was met."""
        if not self.repeating:
            raise Compared


def _hash_differs(header: SessionStarted, records: Sequence[Record], ended: SessionEnded | None) -> str:
    if ended is None:
        return ""
    counted = journal_hash(records, header.tape_sha256)
    if counted == ended.journal_sha256:
        return ""
    return f"journal_sha256 recorded {ended.journal_sha256}, the records give {counted}"


def _cut(folder: Path, header: SessionStarted, ended: SessionEnded | None) -> str:
    """Return a complaint when the ledger remembers an end that the journal has lost, or an empty string."""
    if ended is not None:
        return ""
    known = remembered_end(folder.parent.parent, header.session)
    return f"the journal has lost its end: the ledger remembers journal_sha256 {known}" if known else ""


def _junk(folder: Path, ended: SessionEnded | None) -> str:
    """Return a complaint about bytes behind the end of a complete journal, or an empty string."""
    if ended is None:
        return ""
    _, end = read_from(folder / JOURNAL)
    with (folder / JOURNAL).open("rb") as file:
        file.seek(end)
        left = file.read()
    return "the journal goes on behind its end: it was changed" if left.strip(b"\0") else ""


def _differs(
    position: int, recorded: Output | Input | None, got: Output | None, changed: list[str], ended: SessionEnded | None
) -> Verdict:
    return Verdict(
        identical=False,
        compared=position,
        first_difference=difference(position, recorded, got),
        fingerprint=changed,
        complete=ended is not None,
    )


def replayed(
    tape: Tape, machine: Machine, desk: Desk, inputs: Sequence[Input], ended: SessionEnded | None
) -> Iterator[Output]:
    """Yield what a desk puts out when recorded inputs reach it after the rows they came after.

    Args:
        tape: The session's tape.
        machine: Fresh; only its books are used, the venue is not asked.
        desk: Fresh, over these books.
        inputs: In order.
        ended: Its ``rows`` are where to stop; the end of the tape when there is none.
    """
    position, first = 0, tape.span[0]
    state = np.zeros(2, np.int64)
    while position < len(inputs) and inputs[position].seq < first:
        yield from step(desk, inputs[position])
        position += 1
    for rows in tape.batches(stop=first + ended.rows if ended else None):
        base, index = int(rows["seq"][0]), 0
        seen_ns = rows["ts_ns"]
        if machine.feed is not None:
            seen = np.zeros((len(rows), 3), np.int64)
            feed_times(machine.venue.kernel, rows, 0, seen, state)
            seen_ns = seen[:, 0]
        while index < len(rows):
            stop = len(rows)
            if position < len(inputs):
                stop = min(stop, inputs[position].seq + 1 - base)
            index = advance(machine.view, machine.own, machine.fills, machine.wake, rows, index, stop, FAR_NS)
            seq = base + index - 1
            yield from _woken(desk, machine.wake, seq, int(seen_ns[index - 1]))
            while position < len(inputs) and inputs[position].seq == seq:
                yield from step(desk, inputs[position])
                position += 1
    for event in inputs[position:]:
        yield from step(desk, event)


def _woken(desk: Desk, wake: Wake, seq: int, ts_ns: int) -> list[Output]:
    market, reasons = int(wake.out[0]), int(wake.out[1]) & ~WakeBit.OWN
    return step(desk, Woken(seq, ts_ns, market, reasons)) if market >= 0 and reasons else []
