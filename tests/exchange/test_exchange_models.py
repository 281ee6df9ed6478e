"""Own orders that meet, rebates, disputes, measured latencies, fee assumptions: each model by itself."""

import msgspec
import pytest

from exchange_bench import CASH, MS, SHARE, STEADY, T0, Bench, S, filled, kinds
from made import market
from made_orders import intent
from polydesk.exchange import ExchangeConfig
from polydesk.exchange.config import FILL_RULE, fill_rule
from polydesk.exchange.measured import file_sha256, keep_latencies, kept_exchange, read_latencies, with_hash
from polydesk.exchange.terms import assumed_markets
from polydesk.model.errors import ConfigError
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.ids import intent_id
from polydesk.model.market import Origin, Resolution
from polydesk.model.orders import OrderType, Side
from polydesk.model.records import CashMoved, Fill, Liquidity, OrderAck, Settled

FAK, FOK = OrderType.FAK, OrderType.FOK
DAY_NS = 86_400 * S


def priced(rate=70_000, rebate=200_000, **more):
    made = market(end_s=None, **more)
    return msgspec.structs.replace(made, fees=FeeSchedule((FeeRate(0, rate, 1, rebate),), "venue"))


def open_book(**more):
    bench = Bench(**more)
    bench.book(0, {4800: 20, 4700: 30}, {5000: 10, 5100: 40})
    return bench


def matches(bench):
    fills = [one for one in bench.news if isinstance(one, Fill)]
    return [(one.intent, one.token, int(one.side), one.price_g4, one.size_u6 // SHARE, one.liquidity.value,
             one.cause.value) for one in fills]  # fmt: skip


# --- own orders that meet ---------------------------------------------------------------------------------------------


def stocked(token=0, **more):
    """A bench that owns ten shares of a token."""
    bench = open_book(**more)
    price = 5100 if token == 0 else 5300
    bench.send(intent(90, token=token, price=price, size=10 * SHARE, kind=FAK))
    bench.until(100)
    bench.news.clear()
    return bench


def test_a_buy_and_a_sell_of_one_token_change_hands():
    bench = stocked()
    bench.send(intent(1, side=Side.SELL, price=4900, size=10 * SHARE), 200)
    bench.send(intent(2, price=4900, size=6 * SHARE), 300)
    bench.until(1_000)
    maker, taker = Liquidity.MAKER.value, Liquidity.TAKER.value
    assert matches(bench) == [
        (intent_id(2), 0, 1, 4900, 6, taker, "complementary"), (intent_id(1), 0, -1, 4900, 6, maker, "complementary"),
    ]  # fmt: skip
    assert bench.venue.account().shares_u6 == {"0/0": 10 * SHARE}
    assert bench.venue.account().offered_u6 == {"0/0": 4 * SHARE}
    assert bench.own.left[0, 0] == 4 * SHARE


def test_two_buys_mint_a_set():
    """A bid for token 0 at 0.49 meets a bid for token 1 at 0.53: the newcomer pays 0.51."""
    bench = open_book()
    bench.send(intent(1, price=4900, size=10 * SHARE))
    bench.send(intent(2, token=1, price=5300, size=10 * SHARE), 100)
    bench.until(1_000)
    assert [(one[0], *one[3:5], one[6]) for one in matches(bench)] == [
        (intent_id(2), 5100, 10, "mint"), (intent_id(1), 4900, 10, "mint"),
    ]  # fmt: skip
    fees = sum(one.fee_u6 for one in bench.news if isinstance(one, Fill))
    assert bench.venue.account().cash_u6 == CASH - 10 * SHARE - fees
    assert bench.venue.account().shares_u6 == {"0/0": 10 * SHARE, "0/1": 10 * SHARE}


def test_two_sells_merge_a_set():
    bench = stocked()
    bench.send(intent(91, token=1, price=5300, size=10 * SHARE, kind=FAK), 150)
    bench.until(300)
    bench.news.clear()
    cash = bench.venue.account().cash_u6
    bench.send(intent(1, side=Side.SELL, price=4900, size=10 * SHARE), 400)
    bench.send(intent(2, token=1, side=Side.SELL, price=5000, size=10 * SHARE), 500)
    bench.until(1_000)
    assert [(one[0], *one[3:5], one[6]) for one in matches(bench)] == [
        (intent_id(2), 5100, 10, "merge"), (intent_id(1), 4900, 10, "merge"),
    ]  # fmt: skip
    fees = sum(one.fee_u6 for one in bench.news if isinstance(one, Fill))
    assert bench.venue.account().cash_u6 == cash + 10 * SHARE - fees
    assert bench.venue.account().shares_u6 == {}


