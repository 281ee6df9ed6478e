"""Queue models: what cancels take from the queue before us, and that nothing counts twice."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_rows import Desk, change, printed, snapshot

from polydesk.kernel import QueueModel, new_own, place
from polydesk.kernel.queue import moved_ahead
from polydesk.kernel.state import QueueFact

SIZES = st.integers(0, 10**13) | st.integers(0, 50)
PESSIMISTIC, PROPORTIONAL, PROBABILITY = QueueModel


def resting(model, ahead, power=1, behind=0, left=1_000):
    """One bid of ours at 4 800 with so much before and behind it."""
    desk = Desk()
    desk.own = new_own(1, model, power)
    desk.run(change(1, 4800, ahead))
    place(desk.books, desk.own, 0, 1, 4800, left, 7)
    if behind:
        desk.run(change(1, 4800, ahead + behind, 2))
    return desk


def ahead(desk):
    return int(desk.own.ahead[0, 0])


@given(SIZES, SIZES, st.data(), st.integers(1, 8))
def test_shares_of_a_decrease(front, back, data, power):
    decrease = data.draw(st.integers(0, front + back))
    assert moved_ahead(PESSIMISTIC, power, front, back, decrease) == 0
    proportional = moved_ahead(PROPORTIONAL, power, front, back, decrease)
    assert proportional == (decrease * front // (front + back) if front else 0)
    moved = moved_ahead(PROBABILITY, power, front, back, decrease)
    exact = Fraction(decrease * front**power, front**power + back**power) if front else Fraction(0)
    assert abs(moved - min(exact, front)) <= 1 + decrease * Fraction(power, 1 << 29)


@given(SIZES, SIZES, st.integers(1, 8))
def test_longer_queues_lose_more(front, back, power):
    decrease = (front + back) // 2
    longer = moved_ahead(PROBABILITY, power, max(front, back), min(front, back), decrease)
    shorter = moved_ahead(PROBABILITY, power, min(front, back), max(front, back), decrease)
    assert shorter <= longer
    assert shorter + longer <= decrease


@pytest.mark.parametrize(
    ("model", "power", "expected"),
    [(PESSIMISTIC, 1, 30), (PROPORTIONAL, 1, 24), (PROBABILITY, 1, 24), (PROBABILITY, 2, 24), (PROBABILITY, 3, 23)],
)
def test_a_cancel_of_ten_with_thirty_ahead_and_twenty_behind(model, power, expected):
    """Shares of the ten from ahead: 3/5, 9/13, 27/35; rounded down."""
    desk = resting(model, 30, power, behind=20)
    desk.run(change(1, 4800, 40, 3))
    assert ahead(desk) == expected
    assert desk.filled() == []


def test_the_queue_ahead_is_never_more_than_the_level_shows():
    desk = resting(PROBABILITY, 5, 3, behind=50)
    desk.run(change(1, 4800, 2, 3))
    assert ahead(desk) <= 2
    desk.run(change(1, 4800, 0, 4))
    assert ahead(desk) == 0
    assert desk.filled() == []


def test_increases_stand_behind_us():
    desk = resting(PROPORTIONAL, 10, behind=990)
    desk.run(change(1, 4800, 500, 3))
    assert ahead(desk) == 5


@pytest.mark.parametrize("model", [PROPORTIONAL, PROBABILITY])
@pytest.mark.parametrize("first", ["print", "level"])
def test_a_print_and_the_decrease_it_causes_count_once(model, first):
    """Whichever is told first, forty before us less a print of fifteen are twenty-five."""
    desk = resting(model, 40, 2, behind=20)
    rows = [printed(-1, 4800, 15, 3), change(1, 4800, 45, 3)]
    desk.run(*(rows if first == "print" else rows[::-1]))
    assert ahead(desk) == 25
    assert desk.own.queue[0, 0, QueueFact.PRINTED] == desk.own.queue[0, 0, QueueFact.LOST] == 0


def test_what_a_print_does_not_explain_is_cancelled():
    desk = resting(PROPORTIONAL, 40, behind=20)
    desk.run(printed(-1, 4800, 10, 3), change(1, 4800, 40, 3))
    assert ahead(desk) == 24  # 40 - 10 by the print; of 10 cancels, 30 of 50 stood before us: 6


def test_a_snapshot_is_one_change():
    desk = resting(PROPORTIONAL, 40, behind=40)
    desk.run(snapshot(1, 4800, 60, 3, flags=2), snapshot(-1, 5000, 5, 3))
    assert ahead(desk) == 30


@given(
    st.sampled_from([PROPORTIONAL, PROBABILITY]), st.integers(1, 4), st.integers(0, 60),
    st.lists(st.tuples(st.sampled_from(["level", "print"]), st.integers(0, 60)), max_size=30),
)  # fmt: skip
def test_the_queue_never_grows_by_more_than_was_undone_and_never_fills_by_itself(model, power, before, steps):
    desk = resting(model, before, power, left=100_000)
    for at, (kind, size) in enumerate(steps, start=3):
        held = ahead(desk)
        lost = int(desk.own.queue[0, 0, QueueFact.LOST_AHEAD])
        desk.run(change(1, 4800, size, at) if kind == "level" else printed(-1, 4800, size + 1, at))
        filled = sum(one[2] for one in desk.filled())
        assert 0 <= ahead(desk) <= held + lost
        assert filled <= (size + 1 if kind == "print" else 0)
        facts = desk.own.queue[0, 0]
        assert (facts >= 0).all()
        assert facts[QueueFact.LOST_AHEAD] <= facts[QueueFact.LOST] + held
        assert kind == "print" or ahead(desk) <= max(size, 0) or size >= held
