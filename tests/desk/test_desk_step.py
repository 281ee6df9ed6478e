"""Single steps: refusals, stop and kill, exits and their timers, settlement, news."""

from itertools import pairwise

import msgspec
import pytest

from desk_bench import ASKS, BIDS, MAKER, MS, T0, DeskBench, codes, holding, of, quoting
from exchange_bench import SHARE, S
from made import market
from made_orders import fill, intent
from polydesk.desk import DeskConfig, next_timer_ns, step
from polydesk.exchange import ExchangeConfig
from polydesk.model.errors import InvariantBroken
from polydesk.model.ids import intent_id
from polydesk.model.market import Origin, Resolution
from polydesk.model.orders import OrderState, OrderType, Purpose, Side
from polydesk.model.reasons import Refusal
from polydesk.model.records import (
    CancelRejected,
    CancelSent,
    Command,
    Decision,
    Fill,
    FillStatus,
    OrderAck,
    OrderLost,
    OrderRejected,
    OrderSent,
    Refused,
    SentinelBroke,
    Settled,
    SourceChanged,
)

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


def test_a_rejected_order_is_not_sent_again_at_once():
    """The book crosses the bid while it travels: the venue rejects it, and its slot pauses for a second."""
    bench = DeskBench()
    bench.look(0, BIDS, ASKS)
    bench.book(20, {4400: 50}, {4600: 50})
    bids = [one.ts_ns for one in of(OrderSent, bench.until(1_000)) if one.intent.token == 0]
    assert [one.reason for one in of(OrderRejected, bench.records)] == ["post_only_would_cross"]
    assert bids == []
    bids = of(OrderSent, bench.rouse(1_074)) + of(OrderSent, bench.rouse(1_075))
    assert [(one.ts_ns, one.intent.side, one.intent.price_g4) for one in bids] == [(T0 + 1_075 * MS, Side.BUY, 4300)]


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
        == bench.venue.account().cash_u6 + (state.account.matched.deposits_u6 - 1_000_000_000)
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
