"""Limits that count orders, strategies that fail, and the desk's state as bytes."""

import msgspec
import pytest

from desk_bench import ASKS, BIDS, MAKER, T0, DeskBench, codes, holding, of, quoting
from exchange_bench import SHARE, Bench, S
from polydesk.desk import DeskConfig, step
from polydesk.desk.checkpoint import load, save
from polydesk.model.errors import JournalError
from polydesk.model.orders import Purpose, Side
from polydesk.model.reasons import Refusal
from polydesk.model.records import (
    Command,
    Decision,
    OrderSent,
    StrategyFailed,
)
from polydesk.signals import Quote, Quotes, Wait

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


class _UntoldError(ValueError):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "told"),
    [(ValueError("caf\ud800"), "ValueError: caf?"), (_UntoldError(), "_UntoldError: (its text cannot be made)")],
)
def test_an_error_that_no_journal_holds_is_told_as_far_as_it_can_be(error, told):
    bench = DeskBench(DeskConfig(strategies=MAKER))

    def fail(_view, _state):
        raise error

    bench.desk.strategies["inventory_maker"].decide = fail
    (failed,) = of(StrategyFailed, bench.look(0, BIDS, ASKS))
    assert failed.error == told
    assert msgspec.msgpack.encode(failed)


@pytest.mark.parametrize("wrong", [None, Quotes((Quote(2, Side.BUY, 4_800, 5 * SHARE, ()),)), Wait("spread")])
def test_an_answer_nobody_can_act_on_is_an_error_of_the_strategy(wrong):
    bench = DeskBench(DeskConfig(strategies=MAKER))
    bench.desk.strategies["inventory_maker"].decide = lambda _view, _state: wrong
    out = bench.look(0, BIDS, ASKS)
    (told,) = of(StrategyFailed, out)
    assert told.error.startswith("StrategyError: ")
    assert [one.reason for one in of(Decision, out)] == ["strategy_error"]
    assert of(OrderSent, out) == []


def test_a_strategy_is_shown_its_orders_as_they_are_when_it_is_asked():
    """An exit of its own cancels its quotes; asked after that, within the same look, it sees them leaving."""
    bench = holding(exits={"before_end_s": 0, "stop_loss": 0.05})
    maker = bench.desk.strategies["inventory_maker"]
    seen = []

    def watching(view, state):
        seen.append([order.cancelling for order in view.orders])
        return type(maker).decide(maker, view, state)

    maker.decide = watching
    bench.look(2_000, {4000: 50}, {4200: 50})
    assert seen[-1]
    assert all(seen[-1])


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
