"""Latent fair values: what a market is worth while its book follows.

A fair value is the probability of token 0 in 10^-12. It diffuses with constant volatility in log odds, with the drift
that makes it a fair game: ``dp = p (1 - p) sigma dW``, the two-outcome case of ``dp_i = p_i sigma (dW_i - sum_j p_j
dW_j)``, which keeps the sum of all outcomes at one. News multiplies the odds, as Bayes' rule does. All of it is whole
numbers, so a path is the same on every machine.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from polydesk.model.grid import NS_PER_MS
from polydesk.tape.construct.dice import Dice

ONE_E12 = 10**12
_G4_E12 = ONE_E12 // 10_000
STEP_NS = 250 * NS_PER_MS
"""A fair value moves this often."""

_STEPS_PER_S = 4
_ROOT_STEPS = 2  # square root of _STEPS_PER_S: sigma per step is sigma per second over it
_QUARTERS = 4
_PPM = 1_000_000


class Path(NamedTuple):
    """A step function of time.

    Attributes:
        times_ns: When each value begins, ascending.
        values_e12: The values; the first also holds before its time.
    """

    times_ns: list[int]
    values_e12: list[int]

    def at_e12(self, ts_ns: int) -> int:
        """Return the probability of token 0 at a time."""
        return self.values_e12[max(0, bisect_right(self.times_ns, ts_ns) - 1)]

    def at_g4(self, ts_ns: int) -> int:
        """Return the price of token 0 at a time, on the price grid."""
        return self.at_e12(ts_ns) // _G4_E12

    def last_e12(self) -> int:
        """Return the last value."""
        return self.values_e12[-1]


def from_g4(price_g4: int) -> int:
    """Return a grid price as a probability in 10^-12."""
    return price_g4 * _G4_E12


def diffuse(p_e12: int, sigma_ppm: int, dice: Dice) -> int:
    """Return the value one step later.

    Args:
        p_e12: The value now.
        sigma_ppm: Volatility of the log odds, millionths per square root of a second.
        dice: Draws.
    """
    spread = p_e12 * (ONE_E12 - p_e12) // ONE_E12
    return _inside(p_e12 + spread * sigma_ppm * dice.quarter_sigmas() // (_QUARTERS * _ROOT_STEPS * _PPM))


def multiply_odds(p_e12: int, up: int, down: int) -> int:
    """Return the value after news that is ``up`` to ``down`` more likely when token 0 wins."""
    yes, no = p_e12 * up, (ONE_E12 - p_e12) * down
    return _inside(yes * ONE_E12 // (yes + no))


def wander(dice: Dice, first_g4: int, sigma_ppm: int, start_ns: int, end_ns: int) -> Path:
    """Return a path that only diffuses."""
    times = list(range(start_ns, end_ns, STEP_NS))
    values = [from_g4(first_g4)]
    for _ in times[1:]:
        values.append(diffuse(values[-1], sigma_ppm, dice))
    return Path(times, values)


def wander_together(
    dice: Dice, first_e12: Sequence[int], sigma_ppm: int, start_ns: int, end_ns: int
) -> tuple[Path, ...]:
    """Return the paths of outcomes that exclude each other; their sum never changes."""
    times = list(range(start_ns, end_ns, STEP_NS))
    now = list(first_e12)
    values = [[p] for p in now]
    for _ in times[1:]:
        draws = [dice.quarter_sigmas() for _ in now]
        mean = sum(p * draw for p, draw in zip(now, draws, strict=True))
        scale = _QUARTERS * _ROOT_STEPS * _PPM * ONE_E12
        moved = [p + p * sigma_ppm * (draw * ONE_E12 - mean) // scale for p, draw in zip(now, draws, strict=True)]
        moved[moved.index(max(moved))] += sum(now) - sum(moved)  # what the divisions left over
        now = moved
        for kept, p in zip(values, now, strict=True):
            kept.append(p)
    return tuple(Path(times, kept) for kept in values)


def along(dice: Dice, points: Sequence[tuple[int, int]], wiggle_g4: int, step_ns: int = STEP_NS) -> Path:
    """Return a scripted path: straight lines between ``(time, grid price)`` points, and noise that returns to them.

    The noise grows with ``p (1 - p)``; ``wiggle_g4`` is about its standard deviation at one half.
    """
    times: list[int] = []
    values: list[int] = []
    noise = 0
    for (from_ns, first), (to_ns, last) in pairwise(points):
        for at in range(from_ns, to_ns, step_ns):
            line = from_g4(first) + from_g4(last - first) * (at - from_ns) // (to_ns - from_ns)
            # An average over some ten steps: each keeps 9 tenths, and the draws' spread is scaled to the wiggle.
            noise = noise * 9 // 10 + from_g4(wiggle_g4) * dice.quarter_sigmas() * 44 // (100 * _QUARTERS)
            times.append(at)
            values.append(_inside(line + noise * 4 * line // ONE_E12 * (ONE_E12 - line) // ONE_E12))
    return Path(times, values)


def comes_true(dice: Dice, p_e12: int) -> bool:
    """Return whether an event of probability ``p_e12`` happens."""
    return dice.below(ONE_E12) < p_e12


def _inside(p_e12: int) -> int:
    # Far below any tick; keeps odds finite.
    return min(max(p_e12, _G4_E12 // 10), ONE_E12 - _G4_E12 // 10)
