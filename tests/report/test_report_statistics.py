"""Ratios, streaks and extremes against numbers worked out by hand or by another way."""

import itertools
import math
import statistics as plain
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_sessions import make_session, prices

from polydesk.model.orders import Purpose
from polydesk.report.marks import Drawdown, Mark
from polydesk.report.statistics import (
    annual_rate,
    average_exposure_u6,
    calmar,
    expectancy_ratio,
    longest_run,
    sharpe_probability,
    sortino,
    system_quality,
)
from polydesk.report.summary import summarise

RATES = st.lists(st.floats(-0.2, 0.2).map(lambda x: round(x, 6)), min_size=30, max_size=90)


def test_annual_rate_compounds_and_refuses_short_spans() -> None:
    assert annual_rate(Fraction(1, 10), 36.5, 36) == pytest.approx(1.1**10 - 1)
    assert annual_rate(Fraction(1, 10), 365.0, 365) == pytest.approx(0.1)
    assert annual_rate(Fraction(-1, 2), 182.5, 180) == pytest.approx(-0.75)
    for refused in (
        (Fraction(1, 10), 29.9, 40),
        (Fraction(1, 10), 40.0, 29),
        (None, 99.0, 99),
        (Fraction(-1), 99.0, 99),
    ):
        assert annual_rate(*refused) is None
    assert annual_rate(Fraction(10**300), 30.0, 30) == math.inf, "absurd, and left to the guard"


def test_sortino_by_hand() -> None:
    rates = [0.01] * 29 + [-0.02]
    mean = (29 * 0.01 - 0.02) / 30
    assert sortino(rates) == pytest.approx(mean / math.sqrt(0.0004 / 30) * math.sqrt(365))
    assert sortino(rates[1:]) is None
    assert sortino([0.01] * 30) is None, "no loss, no downside"


def test_calmar_by_hand() -> None:
    assert calmar(0.5, Drawdown(2_000, 1, 2, 10_000)) == pytest.approx(2.5)
    assert calmar(None, Drawdown(2_000, 1, 2, 10_000)) is None
    assert calmar(0.5, Drawdown()) is None


@given(RATES)
def test_the_sharpe_probability_mirrors(rates: list[float]) -> None:
    """Turning every return around turns the probability around; doubling all of them changes nothing."""
    ours = sharpe_probability(rates)
    if ours is None or max(rates) - min(rates) < 1e-3:
        return
    turned = sharpe_probability([-rate for rate in rates])
    assert turned is not None
    assert ours + turned == pytest.approx(1.0, abs=1e-6)
    assert sharpe_probability([2 * rate for rate in rates]) == pytest.approx(ours, abs=1e-6)


def test_the_sharpe_probability_of_normal_returns() -> None:
    """Without skew and with the tails of a normal distribution it is the plain z-test of the mean."""
    normal = plain.NormalDist(0.001, 0.01)
    rates = [normal.inv_cdf((at + 0.5) / 400) for at in range(400)]
    ratio = plain.mean(rates) / plain.stdev(rates)
    expected = plain.NormalDist().cdf(ratio * math.sqrt(399) / math.sqrt(1 + ratio**2 / 2))
    assert sharpe_probability(rates) == pytest.approx(expected, abs=2e-3)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=10, max_size=60))
def test_system_quality_and_expectancy_agree_with_the_library(nets: list[int]) -> None:
    if len(set(nets)) > 1:
        expected = math.sqrt(len(nets)) * plain.fmean(nets) / plain.stdev(nets)
        assert system_quality(nets) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    losses = [-net for net in nets if net < 0]
    if losses:
        assert expectancy_ratio(nets) == pytest.approx(plain.fmean(nets) / plain.fmean(losses), rel=1e-9, abs=1e-9)
        # freqtrade writes the same as (1 + W / L) x share of wins - 1 when no trade is exactly even.
        wins = [net for net in nets if net > 0]
        if wins and 0 not in nets:
            other = (1 + plain.fmean(wins) / plain.fmean(losses)) * len(wins) / len(nets) - 1
            assert expectancy_ratio(nets) == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_few_trades_give_no_ratio() -> None:
    assert system_quality([1, -1] * 4) is None
    assert expectancy_ratio([1, -1] * 4) is None
    assert system_quality([5] * 20) is None
    assert expectancy_ratio([5] * 20) is None


@given(st.lists(st.booleans(), max_size=40))
def test_longest_run_against_all_windows(flags: list[bool]) -> None:
    windows = (j - i for i, j in itertools.combinations(range(len(flags) + 1), 2) if all(flags[i:j]))
    assert longest_run(flags) == max(windows, default=0)


def test_exposure_is_weighted_by_time() -> None:
    marks = [Mark(0, 0, 0, 100), Mark(10, 0, 0, 400), Mark(40, 0, 0, 7)]
    assert average_exposure_u6(marks) == (100 * 10 + 400 * 30) // 40
    assert average_exposure_u6(marks[:1]) is None


def test_a_session_counts_what_became_of_its_orders() -> None:
    session = make_session()
    summary = summarise(session, prices(session).bids)
    made = summary.statistics
    trades = summary.performance.trades
    assert made.best_trade_u6 == max(trade.net_u6 for trade in trades)
    assert made.worst_trade_u6 == min(trade.net_u6 for trade in trades)
    assert made.rejected_orders == sum(summary.counts.rejects.values()) > 0
    assert made.cancelled_entries == summary.counts.cancels["requote"]
    assert made.refused_entries == sum(
        bool(life.refused) and life.intent.purpose is not Purpose.EXIT for life in summary.lives
    )
    assert made.best_day.pnl_u6 + made.worst_day.pnl_u6 == summary.matched.net_u6, "the session has two days"
    assert made.annual_rate is None, "52 days, but only two of them with data"
    assert made.high_u6 >= made.low_u6
    assert made.average_hold_ns == sum(t.closed_ns - t.opened_ns for t in trades) // len(trades)
