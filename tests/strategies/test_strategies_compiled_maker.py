"""The compiled decision against the same maker over records: every answer equal to the last bit."""

import math

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings
from plain_maker import decide

from made import T0, S, market
from polydesk.model.orders import Side
from polydesk.signals import Features, Held, View
from polydesk.signals.compiled import HOLDS, MEMORY, TERMS, Compiled, hold_number, hold_of
from polydesk.signals.features import decay, next_variance
from polydesk.strategies.inventory_maker import InventoryMaker, InventoryMakerParams, Memory

SHARE = 1_000_000
floats = st.floats(0, 0.5, allow_subnormal=False)


@st.composite
def views(draw):
    tick = draw(st.sampled_from((1, 10, 25, 50, 100, 1000)))
    sides = {side: draw(st.lists(st.integers(0, 10**12), max_size=8)) for side in (Side.BUY, Side.SELL)}

    def levels(token, side, count):
        return tuple((tick * (i + 1), size) for i, size in enumerate(sides[side][:count]))

    held = tuple(Held(draw(st.integers(0, 70 * SHARE)), 0, 0, T0) for _ in range(2))
    features = Features(samples=9, age_s=draw(st.sampled_from((0, 29.9, 30, 600))), variance_per_s=draw(floats) ** 4)
    return View(
        T0 + draw(st.integers(0, 320 * S)), market(tick=tick, end_s=draw(st.sampled_from((None, 300)))),
        (draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000))), tick, features, held, (), 0,
        draw(st.sampled_from((1.0, 0.2, 0.333))), levels,
    )  # fmt: skip


PARAMS = st.builds(
    InventoryMakerParams,
    half_spread=floats, imbalance_weight=st.floats(0, 1), depth_levels=st.integers(1, 50), inventory_skew=floats,
    widening=st.floats(0, 5), quote_shares=st.floats(0.01, 100), max_inventory=st.floats(1, 500),
    max_spread=st.floats(0, 1), extreme=floats, warm_up_s=st.sampled_from((0, 10)),
    requote_move=st.sampled_from((0.0, 0.01)) | floats, requote_s=st.sampled_from((0, 0.5, 60)),
)  # fmt: skip


@settings(max_examples=1_000)
@given(st.lists(views(), min_size=1, max_size=4), PARAMS, st.sampled_from((0, T0)))
def test_the_compiled_decision_is_the_plain_one(looks, params, first_ns):
    one, two = Memory(first_ns), Memory(first_ns)
    maker = InventoryMaker(params)
    for view in looks:
        expected = decide(params, view, one)
        got = maker.decide(view, two)
        assert got == expected
        assert msgspec.json.encode(got) == msgspec.json.encode(expected), "equal, but not to the bit"
        assert two == one


def test_the_maker_declares_what_the_loop_needs():
    maker = InventoryMaker(InventoryMakerParams(depth_levels=7))
    assert isinstance(maker, Compiled)
    assert maker.depth == 7
    assert len(maker.terms) <= TERMS
    assert len(Memory.__struct_fields__) <= MEMORY
    assert [hold_of(hold_number(reason)) for reason in HOLDS] == list(HOLDS)
    assert 0 not in {hold_number(reason) for reason in HOLDS}


@given(st.floats(0, 1e-2), st.floats(-1, 1), st.floats(1e-9, 1e5))
def test_the_variance_decays_by_half_a_minute(variance, change, elapsed):
    kept = decay(elapsed, 60.0)
    expected = kept * variance + (1 - kept) * change * change / elapsed
    assert math.isclose(next_variance(variance, change, elapsed), expected, rel_tol=1e-12, abs_tol=1e-300)
