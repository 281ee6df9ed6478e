"""Risk limits and what each of them means."""

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pydantic import model_validator

from polydesk.model.grid import cash_u6
from polydesk.model.params import Params, param, seconds_ns


class Caps(NamedTuple):
    """The limits in the whole numbers that checks compare."""

    order_u6: int
    market_u6: int
    total_u6: int
    collar_g4: int
    stale_ns: int
    to_end_ns: int
    cooldown_ns: int


class RiskLimits(Params):
    """Limits of the permit checks. A cap is a cap: nothing is rounded up past it."""

    max_order_notional: Decimal = param(Decimal(100), "pUSD", "largest cost of one order", low=0)
    max_market_exposure: Decimal = param(
        Decimal(250), "pUSD", "largest cost of positions and open buys in one market", low=0
    )
    max_total_exposure: Decimal = param(Decimal(3_500), "pUSD", "largest cost of all positions and open buys", low=0)
    max_open_orders: int = param(40, "count", "most orders that may work at the same time", low=1)
    max_orders_per_minute: int = param(600, "count", "most orders sent within 60 s", low=1)
    collar: float = param(0.08, "price", "how far a limit may lie beyond the opposite touch", low=0, high=1)
    stale_feed_s: float = param(10.0, "s", "oldest book an entry may be based on", low=0)
    min_time_to_end_s: float = param(5.0, "s", "no entries closer than this to a market's end", low=0)
    entry_cooldown_s: float = param(30.0, "s", "pause between signal entries in one market", low=0)
    daily_loss_fraction: float = param(
        0.02, "fraction", "of starting cash lost in a day that stops entries", low=0, high=1
    )
    daily_loss_amount: Decimal = param(Decimal(0), "pUSD", "lost in a day that stops entries; 0 switches it off", low=0)
    daily_loss_counts_unrealised: bool = param(True, "-", "whether open losses at the bid count")
    daily_loss_cooldown_s: float = param(2700.0, "s", "pause after the kill switch trips before recovery begins", low=0)
    daily_loss_recovery: float = param(0.2, "fraction", "size factor during recovery", low=0, high=1)
    daily_loss_second: float = param(
        0.5, "fraction", "of the limit lost again during recovery that locks the rest of the day", low=0, high=1
    )
    day_starts_hour: int = param(0, "h UTC", "hour at which the trading day begins", low=0, high=23)

    @property
    def caps(self) -> Caps:
        """The limits as whole numbers."""
        return _caps(
            self.max_order_notional, self.max_market_exposure, self.max_total_exposure, self.collar, self.stale_feed_s,
            self.min_time_to_end_s, self.entry_cooldown_s,
        )  # fmt: skip

    @model_validator(mode="after")
    def _caps_nest(self) -> "RiskLimits":
        if not self.max_order_notional <= self.max_market_exposure <= self.max_total_exposure:
            raise ValueError("need max_order_notional <= max_market_exposure <= max_total_exposure")
        return self


@lru_cache(maxsize=64)
def _caps(
    order: Decimal, market: Decimal, total: Decimal, collar: float, stale_s: float, to_end_s: float, cooldown_s: float
) -> Caps:
    # Every order is checked against the same few: they are converted once.
    return Caps(
        cash_u6(order), cash_u6(market), cash_u6(total), round(collar * 10_000), seconds_ns(stale_s),
        seconds_ns(to_end_s), seconds_ns(cooldown_s),
    )  # fmt: skip
