"""The venue's rules: latencies, rejects, order types, fees, delay, settlement, confirmation."""

import msgspec
import pytest

from exchange_bench import CASH, MS, SHARE, T0, Bench, S, filled, kinds
from made import market
from made_orders import intent
from polydesk.exchange import ExchangeConfig
from polydesk.kernel import Fact as BookFact
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import FAR_NS
from polydesk.model.ids import intent_id
from polydesk.model.market import Fact, Origin, Resolution
from polydesk.model.orders import OrderType, Side
from polydesk.model.records import FillStatus, Liquidity, OrderDone, OrderRejected, Settled
from polydesk.model.rows import RowKind

GTC, GTD, FOK, FAK = OrderType.GTC, OrderType.GTD, OrderType.FOK, OrderType.FAK


def open_book(**more):
    bench = Bench(**more)
    bench.book(0, {4800: 20, 4700: 30}, {5000: 10, 5100: 40})
    return bench


def reason(bench, order, ms=0):
    bench.send(order, ms)
    rejected = [one for one in bench.until(ms + 75) if isinstance(one, OrderRejected)]
    return rejected[0].reason if rejected else None


# --- latencies ----------------------------------------------------------------------------------------------


def test_orders_cancels_and_answers_take_their_time():
    config = ExchangeConfig(jitter=0, order_latency_ms=40, cancel_latency_ms=70, answer_latency_ms=10)
    bench = open_book(config=config)
    bench.send(intent(1, price=4800))
    assert bench.until(49.999) == []
    assert kinds(bench.until(50)) == [("OrderAck", "live")]
    bench.cancel(intent_id(1), 100)
    assert bench.until(179.999) == []
    assert kinds(bench.until(180)) == [("OrderDone", "cancelled")]
    assert bench.venue.next_ns() == FAR_NS


def test_jitter_differs_by_order_and_is_repeatable():
    arrivals = [
        Bench(ExchangeConfig(), seed=seed).venue.arrival_ns(intent_id(n), T0) for seed in (1, 2) for n in (1, 2)
    ]
    assert len(set(arrivals)) == 4
    assert all(40 * MS <= at - T0 <= 60 * MS for at in arrivals)
    assert arrivals[0] == Bench(ExchangeConfig(), seed=1).venue.arrival_ns(intent_id(1), T0)


# --- rejects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (intent(1, price=4850), "breaks_tick"),
        (intent(1, price=4800, size=5 * SHARE - 1), "below_minimum"),
        (intent(1, price=5000, size=2 * SHARE - 10_000, kind=FAK), "marketable_minimum"),
        (intent(1, price=5000, size=2 * SHARE, kind=FAK), None),
        (intent(1, price=9900, size=1_200 * SHARE), "not_enough_balance"),
        (intent(1, price=5000, side=Side.SELL), "not_enough_balance"),
        (intent(1, price=5000, post_only=True), "post_only_would_cross"),
        (intent(1, price=4900, post_only=True), None),
        (intent(1, token=1, price=5200, post_only=True), "post_only_would_cross"),
        (intent(1, token=1, price=5100, post_only=True), None),
        (intent(1, price=4900, kind=FAK), "fak_not_filled"),
        (intent(1, price=5000, size=10 * SHARE + 10_000, kind=FOK), "fok_not_filled"),
        (intent(1, price=5000, size=10 * SHARE, kind=FOK), None),
        (intent(1, price=4800, kind=GTD, expires_ns=T0 + 60 * S + 50 * MS), "expired"),
        (intent(1, price=4800, kind=GTD, expires_ns=T0 + 60 * S + 51 * MS), None),
        (intent(1, price=5000, size=10 * SHARE, kind=FAK, post_only=True), "post_only_type"),
    ],
)
def test_rejects(order, expected):
    assert reason(open_book(), order) == expected


def test_the_same_order_twice_is_a_duplicate():
    bench = open_book()
    assert reason(bench, intent(1, price=4800)) is None
    assert reason(bench, intent(1, price=4800), 100) == "duplicated"


