"""Cost gate, sizing and the statistics behind them."""

import math
import random
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given

from made import T0, S
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import LOT_U6, cost_u6
from polydesk.signals import CostParams, Features, SizingParams, cost_terms, decay, entry_size, observe

FEES = FeeSchedule((FeeRate(0, 0), FeeRate(T0, 70_000)), "venue")
CALM = Features(ts_ns=T0, mid=0.5, samples=100, variance_per_s=0.0, age_s=600)


def named(terms):
    return {term.name: term.value for term in terms}


# --- costs ------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 9_998), st.integers(1, 500), st.integers(0, 100))
def test_costs_are_half_spread_fee_and_premium(bid, width, premium):
    ask = min(9_999, bid + width)
    terms = named(cost_terms(FEES, T0, bid, ask, CostParams(risk_premium=premium / 1000)))
    p = ask / 10_000
    assert terms["half_spread"] == pytest.approx((ask - bid) / 20_000)
    assert terms["taker_fee"] == pytest.approx(0.07 * p * (1 - p), abs=1e-8)
    assert terms["risk_premium"] == premium / 1000
    assert set(terms) == {"half_spread", "taker_fee", "risk_premium"}


def test_fee_of_the_day_and_of_the_market():
    before = named(cost_terms(FEES, T0 - 1, 4900, 5000, CostParams()))
    after = named(cost_terms(FEES, T0, 4900, 5000, CostParams()))
    assert (before["taker_fee"], after["taker_fee"]) == (0.0, 0.0175)


# --- size -------------------------------------------------------------------------------------------------------------

WALKS = st.builds(
    Features, age_s=st.sampled_from((0.0, 29.0, 31.0, 600.0)), variance_per_s=st.floats(0, 1e-3, allow_subnormal=False)
)
SIZING = st.builds(SizingParams, position_fraction=st.integers(0, 1_000_000).map(lambda n: n / 1_000_000))


@given(
    st.integers(-(10**9), 10**12), st.floats(0, 1), st.floats(0, 1), WALKS, st.integers(1, 9_999), SIZING,
)  # fmt: skip
def test_an_entry_never_costs_more_than_its_fraction_of_equity(equity, conviction, factor, features, price, params):
    size, terms = entry_size(equity, conviction, factor, features, price, params)
    assert size >= 0
    assert size % LOT_U6 == 0
    factors = named(terms)
    product = math.prod(value for name, value in factors.items() if name != "equity")
    budget = max(0, equity) * Fraction(product)
    assert cost_u6(price, size) <= budget * (1 + Fraction(1, 10**12))
    assert cost_u6(price, size) <= max(0, equity) * Fraction(params.position_fraction) * (1 + Fraction(1, 10**12))
    # Not needlessly small either: the next lot would be over the budget, which is cut to whole millionths of equity.
    assert cost_u6(price, size + LOT_U6) + 1 >= budget - max(0, equity) * Fraction(2, 10**6)


@pytest.mark.parametrize(
    ("deviation_per_minute", "age_s", "factor"),
    [(0.0, 600, 1.0), (0.05, 600, 1.0), (0.0501, 600, 0.75), (0.1001, 600, 0.5), (0.0, 29, 0.5), (0.0, 31, 1.0)],
)
def test_unknown_volatility_counts_as_high(deviation_per_minute, age_s, factor):
    features = Features(samples=9, variance_per_s=deviation_per_minute**2 / 60, age_s=age_s)
    _, terms = entry_size(10**10, 1.0, 1.0, features, 5000, SizingParams())
    assert named(terms)["volatility_factor"] == factor


def test_sizes_by_hand():
    # 0.2 % of 10 000 pUSD is 20 pUSD: 40 shares at 0.50; at a fifth during recovery 8 shares
    assert entry_size(10**10, 1.0, 1.0, CALM, 5000, SizingParams())[0] == 40_000_000
    assert entry_size(10**10, 1.0, 0.2, CALM, 5000, SizingParams())[0] == 8_000_000
    assert entry_size(10**10, 0.01, 1.0, CALM, 5000, SizingParams())[0] == 10_000_000
    assert entry_size(0, 1.0, 1.0, CALM, 5000, SizingParams())[0] == 0


# --- features ---------------------------------------------------------------------------------------------------------


def test_decay_halves_per_half_life():
    assert decay(0, 60) == 1.0
    assert decay(60, 60) == pytest.approx(0.5)
    assert decay(120, 60) == pytest.approx(0.25)


@given(st.floats(0, 1_000), st.floats(0, 1_000), st.floats(1, 1_000))
def test_decay_does_not_depend_on_how_time_is_cut(first, second, half_life):
    assert decay(first, half_life) * decay(second, half_life) == pytest.approx(decay(first + second, half_life))


@pytest.mark.parametrize("step_s", [0.1, 1.0, 5.0])
def test_variance_of_a_known_walk(step_s):
    """A walk of 0.01 per root second: its deviation over a minute is 0.0775, however often it is sampled."""
    rng = random.Random(7)
    features, mid = Features(), 0.5
    estimates = []
    for i in range(int(2_000 / step_s)):
        observe(features, T0 + int(i * step_s * S), mid)
        mid += rng.choice((-1, 1)) * 0.01 * math.sqrt(step_s)
        if i * step_s > 400:
            estimates.append(features.variance_per_s)
    assert sum(estimates) / len(estimates) == pytest.approx(0.0001, rel=0.1)
    assert features.volatility(60) == pytest.approx(0.0775, rel=0.4)


def test_a_still_market_calms_down():
    features = Features()
    observe(features, T0, 0.5)
    observe(features, T0 + S, 0.6)
    shaken = features.variance_per_s
    for i in range(2, 62):
        observe(features, T0 + i * S, 0.6)
    assert features.variance_per_s == pytest.approx(shaken / 2)


def test_volatility_is_unknown_until_there_is_history():
    features = Features()
    for i in range(31):
        assert features.volatility(60) is None
        observe(features, T0 + i * S, 0.5)
    assert features.volatility(60) == 0.0


def test_repeated_times_change_nothing_but_the_count():
    features = Features()
    observe(features, T0, 0.5)
    observe(features, T0, 0.7)
    assert (features.mid, features.variance_per_s, features.samples) == (0.5, 0.0, 2)
    observe(features, T0 - 5, 0.9)
    assert (features.ts_ns, features.mid) == (T0, 0.5)
