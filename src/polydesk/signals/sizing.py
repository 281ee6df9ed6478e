"""From a signal to a size. A result below the venue's minimum is no order; nothing is rounded up.

Source: the originals' sizing (balance x largest position x clip(hint x confidence) x volatility factor), without the
final raise to a minimum; unknown volatility counts as high.
"""

import math

from pydantic import model_validator

from polydesk.model.grid import LOT_U6, floor_to, shares_for_u6
from polydesk.model.orders import Term
from polydesk.model.params import Params, param
from polydesk.signals.features import Features


class SizingParams(Params):
    """How large a signal entry is."""

    position_fraction: float = param(0.002, "fraction", "of equity in one full-size entry", low=0, high=1, tunable=True)
    smallest: float = param(0.25, "fraction", "of a full-size entry at the lowest conviction", low=0, high=1)
    high_volatility: float = param(0.10, "price", "standard deviation over a minute above which size is halved", low=0)
    medium_volatility: float = param(0.05, "price", "likewise, size is cut to three quarters", low=0)

    @model_validator(mode="after")
    def _ordered(self) -> "SizingParams":
        if self.medium_volatility > self.high_volatility:
            raise ValueError("medium_volatility must not exceed high_volatility")
        return self


def entry_size(
    equity_u6: int, conviction: float, factor: float, features: Features, price_g4: int, params: SizingParams
) -> tuple[int, tuple[Term, ...]]:
    """Return the size of an entry in micro-shares, floored to the venue's lot, and its factors.

    Args:
        equity_u6: Cash and positions at the bid, micro-pUSD.
        conviction: Size hint x confidence, 0 to 1.
        factor: The desk's own factor (below 1 in recovery).
        features: For volatility.
        price_g4: Limit price of the entry.
        params: The rules.
    """
    clipped = min(1.0, max(params.smallest, conviction))
    volatility = _volatility_factor(features, params)
    parts_ppm = math.floor(params.position_fraction * clipped * volatility * factor * 1_000_000)
    budget_u6 = max(0, equity_u6) * parts_ppm // 1_000_000
    size = floor_to(shares_for_u6(budget_u6, price_g4), LOT_U6)
    terms = (
        Term("equity", equity_u6 / 1e6, "pUSD"),
        Term("position_fraction", params.position_fraction, "1"),
        Term("conviction", clipped, "1"),
        Term("volatility_factor", volatility, "1"),
        Term("recovery_factor", factor, "1"),
    )
    return size, terms


def _volatility_factor(features: Features, params: SizingParams) -> float:
    volatility = features.volatility(60.0)
    if volatility is None or volatility > params.high_volatility:
        return 0.5
    return 0.75 if volatility > params.medium_volatility else 1.0