def test_the_recorded_queue_comes_first_at_the_same_price_and_better_own_prices_before_it():
    bench = stocked()
    bench.change(150, -1, 5000, 0)
    bench.change(160, -1, 5000, 10)
    bench.send(intent(1, side=Side.SELL, price=5000, size=5 * SHARE), 200)
    bench.send(intent(2, side=Side.SELL, price=4900, size=5 * SHARE), 210)
    bench.send(intent(3, price=5000, size=18 * SHARE), 300)
    bench.until(1_000)
    assert [(one[3], one[4], one[6]) for one in matches(bench) if one[0] == intent_id(3)] == [
        (4900, 5, "complementary"), (5000, 10, "book"), (5000, 3, "complementary"),
    ]  # fmt: skip


def test_own_orders_count_for_crossing_and_for_fok():
    bench = stocked()
    bench.send(intent(1, side=Side.SELL, price=4900, size=10 * SHARE), 200)
    bench.send(intent(2, price=4900, post_only=True), 300)
    bench.send(intent(3, price=4900, size=10 * SHARE + 10_000, kind=FOK), 310)
    bench.send(intent(4, price=4900, size=10 * SHARE, kind=FOK), 320)
    told = kinds(bench.until(450))
    assert ("OrderRejected", "post_only_would_cross") in told
    assert ("OrderRejected", "fok_not_filled") in told
    assert len(matches(bench)) == 2


def test_an_own_match_fails_for_both_or_for_none():
    seen = set()
    for seed in range(20):
        bench = open_book(config=ExchangeConfig(jitter=0, failure_rate=0.5), seed=seed)
        bench.send(intent(1, price=4900, size=10 * SHARE))
        bench.send(intent(2, token=1, price=5100, size=10 * SHARE), 100)
        told = [word for kind, word in kinds(bench.until(9_000)) if kind == "FillStatus"]
        assert len(told) == 2
        seen.add(tuple(told))
    assert seen == {(True, True), (False, False)}


def test_a_lot_filled_four_and_six_is_ten():
    bench = open_book()
    bench.send(intent(1, price=4900, size=10 * SHARE))
    bench.until(100)
    bench.print(200, -1, 4900, 4)
    bench.print(300, -1, 4900, 6)
    bench.until(400)
    assert filled(bench.news) == [(4900, 4, "print"), (4900, 6, "print")]
    assert bench.venue.open_orders() == []
    assert bench.venue.account().reserved_u6 == 0


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (intent(1, price=4800, size=10 * SHARE + 5_000), True),
        (intent(1, price=5000, size=5 * SHARE + 5_000, kind=FAK), False),
        (intent(1, price=5000, size=5 * SHARE + 50, kind=FAK), True),
        (intent(1, side=Side.SELL, price=4800, size=5 * SHARE + 5_000, kind=FAK), True),
    ],
)
def test_amounts_with_too_many_decimals(order, refused):
    bench = stocked()
    bench.send(order, 200)
    assert (("OrderRejected", "invalid_amounts") in kinds(bench.until(400))) == refused


# --- rebates ----------------------------------------------------------------------------------------------------------


def made_fill(bench, number, shares, ms):
    bench.send(intent(number, price=4900, size=shares * SHARE), ms)
    bench.until(ms + 100)
    bench.print(ms + 200, -1, 4900, shares)


