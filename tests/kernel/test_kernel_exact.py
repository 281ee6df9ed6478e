"""Money in compiled code is the money of the model, to the micro."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.kernel.exact import cost, fee, mul_div, proceeds
from polydesk.model.fees import taker_fee_u6
from polydesk.model.grid import cash_u6, cost_u6, price_g4, proceeds_u6, size_u6

PRICES = st.integers(0, 10_000)
SIZES = st.integers(0, (1 << 60) - 1) | st.integers(0, 10**9)


@given(PRICES, SIZES)
def test_cost_and_proceeds_are_the_models(price, size):
    assert cost(price, size) == cost_u6(price, size)
    assert proceeds(price, size) == proceeds_u6(price, size)


@given(PRICES, SIZES, st.integers(0, 2_500_000), st.integers(0, 3))
def test_the_fee_is_the_models_for_every_curve(price, size, rate, exponent):
    due = taker_fee_u6(price, size, rate, exponent)
    if due < 1 << 62:
        assert fee(price, size, rate, exponent) == due


@given(PRICES, st.integers(0, 3))
def test_a_fee_that_lies_on_a_half_is_rounded_up(price, exponent):
    """Sizes around those at which the unrounded fee crosses half a step."""
    curve = (price * (10_000 - price)) ** exponent
    if curve:
        half = 5 * 10 ** (6 + 8 * exponent) // (70_000 * curve)
        for size in range(max(half - 2, 0), half + 3):
            if size < 1 << 60:
                assert fee(price, size, 70_000, exponent) == taker_fee_u6(price, size, 70_000, exponent)


def test_published_fees():
    with (Path(__file__).parent / "fees.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 495
    for row in rows:
        rate = int(Decimal(row["rate"]) * 1_000_000)
        got = fee(price_g4(row["price"]), size_u6(row["shares"]), rate, int(row["exponent"]))
        assert got == cash_u6(row["half_up"])
        assert 0 <= got - cash_u6(row["floor"]) <= 10


@given(st.integers(0, 1 << 61), st.integers(1, 1 << 61), st.data())
def test_products_beyond_64_bits_divide_exactly(a, c, data):
    b = data.draw(st.integers(0, c))
    assert mul_div(a, b, c) == a * b // c


@pytest.mark.parametrize("b", [0, 1, (1 << 61) - 1, 1 << 61])
def test_the_largest_products(b):
    assert mul_div(1 << 61, b, 1 << 61) == b
