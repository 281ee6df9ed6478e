"""Generic exits: their order, their numbers, and that nothing defers the stop."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from made import T0, S, market
from polydesk.model.orders import Side
from polydesk.model.reasons import Exit
from polydesk.signals import ExitRules, Features, Held, View, exit_due_ns, exit_reason

RULES = ExitRules(max_hold_s=300, stop_loss=0.2, take_profit=0.25, min_hold_s=60, before_end_s=15)
SHARES = 10_000_000


def why(bid, held_s, rules=RULES, end_s=None, fees=0, cost=5_000_000):
    end = None if end_s is None else T0 + int(end_s * S)
    return exit_reason(rules, Held(SHARES, cost, fees, T0), bid, T0 + int(held_s * S), end)[0]


@pytest.mark.parametrize(
    ("bid", "held_s", "end_s", "reason"),
    [
        (5000, 100, None, ""),
        (4000, 100, None, Exit.STOP),
        (4001, 100, None, ""),
        (4000, 0, None, Exit.STOP),  # not deferred by the minimum hold
        (4000, 400, 401, Exit.STOP),  # before time and end
        (6250, 59.9, None, ""),  # take profit waits for the minimum hold
        (6250, 60, None, Exit.TAKE_PROFIT),
        (6249, 60, None, ""),
        (6250, 301, None, Exit.TAKE_PROFIT),  # before time
        (5000, 299.9, None, ""),
        (5000, 300, None, Exit.TIME),
        (5000, 10, 25, Exit.TIME),  # the market's end does not wait either
        (5000, 10, 25.1, ""),
    ],
)
def test_order_and_edges(bid, held_s, end_s, reason):
    assert why(bid, held_s, end_s=end_s) == reason


def test_gain_is_after_fees():
    """PnL after fees over cost: 2 % of fees make a fall of 18 % a loss of 20 %."""
    assert why(4100, 100) == ""
    assert why(4100, 100, fees=100_000) == Exit.STOP
    assert why(6250, 100, fees=10) == ""


def test_the_numbers_are_told():
    _, terms = exit_reason(RULES, Held(SHARES, 5_000_000, 50_000, T0), 5500, T0 + 90 * S, None)
    assert [(t.name, t.value, t.unit) for t in terms] == [("gain", pytest.approx(0.09), "1"), ("held", 90.0, "s")]


@given(st.integers(1, 9_999), st.integers(0, 1_000), st.integers(0, 1_000) | st.none())
def test_rules_that_are_off_never_fire(bid, held_s, end_s):
    assert why(bid, held_s, ExitRules(), end_s) == ""


@given(
    st.integers(0, 10_000), st.integers(0, 1_000), st.floats(0.01, 1), st.floats(0, 1_000), st.integers(1, 1_000),
)  # fmt: skip
def test_no_minimum_hold_defers_the_stop(bid, held_s, stop, min_hold, end_s):
    rules = ExitRules(stop_loss=stop, min_hold_s=min_hold, take_profit=0.1, max_hold_s=1_000, before_end_s=5)
    lost = (bid * SHARES // 10_000 - 5_000_000) / 5_000_000 <= -stop
    assert (why(bid, held_s, rules, end_s) == Exit.STOP) == lost


@pytest.mark.parametrize(
    ("rules", "end_s", "due_s"),
    [
        (ExitRules(), 100, None),
        (ExitRules(max_hold_s=50), None, 50),
        (ExitRules(before_end_s=15), 100, 85),
        (ExitRules(before_end_s=15), None, None),
        (ExitRules(max_hold_s=90, before_end_s=15), 100, 85),
    ],
)
def test_the_timer_is_set_to_the_first_time_exit(rules, end_s, due_s):
    end = None if end_s is None else T0 + end_s * S
    due = exit_due_ns(rules, T0, end, T0)
    assert due == (None if due_s is None else T0 + due_s * S)
    if due is not None:
        held = Held(SHARES, 5_000_000, 0, T0)
        assert exit_reason(rules, held, 5000, due, end)[0] == Exit.TIME
        assert exit_reason(rules, held, 5000, due - 1_000_000, end)[0] == ""


def test_after_one_time_exit_the_timer_is_set_to_the_next():
    rules = ExitRules(max_hold_s=50, before_end_s=15)
    assert exit_due_ns(rules, T0, T0 + 100 * S, T0 + 50 * S) == T0 + 85 * S
    assert exit_due_ns(rules, T0, T0 + 100 * S, T0 + 85 * S) is None


# --- the view ---------------------------------------------------------------------------------------------------------


def view(bid, ask, end_s=300):
    none = Held()
    return View(T0, market(end_s=end_s), (bid, ask), 100, Features(), (none, none), (), 0, 1.0, lambda *_: ())


@given(st.integers(0, 9_999), st.integers(1, 10_000))
def test_touch_of_the_other_token_is_mirrored(bid, ask):
    seen = view(bid, ask)
    assert seen.touch(0) == (bid, ask)
    assert seen.touch(1) == (10_000 - ask, 10_000 - bid)
    assert seen.two_sided == (bid > 0 and ask < 10_000)
    assert seen.crossed == (seen.two_sided and bid >= ask)


def test_view_facts():
    seen = view(4800, 5000)
    assert (seen.mid, seen.spread) == (pytest.approx(0.49), pytest.approx(0.02))
    assert seen.to_end_s() == 300
    assert view(4800, 5000, end_s=None).to_end_s() is None
    assert seen.levels(0, Side.BUY, 3) == ()
    with pytest.raises(AttributeError):
        seen.resolution = 1
