"""Liquidity rewards by hand, and a real session's against the tape."""

from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import T0, S, made_tape, market
from polydesk.model.market import Fact, Origin, RewardTerms
from polydesk.report.config import RewardParams
from polydesk.report.study.rewards import (
    RewardDay,
    ask_rewards,
    known_terms,
    least_score,
    payable_u6,
    reward_days,
    score,
)
from polydesk.report.study.standing import Standing
from polydesk.report.tape_pass import Questions, walk

TERMS = Fact(RewardTerms(100_000_000, 20_000_000, 300), Origin.VENUE)
MINUTE = 60 * S
FIRST = T0 // MINUTE


def test_the_documentations_example() -> None:
    assert 100 * score(3, 1) + 200 * score(3, 2) + 100 * score(3, 1) == pytest.approx(111.11, abs=0.01)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 10_000))
def test_least_score_is_symmetric_and_never_above_half_the_sum(one: float, two: float, mid: float) -> None:
    assert least_score(one, two, mid) == least_score(two, one, mid)
    assert min(one, two) <= least_score(one, two, mid) <= max(min(one, two), (one + two) / 2) + 1e-9
    if not 1_000 <= mid <= 9_000:
        assert least_score(one, 0, mid) == 0


@given(st.floats(1, 1_000), st.floats(0, 2_000))
def test_score_falls_with_distance_and_is_nothing_from_the_spread_on(spread: float, distance: float) -> None:
    assert 0 <= score(spread, distance) <= 1
    assert (score(spread, distance) == 0) >= (distance >= spread)
    assert score(spread, distance) >= score(spread, distance + 1)


def judged(seen, stood, *, included=False, minutes=1, facts=TERMS):
    """Reward days of market 0 where every sample sees ``seen``."""
    questions = Questions()
    asked = ask_rewards(questions, {0: facts}, stood, seed=1)
    answers = SimpleNamespace(seen=np.array([seen] * len(asked.samples), float))
    return reward_days(asked, stood, answers, [market(0)], included=included)


def quote(side: int, price: int, shares: int, minutes: int = 1) -> Standing:
    return Standing(0, side, price, shares * 1_000_000, FIRST * MINUTE, (FIRST + minutes) * MINUTE - 1)


def test_our_share_by_hand() -> None:
    """100 shares at 1 cent on both sides of 0.50 within 3 cents: 44.44 each; others 88.89 and 400 shares' worth."""
    stood = (quote(1, 4_900, 100), quote(-1, 5_100, 100))
    (day,) = judged([88.888889, 400.0, 10_000.0], stood)
    ours, theirs = 4 / 9 * 100, max(88.888889, 400 / 3)
    assert day.share == pytest.approx(ours / (ours + theirs))
    assert (day.samples, day.scoring, day.two_sided, day.pool_u6) == (1, 1, 1, 100_000_000)
    # The market is open for 5 minutes: one sample is a fifth of its day.
    assert day.minutes == 5
    assert day.income_u6 == int(100_000_000 * day.share / 5)
    low = ours / (ours + (88.888889 + 400) / 2)
    assert day.low_income_u6 == int(100_000_000 * low / 5)


def test_one_side_small_orders_and_far_quotes() -> None:
    bid = quote(1, 4_900, 100)
    (one_sided,) = judged([0.0, 0.0, 10_000.0], (bid,))
    assert (one_sided.scoring, one_sided.two_sided, one_sided.share) == (1, 0, 1.0)
    (extreme,) = judged([0.0, 0.0, 19_000.0], (quote(1, 9_400, 100),))
    assert extreme.scoring == 0, "one side counts nothing beyond 0.90"
    (small,) = judged([10.0, 10.0, 10_000.0], (quote(1, 4_900, 19), quote(-1, 5_100, 19)))
    assert (small.scoring, small.income_u6) == (0, 0)
    (far,) = judged([10.0, 10.0, 10_000.0], (quote(1, 4_700, 100), quote(-1, 5_300, 100)))
    assert far.scoring == 0


def test_a_live_book_already_holds_our_orders() -> None:
    stood = (quote(1, 4_900, 90), quote(-1, 5_100, 90))
    (day,) = judged([40.0, 40.0, 10_000.0], stood, included=True)
    assert day.share == pytest.approx(1.0), "all the depth there is is ours"


def test_no_midpoint_is_no_sample() -> None:
    assert judged([np.nan, np.nan, np.nan], (quote(1, 4_900, 100),)) == ()


def test_unknown_terms_show_nothing_and_configured_ones_are_assumed() -> None:
    plain = market(0)
    assert known_terms([plain], RewardParams().terms()) == {}
    told = RewardParams(daily_pool=Decimal(50), min_size=20, max_spread=0.03).terms()
    assert known_terms([plain], told)[0].origin is Origin.ASSUMED
    assert told.value == RewardTerms(50_000_000, 20_000_000, 300)


def test_samples_are_one_a_minute_and_the_same_for_a_seed(tmp_path) -> None:
    tape = made_tape(tmp_path / "tape", seed=5)
    stood = (quote(1, 4_900, 100, minutes=4),)
    questions = Questions()
    asked = ask_rewards(questions, {0: TERMS}, stood, seed=7)
    times = [sample.ts_ns for sample in asked.samples]
    assert [ts // MINUTE for ts in times] == [FIRST + n for n in range(4)]
    assert times == [s.ts_ns for s in ask_rewards(Questions(), {0: TERMS}, stood, seed=7).samples]
    assert times != [s.ts_ns for s in ask_rewards(Questions(), {0: TERMS}, stood, seed=8).samples]
    answers = walk(tape, 0, tape.manifest.rows, questions)
    (day,) = reward_days(asked, stood, answers, [market(0)], included=False)
    assert day.samples <= 4


def test_days_below_the_least_payout_are_not_paid() -> None:
    def day(market_index: int, name: str, income: int, low: int) -> RewardDay:
        return RewardDay(market_index, name, "venue", 0, 1_440, 1, 1, 1, 0.1, income, low)

    days = [
        day(0, "2026-04-16", 600_000, 300_000), day(1, "2026-04-16", 400_000, 300_000),
        day(0, "2026-04-17", 999_999, 999_999), day(0, "2026-04-18", 2_000_000, 1_000_000),
    ]  # fmt: skip
    assert payable_u6(days) == (3_000_000, 1_000_000)
    assert payable_u6([]) == (0, 0)
