"""Permits: every refusal is reachable, the first failing check decides, exits skip entry checks only."""

import copy
import dataclasses
from decimal import Decimal

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from made import market
from made_orders import SHARE, intent
from polydesk.model.grid import cash_u6, cost_u6
from polydesk.model.orders import OrderType, Purpose, Side
from polydesk.model.reasons import Refusal
from polydesk.risk import UNKNOWN, Denial, Observed, Permit, RiskLimits, decide

LIMITS = RiskLimits()
MARKET = market()
FAR = 1 << 62
FINE = Observed(
    stopped=0, killed=0, unknown=0, fee_u6=0, broken=0, live_assumed=0, ended=0, to_end_ns=FAR, feed_age_ns=0,
    crossed=0, tick_g4=100,
    opposite_g4=5000, market_exposure_u6=0, total_exposure_u6=0, cash_u6=cash_u6(10_000), shares_u6=0,
    orders_last_minute=0, open_orders=0, duplicates=0, since_entry_ns=FAR, self_crossing=0,
)  # fmt: skip
ENTRY = intent(1, kind=OrderType.FAK, purpose=Purpose.ENTRY, price=5000)
QUOTE = intent(1, post_only=True, purpose=Purpose.QUOTE, price=4900)
EXIT = intent(1, kind=OrderType.FAK, purpose=Purpose.EXIT, side=Side.SELL, price=5000, reason="stop")
HOLDING = msgspec.structs.replace(FINE, shares_u6=10 * SHARE)


def seen(base=FINE, **changes):
    return msgspec.structs.replace(base, **changes)


def with_(order, **changes):
    return msgspec.structs.replace(order, **changes)


@pytest.mark.parametrize(("order", "view"), [(ENTRY, FINE), (QUOTE, FINE), (EXIT, HOLDING)])
def test_a_sound_order_is_permitted(order, view):
    verdict = decide(order, MARKET, view, LIMITS)
    assert isinstance(verdict, Permit)
    assert verdict.intent is order
    assert verdict.checks
    assert all(check.passed for check in verdict.checks)


REFUSED = {
    Refusal.ENTRIES_STOPPED: (ENTRY, seen(stopped=1), 1, 0),
    Refusal.KILL_SWITCH: (QUOTE, seen(killed=1), 1, 0),
    Refusal.SENTINEL_BROKEN: (ENTRY, seen(broken=1), 1, 0),
    Refusal.ASSUMED_FACT: (ENTRY, seen(live_assumed=1), 1, 0),
    Refusal.MARKET_ENDED: (ENTRY, seen(ended=1), 1, 0),
    Refusal.MARKET_ENDING: (ENTRY, seen(to_end_ns=4_999_999_999), 4_999_999_999, 5_000_000_000),
    Refusal.STALE_FEED: (ENTRY, seen(feed_age_ns=10_000_000_001), 10_000_000_001, 10_000_000_000),
    Refusal.CROSSED_BOOK: (QUOTE, seen(crossed=1), 1, 0),
    Refusal.OFF_TICK: (with_(ENTRY, price_g4=4950), FINE, 4950, 100),
    Refusal.BELOW_MINIMUM: (with_(ENTRY, size_u6=5 * SHARE - 1), FINE, 5 * SHARE - 1, 5 * SHARE),
    Refusal.PRICE_COLLAR: (with_(ENTRY, price_g4=5900), FINE, 900, 800),
    Refusal.SELF_TRADE: (ENTRY, seen(self_crossing=2), 2, 0),
    Refusal.DUPLICATE: (QUOTE, seen(duplicates=1), 1, 0),
    Refusal.ORDER_RATE: (ENTRY, seen(orders_last_minute=600), 600, 600),
    Refusal.OPEN_ORDERS: (ENTRY, seen(open_orders=40), 40, 40),
    Refusal.COOLDOWN: (ENTRY, seen(since_entry_ns=29_999_999_999), 29_999_999_999, 30_000_000_000),
    Refusal.ORDER_NOTIONAL: (with_(ENTRY, size_u6=200 * SHARE + 10_000), FINE, 100_005_000, 100_000_000),
    Refusal.MARKET_EXPOSURE: (ENTRY, seen(market_exposure_u6=cash_u6("245.000001")), 250_000_001, 250_000_000),
    Refusal.TOTAL_EXPOSURE: (ENTRY, seen(total_exposure_u6=cash_u6("3495.000001")), 3_500_000_001, 3_500_000_000),
    Refusal.CASH: (ENTRY, seen(cash_u6=4_999_999), 4_999_999, 5_000_000),
    Refusal.SHARES: (EXIT, seen(shares_u6=10 * SHARE - 1), 10 * SHARE - 1, 10 * SHARE),
    Refusal.RISK_UNKNOWN: (ENTRY, seen(feed_age_ns=UNKNOWN), UNKNOWN, 10_000_000_000),
}


