"""The life of each order: what was asked, answered, filled and how it ended, told from the journal.

States are the desk's own (``polydesk.orders``): the report has no transitions of its own.
"""

from collections.abc import Iterable

import msgspec

from polydesk.model.errors import InvariantBroken
from polydesk.model.ids import FillId, IntentId
from polydesk.model.orders import Check, Intent, OrderState
from polydesk.model.records import (
    CancelRejected,
    CancelSent,
    Fill,
    FillStatus,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
)
from polydesk.orders import WorkingOrders

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
        filled_u6: Micro-shares filled, without fills that failed.
        failed_u6: Micro-shares of fills that failed and were reversed; the venue does not fill them anew.
        fees_u6: Fees of its fills, without those that failed.
        state: As far as the desk knows.
        end: Why it left the book; empty while it works and when it was filled.
        contradiction: What the venue said of it that cannot be; empty if nothing.
    """

    intent: Intent
    checks: tuple[Check, ...]
    sent_seq: int
    sent_ns: int
    refused: str = ""
    events: list[LifeEvent] = msgspec.field(default_factory=list)
    filled_u6: int = 0
    failed_u6: int = 0
    fees_u6: int = 0
    state: OrderState = OrderState.PENDING
    end: str = ""
    contradiction: str = ""

    @property
    def left_u6(self) -> int:
        """Micro-shares that may still be matched."""
        return 0 if self.state.terminal else self.intent.size_u6 - self.filled_u6 - self.failed_u6


def lives(records: Iterable[Record]) -> dict[IntentId, Life]:
    """Return every order and refused order of the session by its id, in order of creation."""
    found: dict[IntentId, Life] = {}
    working = WorkingOrders()
    fills: dict[FillId, Fill] = {}
    final: set[FillId] = set()
    for record in records:
        match record:
            case OrderSent(seq, ts_ns, intent, checks):
                found[intent.id] = Life(intent, checks, seq, ts_ns)
                working.add(intent, ts_ns)
            case Refused(seq, ts_ns, intent, code, checks):
                found[intent.id] = Life(intent, checks, seq, ts_ns, code, state=OrderState.REJECTED, end=code)
            case OrderAck() | OrderRejected() | OrderDone() | OrderLost() | CancelSent() | CancelRejected() | Fill():
                life = found.get(record.intent)
                # A fill that is reported again changes nothing.
                if life is None or (isinstance(record, Fill) and record.id in fills):
                    continue
                _advance(life, working, record)
                if isinstance(record, Fill):
                    fills[record.id] = record
            case FillStatus(fill=name, confirmed=confirmed) if name in fills and name not in final:
                final.add(name)
                if not confirmed:
                    _reverse(found[fills[name].intent], fills[name])
            case _:
                pass
    return found


def _advance(life: Life, working: WorkingOrders, event: LifeEvent) -> None:
    life.events.append(event)
    try:
        order = working.find(event.intent)
        if not isinstance(event, CancelSent):
            working.apply(event)
        elif not order.state.terminal:
            working.cancelling(event.intent)
    except InvariantBroken as err:
        life.contradiction = str(err)
    else:
        if order.state is not life.state:
            life.end = event.reason if isinstance(event, OrderRejected | OrderDone) and order.state.terminal else ""
            life.state = order.state
    if isinstance(event, Fill):
        life.filled_u6 += event.size_u6
        life.fees_u6 += event.fee_u6


def _reverse(life: Life, fill: Fill) -> None:
    life.filled_u6 -= fill.size_u6
    life.failed_u6 += fill.size_u6
    life.fees_u6 -= fill.fee_u6
