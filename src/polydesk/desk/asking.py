"""Asking a strategy: guarded against its errors, its answer looked at before anybody acts on it."""

from typing import Any

from polydesk.desk.guard import guarded
from polydesk.desk.state import Desk
from polydesk.model.reasons import Hold
from polydesk.signals import Answer, Strategy, View, Wait, checked, checked_exit

_FAILED = Wait(Hold.STRATEGY_ERROR)


def ask(desk: Desk, strategy: Strategy[Any, Any], view: View) -> Answer:
    """Return what a strategy wants now; a strategy that failed, or failed too often, waits."""
    if strategy.name in desk.state.disabled:
        return _FAILED
    market = view.market.index
    return guarded(desk, strategy.name, market, _decide, desk, strategy, view, market) or _FAILED


def ask_exit(desk: Desk, strategy: Strategy[Any, Any], view: View, token: int) -> str:
    """Return why a strategy itself wants a position closed, or ``""``."""
    if strategy.name in desk.state.disabled:
        return ""
    market, memory = view.market.index, desk.memory_of(strategy, view.market.index)
    return guarded(desk, strategy.name, market, _closes, strategy, view, memory, token) or ""


def _decide(desk: Desk, strategy: Strategy[Any, Any], view: View, market: int) -> Answer:
    answer = strategy.decide(view, desk.memory_of(strategy, market))
    # Answers cannot change: one that is given again was looked at already.
    known = desk.good.get((strategy.name, market))
    if known is None or answer is not known:
        desk.good[strategy.name, market] = checked(answer)
    return answer


def _closes(strategy: Strategy[Any, Any], view: View, memory: Any, token: int) -> str:
    return checked_exit(strategy.closes(view, memory, token))