def test_tick_changes_count_from_the_moment_they_happen():
    bench = open_book()
    bench.rows(10, (RowKind.CHANGE, 1, 4700, 30))
    bench.books.last[0, BookFact.TICK] = 10
    assert reason(bench, intent(1, price=4810), 20) is None


def test_open_orders_use_up_the_balance():
    bench = open_book(cash=100 * SHARE)
    assert reason(bench, intent(1, price=4000, size=200 * SHARE)) is None
    assert reason(bench, intent(2, price=4000, size=51 * SHARE), 100) == "not_enough_balance"
    assert reason(bench, intent(3, price=4000, size=50 * SHARE), 200) is None
    bench.cancel(intent_id(1), 300)
    bench.until(400)
    assert reason(bench, intent(4, price=4000, size=200 * SHARE), 500) is None
    assert bench.venue.account().reserved_u6 == 100 * SHARE


def test_shares_can_be_offered_once():
    bench = open_book()
    bench.send(intent(1, price=5000, size=10 * SHARE, kind=FAK))
    bench.until(100)
    assert reason(bench, intent(2, side=Side.SELL, price=5200, size=6 * SHARE), 100) is None
    assert reason(bench, intent(3, side=Side.SELL, price=5300, size=5 * SHARE), 200) == "not_enough_balance"


def test_too_many_orders_in_one_market():
    bench = open_book()
    for number in range(1, 66):
        bench.send(intent(number, price=4000, size=5 * SHARE), number)
    done = [one for one in bench.until(500) if isinstance(one, OrderDone)]
    assert [(one.intent, one.reason) for one in done] == [(intent_id(65), "too_many_orders")]
    assert bench.venue.account().reserved_u6 == 64 * 2 * SHARE


# --- order types ------------------------------------------------------------------------------------------------------


def test_fok_takes_all_or_nothing_at_each_levels_price():
    bench = open_book()
    bench.send(intent(1, price=5100, size=30 * SHARE, kind=FOK))
    assert filled(bench.until(100)) == [(5000, 10, "book"), (5100, 20, "book")]
    assert kinds(bench.news) == [("OrderAck", "matched"), ("Fill", None), ("Fill", None)]


def test_fak_takes_what_is_there_and_kills_the_rest():
    bench = open_book()
    bench.send(intent(1, price=5000, size=30 * SHARE, kind=FAK))
    news = bench.until(100)
    assert filled(news) == [(5000, 10, "book")]
    assert kinds(news)[-1] == ("OrderDone", "remainder_killed")
    assert bench.venue.account().reserved_u6 == 0


def test_gtc_takes_then_rests_with_the_rest():
    bench = open_book()
    bench.send(intent(1, price=5000, size=30 * SHARE))
    assert filled(bench.until(100)) == [(5000, 10, "book")]
    assert bench.own.open[0] == 1
    assert bench.own.left[0, 0] == 20 * SHARE
    assert bench.venue.account().reserved_u6 == 10 * SHARE


def test_gtd_ends_a_minute_before_its_expiration():
    bench = open_book()
    bench.send(intent(1, price=4800, kind=GTD, expires_ns=T0 + 60 * S + 500 * MS))
    assert kinds(bench.until(524.9)) == [("OrderAck", "live")]
    assert kinds(bench.until(525)) == [("OrderDone", "expired")]
    assert bench.own.open[0] == 0


def test_selling_the_other_token_takes_from_the_same_book():
    """Buying token 1 at 0.52 sells into the bid of 0.48 of token 0."""
    bench = open_book()
    bench.send(intent(1, token=1, price=5300, size=25 * SHARE, kind=FAK))
    assert filled(bench.until(100)) == [(5200, 20, "book"), (5300, 5, "book")]
    balance = bench.venue.account()
    assert balance.shares_u6 == {"0/1": 25 * SHARE}


