"""The report files of a session, computed from its journal and the names of its markets.

See ``export_rows`` for the fields and for what differs from the reports that went before. The journal is read twice:
first for the final status of every fill, then line by line; what is kept in between are the orders and positions.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from polydesk.model.errors import JournalError, LedgerError
from polydesk.model.market import Market
from polydesk.model.orders import Intent, OrderState
from polydesk.model.records import (
    Decision,
    Fill,
    FillStatus,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
    SessionStarted,
    StrategyFailed,
)
from polydesk.store import export_rows as rows
from polydesk.store.changes import Changes, NothingStored
from polydesk.store.export_rows import Context, Line
from polydesk.store.export_status import Tally, open_positions, pipeline_status
from polydesk.store.project_orders import fill_of_no_worth
from polydesk.store.projection import apply
from polydesk.store.tables import realised_exits
from polydesk.tape.journal import read_journal

ORDERS = "orders.jsonl"
TRADES = "trades.jsonl"
FILLS = "fills.jsonl"
DECISIONS = "decisions.jsonl"
RISK_AUDIT = "risk_audit.jsonl"
REALIZED_EXITS = "realized_exits.jsonl"
OPEN_POSITIONS = "open_positions.json"
PIPELINE_STATUS = "pipeline_status.json"
LINE_FILES = (ORDERS, TRADES, FILLS, DECISIONS, RISK_AUDIT, REALIZED_EXITS)

_Told = tuple[str, Line]


def write_exports(journal: Path, markets: Sequence[Market], reports: Path) -> dict[str, int]:
    """Write all report files of a session, replacing earlier ones together once all are complete.

    Args:
        journal: The session's journal, complete or not.
        markets: The markets of the session's manifest.
        reports: Directory to write to; made when missing.

    Returns:
        Lines (entries for ``open_positions.json``) by file name.

    Raises:
        JournalError: The journal is missing or damaged.
        LedgerError: A report cannot be written, or the journal speaks of a market that ``markets`` does not have.
    """
    statuses = _final_statuses(journal)
    records = read_journal(journal)
    header = next(records, None)
    if not isinstance(header, SessionStarted):
        raise JournalError(f"{journal}: no session header; the session never began")
    context = Context(header.session, header.mode, {market.index: market for market in markets}, statuses)
    changes = Changes(header.session, 0, NothingStored(), ())
    apply(changes, header)
    tally = Tally()
    with _files(reports) as files:
        counts = dict.fromkeys(LINE_FILES, 0)
        for name, line in _lines(context, changes, tally, records):
            files[name].write(msgspec.json.encode(line) + b"\n")
            counts[name] += 1
        positions = open_positions(context, changes)
        files[OPEN_POSITIONS].write(_pretty(positions))
        files[PIPELINE_STATUS].write(_pretty(pipeline_status(context, header, changes, tally)))
    return counts | {OPEN_POSITIONS: len(positions), PIPELINE_STATUS: 1}


def _final_statuses(journal: Path) -> dict[str, str]:
    statuses: dict[str, str] = {}
    for record in read_journal(journal):
        if isinstance(record, FillStatus):
            statuses.setdefault(record.fill, "confirmed" if record.confirmed else "failed")
    return statuses


def _lines(context: Context, changes: Changes, tally: Tally, records: Iterator[Record]) -> Iterator[_Told]:
    """Yield every line of the JSONL files, in the order of the records."""
    intents: dict[str, Intent] = {}
    listed: set[str] = set()
    for record in records:
        tally.count(record)
        failed = context.statuses.get(getattr(record, "id", getattr(record, "fill", "")), "") == "failed"
        if isinstance(record, Fill):
            if record.id in listed:
                continue
            listed.add(record.id)
        # A failed fill is listed but never booked, so positions and exits need not be taken back.
        if not failed:
            apply(changes, record)
        elif isinstance(record, Fill):
            fill_of_no_worth(changes, record)
        exits = changes.added.get(realised_exits, [])
        if isinstance(record, OrderSent):
            intents[record.intent.id] = record.intent
        yield from _record_lines(context, changes, intents, record)
        for closed in exits:
            yield REALIZED_EXITS, rows.exit_line(context, closed, _exit_price(changes, closed))
        changes.added.clear()


def _record_lines(context: Context, changes: Changes, intents: dict[str, Intent], record: Record) -> Iterator[_Told]:
    match record:
        case OrderSent():
            yield ORDERS, rows.order_line(context, record.intent, record.ts_ns, "submit", "pending")
            yield DECISIONS, rows.verdict_line(context, record)
            yield RISK_AUDIT, rows.audit_line(context, record)
        case Refused():
            yield DECISIONS, rows.verdict_line(context, record)
            yield RISK_AUDIT, rows.audit_line(context, record)
        case Decision():
            yield DECISIONS, rows.hold_line(context, record)
        case StrategyFailed():
            yield DECISIONS, rows.failure_line(context, record)
        case Fill():
            yield from _fill_lines(context, changes, intents[record.intent], record)
        case OrderRejected():
            yield ORDERS, _ended(context, intents, record, "reject", "rejected")
        case OrderDone():
            yield ORDERS, _ended(context, intents, record, "cancel", "cancelled")
        case OrderLost():
            intent = intents[record.intent]
            yield ORDERS, rows.order_line(context, intent, record.ts_ns, "unknown", "unknown")
        case _:
            pass


def _ended(
    context: Context, intents: dict[str, Intent], record: OrderRejected | OrderDone, event: str, status: str
) -> Line:
    return rows.order_line(context, intents[record.intent], record.ts_ns, event, status, reason=record.reason)


def _fill_lines(context: Context, changes: Changes, intent: Intent, fill: Fill) -> Iterator[_Told]:
    order = changes.orders[fill.intent]
    closed = next((row for row in changes.added.get(realised_exits, []) if row["fill"] == fill.id), None)
    status = "filled" if order.state is OrderState.MATCHED else "partial"
    trade = rows.trade_line(context, fill, status)
    more = {"filled_shares": trade["filled_shares"], "fill_price": trade["average_price"], "fill_id": fill.id}
    yield ORDERS, rows.order_line(context, intent, fill.ts_ns, status, order.state.value, **more)
    yield TRADES, trade
    yield FILLS, rows.fill_line(context, fill, order, closed)


def _exit_price(changes: Changes, closed: dict[str, object]) -> int:
    fill = changes.fills.get(str(closed["fill"]))
    if fill is not None:
        return fill.price_g4
    return changes.settled[int(str(closed["market"]))].payout_g4[int(str(closed["token"]))]


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


@contextlib.contextmanager
def _files(reports: Path) -> Iterator[dict[str, BinaryIO]]:
    """Open every report under a temporary name; rename all at the end, or remove them after an error."""
    names = (*LINE_FILES, OPEN_POSITIONS, PIPELINE_STATUS)
    unborn = {name: reports / f".{name}.new" for name in names}
    try:
        reports.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            yield {name: stack.enter_context(path.open("wb")) for name, path in unborn.items()}
        for name, path in unborn.items():
            path.replace(reports / name)
    except OSError as err:
        raise LedgerError(
            f"{err.filename or reports}: the reports cannot be written ({err.strerror}); free space or choose another "
            "directory, the journal still holds everything"
        ) from err
    finally:
        for path in unborn.values():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
