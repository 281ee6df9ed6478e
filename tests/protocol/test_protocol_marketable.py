"""Marketable prices against the official clients', and by rule."""

from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from polydesk.model.orders import Side
from polydesk.protocol.marketable import worst_price_g4


def test_prices_are_those_of_the_official_clients(vectors):
    cases = vectors("market_price")["cases"]
    nothing = 0
    for case in cases:
        # The venue sends the best level last.
        levels = [(int(Decimal(x["price"]) * 10**4), int(Decimal(x["size"]) * 10**6)) for x in case["levels"][::-1]]
        amount = int(Decimal(case["amount"]) * 10**6)
        made = worst_price_g4(Side[case["side"]], amount, levels, all_or_nothing=case["order_type"] == "FOK")
        assert made == (None if case["price"] is None else int(Decimal(case["price"]) * 10**4)), case
        nothing += made is None
    assert 0 < nothing < len(cases)


LADDERS = st.lists(st.integers(1, 10**9), min_size=1, max_size=12).map(
    lambda sizes: [(5_000 + 100 * place, size) for place, size in enumerate(sizes)]
)


@given(LADDERS, st.integers(1, 10**10))
def test_the_price_is_the_first_that_covers_the_amount(levels, amount):
    found = worst_price_g4(Side.SELL, amount, levels, all_or_nothing=True)
    reached = [price for price, _ in levels if sum(size for other, size in levels if other <= price) >= amount]
    assert found == (reached[0] if reached else None)


@pytest.mark.parametrize(("all_or_nothing", "price"), [(True, None), (False, 5_100)])
def test_too_little_depth(all_or_nothing, price):
    levels = [(5_000, 10**6), (5_100, 10**6)]
    assert worst_price_g4(Side.BUY, 2 * 10**6, levels, all_or_nothing=all_or_nothing) == price
    assert worst_price_g4(Side.BUY, 1, [], all_or_nothing=all_or_nothing) is None
