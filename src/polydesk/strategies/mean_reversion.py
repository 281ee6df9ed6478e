"""Mean reversion: buy the token that trades below a slow average of the mid, leave when it has come back.

The average moves with time, not with ticks, and entries and exits use the same one.
"""

import msgspec

from polydesk.model.orders import Term
from polydesk.model.params import param
from polydesk.model.reasons import Exit, Hold
from polydesk.signals import ExitRules, Signal, Strategy, StrategyParams, View, Wait, decay


class MeanReversionParams(StrategyParams):
    """Parameters of mean reversion."""

    half_life_s: float = param(186.0, "s", "half-life of the average mid", low=1, tunable=True)
    warm_up_s: float = param(60.0, "s", "history needed before the first signal", low=0)
    min_deviation: float = param(0.05, "price", "smallest distance of mid and average", low=0, high=1, tunable=True)
    sensitivity: float = param(0.2, "price", "distance that gives full conviction", low=0.001, high=1, tunable=True)
    min_confidence: float = param(0.30, "1", "smallest confidence that signals", low=0, high=1, tunable=True)
    extreme: float = param(0.08, "price", "no signals when the mid is closer than this to 0 or 1", low=0, high=0.5)
    max_spread: float = param(0.02, "price", "widest spread that is traded", low=0, high=1, tunable=True)
    follow_momentum: bool = param(False, "-", "skip signals against the trend")
    momentum_half_life_s: float = param(20.0, "s", "half-life of the average the trend is measured from", low=1)
    target_fraction: float = param(
        0.25, "fraction", "deviation left, of that at entry, that counts as come back", low=0, high=1
    )
    target_floor: float = param(0.01, "price", "deviation that always counts as come back", low=0)
    stop_ratio: float = param(1.6, "1", "deviation, of that at entry, that counts as wrong", low=1, tunable=True)
    exits: ExitRules = param(
        ExitRules(max_hold_s=300, stop_loss=0.20, take_profit=0.25, min_hold_s=5, before_end_s=15), "-", "generic exits"
    )


class Memory(msgspec.Struct):
    """What mean reversion remembers of one market.

    Attributes:
        first_ns: Time of the first mid.
        last_ns: Time of the last mid.
        average: Slow average of the mid of token 0.
        trend: Fast average of the mid, for momentum.
        asked: Deviation when it last signalled.
        entered: Deviation it entered at; 0 while flat.
    """

    first_ns: int = 0
    last_ns: int = 0
    average: float = 0.0
    trend: float = 0.0
    asked: float = 0.0
    entered: float = 0.0


class MeanReversion(Strategy[MeanReversionParams, Memory]):
    """Signal strategy over the mid of one market."""

    name = "mean_reversion"
    state_type = Memory

    def decide(self, view: View, state: Memory) -> Signal | Wait:
        """Judge the mid against the average, then move the average."""
        if view.crossed:
            return Wait(Hold.CROSSED)
        if not view.two_sided:
            return Wait(Hold.ONE_SIDED)
        if state.first_ns == 0:
            state.first_ns = state.last_ns = view.ts_ns
            state.average = state.trend = view.mid
        answer = self._judge(view, state)
        self._move(view, state)
        return answer

    def closes(self, view: View, state: Memory, token: int) -> str:
        """Close when the deviation is gone (``target``) or has grown past ``stop_ratio`` (``stop``)."""
        if state.first_ns == 0 or not view.two_sided or view.crossed:
            return ""
        if state.entered == 0.0:
            state.entered = state.asked
        now = state.average - view.mid
        ours = now if token == 0 else -now
        at_entry = abs(state.entered)
        if ours <= max(self.params.target_floor, self.params.target_fraction * at_entry):
            return Exit.TARGET.value
        if at_entry and ours >= self.params.stop_ratio * at_entry:
            return Exit.STOP.value
        return ""

    def _judge(self, view: View, state: Memory) -> Signal | Wait:
        p = self.params
        mid = view.mid
        deviation = state.average - mid
        if view.held[0].shares_u6 == 0 and view.held[1].shares_u6 == 0:
            state.entered = 0.0
        if (view.ts_ns - state.first_ns) / 1e9 < p.warm_up_s:
            return Wait(Hold.WARMING_UP)
        if mid < p.extreme or mid > 1 - p.extreme:
            return Wait(Hold.EXTREME_PRICE)
        if view.spread > p.max_spread:
            return Wait(Hold.SPREAD)
        if abs(deviation) < p.min_deviation:
            return Wait(Hold.SMALL_DEVIATION)
        confidence = min(1.0, abs(deviation) / (0.75 * p.sensitivity))
        if confidence < p.min_confidence:
            return Wait(Hold.LOW_CONFIDENCE)
        if p.follow_momentum and (mid - state.trend) * deviation < 0:
            return Wait(Hold.AGAINST_MOMENTUM)
        bias = min(1.0, abs(deviation) / p.sensitivity)
        state.asked = deviation
        up = deviation > 0
        sign = 1.0 if up else -1.0
        return Signal(
            token=0 if up else 1,
            confidence=confidence,
            edge=abs(deviation),
            size_hint=min(1.0, confidence + bias / 2),
            why=(Term("average", sign * state.average), Term("mid", -sign * mid)),
        )

    def _move(self, view: View, state: Memory) -> None:
        elapsed_s = (view.ts_ns - state.last_ns) / 1e9
        kept = decay(elapsed_s, self.params.half_life_s)
        state.average = min(0.99, max(0.01, kept * state.average + (1 - kept) * view.mid))
        kept = decay(elapsed_s, self.params.momentum_half_life_s)
        state.trend = kept * state.trend + (1 - kept) * view.mid
        state.last_ns = view.ts_ns
