"""Resting orders: queue, prints, trade-through once, and never by size refreshes; the exchange's cash adds up."""

from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from exchange_bench import CASH, SHARE, STEADY, T0, Bench, S, filled
from made import market
from made_orders import intent
from polydesk.model.ids import intent_id
from polydesk.model.market import Origin, Resolution
from polydesk.model.orders import OrderType, Side
from polydesk.model.records import Fill
from polydesk.portfolio import Account, broken_fee, broken_identities, broken_totals


def resting(side=Side.BUY, price=4800, size=10, ahead=20, **more):
    bench = Bench(**more)
    bench.book(0, {4800: ahead, 4700: 30}, {5000: 10, 5100: 40})
    bench.send(intent(1, side=side, price=price, size=size * SHARE))
    bench.until(75)
    return bench


def test_prints_eat_the_queue_ahead_first():
    bench = resting()
    bench.print(100, -1, 4800, 15)
    bench.print(110, -1, 4800, 9)
    bench.print(120, -1, 4800, 30)
    assert filled(bench.until(200)) == [(4800, 4, "print"), (4800, 6, "print")]


def test_a_print_below_the_price_has_passed_the_whole_queue():
    bench = resting()
    bench.print(100, -1, 4700, 4)
    assert filled(bench.until(200)) == [(4800, 4, "print")]


def test_buying_takers_and_prints_above_do_not_fill_a_bid():
    bench = resting()
    bench.print(100, 1, 5000, 50)
    bench.print(110, -1, 4900, 50)
    assert filled(bench.until(200)) == []


def test_size_refreshes_never_fill_and_never_move_the_queue():
    bench = resting()
    for ms, size in ((100, 1), (110, 500), (120, 0), (130, 2)):
        bench.change(ms, 1, 4800, size)
    assert filled(bench.until(200)) == []
    assert bench.own.ahead[0, 0] == 20 * SHARE
    bench.print(210, -1, 4800, 20)
    assert filled(bench.until(300)) == []


def test_trade_through_fills_up_to_the_depth_that_crossed_and_once():
    bench = resting(size=30)
    bench.book(100, {4500: 5}, {4700: 4, 4800: 8, 4900: 50})
    assert filled(bench.until(200)) == [(4800, 12, "trade_through")]
    bench.book(210, {4500: 5}, {4700: 4, 4800: 8, 4900: 50})  # the same depth again is not new liquidity
    assert filled(bench.until(300)) == []
    bench.book(310, {4500: 5}, {4700: 4, 4800: 11, 4900: 50})
    assert filled(bench.until(400)) == [(4800, 3, "trade_through")]


def test_makers_get_their_own_price():
    bench = resting(price=4800, size=10)
    bench.book(100, {4000: 5}, {4200: 50})
    assert filled(bench.until(200)) == [(4800, 10, "trade_through")]


def test_an_ask_of_the_other_token_rests_in_the_same_book():
    """A bid for token 1 at 0.49 is an offer of token 0 at 0.51: buyers of token 0 fill it, behind 40 shares."""
    bench = Bench()
    bench.book(0, {4800: 20}, {5000: 10, 5100: 40})
    bench.send(intent(1, token=1, price=4900, size=10 * SHARE))
    bench.until(75)
    bench.print(100, 1, 5100, 45)
    assert filled(bench.until(200)) == [(4900, 5, "print")]
    assert bench.venue.account().shares_u6 == {"0/1": 5 * SHARE}


def test_nothing_happens_before_the_order_has_arrived():
    bench = Bench()
    bench.book(0, {4800: 0.01}, {5000: 10})
    bench.send(intent(1, price=4900), 0)
    bench.print(49, -1, 4700, 100)
    bench.print(51, -1, 4700, 3)
    assert filled(bench.until(200)) == [(4900, 3, "print")]


def test_a_cancelled_order_is_not_filled():
    bench = resting()
    bench.cancel(intent_id(1), 100)
    bench.print(149, -1, 4700, 3)
    bench.print(151, -1, 4700, 30)
    assert filled(bench.until(300)) == [(4800, 3, "print")]
    assert bench.venue.account().reserved_u6 == 0


# --- money ------------------------------------------------------------------------------------------------------------

