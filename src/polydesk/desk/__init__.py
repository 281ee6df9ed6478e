"""The pure core: one step function over state, books and events.

The configuration is imported at once, the rest when it is first used: reading a configuration must not load the kernel.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from polydesk.desk.config import DeskConfig, OrderParams

if TYPE_CHECKING:
    from polydesk.desk.core import Event, Woken, next_timer_ns, step
    from polydesk.desk.state import Desk, DeskState, equity_u6, new_desk, value_u6

_LAZY = {
    **dict.fromkeys(("Desk", "DeskState", "equity_u6", "new_desk", "value_u6"), "polydesk.desk.state"),
    **dict.fromkeys(("Event", "Woken", "next_timer_ns", "step"), "polydesk.desk.core"),
}

__all__ = [
    "Desk", "DeskConfig", "DeskState", "Event", "OrderParams", "Woken", "equity_u6", "new_desk", "next_timer_ns",
    "step", "value_u6",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a name of the core on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return found
