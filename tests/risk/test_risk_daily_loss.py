"""The daily loss switch: where it trips, how it recovers, when it locks, and when the day begins."""

from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from polydesk.model.grid import NS_PER_S, cash_u6
from polydesk.risk import DailyLoss, RiskLimits, look, loss_limit_u6

CASH = cash_u6(10_000)
DAY = 86_400 * NS_PER_S
T0 = 20_000 * DAY + 12 * 3_600 * NS_PER_S  # noon
LIMITS = RiskLimits(daily_loss_fraction=0.02, daily_loss_cooldown_s=600, daily_loss_second=0.5)
LIMIT = cash_u6(200)


def at(switch, seconds, pnl, limits=LIMITS):
    look(switch, limits, T0 + int(seconds * NS_PER_S), cash_u6(pnl), CASH)
    return switch.state


def begun(limits=LIMITS):
    switch = DailyLoss()
    assert at(switch, 0, 0, limits) == "normal"
    return switch


@given(st.integers(0, 1_000_000), st.integers(0, 10**10), st.integers(10**6, 10**12))
def test_limit_is_the_tighter_of_fraction_and_amount(fraction_ppm, amount_u6, deposits_u6):
    limits = RiskLimits(daily_loss_fraction=fraction_ppm / 1_000_000, daily_loss_amount=Decimal(amount_u6) / 1_000_000)
    by_fraction = deposits_u6 * fraction_ppm // 1_000_000
    given_limits = [one for one in (by_fraction, amount_u6) if one > 0]
    assert loss_limit_u6(limits, deposits_u6) == (min(given_limits) if given_limits else 0)


@given(st.integers(1, 100), st.integers(1, 1_000), st.integers(0, 3_000))
def test_it_trips_at_the_tighter_limit_and_not_before(percent, amount, loss):
    limits = RiskLimits(daily_loss_fraction=percent / 100, daily_loss_amount=Decimal(amount))
    switch = begun(limits)
    state = at(switch, 1, -loss, limits)
    assert (state == "tripped") == (loss >= min(percent * 100, amount))
    assert switch.stopped == (state == "tripped")


def test_it_is_off_when_both_limits_are():
    switch = begun(RiskLimits(daily_loss_fraction=0, daily_loss_amount=Decimal(0)))
    assert at(switch, 1, -9_999, RiskLimits(daily_loss_fraction=0)) == "normal"


def test_one_micro_decides():
    for pnl, state in ((-LIMIT + 1, "normal"), (-LIMIT, "tripped")):
        switch = begun()
        look(switch, LIMITS, T0 + 1, pnl, CASH)
        assert switch.state == state


def test_recovery_after_the_cooldown_and_back_to_normal():
    switch = begun()
    assert at(switch, 1, -200) == "tripped"
    assert at(switch, 600.999, -100) == "tripped"
    assert at(switch, 601, -210) == "recovery"
    assert not switch.stopped
    assert at(switch, 602, -200) == "recovery"
    assert at(switch, 603, -199) == "normal"


def test_a_second_loss_in_recovery_locks_until_the_next_day():
    switch = begun()
    at(switch, 1, -200)
    assert at(switch, 601, -250) == "recovery"
    assert at(switch, 602, "-349.99") == "recovery"
    assert at(switch, 603, -350) == "locked"
    assert at(switch, 5_000, 500) == "locked"
    assert switch.stopped
    assert at(switch, 43_199, 500) == "locked"
    assert at(switch, 43_200, 500) == "normal"


def test_a_new_day_starts_from_its_own_pnl():
    switch = begun()
    at(switch, 1, -150)
    assert at(switch, 43_200, -150) == "normal"
    assert switch.pnl_u6 == 0
    assert at(switch, 43_201, -349) == "normal"
    assert at(switch, 43_202, -350) == "tripped"


@pytest.mark.parametrize(("hour", "seconds"), [(0, 43_200), (13, 3_600), (12, 86_400), (11, 82_800)])
def test_the_day_begins_at_the_configured_hour(hour, seconds):
    limits = RiskLimits(day_starts_hour=hour, daily_loss_fraction=0.02, daily_loss_cooldown_s=10**6)
    switch = begun(limits)
    at(switch, 1, -200, limits)
    assert at(switch, seconds - 0.001, -200, limits) == "tripped"
    assert at(switch, seconds, -200, limits) == "normal"


def test_a_loss_made_overnight_counts_for_the_new_day():
    """What happened since the last look before midnight is part of the day in which it is seen."""
    switch = begun()
    at(switch, 1, -10)
    assert at(switch, 43_300, -215) == "tripped"


class Days(RuleBasedStateMachine):
    """Any path of PnL and time: the promises hold whatever happens."""

    def __init__(self):
        super().__init__()
        self.switch = DailyLoss()
        self.now, self.pnl = T0, 0
        self.trips = []
        self.locked_day = None
        self.look()

    def look(self):
        before, day = self.switch.state, self.switch.day
        changed = look(self.switch, LIMITS, self.now, self.pnl, CASH)
        after = self.switch.state
        assert changed == (after != before)
        same_day = self.switch.day == day
        if after == "tripped" and (before != "tripped" or not same_day):
            assert self.switch.pnl_u6 <= -LIMIT
            self.tripped_at = self.now
        if same_day and before == "tripped" and after != "tripped":
            assert after == "recovery"
            assert self.now - self.tripped_at >= 600 * NS_PER_S
            self.low = self.switch.pnl_u6
        if same_day and before == "locked":
            assert after == "locked"
        if same_day and before == "recovery":
            lost_again = self.low - self.switch.pnl_u6 >= LIMIT // 2
            expected = "normal" if self.switch.pnl_u6 > -LIMIT else "locked" if lost_again else "recovery"
            assert after == expected

    @rule(seconds=st.integers(0, 900), change=st.integers(-150, 150))
    def trade(self, seconds, change):
        self.now += seconds * NS_PER_S
        self.pnl += cash_u6(change)
        self.look()

    @rule(hours=st.integers(1, 30))
    def wait(self, hours):
        self.now += hours * 3_600 * NS_PER_S
        self.look()

    @invariant()
    def entries_stop_exactly_while_tripped_or_locked(self):
        assert self.switch.stopped == (self.switch.state in {"tripped", "locked"})
        assert self.switch.state in {"normal", "tripped", "recovery", "locked"}

    @invariant()
    def a_loss_past_the_limit_never_goes_unnoticed(self):
        if self.switch.pnl_u6 <= -LIMIT:
            assert self.switch.state != "normal"


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=50, stateful_step_count=40)
