"""Brier score, log loss, skill and clustered errors against plain arithmetic."""

import math
import statistics as plain
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_orders import intent
from polydesk.model.market import Origin, Resolution
from polydesk.model.orders import Side, Term
from polydesk.model.records import Decision, OrderSent, Settled
from polydesk.report.study.forecasts import (
    Judged,
    ask_beliefs,
    fair_value,
    gain_error,
    judge_beliefs,
    log_loss,
    outcomes,
    scores,
)
from polydesk.report.tape_pass import Answers, Questions

PROBABILITIES = st.floats(0.01, 0.99)


def answers(*touches: tuple[int, int]) -> Answers:
    seen = np.full((len(touches), 3), np.nan)
    seen[:, :2] = touches
    return Answers(seen, {}, {}, SimpleNamespace(), np.zeros(0), np.zeros((0, 2)), np.zeros(0))


def buy(seq: int, market: int, token: int, edge: float) -> Decision:
    return Decision(seq, 1, "one", market, "buy", "", token, 0.5, edge, 0, ())


def test_beliefs_of_signals_and_quotes_by_hand() -> None:
    """Mids of 0.50: buying token 0 or token 1 with an edge of 0.1 means 0.6 or 0.4; outcomes 1 and 0."""
    why = (Term("one", 1.0), Term("mid", -0.5), Term("imbalance", -0.02), Term("half_spread", -0.03))
    quotes = [OrderSent(7, 1, intent(n, token=1, side=Side.BUY, market=2, why=why), ()) for n in (1, 2)]
    hold = Decision(9, 1, "one", 0, "hold", "spread", -1, 0.0, 0.0, 0, ())
    records = [buy(1, 0, 0, 0.1), buy(2, 1, 1, 0.1), *quotes, hold]
    beliefs = ask_beliefs(Questions(), records)
    assert [belief.market for belief in beliefs] == [0, 1, 2], "both quotes of a moment are one belief"
    assert beliefs[2].value == pytest.approx(0.52), "quotes of token 1 are turned around"
    found = judge_beliefs(beliefs, answers(*[(4_900, 5_100)] * 3), {0: 1.0, 1: 0.0})
    assert [(line.strategy, line.kind, line.beliefs, line.resolved) for line in found] == [
        ("maker", "quote", 1, 0),
        ("one", "signal", 2, 2),
    ]
    assert all(line.brier is None for line in found), "two markets prove nothing"


def test_scores_by_hand() -> None:
    judged = [Judged(market, 0.6, 0.5, 1.0) for market in range(5)]
    line = scores("one", "signal", 9, judged)
    assert line.brier == pytest.approx(0.16)
    assert line.brier_mid == pytest.approx(0.25)
    assert line.skill == pytest.approx(1 - 0.16 / 0.25)
    assert line.log_loss == pytest.approx(-math.log(0.6))
    assert line.log_loss_mid == pytest.approx(math.log(2))
    assert line.gain_error == pytest.approx(0.0, abs=1e-12)
    assert scores("one", "signal", 9, judged[:4]).brier is None


@given(st.lists(st.tuples(PROBABILITIES, PROBABILITIES, st.sampled_from((0.0, 1.0))), min_size=5, max_size=40))
def test_with_one_belief_per_market_the_error_is_the_plain_one(values) -> None:
    judged = [Judged(at, *value) for at, value in enumerate(values)]
    gains = [(mid - outcome) ** 2 - (belief - outcome) ** 2 for belief, mid, outcome in values]
    expected = plain.stdev(gains) / math.sqrt(len(gains))
    assert gain_error(judged, len(judged)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(
    st.lists(st.tuples(PROBABILITIES, PROBABILITIES, st.sampled_from((0.0, 1.0))), min_size=5, max_size=12),
    st.integers(2, 6),
)
def test_repeating_beliefs_within_a_market_proves_nothing_more(values, times: int) -> None:
    once = [Judged(at, *value) for at, value in enumerate(values)]
    often = [one for one in once for _ in range(times)]
    assert gain_error(often, len(once)) == pytest.approx(gain_error(once, len(once)), rel=1e-9, abs=1e-12)


def test_log_loss_of_certainty_is_finite_and_of_a_split_is_least_in_the_middle() -> None:
    assert math.isfinite(log_loss(0.0, 1.0))
    assert log_loss(0.5, 0.5) < log_loss(0.4, 0.5)


def test_fair_value_needs_a_mid() -> None:
    assert fair_value([Term("mid", 0.5), Term("inventory_skew", 0.1), Term("shares", 3.0, "shares")]) == 0.5
    assert fair_value([Term("average", 0.5)]) is None


def test_what_the_session_booked_counts_before_the_manifest() -> None:
    told = [Resolution(m, (10_000, 0), 0, Origin.VENUE) for m in (0, 1)]
    assert outcomes([Settled(0, 0, 1, (5_000, 5_000), "derived")], told) == {0: 1.0, 1: 0.5}
