"""Contracts of strategies and what happens to their answers: voting, gates, sizing, exits."""

from polydesk.orders.reconcile import Quote
from polydesk.signals.answers import checked, checked_exit
from polydesk.signals.ensemble import EnsembleParams, Vote, vote
from polydesk.signals.exits import exit_due_ns, exit_reason
from polydesk.signals.features import Features, decay, observe
from polydesk.signals.gates import CostParams, cost_terms
from polydesk.signals.sizing import SizingParams, entry_size
from polydesk.signals.strategy import Answer, ExitRules, Quotes, Signal, Strategy, StrategyParams, Wait
from polydesk.signals.view import Held, OpenOrder, View

__all__ = [
    "Answer", "CostParams", "EnsembleParams", "ExitRules", "Features", "Held", "OpenOrder", "Quote", "Quotes", "Signal",
    "SizingParams", "Strategy", "StrategyParams", "View", "Vote", "Wait", "checked", "checked_exit", "cost_terms",
    "decay", "entry_size", "exit_due_ns", "exit_reason", "observe", "vote",
]  # fmt: skip
