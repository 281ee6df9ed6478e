"""Seeded draws that need no state: the same names give the same number in every run, in any order."""

from hashlib import blake2b

_SCALE = float(1 << 64)


def uniform(seed: int, name: str) -> float:
    """Return a number in [0, 1) that depends on the seed and the name only."""
    digest = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _SCALE


def spread_ns(base_ns: int, jitter: float, seed: int, name: str) -> int:
    """Return ``base_ns`` spread evenly over +- ``jitter`` of itself."""
    return round(base_ns * (1.0 + jitter * (2.0 * uniform(seed, name) - 1.0)))
