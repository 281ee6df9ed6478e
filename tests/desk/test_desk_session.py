"""Whole sessions over made tapes: determinism, look-ahead, checkpoints, money."""

import gc
import types
from collections import Counter
from decimal import Decimal

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from desk_bench import BUSY, EAGER, Cut, Kept, session
from made import T0, S, made_tape
from polydesk.desk import Desk, DeskConfig, DeskState, Woken, step
from polydesk.exchange import ExchangeConfig, ExchangeState, SimulatedExchange
from polydesk.kernel import Books, Tally
from polydesk.model.grid import cash_u6
from polydesk.model.market import Market, Resolution
from polydesk.model.orders import Purpose, Side
from polydesk.model.params import Params
from polydesk.model.records import CancelSent, Decision, Fill, FillStatus, OrderSent, Refused, SentinelBroke, Settled
from polydesk.model.rows import ROW_DTYPE
from polydesk.portfolio import broken_identities, broken_totals
from polydesk.run.checkpoint import read_checkpoint, restore_machine, write_checkpoint
from polydesk.run.driver import Driver, Machine
from polydesk.run.machine import new_machine
from polydesk.run.pace import Pace
from polydesk.signals import View
from polydesk.tape import Tape

EXCHANGE = ExchangeConfig(failure_rate=0.1, settle_s=20)


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("made") / "tape", seed=3, markets=2, steps=900)


@pytest.fixture(scope="module")
def whole(tape):
    return session(tape, exchange=EXCHANGE)


def test_the_session_is_worth_testing(whole):
    """Both strategies trade, all of the desk's words occur, some fills fail."""
    machine, records = whole
    sent = [r for r in records if isinstance(r, OrderSent)]
    assert {r.intent.strategy for r in sent} == {"mean_reversion", "inventory_maker"}
    assert {r.intent.purpose for r in sent} == set(Purpose)
    assert {r.intent.side for r in sent} == set(Side)
    assert len([r for r in records if isinstance(r, Fill)]) > 50
    assert {r.confirmed for r in records if isinstance(r, FillStatus)} == {True, False}
    assert {r.action for r in records if isinstance(r, Decision)} >= {"buy", "exit", "hold", "quote"}
    assert len([r for r in records if isinstance(r, Settled)]) == 2
    assert [r for r in records if isinstance(r, CancelSent)]
    assert machine.desk.state.broken == ""


def test_a_failed_match_told_at_once_leaves_the_balance_as_it_is(tape):
    """Without answer latency the venue's account is put right before the desk hears of the failure, not after."""
    machine, records = session(tape, exchange=ExchangeConfig(failure_rate=0.5, answer_latency_ms=0, confirm_s=0.1))
    assert sum(not one.confirmed for one in records if isinstance(one, FillStatus)) > 20
    assert [one.detail for one in records if isinstance(one, SentinelBroke)] == []
    assert machine.desk.state.broken == ""


def test_buys_that_get_more_than_asked_add_up(tape):
    machine, records = session(tape, exchange=ExchangeConfig(buys_spend=True))
    asked = {one.intent.id: one.intent.size_u6 for one in records if isinstance(one, OrderSent)}
    got = Counter()
    for one in records:
        if isinstance(one, Fill):
            got[one.intent] += one.size_u6
    assert any(size > asked[name] for name, size in got.items())
    assert_one_money(machine, records)


def test_the_same_session_twice(tape, whole):
    assert session(tape, exchange=EXCHANGE)[1] == whole[1]


def test_another_seed_is_another_session(tape, whole):
    assert session(tape, exchange=EXCHANGE, seed=2)[1] != whole[1]


def test_how_the_tape_is_cut_into_batches_does_not_matter(tape, whole):
    assert session(Cut(tape, edges=range(7, tape.manifest.rows, 61)), exchange=EXCHANGE)[1] == whole[1]


def test_every_order_sent_has_a_permit_with_passed_checks(whole):
    for one in whole[1]:
        if isinstance(one, OrderSent):
            assert one.checks
            assert all(check.passed for check in one.checks)
        elif isinstance(one, Refused):
            assert [check.passed for check in one.checks] == [True] * (len(one.checks) - 1) + [False]
            assert one.code in {one.checks[-1].name, "risk_unknown"}


