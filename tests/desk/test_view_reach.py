"""What a strategy can reach from its view: the books so far and its market's facts; no tape, rows or resolution."""

import types
from functools import partial

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from desk_bench import BUSY, Cut, session
from made import T0, S, made_tape
from polydesk.desk import Desk, DeskState, Woken, step
from polydesk.desk.views import views_of
from polydesk.exchange import ExchangeConfig, SimulatedExchange
from polydesk.kernel import Books, advance
from polydesk.model.grid import FAR_NS
from polydesk.model.market import Market, Resolution
from polydesk.model.records import Decision, Fill, OrderSent, Settled
from polydesk.model.rows import ROW_DTYPE
from polydesk.portfolio import Account
from polydesk.run.driver import Driver, Machine
from polydesk.run.machine import new_machine
from polydesk.signals import View
from polydesk.tape import Manifest, Tape, TapeWriter, open_tape

FORBIDDEN = (
    Tape, Cut, Manifest, Resolution, SimulatedExchange, Desk, DeskState, Machine, Driver, Account, Fill, Settled,
)  # fmt: skip


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("reach") / "tape", seed=11, steps=600)


def inside(value):
    """Yield everything one step away: attributes, items, closures, arguments and owners of functions."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    if isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    if isinstance(value, types.FunctionType):
        yield from (cell.cell_contents for cell in value.__closure__ or ())
        yield from (value.__defaults__ or (), value.__kwdefaults__ or {}, value.__dict__)
    if isinstance(value, types.MethodType):
        yield from (value.__self__, value.__func__)
    if isinstance(value, msgspec.Struct):
        yield from (getattr(value, name) for name in value.__struct_fields__)
    for kind in type(value).__mro__:
        names = kind.__dict__.get("__slots__", ())
        for name in [names] if isinstance(names, str) else names:
            if hasattr(value, name):
                yield getattr(value, name)
    yield from getattr(value, "__dict__", {}).values() if not isinstance(value, type | types.ModuleType) else ()


def reachable(start):
    """Return every object reachable from ``start`` without going through classes and modules."""
    seen, waiting = {id(start): start}, [start]
    while waiting:
        for found in inside(waiting.pop()):
            if id(found) not in seen and not isinstance(found, type | types.ModuleType | str | int | float | None):
                seen[id(found)] = found
                waiting.append(found)
    return list(seen.values())


def woken(tape, stop):
    """Run a desk to row ``stop`` and return the machine."""
    machine = new_machine(tape.manifest, BUSY, ExchangeConfig(), 1)
    for rows in tape.batches(stop=stop):
        index = 0
        while index < len(rows):
            index = advance(machine.books, machine.own, machine.fills, machine.wake, rows, index, len(rows), FAR_NS)
            market, last = int(machine.wake.out[0]), rows[index - 1]
            if market >= 0:
                step(machine.desk, Woken(int(last["seq"]), int(last["ts_ns"]), market, 1))
    return machine


def test_nothing_that_knows_the_future_is_reachable_from_a_view(tape):
    machine = woken(tape, tape.manifest.rows // 2)
    for market in range(len(machine.desk.markets)):
        for view in views_of(machine.desk, market).values():
            found = reachable(view)
            assert [type(one).__name__ for one in found if isinstance(one, FORBIDDEN)] == []
            assert {one.index for one in found if isinstance(one, Market)} == {market}
            assert len(found) > 20


def closing_over(hidden):
    return lambda: hidden


def test_the_walk_would_find_what_it_looks_for(tape):
    """The walk goes through closures, partials and bound methods: a leak by any of them is seen."""
    leaks = [
        partial(len, [tape]),
        closing_over(tape.manifest),
        tape.batches,
        {"a": [tape.manifest.resolutions]},
    ]
    for leak in leaks:
        assert any(isinstance(one, FORBIDDEN) for one in reachable(leak))


def test_the_only_arrays_are_the_books_and_they_hold_the_past(tape, tmp_path):
    half = tape.manifest.rows // 2
    machine = woken(tape, half)
    view = next(iter(views_of(machine.desk, 0).values()))
    arrays = [one for one in reachable(view) if isinstance(one, np.ndarray)]
    books = next(one for one in reachable(view) if isinstance(one, Books))
    assert {id(array) for array in arrays} == {id(array) for array in books}
    assert all(array.dtype != ROW_DTYPE for array in arrays)
    with TapeWriter(tmp_path / "half", "venue", constructed=True) as writer:
        for rows in tape.batches(stop=half):
            writer.append(rows)
        writer.finish(tape.manifest.markets, (), ())
    again = woken(open_tape(tmp_path / "half"), half)
    for mine, other in zip(books, again.books, strict=True):
        assert np.array_equal(mine, other)


def test_facts_of_a_market_do_not_say_how_it_ends(tape):
    names = set(Market.__struct_fields__)
    assert not names & {"resolution", "payout_g4", "winner", "outcome", "resolved", "at_ns"}
    assert "resolutions" not in View.__slots__


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), split=st.integers(1, 9_999))
def test_until_it_is_settled_a_market_trades_the_same_however_it_ends(tmp_path_factory, seed, split):
    """Two tapes that differ only in how their markets resolve give the same session up to the first payout."""
    folder = tmp_path_factory.mktemp("ends")
    one = made_tape(folder / "one", seed=seed, steps=300, payouts=((10_000, 0), (0, 10_000)))
    two = made_tape(folder / "two", seed=seed, steps=300, payouts=((split, 10_000 - split), (10_000, 0)))
    first, second = session(one)[1], session(two)[1]
    before = [next(i for i, r in enumerate(records) if isinstance(r, Settled)) for records in (first, second)]
    assert first[: before[0]] == second[: before[1]]
    assert any(isinstance(record, OrderSent | Decision) for record in first)
    assert first[before[0]].ts_ns >= T0 + 300 * S
