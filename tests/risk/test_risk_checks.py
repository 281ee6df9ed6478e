"""The scalar checks: their edges, and the same answers compiled as interpreted."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polydesk.kernel import kernel
from polydesk.risk import UNKNOWN, checks

PAIRS = (checks.at_most, checks.below, checks.at_least, checks.on_tick)
NUMBERS = st.integers(-(1 << 62), 1 << 62) | st.integers(-3, 12_000)
TICKS = st.sampled_from((0, 1, 10, 25, 50, 100, 1000, -100)) | st.integers(-5, 10_001)


@pytest.fixture(scope="module")
def compiled():
    """The same functions through the project's decorator, as the kernel would compile them."""
    names = ("at_most", "below", "at_least", "on_tick")
    made = {name: kernel("int64(int64, int64)")(getattr(checks, name)) for name in names}
    return made | {"adverse_g4": kernel("int64(int64, int64, int64)")(checks.adverse_g4)}


@settings(max_examples=300)
@given(st.sampled_from(("at_most", "below", "at_least")), NUMBERS, NUMBERS)
@example("at_least", -1, -1)
@example("at_most", -1, 5)
@example("at_most", 5, 5)
@example("below", 5, 5)
def test_compiled_comparisons_agree(compiled, name, observed, limit):
    assert compiled[name](observed, limit) == getattr(checks, name)(observed, limit)


@settings(max_examples=300)
@given(st.integers(-10, 10_010), TICKS)
def test_compiled_tick_check_agrees(compiled, price, tick):
    assert compiled["on_tick"](price, tick) == checks.on_tick(price, tick)


@settings(max_examples=300)
@given(st.sampled_from((1, -1)), st.integers(0, 10_000), st.integers(-1, 10_000))
def test_compiled_collar_agrees(compiled, side, price, opposite):
    assert compiled["adverse_g4"](side, price, opposite) == checks.adverse_g4(side, price, opposite)


@given(st.integers(0, 1 << 62))
def test_unknown_never_passes(limit):
    assert [checks.at_most(UNKNOWN, limit), checks.below(UNKNOWN, limit), checks.at_least(UNKNOWN, limit)] == [0, 0, 0]
    assert checks.at_least(UNKNOWN, -5) == 0


@pytest.mark.parametrize(
    ("price", "tick", "passes"),
    [
        (4800, 100, 1), (4850, 100, 0), (100, 100, 1), (0, 100, 0), (9900, 100, 1), (9999, 1, 1), (10_000, 100, 0),
        (9950, 50, 1), (9975, 50, 0), (5000, 0, 0), (5000, -1, 0),
    ],
)  # fmt: skip
def test_ticks(price, tick, passes):
    assert checks.on_tick(price, tick) == passes


@given(st.integers(1, 9_999), st.integers(1, 9_999))
def test_collar_measures_only_what_lies_beyond_the_touch(price, opposite):
    assert checks.adverse_g4(1, price, opposite) == max(0, price - opposite)
    assert checks.adverse_g4(-1, price, opposite) == max(0, opposite - price)
    assert checks.adverse_g4(1, price, UNKNOWN) == UNKNOWN
