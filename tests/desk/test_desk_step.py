"""Single steps: refusals, stop, settlement, sentinels, the daily loss, exits and their timers."""

from itertools import pairwise

import msgspec
import pytest

from desk_bench import MAKER, MS, T0, DeskBench
from exchange_bench import SHARE, Bench, S
from made import market
from made_orders import fill, intent
from polydesk.desk import DeskConfig, next_timer_ns, step
from polydesk.desk.checkpoint import load, save
from polydesk.exchange import ExchangeConfig
from polydesk.model.errors import InvariantBroken, JournalError
from polydesk.model.ids import FillId, intent_id
from polydesk.model.market import Origin, Resolution
from polydesk.model.orders import OrderState, OrderType, Purpose, Side
from polydesk.model.reasons import Refusal
from polydesk.model.records import (
    BalanceTold,
    CancelRejected,
    CancelSent,
    CashMoved,
    Command,
    Decision,
    Fill,
    FillStatus,
    Liquidity,
    Marked,
    OrderAck,
    OrderLost,
    OrderRejected,
    OrderSent,
    Refused,
    SentinelBroke,
    Settled,
    SourceChanged,
    StrategyFailed,
)

BIDS, ASKS = {4800: 50, 4700: 50}, {5000: 50, 5100: 50}


def of(kind, records):
    return [one for one in records if isinstance(one, kind)]


def codes(records):
    return [one.code for one in of(Refused, records)]


def quoting(risk=None, exits=None, **more):
    """A maker with both quotes resting at the venue."""
    maker = {**MAKER["inventory_maker"], "exits": exits or {"before_end_s": 0}}
    bench = DeskBench(DeskConfig(strategies={**MAKER, "inventory_maker": maker}, risk=risk or {}), **more)
    bench.look(0, BIDS, ASKS)
    bench.until(100)
    assert [order.state for order in bench.desk.state.working.orders.values()] == [OrderState.LIVE] * 2
    return bench


def holding(**more):
    """A maker that was hit: it holds 10 shares of token 0, bought at 0.47."""
    bench = quoting(**more)
    bench.print(200, -1, 4600, 10)
    bench.until(230)
    assert bench.desk.state.account.matched.positions["inventory_maker/0/0"].shares_u6 == 10 * SHARE
    return bench


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_is_recorded_once_per_retry_window():
    bench = DeskBench(DeskConfig(strategies=MAKER, risk={"max_order_notional": "0.5"}))
    refused = []
    for second in range(31):
        refused += of(Refused, bench.look(second * 1000, BIDS, ASKS))
    slots = {(one.intent.token, one.intent.side) for one in refused}
    assert len(slots) == 2
    assert [one.ts_ns for one in refused] == [T0 + s * S for s in (0, 0, 10, 10, 20, 20, 30, 30)]
    assert set(codes(refused)) == {Refusal.ORDER_NOTIONAL}
    assert of(OrderSent, bench.records) == []


def test_an_unanswered_cancel_still_counts():
    """Until the venue answers, the cancelled quote keeps its exposure and its place."""
    bench = quoting()
    before = sum(order.reserved_u6 for order in bench.desk.state.working.orders.values())
    out = bench.look(1_000, {4200: 50}, {4400: 50})
    assert len(of(CancelSent, out)) == 2
    assert of(OrderSent, out) == []
    assert sum(order.reserved_u6 for order in bench.desk.state.working.orders.values()) == before
    assert len(of(OrderSent, bench.until(1_100))) == 2


def test_a_lost_order_counts_until_the_venue_tells():
    bench = quoting()
    name = next(iter(bench.desk.state.working.orders))
    bench.feed(OrderLost(0, T0 + 200 * MS, name))
    out = bench.look(1_000, {4200: 50}, {4400: 50})
    assert name not in [one.intent for one in of(CancelSent, out)]
    assert bench.desk.state.working.find(name).reserved_u6 > 0
    bench.feed(OrderAck(0, T0 + 1_100 * MS, name, "live"))
    assert bench.desk.state.working.find(name).state is OrderState.LIVE


