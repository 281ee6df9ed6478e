"""Backtests: the desk over recorded markets."""

from polydesk.research.backtest import run_backtest, with_strategies

__all__ = ["run_backtest", "with_strategies"]
