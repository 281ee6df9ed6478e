"""What a report assumes and demands: reward terms, guards and the rules of the verdict."""

from decimal import Decimal

from polydesk.model.grid import PRICE_ONE_G4, SHARE_U6, cash_u6
from polydesk.model.market import Fact, Origin, RewardTerms
from polydesk.model.params import Params, param


class RewardParams(Params):
    """Liquidity reward terms for markets whose recording states none; without a pool nothing is estimated."""

    daily_pool: Decimal = param(Decimal(0), "pUSD", "pool that a market shares out per UTC day; 0: not known", low=0)
    min_size: float = param(50.0, "shares", "smallest order that counts", low=0)
    max_spread: float = param(0.03, "price", "distance from the midpoint at which an order counts nothing", low=0.001)

    def terms(self) -> Fact[RewardTerms] | None:
        """Return the assumed terms; ``None`` when no pool is configured."""
        if not self.daily_pool:
            return None
        terms = RewardTerms(
            cash_u6(self.daily_pool), round(self.min_size * SHARE_U6), round(self.max_spread * PRICE_ONE_G4)
        )
        return Fact(terms, Origin.ASSUMED, "configured: report.rewards")


class GuardLimits(Params):
    """Above these a number is taken for an error and not shown."""

    annual_return: float = param(10.0, "fraction", "largest believable return in a year", low=0)
    sharpe: float = param(12.0, "1", "largest believable Sharpe or Sortino ratio, either sign", low=0)
    day_return: float = param(1.0, "fraction", "largest believable return in one UTC day, of the equity before", low=0)


class VerdictLimits(Params):
    """What a strategy must show before real money is put on it."""

    min_days: int = param(30, "count", "UTC days with data", low=1)
    min_fills: int = param(300, "count", "fills that were not reversed", low=1)
    min_markets: int = param(10, "count", "markets with fills", low=1)
    confidence: float = param(0.95, "fraction", "of the two-sided bootstrap interval of the PnL", low=0.5, high=0.999)
    draws: int = param(2_000, "count", "bootstrap samples", low=100, high=100_000)
    min_blocks: int = param(
        20, "count", "blocks of hours with a result without which there is no bootstrap interval", low=2
    )
    max_drawdown: float = param(0.25, "fraction", "deepest fall of equity from its high", low=0, high=1)
    max_failed: float = param(0.05, "fraction", "of fills that failed to settle", low=0, high=1)


class ReportConfig(Params):
    """How sessions are judged; no part of what a session does."""

    rewards: RewardParams = param(RewardParams(), "-", "assumed liquidity reward terms")
    guards: GuardLimits = param(GuardLimits(), "-", "numbers that cannot be")
    verdict: VerdictLimits = param(VerdictLimits(), "-", "rules for deploying")