def midnight():
    return (T0 // DAY_NS + 1) * DAY_NS


def test_a_maker_is_paid_its_part_of_the_fee_at_midnight():
    """400 shares at 0.49: fee equivalent 400 x 0.07 x 0.2499 = 6.9972 pUSD, a fifth of it is paid."""
    bench = open_book(markets=(priced(),))
    made_fill(bench, 1, 400, 0)
    assert bench.venue.rebates_u6 == 1_399_440
    cash = bench.venue.account().cash_u6
    told = bench.until((midnight() - T0) / MS + 25)
    assert told[-1] == CashMoved(bench.seq, midnight() + 25 * MS, "maker_rebate", 1_399_440)
    assert bench.venue.account().cash_u6 == cash + 1_399_440
    assert bench.venue.rebates_u6 == 0


def test_less_than_one_stays_accrued_until_it_is_enough():
    bench = open_book(markets=(priced(),))
    made_fill(bench, 1, 200, 0)
    assert not [one for one in bench.until((midnight() - T0) / MS + 1_000) if isinstance(one, CashMoved)]
    assert bench.venue.rebates_u6 == 699_720
    made_fill(bench, 2, 200, round((midnight() - T0) / MS) + 2_000)
    told = bench.until((midnight() + DAY_NS - T0) / MS + 1_000)
    assert [one.amount_u6 for one in told if isinstance(one, CashMoved)] == [1_399_440]


@pytest.mark.parametrize(
    ("config", "rate", "rebate"),
    [(ExchangeConfig(jitter=0, maker_rebates=False), 70_000, 200_000), (STEADY, 0, 200_000), (STEADY, 70_000, 0),
     (ExchangeConfig(jitter=0, failure_rate=1.0), 70_000, 200_000)],
)  # fmt: skip
def test_nothing_accrues_without_rebates_rates_or_from_matches_that_fail(config, rate, rebate):
    bench = open_book(config=config, markets=(priced(rate, rebate),))
    made_fill(bench, 1, 400, 0)
    assert bench.venue.rebates_u6 == 0


def test_takers_earn_no_rebate():
    bench = open_book(markets=(priced(),))
    bench.send(intent(1, price=5100, size=50 * SHARE, kind=FAK))
    bench.until(100)
    assert bench.venue.rebates_u6 == 0


# --- fees, disputes ---------------------------------------------------------------------------------------------------


def test_scaled_fees_are_told_as_assumed():
    (scaled,) = assumed_markets((priced(),), ExchangeConfig(fee_scale=1.5))
    assert (scaled.fees.rates[0].rate_ppm, scaled.fees.origin) == (105_000, "assumed")
    assert "1.5" in scaled.assumed()["fees"]
    assert assumed_markets((priced(),), STEADY) == (priced(),)


def test_disputed_outcomes_pay_later_at_their_rate():
    late = 0
    for seed in range(100):
        config = ExchangeConfig(jitter=0, dispute_rate=0.3, dispute_s=1_000)
        bench = Bench(config, seed=seed, resolutions=(Resolution(0, (5_000, 5_000), T0 + 10 * S, Origin.VENUE),))
        early = any(isinstance(one, Settled) for one in bench.until(70_025))
        assert early != any(isinstance(one, Settled) for one in bench.until(1_070_025))
        late += not early
    assert late == pytest.approx(30, abs=15)


# --- measured latencies -----------------------------------------------------------------------------------------------


def test_measured_latencies_replace_their_legs(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("leg,latency_ms\norder,10\norder,30.5\nanswer,7\n")
    assert read_latencies(path) == {"order": (10_000_000, 30_500_000), "answer": (7_000_000,)}
    bench = open_book(config=ExchangeConfig(jitter=0, latency_file=str(path)))
    for number in range(1, 9):
        bench.send(intent(number, price=4000), 100)
    bench.cancel(intent_id(8), 200)
    acks = [one for one in bench.until(240) if isinstance(one, OrderAck)]
    assert {one.ts_ns - T0 - 100 * MS for one in acks} == {17_000_000, 37_500_000}
    assert kinds(bench.until(257)) == [("OrderDone", "cancelled")]


def test_answers_never_overtake_one_another(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("leg,latency_ms\n" + "".join(f"answer,{n}\n" for n in (1, 5, 20, 60, 200)))
    bench = open_book(config=ExchangeConfig(jitter=0, latency_file=str(path)))
    for number in range(1, 30):
        bench.send(intent(number, price=4000), number)
        bench.cancel(intent_id(number), number + 10)
    told = list(bench.until(5_000))
    assert [one.ts_ns for one in told] == sorted(one.ts_ns for one in told)
    by_order = {}
    for one in told:
        by_order.setdefault(one.intent, []).append(type(one).__name__)
    assert set(map(tuple, by_order.values())) == {("OrderAck", "OrderDone")}


def test_fills_come_before_their_status(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("leg,latency_ms\nanswer,0\nanswer,9000\n")
    for seed in range(20):
        bench = open_book(config=ExchangeConfig(jitter=0, latency_file=str(path), confirm_s=0.001), seed=seed)
        bench.send(intent(1, price=5000, kind=FAK))
        told = [kind for kind, _ in kinds(bench.until(30_000))]
        assert told.index("Fill") < told.index("FillStatus")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: must be leg,latency_ms"),
        ("leg,latency_ms\n", "no samples"),
        ("leg,latency_ms\norder,10\nroute,3\n", "line 3: leg 'route' is none of order, cancel, answer, feed"),
        ("leg,latency_ms\norder,soon\n", "line 2: latency_ms 'soon' is not a number"),
        ("leg,latency_ms\norder,-1\n", "line 2: latency_ms -1 is not between"),
        ("leg,latency_ms\norder,nan\n", "line 2: latency_ms nan is not between"),
        ("leg,latency_ms\norder,1,2\n", "line 2: has 3 columns"),
    ],
)
def test_a_wrong_latency_file_names_the_line_and_the_fix(tmp_path, text, complaint):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as err:
        read_latencies(path)
    assert str(path) in str(err.value)


def test_a_session_keeps_the_file_and_its_hash(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("leg,latency_ms\norder,10\n")
    config = with_hash(ExchangeConfig(latency_file=str(path)))
    assert config.latency_sha256 == file_sha256(path)
    folder = tmp_path / "session"
    folder.mkdir()
    keep_latencies(config, folder)
    path.unlink()
    kept = kept_exchange(config, folder)
    assert read_latencies(folder / "latency.csv", kept.latency_sha256) == {"order": (10_000_000,)}
    (folder / "latency.csv").write_text("leg,latency_ms\norder,11\n")
    with pytest.raises(ConfigError, match="latency_sha256"):
        read_latencies(folder / "latency.csv", kept.latency_sha256)
    with pytest.raises(ConfigError, match="cannot be read"):
        with_hash(ExchangeConfig(latency_file=str(path)))
    assert with_hash(STEADY) == kept_exchange(STEADY, folder) == STEADY


def test_the_fill_rule_follows_the_queue_model():
    told = {
        model: fill_rule(ExchangeConfig(queue_model=model)) for model in ("pessimistic", "proportional", "probability")
    }
    assert told["pessimistic"] == FILL_RULE
    assert len(set(told.values())) == 3
    assert "x ^ 3" in told["probability"]


# --- buys that spend their cost ---------------------------------------------------------------------------------------

SPENDING = ExchangeConfig(jitter=0, buys_spend=True)


def test_a_better_price_buys_more_than_asked():
    """Twenty at 0.51 are 10.20 pUSD: ten at 0.50 for 5.00, then 5.20 / 0.51 shares."""
    bench = open_book(config=SPENDING)
    bench.send(intent(1, price=5100, size=20 * SHARE, kind=FAK))
    news = bench.until(100)
    assert filled(news) == [(5000, 10, "book"), (5100, 10.196, "book")]
    assert kinds(news)[-1] == ("Fill", None)
    assert bench.venue.open_orders() == []
    assert bench.venue.account().reserved_u6 == 0


def test_what_the_budget_cannot_buy_ends_it_and_sells_are_as_asked():
    bench = stocked(config=SPENDING)
    bench.send(intent(1, side=Side.SELL, price=4700, size=5 * SHARE, kind=FAK), 200)
    bench.send(intent(2, price=5100, size=100 * SHARE, kind=FAK), 300)
    told = bench.until(500)
    assert filled(told) == [(4800, 5, "book"), (5100, 39.804, "book")]
    assert kinds(told)[-1] == ("OrderDone", "remainder_killed")
    assert bench.venue.account().reserved_u6 == 0


@pytest.mark.parametrize(("shares", "refused"), [(49, False), (50, True)])
def test_a_fok_must_spend_everything(shares, refused):
    """Ten at 0.50 and forty at 0.51 are 25.40 pUSD: 49 at 0.51 cost 24.99, 50 cost 25.50."""
    bench = open_book(config=SPENDING)
    bench.send(intent(1, price=5100, size=shares * SHARE, kind=FOK))
    told = kinds(bench.until(100))
    assert (("OrderRejected", "fok_not_filled") in told) == refused


def test_it_spends_on_own_orders_too():
    bench = stocked(config=SPENDING)
    bench.send(intent(1, side=Side.SELL, price=4900, size=10 * SHARE), 200)
    bench.send(intent(2, price=5100, size=5 * SHARE, kind=FAK), 300)
    bench.until(500)
    (taker, maker) = matches(bench)
    assert (taker[3], maker[0]) == (4900, intent_id(1))
    spent = next(one for one in bench.news if isinstance(one, Fill))
    assert spent.size_u6 == 2_550_000 * 10_000 // 4900 // 100 * 100
