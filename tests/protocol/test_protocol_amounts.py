"""Amounts of orders against the official clients', and the rules of the venue's server."""

from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from polydesk.model.orders import Side
from polydesk.protocol.amounts import immediate_amounts, limit_amounts

prices, sizes = st.integers(1, 9_999), st.integers(10_000, 10**13)


def whole(text, scale):
    found = Decimal(text) * scale
    return int(found) if found == int(found) else None


def test_resting_orders_have_the_amounts_of_the_official_clients(vectors):
    cases = vectors("order_amounts")["limit_orders"]
    same = 0
    for case in cases:
        price, tick = whole(case["price"], 10**4), whole(case["tick_size"], 10**4)
        if price is None or price % tick:
            continue  # off the grid: nothing of ours ever is
        made = limit_amounts(Side[case["side"]], price, whole(case["size"], 10**6))
        expected = case["polymarket_client"]
        assert made == (int(expected["maker_amount"]), int(expected["taker_amount"])), case
        same += 1
    assert same > 300


def test_immediate_orders_have_the_amounts_that_the_server_takes(vectors):
    cases = vectors("order_amounts")["market_orders"]
    same = cut = 0
    for case in cases:
        price, tick = whole(case["price"], 10**4), whole(case["tick_size"], 10**4)
        if price is None or price % tick:
            continue
        made = immediate_amounts(Side[case["side"]], price, whole(case["amount"], 10**6), tick)
        theirs = int(case["polymarket_client"]["maker_amount"]), int(case["polymarket_client"]["taker_amount"])
        if case["server_precision_ok"]:
            assert made == theirs, case
            same += 1
        else:
            assert made == (theirs[0], theirs[1] - theirs[1] % 100), case
            cut += 1
    assert same > 100
    assert cut > 50


@given(st.sampled_from(Side), prices, sizes)
def test_a_resting_order_stands_exactly_at_its_price(side, price, size):
    maker, taker = limit_amounts(side, price, size)
    cash, shares = (maker, taker) if side is Side.BUY else (taker, maker)
    assert cash * 10_000 == shares * price
    assert size - 10_000 < shares <= size
    assert shares % 10_000 == 0


@given(st.sampled_from(Side), prices, sizes, st.sampled_from((1, 10, 25, 50, 100, 1_000)))
def test_an_immediate_order_never_wants_more_than_its_price(side, price, amount, tick):
    fine = 1_000 if tick == 1_000 else 100
    assume(side is Side.BUY or (amount - amount % 10_000) * price >= 10_000 * fine)
    maker, taker = immediate_amounts(side, price, amount, tick)
    assert maker % 10_000 == 0
    assert taker % fine == 0
    wanted = maker * 10_000 if side is Side.BUY else maker * price
    unit = price if side is Side.BUY else 10_000
    assert taker * unit <= wanted < (taker + fine) * unit


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: limit_amounts(Side.BUY, 0, 10**7), "price 0 is outside"),
        (lambda: limit_amounts(Side.SELL, 10_000, 10**7), "price 10000 is outside"),
        (lambda: limit_amounts(Side.BUY, 5_000, 9_999), "size 0.009999 is less than 0.01 shares"),
        (lambda: immediate_amounts(Side.BUY, 5_000, 9_999, 100), "amount 0.009999 is less than 0.01"),
        (lambda: immediate_amounts(Side.SELL, 1, 10_000, 100), "what is wanted 0.000001 is less than 0.0001"),
    ],
)
def test_what_the_venue_cannot_take_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()
