"""Errors of strategies: written down, counted, and after too many the strategy is no longer asked."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from polydesk.desk.state import Desk
from polydesk.model.records import StrategyFailed

P = ParamSpec("P")
T = TypeVar("T")


def guarded(desk: Desk, strategy: str, market: int, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Return the strategy's answer to ``ask(*args)``, or ``None`` when it raised an error.

    A strategy is somebody's code: its error must not stop the exits of the others. It is an output of the desk, so a
    replay meets it at the same place.
    """
    try:
        return ask(*args, **kwargs)
    except Exception as err:  # noqa: BLE001 - the one boundary around code that is not ours
        state = desk.state
        state.errors[strategy] = state.errors.get(strategy, 0) + 1
        disabled = state.errors[strategy] >= desk.config.strategy_errors
        if disabled:
            state.disabled.add(strategy)
        told = f"{type(err).__name__}: {_text_of(err)}"
        desk.out.append(StrategyFailed(state.seq, state.now_ns, strategy, market, told, disabled))
        return None


def _text_of(err: Exception) -> str:
    """Return an error's text as a journal can hold it; an error that cannot tell itself is somebody's code, too."""
    try:
        return str(err).encode("utf-8", "replace").decode()
    except Exception:  # noqa: BLE001 - part of the boundary above: an error class of a strategy has a `__str__` of its own
        return "(its text cannot be made)"