def test_every_code_has_a_case():
    assert set(REFUSED) == set(Refusal)


@pytest.mark.parametrize("code", list(REFUSED))
def test_each_refusal_is_reachable_and_names_its_numbers(code):
    order, view, observed, limit = REFUSED[code]
    verdict = decide(order, MARKET, view, LIMITS)
    assert isinstance(verdict, Denial)
    assert verdict.code is code
    last = verdict.checks[-1]
    assert (last.observed, last.limit, last.passed) == (observed, limit, False)
    assert last.unit
    assert all(check.passed for check in verdict.checks[:-1])


FAULTS = {
    "stopped": 1, "killed": 1, "unknown": 1, "broken": 1, "live_assumed": 1, "ended": 1, "to_end_ns": 0,
    "feed_age_ns": FAR,
    "crossed": 1, "tick_g4": 3000, "opposite_g4": 1000, "market_exposure_u6": FAR, "total_exposure_u6": FAR,
    "cash_u6": 0, "orders_last_minute": 600, "open_orders": 40, "duplicates": 1, "since_entry_ns": 0,
    "self_crossing": 1,
}  # fmt: skip


def names(order, view):
    return [check.name for check in decide(order, MARKET, view, LIMITS).checks]


@given(st.sets(st.sampled_from(sorted(FAULTS)), min_size=1), st.sampled_from((ENTRY, QUOTE)))
def test_the_first_failing_check_decides(faults, order):
    """The order of the checks is the same whatever is wrong, and each fault alone fails at its own place."""
    order_of_checks = names(order, FINE)
    alone = [decide(order, MARKET, seen(**{fault: FAULTS[fault]}), LIMITS) for fault in faults]
    codes = [verdict.code for verdict in alone if isinstance(verdict, Denial)]
    together = decide(order, MARKET, seen(**{fault: FAULTS[fault] for fault in faults}), LIMITS)
    if not codes:
        assert isinstance(together, Permit)
    else:
        assert together.code == min(codes, key=order_of_checks.index)
        assert [check.name for check in together.checks] == order_of_checks[: len(together.checks)]


@pytest.mark.parametrize("name", sorted(set(FAULTS) | {"shares_u6"}))
@pytest.mark.parametrize(
    "order", [ENTRY, QUOTE, with_(QUOTE, side=Side.SELL), EXIT], ids=["entry", "buy", "sell", "exit"]
)
def test_unknown_never_passes(order, name):
    """A fact that a check of this order looks at blocks it when unknown, and says so."""
    view = seen(HOLDING, **{name: UNKNOWN})
    verdict = decide(order, MARKET, view, LIMITS)
    looked_at = names(order, HOLDING) != names(order, view) or isinstance(verdict, Denial)
    if isinstance(verdict, Denial) and name != "tick_g4":
        assert verdict.code is Refusal.RISK_UNKNOWN
        assert verdict.checks[-1].observed == UNKNOWN
    if order.purpose is Purpose.ENTRY and name != "shares_u6":
        assert looked_at


def test_only_a_resting_quote_may_face_an_empty_side():
    empty = seen(HOLDING, opposite_g4=UNKNOWN)
    assert isinstance(decide(QUOTE, MARKET, empty, LIMITS), Permit)
    for order in (ENTRY, EXIT):
        verdict = decide(order, MARKET, empty, LIMITS)
        assert (verdict.code, verdict.checks[-1].name) == (Refusal.RISK_UNKNOWN, "price_collar")


ENTRY_ONLY = {
    "stopped": 1, "killed": 1, "unknown": 1, "broken": 1, "live_assumed": 1, "ended": 1, "to_end_ns": 0,
    "feed_age_ns": UNKNOWN,
    "crossed": 1, "market_exposure_u6": FAR, "total_exposure_u6": FAR, "cash_u6": 0, "orders_last_minute": 10_000,
    "open_orders": 10_000, "since_entry_ns": 0,
}  # fmt: skip


@given(st.sets(st.sampled_from(sorted(ENTRY_ONLY))))
def test_nothing_that_guards_entries_stops_an_exit(faults):
    view = seen(HOLDING, **{name: ENTRY_ONLY[name] for name in faults})
    assert isinstance(decide(EXIT, MARKET, view, LIMITS), Permit)


