"""Numbers as people read them: with thousands separators, units and UTC times. Only text leaves this module."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from polydesk.model.grid import CASH_ONE_U6, NS_PER_MS, NS_PER_S, PRICE_ONE_G4, SHARE_U6

NONE = "-"
"""What a table shows where there is no number."""

UNITS = ("d", "h", "min", "s", "ms")
"""Units of time spans, from days to milliseconds."""

_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")
_MICRO = Decimal("0.000001")


def count(number: int) -> str:
    """Write a count: ``12,345``."""
    return f"{number:,}"


def cash(amount_u6: int | None) -> str:
    """Write micro-pUSD in pUSD: ``1,234.50``; four decimals below 10 cents, all six where those would show 0."""
    if amount_u6 is None:
        return NONE
    value = Decimal(amount_u6) / CASH_ONE_U6
    step = _CENT
    if amount_u6 and abs(amount_u6) < CASH_ONE_U6 // 10:
        step = _FINE if abs(amount_u6) >= 50 else _MICRO
    return f"{value.quantize(step, ROUND_HALF_EVEN):,f}"


def gain(amount_u6: int | None) -> str:
    """Write a profit or loss in pUSD with its sign: ``+12.30``."""
    if amount_u6 is None:
        return NONE
    return ("+" if amount_u6 > 0 else "") + cash(amount_u6)


def shares(size_u6: int | None) -> str:
    """Write micro-shares in shares, up to two decimals: ``1,250`` or ``12.35``."""
    if size_u6 is None:
        return NONE
    value = (Decimal(size_u6) / SHARE_U6).quantize(_CENT, ROUND_HALF_EVEN)
    if size_u6 and not value:
        return f"{Decimal(size_u6) / SHARE_U6:f}"
    return f"{value:,}".removesuffix(".00")


def price(price_g4: int | None) -> str:
    """Write a grid price with two decimals, or as many as it has: ``0.48``, ``0.4855``."""
    if price_g4 is None:
        return NONE
    text = f"{Decimal(price_g4) / PRICE_ONE_G4:.4f}"
    return text.removesuffix("0").removesuffix("0")


def average_price(cost_u6: int, size_u6: int) -> str:
    """Write the average price of ``size_u6`` shares that cost ``cost_u6``, four decimals."""
    if not size_u6:
        return NONE
    return f"{(Decimal(cost_u6) / Decimal(size_u6)).quantize(_FINE, ROUND_HALF_EVEN)}"


def share_of(part: int, whole: int) -> str:
    """Write ``part`` of ``whole`` in per cent: ``62.5 %``."""
    return f"{100 * part / whole:.1f} %" if whole else NONE


def rate(value: Fraction | None) -> str:
    """Write a return in per cent with its sign: ``-0.84 %``; four decimals below a hundredth of a per cent."""
    if value is None:
        return NONE
    hundredth = Fraction(1, 10_000)
    digits = 2 if not value or abs(value) >= hundredth else 4
    return f"{'+' if value > 0 else ''}{ratio(100 * value, digits)} %"


def ratio(value: Fraction, digits: int = 2) -> str:
    """Write a ratio, rounded half to even: ``0.26``."""
    return f"{Decimal(round(value * 10**digits)).scaleb(-digits):,f}"


def utc(ts_ns: int) -> str:
    """Write an instant to the second: ``2026-04-16 07:10:04``; the caller's heading says UTC."""
    return _moment(ts_ns).strftime("%Y-%m-%d %H:%M:%S") if ts_ns else NONE


def utc_ms(ts_ns: int) -> str:
    """Write an instant to the millisecond, with its zone: ``2026-04-16 07:10:04.123 UTC``."""
    return f"{_moment(ts_ns):%Y-%m-%d %H:%M:%S}.{ts_ns % NS_PER_S // NS_PER_MS:03d} UTC"


def date_and_time(ts_ns: int) -> tuple[str, str]:
    """Write an instant as date and time of day to the second: ``2026-04-16``, ``07:10:04``."""
    moment = _moment(ts_ns)
    return moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M:%S")


def duration(span_ns: int, units: tuple[str, str, str, str, str] = UNITS) -> str:
    """Write a time span with two units at most: ``850 ms``, ``4 min 10 s``, ``52 d 3 h``."""
    day, hour, minute, second, milli = units
    if span_ns < NS_PER_S:
        return f"{span_ns / NS_PER_MS:.0f} {milli}"
    seconds = round(span_ns / NS_PER_S)
    for unit, size, below, step in ((day, 86_400, hour, 3_600), (hour, 3_600, minute, 60), (minute, 60, second, 1)):
        if seconds >= size:
            rest = seconds % size // step
            return f"{seconds // size} {unit}" + (f" {rest} {below}" if rest else "")
    exact = f"{span_ns / NS_PER_S:.1f}".removesuffix(".0") if span_ns < 10 * NS_PER_S else f"{seconds}"
    return f"{exact} {second}"


def _moment(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC)
