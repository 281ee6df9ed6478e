"""Ledger rows of orders and fills: what each record of their life changes."""

from typing import Any

import msgspec

from polydesk.model.errors import InvariantBroken
from polydesk.model.orders import OrderState, Side
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
)
from polydesk.store import accounts, tables
from polydesk.store.changes import Changes, Contradiction
from polydesk.store.positions import traded_cash_u6
from polydesk.store.rows import FillRow, OrderRow


def as_json(value: Any) -> str:
    """Return a value as the JSON text of a column."""
    return msgspec.json.encode(value).decode()


def _event(changes: Changes, record: Any, event: str, reason: str = "", message: str = "") -> None:
    changes.add(
        tables.order_events,
        seq=record.seq,
        ts_ns=record.ts_ns,
        intent=record.intent if isinstance(record.intent, str) else record.intent.id,
        event=event,
        reason=reason,
        message=message,
    )


def _order(changes: Changes, intent: str) -> OrderRow:
    order = changes.order(intent)
    if order is None:
        raise Contradiction(
            f"session {changes.session}, record {changes.record}: order {intent} was never sent; "
            "the journal is of another version or was edited"
        )
    return order


def _follow(changes: Changes, record: Any, reason: str = "") -> OrderRow:
    """Move an order by what was sent or heard, as the desk does; ``reason`` is kept when it ends the order."""
    row = _order(changes, record.intent)
    order = changes.working.find(record.intent)
    try:
        if not isinstance(record, CancelSent):
            changes.working.apply(record)
        elif not order.state.terminal:
            changes.working.cancelling(record.intent)
    except InvariantBroken as err:
        raise Contradiction(
            f"session {changes.session}, record {changes.record}: {err}; a person has to look at it"
        ) from err
    if order.state is not row.state:
        row.done_reason = reason if order.state.terminal else ""
        row.changed_ns = record.ts_ns
    row.state, row.acked, row.cancels = order.state, order.acked, order.cancels
    return row


def order_sent(changes: Changes, record: OrderSent) -> None:
    """Make the order's row."""
    intent = record.intent
    if changes.order(intent.id) is not None:
        raise Contradiction(f"session {changes.session}, record {changes.record}: order {intent.id} was sent twice")
    changes.made.add(("orders", intent.id))
    changes.orders[intent.id] = OrderRow(
        session=changes.session,
        intent=intent.id,
        record=changes.record,
        seq=record.seq,
        ts_ns=record.ts_ns,
        strategy=intent.strategy,
        market=intent.market,
        token=intent.token,
        side=int(intent.side),
        type=intent.type.value,
        post_only=intent.post_only,
        price_g4=intent.price_g4,
        size_u6=intent.size_u6,
        purpose=intent.purpose.value,
        reason=intent.reason,
        expires_ns=intent.expires_ns,
        why=as_json(intent.why),
        checks=as_json(record.checks),
        state=OrderState.PENDING,
        done_reason="",
        changed_ns=record.ts_ns,
        acked=False,
        cancels=0,
        filled_u6=0,
        filled_u10=0,
        fees_u6=0,
        failed_u6=0,
    )
    changes.working.add(intent, record.ts_ns)
    _event(changes, record, "sent")


def order_ack(changes: Changes, record: OrderAck) -> None:
    """The venue has the order."""
    _follow(changes, record)
    _event(changes, record, "ack", record.status)


def order_rejected(changes: Changes, record: OrderRejected) -> None:
    """The venue refused the order."""
    _follow(changes, record, record.reason)
    _event(changes, record, "rejected", record.reason, record.message)


def order_done(changes: Changes, record: OrderDone) -> None:
    """The order left the book."""
    _follow(changes, record, record.reason)
    _event(changes, record, "done", record.reason)


def order_lost(changes: Changes, record: OrderLost) -> None:
    """No answer: the order is unknown until the venue tells."""
    _follow(changes, record)
    _event(changes, record, "lost")


def cancel_sent(changes: Changes, record: CancelSent) -> None:
    """A cancel is on its way."""
    _follow(changes, record)
    _event(changes, record, "cancel_sent", record.reason)


def cancel_rejected(changes: Changes, record: CancelRejected) -> None:
    """The order lives on, or is gone and a fill is on its way."""
    _follow(changes, record)
    _event(changes, record, "cancel_rejected", record.reason)


def fill_matched(changes: Changes, record: Fill) -> None:
    """Add a fill to its order and to the position of the order's strategy; a repeated report changes nothing."""
    order = _order(changes, record.intent)
    if record.id in changes.fills:
        _event(changes, record, "fill_repeated", message=record.id)
        return
    _follow(changes, record)
    order.changed_ns = record.ts_ns
    row = FillRow(
        session=changes.session,
        id=record.id,
        record=changes.record,
        seq=record.seq,
        ts_ns=record.ts_ns,
        intent=record.intent,
        strategy=order.strategy,
        market=record.market,
        token=record.token,
        side=int(record.side),
        price_g4=record.price_g4,
        size_u6=record.size_u6,
        cash_u6=traded_cash_u6(Side(record.side), record.price_g4, record.size_u6),
        fee_u6=record.fee_u6,
        liquidity=record.liquidity.value,
        cause=record.cause.value,
        matched_ns=record.matched_ns,
        status="matched",
        final_record=None,
        final_ns=None,
        booked=False,
    )
    changes.made.add(("fills", record.id))
    changes.fills[record.id] = row
    _count(order, row, 1)
    _event(changes, record, "fill", message=record.id)
    accounts.match(changes, row)


def fill_of_no_worth(changes: Changes, record: Fill) -> None:
    """Move the order of a fill that is known to fail later, and book nothing."""
    order = _follow(changes, record)
    order.failed_u6 += record.size_u6
    order.changed_ns = record.ts_ns


def _count(order: OrderRow, fill: FillRow, sign: int) -> None:
    order.filled_u6 += sign * fill.size_u6
    order.filled_u10 += sign * fill.size_u6 * fill.price_g4
    order.fees_u6 += sign * fill.fee_u6


def fill_status(changes: Changes, record: FillStatus) -> None:
    """Make a fill final: confirmed, or failed and taken out again."""
    fill = changes.fills.get(record.fill)
    if fill is None:
        raise Contradiction(
            f"session {changes.session}, record {changes.record}: fill {record.fill} was never matched; "
            "the journal is of another version or was edited"
        )
    status = "confirmed" if record.confirmed else "failed"
    if fill.status != "matched":
        return
    fill.status, fill.final_record, fill.final_ns = status, changes.record, record.ts_ns
    changes.add(
        tables.order_events,
        seq=record.seq,
        ts_ns=record.ts_ns,
        intent=fill.intent,
        event=f"fill_{status}",
        reason="",
        message=fill.id,
    )
    if not record.confirmed:
        order = _order(changes, fill.intent)
        _count(order, fill, -1)
        order.failed_u6 += fill.size_u6
    accounts.finish(changes, fill)