@pytest.mark.parametrize(
    ("order", "view", "code"),
    [
        (with_(EXIT, price_g4=4950), HOLDING, Refusal.OFF_TICK),
        (with_(EXIT, price_g4=4100), HOLDING, Refusal.PRICE_COLLAR),
        (EXIT, seen(HOLDING, self_crossing=1), Refusal.SELF_TRADE),
        (EXIT, FINE, Refusal.SHARES),
        (with_(EXIT, size_u6=0), HOLDING, Refusal.BELOW_MINIMUM),
    ],
)
def test_exits_never_skip_tick_collar_self_trade_and_shares(order, view, code):
    assert decide(order, MARKET, view, LIMITS).code is code


def test_an_exit_may_sell_a_remainder_below_the_minimum():
    assert isinstance(decide(with_(EXIT, size_u6=SHARE), MARKET, HOLDING, LIMITS), Permit)
    resting = with_(EXIT, size_u6=SHARE, post_only=True, type=OrderType.GTC, price_g4=5100)
    assert decide(resting, MARKET, HOLDING, LIMITS).code is Refusal.BELOW_MINIMUM


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 99).map(lambda n: n * 100), st.integers(1, 60_000), st.booleans()),
        max_size=60,
    )
)
def test_permitted_orders_never_pass_a_cap(orders):
    """Whatever is asked in whatever order, the sum of what was permitted stays within every cap."""
    limits = RiskLimits(
        max_order_notional=Decimal(40), max_market_exposure=Decimal(90), max_total_exposure=Decimal(150)
    )
    used, cash = {0: 0, 1: 0, 2: 0}, cash_u6(130)
    for number, (index, price, lots, quotes) in enumerate(orders, 1):
        order = intent(
            number, market=index, price=price, size=lots * 10_000, post_only=quotes,
            purpose=Purpose.QUOTE if quotes else Purpose.ENTRY,
        )  # fmt: skip
        view = seen(
            opposite_g4=price, market_exposure_u6=used[index], total_exposure_u6=sum(used.values()), cash_u6=cash
        )
        verdict = decide(order, market(index), view, limits)
        cost = cost_u6(price, lots * 10_000)
        if isinstance(verdict, Permit):
            used[index] += cost
            cash -= cost
            assert cost <= cash_u6(40)
        assert max(used.values()) <= cash_u6(90)
        assert sum(used.values()) <= cash_u6(130)
        assert cash >= 0


def test_the_31st_order_within_a_minute_is_refused():
    limits = RiskLimits(max_orders_per_minute=30)
    assert isinstance(decide(ENTRY, MARKET, seen(orders_last_minute=29), limits), Permit)
    assert decide(ENTRY, MARKET, seen(orders_last_minute=30), limits).code is Refusal.ORDER_RATE


def test_nobody_else_makes_a_permit():
    permit = decide(ENTRY, MARKET, FINE, LIMITS)
    for seal in (object(), None, True):
        with pytest.raises(TypeError, match=r"only polydesk\.risk makes permits"):
            Permit(ENTRY, permit.checks, seal)
    with pytest.raises(TypeError):
        Permit(ENTRY, permit.checks)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(permit, intent=with_(ENTRY, size_u6=10**12))
    with pytest.raises(dataclasses.FrozenInstanceError):
        permit.intent = with_(ENTRY, size_u6=10**12)
    assert not hasattr(permit, "seal")
    assert copy.copy(permit) == permit


def test_a_loss_that_may_have_reached_its_limit_blocks_entries():
    verdict = decide(ENTRY, MARKET, seen(unknown=1), LIMITS)
    assert (verdict.code, verdict.checks[-1].name) == (Refusal.RISK_UNKNOWN, "risk_unknown")


def test_cash_must_cover_the_fee_too():
    assert isinstance(decide(ENTRY, MARKET, seen(cash_u6=5_000_100, fee_u6=100), LIMITS), Permit)
    assert decide(ENTRY, MARKET, seen(cash_u6=5_000_099, fee_u6=100), LIMITS).code is Refusal.CASH


def test_changed_limits_are_converted_anew():
    assert LIMITS.caps.order_u6 == cash_u6(100)
    changed = LIMITS.model_copy(update={"max_order_notional": Decimal(7), "entry_cooldown_s": 2.0})
    assert (changed.caps.order_u6, changed.caps.cooldown_ns) == (cash_u6(7), 2_000_000_000)
