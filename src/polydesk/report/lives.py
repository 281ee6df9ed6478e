"""The life of each order: what was asked, answered, filled and how it ended, told from the journal."""

from collections.abc import Iterable

import msgspec

from polydesk.model.grid import cost_u6
from polydesk.model.ids import IntentId
from polydesk.model.orders import Check, Intent, OrderState
from polydesk.model.records import (
    CancelRejected,
    CancelSent,
    Fill,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
)

LifeEvent = OrderAck | OrderRejected | OrderDone | OrderLost | CancelSent | CancelRejected | Fill


class Life(msgspec.Struct):
    """One order.

    Attributes:
        intent: What was asked.
        checks: Its permit, or the checks up to the one that refused it.
        sent_seq: Tape row after which it was sent or refused.
        sent_ns: When, virtual time.
        refused: ``Refusal`` code; empty when permitted.
        events: Everything that happened to it, in order.
        filled_u6: Micro-shares filled.
        paid_u6: Price x size of its fills, micro-pUSD.
        fees_u6: Fees of its fills.
        state: As far as the desk knows.
        end: Why it left the book; empty while it works.
    """

    intent: Intent
    checks: tuple[Check, ...]
    sent_seq: int
    sent_ns: int
    refused: str = ""
    events: list[LifeEvent] = msgspec.field(default_factory=list)
    filled_u6: int = 0
    paid_u6: int = 0
    fees_u6: int = 0
    state: OrderState = OrderState.PENDING
    end: str = ""


def lives(records: Iterable[Record]) -> dict[IntentId, Life]:
    """Return every order and refused order of the session by its id, in order of creation."""
    found: dict[IntentId, Life] = {}
    for record in records:
        match record:
            case OrderSent(seq, ts_ns, intent, checks):
                found[intent.id] = Life(intent, checks, seq, ts_ns)
            case Refused(seq, ts_ns, intent, code, checks):
                found[intent.id] = Life(intent, checks, seq, ts_ns, code, state=OrderState.REJECTED, end=code)
            case OrderAck() | OrderRejected() | OrderDone() | OrderLost() | CancelSent() | CancelRejected() | Fill():
                life = found.get(record.intent)
                if life is not None:
                    _advance(life, record)
    return found


def _advance(life: Life, event: LifeEvent) -> None:
    life.events.append(event)
    match event:
        case OrderAck():
            _move(life, OrderState.LIVE, "")
        case OrderRejected():
            _move(life, OrderState.REJECTED, event.reason)
        case OrderDone():
            _move(life, OrderState.CANCELLED, event.reason)
        case OrderLost():
            _move(life, OrderState.UNKNOWN, "")
        case CancelSent():
            _move(life, OrderState.CANCELLING, event.reason)
        case CancelRejected():
            _move(life, OrderState.LIVE, "")
        case Fill():
            life.filled_u6 += event.size_u6
            life.paid_u6 += cost_u6(event.price_g4, event.size_u6)
            life.fees_u6 += event.fee_u6
            if life.filled_u6 >= life.intent.size_u6:
                life.state, life.end = OrderState.MATCHED, ""


def _move(life: Life, state: OrderState, end: str) -> None:
    if not life.state.terminal:
        life.state, life.end = state, end
