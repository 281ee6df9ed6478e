"""Exact numbers: prices on a grid of 1/10 000, sizes in micro-shares, cash in micro-pUSD.

This is the only module that converts between text, decimals and the integer
units; the unit is the suffix of every name (``_g4``, ``_u6``, ``_e8``, ``_ns``).
"""

from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from functools import lru_cache

from polydesk.model.errors import NumberError

PRICE_ONE_G4 = 10_000
"""One unit of collateral per share, on the price grid."""

SHARE_U6 = 1_000_000
"""One share in micro-shares."""

CASH_ONE_U6 = 1_000_000
"""One pUSD in micro-pUSD."""

REFERENCE_ONE_E8 = 100_000_000
"""One unit of a quote currency (a dollar) on the grid of reference prices."""

LOT_U6 = 10_000
"""Sizes are hundredths of a share; less than a lot cannot be sold and counts as nothing held."""

NS_PER_S = 1_000_000_000
FAR_NS = 1 << 62
"""A virtual time that never comes."""
NS_PER_MS = 1_000_000
US_PER_S = 1_000_000

_EXACT = Context(prec=60, Emax=60, Emin=-60, traps=[Inexact, InvalidOperation, Overflow, Clamped, DivisionByZero])
"""Raises where the usual context would round: a number of any length is held exactly or refused."""


def _scaled(text: str | float | Decimal, scale: int, what: str) -> int:
    told = str(text)
    if "_" in told:  # Python would read 1_0 as ten; nobody else writes numbers so
        raise NumberError(f"{what} {text!r} is not a number")
    try:
        value = _EXACT.multiply(Decimal(told), Decimal(scale))
        whole = int(value)
    except (Inexact, Overflow, Clamped) as err:
        raise NumberError(f"{what} {text!r} is too long or too large to be held exactly") from err
    except (DecimalException, ValueError, OverflowError) as err:
        raise NumberError(f"{what} {text!r} is not a number") from err
    if whole != value:
        raise NumberError(f"{what} {text!r} is finer than 1/{scale}")
    return whole


def price_g4(text: str | float | Decimal) -> int:
    """Convert a price to the grid.

    Args:
        text: A price in collateral per share, 0 to 1 inclusive, as the venue writes it (``"0.485"``, ``".48"``).

    Returns:
        The price in units of 1/10 000.

    Raises:
        NumberError: Not a number, finer than the grid, or outside 0 to 1.
    """
    price = _scaled(text, PRICE_ONE_G4, "price")
    if not 0 <= price <= PRICE_ONE_G4:
        raise NumberError(f"price {text!r} is outside 0 to 1")
    return price


def size_u6(text: str | float | Decimal) -> int:
    """Convert a share count to micro-shares.

    Raises:
        NumberError: Not a number, finer than a micro-share, or negative.
    """
    size = _scaled(text, SHARE_U6, "size")
    if size < 0:
        raise NumberError(f"size {text!r} is negative")
    return size


@lru_cache(maxsize=1024, typed=True)
def cash_u6(text: str | float | Decimal) -> int:
    """Convert an amount of pUSD to micro-pUSD; negative amounts are allowed.

    Raises:
        NumberError: Not a number or finer than a micro-pUSD.
    """
    return _scaled(text, CASH_ONE_U6, "amount")


def reference_e8(text: str | float | Decimal) -> int:
    """Convert a reference price to whole multiples of 1/100 000 000, the nearest; a half goes to the even one.

    Oracles publish up to 18 decimals, which 64 bits cannot hold for a price of 100 000; eight hold every step that
    exchanges quote in.

    Args:
        text: A price in its quote currency, above 0 (``"94123.45"``).

    Raises:
        NumberError: Not a number, not above 0, or above 90 billion.
    """
    try:
        value = Decimal(str(text)) * REFERENCE_ONE_E8
        whole = int(value.to_integral_value(ROUND_HALF_EVEN))
    except (DecimalException, ValueError, OverflowError) as err:
        raise NumberError(f"reference price {text!r} is not a number") from err
    if not 0 < whole <= 9 * 10**18:
        raise NumberError(f"reference price {text!r} is not between 0 and 90 billion")
    return whole


def reference_text(price: int) -> str:
    """Write a reference price as a decimal without trailing zeros: ``9412345000000`` becomes ``"94123.45"``."""
    return _plain(Decimal(price) / REFERENCE_ONE_E8)


def price_text(price: int) -> str:
    """Write a grid price without trailing zeros: ``4850`` becomes ``"0.485"``."""
    return _plain(Decimal(price) / PRICE_ONE_G4)


def size_text(size: int) -> str:
    """Write micro-shares as shares without trailing zeros."""
    return _plain(Decimal(size) / SHARE_U6)


def cash_text(cash: int) -> str:
    """Write micro-pUSD as pUSD without trailing zeros."""
    return _plain(Decimal(cash) / CASH_ONE_U6)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cost_u6(price: int, size: int) -> int:
    """Return what a payer gives for ``size`` shares at ``price``: price x size, rounded up to a micro-pUSD.

    Units: ``price`` on the grid, ``size`` in micro-shares, result in micro-pUSD.
    """
    return -((-price * size) // PRICE_ONE_G4)


def proceeds_u6(price: int, size: int) -> int:
    """Return what a receiver gets for ``size`` shares at ``price``: price x size, rounded down.

    Units: ``price`` on the grid, ``size`` in micro-shares, result in micro-pUSD.
    """
    return (price * size) // PRICE_ONE_G4


def shares_for_u6(cash: int, price: int) -> int:
    """Return the most micro-shares that ``cash`` micro-pUSD can pay for at ``price``, rounded down."""
    return (cash * PRICE_ONE_G4) // price


def complement_g4(price: int) -> int:
    """Return the price of the other outcome token: 1 - price."""
    return PRICE_ONE_G4 - price


def floor_to(value: int, step: int) -> int:
    """Round down to a multiple of ``step``."""
    return value - value % step


def ceil_to(value: int, step: int) -> int:
    """Round up to a multiple of ``step``."""
    return value + (-value) % step
