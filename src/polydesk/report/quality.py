"""How good the fills were: edge against the mid before the fill, and markouts after it."""

from collections.abc import Iterable

import msgspec

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.records import Liquidity
from polydesk.report.money import FillLine
from polydesk.report.prices import HORIZONS_S, Prices


class Quality(msgspec.Struct, frozen=True):
    """Fills of one liquidity side measured against mids of their token.

    Attributes:
        liquidity: ``maker`` or ``taker``.
        fills: Fills with a two-sided book before them.
        shares_u6: Their shares.
        gain_u6: By horizon in seconds: what the shares were worth at the mid then, less what was paid (buys) or
            the reverse (sells), micro-pUSD. Horizon 0 is the mid before the fill: the spread captured or paid.
        measured_u6: By horizon: shares whose mid was known then.
    """

    liquidity: str
    fills: int
    shares_u6: int
    gain_u6: dict[int, int]
    measured_u6: dict[int, int]


def qualities(fills: Iterable[FillLine], prices: Prices) -> tuple[Quality, ...]:
    """Return the quality of maker and of taker fills, without fees; failed fills are left out."""
    rows = [line.fill for line in fills if line.status != "failed" and (line.fill.id, 0) in prices.after]
    out = []
    for kind in Liquidity:
        mine = [fill for fill in rows if fill.liquidity is kind]
        gains = dict.fromkeys((0, *HORIZONS_S), 0)
        measured = dict.fromkeys((0, *HORIZONS_S), 0)
        for fill in mine:
            for horizon in gains:
                doubled = prices.after.get((fill.id, horizon))
                if doubled is not None:
                    edge = int(fill.side) * (doubled - 2 * fill.price_g4)
                    gains[horizon] += edge * fill.size_u6 // (2 * PRICE_ONE_G4)
                    measured[horizon] += fill.size_u6
        if mine:
            out.append(Quality(kind.value, len(mine), sum(fill.size_u6 for fill in mine), gains, measured))
    return tuple(out)
