"""How good the fills were: edge against the mid before the fill, and markouts after it."""

from collections.abc import Callable, Iterable

import msgspec

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.model.records import Fill, Liquidity
from polydesk.report.money import FillLine
from polydesk.report.prices import HORIZONS_S, Prices

_HOUR_NS = 3_600 * NS_PER_S


class Quality(msgspec.Struct, frozen=True):
    """A group of fills measured against mids of their token.

    Attributes:
        key: Which fills: ``maker`` or ``taker``, a market's index, or an hour of the UTC day.
        fills: Fills with a two-sided book before them.
        shares_u6: Their shares.
        gain_u6: By horizon in seconds: what the shares were worth at the mid then, less what was paid (buys) or
            the reverse (sells), micro-pUSD. Horizon 0 is the mid before the fill: the spread captured or paid.
        measured_u6: By horizon: shares whose mid was known then.
        adverse_u6: By horizon: how far the mid moved against the fills from before them to then, micro-pUSD; a cost
            is positive. Over the shares measured at that horizon.
    """

    key: str
    fills: int
    shares_u6: int
    gain_u6: dict[int, int]
    measured_u6: dict[int, int]
    adverse_u6: dict[int, int]


def qualities(fills: Iterable[FillLine], prices: Prices) -> tuple[Quality, ...]:
    """Return the quality of maker and of taker fills, without fees; failed fills are left out."""
    found = {line.key: line for line in quality_by(fills, prices, lambda fill: fill.liquidity.value)}
    return tuple(found[kind.value] for kind in Liquidity if kind.value in found)


def quality_by_market(fills: Iterable[FillLine], prices: Prices) -> tuple[Quality, ...]:
    """Return the quality of the fills of each market."""
    found = quality_by(fills, prices, lambda fill: str(fill.market))
    return tuple(sorted(found, key=lambda line: int(line.key)))


def quality_by_hour(fills: Iterable[FillLine], prices: Prices) -> tuple[Quality, ...]:
    """Return the quality of the fills matched in each hour of the UTC day."""
    found = quality_by(fills, prices, lambda fill: f"{fill.matched_ns // _HOUR_NS % 24:02d}")
    return tuple(sorted(found, key=lambda line: line.key))


def quality_by(fills: Iterable[FillLine], prices: Prices, key_of: Callable[[Fill], str]) -> tuple[Quality, ...]:
    """Return the quality of groups of fills, without fees; failed fills are left out."""
    groups: dict[str, list[Fill]] = {}
    for line in fills:
        if line.status != "failed" and (line.fill.id, 0) in prices.after:
            groups.setdefault(key_of(line.fill), []).append(line.fill)
    return tuple(_measured(key, group, prices) for key, group in groups.items())


def markout_u6(fill: Fill, doubled_mid_g4: int) -> int:
    """Return what a fill's shares gained at a mid of their token against its price, micro-pUSD, rounded down.

    >>> from polydesk.model.orders import Side
    >>> from types import SimpleNamespace
    >>> bought = SimpleNamespace(side=Side.BUY, price_g4=4_800, size_u6=10_000_000)
    >>> markout_u6(bought, 2 * 4_850)  # 10 shares, half a cent each
    50000
    """
    return int(fill.side) * (doubled_mid_g4 - 2 * fill.price_g4) * fill.size_u6 // (2 * PRICE_ONE_G4)


def _measured(key: str, fills: list[Fill], prices: Prices) -> Quality:
    gains, measured, adverse = (dict.fromkeys((0, *HORIZONS_S), 0) for _ in range(3))
    for fill in fills:
        at_fill = markout_u6(fill, prices.after[fill.id, 0])
        for horizon in gains:
            doubled = prices.after.get((fill.id, horizon))
            if doubled is not None:
                gain = markout_u6(fill, doubled)
                gains[horizon] += gain
                adverse[horizon] += at_fill - gain
                measured[horizon] += fill.size_u6
    return Quality(key, len(fills), sum(fill.size_u6 for fill in fills), gains, measured, adverse)
