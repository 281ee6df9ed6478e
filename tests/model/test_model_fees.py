from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.fees import FEE_STEP_U6, FeeRate, FeeSchedule, assumed_schedule, taker_fee_u6


def ns(day):
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9


def by_decimal(price, size, rate_ppm, exponent):
    p = Decimal(price) / 10_000
    exact = Decimal(size) / 10**6 * Decimal(rate_ppm) / 10**6 * (p * (1 - p)) ** exponent
    return int(exact.quantize(Decimal("0.00001"), ROUND_HALF_UP) * 10**6)


@given(
    st.integers(0, 10_000), st.integers(0, 10**10), st.integers(0, 250_000), st.integers(1, 2)
)  # fmt: skip
def test_fee_is_the_formula_rounded_half_up_to_5_decimals(price, size, rate, exponent):
    fee = taker_fee_u6(price, size, rate, exponent)
    assert fee == by_decimal(price, size, rate, exponent)
    assert fee % FEE_STEP_U6 == 0


@given(st.integers(0, 10_000), st.integers(0, 10**10), st.integers(0, 250_000))
def test_fee_is_the_same_for_both_tokens(price, size, rate):
    assert taker_fee_u6(price, size, rate, 1) == taker_fee_u6(10_000 - price, size, rate, 1)


def test_known_fees():
    # 100 shares at 0.50: 100 x 0.07 x 0.25 = 1.75; 100 at 0.30 with 0.05: 1.05; a dust trade pays nothing
    assert taker_fee_u6(5000, 100_000_000, 70_000, 1) == 1_750_000
    assert taker_fee_u6(3000, 100_000_000, 50_000, 1) == 1_050_000
    assert taker_fee_u6(5000, 200, 70_000, 1) == 0
    assert taker_fee_u6(5000, 286, 70_000, 1) == 10  # 5.005 micro-pUSD is over half a step
    assert taker_fee_u6(5000, 285, 70_000, 1) == 0


def test_nothing_is_paid_at_certainty():
    assert taker_fee_u6(0, 10**9, 70_000, 1) == taker_fee_u6(10_000, 10**9, 70_000, 1) == 0


@pytest.mark.parametrize(
    ("category", "day", "rate"),
    [
        ("crypto", "2025-06-01", 0),
        ("crypto", "2026-03-01", 250_000),
        ("crypto", "2026-04-28", 72_000),
        ("crypto", "2026-10-01", 70_000),
        ("sports", "2026-06-30", 30_000),
        ("sports", "2026-07-01", 50_000),
        ("politics", "2026-10-01", 40_000),
        ("weather", "2026-10-01", 50_000),
        ("geopolitics", "2026-10-01", 0),
        ("no-such-category", "2026-10-01", 50_000),
    ],
)
def test_published_rates_by_date(category, day, rate):
    schedule = assumed_schedule(category)
    assert schedule.at(ns(day)).rate_ppm == rate
    assert schedule.origin == "assumed"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6, unique=True).map(sorted), st.integers(-10, 10**6 + 10))
def test_the_rate_in_force_is_the_last_one_begun(starts, ts_ns):
    schedule = FeeSchedule(tuple(FeeRate(start, 1000 + i) for i, start in enumerate(starts)), "venue")
    begun = [i for i, start in enumerate(starts) if start <= ts_ns]
    assert schedule.at(ts_ns).rate_ppm == 1000 + (begun[-1] if begun else 0)


def test_boundaries_are_exact_to_the_nanosecond():
    schedule = FeeSchedule((FeeRate(0, 0), FeeRate(1_000, 70_000)), "venue")
    assert schedule.taker_fee_u6(999, 5000, 10**8) == 0
    assert schedule.taker_fee_u6(1_000, 5000, 10**8) == 1_750_000


def test_unknown_category_is_named_in_the_note():
    assert "'other'" in assumed_schedule("poetry").note
    assert "'crypto'" in assumed_schedule("crypto").note
