"""Seeded draws that need no state: the same names give the same number in every run, in whatever order they are asked.

The generator is a hash of a counter: 32-bit MurmurHash3 of the seed, a number (of an order, a fill or a row), what the
draw is for, and a time. All of it is whole numbers below 2**63, so compiled and interpreted code agree to the bit.

Source: Appleby, MurmurHash3 (public domain), ``MurmurHash3_x86_32``.
"""

from numba import int64

from polydesk.kernel.jit import kernel
from polydesk.kernel.venue_state import VENUE, LegFact, Model, Venue

ONE_Q31 = 1 << 31

_M32 = 0xFFFFFFFF
_M31 = 0x7FFFFFFF
_BASE, _SPREAD, _FIRST, _SAMPLES = (
    int(LegFact.BASE_NS), int(LegFact.SPREAD_NS), int(LegFact.FIRST), int(LegFact.SAMPLES),
)  # fmt: skip
_SEED = int(Model.SEED)
_KINDS = 16


def chance_q31(probability: float) -> int:
    """Return a probability as the number of draws out of 2**31 that are below it."""
    return round(probability * ONE_Q31)


@kernel(int64(int64, int64))
def _times32(a: int, b: int) -> int:
    # a * b modulo 2**32 without passing 2**63.
    return (a * (b & 0xFFFF) + (((a * (b >> 16)) & 0xFFFF) << 16)) & _M32


@kernel(int64(int64, int64))
def _mixed(state: int, word: int) -> int:
    word = _times32(word, 0xCC9E2D51)
    word = _times32(((word << 15) | (word >> 17)) & _M32, 0x1B873593)
    state ^= word
    state = ((state << 13) | (state >> 19)) & _M32
    return (state * 5 + 0xE6546B64) & _M32


@kernel(int64(int64, int64))
def _finished(state: int, length: int) -> int:
    state ^= length
    state = _times32(state ^ (state >> 16), 0x85EBCA6B)
    state = _times32(state ^ (state >> 13), 0xC2B2AE35)
    return state ^ (state >> 16)


@kernel(int64(int64, int64, int64, int64), inline=False)
def draw_q31(seed: int, number: int, leg: int, at_ns: int) -> int:
    """Return a number in [0, 2**31) that depends on the four arguments only.

    Args:
        seed: 0 to 2**63 - 1.
        number: Of an order, a fill, a market or a row; not negative.
        leg: ``Leg``.
        at_ns: Time that tells two draws of one number apart; 0 where there is only one.
    """
    state = 0
    for part in (seed, number):
        state = _mixed(state, part & _M32)
        state = _mixed(state, (part >> 32) & _M32)
    state = _mixed(state, leg)
    state = _mixed(state, at_ns & _M32)
    state = _mixed(state, (at_ns >> 32) & _M32)
    return _finished(state, 28) >> 1


@kernel(int64(int64, int64))
def scaled_q31(whole: int, q31: int) -> int:
    """Return ``whole * q31 / 2**31`` rounded down, exact for every ``whole`` below 2**62."""
    return (whole >> 31) * q31 + (((whole & _M31) * q31) >> 31)


@kernel(int64(VENUE, int64, int64, int64, int64), inline=False)
def latency_ns(venue: Venue, leg: int, what: int, number: int, at_ns: int) -> int:
    """Draw how long something takes, ns.

    A constant leg is spread evenly over its base +- spread; a measured one is one of its samples, each as likely.

    Args:
        venue: State.
        leg: ``Leg.ORDER``, ``CANCEL``, ``ANSWER`` or ``FEED``.
        what: ``NewsKind`` of an answer, 0 otherwise.
        number: Of the order, fill or row.
        at_ns: Time that tells two draws of one number apart.
    """
    spread = venue.legs[leg, _SPREAD]
    samples = venue.legs[leg, _SAMPLES]
    if spread == 0 and samples == 0:
        fixed: int = venue.legs[leg, _BASE]
        return fixed
    q31 = draw_q31(venue.model[_SEED], number, leg + _KINDS * what, at_ns)
    if samples > 0:
        measured: int = venue.samples[venue.legs[leg, _FIRST] + scaled_q31(samples, q31)]
        return measured
    drawn: int = venue.legs[leg, _BASE] - spread + scaled_q31(2 * spread + 1, q31)
    return drawn
