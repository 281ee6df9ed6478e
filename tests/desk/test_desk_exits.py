"""Exits: they clear their way, they are not deferred, and they end with the recording."""

import msgspec

from desk_bench import MAKER, MS, T0, DeskBench
from exchange_bench import SHARE, S
from made_orders import fill, intent
from polydesk.desk import DeskConfig, new_desk, next_timer_ns, step
from polydesk.desk.day import judge_day
from polydesk.exchange import ExchangeConfig
from polydesk.kernel import MarketFact, Tally
from polydesk.model.grid import cost_u6
from polydesk.model.ids import FillId
from polydesk.model.orders import OrderState, OrderType, Purpose, Side
from polydesk.model.records import (
    BalanceTold,
    CancelSent,
    Command,
    Decision,
    OrderSent,
    Refused,
    SentinelBroke,
    SourceChanged,
    StrategyFailed,
    TimerFired,
)
from polydesk.strategies.inventory_maker import InventoryMaker

BIDS, ASKS = {4800: 500, 4700: 500}, {5000: 500, 5100: 500}
BOTH = {
    "mean_reversion": {"warm_up_s": 1, "half_life_s": 20, "min_deviation": 0.04, "min_confidence": 0.1},
    "inventory_maker": {"warm_up_s": 0, "half_spread": 0.0, "inventory_skew": 0.0, "imbalance_weight": 0.0,
                        "stop_before_end_s": 30},
}  # fmt: skip


def of(kind, records):
    return [one for one in records if isinstance(one, kind)]


def give(bench, strategy, shares=20, price=5000, opened_ms=0, number=901):
    """Let a strategy own shares of token 0, bought at ``price`` at the venue and at the desk."""
    order = msgspec.structs.replace(
        intent(number, price=price, size=shares * SHARE, kind=OrderType.FAK, purpose=Purpose.ENTRY), strategy=strategy
    )
    bench.desk.state.working.add(order, T0 + opened_ms * MS)
    one = msgspec.structs.replace(
        fill(number, price=price, size=shares * SHARE),
        id=FillId(f"given-{number}"),
        intent=order.id,
        ts_ns=T0 + opened_ms * MS,
    )
    bench.feed(one)
    kernel = bench.venue.kernel
    kernel.markets[0, MarketFact.SHARES_U6] += shares * SHARE
    kernel.count[Tally.CASH_U6] -= cost_u6(price, shares * SHARE) + one.fee_u6


def test_an_exit_takes_the_other_strategys_quote_out_of_its_way():
    """The maker's own bid stands where the stop of mean reversion sells: it is cancelled, then the stop goes first."""
    bench = DeskBench(DeskConfig(strategies=BOTH, risk={"collar": 0.1}))
    bench.look(0, BIDS, ASKS)
    bench.until(100)
    give(bench, "mean_reversion", price=7000, opened_ms=100)
    out = bench.until(400)
    assert of(Refused, out) == []
    exits = [one for one in of(OrderSent, out) if one.intent.purpose is Purpose.EXIT]
    assert [(one.intent.strategy, one.intent.side, one.intent.reason) for one in exits][:1] == [
        ("mean_reversion", Side.SELL, "stop")
    ]
    cancels = [one.reason for one in of(CancelSent, bench.records)]
    assert "exit:stop" in cancels
    assert bench.desk.state.account.matched.positions["mean_reversion/0/0"].shares_u6 == 0


def test_no_new_quote_stands_in_a_wanted_exit():
    bench = DeskBench(DeskConfig(strategies=BOTH, risk={"collar": 0.1}))
    bench.look(0, BIDS, ASKS)
    bench.until(100)
    give(bench, "mean_reversion", price=7000, opened_ms=100)
    exits = [one for one in bench.records if isinstance(one, OrderSent) and one.intent.purpose is Purpose.EXIT]
    for one in of(OrderSent, bench.until(2_000)):
        if one.intent.purpose is Purpose.QUOTE and exits:
            assert one.ts_ns >= exits[0].ts_ns


