"""What compiled code would read or write beyond is refused before it is called, with the array's name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk_bench import BUSY
from made import made_tape
from polydesk.exchange import ExchangeConfig
from polydesk.kernel.given import check_cursor, check_rows
from polydesk.model.errors import InvariantBroken
from polydesk.model.rows import ROW_DTYPE, empty_rows
from polydesk.run.compiled_driver import CompiledDriver
from polydesk.run.delayed import Window
from polydesk.run.machine import new_machine

ROWS = empty_rows(4)


def frozen(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("rows", "seen", "told"),
    [
        (np.zeros(4, np.int64), None, r"rows: int64 of shape \(4,\); needed are the rows of a tape"),
        (np.zeros((2, 2), ROW_DTYPE), None, r"rows: records of shape \(2, 2\)"),
        (np.zeros(8, ROW_DTYPE)[::2], None, r"rows: records of shape \(4,\), not contiguous"),
        (ROWS, np.zeros((3, 3), np.int64), r"seen: int64 of shape \(3, 3\); needed are .* of shape \(4, 3\)"),
        (ROWS, np.zeros((4, 2), np.int64), r"seen: int64 of shape \(4, 2\)"),
        (ROWS, np.zeros((4, 3), np.int32), r"seen: int32 of shape \(4, 3\)"),
        (ROWS, np.zeros((4, 3), np.int64, order="F"), r"seen: .*not contiguous"),
        (ROWS, frozen(np.zeros((4, 3), np.int64)), r"seen: .*not writeable"),
    ],
)
def test_rows_and_times_of_another_kind_are_refused(rows, seen, told):
    with pytest.raises(InvariantBroken, match=told):
        check_rows(rows, seen)


@pytest.mark.parametrize(
    ("cursor", "told"),
    [
        (np.zeros(2, np.int64), r"cursor: int64 of shape \(2,\); needed are 3 contiguous int64"),
        (np.zeros(3), r"cursor: float64"),
        (np.zeros(6, np.int64)[::2], "cursor: .*not contiguous"),
        (frozen(np.zeros(3, np.int64)), "cursor: .*not writeable"),
        (np.array([0, 5, -1]), r"cursor: \[0, 5, -1\] does not point into the 4 rows"),
    ],
)
def test_a_cursor_of_another_kind_is_refused(cursor, told):
    with pytest.raises(InvariantBroken, match=told):
        check_cursor(ROWS, cursor)


@given(st.integers(0, 9), st.tuples(*[st.integers(-3, 12)] * 3))
def test_a_cursor_passes_exactly_when_it_points_into_its_window(count, places):
    venue, view, first = places
    cursor = np.array(places, np.int64)
    if venue >= 0 and view in range(count + 1) and first in range(-1, max(1, count)):
        check_cursor(empty_rows(count), cursor)
    else:
        with pytest.raises(InvariantBroken, match="does not point"):
            check_cursor(empty_rows(count), cursor)


class Torn:
    """A tape whose rows are every second one of a longer array."""

    def __init__(self, tape):
        self.manifest, self._tape = tape.manifest, tape

    def batches(self, start=0, batch_rows=None):
        for rows in self._tape.batches(start):
            yield np.repeat(rows, 2)[::2]


def test_both_ways_into_compiled_code_are_guarded(tmp_path):
    tape = made_tape(tmp_path / "t", steps=40)
    machine = new_machine(tape.manifest, BUSY, ExchangeConfig(), 1)
    with pytest.raises(InvariantBroken, match=r"rows: records of shape .*, not contiguous"):
        CompiledDriver(Torn(tape), machine, None, lambda _progress: None).run()
    late = new_machine(tape.manifest, BUSY, ExchangeConfig(feed_latency_ms=50), 1)
    rows = next(iter(tape.batches()))
    # Rows of 64-bit words: concatenated they are rows again, but more of them than were told of.
    with pytest.raises(InvariantBroken, match="seen: int64"):
        Window(late.feed).extend(late.venue.kernel, rows.view(np.int64))
    late.feed.venue_row = -1
    with pytest.raises(InvariantBroken, match=r"cursor: \[-1, 0, -1\] does not point"):
        Window(late.feed).extend(late.venue.kernel, rows)
