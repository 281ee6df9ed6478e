"""Rows of one session read from the ledger, and changes written back to it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, bindparam, delete, insert, select, update

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


class StoredRows:
    """Implements ``changes.Stored`` on an open transaction; rows are read when they are asked for."""

    def __init__(self, connection: Connection, session: str) -> None:
        self._connection = connection
        self._session = session

    def order(self, intent: str) -> OrderRow | None:
        """Return the order of that intent."""
        found = self._rows(tables.orders, intent=intent)
        return OrderRow(**{**found[0], "state": OrderState(found[0]["state"])}) if found else None

    def fill(self, fill: str) -> FillRow | None:
        """Return the fill of that id."""
        found = self._rows(tables.fills, id=fill)
        return FillRow(**found[0]) if found else None

    def fills(self, key: PositionKey) -> list[FillRow]:
        """Return all fills of a position."""
        strategy, market, token = key
        return [FillRow(**row) for row in self._rows(tables.fills, strategy=strategy, market=market, token=token)]

    def position(self, key: PositionKey) -> PositionRow | None:
        """Return the position of that strategy and token."""
        strategy, market, token = key
        found = self._rows(tables.positions, strategy=strategy, market=market, token=token)
        return position_row(found[0]) if found else None

    def positions(self, market: int) -> list[PositionRow]:
        """Return all positions in a market."""
        return [position_row(row) for row in self._rows(tables.positions, market=market)]

    def settlement(self, market: int) -> Settlement | None:
        """Return how a market was settled."""
        for row in self._rows(tables.settlements, market=market):
            return Settlement(row["record"], row["ts_ns"], (row["payout0_g4"], row["payout1_g4"]))
        return None

    def _rows(self, table: Table, **equal: object) -> list[Mapping[str, Any]]:
        wanted = and_(table.c.session == self._session, *(table.c[name] == value for name, value in equal.items()))
        return [dict(row) for row in self._connection.execute(select(table).where(wanted)).mappings()]


def write(connection: Connection, changes: Changes) -> None:
    """Write every change to the ledger, inside the caller's transaction."""
    _save(connection, tables.orders, changes, ((key, plain_columns(row)) for key, row in changes.orders.items()))
    _save(connection, tables.fills, changes, ((key, plain_columns(row)) for key, row in changes.fills.items()))
    _save(
        connection, tables.positions, changes, ((key, position_columns(row)) for key, row in changes.positions.items())
    )
    exits = tables.realised_exits
    for strategy, market, token in sorted(changes.closings_redone):
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
