"""One market: the ladder with our orders, the price chart with our fills, the search."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.monitor.history import Print
from polydesk.monitor.panels import market
from polydesk.monitor.session_view import MarketView, SessionView
from polydesk.monitor.words import Language, words_for
from polydesk.run.snapshot import LiveBook, LiveOrder, TokenBook

WORDS = words_for(Language.EN)
SHARE = 1_000_000


def with_book(view, bids, asks, orders=(), *, settled=False, state="running"):
    """The session with one published book of market 0, at token 0's price, and some open orders."""
    mirrored = TokenBook(
        tuple((PRICE_ONE_G4 - p, s) for p, s in asks), tuple((PRICE_ONE_G4 - p, s) for p, s in bids)
    )  # fmt: skip
    book = LiveBook(0, "made-0", (TokenBook(tuple(bids), tuple(asks)), mirrored), 250_000_000, 100, settled)
    live = msgspec.structs.replace(view.live, books=(book,), orders=tuple(orders), state=state)
    return SessionView(view.name, view.row, live, (), view.manifest, view.marks, view.lists, view.totals, view.records)


def order(side, price_g4, *, token=0, size=10 * SHARE, filled=0, of=0):
    return LiveOrder("ord-000001", "inventory_maker", of, token, side, price_g4, size, filled, "live")


def prices(levels):
    return [level["price"] for level in levels if level["price"].strip("\u00a0")]


def own(levels):
    return {level["price"]: level["own"] for level in levels if level["own"]}


def test_the_ladder_has_our_orders_at_their_prices(view):
    seen = with_book(view, [(4800, 7 * SHARE), (4700, SHARE)], [(5000, 3 * SHARE)], [order(1, 4700), order(-1, 5100)])
    told = market.ladder(seen, 0, 0, WORDS)
    assert prices(told["bids"]) == ["0.48", "0.47"]
    assert prices(reversed(told["asks"])) == ["0.50", "0.51"]
    assert own(told["bids"]) == {"0.47": "10"}
    assert own(told["asks"]) == {"0.51": "10"}
    assert told["middle"] == "mid 0.49 · spread 0.02"
    assert told["bids"][0]["size"] == "7"
    assert told["most"] == 7.0


def test_an_order_for_the_other_outcome_is_mirrored(view):
    seen = with_book(view, [(4800, SHARE)], [(5000, SHARE)], [order(1, 5100, token=1, filled=4 * SHARE)])
    assert own(market.ladder(seen, 0, 0, WORDS)["asks"]) == {"0.49": "6"}
    assert own(market.ladder(seen, 0, 1, WORDS)["bids"]) == {"0.51": "6"}


@given(
    st.sets(st.integers(1, 4999), max_size=12), st.sets(st.integers(5001, 9999), max_size=12),
    st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 9999)), max_size=6),
)  # fmt: skip
def test_the_ladder_always_has_the_same_height_and_never_hides_our_orders(view, bids, asks, ours):
    levels = [[(p, SHARE) for p in sorted(bids, reverse=True)][:10], [(p, SHARE) for p in sorted(asks)][:10]]
    seen = with_book(view, *levels, [order(side, p) for side, p in ours])
    told = market.ladder(seen, 0, 0, WORDS)
    assert len(told["bids"]) == len(told["asks"]) == market.DEPTH
    for side, name in ((1, "bids"), (-1, "asks")):
        shown = own(told[name])
        assert len(shown) == len({p for s, p in ours if s == side})
        assert prices(told[name]) == sorted(prices(told[name]), reverse=True)


@pytest.mark.parametrize(
    ("bids", "asks", "settled", "text"),
    [
        ([], [], False, "no orders"),
        ([(4800, SHARE)], [], False, "one side is empty"),
        ([(4800, SHARE)], [(4900, SHARE)], True, "settled"),
    ],
)
def test_the_middle_of_an_odd_book_says_what_it_is(view, bids, asks, settled, text):
    assert market.ladder(with_book(view, bids, asks, settled=settled), 0, 0, WORDS)["middle"] == text


def test_the_book_of_a_settled_market_has_no_age(view):
    settled = with_book(view, [(4800, SHARE)], [(4900, SHARE)], settled=True)
    open_view = with_book(view, [(4800, SHARE)], [(4900, SHARE)])
    open_view = replace(open_view, lists=replace(view.lists, settlements=()))
    told = [{one["key"]: one["text"] for one in market.facts(seen, 0, WORDS)} for seen in (settled, open_view)]
    assert [facts["feed_age"] for facts in told] == ["settled", "250 ms"]


