"""The pure core: one step function over state, books and events."""

from polydesk.desk.config import DeskConfig, OrderParams
from polydesk.desk.state import Desk, DeskState, equity_u6, new_desk, value_u6
from polydesk.desk.step import Event, Woken, next_timer_ns, step

__all__ = [
    "Desk", "DeskConfig", "DeskState", "Event", "OrderParams", "Woken", "equity_u6", "new_desk", "next_timer_ns",
    "step", "value_u6",
]  # fmt: skip
