"""Which market and which moment somebody means: by name, index or id; by time of day, ISO time or tape row."""

import difflib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from polydesk.model.errors import SessionError
from polydesk.model.grid import NS_PER_S
from polydesk.model.market import Market
from polydesk.report.quantities import utc, utc_ms
from polydesk.tape import Tape

_SILENCE_NS = 3_600 * NS_PER_S
_TIMES = "give a time of day (07:12:30), an ISO time (2026-04-16T07:12:30.5Z) or a tape row (52000)"


class Moment(msgspec.Struct, frozen=True):
    """A place in a session: row ``seq`` of the tape is applied, and everything else that happened by ``ts_ns``."""

    seq: int
    ts_ns: int

    def covers(self, seq: int, ts_ns: int) -> bool:
        """Return whether a record made after row ``seq`` at ``ts_ns`` had been made by then."""
        return seq < self.seq or (seq == self.seq and ts_ns <= self.ts_ns)


def find_market(text: str, markets: Sequence[Market]) -> Market:
    """Return the market meant: index, slug, condition id or token id, or the only one whose slug contains the text.

    Raises:
        SessionError: None or several fit; the message names them.
    """
    if text.isdecimal() and int(text) < len(markets):
        return markets[int(text)]
    exact = [m for m in markets if text in {m.slug, m.condition_id, *(token.id for token in m.tokens)}]
    found = exact or [market for market in markets if text.lower() in market.slug.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(f"{market.index} {market.slug}" for market in found[:6])
        raise SessionError(f"market {text!r} fits {len(found)} markets: {named}; give the index or the whole name")
    slugs = [market.slug for market in markets]
    near = difflib.get_close_matches(text, slugs, n=3, cutoff=0.4) or slugs[:3]
    raise SessionError(f"no market {text!r} in this session; there are {len(markets)}, for example {', '.join(near)}")


def find_moment(text: str, tape: Tape, rows: int, first_row: int = 0) -> Moment:
    """Return the moment meant.

    Args:
        text: Time of day in UTC, ISO time (UTC when it names no zone), or the number of a tape row.
        tape: The session's tape.
        rows: Where the session ends: the row after its last.
        first_row: Where it begins.

    Raises:
        SessionError: It is none of these, outside the session, or a time of day that came more than once.
    """
    if text.isdecimal():
        return _of_row(int(text), tape, rows, first_row)
    first, last = _time_of(tape, first_row), _time_of(tape, rows - 1)
    span = f"the session runs from {utc(first)} to {utc(last)} UTC"
    readings = [ts_ns for ts_ns in _readings(text, first, last) if first <= ts_ns <= last]
    found = _moments(tape, rows, readings)
    if len(found) > 1:
        # A tape may hold a day of April and one of June: only times at which something was recorded are meant.
        found = [moment for moment in found if moment.ts_ns - _time_of(tape, moment.seq) <= _SILENCE_NS]
    if len(found) == 1:
        return found[0]
    if found:
        days = ", ".join(utc(moment.ts_ns) for moment in found[:4])
        raise SessionError(f"time {text!r} came {len(found)} times ({days}); give the date as well")
    raise SessionError(f"time {text!r} is outside the session: {span}")


def _of_row(row: int, tape: Tape, rows: int, first_row: int) -> Moment:
    if not first_row <= row < rows:
        raise SessionError(f"row {row} is outside the session: its rows are {first_row} to {rows - 1}")
    return Moment(row, _time_of(tape, row))


def _readings(text: str, first_ns: int, last_ns: int) -> list[int]:
    """Return every instant the text can mean between two: a time of day means one of each day."""
    try:
        at = time.fromisoformat(text)
    except ValueError:
        return [_instant(text)]
    day, end = _day(first_ns), _day(last_ns)
    days = [day + timedelta(days=n) for n in range((end - day).days + 1)]
    return [_nanoseconds(datetime.combine(one, at, at.tzinfo or UTC)) for one in days]


def _instant(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise SessionError(f"time {text!r} is not understood: {_TIMES}") from err
    if "T" not in text and " " not in text:
        raise SessionError(f"time {text!r} names a day only: {_TIMES}")
    return _nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _nanoseconds(moment: datetime) -> int:
    whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole.days * 86_400 + whole.seconds) * NS_PER_S + whole.microseconds * 1_000


def _day(ts_ns: int) -> date:
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).date()


def _time_of(tape: Tape, row: int) -> int:
    for rows in tape.batches(max(row, 0), row + 1):
        return int(rows[0]["ts_ns"])
    raise SessionError(f"{tape.path}: the tape has no row {row}")


def _moments(tape: Tape, rows: int, wanted: list[int]) -> list[Moment]:
    """Return each time with the last row at or before it; the times ascend and none is before the first row."""
    found: list[Moment] = []
    last = 0
    for batch in tape.batches(0, rows):
        times = batch["ts_ns"]
        while len(found) < len(wanted) and (ts_ns := wanted[len(found)]) < int(times[-1]):
            at = int(np.searchsorted(times, ts_ns, side="right"))
            found.append(Moment(int(batch[at - 1]["seq"]) if at else last, ts_ns))
        if len(found) == len(wanted):
            break
        last = int(batch[-1]["seq"])
    return found + [Moment(last, ts_ns) for ts_ns in wanted[len(found) :]]


def moment_text(moment: Moment) -> str:
    """Write a moment: ``2026-04-16 07:12:30.500 UTC, row 52,000``."""
    return f"{utc_ms(moment.ts_ns)}, row {moment.seq:,}"