def test_what_was_taken_stays_taken():
    bench = open_book()
    for number in (1, 2):
        bench.send(intent(number, price=5000, size=8 * SHARE, kind=FAK), number)
    assert filled(bench.until(200)) == [(5000, 8, "book"), (5000, 2, "book")]
    assert reason(bench, intent(3, price=5000, kind=FAK), 300) == "fak_not_filled"
    assert reason(bench, intent(4, price=5000, post_only=True), 400) is None


# --- fees -------------------------------------------------------------------------------------------------------------


def test_takers_pay_the_rate_of_the_day_and_makers_nothing():
    dated = FeeSchedule((FeeRate(0, 0), FeeRate(T0 + 200 * MS, 70_000)), "venue")
    bench = open_book(markets=(msgspec.structs.replace(market(end_s=None), fees=dated),))
    bench.send(intent(1, price=5000, size=5 * SHARE, kind=FAK), 0)
    bench.send(intent(2, price=5000, size=5 * SHARE, kind=FAK), 150)
    bench.send(intent(3, price=4900, size=5 * SHARE), 300)
    bench.until(400)
    bench.print(500, -1, 4800, 50)
    bench.until(600)
    fills = [one for one in bench.news if hasattr(one, "fee_u6")]
    assert [(one.fee_u6, one.liquidity) for one in fills] == [
        (0, Liquidity.TAKER), (87_500, Liquidity.TAKER), (0, Liquidity.MAKER),
    ]  # fmt: skip
    assert bench.venue.account().cash_u6 == CASH - 5_000_000 - 87_500 - 2_450_000


# --- taker delay ------------------------------------------------------------------------------------------------------


def delayed(ms=250):
    return open_book(markets=(msgspec.structs.replace(market(end_s=None), taker_delay_ns=Fact(ms * MS, Origin.VENUE)),))


def test_a_marketable_order_is_held_and_meets_the_book_of_then():
    bench = delayed()
    bench.send(intent(1, price=5100, size=10 * SHARE, kind=FAK))
    assert kinds(bench.until(100)) == [("OrderAck", "delayed")]
    bench.change(200, -1, 5000, 3)
    news = bench.until(325)
    assert kinds(news)[0] == ("OrderAck", "matched")
    assert filled(news) == [(5000, 3, "book"), (5100, 7, "book")]


def test_a_held_order_counts_against_the_balance_and_is_known():
    bench = delayed()
    bench.send(intent(1, price=5000, size=10 * SHARE))
    bench.until(100)
    assert bench.venue.account().reserved_u6 == 5 * SHARE
    assert reason(bench, intent(1, price=5000), 100) == "duplicated"


def test_a_held_order_can_be_cancelled():
    bench = delayed()
    bench.send(intent(1, price=5000))
    bench.cancel(intent_id(1), 100)
    assert kinds(bench.until(500)) == [("OrderAck", "delayed"), ("OrderDone", "cancelled")]
    assert bench.venue.account().reserved_u6 == 0


@pytest.mark.parametrize(
    ("kind", "ends"),
    [(FOK, ("OrderDone", "fok_not_filled")), (FAK, ("OrderDone", "remainder_killed")), (GTC, ("OrderAck", "live"))],
)
def test_a_held_order_that_finds_nothing_any_more(kind, ends):
    bench = delayed()
    bench.send(intent(1, price=5000, kind=kind))
    bench.until(100)
    bench.change(200, -1, 5000, 0)
    news = bench.until(500)
    assert kinds(news) == [ends]
    assert filled(news) == []


def test_passive_orders_are_not_held():
    bench = delayed()
    bench.send(intent(1, price=4800))
    assert kinds(bench.until(100)) == [("OrderAck", "live")]


# --- cancels ----------------------------------------------------------------------------------------------------------


def test_cancel_races():
    bench = open_book()
    bench.cancel(intent_id(7), 0)
    bench.send(intent(1, price=5000, kind=FAK), 0)
    bench.cancel(intent_id(1), 10)
    assert kinds(bench.until(100)) == [
        ("CancelRejected", "not_found"), ("OrderAck", "matched"), ("Fill", None),
        ("CancelRejected", "already_canceled_or_matched"),
    ]  # fmt: skip


