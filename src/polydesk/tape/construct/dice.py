"""Reproducible draws in whole numbers: the same names give the same numbers on every machine and Python.

Source: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
"""

from hashlib import sha256

_WORD = (1 << 64) - 1
_GROUPS = 21
_PER_WAIT = 7_500
"""A wait is a geometric count (mean 7) and an even rest (mean one half), in thousandths."""


class Dice:
    """A stream of draws named by what it is for, so that one part of a tape never shifts the draws of another.

    Args:
        names: What the draws are for; the seed belongs to them.
    """

    def __init__(self, *names: str | int) -> None:
        digest = sha256("/".join(map(str, names)).encode()).digest()
        self._state = int.from_bytes(digest[:8], "big")

    @classmethod
    def of_state(cls, state: int) -> "Dice":
        """Return dice with a given 64-bit state."""
        dice = cls()
        dice._state = state & _WORD
        return dice

    def bits(self) -> int:
        """Return 64 even bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _WORD
        word = self._state
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
        return word ^ (word >> 31)

    def below(self, count: int) -> int:
        """Return an even draw from 0 to ``count - 1``."""
        return (self.bits() * count) >> 64

    def between(self, low: int, high: int) -> int:
        """Return an even draw from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return true in ``percent`` of a hundred cases."""
        return self.below(100) < percent

    def quarter_sigmas(self) -> int:
        """Return a bell-shaped draw in quarters of its standard deviation: the balance of 64 coins, -32 to 32."""
        return self.bits().bit_count() - 32

    def waiting(self, mean: int) -> int:
        """Return an almost exponential waiting time, at least 1."""
        slots = 0
        while True:
            word = self.bits()
            for _ in range(_GROUPS):
                if not word & 7:
                    return max(1, (slots * 1_000 + self.below(1_000)) * mean // _PER_WAIT)
                word >>= 3
                slots += 1
