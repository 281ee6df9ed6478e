"""Where a session's records go: into the journal, or against what a journal already holds.

A resumed session first does again what its journal says it did; every record must come out the same. Only when the
recorded ones are used up are new ones written.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from polydesk.model.errors import InvariantBroken
from polydesk.model.records import (
    MAKER_REBATE,
    CashMoved,
    Command,
    Input,
    Output,
    Record,
    SessionEnded,
    SessionHalted,
    SessionResumed,
    SessionStarted,
)  # fmt: skip
from polydesk.tape.journal import JournalWriter

_SESSION_MARKS = (SessionStarted, SessionResumed, SessionHalted, SessionEnded)
_TOLD = 4


class Diverged(InvariantBroken):
    """A repeated session does something else than the recorded one."""


class Recorder:
    """Takes every input and output of a session in order.

    Attributes:
        count: Records taken, recorded ones included.
    """

    def __init__(self, journal: JournalWriter | None, expected: Sequence[Record] = (), count: int = 0) -> None:
        self.count = count
        self._journal = journal
        self._expected = expected

    @property
    def repeating(self) -> bool:
        """Whether recorded records are still left to be met."""
        return self.count < len(self._expected)

    @property
    def met(self) -> Sequence[Record]:
        """The recorded records that lie behind already, for example because a checkpoint replaced repeating them."""
        return self._expected[: self.count]

    def take(self, record: Input | Output) -> None:
        """Write the record, or compare it with the recorded one.

        Raises:
            Diverged: The recorded session has something else here.
            JournalFull: No disk space beyond the reserve.
        """
        if self.repeating:
            recorded = self._expected[self.count]
            if recorded != record:
                raise Diverged(difference(self.count, recorded, record))
        elif self._journal is not None:
            self._journal.append(record)
        self.count += 1

    def commit(self) -> None:
        """Make everything taken so far durable."""
        if self._journal is not None:
            self._journal.commit()

    def from_outside(self) -> Input | None:
        """Return the next recorded record when it came from the operator or the world rather than from the venue."""
        if self.repeating:
            record = self._expected[self.count]
            if isinstance(record, Command | CashMoved) and _is_outside(record):
                return record
        return None

    def any_from_outside(self) -> bool:
        """Return whether any record that is left to be met came from the operator or the world."""
        return any(_is_outside(record) for record in self._expected[self.count :])


def _is_outside(record: Record) -> bool:
    return isinstance(record, Command) or (isinstance(record, CashMoved) and record.kind != MAKER_REBATE)


def without_marks(records: Sequence[Record]) -> list[Input | Output]:
    """Return the inputs and outputs among the records."""
    return [record for record in records if not isinstance(record, _SESSION_MARKS)]


def difference(position: int, recorded: Record | None, got: Record | None) -> str:
    """Describe the first difference between two sessions, down to the fields that differ."""
    where = f"record {position}"
    if recorded is None or got is None:
        only, record = ("now", got) if recorded is None else ("recorded", recorded)
        return f"{where}: only {only}: {record}"
    one, two = msgspec.to_builtins(recorded), msgspec.to_builtins(got)
    if type(recorded) is not type(got):
        return f"{where}: recorded {one}, now {two}"
    told = [f"{path} recorded {a!r}, now {b!r}" for path, a, b in _leaves("", one, two)]
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    row = getattr(recorded, "seq", -1)
    return f"{where} ({type(recorded).__name__} after row {row}): " + "; ".join(told[:_TOLD]) + more


def _leaves(path: str, one: Any, two: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        for key in one:
            yield from _leaves(f"{path}.{key}" if path else str(key), one[key], two[key])
    elif isinstance(one, list | tuple) and isinstance(two, list | tuple) and len(one) == len(two):
        for index, (a, b) in enumerate(zip(one, two, strict=True)):
            yield from _leaves(f"{path}[{index}]", a, b)
    elif one != two:
        yield path, one, two
