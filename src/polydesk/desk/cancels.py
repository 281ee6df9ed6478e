"""Sending cancels."""

from polydesk.desk.state import Desk
from polydesk.model.ids import IntentId
from polydesk.model.orders import OrderState, Purpose
from polydesk.model.records import CancelSent


def cancel(desk: Desk, name: IntentId, reason: str) -> None:
    """Send a cancel; the order keeps counting until the venue answers."""
    state = desk.state
    state.working.cancelling(name)
    desk.out.append(CancelSent(state.seq, state.now_ns, name, reason))


def cancel_all(desk: Desk, reason: str, *, exits: bool) -> None:
    """Cancel every working order whose cancel is not on its way yet; closing orders only with ``exits``."""
    for name, order in list(desk.state.working.orders.items()):
        sent = order.state in {OrderState.CANCELLING, OrderState.UNKNOWN}
        if not sent and (exits or order.intent.purpose is not Purpose.EXIT):
            cancel(desk, name, reason)
