"""Statistics of a market that strategies and sizing share, updated once per wake."""

import math

import msgspec

_LN2 = math.log(2.0)
_VARIANCE_HALF_LIFE_S = 60.0


class Features(msgspec.Struct):
    """Running statistics of one market; floats, because none of them is money.

    Attributes:
        ts_ns: Time of the last update; 0 before the first.
        mid: Last mid of token 0 in price units.
        samples: Updates seen.
        variance_per_s: Exponentially weighted variance of the mid per second, half-life 60 s.
        age_s: Seconds of history behind the variance.
    """

    ts_ns: int = 0
    mid: float = 0.0
    samples: int = 0
    variance_per_s: float = 0.0
    age_s: float = 0.0

    def volatility(self, horizon_s: float) -> float | None:
        """Return the standard deviation of the mid over ``horizon_s`` in price units; ``None`` while unknown."""
        if self.age_s < _VARIANCE_HALF_LIFE_S / 2:
            return None
        return math.sqrt(self.variance_per_s * horizon_s)


def decay(elapsed_s: float, half_life_s: float) -> float:
    """Return the weight left to an old value after ``elapsed_s``: ``2^(-elapsed / half-life)``."""
    return math.exp(-_LN2 * elapsed_s / half_life_s)


def next_variance(variance_per_s: float, change: float, elapsed_s: float) -> float:
    """Return the variance per second once the mid has changed within ``elapsed_s``; the loop compiles it as it is."""
    kept = math.exp(-_LN2 * elapsed_s / _VARIANCE_HALF_LIFE_S)
    return kept * variance_per_s + (1 - kept) * change * change / elapsed_s


def observe(features: Features, ts_ns: int, mid: float) -> None:
    """Take a new mid into the statistics."""
    if features.samples:
        elapsed = (ts_ns - features.ts_ns) / 1e9
        if elapsed > 0:
            features.variance_per_s = next_variance(features.variance_per_s, mid - features.mid, elapsed)
            features.age_s += elapsed
            features.ts_ns = ts_ns
            features.mid = mid
    else:
        features.ts_ns = ts_ns
        features.mid = mid
    features.samples += 1
