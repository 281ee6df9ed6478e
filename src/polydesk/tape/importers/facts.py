"""Market facts that no file states: from the slug's own words, or assumed."""

import re

from polydesk.model.grid import NS_PER_S, SHARE_U6
from polydesk.model.market import Fact, Origin

_COINS = frozenset(
    ("btc", "bitcoin", "eth", "ethereum", "sol", "solana", "xrp", "ripple", "doge", "dogecoin", "bnb", "hype")
)
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_UPDOWN = re.compile(r"^([a-z]+)-updown-(\d{1,3})([mhd])-(\d{9,10})$")

ASSUMED_TICK = Fact(100, Origin.ASSUMED, "0.01, the venue's usual tick")
ASSUMED_MIN_SIZE = Fact(5 * SHARE_U6, Origin.ASSUMED, "5 shares, the venue's usual minimum")
ASSUMED_NEG_RISK = Fact(value=False, origin=Origin.ASSUMED, note="not stated by the recording")
UNKNOWN_TIME: Fact[int | None] = Fact(None, Origin.ASSUMED, "not stated by the recording")


def category_of(slug: str) -> Fact[str]:
    """Return the fee category the slug's words tell, else ``other`` as an assumption."""
    words = frozenset(slug.lower().split("-"))
    if words & _COINS and ("updown" in words or {"up", "down"} <= words):
        return Fact("crypto", Origin.DERIVED, "coin and up/down in the slug")
    return Fact("other", Origin.ASSUMED, "no category in the recording or its slug")


def times_of(slug: str) -> tuple[Fact[int | None], Fact[int | None]]:
    """Return start and end, ns UTC, of a ``*-updown-5m-<unix start>`` slug; unknown for any other slug."""
    match = _UPDOWN.match(slug)
    if match is None:
        return UNKNOWN_TIME, UNKNOWN_TIME
    start = int(match[4]) * NS_PER_S
    length = int(match[2]) * _UNITS[match[3]] * NS_PER_S
    note = "number and length in the slug"
    return Fact(start, Origin.DERIVED, note), Fact(start + length, Origin.DERIVED, note)


def taker_delay_of(category: str) -> Fact[int]:
    """Return how long the venue is assumed to hold a marketable order: 3 s for sports, else not at all."""
    if category == "sports":
        return Fact(3 * NS_PER_S, Origin.ASSUMED, "3 s, the venue's usual hold in sports markets")
    return Fact(0, Origin.ASSUMED, "none; the recording states no hold")
