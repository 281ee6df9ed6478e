"""Mean reversion: when it signals, that entry and exit use one estimator, and that both tokens are treated alike."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from made import T0, S, market
from polydesk.model.reasons import Exit, Hold
from polydesk.signals import Features, Held, Signal, View, Wait
from polydesk.strategies.mean_reversion import MeanReversion, MeanReversionParams, Memory

NONE = Held()
LONG = Held(10_000_000, 5_000_000, 0, T0)


def view(seconds, bid, ask, held=(NONE, NONE)):
    at = T0 + round(seconds * S)
    return View(at, market(), (bid, ask), 100, Features(), held, (), 0, 1.0, lambda *_: ())


def warm(strategy, mid=5000, seconds=120):
    """Memory after a steady market at ``mid``."""
    memory = Memory()
    for i in range(seconds + 1):
        strategy.decide(view(i, mid - 50, mid + 50), memory)
    return memory


@pytest.fixture
def strategy():
    return MeanReversion(MeanReversionParams())


def test_it_waits_until_it_is_warm(strategy):
    memory = Memory()
    for i in range(60):
        assert strategy.decide(view(i, 4950, 5050), memory).reason is Hold.WARMING_UP
    assert strategy.decide(view(60, 4950, 5050), memory).reason is Hold.SMALL_DEVIATION


@pytest.mark.parametrize(
    ("bid", "ask", "reason"),
    [
        (0, 5050, Hold.ONE_SIDED),
        (4950, 10_000, Hold.ONE_SIDED),
        (5050, 5050, Hold.CROSSED),
        (5060, 5050, Hold.CROSSED),
        (700, 800, Hold.EXTREME_PRICE),
        (9200, 9300, Hold.EXTREME_PRICE),
        (4000, 4401, Hold.SPREAD),
        (4510, 4530, Hold.SMALL_DEVIATION),
    ],
)
def test_reasons_to_hold(strategy, bid, ask, reason):
    assert strategy.decide(view(121, bid, ask), warm(strategy)).reason is reason


def test_low_confidence_holds():
    strategy = MeanReversion(MeanReversionParams(min_deviation=0.01))
    memory = warm(strategy)
    assert strategy.decide(view(121, 4550, 4570), memory).reason is Hold.LOW_CONFIDENCE
    assert isinstance(strategy.decide(view(121, 4530, 4550), memory), Signal)


def test_signal_by_hand(strategy):
    found = strategy.decide(view(121, 4350, 4450), warm(strategy))
    # 0.06 below an average of 0.50: confidence 0.06 / 0.15, bias 0.06 / 0.2
    assert found.token == 0
    assert found.edge == pytest.approx(0.06)
    assert found.confidence == pytest.approx(0.4)
    assert found.size_hint == pytest.approx(0.55)
    assert {term.name: term.value for term in found.why} == {
        "average": pytest.approx(0.5), "mid": pytest.approx(-0.44),
    }  # fmt: skip


PATHS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(800, 9_200), st.integers(1, 300)), min_size=3, max_size=40
)  # fmt: skip
PARAMS = st.builds(
    MeanReversionParams,
    half_life_s=st.sampled_from((10.0, 186.0)),
    warm_up_s=st.sampled_from((0.0, 30.0)),
    min_deviation=st.sampled_from((0.0, 0.05)),
    min_confidence=st.sampled_from((0.0, 0.3)),
    follow_momentum=st.booleans(),
)


def clear_of_edges(params, now):
    """Whether rounding of floats cannot tip a comparison (mirrored prices are not bit-equal)."""
    d = abs(now.average - now.mid)
    edges = (params.min_deviation, 0.75 * params.sensitivity * params.min_confidence, 0.75 * params.sensitivity, 0.2)
    return d > 1e-9 and all(abs(d - edge) > 1e-9 for edge in edges) and abs(now.mid - now.trend) > 1e-9


class Seen:
    def __init__(self, memory, mid):
        self.average, self.trend, self.mid = memory.average, memory.trend, mid


@hypothesis_settings(max_examples=60)
@given(PATHS, PARAMS)
def test_a_mirrored_market_gives_the_mirrored_signal(path, params):
    strategy = MeanReversion(params)
    here, there, seconds = Memory(), Memory(), 0
    for wait, mid, half in path:
        seconds += wait
        now = Seen(here, mid / 10_000)
        first = here.first_ns == 0
        ours = strategy.decide(view(seconds, mid - half, mid + half), here)
        theirs = strategy.decide(view(seconds, 10_000 - mid - half, 10_000 - mid + half), there)
        assert here.average == pytest.approx(1 - there.average)
        if first or not clear_of_edges(params, now) or abs(abs(mid - 5_000) - 4_200) < 1:
            continue
        assert type(ours) is type(theirs)
        if isinstance(ours, Wait):
            assert ours == theirs
        else:
            assert theirs.token == 1 - ours.token
            assert (theirs.edge, theirs.confidence, theirs.size_hint) == pytest.approx(
                (ours.edge, ours.confidence, ours.size_hint)
            )


@hypothesis_settings(max_examples=60)
@given(PATHS, PARAMS)
def test_terms_add_up_to_the_edge(path, params):
    strategy, memory, seconds = MeanReversion(params), Memory(), 0
    for wait, mid, half in path:
        seconds += wait
        found = strategy.decide(view(seconds, mid - half, mid + half), memory)
        if isinstance(found, Signal):
            assert sum(term.value for term in found.why) == pytest.approx(found.edge, abs=1e-9)
            assert found.edge >= params.min_deviation
            assert params.min_confidence <= found.confidence <= 1
            assert 0 <= found.size_hint <= 1
        assert 0.01 <= memory.average <= 0.99


def test_the_average_moves_with_time_and_not_with_ticks(strategy):
    once, often = Memory(), Memory()
    for memory in (once, often):
        strategy.decide(view(0, 4950, 5050), memory)
    for i in range(1, 101):
        strategy.decide(view(i, 5950, 6050), often)
    strategy.decide(view(100, 5950, 6050), once)
    assert once.average == pytest.approx(often.average)
    assert MeanReversion(MeanReversionParams(half_life_s=100)).params.half_life_s == 100


def test_half_life_is_a_half_life():
    strategy = MeanReversion(MeanReversionParams(half_life_s=100))
    memory = Memory()
    strategy.decide(view(0, 4950, 5050), memory)
    strategy.decide(view(100, 5950, 6050), memory)
    assert memory.average == pytest.approx(0.55)


# --- exits use the estimator of the entry -----------------------------------------------------------------------------


def entered(strategy, token, mid):
    """Memory of a strategy that bought ``token`` when the mid left an average of 0.50 for ``mid``."""
    memory = warm(strategy)
    found = strategy.decide(view(121, mid - 50, mid + 50), memory)
    assert found.token == token
    held = (LONG, NONE) if token == 0 else (NONE, LONG)
    assert strategy.closes(view(121, mid - 50, mid + 50, held), memory, token) == ""
    return memory, held


@pytest.mark.parametrize(
    ("move", "reason"),
    [(0, ""), (700, ""), (760, Exit.TARGET), (1_500, Exit.TARGET), (-500, ""), (-620, Exit.STOP), (-900, Exit.STOP)],
)
@pytest.mark.parametrize("token", [0, 1])
def test_closing_by_deviation(strategy, token, move, reason):
    """Entered 0.10 away: target at a quarter of it, stop at 1.6 times it, for both tokens alike."""
    sign = 1 if token == 0 else -1
    memory, held = entered(strategy, token, 5_000 - sign * 1_000)
    mid = 5_000 - sign * 1_000 + sign * move
    assert strategy.closes(view(121.001, mid - 50, mid + 50, held), memory, token) == reason


def test_the_target_is_the_average_and_not_one_half(strategy):
    """An average of 0.30 and an entry at 0.20 closes near 0.30, far from 0.50."""
    memory = warm(strategy, mid=3000)
    assert strategy.decide(view(121, 1950, 2050), memory).token == 0
    held = (LONG, NONE)
    assert strategy.closes(view(122, 1950, 2050, held), memory, 0) == ""
    assert strategy.closes(view(122, 2850, 2950, held), memory, 0) == Exit.TARGET


def test_later_signals_do_not_move_the_entry(strategy):
    memory, held = entered(strategy, 0, 4_000)
    at_entry = memory.entered
    strategy.decide(view(122, 3_850, 3_950, held), memory)
    strategy.closes(view(122, 3_850, 3_950, held), memory, 0)
    assert memory.entered == at_entry == pytest.approx(0.1)
    strategy.decide(view(123, 3_850, 3_950), memory)
    assert memory.entered == 0.0


@pytest.mark.parametrize(("bid", "ask"), [(0, 5_000), (4_000, 10_000), (5_000, 4_000)])
def test_a_book_that_says_nothing_closes_nothing(strategy, bid, ask):
    memory, held = entered(strategy, 0, 4_000)
    assert strategy.closes(view(122, bid, ask, held), memory, 0) == ""


def test_momentum_filter():
    strategy = MeanReversion(MeanReversionParams(follow_momentum=True, momentum_half_life_s=5))
    memory = warm(strategy)
    assert strategy.decide(view(121, 4_350, 4_450), memory).reason is Hold.AGAINST_MOMENTUM
    for i in range(122, 140):
        strategy.decide(view(i, 4_150, 4_250), memory)
    turned = strategy.decide(view(140, 4_250, 4_350), memory)
    assert (turned.token, turned.exclusive) == (0, False)
