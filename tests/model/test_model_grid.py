from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.errors import NumberError, PolydeskError
from polydesk.model.grid import (
    cash_text,
    cash_u6,
    ceil_to,
    complement_g4,
    cost_u6,
    floor_to,
    price_g4,
    price_text,
    proceeds_u6,
    shares_for_u6,
    size_text,
    size_u6,
)

PRICES = st.integers(0, 10_000)
SIZES = st.integers(0, 10**15)


@given(PRICES)
def test_price_survives_text(price):
    assert price_g4(price_text(price)) == price


@given(SIZES)
def test_size_survives_text(size):
    assert size_u6(size_text(size)) == size


@given(st.integers(-(10**18), 10**18))
def test_cash_survives_text(cash):
    assert cash_u6(cash_text(cash)) == cash


@pytest.mark.parametrize(
    ("text", "price"),
    [("0.485", 4850), (".48", 4800), ("0", 0), ("1", 10_000), ("1.0000", 10_000), (0.0025, 25), (Decimal("0.5"), 5000)],
)
def test_price_as_the_venue_writes_it(text, price):
    assert price_g4(text) == price


def test_text_has_no_trailing_zeros():
    assert [price_text(p) for p in (4850, 5000, 10_000, 0, 1)] == ["0.485", "0.5", "1", "0", "0.0001"]
    assert size_text(10_000_000) == "10"
    assert cash_text(-1_500_000) == "-1.5"


@pytest.mark.parametrize(
    "text",
    ["", "abc", "nan", "inf", "-inf", "0.48501", "1.0001", "-0.01", "0.4850000000000000000000000000000000001",
     "1e999999999", "1e-999999999", "1e400", "0x1"],
)  # fmt: skip
def test_price_that_cannot_be_held_is_refused(text):
    with pytest.raises(NumberError, match="price"):
        price_g4(text)


@pytest.mark.parametrize("text", ["-1", "0.0000001", "nan", "one", "1_0", "12345678901234567890123456789.0000001"])
def test_size_that_cannot_be_held_is_refused(text):
    with pytest.raises(NumberError, match="size"):
        size_u6(text)


def test_number_errors_are_ours_and_values_errors():
    with pytest.raises(PolydeskError):
        cash_u6("0.0000001")
    with pytest.raises(ValueError, match="finer than"):
        cash_u6("0.0000001")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_cash_is_exact_or_refused(value):
    exact = Fraction(value) * 1_000_000
    if exact.denominator == 1 and len(value.as_tuple().digits) < 50:
        assert cash_u6(value) == exact
    else:
        with pytest.raises(NumberError):
            cash_u6(value)


@given(PRICES, SIZES)
def test_payer_rounds_up_and_receiver_down(price, size):
    exact = Fraction(price, 10_000) * size
    assert cost_u6(price, size) == -((-exact.numerator) // exact.denominator)
    assert proceeds_u6(price, size) == exact.numerator // exact.denominator
    assert 0 <= cost_u6(price, size) - proceeds_u6(price, size) <= 1


@given(st.integers(1, 9_999), st.integers(0, 10**13))
def test_shares_for_never_cost_more_than_the_cash(price, cash):
    shares = shares_for_u6(cash, price)
    assert cost_u6(price, shares) <= cash
    assert Fraction(price, 10_000) * (shares + 1) > cash


@given(PRICES, SIZES)
def test_both_outcomes_cost_one(price, size):
    both = Fraction(price, 10_000) * size + Fraction(complement_g4(price), 10_000) * size
    assert both == size
    assert size <= cost_u6(price, size) + cost_u6(complement_g4(price), size) <= size + 1


@given(st.integers(-(10**9), 10**9), st.integers(1, 10_000))
def test_steps(value, step):
    low, high = floor_to(value, step), ceil_to(value, step)
    assert low % step == high % step == 0
    assert low <= value <= high
    assert high - low == (0 if value % step == 0 else step)
