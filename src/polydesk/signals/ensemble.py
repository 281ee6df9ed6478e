"""Voting: several signals for one market become one, or a reason to hold.

Source: the originals' strategy engine (weighted mean of bias and confidence, floor, consensus, exclusive), with each
token at its own price and the edge as a mandatory output.
"""

from typing import Annotated

from annotated_types import Ge
from pydantic import Field

from polydesk.model.orders import Term
from polydesk.model.params import Params, param
from polydesk.model.reasons import Hold
from polydesk.signals.strategy import Signal, Wait


class EnsembleParams(Params):
    """How signals are combined."""

    signal_floor: float = param(0.12, "1", "smallest combined confidence that acts", low=0, high=1, tunable=True)
    consensus_min: int = param(1, "count", "strategies that must agree on the token", low=1, tunable=True)
    weights: dict[str, Annotated[float, Ge(0)]] = Field(
        default_factory=dict,
        description="weight per strategy, 1 when not given",
        json_schema_extra={"unit": "1", "tunable": True},
    )


class Vote(Signal, frozen=True, gc=False):
    """The combined signal and who made it."""

    strategies: tuple[str, ...] = ()


def vote(signals: dict[str, Signal], params: EnsembleParams) -> Vote | Wait:
    """Combine the signals of one market.

    The first exclusive signal stands alone. Otherwise confidence and edge are weighted means with the sign of the
    token; signals that point the other way subtract.

    Args:
        signals: By strategy name, in configuration order; not empty.
        params: Floor, consensus and weights.
    """
    for name, signal in signals.items():
        if signal.exclusive:
            return _single(name, signal, params)
    weights = {name: params.weights.get(name, 1.0) for name in signals}
    total = sum(weights.values())
    if total <= 0:
        return Wait(Hold.WEAK_SIGNAL)
    lean = sum(weights[n] * _signed(s.confidence, s) for n, s in signals.items()) / total
    token = 0 if lean > 0 else 1
    agreeing = {n: s for n, s in signals.items() if s.token == token}
    if lean == 0 or abs(lean) < params.signal_floor:
        return Wait(Hold.WEAK_SIGNAL, (Term("confidence", abs(lean), "1"),))
    if len(agreeing) < params.consensus_min:
        return Wait(Hold.NO_CONSENSUS, (Term("agreeing", len(agreeing), "1"),))
    edge = sum(weights[n] * (s.edge if s.token == token else -s.edge) for n, s in signals.items()) / total
    hint = sum(weights[n] * s.size_hint for n, s in agreeing.items()) / sum(weights[n] for n in agreeing)
    why = tuple(
        Term(f"{n}.{t.name}", (weights[n] / total) * (t.value if s.token == token else -t.value), t.unit)
        for n, s in signals.items()
        for t in s.why
    )
    return Vote(token, abs(lean), edge, hint, why, strategies=tuple(agreeing))


def _single(name: str, signal: Signal, params: EnsembleParams) -> Vote | Wait:
    if signal.confidence < params.signal_floor:
        return Wait(Hold.WEAK_SIGNAL, (Term("confidence", signal.confidence, "1"),))
    why = tuple(Term(f"{name}.{t.name}", t.value, t.unit) for t in signal.why)
    return Vote(signal.token, signal.confidence, signal.edge, signal.size_hint, why, exclusive=True, strategies=(name,))


def _signed(value: float, signal: Signal) -> float:
    return value if signal.token == 0 else -value
