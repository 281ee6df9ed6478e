"""The compiled loop writes what the interpreted desk writes, record by record, and ends in the same state."""

import random
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop_bench import QUICK, compare, compiled, maker_config, some_setting
from made import T0, S, made_tape, market, walk_rows
from polydesk.desk.loop import pack
from polydesk.desk.loop.state import empty_loop
from polydesk.exchange import ExchangeConfig
from polydesk.model.market import Origin, Resolution
from polydesk.model.records import CancelSent, CashMoved, Fill, FillStatus, OrderSent, Refused, TimerFired
from polydesk.model.rows import RowKind, empty_rows
from polydesk.tape import TapeWriter, open_tape
from polydesk.tape.construct import KINDS, construct_tape
from tape.random_tapes import messages, rows_of, write_tape

PAYOUTS = (((10_000, 0), (0, 10_000)), ((5_000, 5_000),))


def of(kind, records):
    return [record for record in records if isinstance(record, kind)]


@pytest.mark.parametrize("seed", range(40))
def test_unusual_settings_over_walks(seed, tmp_path):
    dice = random.Random(seed)
    tape = made_tape(tmp_path / "t", seed, markets=dice.choice([1, 2, 5]), steps=600, payouts=dice.choice(PAYOUTS))
    compare(tape, *some_setting(seed), seed, chunk_rows=dice.choice([1, 37, 1 << 16]))


def test_the_walks_reach_what_matters(tmp_path):
    """An equality of two silences would prove nothing."""
    tape = made_tape(tmp_path / "t", 3)
    exchange = ExchangeConfig(failure_rate=0.3)
    maker = QUICK | {"exits": {"max_hold_s": 5, "take_profit": 0.02, "stop_loss": 0.02}}
    records = compare(tape, maker_config(maker, risk={"max_market_exposure": 100}), exchange)
    assert len(of(Fill, records)) > 50
    assert any(not status.confirmed for status in of(FillStatus, records))
    assert {order.intent.purpose.value for order in of(OrderSent, records)} == {"quote", "exit"}
    assert of(TimerFired, records)
    assert {cancel.reason for cancel in of(CancelSent, records)} >= {"requote", "exit:time"}
    assert of(Refused, records)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages, st.integers(0, 10_000))
def test_arbitrary_tapes(tmp_path_factory, told, seed):
    tape = write_tape(tmp_path_factory.mktemp("random") / "t", rows_of(told))
    config, exchange = some_setting(seed)
    compare(tape, config, exchange, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_constructed_kinds(kind, tmp_path):
    tape, _ = construct_tape(kind, 3, tmp_path / "tape", minutes=max(5, KINDS[kind].minutes.low))
    compare(tape, maker_config(QUICK))
    compare(tape, maker_config(QUICK), ExchangeConfig(feed_latency_ms=40, failure_rate=0.1), 2)


def test_rebates_at_midnight(tmp_path):
    """Eleven minutes before midnight until ten after it: what has accrued is paid, and both book it."""
    rows = walk_rows(5, 2, steps=3000, seconds=1_200)
    shift = 1_776_383_400 * S - T0  # 2026-04-16 23:50 UTC
    rows["ts_ns"] += shift
    rows["venue_ns"] += shift
    rebate = market(0, None).fees.rates[0].__class__(0, 70_000, 1, 200_000)
    facts = []
    for index in range(2):
        one = market(index, None)
        facts.append(one.__class__(**{name: getattr(one, name) for name in one.__struct_fields__} | {
            "fees": one.fees.__class__((rebate,), "venue")
        }))  # fmt: skip
    with TapeWriter(tmp_path / "t", "venue", constructed=True) as writer:
        writer.append(rows)
        writer.finish(tuple(facts), (), ())
    records = compare(open_tape(tmp_path / "t"), maker_config(QUICK | {"quote_shares": 100, "max_inventory": 600},
                      risk={"max_market_exposure": 2000}))  # fmt: skip
    assert of(CashMoved, records)


def test_tick_changes(tmp_path):
    rows = walk_rows(7, 1, steps=900)
    ticks = empty_rows(4)
    ticks["kind"], ticks["flags"] = RowKind.TICK, 1
    ticks["aux"] = (10, 100, 50, 100)
    joined = rows.copy()
    for place, tick in zip((1200, 800, 500, 200), ticks, strict=True):
        at = min(place, len(joined) - 1)
        while not joined[at]["flags"] & 1:
            at += 1
        tick["ts_ns"] = tick["venue_ns"] = joined[at]["ts_ns"]
        joined = _inserted(joined, at + 1, tick)
    joined["seq"] = range(len(joined))
    with TapeWriter(tmp_path / "t", "venue", constructed=True) as writer:
        writer.append(joined)
        writer.finish((market(0),), (Resolution(0, (10_000, 0), T0 + 300 * S, Origin.VENUE),), ())
    records = compare(open_tape(tmp_path / "t"), maker_config(QUICK))
    assert of(CancelSent, records)


def _inserted(rows, at, row):
    out = empty_rows(len(rows) + 1)
    out[:at], out[at], out[at + 1 :] = rows[:at], row, rows[at:]
    return out


def test_room_is_made_where_it_lacks(tmp_path, monkeypatch):
    """Every array starts too small: what the loop writes does not depend on how much room it had."""
    small = partial(empty_loop, pending=2, rows=2)
    monkeypatch.setattr(pack, "empty_loop", lambda *sizes, orders: small(*sizes, orders=2))
    tape = made_tape(tmp_path / "t", 3, steps=900)
    _, _, driver = compiled(tape, maker_config(), ExchangeConfig(confirm_s=30))
    assert len(driver._loop.pending) > 2
    compare(tape, maker_config(), ExchangeConfig(confirm_s=30))


def test_hundreds_of_markets(tmp_path):
    tape = made_tape(tmp_path / "t", 4, markets=200, steps=6000)
    exits = {"max_hold_s": 30, "before_end_s": 30}
    records = compare(tape, maker_config(QUICK | {"exits": exits}, risk={"max_open_orders": 400}))
    assert len({fill.market for fill in of(Fill, records)}) > 50