def test_less_than_a_lot_is_nothing_and_the_next_position_is_new():
    bench = DeskBench(DeskConfig(strategies={**MAKER, "inventory_maker": {"exits": {"max_hold_s": 40}}}))
    bench.look(0, BIDS, ASKS)
    give(bench, "inventory_maker", shares=1, opened_ms=0)
    position = bench.desk.state.account.matched.positions["inventory_maker/0/0"]
    position.shares_u6 = 9_999
    give(bench, "inventory_maker", shares=10, opened_ms=30_000, number=902)
    assert position.opened_ns == T0 + 30_000 * MS


def test_nothing_is_decided_after_the_recording_ended():
    bench = DeskBench(DeskConfig(strategies={**MAKER, "inventory_maker": {"exits": {"max_hold_s": 5}}}))
    bench.look(0, BIDS, ASKS)
    give(bench, "inventory_maker", opened_ms=10)
    assert next_timer_ns(bench.desk) is not None
    bench.feed(SourceChanged(bench.seq, T0 + 100 * MS, "ended"))
    assert next_timer_ns(bench.desk) is None
    out = bench.until(60_000) + bench.feed(TimerFired(bench.seq, T0 + 61 * S))
    assert of(OrderSent, out) == of(Decision, out) == of(CancelSent, out) == []


def test_a_vanished_bid_is_unknown_and_not_a_loss():
    """Shares without a bid may be worth nothing or all they cost: entries wait, the switch does not trip."""
    bench = DeskBench(DeskConfig(strategies=MAKER, risk={"daily_loss_fraction": 0.01}))
    bench.look(0, BIDS, ASKS)
    give(bench, "inventory_maker", shares=500, price=4900, opened_ms=10)
    bench.book(1_000, {}, {5000: 50})
    judge_day(bench.desk)
    assert (bench.desk.state.daily.state, bench.desk.state.daily.unknown) == ("normal", True)
    bench.book(2_000, {4800: 50}, {5000: 50})
    judge_day(bench.desk)
    assert (bench.desk.state.daily.state, bench.desk.state.daily.unknown) == ("normal", False)


def test_the_days_loss_is_judged_before_every_entry_whatever_the_marks():
    config = DeskConfig(
        strategies=MAKER, mark_interval_s=100_000, risk={"daily_loss_fraction": 0.01, "max_market_exposure": "3500"}
    )
    bench = DeskBench(config)
    bench.look(0, BIDS, ASKS)
    bench.until(100)
    give(bench, "inventory_maker", shares=600, price=4900, opened_ms=200)
    bench.look(5_000, {3000: 50}, {3200: 50})
    bench.until(5_200)
    out = bench.look(20_000, {3000: 50}, {3300: 50})
    assert bench.desk.state.daily.state == "tripped"
    assert of(OrderSent, out) == []


def test_the_venue_and_the_desk_disagree():
    bench = DeskBench()
    bench.look(0, BIDS, ASKS)
    told = BalanceTold(bench.seq, T0 + MS, bench.desk.state.account.matched.cash_u6, {})
    assert of(SentinelBroke, bench.feed(told)) == []
    (broke,) = of(SentinelBroke, bench.feed(msgspec.structs.replace(told, cash_u6=told.cash_u6 - 1)))
    assert broke.name == "cash"
    assert bench.desk.state.broken


def test_a_fill_that_does_not_fit_its_order_breaks_a_sentinel():
    bench = DeskBench()
    bench.look(0, BIDS, ASKS)
    bench.until(100)
    (order, *_) = [o for o in bench.desk.state.working.orders.values() if o.intent.side is Side.BUY]
    wrong = msgspec.structs.replace(
        fill(1), intent=order.intent.id, token=order.intent.token, price_g4=order.intent.price_g4 - 100,
        size_u6=SHARE, fee_u6=0,
    )  # fmt: skip
    assert of(SentinelBroke, bench.feed(wrong))


