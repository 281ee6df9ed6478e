"""The desk's configuration, composed from what each room declares."""

from decimal import Decimal

from pydantic import model_validator

from polydesk.model.params import Params, param
from polydesk.risk import RiskLimits
from polydesk.signals import CostParams, EnsembleParams, SizingParams
from polydesk.strategies import STRATEGIES, StrategiesConfig


class OrderParams(Params):
    """How decisions become orders."""

    requote_tolerance: float = param(0.004, "price", "a quote closer than this to its target is left alone", low=0)
    entry_slippage: float = param(0.01, "price", "how far above the ask a signal entry may buy", low=0, high=0.2)
    retry_s: float = param(1.0, "s", "pause before an exit that did not fill is tried again", low=0.01)
    refused_retry_s: float = param(10.0, "s", "pause before a refused order is asked for again", low=0)


class DeskConfig(Params):
    """Everything that decides what the desk does; part of every journal."""

    cash: Decimal = param(Decimal(10_000), "pUSD", "cash at the start of a paper or backtest session", low=1)
    mark_interval_s: float = param(10.0, "s", "virtual time between two marks of the portfolio", low=0.1)
    strategy_errors: int = param(3, "count", "errors after which a strategy is no longer asked", low=1)
    strategies: StrategiesConfig = param(StrategiesConfig(), "-", "one section per strategy")  # type: ignore[valid-type]
    ensemble: EnsembleParams = param(EnsembleParams(), "-", "voting")
    cost: CostParams = param(CostParams(), "-", "cost gate")
    sizing: SizingParams = param(SizingParams(), "-", "sizing")
    orders: OrderParams = param(OrderParams(), "-", "orders")
    risk: RiskLimits = param(RiskLimits(), "-", "permits")

    @model_validator(mode="after")
    def _rooms_agree(self) -> "DeskConfig":
        unknown = sorted(set(self.ensemble.weights) - set(STRATEGIES))
        if unknown:
            raise ValueError(f"ensemble.weights names no strategy: {', '.join(unknown)}")
        if self.orders.entry_slippage > self.risk.collar:
            raise ValueError("orders.entry_slippage must not exceed risk.collar: no entry would pass")
        for name in STRATEGIES:
            if getattr(self.strategies, name).exits.slippage > self.risk.collar:
                raise ValueError(f"strategies.{name}.exits.slippage must not exceed risk.collar: no exit would pass")
        return self