@pytest.mark.parametrize(
    ("size_u6", "text"),
    [
        (9_999_990_000, "9,999.99"),
        (10_000_000_000, "10,000"),
        (158_073_760_000, "158,074"),
        (99_999_999_499_999, "99,999,999"),
        (1, "0.000001"),
    ],
)
def test_large_sizes_are_told_in_whole_shares(view, size_u6, text):
    told = market.ladder(with_book(view, [(4800, size_u6)], [], [order(1, 4800, size=size_u6)]), 0, 0, WORDS)
    assert (told["bids"][0]["size"], told["bids"][0]["own"]) == (text, text)


def test_a_book_nobody_published_is_said_to_be_missing(view):
    running = with_book(view, [], [])
    assert market.ladder(running, 1, 0, WORDS)["middle"] == "asking the desk for this book"
    ended = with_book(view, [], [], state="ended")
    assert market.ladder(ended, 1, 0, WORDS)["middle"] == "no book published"
    assert market.ladder(SessionView("x"), -1, 0, WORDS)["middle"] == "no book published"


def test_fills_are_drawn_at_their_price_and_time(view):
    fill = next(one for one in view.lists.fills if one.status != "failed")
    mine = tuple(one for one in view.lists.fills if one.market == fill.market)
    shown = MarketView(fill.market, mine, ((fill.ts_ns - 1_000_000_000, 4000, 10_000),), (), "")
    chart = market.price_chart(view, shown, fill.token, WORDS)
    points = [point for one in chart["series"] if one.get("points") for point in one["data"]]
    expected = [one for one in mine if one.token == fill.token and one.status != "failed"]
    assert len(points) == len(expected)
    assert sorted(point[1] for point in points) == sorted(one.price_g4 / PRICE_ONE_G4 for one in expected)
    assert all(one.intent in " ".join(point[2] for point in points) for one in expected)


@given(st.lists(st.tuples(st.integers(0, 9999), st.integers(1, 10_000)), max_size=100))
def test_the_chart_of_the_other_outcome_is_the_mirror(told):
    shown = MarketView(0, (), tuple((at * 1_000_000_000, low, high) for at, (low, high) in enumerate(told)), (), "")
    first, second = market.touches(shown, 0), market.touches(shown, 1)
    assert [bid for _, bid, _ in first] == [None if ask is None else PRICE_ONE_G4 - ask for _, _, ask in second]
    assert [ask for _, _, ask in first] == [None if bid is None else PRICE_ONE_G4 - bid for _, bid, _ in second]
    rows = market.prices_table(shown, 0, WORDS)["rows"]
    assert len(rows) <= 41
    assert bool(rows) == bool(told)


def test_the_search_finds_by_name_and_by_question(view):
    assert market.find(view, "made-1") == "made-1"
    assert market.find(view, "  MADE-0 ") == "made-0"
    assert market.find(view, "de-1") == "made-1"
    assert market.find(view, "no such thing") == ""
    assert market.find(view, "") == ""
    assert [one["value"] for one in market.options(view, "made")] == ["made-0", "made-1"]
    assert market.options(view, "zebra") == []
    assert market.options(SessionView("x")) == []


def test_the_market_shown_stays_while_it_trades(view):
    running = with_book(view, [(4800, SHARE)], [(4900, SHARE)])
    running = SessionView(
        running.name, running.row, msgspec.structs.replace(running.live, ts_ns=view.markets[0].end_ns.value - 1),
        (), running.manifest, running.marks, running.lists,
    )  # fmt: skip
    assert market.index_of(running, "") == 0
    assert market.index_of(running, "", 0) == 0
    assert market.index_of(running, "made-1", 0) == 1
    assert market.index_of(running, "gone", 0) == 0
    assert market.index_of(SessionView("x"), "") == -1
    assert market.index_of(view, "") == view.lists.fills[0].market


def test_prints_and_facts_are_told_with_units_and_origin(view):
    told = market.prints_table([Print(1_776_323_401_000_000_000, 1, -1, 4800, 12_340_000)], WORDS, view, 0)
    assert [cell["text"] if isinstance(cell, dict) else cell for cell in told[0]["cells"]] == [
        "07:10:01", "sell", "Down", "0.48", "12.34",
    ]  # fmt: skip
    facts = {one["key"]: one for one in market.facts(view, 0, WORDS)}
    assert facts["tick"]["text"] == "0.01 pUSD"
    assert facts["min_size"]["text"] == "5 shares"
    assert market.facts(view, 99, WORDS) == []


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("", "Prices from the tape"),
        ("reading", "Reading"),
        ("t: gone", "No earlier prices: t: gone"),
        ("none", "\u00a0"),
    ],
)
def test_the_chart_says_where_its_prices_come_from(missing, text):
    assert market.chart_note(MarketView(0, missing=missing), WORDS).startswith(text)
