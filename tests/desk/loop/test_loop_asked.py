"""Strategies in Python inside the compiled loop: every record is the interpreted desk's, whatever they do."""

import dis
import os
import random
import subprocess
import sys
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asked_strategies import EAGER, QUICK, Closer, Faulty, OtherMaker, Signaller, Touch, some_strategies
from desk_bench import BUSY
from loop_bench import compare, compiled, maker_config, some_setting
from made import made_tape
from polydesk.desk import DeskConfig
from polydesk.desk.loop import asker, pack
from polydesk.desk.loop.columns import Shown, ShownFloat
from polydesk.desk.loop.pack import runs_compiled
from polydesk.desk.loop.state import empty_loop
from polydesk.exchange import ExchangeConfig
from polydesk.model.orders import Purpose
from polydesk.model.reasons import Refusal
from polydesk.model.records import CancelSent, Decision, Fill, FillStatus, OrderSent, Refused, StrategyFailed
from polydesk.signals import ExitRules, StrategyParams
from polydesk.strategies.inventory_maker import InventoryMaker, InventoryMakerParams
from polydesk.strategies.mean_reversion import MeanReversion, MeanReversionParams
from polydesk.tape.construct import KINDS, construct_tape
from tape.random_tapes import messages, rows_of, write_tape

PAYOUTS = (((10_000, 0), (0, 10_000)), ((5_000, 5_000),))
WIDE = DeskConfig(
    strategies={"mean_reversion": EAGER, "inventory_maker": QUICK},
    cost={"risk_premium": 0}, sizing={"position_fraction": 0.005}, strategy_errors=1000,
    risk={"daily_loss_fraction": 0, "entry_cooldown_s": 8}, orders={"refused_retry_s": 1},
)  # fmt: skip


def of(kind, records):
    return [record for record in records if isinstance(record, kind)]


def test_what_is_shown_is_read_by_the_names_it_is_written_by():
    """The asker unpacks rows at once, for speed; its names must be the columns', in their order."""
    names = [column.name.lower() for columns in (Shown, ShownFloat) for column in columns]
    code = asker.Asker._look.__code__
    assert list(code.co_varnames[code.co_argcount :][: len(names)]) == names
    assert [*Shown] == [*range(len(Shown))]
    assert [*ShownFloat] == [*range(len(ShownFloat))]


def plain(kind, name, **exits):
    """Return what makes a strategy of this name with these exit rules."""
    return {name: partial(kind, StrategyParams(exits=ExitRules(**exits)), name)}


@pytest.mark.parametrize("seed", range(60))
def test_drawn_strategies_under_unusual_settings(seed, tmp_path):
    dice = random.Random(seed)
    tape = made_tape(tmp_path / "t", seed, markets=dice.choice([1, 2, 5]), steps=400, payouts=dice.choice(PAYOUTS))
    config, exchange = some_setting(seed)
    compare(tape, config, exchange, seed, some_strategies(dice), chunk_rows=dice.choice([1, 37, 1 << 16]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages, st.integers(0, 10_000))
def test_arbitrary_tapes(tmp_path_factory, told, seed):
    tape = write_tape(tmp_path_factory.mktemp("random") / "t", rows_of(told))
    config, exchange = some_setting(seed)
    compare(tape, config, exchange, seed, some_strategies(random.Random(seed)))


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("asked") / "t", 3)


def test_entries_exits_and_their_answers(tape):
    """Votes become entries, entries become positions that are closed for reasons of the strategy's own."""
    exchange = ExchangeConfig(failure_rate=0.2)
    config = WIDE.model_copy(update={"orders": BUSY.orders})
    records = compare(tape, config, exchange)
    sent = of(OrderSent, records)
    assert {one.intent.purpose for one in sent} == set(Purpose)
    assert {one.intent.reason for one in sent} >= {"", "target", "stop"}
    assert {one.intent.strategy for one in sent} == {"mean_reversion", "inventory_maker"}
    words = {(one.strategy, one.action, one.reason) for one in of(Decision, records)}
    assert {("ensemble", "buy", ""), ("ensemble", "hold", "cost"), ("ensemble", "hold", "position_open")} <= words
    assert any(not one.confirmed for one in of(FillStatus, records))
    assert {Refusal.COOLDOWN} <= {one.code for one in of(Refused, records)}