def test_orders_are_named_in_order(whole):
    named = [one.intent.id for one in whole[1] if isinstance(one, OrderSent | Refused)]
    assert named == [f"ord-{n:06d}" for n in range(1, len(named) + 1)]


def test_two_books_of_the_same_money_agree(whole):
    """The exchange's cash, both columns of the desk, and the sentinels, once everything is settled."""
    assert_one_money(*whole)


def assert_one_money(machine, records):
    account = machine.desk.state.account
    balance = machine.venue.account()
    assert broken_identities(account) == broken_totals(account) == ""
    assert account.unconfirmed() == 0
    assert balance.cash_u6 == account.matched.cash_u6 == account.confirmed.cash_u6
    assert balance.shares_u6 == {}
    assert balance.reserved_u6 == 0
    assert not [one for one in records if isinstance(one, SentinelBroke)]
    assert machine.desk.state.working.orders == {}


def test_quoting_orders_explain_their_price(whole):
    for one in whole[1]:
        if isinstance(one, OrderSent) and one.intent.purpose is Purpose.QUOTE:
            assert sum(term.value for term in one.intent.why) == pytest.approx(one.intent.price_g4 / 10_000, abs=1e-9)


# --- look-ahead -------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.data())
def test_the_desk_sees_nothing_of_later_rows(tape, whole, data):
    """On a tape that ends after row k everything said before row k is the same."""
    stop = data.draw(st.integers(2, tape.manifest.rows - 1))
    _, records = session(Cut(tape, stop), exchange=EXCHANGE)
    assert [r for r in records if r.seq < stop - 1] == [r for r in whole[1] if r.seq < stop - 1]


def reachable(start):
    """Every object that attributes, items, closures and defaults lead to; modules, classes and globals excepted."""
    seen, todo = {}, [start]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type | types.ModuleType):
            continue
        seen[id(one)] = one
        if isinstance(one, types.FunctionType):
            todo += [cell.cell_contents for cell in one.__closure__ or ()]
            todo += [*(one.__defaults__ or ()), *(one.__kwdefaults__ or {}).values()]
        elif isinstance(one, types.MethodType):
            todo += [one.__self__, one.__func__]
        elif not isinstance(one, str | bytes | int | float | np.ndarray):
            todo += [r for r in gc.get_referents(one) if not isinstance(r, type)]
            if type(one).__module__.startswith("polydesk") and not isinstance(one, Params):
                todo += [getattr(one, name, None) for name in dir(one) if not name.startswith("__")]
    return list(seen.values())


def views_of(tape, stop):
    """The last view each strategy got on a tape that ends at ``stop``."""
    machine = new_machine(tape.manifest, BUSY, EXCHANGE, 1)
    caught = {}
    for name, strategy in machine.desk.strategies.items():
        decide = strategy.decide

        def catch(view, state, name=name, decide=decide):
            caught[name] = view
            return decide(view, state)

        strategy.decide = catch
    machine.venue.kernel.count[Tally.HEAP] = 0  # the end of the tape is not the end of the market: nothing resolves yet
    session(Cut(tape, stop), machine=machine)
    for strategy in machine.desk.strategies.values():
        del strategy.decide
    return caught


