import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_rows import FAR, Desk, as_rows, change, printed, row

from polydesk.kernel import Fact, WakeBit, advance, new_fills, place, take
from polydesk.model.errors import InvariantBroken, TapeError
from polydesk.model.rows import RowKind


def go(desk: Desk, rows: np.ndarray, start: int = 0, horizon: int = FAR) -> int:
    return advance(desk.books, desk.own, desk.fills, desk.wake, rows, start, len(rows), horizon)


def out(desk: Desk) -> tuple[int, int, int]:
    return tuple(desk.wake.out.tolist())


def test_it_stops_before_the_horizon():
    desk = Desk()
    rows = as_rows([change(1, 4800, 1, at) for at in (1, 2, 2, 3)])
    assert go(desk, rows, horizon=2) == 1
    assert out(desk) == (-1, 0, 0)
    assert go(desk, rows, 1, horizon=2) == 1
    assert out(desk) == (-1, 0, -1)
    assert go(desk, rows, 1, horizon=3) == 3
    assert go(desk, rows, 3) == 4
    assert desk.books.last[0, Fact.SEQ] == rows[3]["seq"]


def test_stop_is_respected_and_never_runs_past_the_rows():
    desk = Desk()
    rows = as_rows([change(1, 4800, 1, at) for at in (1, 2, 3)])
    assert advance(desk.books, desk.own, desk.fills, desk.wake, rows, 0, 2, FAR) == 2
    assert advance(desk.books, desk.own, desk.fills, desk.wake, rows, 2, 99, FAR) == 3


def test_a_touch_wake_comes_at_the_message_end_only():
    desk = Desk(2)
    desk.wake.mask[1] = WakeBit.TOUCH
    rows = as_rows(
        [
            change(1, 4800, 1, market=1, flags=0),
            change(-1, 5200, 1, market=1),
            change(1, 4700, 1, 2, market=1),
            change(1, 4900, 1, 3, market=0),
            change(1, 4900, 1, 4, market=1),
        ]
    )
    assert go(desk, rows) == 2
    assert out(desk) == (1, WakeBit.TOUCH, 1)
    assert go(desk, rows, 2) == 5
    assert out(desk) == (1, WakeBit.TOUCH, 4)


def test_a_touch_that_came_back_within_a_message_wakes_nobody():
    desk = Desk()
    desk.run(change(1, 4800, 1))
    desk.wake.mask[0] = WakeBit.TOUCH
    desk.wake.seen[0] = (4800, 10_000)
    rows = as_rows([change(1, 4900, 1, 2, flags=0), change(1, 4900, 0, 2)])
    assert go(desk, rows) == 2
    assert out(desk) == (-1, 0, 1)


def test_a_mid_wake_waits_for_the_step_since_the_last_wake():
    desk = Desk()
    desk.wake.mask[0] = WakeBit.MID
    desk.wake.step[0] = 200
    rows = as_rows(
        [change(1, 4800, 1, 1), change(-1, 5200, 1, 1)] + [change(1, 4800 + 100 * k, 1, 1 + k) for k in (1, 2, 3)]
    )
    assert [go(desk, rows), go(desk, rows, 1), go(desk, rows, 2), go(desk, rows, 4)] == [1, 2, 4, 5]
    assert out(desk) == (-1, 0, 4)


@pytest.mark.parametrize(
    ("given_row", "bit"),
    [
        (printed(1, 5000, 1), WakeBit.PRINT),
        (row(RowKind.TICK, aux=10), WakeBit.TICK),
        (row(RowKind.REFERENCE), WakeBit.REFERENCE),
        (row(RowKind.NEWS), WakeBit.REFERENCE),
        (row(RowKind.STATUS), WakeBit.STATUS),
    ],
)
def test_each_event_wakes_those_who_asked_for_it(given_row, bit):
    rows = as_rows([{**given_row, "flags": 0}, change(1, 100, 1, 2)])
    for mask in (bit, WakeBit(255) & ~bit & ~WakeBit.TOUCH & ~WakeBit.MID):
        desk = Desk()
        desk.wake.mask[0] = mask
        assert go(desk, rows) == (1 if mask == bit else 2)
        assert out(desk)[1] == (bit if mask == bit else 0)