def test_votes_of_several(tape):
    makers = {name: partial(Signaller, StrategyParams(exits=ExitRules(max_hold_s=2)), name) for name in "abcde"}
    config = WIDE.model_copy(update={"ensemble": WIDE.ensemble.model_copy(update={"consensus_min": 2})})
    records = compare(tape, config, strategies=makers)
    assert len({one.intent.strategy for one in of(OrderSent, records)}) > 2
    assert {one.reason for one in of(Decision, records) if one.strategy == "ensemble"} >= {"", "no_consensus"}


def test_reasons_of_its_own_reach_orders_and_cancels(tape):
    records = compare(tape, WIDE, strategies=plain(Closer, "closer") | plain(Touch, "touch"))
    assert {one.intent.reason for one in of(OrderSent, records)} == {"", "tired", "stop", "target"}
    assert "exit:tired" in {one.reason for one in of(CancelSent, records)}


@pytest.mark.parametrize("limit", [3, 1000])
def test_a_strategy_that_fails(tape, limit):
    """It raises and answers nonsense, in its decision and in its exits, until it is no longer asked, or for ever."""
    config = WIDE.model_copy(update={"strategy_errors": limit})
    records = compare(tape, config, strategies=plain(Faulty, "faulty") | plain(Touch, "touch"))
    told = of(StrategyFailed, records)
    kinds = {one.error.split(":")[0] for one in told}
    if limit == 3:
        assert [one.disabled for one in told] == [False, False, True]
    else:
        assert kinds == {"ZeroDivisionError", "StrategyError", "KeyError"}
        assert not any(one.disabled for one in told)


def test_a_buy_that_spends_its_whole_cost_gets_more_than_it_asked_for(tape):
    """Fills of one match go on after the order has its shares; each is heard, and none is missed."""
    caps = {"max_order_notional": 900, "max_market_exposure": 900, "daily_loss_fraction": 0, "entry_cooldown_s": 0}
    config = DeskConfig(
        cost={"risk_premium": 0}, sizing={"position_fraction": 0.05}, risk=caps, orders={"entry_slippage": 0.05}
    )
    for exchange in (
        ExchangeConfig(buys_spend=True),
        ExchangeConfig(buys_spend=True, jitter=1, answer_latency_ms=400, confirm_s=0),
    ):
        records = compare(tape, config, exchange, strategies=plain(Signaller, "yes", max_hold_s=1))
        asked = {one.intent.id: one.intent.size_u6 for one in of(OrderSent, records)}
        late, got = 0, dict.fromkeys(asked, 0)
        for fill in of(Fill, records):
            late += got[fill.intent] >= asked[fill.intent]
            got[fill.intent] += fill.size_u6
        assert late > 0


@pytest.mark.parametrize("kind", KINDS)
def test_constructed_kinds(kind, tmp_path):
    tape, _ = construct_tape(kind, 3, tmp_path / "tape", minutes=max(5, KINDS[kind].minutes.low))
    compare(tape, BUSY, ExchangeConfig(feed_latency_ms=40, failure_rate=0.1), 2)
    compare(tape, WIDE, strategies=plain(Touch, "touch", max_hold_s=30) | plain(Signaller, "yes", before_end_s=30))


def test_hundreds_of_markets(tmp_path):
    tape = made_tape(tmp_path / "t", 4, markets=200, steps=6000)
    makers = {
        "mean_reversion": partial(MeanReversion, MeanReversionParams(**EAGER)),
        "inventory_maker": partial(InventoryMaker, InventoryMakerParams(**QUICK)),
    } | plain(Touch, "touch", max_hold_s=30)
    config = maker_config(QUICK, risk={"max_open_orders": 900, "max_orders_per_minute": 100_000})
    records = compare(tape, config, strategies=makers)
    assert len({fill.market for fill in of(Fill, records)}) > 50


