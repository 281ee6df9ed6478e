"""Equity curve and drawdown."""

from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.records import CashMoved, Marked
from polydesk.report.marks import Mark, below_peak, curve, deepest


def marks(values: list[int]) -> tuple[Mark, ...]:
    return tuple(Mark(at, value, value, 0) for at, value in enumerate(values))


def test_curve_adds_cash_and_value() -> None:
    assert curve([Marked(1, 5, (10, 8), (3, 4), 7), "other"]) == (Mark(5, 13, 12, 7),)


def test_deepest_drawdown_by_hand() -> None:
    found = deepest(marks([10, 14, 9, 12, 15, 11, 16]))
    assert (found.depth_u6, found.peak_ns, found.trough_ns) == (5, 1, 2)


@given(st.lists(st.integers(-100, 100), max_size=30))
def test_drawdown_is_the_largest_fall_between_any_two_marks(values: list[int]) -> None:
    falls = [values[i] - values[j] for i in range(len(values)) for j in range(i, len(values))]
    assert deepest(marks(values)).depth_u6 == max([0, *falls])
    assert min([0, *below_peak(marks(values))]) == -deepest(marks(values)).depth_u6


def test_cash_moved_in_or_out_is_no_gain_and_no_drawdown() -> None:
    records = [Marked(1, 1, (100, 100), (0, 0), 0), CashMoved(2, 2, "withdrawal", -60),
               Marked(3, 3, (45, 45), (0, 0), 0), Marked(4, 4, (38, 38), (0, 0), 0)]  # fmt: skip
    found = curve(records)
    assert [mark.earned_u6 for mark in found] == [100, 105, 98]
    assert below_peak(found) == [0, 0, -7]
    assert (deepest(found).depth_u6, deepest(found).peak_u6) == (7, 45)


def test_recovery_is_the_first_return_to_the_high() -> None:
    assert deepest(marks([10, 14, 9, 12, 14, 11])).recovered_ns == 4
    assert deepest(marks([10, 14, 9, 12, 13])).recovered_ns == 0
    assert deepest(marks([1, 2])).recovered_ns == 0
