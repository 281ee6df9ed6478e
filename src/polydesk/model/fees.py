"""Dated taker fee schedules.

Source: venue documentation, section "Fees": ``fee = C x rate x (p (1 - p)) ^ exponent`` pUSD on the taker,
rounded to 5 decimals, makers pay nothing. The venue's rates have changed several times, so a schedule is
data with dates and not a constant.
"""

from datetime import UTC, datetime

import msgspec

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4

FEE_STEP_U6 = 10
"""Fees are whole multiples of 0.00001 pUSD."""

_PPM = 1_000_000


class FeeRate(msgspec.Struct, frozen=True):
    """The fee curve in force from a date on.

    Attributes:
        from_ns: First instant it applies, ns UTC.
        rate_ppm: Rate in parts per million (0.07 is 70 000).
        exponent: Power of p(1-p); 1 for every schedule since April 2026.
        rebate_ppm: Share of the taker fee paid back to makers, parts per million.
    """

    from_ns: int
    rate_ppm: int
    exponent: int = 1
    rebate_ppm: int = 0


class FeeSchedule(msgspec.Struct, frozen=True):
    """Fee rates of one market in order of their dates.

    Attributes:
        rates: At least one, ascending ``from_ns``; the first also covers everything before it.
        origin: ``venue``, ``derived`` or ``assumed``.
        note: Where it comes from.
    """

    rates: tuple[FeeRate, ...]
    origin: str
    note: str = ""

    def at(self, ts_ns: int) -> FeeRate:
        """Return the rate in force at ``ts_ns``."""
        current = self.rates[0]
        for rate in self.rates:
            if rate.from_ns > ts_ns:
                break
            current = rate
        return current

    def taker_fee_u6(self, ts_ns: int, price: int, size: int) -> int:
        """Return the taker fee in micro-pUSD for ``size`` micro-shares at grid price ``price``."""
        rate = self.at(ts_ns)
        return taker_fee_u6(price, size, rate.rate_ppm, rate.exponent)


def taker_fee_u6(price: int, size: int, rate_ppm: int, exponent: int) -> int:
    """Return ``size x rate x (p(1-p))^exponent``, rounded half up to 5 decimals of a pUSD.

    Args:
        price: Grid price, 0 to 10 000.
        size: Micro-shares.
        rate_ppm: Rate in parts per million.
        exponent: Non-negative whole power.

    Returns:
        The fee in micro-pUSD, a multiple of 10. Whether the venue rounds or floors is not documented; half up is
        never below the floor variant, so costs are not understated.
    """
    curve = int((price * (PRICE_ONE_G4 - price)) ** exponent)
    scale = int(_PPM * PRICE_ONE_G4 ** (2 * exponent)) * FEE_STEP_U6
    return (2 * size * rate_ppm * curve + scale) // (2 * scale) * FEE_STEP_U6


def _day(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S


_V2_START = _day("2026-04-28")
_KNOWN: dict[str, tuple[FeeRate, ...]] = {
    "crypto": (
        FeeRate(0, 0),
        FeeRate(_day("2026-01-01"), 250_000, 2, 200_000),
        FeeRate(_V2_START, 72_000, 1, 200_000),
        FeeRate(_day("2026-10-01"), 70_000, 1, 200_000),
    ),
    "sports": (
        FeeRate(0, 0),
        FeeRate(_day("2026-02-01"), 17_500, 1, 250_000),
        FeeRate(_V2_START, 30_000, 1, 250_000),
        FeeRate(_day("2026-07-01"), 50_000, 1, 150_000),
    ),
    "geopolitics": (FeeRate(0, 0),),
}
for _name in ("finance", "politics", "mentions", "tech"):
    _KNOWN[_name] = (FeeRate(0, 0), FeeRate(_V2_START, 40_000, 1, 250_000))
for _name in ("economics", "culture", "weather", "other"):
    _KNOWN[_name] = (FeeRate(0, 0), FeeRate(_V2_START, 50_000, 1, 250_000))


def assumed_schedule(category: str) -> FeeSchedule:
    """Return the published rates of a category, marked assumed: a market's own schedule may differ.

    An unknown category gets the ``other`` rates.
    """
    known = category if category in _KNOWN else "other"
    return FeeSchedule(_KNOWN[known], "assumed", f"published rates of category {known!r}, dates approximate")
