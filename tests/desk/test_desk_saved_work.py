"""What the desk keeps to save work never changes what it does: every session is the same with nothing kept."""

import hypothesis.strategies as st
from hypothesis import given, settings

from desk_bench import ASKS, BIDS, BUSY, quoting, session
from made import made_tape
from polydesk.desk import state as desk_state
from polydesk.desk.checkpoint import load, save
from polydesk.desk.views import views_of


class Forgetful(dict):
    """A mapping that keeps nothing."""

    def __setitem__(self, key, value):
        """Forget at once."""


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_a_session_is_the_same_without_anything_kept(tmp_path_factory, seed):
    tape = made_tape(tmp_path_factory.mktemp("kept") / "tape", seed=seed, steps=400)
    kept = session(tape)[1]
    made = desk_state.Desk

    class Bare(made):
        def __post_init__(self):
            self.shown, self.standing, self.good = Forgetful(), Forgetful(), Forgetful()

    desk_state.Desk = Bare
    try:
        assert session(tape, BUSY)[1] == kept
    finally:
        desk_state.Desk = made


def test_quotes_that_stand_are_left_alone_until_something_changes():
    bench = quoting()
    assert bench.look(300, BIDS, ASKS) == []
    assert bench.desk.standing
    first = views_of(bench.desk, 0)["inventory_maker"].orders
    assert views_of(bench.desk, 0)["inventory_maker"].orders is first
    bench.print(400, -1, 4600, 4)
    bench.until(430)
    shown = views_of(bench.desk, 0)["inventory_maker"].orders
    assert sum(order.left_u6 for order in shown) < sum(order.left_u6 for order in first)


def test_a_loaded_state_starts_with_nothing_kept():
    bench = quoting()
    bench.look(300, BIDS, ASKS)
    data = save(bench.desk)
    assert bench.desk.shown
    load(bench.desk, data)
    assert not bench.desk.shown
    assert not bench.desk.standing
    assert save(bench.desk) == data
