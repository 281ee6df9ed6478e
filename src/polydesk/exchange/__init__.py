"""The exchange that answers when no real one is used.

The assumptions are imported at once, the exchange when it is first used: reading a configuration must not load the
kernel.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from polydesk.exchange.config import FILL_RULE, ExchangeConfig

if TYPE_CHECKING:
    from polydesk.exchange.simulated import ExchangeState, SimulatedExchange

_LAZY = ("ExchangeState", "SimulatedExchange")

__all__ = ["FILL_RULE", "ExchangeConfig", "ExchangeState", "SimulatedExchange"]


def __getattr__(name: str) -> Any:
    """Load the exchange on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module("polydesk.exchange.simulated"), name)
    return found