# --- stop, kill, resume -----------------------------------------------------------------------------------------------


def test_stop_cancels_everything_and_sends_nothing_more():
    bench = quoting()
    out = bench.feed(Command(0, T0 + 200 * MS, "stop", "SIGINT"))
    assert {one.intent for one in of(CancelSent, out)} == {intent_id(1), intent_id(2)}
    assert {one.reason for one in of(CancelSent, out)} == {"stopped"}
    later = bench.until(400) + bench.look(500, BIDS, ASKS)
    assert of(OrderSent, later) == of(Refused, later) == []
    assert bench.desk.state.working.orders == {}
    assert bench.desk.state.stopping
    assert bench.feed(Command(0, T0 + 600 * MS, "stop", "again")) == []


def test_entries_are_refused_after_a_kill():
    bench = quoting()
    out = bench.feed(Command(0, T0 + 200 * MS, "kill"))
    assert {one.intent for one in of(CancelSent, out)} == {intent_id(1), intent_id(2)}
    later = bench.until(400) + bench.look(500, BIDS, ASKS)
    assert of(OrderSent, later) == []
    assert codes(later) == [Refusal.ENTRIES_STOPPED] * 2
    assert not bench.desk.state.stopping


def test_kill_stops_entries_until_resume():
    bench = quoting()
    bench.feed(Command(0, T0 + 200 * MS, "kill"))
    assert of(OrderSent, bench.look(500, BIDS, ASKS)) == []
    bench.feed(Command(0, T0 + 600 * MS, "resume"))
    assert len(of(OrderSent, bench.look(11_000, BIDS, ASKS))) == 2
    assert not bench.desk.state.stopping


def test_exits_go_on_after_a_kill():
    bench = holding(exits={"before_end_s": 0, "stop_loss": 0.2})
    bench.feed(Command(0, T0 + 300 * MS, "kill"))
    bench.until(500)
    sent = of(OrderSent, bench.look(1_000, {3700: 50}, {3900: 50}))
    assert [(one.intent.purpose, one.intent.side, one.intent.reason) for one in sent] == [
        (Purpose.EXIT, Side.SELL, "stop")
    ]
    bench.until(1_200)
    assert bench.desk.state.account.matched.positions["inventory_maker/0/0"].shares_u6 == 0


# --- exits ------------------------------------------------------------------------------------------------------------


def test_a_refused_quote_does_not_hold_up_an_exit():
    """Sell quotes are refused (entries stopped) on the very token and side on which the stop loss then sells."""
    bench = holding(exits={"before_end_s": 0, "stop_loss": 0.2})
    bench.feed(Command(0, T0 + 300 * MS, "kill"))
    refused = of(Refused, bench.until(500) + bench.look(1_000, BIDS, ASKS))
    assert (0, Side.SELL) in {(one.intent.token, one.intent.side) for one in refused}
    sent = of(OrderSent, bench.look(1_500, {3700: 50}, {3900: 50}))
    assert [one.intent.reason for one in sent] == ["stop"]


def test_an_exit_waits_for_the_shares_its_quotes_offer():
    """The fall runs over the next bid, too: 20 shares are held, and sold once no quote offers any of them."""
    bench = holding(exits={"before_end_s": 0, "stop_loss": 0.2})
    bench.until(1_000)
    working = bench.desk.state.working.orders.values()
    assert {(o.intent.side, o.intent.purpose) for o in working} == {
        (Side.BUY, Purpose.QUOTE),
        (Side.SELL, Purpose.QUOTE),
    }
    out = bench.look(2_000, {3700: 50}, {3900: 50})
    assert {one.reason for one in of(CancelSent, out)} == {"exit:stop"}
    assert of(OrderSent, out) == []
    later = of(OrderSent, bench.until(2_300))
    sold = [one.intent for one in later if one.intent.purpose is Purpose.EXIT]
    assert [(one.size_u6, one.type, one.price_g4) for one in sold] == [(20 * SHARE, OrderType.FAK, 3500)]
    assert bench.desk.state.account.matched.positions["inventory_maker/0/0"].shares_u6 == 0


