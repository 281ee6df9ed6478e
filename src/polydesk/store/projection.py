"""From journal records to ledger rows, one record at a time and without any input of its own.

The rows depend on the records alone, in their order: applying a journal in one go or in pieces gives the same tables.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from polydesk.model.records import (
    BalanceTold,
    CancelRejected,
    CancelSent,
    CashMoved,
    Command,
    Decision,
    Fill,
    FillStatus,
    Marked,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
    SentinelBroke,
    SessionEnded,
    SessionHalted,
    SessionResumed,
    SessionStarted,
    Settled,
    SourceChanged,
    StrategyFailed,
)
from polydesk.store import accounts, project_orders, tables
from polydesk.store.changes import Changes, Contradiction, Settlement
from polydesk.store.project_orders import as_json


def apply(changes: Changes, record: Record) -> None:
    """Apply the next record of a session.

    Raises:
        Contradiction: The record speaks of an order or fill that no record before it made, or contradicts it.
    """
    handler = _HANDLERS.get(type(record))
    if handler is not None:
        handler(changes, record)
    changes.record += 1


def _settled(changes: Changes, record: Settled) -> None:
    known = changes.settled.get(record.market)
    if known is not None and known.payout_g4 != record.payout_g4:
        raise Contradiction(
            f"session {changes.session}, record {changes.record}: market {record.market} is settled again and "
            "differently; a person has to look at it"
        )
    if known is not None:
        return
    changes.settled[record.market] = Settlement(changes.record, record.ts_ns, record.payout_g4)
    changes.add(
        tables.settlements,
        seq=record.seq,
        ts_ns=record.ts_ns,
        market=record.market,
        payout0_g4=record.payout_g4[0],
        payout1_g4=record.payout_g4[1],
        origin=record.origin,
    )
    accounts.pay_out(changes, record.market)


def _decision(changes: Changes, record: Decision) -> None:
    changes.add(tables.decisions, **msgspec.structs.asdict(record) | {"why": as_json(record.why)})


def _refused(changes: Changes, record: Refused) -> None:
    intent = record.intent
    changes.add(
        tables.refusals,
        seq=record.seq,
        ts_ns=record.ts_ns,
        intent=intent.id,
        strategy=intent.strategy,
        market=intent.market,
        token=intent.token,
        side=int(intent.side),
        price_g4=intent.price_g4,
        size_u6=intent.size_u6,
        purpose=intent.purpose.value,
        code=record.code,
        checks=as_json(record.checks),
        why=as_json(intent.why),
    )


def _cash(changes: Changes, record: CashMoved) -> None:
    changes.add(tables.cash_moves, **msgspec.structs.asdict(record))


def _failed(changes: Changes, record: StrategyFailed) -> None:
    changes.add(tables.strategy_failures, **msgspec.structs.asdict(record))


def _balance(changes: Changes, record: BalanceTold) -> None:
    shares = as_json(record.shares_u6)
    changes.add(tables.balances, seq=record.seq, ts_ns=record.ts_ns, cash_u6=record.cash_u6, shares=shares)


def _mark(changes: Changes, record: Marked) -> None:
    changes.add(
        tables.marks,
        seq=record.seq,
        ts_ns=record.ts_ns,
        cash_matched_u6=record.cash_u6[0],
        cash_confirmed_u6=record.cash_u6[1],
        value_matched_u6=record.value_u6[0],
        value_confirmed_u6=record.value_u6[1],
        exposure_u6=record.exposure_u6,
    )


def _happened(changes: Changes, record: Any, kind: str, name: str, detail: str = "") -> None:
    changes.add(
        tables.session_events,
        seq=getattr(record, "seq", None),
        ts_ns=getattr(record, "ts_ns", None),
        wall_ns=getattr(record, "wall_ns", None),
        kind=kind,
        name=name,
        detail=detail,
    )


def _command(changes: Changes, record: Command) -> None:
    _happened(changes, record, "command", record.name, record.argument)


def _source(changes: Changes, record: SourceChanged) -> None:
    _happened(changes, record, "source", record.status)


def _sentinel(changes: Changes, record: SentinelBroke) -> None:
    _happened(changes, record, "sentinel", record.name, record.detail)


def _started(changes: Changes, record: SessionStarted) -> None:
    changes.session_columns |= {
        "mode": record.mode,
        "seed": record.seed,
        "format": record.format,
        "tape_path": record.tape_path,
        "tape_sha256": record.tape_sha256,
        "tape_first": record.tape_range[0],
        "tape_end": record.tape_range[1],
        "config": record.config,
        "fingerprint": as_json(record.fingerprint),
        "started_wall_ns": record.wall_ns,
        "state": "running",
        "reason": "",
        "stopped_wall_ns": None,
        "journal_sha256": "",
    }
    _happened(changes, record, "session", "started")


def _resumed(changes: Changes, record: SessionResumed) -> None:
    changes.session_columns |= {"state": "running", "reason": "", "stopped_wall_ns": None}
    _happened(changes, record, "session", "resumed", as_json(record.fingerprint))


def _halted(changes: Changes, record: SessionHalted) -> None:
    changes.session_columns |= {"state": "halted", "reason": record.reason, "stopped_wall_ns": record.wall_ns}
    _happened(changes, record, "session", "halted", record.reason)


def _ended(changes: Changes, record: SessionEnded) -> None:
    changes.session_columns |= {
        "state": "ended",
        "reason": record.reason,
        "stopped_wall_ns": record.wall_ns,
        "journal_sha256": record.journal_sha256,
    }
    _happened(changes, record, "session", "ended", record.reason)


_HANDLERS: dict[type, Callable[[Changes, Any], None]] = {
    OrderSent: project_orders.order_sent,
    OrderAck: project_orders.order_ack,
    OrderRejected: project_orders.order_rejected,
    OrderDone: project_orders.order_done,
    OrderLost: project_orders.order_lost,
    CancelSent: project_orders.cancel_sent,
    CancelRejected: project_orders.cancel_rejected,
    Fill: project_orders.fill_matched,
    FillStatus: project_orders.fill_status,
    Settled: _settled,
    Decision: _decision,
    Refused: _refused,
    CashMoved: _cash,
    BalanceTold: _balance,
    StrategyFailed: _failed,
    Marked: _mark,
    Command: _command,
    SourceChanged: _source,
    SentinelBroke: _sentinel,
    SessionStarted: _started,
    SessionResumed: _resumed,
    SessionHalted: _halted,
    SessionEnded: _ended,
}
"""Timers move no row."""