def test_a_source_wide_row_wakes_whoever_listens_and_names_no_market():
    desk = Desk(2)
    rows = as_rows([row(RowKind.STATUS, market=-1), row(RowKind.REFERENCE, market=-1)])
    assert go(desk, rows) == 2
    desk.wake.mask[1] = WakeBit.STATUS
    assert go(desk, rows) == 1
    assert out(desk) == (-1, WakeBit.STATUS, 0)


def test_own_fills_stop_it_without_a_mask():
    desk = Desk()
    place(desk.books, desk.own, 0, 1, 4800, 5, 7)
    rows = as_rows([printed(-1, 4800, 2, 1, flags=0), printed(-1, 4800, 2, 2), change(1, 4000, 1, 3)])
    assert go(desk, rows) == 1
    assert out(desk) == (0, WakeBit.OWN, 0)
    assert desk.fills.rows[0].tolist() == [7, 0, 4800, 2, 1, 0, 1, 0]
    assert go(desk, rows, 1) == 2
    assert desk.fills.rows[1, 5] == 1
    assert go(desk, rows, 2) == 3
    assert desk.fills.n[0] == 2


def test_a_row_of_an_unknown_market_is_refused_by_its_number():
    desk = Desk(2)
    rows = as_rows([change(1, 4800, 1), change(1, 4800, 1, 2, market=2)])
    with pytest.raises(TapeError, match="row 1: market 2 is outside the 2"):
        go(desk, rows)
    assert desk.books.size[0, 0, 4800] == 1
    with pytest.raises(TapeError, match="market -1"):
        go(desk, as_rows([change(1, 4800, 1, market=-1)]))


def test_a_full_fill_buffer_is_refused_before_anything_is_lost():
    desk = Desk()
    desk.fills.n[0] = len(desk.fills.rows) - 10
    with pytest.raises(InvariantBroken, match="fills"):
        go(desk, as_rows([change(1, 4800, 1)]))
    small = new_fills(1)
    desk.fills.n[0] = 0
    desk.run(change(-1, 5000, 1), change(-1, 5100, 1))
    with pytest.raises(InvariantBroken, match="buffer is full"):
        take(desk.books, small, 0, 1, 9000, 2, 1)
    assert desk.books.taken.sum() == 1


def test_rows_may_be_read_only():
    desk = Desk()
    rows = as_rows([change(1, 4800, 1)])
    rows.flags.writeable = False
    assert go(desk, rows) == 1
    assert desk.books.touch[0, 0] == 4800


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from([1, -1]), st.integers(4990, 5010), st.integers(0, 3), st.booleans()), max_size=40
    ),
    st.lists(st.integers(0, 45), max_size=6),
)
def test_however_it_is_cut_the_result_is_the_same(changes, cuts):
    rows = as_rows([change(s, p, q, at, flags=int(last)) for at, (s, p, q, last) in enumerate(changes, start=1)])
    whole, pieces = Desk(), Desk()
    pieces.wake.mask[0] = WakeBit.TOUCH
    for desk in (whole, pieces):
        place(desk.books, desk.own, 0, 1, 5000, 4, 1)
    index = 0
    for horizon in [*sorted(cuts), FAR]:
        while (after := go(pieces, rows, index, horizon)) != index:
            index = after
            assert pieces.wake.out[1] == 0 or rows[index - 1]["flags"] == 1
        assert index == len(rows) or rows[index]["ts_ns"] >= horizon
    whole.run(*[dict(zip(rows.dtype.names, r.tolist(), strict=True)) for r in rows])
    for ours, theirs in zip((*whole.books, *whole.own), (*pieces.books, *pieces.own), strict=True):
        assert np.array_equal(ours, theirs)
    assert whole.filled() == pieces.filled()
