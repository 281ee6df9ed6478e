"""Rows of one session read from the ledger, and changes written back to it."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, bindparam, delete, insert, select, update

from polydesk.model.orders import OrderState
from polydesk.store import tables
from polydesk.store.changes import Changes, Settlement
from polydesk.store.rows import (
    FillRow,
    OrderRow,
    PositionKey,
    PositionRow,
    plain_columns,
    position_columns,
    position_row,
)

_NAMES_AT_ONCE = 500
"""Databases limit how many values one query may carry."""


class StoredRows:
    """Implements ``changes.Stored`` on an open transaction; nothing is kept between calls."""

    def __init__(self, connection: Connection, session: str) -> None:
        self._connection = connection
        self._session = session

    def orders(self, intents: Collection[str]) -> list[OrderRow]:
        """Return the orders of these intents that exist."""
        found = self._named(tables.orders, tables.orders.c.intent, intents)
        return [OrderRow(**{**row, "state": OrderState(row["state"])}) for row in found]

    def fills(self, ids: Collection[str]) -> list[FillRow]:
        """Return the fills of these ids that exist."""
        return [FillRow(**row) for row in self._named(tables.fills, tables.fills.c.id, ids)]

    def unbooked_fills(self) -> list[FillRow]:
        """Return the fills that are neither failed nor in the confirmed column."""
        fills = tables.fills
        return [FillRow(**row) for row in self._rows(fills, fills.c.booked.is_(False), fills.c.status != "failed")]

    def fills_of(self, key: PositionKey) -> list[FillRow]:
        """Return all fills of a position."""
        strategy, market, token = key
        of = tables.fills.c
        return [
            FillRow(**row)
            for row in self._rows(tables.fills, of.strategy == strategy, of.market == market, of.token == token)
        ]

    def positions(self) -> list[PositionRow]:
        """Return all positions."""
        return [position_row(row) for row in self._rows(tables.positions)]

    def settlements(self) -> dict[int, Settlement]:
        """Return the settled markets."""
        return {
            row["market"]: Settlement(row["record"], row["ts_ns"], (row["payout0_g4"], row["payout1_g4"]))
            for row in self._rows(tables.settlements)
        }

    def _named(self, table: Table, column: Column[str], names: Collection[str]) -> list[dict[str, Any]]:
        wanted = sorted(names)
        pieces = (wanted[at : at + _NAMES_AT_ONCE] for at in range(0, len(wanted), _NAMES_AT_ONCE))
        return [row for piece in pieces for row in self._rows(table, column.in_(piece))]

    def _rows(self, table: Table, *wanted: ColumnElement[bool]) -> list[dict[str, Any]]:
        query = select(table).where(table.c.session == self._session, *wanted)
        return [dict(row) for row in self._connection.execute(query).mappings()]


def write(connection: Connection, changes: Changes) -> None:
    """Write every change to the ledger, inside the caller's transaction."""
    _save(connection, tables.orders, changes, ((key, plain_columns(row)) for key, row in changes.orders.items()))
    _save(connection, tables.fills, changes, ((key, plain_columns(row)) for key, row in changes.fills.items()))
    _save(
        connection, tables.positions, changes, ((key, position_columns(row)) for key, row in changes.positions.items())
    )
    exits = tables.realised_exits
    for strategy, market, token in sorted(changes.exits_redone):
        same = (exits.c.strategy == strategy, exits.c.market == market, exits.c.token == token)
        connection.execute(delete(exits).where(exits.c.session == changes.session, *same))
    for table, rows in changes.added.items():
        if rows:
            connection.execute(insert(table), rows)


def _save(
    connection: Connection, table: Table, changes: Changes, rows: Iterable[tuple[str | PositionKey, dict[str, Any]]]
) -> None:
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for key, columns in rows:
        (fresh if (table.name, key) in changes.made else changed).append(columns)
    if fresh:
        connection.execute(insert(table), fresh)
    if changed:
        keys = table.primary_key.columns
        where = and_(*(column == bindparam(f"key_{column.name}") for column in keys))
        values: dict[Column[Any], Any] = {
            column: bindparam(column.name) for column in table.columns if column not in set(keys)
        }
        keyed = [columns | {f"key_{column.name}": columns[column.name] for column in keys} for columns in changed]
        connection.execute(update(table).where(where).values(values), keyed)