def test_a_fill_on_the_wire_beats_a_cancel():
    """The order fills before the cancel arrives: the desk hears of the fill first, then of the refused cancel."""
    bench = open_book()
    bench.send(intent(1, price=4900))
    bench.until(100)
    bench.cancel(intent_id(1), 100)
    bench.print(120, -1, 4800, 50)
    assert kinds(bench.until(200)) == [("Fill", None), ("CancelRejected", "already_canceled_or_matched")]


# --- confirmation, failure, settlement --------------------------------------------------------------------------------


def test_matches_are_confirmed_after_the_delay():
    bench = open_book()
    bench.send(intent(1, price=5000, kind=FAK))
    bench.until(4_074.9)
    assert not [one for one in bench.news if isinstance(one, FillStatus)]
    assert kinds(bench.until(4_075)) == [("FillStatus", True)]
    assert bench.venue.settled_by_ns(T0 + 50 * MS) > T0 + 4_075 * MS


def test_failed_matches_are_reversed():
    bench = open_book(config=ExchangeConfig(jitter=0, failure_rate=1.0))
    bench.send(intent(1, price=5000, kind=FAK))
    assert kinds(bench.until(5_000))[-1] == ("FillStatus", False)
    balance = bench.venue.account()
    assert (balance.cash_u6, balance.shares_u6, balance.reserved_u6) == (CASH, {}, 0)


def test_failures_come_at_their_rate():
    failed = 0
    for seed in range(200):
        bench = open_book(config=ExchangeConfig(jitter=0, failure_rate=0.25), seed=seed)
        bench.send(intent(1, price=5000, kind=FAK))
        failed += kinds(bench.until(5_000))[-1] == ("FillStatus", False)
    assert failed == pytest.approx(50, abs=20)


def resolved(payout=(10_000, 0), at_s=10):
    return Resolution(0, payout, T0 + at_s * S, Origin.VENUE)


@pytest.mark.parametrize(("payout", "pays"), [((10_000, 0), 10), ((0, 10_000), 0), ((5_000, 5_000), 5)])
def test_settlement_cancels_pays_without_fee_and_closes(payout, pays):
    bench = open_book(resolutions=(resolved(payout),))
    bench.send(intent(1, price=5000, kind=FAK))
    bench.send(intent(2, price=4700), 1)
    bench.until(69_999)
    cash = bench.venue.account().cash_u6
    bench.until(70_024)
    assert bench.news[-1].ts_ns < T0 + 70 * S  # known, but the desk has not heard of it
    assert kinds(bench.until(70_025)) == [("OrderDone", "market_resolved"), ("Settled", None)]
    assert bench.news[-1] == Settled(bench.seq, T0 + 70_025 * MS, 0, payout, "venue")
    assert bench.venue.account().cash_u6 == cash + pays * SHARE
    assert bench.venue.account().reserved_u6 == 0
    assert reason(bench, intent(3, price=4700), 80_000) == "market_closed"


def test_an_order_held_while_its_market_resolves_never_matches():
    held = msgspec.structs.replace(market(end_s=None), taker_delay_ns=Fact(20 * S, Origin.VENUE))
    bench = open_book(markets=(held,), resolutions=(resolved(),), config=ExchangeConfig(jitter=0, settle_s=0))
    bench.send(intent(1, price=5000, kind=FAK))
    assert kinds(bench.until(30_000)) == [("OrderAck", "delayed"), ("OrderDone", "market_resolved"), ("Settled", None)]


def test_a_match_that_fails_after_settlement_is_worth_nothing():
    config = ExchangeConfig(jitter=0, failure_rate=1.0, settle_s=0, confirm_s=60)
    bench = open_book(config=config, resolutions=(resolved(),))
    bench.send(intent(1, price=5000, kind=FAK))
    bench.until(100_000)
    assert bench.venue.account().cash_u6 == CASH