def test_room_is_made_where_it_lacks(tape, monkeypatch):
    small = partial(empty_loop, pending=2, rows=2)
    monkeypatch.setattr(pack, "empty_loop", lambda *sizes, orders: small(*sizes, orders=2))
    _, _, driver = compiled(tape, WIDE, ExchangeConfig(confirm_s=30))
    assert len(driver._loop.pending) > 2
    compare(tape, WIDE, ExchangeConfig(confirm_s=30))


def test_which_strategies_are_asked():
    maker = InventoryMaker(InventoryMakerParams())
    assert runs_compiled(maker)
    assert not runs_compiled(MeanReversion(MeanReversionParams()))
    assert not runs_compiled(OtherMaker(InventoryMakerParams()))
    maker.closes = lambda _view, _state, _token: "tired"
    assert not runs_compiled(maker)
    assert runs_compiled(type("Renamed", (InventoryMaker,), {"name": "renamed"})(InventoryMakerParams()))
    assert not runs_compiled(
        type("Closing", (InventoryMaker,), {"closes": MeanReversion.closes})(InventoryMakerParams())
    )


class Interrupted(Touch):
    """Ctrl-C reaches it while it decides."""

    error: type[BaseException] = KeyboardInterrupt

    def decide(self, view, state):
        if state.asked == 30:
            raise self.error
        return super().decide(view, state)


class Left(Interrupted):
    error = SystemExit


@pytest.mark.parametrize(("kind", "error"), [(Interrupted, KeyboardInterrupt), (Left, SystemExit)])
def test_what_is_no_error_of_the_strategy_ends_the_run(tape, kind, error):
    with pytest.raises(error):
        compiled(tape, WIDE, strategies=plain(kind, "touch"))


def test_an_error_of_the_desk_while_it_answers_is_raised_as_it_is(tape, monkeypatch):
    def broken(*_args):
        raise LookupError("the desk's own")

    monkeypatch.setattr(asker, "say", broken)
    with pytest.raises(LookupError, match="the desk's own"):
        compiled(tape, WIDE, strategies=plain(Touch, "touch"))


def test_a_call_that_is_cut_off_before_it_begins_interrupts(tape, monkeypatch):
    def cut(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(asker.Asker, "_asked", cut)
    with pytest.raises(KeyboardInterrupt):
        compiled(tape, WIDE, strategies=plain(Touch, "touch"))


def test_an_interruption_at_any_point_of_a_call_is_delivered(tmp_path, capfd):
    """Ctrl-C before the first line of a call, between any two of its instructions, and after its answer."""
    code, began, hook = asker.Asker._asked.__code__, [0], sys.unraisablehook
    tape = made_tape(tmp_path / "t", steps=60)

    def interrupt_at(place):
        def trace(frame, event, _argument):
            if frame.f_code is not code:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            if event in {"call", "opcode", "return"}:
                began[0] += 1
                if began[0] == place:
                    raise KeyboardInterrupt(f"event {place}")
            return trace

        return trace

    def run_until(place):
        began[0] = 0
        sys.settrace(interrupt_at(place))
        try:
            compiled(tape, WIDE, strategies=plain(Touch, "touch"), chunk_rows=1 << 16)
        finally:
            sys.settrace(None)

    places = len(list(dis.get_instructions(code)))
    for place in range(1, places):
        with pytest.raises(KeyboardInterrupt, match=f"event {place}$"):
            run_until(place)
    assert sys.unraisablehook is hook
    assert "Exception ignored" not in capfd.readouterr().err


def test_the_loop_without_the_compiler_is_the_same():
    """Run as plain Python, kernel and all, the loop still writes what the interpreted desk writes."""
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "drawn and (16 or 31)"],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout
