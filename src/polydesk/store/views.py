"""What viewers read from the ledger: the newest rows of a session, in the words of the tables."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, and_, case, desc, func, literal, select, true

from polydesk.model.records import Liquidity
from polydesk.store import tables
from polydesk.store.view_rows import (
    CurveEnds,
    DecisionRow,
    FillRow,
    MarkRow,
    OrderEvent,
    OrderRow,
    SessionRow,
    SessionStart,
    SettlementRow,
    Totals,
)


def session_starts(connection: Connection) -> list[SessionStart]:
    """Return all sessions, the newest first."""
    table = tables.sessions
    query = select(*_columns(table, SessionStart)).order_by(desc(table.c.started_wall_ns), desc(table.c.session))
    return [SessionStart(*row) for row in connection.execute(query)]


def session_row(connection: Connection, session: str) -> SessionRow | None:
    """Return one session; ``None`` when the ledger does not know it."""
    table = tables.sessions
    found = connection.execute(select(*_columns(table, SessionRow)).where(table.c.session == session)).one_or_none()
    return None if found is None else SessionRow(*found)


def records(connection: Connection, session: str) -> int:
    """Return how many journal records of a session the ledger has applied."""
    table = tables.cursors
    return connection.execute(select(table.c.records).where(table.c.session == session)).scalar_one_or_none() or 0


def latest_decisions(
    connection: Connection, session: str, limit: int, *, market: int | None = None, acts_only: bool = False
) -> list[DecisionRow]:
    """Return the newest decisions first.

    Args:
        connection: A reading connection.
        session: Whose.
        limit: At most so many.
        market: Of one market only.
        acts_only: Leave the holds out.
    """
    table = tables.decisions
    query = select(*_columns(table, DecisionRow)).where(table.c.session == session)
    if market is not None:
        query = query.where(table.c.market == market)
    if acts_only:
        query = query.where(table.c.action != "hold")
    rows = connection.execute(query.order_by(desc(table.c.record)).limit(limit))
    return [_decision(row) for row in rows]


def decision(connection: Connection, session: str, record: int) -> DecisionRow | None:
    """Return the decision of one journal record; ``None`` when there is none."""
    table = tables.decisions
    query = select(*_columns(table, DecisionRow)).where(and_(table.c.session == session, table.c.record == record))
    row = connection.execute(query).one_or_none()
    return None if row is None else _decision(row)


def decision_before(
    connection: Connection, session: str, strategy: str, market: int, record: int
) -> DecisionRow | None:
    """Return a strategy's last word on a market at or before a journal record."""
    table = tables.decisions
    query = (
        select(*_columns(table, DecisionRow))
        .where(table.c.session == session, table.c.strategy == strategy, table.c.market == market)
        .where(table.c.record <= record)
        .order_by(desc(table.c.record))
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _decision(row)


def latest_refusals(connection: Connection, session: str, limit: int) -> list[OrderRow]:
    """Return the newest refused orders first."""
    table = tables.refusals
    query = _refusals().where(table.c.session == session).order_by(desc(table.c.record)).limit(limit)
    return [_order(row) for row in connection.execute(query)]


def order(connection: Connection, session: str, intent: str) -> OrderRow | None:
    """Return an order by its name, sent or refused; ``None`` when the ledger does not know it."""
    found = connection.execute(
        _orders().where(tables.orders.c.session == session, tables.orders.c.intent == intent)
    ).first()
    if found is None:
        found = connection.execute(
            _refusals().where(tables.refusals.c.session == session, tables.refusals.c.intent == intent)
        ).first()
    return None if found is None else _order(found)


def decision_after(connection: Connection, session: str, strategy: str, market: int, record: int) -> int | None:
    """Return the journal record of a strategy's next word on a market; ``None`` when there is none."""
    table = tables.decisions
    query = (
        select(func.min(table.c.record))
        .where(table.c.session == session, table.c.strategy == strategy, table.c.market == market)
        .where(table.c.record > record)
    )
    found: int | None = connection.execute(query).scalar_one()
    return found


def orders_between(
    connection: Connection, session: str, market: int, records: tuple[int, int], *, strategy: str = "", limit: int = 20
) -> tuple[list[OrderRow], int]:
    """Return what was sent or refused in a market, in order.

    Args:
        connection: A reading connection.
        session: Whose.
        market: Which.
        records: Two journal records; orders behind the first and before the second count.
        strategy: Of this strategy only; of all when empty.
        limit: At most so many.

    Returns:
        The first orders, and how many there are.
    """
    out: list[OrderRow] = []
    number = 0
    for table, query in ((tables.orders, _orders()), (tables.refusals, _refusals())):
        kept = and_(
            table.c.session == session,
            table.c.market == market,
            table.c.record > records[0],
            table.c.record < records[1],
            table.c.strategy == strategy if strategy else true(),
        )
        rows = connection.execute(query.where(kept).order_by(table.c.record).limit(limit))
        out += [_order(row) for row in rows]
        number += connection.execute(select(func.count()).select_from(table).where(kept)).scalar_one()
    return sorted(out, key=lambda row: row.record)[:limit], number


def order_events(connection: Connection, session: str, intent: str) -> list[OrderEvent]:
    """Return everything that happened to an order, in order."""
    table = tables.order_events
    query = select(*_columns(table, OrderEvent)).where(table.c.session == session, table.c.intent == intent)
    return [OrderEvent(*row) for row in connection.execute(query.order_by(table.c.record))]


def latest_fills(connection: Connection, session: str, limit: int, *, market: int | None = None) -> list[FillRow]:
    """Return the newest fills first."""
    table = tables.fills
    query = select(*_columns(table, FillRow)).where(table.c.session == session)
    if market is not None:
        query = query.where(table.c.market == market)
    return [FillRow(*row) for row in connection.execute(query.order_by(desc(table.c.record)).limit(limit))]


def marks(connection: Connection, session: str, after: int = -1) -> list[MarkRow]:
    """Return the curve's points behind journal record ``after``, in order of time."""
    table = tables.marks
    query = select(
        table.c.record,
        table.c.ts_ns,
        table.c.cash_matched_u6 + table.c.value_matched_u6,
        table.c.cash_confirmed_u6 + table.c.value_confirmed_u6,
        table.c.exposure_u6,
    ).where(table.c.session == session, table.c.record > after)
    return [MarkRow(*row) for row in connection.execute(query.order_by(table.c.record))]


def curve_of(points: Sequence[MarkRow]) -> CurveEnds | None:
    """Return the ends and falls of a curve; ``None`` for an empty one."""
    if not points:
        return None
    peak = points[0].matched_u6
    deepest = 0
    for point in points:
        peak = max(peak, point.matched_u6)
        deepest = max(deepest, peak - point.matched_u6)
    return CurveEnds(points[0].matched_u6, points[-1].matched_u6, points[-1].confirmed_u6, peak, deepest)


def curve_ends(connection: Connection, session: str) -> CurveEnds | None:
    """Return the ends and falls of a session's curve without reading it as a whole; ``None`` when it has none."""
    table = tables.marks
    matched = (table.c.cash_matched_u6 + table.c.value_matched_u6).label("matched")
    highest = func.max(matched).over(order_by=table.c.record).label("highest")
    curve = select(matched, highest).where(table.c.session == session).subquery()
    query = select(func.max(curve.c.highest), func.max(curve.c.highest - curve.c.matched))
    peak, deepest = connection.execute(query).one()
    if peak is None:
        return None
    both = select(matched, table.c.cash_confirmed_u6 + table.c.value_confirmed_u6).where(table.c.session == session)
    first = connection.execute(both.order_by(table.c.record).limit(1)).one()
    last = connection.execute(both.order_by(desc(table.c.record)).limit(1)).one()
    return CurveEnds(first[0], last[0], last[1], peak, deepest)


def settlements(connection: Connection, session: str) -> list[SettlementRow]:
    """Return the markets that resolved, in order of time."""
    table = tables.settlements
    query = select(*_columns(table, SettlementRow)).where(table.c.session == session).order_by(table.c.record)
    return [SettlementRow(*row) for row in connection.execute(query)]


def realised_by(connection: Connection, session: str, column: str) -> dict[str, int]:
    """Return what closed positions earned after fees, micro-pUSD, by ``strategy`` or exit ``reason``."""
    table = tables.realised_exits
    net = table.c.realised_u6 - table.c.entry_fees_u6 - table.c.exit_fee_u6 - table.c.dust_u6
    key = table.c[column]
    query = select(key, func.sum(net)).where(table.c.session == session).group_by(key).order_by(key)
    return {name: int(total) for name, total in connection.execute(query)}


def totals(connection: Connection, session: str) -> Totals:
    """Return a session's counts and sums."""
    fills = tables.fills
    kept = fills.c.status != "failed"
    made = and_(kept, fills.c.liquidity == Liquidity.MAKER.value)
    number, held, makers, fees, volume = connection.execute(
        select(
            func.count(),
            *(func.coalesce(func.sum(case((those, 1), else_=0)), 0) for those in (kept, made)),
            func.coalesce(func.sum(case((kept, fills.c.fee_u6), else_=0)), 0),
            func.coalesce(func.sum(case((kept, func.abs(fills.c.cash_u6)), else_=0)), 0),
        ).where(fills.c.session == session)
    ).one()
    orders = connection.execute(
        select(func.count()).select_from(tables.orders).where(tables.orders.c.session == session)
    ).scalar_one()
    codes = tables.refusals.c.code
    refused = connection.execute(
        select(codes, func.count()).where(tables.refusals.c.session == session).group_by(codes)
        .order_by(desc(func.count()), codes)
    )  # fmt: skip
    return Totals(orders, number, int(held), int(makers), int(fees), int(volume), {row[0]: row[1] for row in refused})


def _columns(table: Table, shape: type[msgspec.Struct]) -> list[Any]:
    return [table.c[name] for name in shape.__struct_fields__]


def _orders() -> Any:
    c = tables.orders.c
    return select(
        c.record, c.ts_ns, c.intent, c.strategy, c.market, c.token, c.side, c.price_g4, c.size_u6, c.purpose, c.state,
        c.done_reason.label("code"), c.filled_u6, c.checks, c.why,
    )  # fmt: skip


def _refusals() -> Any:
    c = tables.refusals.c
    return select(
        c.record, c.ts_ns, c.intent, c.strategy, c.market, c.token, c.side, c.price_g4, c.size_u6, c.purpose,
        literal("").label("state"), c.code, literal(0).label("filled_u6"), c.checks, c.why,
    )  # fmt: skip


def _order(row: Row[Any]) -> OrderRow:
    return msgspec.convert(_decoded(OrderRow, row, "checks", "why"), OrderRow)


def _decision(row: Row[Any]) -> DecisionRow:
    return msgspec.convert(_decoded(DecisionRow, row, "why"), DecisionRow)


def _decoded(shape: type[msgspec.Struct], row: Row[Any], *names: str) -> dict[str, Any]:
    told = dict(zip(shape.__struct_fields__, row, strict=True))
    return told | {name: msgspec.json.decode(told[name]) for name in names}
