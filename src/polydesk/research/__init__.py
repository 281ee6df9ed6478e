"""Backtests, and later tuning and verdicts: many sessions judged together."""
