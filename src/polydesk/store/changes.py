"""What a batch of records changes in the ledger: rows to add and rows to replace, on top of the stored ones."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Table

from polydesk.model.errors import LedgerError
from polydesk.model.records import Record
from polydesk.orders import WorkingOrders
from polydesk.store.rows import FillRow, OrderRow, PositionKey, PositionRow, key_of, working_order


class Contradiction(LedgerError):  # noqa: N818 - a state, not a mistake
    """A record cannot follow from the ones before it."""


class Settlement(NamedTuple):
    """How a market was settled: at which record and virtual time, and what one share of each token paid."""

    record: int
    ts_ns: int
    payout_g4: tuple[int, int]


class Stored(Protocol):
    """Rows of one session as they stand in the ledger."""

    def orders(self, intents: Collection[str]) -> list[OrderRow]:
        """Return the orders of these intents that exist."""

    def fills(self, ids: Collection[str]) -> list[FillRow]:
        """Return the fills of these ids that exist."""

    def unbooked_fills(self) -> list[FillRow]:
        """Return the fills that are neither failed nor in the confirmed column."""

    def fills_of(self, key: PositionKey) -> list[FillRow]:
        """Return all fills of a position."""

    def positions(self) -> list[PositionRow]:
        """Return all positions."""

    def settlements(self) -> dict[int, Settlement]:
        """Return the settled markets."""


class NothingStored:
    """An empty ledger."""

    def orders(self, intents: Collection[str]) -> list[OrderRow]:
        """Return none."""
        del intents
        return []

    def fills(self, ids: Collection[str]) -> list[FillRow]:
        """Return none."""
        del ids
        return []

    def unbooked_fills(self) -> list[FillRow]:
        """Return none."""
        return []

    def fills_of(self, key: PositionKey) -> list[FillRow]:
        """Return none."""
        del key
        return []

    def positions(self) -> list[PositionRow]:
        """Return none."""
        return []

    def settlements(self) -> dict[int, Settlement]:
        """Return none."""
        return {}


class Changes:
    """Rows as they will be.

    Attributes:
        session: Whose rows they are.
        record: Number of the record that is being applied.
        added: New rows of tables that only grow.
        orders: Orders that were read or made; they are written back.
        working: The same orders as the desk follows them: the ledger has no transitions of its own.
        fills: Likewise.
        positions: Likewise.
        settled: Settled markets.
        made: Table name and key of the orders, fills and positions that are not in the ledger yet.
        exits_redone: Positions whose stored realised exits are replaced by the rows in ``added``.
        session_columns: Columns of the session's own row to set.
    """

    def __init__(self, session: str, record: int, stored: Stored, records: Iterable[Record]) -> None:
        """Read at once what ``records``, which will be applied, speak of."""
        self.session = session
        self.record = record
        self.added: dict[Table, list[dict[str, Any]]] = {}
        told = list(records)
        fills = {told_of for one in told for name in ("fill", "id") if (told_of := _named(one, name))}
        self.fills = {row.id: row for row in stored.fills(fills)} if fills else {}
        self.fills |= {row.id: row for row in stored.unbooked_fills() if row.id not in self.fills}
        intents = {told_of for one in told if (told_of := _named(one, "intent"))}
        intents |= {row.intent for row in self.fills.values()}
        self.orders: dict[str, OrderRow] = {}
        self.working = WorkingOrders()
        self._take_orders(stored.orders(intents) if intents else [])
        self._asked = intents
        self.positions: dict[PositionKey, PositionRow] = {}
        self.settled = stored.settlements()
        self.made: set[tuple[str, str | PositionKey]] = set()
        self.exits_redone: set[PositionKey] = set()
        self.session_columns: dict[str, Any] = {}
        self._stored = stored
        self._stored_positions = {key_of(row): row for row in stored.positions()}
        self._unbooked: dict[PositionKey, list[FillRow]] = {}
        for row in sorted(self.fills.values(), key=lambda row: row.record):
            self.wait_for_booking(row)

    def add(self, table: Table, **columns: Any) -> None:
        """Add a row, of the current record unless ``record`` is given, to a table that only grows."""
        self.added.setdefault(table, []).append({"session": self.session, "record": self.record} | columns)

    def order(self, intent: str) -> OrderRow | None:
        """Return the order of that intent, to be changed in place."""
        if intent not in self._asked:
            self._asked.add(intent)
            self._take_orders(self._stored.orders([intent]))
        return self.orders.get(intent)

    def _take_orders(self, rows: Iterable[OrderRow]) -> None:
        for row in rows:
            order = working_order(row)
            self.orders[row.intent] = row
            if row.state.terminal:
                self.working.done[order.intent.id] = order
            else:
                self.working.orders[order.intent.id] = order
                self.working.by_market.setdefault(row.market, []).append(order.intent.id)

    def position(self, key: PositionKey) -> PositionRow:
        """Return the position of that strategy and token, made when there is none, to be changed in place."""
        row = self.positions.get(key) or self._stored_positions.get(key)
        if row is None:
            row = PositionRow(self.session, *key, opened_ns=0)
            self.made.add(("positions", key))
        self.positions[key] = row
        return row

    def positions_in(self, market: int) -> list[PositionRow]:
        """Return all positions in a market, by strategy and token, to be changed in place."""
        keys = {*self.positions, *self._stored_positions}
        return [self.position(key) for key in sorted(keys) if key[1] == market]

    def fills_of(self, key: PositionKey) -> list[FillRow]:
        """Return all fills of a position in the order they were matched."""
        rows = {row.id: row for row in self._stored.fills_of(key)}
        rows |= {row.id: row for row in self.fills.values() if key_of(row) == key}
        return sorted(rows.values(), key=lambda row: row.record)

    def wait_for_booking(self, fill: FillRow) -> None:
        """Remember a fill until it fails or enters the confirmed column; fills come in the order of matching."""
        if not fill.booked and fill.status != "failed":
            self._unbooked.setdefault(key_of(fill), []).append(fill)

    def bookable(self, key: PositionKey) -> list[FillRow]:
        """Take the final fills of a position that no undecided fill precedes, in the order of matching."""
        waiting = [row for row in self._unbooked.get(key, []) if row.status != "failed"]
        ready = next((n for n, row in enumerate(waiting) if row.status == "matched"), len(waiting))
        self._unbooked[key] = waiting[ready:]
        return waiting[:ready]


def _named(record: Record, field: str) -> str:
    """Return the id that a record carries in ``field``, if it does."""
    value = getattr(record, field, "")
    return value if isinstance(value, str) else str(getattr(value, "id", ""))