def test_the_timer_closes_a_position_in_a_silent_market():
    bench = holding(exits={"before_end_s": 0, "max_hold_s": 60})
    assert next_timer_ns(bench.desk) == T0 + 60_225 * MS
    out = bench.until(61_000)
    assert [one.reason for one in of(Decision, out) if one.action == "exit"] == ["time"]
    assert bench.desk.state.account.matched.positions["inventory_maker/0/0"].shares_u6 == 0
    assert next_timer_ns(bench.desk) is None


def test_a_failed_sale_sets_the_timer_again():
    bench = holding(exits={"before_end_s": 0, "max_hold_s": 600})
    due = next_timer_ns(bench.desk)
    sold = fill(99, order=50, side=Side.SELL, price=4700, ts_ns=T0 + 2 * S)
    bench.desk.state.working.add(intent(50, side=Side.SELL, price=4700, strategy="inventory_maker"), T0)
    bench.feed(sold)
    assert next_timer_ns(bench.desk) is None
    bench.feed(FillStatus(0, T0 + 3 * S, sold.id, confirmed=False))
    assert next_timer_ns(bench.desk) == due


def test_an_exit_is_tried_again_after_the_pause():
    """The bid is gone whenever the order arrives: tried about once a second, and never sooner."""
    bench = holding(exits={"before_end_s": 0, "stop_loss": 0.2})
    bench.feed(Command(0, T0 + 300 * MS, "kill"))
    bench.until(1_000)
    for ms in range(2_000, 12_000, 250):
        bench.look(ms, {3700: 50}, {3900: 50})
        bench.book(ms + 10, {3000: 50}, {3900: 50})
    exits = [one.ts_ns for one in of(OrderSent, bench.records) if one.intent.purpose is Purpose.EXIT]
    assert exits[0] == T0 + 2 * S
    assert all(S <= later - earlier <= 1.5 * S for earlier, later in pairwise(exits))
    assert len(of(OrderRejected, bench.records)) == len(exits) >= 7
    decided = [one for one in of(Decision, bench.records) if one.action == "exit"]
    assert len(decided) == len(exits)


# --- settlement -------------------------------------------------------------------------------------------------------


def test_settlement_pays_and_forgets():
    bench = holding(resolutions=(Resolution(0, (10_000, 0), T0 + 10 * S, Origin.VENUE),), exits={"max_hold_s": 600})
    bench.until(100_000)
    state = bench.desk.state
    assert of(Settled, bench.records)
    assert state.account.matched.positions["inventory_maker/0/0"].realised_u6 == 5_300_000
    assert (
        state.account.matched.cash_u6
        == state.account.confirmed.cash_u6
        == bench.venue.state.balance.cash_u6 + (state.account.matched.deposits_u6 - 1_000_000_000)
    )
    assert state.working.orders == state.working.done == {}
    assert next_timer_ns(bench.desk) is None
    assert of(OrderSent, bench.look(200_000, BIDS, ASKS)) == []
    assert of(Decision, bench.look(201_000, BIDS, ASKS)) == []


def test_settling_twice_pays_once():
    bench = holding()
    told = Settled(0, T0 + 20 * S, 0, (10_000, 0), "venue")
    bench.feed(told)
    cash = bench.desk.state.account.matched.cash_u6
    bench.feed(told)
    assert bench.desk.state.account.matched.cash_u6 == cash


