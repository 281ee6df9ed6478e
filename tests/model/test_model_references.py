from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.errors import NumberError
from polydesk.model.grid import REFERENCE_ONE_E8, reference_e8, reference_text
from polydesk.model.market import Origin
from polydesk.model.references import Reference, ReferenceKind


@given(st.integers(1, 9 * 10**18))
def test_eight_decimals_are_exact_both_ways(price):
    text = reference_text(price)
    assert reference_e8(text) == price
    assert Decimal(text) * REFERENCE_ONE_E8 == price


@given(st.decimals("0.00000001", 10**7, places=18, allow_nan=False))
def test_more_decimals_lose_less_than_a_step(price):
    if price * REFERENCE_ONE_E8 > Decimal("0.5"):
        assert abs(reference_e8(price) - price * REFERENCE_ONE_E8) <= Decimal("0.5")


def test_a_half_goes_to_the_even_neighbour():
    assert reference_e8("0.000000025") == 2
    assert reference_e8("0.000000035") == 4
    assert reference_e8(94123.45) == 9_412_345_000_000
    assert reference_e8("7.679586159102e4") == 7_679_586_159_102


@pytest.mark.parametrize("text", ["", "abc", "0", "-1", "nan", "inf", "1e11", "0.000000001"])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(NumberError, match="reference price"):
        reference_e8(text)


def test_labels_name_source_or_strike():
    price = Reference(ReferenceKind.PRICE, "binance", "BTC/USDT", "USDT", Origin.VENUE)
    strike = Reference(ReferenceKind.STRIKE, "polymarket", "BTC/USD", "USD", Origin.DERIVED, "note")
    assert (price.label, strike.label) == ("binance BTC/USDT", "strike BTC/USD")
    assert msgspec.json.decode(msgspec.json.encode(strike), type=Reference) == strike
