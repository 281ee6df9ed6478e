"""Positions, cash, PnL in two columns, settlement and the accounting sentinels."""

from polydesk.portfolio.account import Account
from polydesk.portfolio.column import Column, Position, held_cost_u6, held_positions, position_key
from polydesk.portfolio.sentinels import broken_balance, broken_fee, broken_fill, broken_identities, broken_totals

__all__ = [
    "Account",
    "Column",
    "Position",
    "broken_balance",
    "broken_fee",
    "broken_fill",
    "broken_identities",
    "broken_totals",
    "held_cost_u6",
    "held_positions",
    "position_key",
]
