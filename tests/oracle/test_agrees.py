"""The compiled exchange against the slow matcher: every answer, in order, with every number, and the money after it."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from lives import LIVES, SETTINGS, SHARE, Fast, failed, live, slow
from seeded_lives import seeded_life, shrunk

from polydesk.model.orders import OrderType, Side
from polydesk.model.records import Cause, Fill, FillStatus

QUIET = {
    "queue": "pessimistic", "power": 1, "jitter": 0.0, "delay_ms": 0, "confirm_s": 4.0, "failing": 0.0, "cash": 1_000,
    "ends_ms": None, "resolves": None, "dispute_s": None, "settle_s": 60.0, "fees": ((0, 70_000, 1),),
}  # fmt: skip
MEETINGS = {Cause.COMPLEMENTARY, Cause.MINT, Cause.MERGE}


def both(steps, facts, seed, **rules):
    """Return what the compiled exchange and the slow matcher told, and the money each has at the end."""
    fast = Fast(facts, seed)
    told = live(fast, steps, fast.arrival)
    second = slow(facts, failed(told), **rules)
    expected = live(second, steps, fast.arrival)
    return [*told, money(fast.venue)], [*expected, second.money()]


def money(venue):
    """Cash, shares held, cash reserved, shares offered, rebates accrued."""
    account = venue.account()
    held = {token: size for token, size in account.shares_u6.items() if size}
    offered = {token: size for token, size in account.offered_u6.items() if size}
    return account.cash_u6, held, account.reserved_u6, offered, venue.rebates_u6


def check(seed, steps=60):
    facts, life = seeded_life(seed, steps)
    told, expected = both(life, facts, seed)
    if told != expected:
        smallest = shrunk(life, lambda fewer: len({repr(side) for side in both(fewer, facts, seed)}) == 2)
        told, expected = both(smallest, facts, seed)
        steps_told = "\n".join(map(str, smallest))
        pytest.fail(f"seed {seed} with {facts}:\n{steps_told}\nexchange: {told}\nslow matcher: {expected}")
    return told


def test_every_answer_agrees_in_busy_lives():
    causes = {one.cause for seed in range(700) for one in check(seed) if isinstance(one, Fill)}
    assert causes == {Cause.BOOK, Cause.PRINT, Cause.TRADE_THROUGH, *MEETINGS}


def test_every_answer_agrees_in_long_lives():
    for seed in range(10_000, 10_010):
        check(seed, 600)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVES, SETTINGS, st.integers(0, 3))
def test_every_answer_agrees_in_odd_lives(steps, facts, seed):
    told, expected = both(steps, facts, seed)
    assert told == expected


@pytest.mark.slow
@pytest.mark.parametrize("first", range(20_000, 40_000, 2_500))
def test_every_answer_agrees_in_thousands_of_busy_lives(first):
    for seed in range(first, first + 2_500):
        check(seed)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVES, SETTINGS, st.integers(0, 3))
def test_every_answer_agrees_in_thousands_of_odd_lives(steps, facts, seed):
    told, expected = both(steps, facts, seed)
    assert told == expected


def test_orders_beyond_the_venues_room_are_ended_alike():
    order = ("order", 0, 0, Side.BUY, OrderType.GTC, False, 1_000, 5 * SHARE, 0)
    told, expected = both([(1, order)] * 70, QUIET, 1)
    assert told == expected
    assert sum(getattr(one, "reason", "") == "too_many_orders" for one in told) == 6


def test_both_sides_of_a_meeting_share_its_fate():
    buy = ("order", 0, 0, Side.BUY, OrderType.GTC, False, 5_000, 10 * SHARE, 0)
    mint = ("order", 0, 1, Side.BUY, OrderType.GTC, False, 5_000, 10 * SHARE, 0)
    fates = set()
    for seed in range(40):
        told, expected = both([(100, buy), (100, mint)], {**QUIET, "failing": 0.5}, seed)
        assert told == expected
        confirmed = [one.confirmed for one in told if isinstance(one, FillStatus)]
        assert len(confirmed) == 2
        assert len(set(confirmed)) == 1
        fates.add(confirmed[0])
    assert fates == {True, False}


def test_money_of_a_match_is_gone_until_the_match_fails():
    """A buy that spends everything, then another before the first has failed: there is nothing left to buy with."""
    sells = ("ladder", 0, 0, 0, 50, [0, 0, 0, 30 * SHARE, 0, 0])
    first = ("order", 0, 0, Side.BUY, OrderType.FAK, False, 5_100, 20 * SHARE, 0)
    second = ("order", 0, 0, Side.BUY, OrderType.GTC, False, 4_000, 10 * SHARE, 0)
    life = [(10, sells), (10, first), (1_000, second)]
    told, expected = both(life, {**QUIET, "failing": 1.0, "cash": 12}, 1)
    assert any(getattr(one, "reason", "") == "not_enough_balance" for one in expected)
    assert told == expected


def test_an_immediate_order_is_never_said_to_rest():
    sells = ("ladder", 0, 0, 0, 50, [0, 0, 0, 30 * SHARE, 0, 0])
    gone = ("change", 0, 0, 0, [(-1, 5_100, 0)])
    kill = ("order", 0, 0, Side.BUY, OrderType.FAK, False, 5_100, 10 * SHARE, 0)
    life = [(10, sells), (10, kill), (100, gone)]
    told, expected = both(life, {**QUIET, "delay_ms": 250}, 1)
    assert [getattr(one, "reason", "") for one in expected[:-1]] == ["", "remainder_killed"]
    assert told == expected
