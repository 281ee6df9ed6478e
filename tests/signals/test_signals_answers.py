"""Answers that can be acted on pass as they are; everything else is told in one sentence."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.errors import StrategyError
from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Exit, Hold
from polydesk.signals import Quote, Quotes, Signal, Wait, checked, checked_exit

WHY = (Term("mid", 0.5),)
SIDES = [(token, side) for token in (0, 1) for side in Side]


def quote(token=0, side=Side.BUY, price_g4=4_800, size_u6=5_000_000, why=WHY):
    return Quote(token, side, price_g4, size_u6, why)


def is_bid(token, side):
    return (token == 0) == (side is Side.BUY)


@given(
    st.lists(st.sampled_from(SIDES), max_size=2, unique_by=lambda slot: is_bid(*slot)),
    st.integers(-20_000, 20_000),
    st.integers(1, 1 << 47),
)
def test_what_can_be_acted_on_passes_as_it_is(slots, price, size):
    answer = Quotes(tuple(quote(token, side, price, size) for token, side in slots))
    assert checked(answer) is answer


@pytest.mark.parametrize("answer", [Wait(Hold.SPREAD), Wait(Hold.SPREAD, WHY), Signal(1, 0.5, 1, 0, WHY)])
def test_so_do_signals_and_waits(answer):
    assert checked(answer) is answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "decide returned None: return Quotes, Signal or Wait"),
        ("hold", "decide returned str 'hold'"),
        (Quotes([quote()]), "Quotes.quotes is list"),
        (Quotes(("bid",)), "Quotes.quotes holds str 'bid'"),
        (Quotes((quote(token=2),)), "Quote.token is 2: give 0 or 1"),
        (Quotes((quote(token=True),)), "Quote.token is True: give 0 or 1"),
        (Quotes((quote(side=1),)), "Quote.side is 1: give Side.BUY or Side.SELL"),
        (Quotes((quote(price_g4=0.48),)), "Quote.price_g4 is 0.48: give a whole number"),
        (Quotes((quote(price_g4=1 << 31),)), "Quote.price_g4 is 2147483648"),
        (Quotes((quote(size_u6=0),)), "Quote.size_u6 is 0: give a whole number of micro-shares above 0"),
        (Quotes((quote(size_u6=-5),)), "Quote.size_u6 is -5"),
        (Quotes((quote(size_u6=1 << 48),)), "Quote.size_u6 is 281474976710656"),
        (Quotes((quote(size_u6=np.int64(5)),)), "Quote.size_u6 is"),
        (Quotes((quote(why=None),)), "Quote.why is None: give a tuple of Term"),
        (Quotes((quote(why=("mid",)),)), "Quote.why holds str 'mid'"),
        (Quotes((quote(why=(Term("mid", np.float64(1)),)),)), "Quote.why: Term 'mid' is float64"),
        (Quotes((quote(), quote())), "has 2 bids and 0 asks"),
        (Quotes((quote(), quote(1, Side.SELL))), "has 2 bids and 0 asks"),
        (Quotes((quote(1, Side.BUY), quote(0, Side.SELL))), "has 0 bids and 2 asks"),
        (Signal(2, 0.5, 0.1, 1.0, WHY), "Signal.token is 2: give 0 or 1"),
        (Signal(0, math.nan, 0.1, 1.0, WHY), "Signal.confidence is float nan"),
        (Signal(0, 0.5, math.inf, 1.0, WHY), "Signal.edge is float inf"),
        (Signal(0, 0.5, 0.1, "1", WHY), "Signal.size_hint is str '1'"),
        (Signal(0, 0.5, 0.1, 1.0, [Term("mid", 0.5)]), "Signal.why is list"),
        (Signal(0, 1 << 63, 0.1, 1.0, WHY), "Signal.confidence is int 9223372036854775808"),
        (Wait(Hold.SPREAD, (Term(5, 1.0),)), "Wait.why: a Term is named int 5 in str"),
        (Wait(Hold.SPREAD, (Term("mid", 1.0, 7),)), "Wait.why: a Term is named str 'mid' in int 7"),
        (Wait(Hold.SPREAD, (Term("\ud800", 1.0),)), r"a Term is named str '\ud800'"),
        (Wait(Hold.SPREAD, (Term("mid", 1 << 70),)), "Wait.why: Term 'mid' is int 1180591620717411303424"),
        (Wait("spread"), "Wait.reason is 'spread': give a member of Hold"),
        (Wait(Hold.SPREAD, (1,)), "Wait.why holds int 1"),
    ],
)
def test_what_cannot_be_acted_on_is_told(answer, told):
    with pytest.raises(StrategyError) as caught:
        checked(answer)
    assert told in str(caught.value)


@given(st.text(), st.text(), st.one_of(st.floats(), st.integers(), st.integers(-(1 << 63), (1 << 63) - 1)), st.floats())
def test_a_journal_holds_whatever_passes(name, unit, value, confidence):
    for answer in (
        Signal(0, confidence, 0.1, 1.0, (Term(name, value, unit),)),
        Wait(Hold.SPREAD, (Term(name, value),)),
    ):
        try:
            checked(answer)
        except StrategyError:
            continue
        back = msgspec.msgpack.decode(msgspec.msgpack.encode(answer.why), type=tuple[Term, ...])
        assert back == answer.why or math.isnan(value)


def test_an_exit_reason_is_plain_text():
    assert checked_exit("") == ""
    assert type(checked_exit(Exit.TARGET)) is str
    assert checked_exit(Exit.TARGET) == "target"
    for wrong in (None, True, 7, "\ud800"):
        with pytest.raises(StrategyError, match="closes returned"):
            checked_exit(wrong)
