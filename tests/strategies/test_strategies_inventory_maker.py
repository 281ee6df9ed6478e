"""Inventory maker over generated books: passive prices, exact terms, leaning quotes, limits."""

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from made import T0, S, market
from polydesk.model.grid import LOT_U6
from polydesk.model.orders import Side, book_price_g4, book_side
from polydesk.model.reasons import Hold
from polydesk.signals import Features, Held, Quotes, View, Wait
from polydesk.strategies.inventory_maker import InventoryMaker, InventoryMakerParams, Memory

SHARE = 1_000_000
CALM = Features(ts_ns=T0, mid=0.5, samples=10, variance_per_s=0.0, age_s=600)


def view(bid, ask, *, tick=100, held=(0, 0), seconds=60, sizes=(10, 10), features=CALM, factor=1.0, end_s=300):
    shares = tuple(Held(n, n // 2, 0, T0) for n in held)

    def levels(token, side, count):
        best, size = (bid, sizes[0]) if side is Side.BUY else (ask, sizes[1])
        return tuple((best - int(side) * tick * i, size * SHARE) for i in range(count))

    return View(
        T0 + seconds * S, market(tick=tick, end_s=end_s), (bid, ask), tick, features, shares, (), 0, factor, levels
    )


def quotes(seen, **params):
    answer = InventoryMaker(InventoryMakerParams(**params)).decide(seen, Memory(T0))
    return {book_side(q.token, q.side): q for q in answer.quotes}


def book_price(quote):
    return book_price_g4(quote.token, quote.price_g4)


@st.composite
def books(draw):
    tick = draw(st.sampled_from((1, 10, 25, 50, 100)))
    bid = draw(st.integers(-(-700 // tick), 9_300 // tick - 1)) * tick
    ask = bid + draw(st.integers(1, max(1, 1_000 // tick))) * tick
    assume(bid > 0 and ask < 9_400)
    return view(
        bid, ask, tick=tick, sizes=(draw(st.integers(0, 500)), draw(st.integers(0, 500))),
        held=(draw(st.integers(0, 70)) * SHARE, draw(st.integers(0, 70)) * SHARE),
        features=Features(samples=9, age_s=600, variance_per_s=draw(st.floats(0, 1e-3))),
    )  # fmt: skip


PARAMS = st.fixed_dictionaries(
    {
        "half_spread": st.sampled_from((0.0, 0.005, 0.015, 0.1)),
        "imbalance_weight": st.sampled_from((0.0, 0.5, 1.0)),
        "inventory_skew": st.sampled_from((0.0, 0.02, 0.2)),
        "widening": st.sampled_from((0.0, 1.0, 3.0)),
    }
)


@settings(max_examples=300)
@given(books(), PARAMS)
def test_quotes_are_passive_on_tick_and_explained(seen, params):
    found = quotes(seen, **params)
    for side, quote in found.items():
        price = book_price(quote)
        assert price % seen.tick_g4 == 0
        assert seen.tick_g4 <= price <= 10_000 - seen.tick_g4
        assert price < seen.ask_g4 if side is Side.BUY else price > seen.bid_g4
        assert sum(term.value for term in quote.why) == pytest.approx(quote.price_g4 / 10_000, abs=1e-9)
        assert quote.size_u6 % LOT_U6 == 0
        assert seen.market.min_size_u6.value <= quote.size_u6 <= 10 * SHARE


@settings(max_examples=300)
@given(books(), PARAMS)
def test_bids_round_down_and_asks_up(seen, params):
    """Rounding only ever moves a quote away from the other side."""
    for side, quote in quotes(seen, **params).items():
        wanted = sum(t.value for t in quote.why if t.name != "tick_and_passive")
        wanted = wanted if quote.token == 0 else 1 - wanted
        if side is Side.BUY:
            assert book_price(quote) <= wanted * 10_000 + 1e-6
        else:
            assert book_price(quote) >= wanted * 10_000 - 1e-6
        moved = abs(book_price(quote) - wanted * 10_000)
        held_back = wanted * 10_000 >= seen.ask_g4 if side is Side.BUY else wanted * 10_000 <= seen.bid_g4
        assert held_back or moved <= seen.tick_g4 + 1e-6


def test_quotes_by_hand():
    found = quotes(view(4900, 5100))
    assert [(q.token, q.side, q.price_g4) for q in found.values()] == [(0, Side.BUY, 4800), (1, Side.BUY, 4800)]
    assert {t.name: round(t.value, 9) for t in found[Side.BUY].why} == {
        "mid": 0.5, "imbalance": 0.0, "inventory_skew": 0.0, "half_spread": -0.015, "widening": 0.0,
        "tick_and_passive": -0.005,
    }  # fmt: skip
    assert found[Side.SELL].why[0].name == "one"


def test_quotes_stand_until_fair_value_has_moved_far_enough():
    flat = {"half_spread": 0.005, "imbalance_weight": 0, "widening": 0, "requote_move": 0.01}
    maker, memory = InventoryMaker(InventoryMakerParams(**flat)), Memory(T0)

    def look(bid, ask):
        found = {book_side(q.token, q.side): q for q in maker.decide(view(bid, ask), memory).quotes}
        terms = {t.name: round(t.value, 9) for t in found[Side.BUY].why}
        return book_price(found[Side.BUY]), book_price(found[Side.SELL]), terms["standing"]

    assert look(4900, 5000) == (4900, 5000, 0.0)
    assert look(4900, 5100) == (4900, 5000, -0.005)  # half a tick away: not far enough
    assert look(4800, 4900) == (4800, 4900, 0.0)  # a tick: they follow
    assert look(4700, 4900) == (4800, 4900, 0.005)
    assert look(4700, 4800) == (4700, 4800, 0.0)
    assert look(4700, 4800) == (4700, 4800, 0.0)


def test_a_standing_quote_makes_way_for_a_book_that_would_cross_it():
    params = InventoryMakerParams(half_spread=0.005, imbalance_weight=0, widening=0, requote_move=0.1)
    maker, memory = InventoryMaker(params), Memory(T0)
    maker.decide(view(4900, 5000), memory)
    crossing = maker.decide(view(4700, 4800), memory).quotes[0]
    assert (crossing.token, crossing.side, crossing.price_g4) == (0, Side.BUY, 4700)
    assert sum(term.value for term in crossing.why) == pytest.approx(0.47)
    assert maker.decide(view(4900, 5000), memory).quotes[0].price_g4 == 4900


def test_quotes_stand_for_a_while_and_then_follow():
    params = InventoryMakerParams(half_spread=0.005, imbalance_weight=0, widening=0, requote_move=0.01, requote_s=1)
    maker, memory = InventoryMaker(params), Memory(T0)

    def bid(best, seconds):
        return maker.decide(view(best, best + 100, seconds=seconds), memory).quotes[0].price_g4

    assert [bid(4900, 60), bid(4800, 60.5), bid(4800, 61)] == [4900, 4800, 4800], "it may not cross, but the ask stays"
    assert [bid(5000, 61.5), bid(5000, 62)] == [4800, 5000]


def test_quotes_that_were_withdrawn_are_made_afresh():
    params = InventoryMakerParams(half_spread=0.005, imbalance_weight=0, widening=0, requote_move=0.1)
    maker, memory = InventoryMaker(params), Memory(T0)
    maker.decide(view(4900, 5000), memory)
    assert isinstance(maker.decide(view(4000, 5900), memory), Wait)
    assert maker.decide(view(4800, 4900), memory).quotes[0].price_g4 == 4800


def test_imbalance_leans_towards_the_thin_side():
    even, heavy = quotes(view(4900, 5100, tick=1)), quotes(view(4900, 5100, tick=1, sizes=(90, 10)))
    for side in Side:
        assert book_price(heavy[side]) - book_price(even[side]) == 40  # 0.5 x 0.8 x half the spread of 0.02


@settings(max_examples=100)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8), st.integers(1, 40).map(lambda n: n / 100))
def test_more_inventory_lowers_both_quotes(inventories, skew):
    prices = []
    for net in sorted(inventories):
        held = (max(0, net) * SHARE, max(0, -net) * SHARE)
        found = quotes(view(4000, 6000, tick=1, held=held), inventory_skew=skew, max_spread=1)
        prices.append({side: book_price(quote) for side, quote in found.items()})
    for less, more in pairwise(prices):
        assert more[Side.BUY] <= less[Side.BUY]
        assert more[Side.SELL] <= less[Side.SELL]


@pytest.mark.parametrize(
    ("held", "sides"),
    [
        ((50, 0), {Side.BUY, Side.SELL}),
        ((51, 0), {Side.SELL}),
        ((200, 0), {Side.SELL}),
        ((0, 51), {Side.BUY}),
        ((0, 50), {Side.BUY, Side.SELL}),
        ((100, 90), {Side.BUY, Side.SELL}),
    ],
)
def test_a_full_side_is_not_quoted(held, sides):
    assert set(quotes(view(4900, 5100, held=tuple(n * SHARE for n in held)))) == sides


@pytest.mark.parametrize(
    ("held", "buying", "selling"),
    [
        ((0, 0), (0, Side.BUY, 10), (1, Side.BUY, 10)),
        ((30, 0), (0, Side.BUY, 10), (0, Side.SELL, 10)),
        ((0, 30), (1, Side.SELL, 10), (1, Side.BUY, 10)),
        ((7, 0), (0, Side.BUY, 10), (0, Side.SELL, 7)),
        ((4, 0), (0, Side.BUY, 10), (1, Side.BUY, 10)),  # less than the venue's minimum cannot rest
        ((20, 20), (1, Side.SELL, 10), (0, Side.SELL, 10)),
    ],
)
def test_held_shares_are_sold_before_the_other_token_is_bought(held, buying, selling):
    found = quotes(view(4900, 5100, held=tuple(n * SHARE for n in held)))
    for side, (token, way, shares) in ((Side.BUY, buying), (Side.SELL, selling)):
        quote = found[side]
        assert (quote.token, quote.side, quote.size_u6) == (token, way, shares * SHARE)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (view(0, 5000), Hold.ONE_SIDED),
        (view(5000, 10_000), Hold.ONE_SIDED),
        (view(5000, 5000), Hold.CROSSED),
        (view(4900, 5100, seconds=9), Hold.WARMING_UP),
        (view(4900, 5100, seconds=256), Hold.NEAR_END),
        (view(500, 600), Hold.EXTREME_PRICE),
        (view(9400, 9500), Hold.EXTREME_PRICE),
        (view(4000, 5100), Hold.SPREAD),
        (view(4900, 5100, factor=0.2), Hold.SIZE_BELOW_MINIMUM),
    ],
)
def test_reasons_to_withdraw(seen, reason):
    answer = InventoryMaker(InventoryMakerParams()).decide(seen, Memory(T0))
    assert isinstance(answer, Wait)
    assert answer.reason is reason


def test_it_quotes_until_just_before_the_end_and_without_a_known_end():
    for seen in (view(4900, 5100, seconds=255), view(4900, 5100, seconds=10**6, end_s=None)):
        assert isinstance(InventoryMaker(InventoryMakerParams()).decide(seen, Memory(T0)), Quotes)


def test_volatility_widens_both_sides():
    rough = Features(samples=9, age_s=600, variance_per_s=0.0001)  # 0.0224 over 5 s
    calm, wild = quotes(view(4900, 5100, tick=1)), quotes(view(4900, 5100, tick=1, features=rough))
    assert book_price(calm[Side.BUY]) - book_price(wild[Side.BUY]) == 224
    assert book_price(wild[Side.SELL]) - book_price(calm[Side.SELL]) == 224


def test_it_remembers_its_first_book_once():
    maker, memory = InventoryMaker(InventoryMakerParams()), Memory()
    maker.decide(view(0, 5100, seconds=1), memory)
    assert memory.first_ns == 0
    maker.decide(view(4900, 5100, seconds=2), memory)
    maker.decide(view(4900, 5100, seconds=3), memory)
    assert memory.first_ns == T0 + 2 * S