PRICES = st.integers(40, 60).map(lambda n: n * 100)
ORDERS = st.tuples(
    st.just("order"), st.integers(0, 1), st.sampled_from(Side), PRICES, st.integers(500, 4_000),
    st.sampled_from((OrderType.GTC, OrderType.FAK, OrderType.FOK)),
)  # fmt: skip
PRINTS = st.tuples(st.just("print"), st.sampled_from((1, -1)), PRICES, st.integers(1, 60))
BOOKS = st.tuples(st.just("book"), st.integers(41, 59), st.lists(st.integers(0, 40), min_size=6, max_size=6))
CANCELS = st.tuples(st.just("cancel"), st.integers(1, 30))
LIVES = st.lists(st.one_of(ORDERS, PRINTS, BOOKS, CANCELS), max_size=30)


def live(bench, steps):
    """Carry out generated steps; return what each order asked for."""
    bench.book(0, {4800: 20, 4700: 30}, {5000: 10, 5100: 40})
    sent = {}
    for i, (what, *step) in enumerate(steps):
        ms = 100 * (i + 1)
        if what == "order":
            token, side, price, lots, kind = step
            order = intent(len(sent) + 1, token=token, side=side, price=price, size=lots * 10_000, kind=kind)
            sent[order.id] = order
            bench.send(order, ms)
        elif what == "print":
            bench.print(ms, *step)
        elif what == "book":
            mid, sizes = step
            bids = {(mid - k) * 100: n for k, n in zip((1, 2, 3), sizes[:3], strict=True)}
            bench.book(ms, bids, {(mid + k) * 100: n for k, n in zip((1, 2, 3), sizes[3:], strict=True)})
        elif intent_id(step[0]) in sent:
            bench.cancel(intent_id(step[0]), ms)
    bench.until(10**6)
    return sent


@settings(max_examples=60)
@given(
    LIVES, st.integers(0, 9), st.sampled_from((0.0, 0.3)), st.sampled_from(((10_000, 0), (0, 10_000), (5_000, 5_000)))
)
def test_the_exchanges_cash_is_the_accounts_cash(steps, seed, failure_rate, payout):
    """Two books of the same money, kept apart by two programs, agree to the last unit once everything is final."""
    config = STEADY.model_copy(update={"failure_rate": failure_rate})
    ends = (Resolution(0, payout, T0 + 20 * S, Origin.VENUE),)
    bench = Bench(config, seed=seed, resolutions=ends)
    sent = live(bench, steps)
    account = Account()
    account.open(CASH)
    for news in bench.news:
        if isinstance(news, Fill):
            account.fill(news, "one")
            assert broken_fee(news, market().fees, news.matched_ns) == ""
            limit = sent[news.intent].price_g4
            assert (news.price_g4 - limit) * int(news.side) <= 0
        elif type(news).__name__ == "FillStatus":
            account.status(news)
        elif type(news).__name__ == "Settled":
            account.settled(news)
        assert broken_identities(account) == ""
    assert broken_totals(account) == ""
    assert account.unconfirmed() == 0
    balance = bench.venue.account()
    assert balance.cash_u6 == account.matched.cash_u6 == account.confirmed.cash_u6
    assert balance.reserved_u6 == 0
    assert not any(balance.offered_u6.values())


@settings(max_examples=60)
@given(LIVES)
def test_no_order_is_filled_beyond_its_size_and_prints_not_beyond_theirs(steps):
    bench = Bench()
    sent = live(bench, steps)
    fills = [one for one in bench.news if isinstance(one, Fill)]
    for name, order in sent.items():
        assert sum(one.size_u6 for one in fills if one.intent == name) <= order.size_u6
    printed = sum(step[3] for step in steps if step[0] == "print") * SHARE
    assert sum(one.size_u6 for one in fills if one.cause == "print") <= printed
    at = {}
    for i, step in enumerate(steps):
        if step[0] == "print":
            at[T0 + 100 * (i + 1) * 1_000_000] = step[3] * SHARE
    for when, size in at.items():
        assert sum(one.size_u6 for one in fills if one.cause == "print" and one.matched_ns == when) <= size


@pytest.mark.parametrize("size", [1, 333_333, 9_999_999])
def test_odd_sizes_round_against_us_by_less_than_one_micro(size):
    bench = Bench()
    bench.book(0, {4800: size / SHARE}, {5000: 50})
    bench.send(intent(1, token=1, price=5200, size=10 * SHARE, kind=OrderType.FAK))
    bench.until(100)
    paid = CASH - bench.venue.account().cash_u6 - bench.news[1].fee_u6
    assert 0 <= paid - Fraction(5_200, 10_000) * size < 1