def test_an_answer_to_a_cancel_may_come_after_settlement():
    """The market resolves while a cancel is on its way: its refusal reaches the desk after the payout."""
    bench = quoting(
        resolutions=(Resolution(0, (10_000, 0), T0, Origin.VENUE),), exchange=ExchangeConfig(jitter=0, settle_s=1)
    )
    bench.until(980)
    bench.feed(Command(0, T0 + 980 * MS, "kill"))
    bench.until(2_000)
    kinds = [type(one) for one in bench.records]
    assert kinds.index(Settled) < kinds.index(CancelRejected)
    assert bench.desk.state.working.orders == {}


def test_payouts_that_do_not_add_up_break_a_sentinel():
    bench = quoting()
    out = bench.feed(Settled(0, T0 + S, 0, (10_000, 10_000), "venue"))
    assert "add up to 20000" in of(SentinelBroke, out)[0].detail


# --- sentinels --------------------------------------------------------------------------------------------------------


def wrong_fee(bench, ms=300):
    """A maker fill that the venue charges for, on a resting order of the desk."""
    order = next(iter(bench.desk.state.working.orders.values())).intent
    return Fill(
        0, T0 + ms * MS, FillId("fill-900000"), order.id, 0, order.token, order.side, order.price_g4, order.size_u6, 10,
        Liquidity.MAKER, "print", T0 + ms * MS,
    )  # fmt: skip


def test_a_broken_sentinel_stops_entries_but_not_exits():
    bench = quoting(exits={"before_end_s": 0, "stop_loss": 0.2})
    out = bench.feed(wrong_fee(bench))
    broke = of(SentinelBroke, out)
    assert len(broke) == 1
    assert "fee of fill fill-900000 is 10, schedule says 0" in broke[0].detail
    assert {one.reason for one in of(CancelSent, out)} == {Refusal.SENTINEL_BROKEN}
    assert of(OrderSent, out) == []
    later = bench.until(500) + bench.look(20_000, BIDS, ASKS)
    assert of(OrderSent, later) == []
    assert set(codes(later)) == {Refusal.SENTINEL_BROKEN}
    token = next(p.token for p in bench.desk.state.account.matched.positions.values() if p.shares_u6)
    fallen = ({3000: 50}, {3200: 50}) if token == 0 else ({6800: 50}, {7000: 50})
    exits = of(OrderSent, bench.look(40_000, *fallen))
    assert [one.intent.purpose for one in exits] == [Purpose.EXIT]


def test_money_out_of_nowhere_is_noticed_at_once():
    bench = quoting()
    bench.desk.state.account.confirmed.cash_u6 += 1
    out = bench.feed(CashMoved(0, T0 + S, "reward", 5))
    assert of(SentinelBroke, out)[0].name == "confirmed"
    assert bench.desk.state.broken.startswith("confirmed: cash + cost")


# --- daily loss -------------------------------------------------------------------------------------------------------


def test_the_daily_loss_withdraws_quotes_and_stops_entries_but_not_exits():
    bench = holding(risk={"daily_loss_amount": 1}, exits={"before_end_s": 0, "stop_loss": 0.9})
    bench.look(11_000, BIDS, ASKS)
    bench.until(11_200)
    assert bench.desk.state.daily.state == "normal"
    assert bench.desk.state.working.orders
    out = bench.look(22_000, {3500: 50}, {3700: 50})
    assert bench.desk.state.daily.state == "tripped"
    assert {one.intent for one in of(CancelSent, out)} == set(bench.desk.state.working.orders)
    later = bench.until(22_300) + bench.look(33_000, {3500: 50}, {3700: 50})
    assert of(OrderSent, later) == []
    assert set(codes(later)) == {Refusal.KILL_SWITCH}
    exits = of(OrderSent, bench.look(44_000, {300: 50}, {500: 50}))
    assert [one.intent.reason for one in exits] == ["stop"]


