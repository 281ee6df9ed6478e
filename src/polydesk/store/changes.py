"""What a batch of records changes in the ledger: rows to add, rows to replace, and the rows it read for that."""

from typing import Any, NamedTuple, Protocol

from sqlalchemy import Table

from polydesk.store.rows import FillRow, OrderRow, PositionKey, PositionRow


class Settlement(NamedTuple):
    """How a market was settled: at which record and virtual time, and what one share of each token paid."""

    record: int
    ts_ns: int
    payout_g4: tuple[int, int]


class Stored(Protocol):
    """Rows of one session as they stand in the ledger."""

    def order(self, intent: str) -> OrderRow | None:
        """Return the order of that intent."""

    def fill(self, fill: str) -> FillRow | None:
        """Return the fill of that id."""

    def fills(self, key: PositionKey) -> list[FillRow]:
        """Return all fills of a position."""

    def position(self, key: PositionKey) -> PositionRow | None:
        """Return the position of that strategy and token."""

    def positions(self, market: int) -> list[PositionRow]:
        """Return all positions in a market."""

    def settlement(self, market: int) -> Settlement | None:
        """Return how a market was settled."""


class Changes:
    """Rows as they will be, on top of the stored ones.

    Attributes:
        session: Whose rows they are.
        record: Number of the record that is being applied.
        added: New rows of tables that only grow.
        orders: Orders read or made so far; every one of them is written back.
        fills: Likewise.
        positions: Likewise.
        settled: Settlements of these records.
        made: Table name and key of the orders, fills and positions that are not in the ledger yet.
        closings_redone: Positions whose realised exits are to be replaced by the rows in ``added``.
        session_columns: Columns of the session's own row to set.
    """

    def __init__(self, session: str, record: int, stored: Stored) -> None:
        self.session = session
        self.record = record
        self.added: dict[Table, list[dict[str, Any]]] = {}
        self.orders: dict[str, OrderRow] = {}
        self.fills: dict[str, FillRow] = {}
        self.positions: dict[PositionKey, PositionRow] = {}
        self.settled: dict[int, Settlement] = {}
        self.made: set[tuple[str, str | PositionKey]] = set()
        self.closings_redone: set[PositionKey] = set()
        self.session_columns: dict[str, Any] = {}
        self._stored = stored

    def add(self, table: Table, **columns: Any) -> None:
        """Add a row of the current record to a table that only grows."""
        self.added.setdefault(table, []).append({"session": self.session, "record": self.record} | columns)

    def order(self, intent: str) -> OrderRow | None:
        """Return the order of that intent, to be changed in place."""
        row = self.orders.get(intent) or self._stored.order(intent)
        if row is not None:
            self.orders[intent] = row
        return row

    def fill(self, fill: str) -> FillRow | None:
        """Return the fill of that id, to be changed in place."""
        row = self.fills.get(fill) or self._stored.fill(fill)
        if row is not None:
            self.fills[fill] = row
        return row

    def fills_of(self, key: PositionKey) -> list[FillRow]:
        """Return all fills of a position in the order they were matched."""
        rows = {row.id: row for row in self._stored.fills(key)}
        rows |= {row.id: row for row in self.fills.values() if (row.strategy, row.market, row.token) == key}
        return sorted(rows.values(), key=lambda row: row.record)

    def position(self, key: PositionKey) -> PositionRow:
        """Return the position of that strategy and token, made when there is none, to be changed in place."""
        row = self.positions.get(key) or self._stored.position(key)
        if row is None:
            row = PositionRow(self.session, *key, opened_ns=0)
            self.made.add(("positions", key))
        self.positions[key] = row
        return row

    def positions_in(self, market: int) -> list[PositionRow]:
        """Return all positions in a market, by strategy and token."""
        for row in self._stored.positions(market):
            self.positions.setdefault((row.strategy, row.market, row.token), row)
        return [row for key, row in sorted(self.positions.items()) if key[1] == market]

    def settlement(self, market: int) -> Settlement | None:
        """Return how a market was settled, if it was."""
        return self.settled.get(market) or self._stored.settlement(market)
