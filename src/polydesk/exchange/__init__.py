"""The exchange that answers when no real one is used."""

from polydesk.exchange.config import FILL_RULE, ExchangeConfig
from polydesk.exchange.simulated import FAR_NS, ExchangeState, SimulatedExchange

__all__ = ["FAR_NS", "FILL_RULE", "ExchangeConfig", "ExchangeState", "SimulatedExchange"]