def test_a_loss_in_one_market_withdraws_the_quotes_of_another():
    """The other market is silent and its maker content: only the switch takes its quotes away."""
    maker = {**MAKER["inventory_maker"], "exits": {"before_end_s": 0, "stop_loss": 0.9}}
    config = DeskConfig(strategies={**MAKER, "inventory_maker": maker}, risk={"daily_loss_amount": 1})
    bench = DeskBench(config, markets=(market(0, end_s=None), market(1, end_s=None)))
    for m in (0, 1):
        bench.look(m, BIDS, ASKS, m)
    bench.print(200, -1, 4600, 10)
    bench.until(1_000)
    quotes = {order.intent.id for order in bench.desk.state.working.of_market(1)}
    assert len(quotes) == 2
    out = bench.look(22_000, {3500: 50}, {3700: 50}, 0)
    assert bench.desk.state.daily.state == "tripped"
    assert {one.intent for one in of(CancelSent, out) if one.reason == Refusal.KILL_SWITCH} >= quotes


def test_shares_without_a_bid_make_the_loss_unknown_and_block_entries():
    bench = holding(risk={"daily_loss_amount": 1}, exits={"before_end_s": 0, "stop_loss": 0.9})
    bench.look(11_000, BIDS, ASKS)
    bench.look(22_000, {}, {3700: 50})
    state = bench.desk.state
    assert (state.daily.state, state.daily.unknown, state.daily.stopped) == ("normal", True, False)
    bench.until(30_000)
    out = bench.look(40_000, BIDS, ASKS)
    assert not state.daily.unknown
    assert set(codes(out)) == set()


def test_the_portfolio_is_marked_when_money_moves_and_now_and_then():
    bench = holding()
    marks = of(Marked, bench.records)
    assert [one.ts_ns for one in marks] == [T0, T0 + 225 * MS]
    assert marks[-1].cash_u6 == (9_995_300_000, 10_000_000_000)
    assert marks[-1].value_u6 == (4_800_000, 0)
    bench.until(10_000)
    assert of(Marked, bench.records)[-1].ts_ns == T0 + 4_225 * MS  # the fill was confirmed
    assert of(Marked, bench.look(14_224, BIDS, ASKS)) == []
    assert len(of(Marked, bench.look(14_225, BIDS, ASKS))) == 1


# --- news -------------------------------------------------------------------------------------------------------------


def test_a_repeated_fill_changes_nothing():
    bench = holding()
    again = of(Fill, bench.records)[0]
    before = msgspec.msgpack.encode(bench.desk.state.account)
    out = step(bench.desk, again)
    assert msgspec.msgpack.encode(bench.desk.state.account) == before
    assert of(OrderSent, out) == []


@pytest.mark.parametrize("event", [OrderAck(0, T0, intent_id(77), "live"), fill(1, order=77, ts_ns=T0)])
def test_news_of_an_order_never_sent_is_an_error(event):
    with pytest.raises(InvariantBroken, match="ord-000077"):
        step(quoting().desk, event)


def test_time_never_runs_backwards():
    bench = quoting()
    bench.feed(SourceChanged(5, T0 + 5 * S, "gap"))
    bench.feed(SourceChanged(6, T0 + 3 * S, "live"))
    assert bench.desk.state.now_ns == T0 + 5 * S
    assert bench.desk.state.source == "live"


def test_assumed_facts_are_refused_live_only():
    guessed = msgspec.structs.replace(
        market(), tick_g4=msgspec.structs.replace(market().tick_g4, origin=Origin.ASSUMED)
    )
    for live in (False, True):
        bench = DeskBench(markets=(guessed,))
        bench.desk.live = live
        out = bench.look(0, BIDS, ASKS)
        assert bool(of(OrderSent, out)) is not live
        assert set(codes(out)) == ({Refusal.ASSUMED_FACT} if live else set())


# --- limits that count orders -----------------------------------------------------------------------------------------


def test_orders_that_work_count_against_the_limit():
    bench = DeskBench(DeskConfig(strategies=MAKER, risk={"max_open_orders": 1}))
    out = bench.look(0, BIDS, ASKS)
    assert len(of(OrderSent, out)) == 1
    assert codes(out) == [Refusal.OPEN_ORDERS]


