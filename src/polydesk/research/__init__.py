"""Backtests: the desk over recorded markets.

What needs the kernel is imported when it is first used: checking or migrating a result file must not load it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polydesk.research.backtest import run_backtest, with_strategies

_LAZY = ("run_backtest", "with_strategies")

__all__ = ["run_backtest", "with_strategies"]


def __getattr__(name: str) -> Any:
    """Load the backtest on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module("polydesk.research.backtest"), name)
    return found