def test_a_view_leads_to_no_outcome(tape):
    """Nothing a strategy can lay hands on, private attributes and closures included, knows how a market ends."""
    forbidden = Resolution | SimulatedExchange | ExchangeState | Machine | Driver | Tape | Settled | Desk | DeskState
    for view in views_of(tape, tape.manifest.rows // 2).values():
        assert isinstance(view, View)
        found = reachable(view)
        assert any(isinstance(one, Market) for one in found)
        assert any(isinstance(one, Books) for one in found)  # through the levels function: its reach is searched, too
        assert [one for one in found if isinstance(one, forbidden)] == []
        assert [one for one in found if isinstance(one, np.ndarray) and one.dtype == ROW_DTYPE] == []


def test_what_a_strategy_does_to_its_view_changes_nothing_of_the_desk(tape):
    machine = new_machine(tape.manifest, BUSY, EXCHANGE, 1)
    views = []
    for strategy in machine.desk.strategies.values():
        decide = strategy.decide

        def vandal(view, state, decide=decide):
            answer = decide(view, state)
            view.features.mid = view.features.variance_per_s = 0.77
            view.held = view.orders = ()
            views.append(view)
            return answer

        strategy.decide = vandal
    session(Cut(tape, 400), machine=machine)
    assert views
    assert 0.77 not in [f.mid for f in machine.desk.state.features.values()]


def test_outcomes_change_nothing_before_they_are_told(tape, whole, tmp_path):
    """The same rows with the opposite outcomes: every record before the first payout is the same."""
    other = made_tape(tmp_path / "tape", seed=3, markets=2, steps=900, payouts=((0, 10_000), (10_000, 0)))
    _, records = session(other, exchange=EXCHANGE)
    first = next(i for i, one in enumerate(whole[1]) if isinstance(one, Settled))
    assert records[:first] == whole[1][:first]
    assert records[first] != whole[1][first]


# --- checkpoints ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0.05, 0.31, 0.5, 0.77, 0.99])
def test_a_checkpoint_continues_identically(tape, whole, tmp_path, part):
    edge = int(tape.manifest.rows * part)
    counts = []

    def save(machine, kept):
        if machine.next_row == edge and not counts:
            counts.append(kept.count)
            write_checkpoint(tmp_path, machine, kept.count, "code")

    assert session(Cut(tape, edges=(edge,)), exchange=EXCHANGE, checkpoint=save)[1] == whole[1]
    kept = read_checkpoint(tmp_path, "code", counts[0])
    machine = new_machine(tape.manifest, BUSY, EXCHANGE, 1)
    restore_machine(kept, machine)
    assert session(tape, machine=machine)[1] == whole[1][counts[0] :]
    assert msgspec.msgpack.encode(machine.desk.state.account) == msgspec.msgpack.encode(whole[0].desk.state.account)


# --- limits -----------------------------------------------------------------------------------------------------------


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.integers(0, 2))
def test_no_cap_is_ever_passed(tmp_path_factory, seed, kind):
    """Cost of positions and open buys, unanswered cancels included, after every step of a session."""
    caps = ((20, 40, 60), (10, 15, 15), (50, 50, 120))[kind]
    risk = {"max_order_notional": caps[0], "max_market_exposure": caps[1], "max_total_exposure": caps[2]}
    config = DeskConfig(cash=Decimal(80), strategies=EAGER, cost={"risk_premium": 0.0}, risk=risk,
                        sizing={"position_fraction": 0.3})  # fmt: skip
    tape = made_tape(tmp_path_factory.mktemp("caps") / "tape", seed=seed, markets=2, steps=400)
    machine = new_machine(tape.manifest, config, ExchangeConfig(), seed)
    worst = [0, 0, 0]

    def check(desk):
        state = desk.state
        matched = state.account.matched
        open_u6 = {m: sum(o.reserved_u6 for o in state.working.of_market(m)) for m in (0, 1)}
        held = {m: sum(p.cost_u6 for p in matched.positions.values() if p.market == m) for m in (0, 1)}
        worst[1] = max(worst[1], *(open_u6[m] + held[m] for m in (0, 1)))
        worst[2] = max(worst[2], sum(open_u6.values()) + matched.cost_u6)
        for one in desk.out:
            if isinstance(one, OrderSent) and one.intent.side is Side.BUY:
                worst[0] = max(worst[0], state.working.find(one.intent.id).reserved_u6)

    records = []

    class Watching(Driver):
        def _feed(self, event):
            super()._feed(event)
            check(machine.desk)
            records.append(event)

    Watching(tape, machine, Kept(), Pace(None, lambda: 0), lambda _: None, lambda: None).run()
    assert records
    assert worst[0] > 0
    for seen, cap in zip(worst, caps, strict=True):
        assert seen <= cash_u6(cap)


def test_a_step_depends_on_desk_books_and_event_only(tape):
    """Two desks over the same books, the same events: the same words."""
    machine = new_machine(tape.manifest, BUSY, EXCHANGE, 1)
    other = new_machine(tape.manifest, BUSY, EXCHANGE, 1).desk
    other.books = machine.books
    heard = []

    class Twice(Driver):
        def _feed(self, event):
            heard.append(step(other, event))
            super()._feed(event)
            assert heard[-1] == machine.desk.out
            assert isinstance(event, Woken) or event.ts_ns >= T0 - S

    Twice(Cut(tape, 2_000), machine, Kept(), Pace(None, lambda: 0), lambda _: None, lambda: None).run()
    assert sum(map(len, heard)) > 100
