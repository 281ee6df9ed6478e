"""Voting: floor, consensus, exclusive; the terms add up; no token is preferred."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from pydantic import ValidationError

from polydesk.model.orders import Term
from polydesk.model.reasons import Hold
from polydesk.signals import EnsembleParams, Signal, Vote, Wait, vote


def signal(token=0, confidence=0.5, edge=0.1, hint=0.5, **more):
    return Signal(token, confidence, edge, hint, (Term("average", edge + 0.5), Term("mid", -0.5)), **more)


UNIT = st.integers(0, 100).map(lambda n: n / 100)
SIGNALS = st.dictionaries(
    st.sampled_from("abcd"),
    st.builds(signal, token=st.integers(0, 1), confidence=UNIT, edge=UNIT, hint=UNIT),
    min_size=1,
)
PARAMS = st.builds(
    EnsembleParams,
    signal_floor=st.sampled_from((0.0, 0.12, 0.5)),
    consensus_min=st.integers(1, 3),
    weights=st.dictionaries(st.sampled_from("abcd"), st.sampled_from((0.0, 0.5, 1.0, 3.0))),
)


def swapped(one):
    return Signal(1 - one.token, one.confidence, one.edge, one.size_hint, one.why, one.exclusive)


@given(SIGNALS, PARAMS)
def test_terms_add_up_and_limits_hold(signals, params):
    found = vote(signals, params)
    if isinstance(found, Wait):
        assert found.reason in {Hold.WEAK_SIGNAL, Hold.NO_CONSENSUS}
        return
    assert sum(term.value for term in found.why) == pytest.approx(found.edge, abs=1e-9)
    assert found.confidence >= params.signal_floor
    assert 0 < found.confidence <= 1
    assert 0 <= found.size_hint <= 1
    assert len(found.strategies) >= params.consensus_min
    assert all(signals[name].token == found.token for name in found.strategies)
    assert abs(found.edge) <= max(one.edge for one in signals.values()) + 1e-12


@given(SIGNALS, PARAMS)
def test_swapping_the_tokens_swaps_the_answer(signals, params):
    here = vote(signals, params)
    there = vote({name: swapped(one) for name, one in signals.items()}, params)
    if isinstance(here, Wait):
        assert here == there
    else:
        assert isinstance(there, Vote)
        assert there.token == 1 - here.token
        assert (there.confidence, there.edge, there.size_hint) == (here.confidence, here.edge, here.size_hint)
        assert (there.why, there.strategies) == (here.why, here.strategies)


@given(SIGNALS, PARAMS, st.sampled_from("abcd"))
def test_weight_zero_has_no_voice_in_the_edge(signals, params, name):
    params = params.model_copy(update={"weights": {**params.weights, name: 0.0}, "consensus_min": 1})
    others = {n: s for n, s in signals.items() if n != name}
    if others and name in signals:
        here, there = vote(signals, params), vote(others, params)
        assert isinstance(here, Wait) == isinstance(there, Wait)
        if isinstance(here, Vote):
            assert here.edge == pytest.approx(there.edge)
            assert here.token == there.token


def test_opposite_signals_cancel_out():
    found = vote({"a": signal(0, 0.8), "b": signal(1, 0.8)}, EnsembleParams(signal_floor=0.0))
    assert found.reason is Hold.WEAK_SIGNAL


@pytest.mark.parametrize(("floor", "passes"), [(0.5, True), (0.51, False)])
def test_floor(floor, passes):
    found = vote({"a": signal(confidence=0.5)}, EnsembleParams(signal_floor=floor))
    assert isinstance(found, Vote) is passes
    if not passes:
        assert (found.reason, found.why) == (Hold.WEAK_SIGNAL, (Term("confidence", 0.5, "1"),))


def test_consensus_counts_only_those_who_agree():
    params = EnsembleParams(consensus_min=2)
    assert vote({"a": signal(0, 0.9), "b": signal(1, 0.2)}, params).reason is Hold.NO_CONSENSUS
    assert vote({"a": signal(0, 0.9), "b": signal(0, 0.2)}, params).strategies == ("a", "b")


def test_exclusive_stands_alone_but_not_below_the_floor():
    alone = vote({"a": signal(0, 0.9), "b": signal(1, 0.4, 0.2, exclusive=True)}, EnsembleParams(consensus_min=2))
    assert (alone.token, alone.strategies, alone.exclusive) == (1, ("b",), True)
    assert sum(term.value for term in alone.why) == pytest.approx(0.2)
    weak = vote({"b": signal(1, 0.1, exclusive=True)}, EnsembleParams())
    assert weak.reason is Hold.WEAK_SIGNAL


def test_weights_shift_the_mean():
    params = EnsembleParams(weights={"a": 3.0})
    found = vote({"a": signal(0, 0.8, 0.2), "b": signal(0, 0.4, 0.1)}, params)
    assert found.confidence == pytest.approx(0.7)
    assert found.edge == pytest.approx(0.175)
    assert {term.name for term in found.why} == {"a.average", "a.mid", "b.average", "b.mid"}


def test_no_weight_at_all_holds():
    assert vote({"a": signal()}, EnsembleParams(weights={"a": 0})).reason is Hold.WEAK_SIGNAL


def test_a_negative_weight_is_an_error():
    with pytest.raises(ValidationError, match="weights"):
        EnsembleParams(weights={"a": -1})
