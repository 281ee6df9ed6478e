"""Generated flows: compiled and interpreted code agree, money and shares are conserved, nothing is filled twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from exchange_day import digest, flow
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_bench import SHARE
from polydesk.kernel import OrderFact
from polydesk.model.grid import cost_u6, proceeds_u6
from polydesk.model.orders import Side
from polydesk.model.records import CashMoved, Fill, FillStatus, Liquidity, OrderAck, OrderDone, OrderRejected, Settled

SEEDS, STEPS = 6, 250


def script(**env):
    argv = [sys.executable, str(Path(__file__).with_name("exchange_day.py")), str(SEEDS), str(STEPS)]
    return subprocess.run(argv, env=os.environ | env, capture_output=True, text=True, check=True, timeout=300).stdout


def test_compiled_and_interpreted_venues_agree_and_a_second_process_compiles_nothing():
    here = [digest(seed, STEPS) for seed in range(SEEDS)]
    assert len(set(here)) == SEEDS
    assert script().split() == [*here, "0"]
    assert script(NUMBA_DISABLE_JIT="1").split() == [*here, "0"]


@pytest.mark.slow
@given(st.integers(100, 10**6))
@settings(max_examples=60, deadline=None)
def test_any_flow_adds_up(seed):
    check(flow(seed, 200))


@pytest.mark.parametrize("seed", range(12))
def test_flows_add_up(seed):
    made = flow(seed, 300)
    check(made)
    assert len([one for one in made.news if isinstance(one, Fill)]) > 5


def assert_reserved(kernel, account):
    """What is reserved is what the open orders may still cost, and nothing else."""
    cash, offered = 0, Counter()
    for row in kernel.orders[kernel.orders[:, OrderFact.ORDER] > 0].tolist():
        if row[OrderFact.SIDE] > 0:
            cash += cost_u6(row[OrderFact.PRICE_G4], row[OrderFact.LEFT_U6])
        else:
            offered[f"{row[OrderFact.MARKET]}/{row[OrderFact.TOKEN]}"] += row[OrderFact.LEFT_U6]
    assert (account.reserved_u6, account.offered_u6) == (cash, offered)


def check(made):
    fills = {one.id: one for one in made.news if isinstance(one, Fill)}
    status = {one.fill: one.confirmed for one in made.news if isinstance(one, FillStatus)}
    assert fills.keys() == status.keys()
    account = made.venue.account()
    assert made.venue.untold == 0
    cash, shares = 200 * SHARE, Counter()
    for one in made.news:
        if isinstance(one, Fill) and status[one.id]:
            paid = cost_u6 if one.side is Side.BUY else proceeds_u6
            cash -= int(one.side) * paid(one.price_g4, one.size_u6) + one.fee_u6
            shares[f"{one.market}/{one.token}"] += int(one.side) * one.size_u6
        elif isinstance(one, Settled):
            cash += sum(proceeds_u6(one.payout_g4[t], shares.pop(f"{one.market}/{t}", 0)) for t in (0, 1))
        elif isinstance(one, CashMoved):
            cash += one.amount_u6
    assert account.cash_u6 == cash
    assert account.shares_u6 == {key: size for key, size in shares.items() if size}
    assert_reserved(made.venue.kernel, account)
    failed = Counter()
    for one in fills.values():
        if not status[one.id] and one.side is Side.BUY:
            failed[f"{one.market}/{one.token}"] += one.size_u6
    # Owed is at most what was sold of purchases that failed later.
    assert all(size >= -failed[key] for key, size in account.shares_u6.items())
    told = Counter((one.intent, type(one).__name__) for one in made.news if isinstance(one, OrderDone | OrderRejected))
    assert set(told.values()) <= {1}
    for one in fills.values():
        assert one.fee_u6 == 0 or one.liquidity is Liquidity.TAKER
        assert any(isinstance(ack, OrderAck) and ack.intent == one.intent for ack in made.news)
    pairs = [one for one in fills.values() if one.cause.value in {"complementary", "mint", "merge"}]
    assert len(pairs) % 2 == 0
    for taker, maker in zip(pairs[::2], pairs[1::2], strict=True):
        assert (taker.liquidity, maker.liquidity, taker.size_u6) == (Liquidity.TAKER, Liquidity.MAKER, maker.size_u6)
        same = taker.token == maker.token
        assert taker.price_g4 == (maker.price_g4 if same else 10_000 - maker.price_g4)