class Clumsy(InventoryMaker):
    """Fails at every second look."""

    def decide(self, view, state):
        state.first_ns += 1
        if state.first_ns % 2:
            raise ZeroDivisionError("oops")
        return super().decide(view, state)


def test_a_strategy_that_fails_is_written_down_and_then_no_longer_asked():
    bench = DeskBench(DeskConfig(strategies=MAKER, strategy_errors=2))
    bench.desk.strategies["inventory_maker"] = Clumsy(bench.desk.strategies["inventory_maker"].params)
    failed = []
    for second in range(8):
        failed += of(StrategyFailed, bench.look(second * 1_000, BIDS, ASKS))
    assert [(one.error, one.disabled) for one in failed] == [
        ("ZeroDivisionError: oops", False),
        ("ZeroDivisionError: oops", True),
    ]
    assert [o for o in bench.desk.state.working.orders.values() if o.state is OrderState.LIVE] == []


def test_the_exits_of_a_failed_strategy_go_on_by_the_generic_rules():
    maker = {"exits": {"stop_loss": 0.1, "before_end_s": 0}}
    bench = DeskBench(DeskConfig(strategies={**MAKER, "inventory_maker": maker}, strategy_errors=1))
    bench.desk.strategies["inventory_maker"] = Clumsy(bench.desk.strategies["inventory_maker"].params)
    bench.look(0, BIDS, ASKS)
    give(bench, "inventory_maker", price=6000, opened_ms=10)
    out = [one for one in bench.records if isinstance(one, OrderSent)] + of(OrderSent, bench.until(500))
    assert bench.desk.state.disabled == {"inventory_maker"}
    assert {one.intent.purpose for one in out} == {Purpose.EXIT}


def test_a_desk_without_strategies_does_nothing():
    bench = DeskBench()
    desk = new_desk(
        DeskConfig(strategies={"mean_reversion": {"enabled": False}, "inventory_maker": {"enabled": False}}),
        bench.markets, bench.books,
    )  # fmt: skip
    assert of(OrderSent, step(desk, TimerFired(0, T0))) == []


def test_a_cancel_that_overtakes_its_order_is_sent_again():
    """Faster cancels than orders: what a kill withdraws is gone in the end, whichever arrives first."""
    bench = DeskBench(exchange=ExchangeConfig(cancel_latency_ms=0, order_latency_ms=50, jitter=0))
    bench.look(0, BIDS, ASKS)
    bench.feed(Command(bench.seq, T0 + MS, "kill"))
    bench.until(1_000)
    assert "overtaken" in {one.reason for one in of(CancelSent, bench.records)}
    assert bench.desk.state.working.orders == {}
    assert bench.venue.open_orders() == []


def test_a_failed_sale_gets_its_exit_again():
    """The shares come back when their sale fails to settle: the time exit that had passed is asked for again."""
    bench = DeskBench(
        DeskConfig(strategies={**MAKER, "inventory_maker": {"exits": {"max_hold_s": 5, "before_end_s": 0}}}),
        exchange=ExchangeConfig(failure_rate=1.0, confirm_s=4, jitter=0),
    )
    bench.look(0, BIDS, ASKS)
    give(bench, "inventory_maker", opened_ms=10)
    bench.until(30_000)
    sales = [one for one in of(OrderSent, bench.records) if one.intent.purpose is Purpose.EXIT]
    assert len(sales) >= 3


def test_an_exit_is_not_forgotten_in_a_silence():
    bench = DeskBench(
        DeskConfig(strategies={**MAKER, "inventory_maker": {"exits": {"max_hold_s": 60, "before_end_s": 0}}})
    )
    bench.look(0, {4800: 5}, ASKS)
    give(bench, "inventory_maker", opened_ms=10)
    bench.until(100_000)
    assert bench.desk.state.account.matched.positions["inventory_maker/0/0"].shares_u6 == 15 * SHARE
    assert next_timer_ns(bench.desk) is not None