def test_orders_sent_within_a_minute_count_against_the_rate():
    """A market that jumps every two seconds makes the maker requote both sides: the 31st order has to wait."""
    bench = DeskBench(DeskConfig(strategies=MAKER, risk={"max_orders_per_minute": 30}))
    for i in range(60):
        low = 4000 + 1000 * (i % 2)
        bench.look(2_000 * i, {low: 50}, {low + 200: 50})
    sent = [one.ts_ns for one in of(OrderSent, bench.records)]
    assert Refusal.ORDER_RATE in codes(bench.records)
    assert max(sum(at - 60 * S < other <= at for other in sent) for at in sent) == 30


# --- the venue's own account ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cash", "shares", "found"), [(0, 0, ""), (1, 0, "cash: the venue"), (0, -1, "shares: the venue")]
)
def test_the_venues_account_is_compared(cash, shares, found):
    bench = holding()
    matched = bench.desk.state.account.matched
    told = BalanceTold(0, T0 + S, matched.cash_u6 + cash, {"0/0": 10 * SHARE + shares})
    out = bench.feed(told)
    assert [one.detail.startswith(found) for one in of(SentinelBroke, out)] == ([True] if found else [])


def test_a_fill_beyond_the_limit_breaks_a_sentinel():
    bench = quoting()
    order = next(iter(bench.desk.state.working.orders.values())).intent
    worse = msgspec.structs.replace(wrong_fee(bench), fee_u6=0, price_g4=order.price_g4 + 100 * int(order.side))
    out = bench.feed(worse)
    assert "does not fit the limit" in of(SentinelBroke, out)[0].detail


# --- strategies that fail ---------------------------------------------------------------------------------------------


def test_errors_of_a_strategy_are_told_counted_and_end_it():
    bench = holding(exits={"before_end_s": 0, "stop_loss": 0.2})
    bench.until(1_000)
    maker = bench.desk.strategies["inventory_maker"]
    asked = []

    def broken(view, _state):
        asked.append(view.ts_ns)
        raise ZeroDivisionError("no depth")

    maker.decide = broken
    out = [one for second in range(2, 8) for one in bench.look(second * 1_000, BIDS, ASKS)]
    told = of(StrategyFailed, bench.records)
    assert [(one.strategy, one.error, one.disabled) for one in told] == [
        ("inventory_maker", "ZeroDivisionError: no depth", last) for last in (False, False, True)
    ]
    assert len(asked) == 3
    assert {one.reason for one in of(Decision, out) if one.action == "hold"} == {"strategy_error"}
    assert bench.desk.state.working.orders == {}  # its quotes are withdrawn
    bench.look(20_000, {3700: 50}, {3900: 50})  # and its position is still looked after
    bench.until(21_000)
    exits = [one.intent.reason for one in of(OrderSent, bench.records) if one.intent.purpose is Purpose.EXIT]
    assert exits == ["stop"]


# --- checkpoint bytes -------------------------------------------------------------------------------------------------


def test_saved_desks_are_equal_and_go_on_alike():
    bench = holding()
    other = DeskBench(bench.desk.config, markets=bench.markets)
    other.desk.books = bench.books
    load(other.desk, save(bench.desk))
    assert other.desk.state == bench.desk.state
    assert other.desk.memory == bench.desk.memory
    assert save(other.desk) == save(bench.desk)
    event = Command(9, T0 + S, "kill")
    assert step(other.desk, event) == step(bench.desk, event)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x93\x01\x02\x03"])
def test_damaged_checkpoints_are_errors(data):
    with pytest.raises(JournalError, match="cannot be read"):
        load(quoting().desk, data)


def test_checkpoint_of_another_format_is_an_error():
    desk = quoting().desk
    raw = msgspec.msgpack.decode(save(desk))
    raw["format"] = 99
    with pytest.raises(JournalError, match="format 99"):
        load(desk, msgspec.msgpack.encode(raw))
    assert isinstance(quoting(), Bench)
