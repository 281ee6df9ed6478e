"""Exact money in compiled code: cost, proceeds, fees. The same numbers as ``model.grid`` and ``model.fees``.

Products of prices, sizes and rates pass 64 bits, so they are split or held in limbs of eight decimal digits.
"""

from numba import int64
from numba.types import UniTuple

from polydesk.kernel.jit import kernel
from polydesk.model.fees import FEE_STEP_U6
from polydesk.model.grid import PRICE_ONE_G4

Limbs = tuple[int, int, int, int, int, int, int, int]

_ONE = PRICE_ONE_G4
_STEP = FEE_STEP_U6
_LIMB = 100_000_000
_LIMBS = UniTuple(int64, 8)
_TOP = 1 << 61


@kernel(int64(int64, int64))
def cost(price: int, size: int) -> int:
    """Return what a payer gives, micro-pUSD rounded up: ``model.grid.cost_u6`` for every size below 2**63."""
    whole, part = size // _ONE, size % _ONE
    return price * whole + (price * part + _ONE - 1) // _ONE


@kernel(int64(int64, int64))
def proceeds(price: int, size: int) -> int:
    """Return what a receiver gets, micro-pUSD rounded down: ``model.grid.proceeds_u6`` for every size below 2**63."""
    whole, part = size // _ONE, size % _ONE
    return price * whole + price * part // _ONE


@kernel(int64(int64, int64, int64), inline=False)
def mul_div(a: int, b: int, c: int) -> int:
    """Return ``a * b // c``, exact.

    Args:
        a: 0 to 2**61.
        b: 0 to ``c``.
        c: 1 to 2**61.
    """
    if b == 0 or a <= _TOP // b:
        return a * b // c
    # Long multiplication, one binary digit of `a` at a time: quotient and remainder stay below 2**62.
    quotient = 0
    rest = 0
    digit = 1 << 61
    while digit > 0:
        quotient *= 2
        rest *= 2
        if a & digit:
            rest += b
        while rest >= c:
            rest -= c
            quotient += 1
        digit >>= 1
    return quotient


@kernel(_LIMBS(_LIMBS, int64), inline=False)
def _times(n: Limbs, factor: int) -> Limbs:
    # `factor` below 10**8: a limb's product with the carry stays below 10**16.
    a = n[0] * factor
    b = n[1] * factor + a // _LIMB
    c = n[2] * factor + b // _LIMB
    d = n[3] * factor + c // _LIMB
    e = n[4] * factor + d // _LIMB
    f = n[5] * factor + e // _LIMB
    g = n[6] * factor + f // _LIMB
    h = n[7] * factor + g // _LIMB
    return a % _LIMB, b % _LIMB, c % _LIMB, d % _LIMB, e % _LIMB, f % _LIMB, g % _LIMB, h


@kernel(int64(int64, int64, int64, int64), inline=False)
def fee(price: int, size: int, rate_ppm: int, exponent: int) -> int:
    """Return a taker's fee, micro-pUSD: ``model.fees.taker_fee_u6`` exactly.

    Args:
        price: Grid price, 0 to 10 000.
        size: Micro-shares.
        rate_ppm: Parts per million, below 10**8.
        exponent: 0 to 3.
    """
    if rate_ppm == 0 or size == 0:
        return 0
    n = (size % _LIMB, size // _LIMB % _LIMB, size // _LIMB // _LIMB, 0, 0, 0, 0, 0)
    n = _times(n, rate_ppm)
    for _ in range(exponent):
        # (p (1 - p)) is price * (10 000 - price) / 10**8: after the product a limb is dropped, once all are multiplied.
        n = _times(n, price * (_ONE - price))
    if exponent == 0:
        low, high = n[0], (n[3] * _LIMB + n[2]) * _LIMB + n[1]
    elif exponent == 1:
        low, high = n[1], (n[4] * _LIMB + n[3]) * _LIMB + n[2]
    elif exponent == 2:
        low, high = n[2], (n[5] * _LIMB + n[4]) * _LIMB + n[3]
    else:
        low, high = n[3], (n[6] * _LIMB + n[5]) * _LIMB + n[4]
    # What is left is in 10**-13 pUSD; half up to 10**-6 x the step. 10**7 divides a limb but for one digit.
    return (high * 10 + (low + 5_000_000) // 10_000_000) * _STEP
