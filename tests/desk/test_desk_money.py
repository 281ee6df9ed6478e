"""The desk's guards over its money: sentinels, the daily loss, the venue's own account."""

import msgspec
import pytest

from desk_bench import ASKS, BIDS, MAKER, MS, T0, DeskBench, codes, holding, of, quoting, wrong_fee
from exchange_bench import SHARE, S
from made import market
from polydesk.desk import DeskConfig
from polydesk.model.orders import Purpose
from polydesk.model.reasons import Refusal
from polydesk.model.records import (
    BalanceTold,
    CancelSent,
    CashMoved,
    Marked,
    OrderSent,
    SentinelBroke,
)

# --- sentinels --------------------------------------------------------------------------------------------------------


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
