"""The rows of the ledger that change after they were made; fields are the columns of the table of the same name."""

from collections.abc import Mapping
from typing import Any

import msgspec

from polydesk.model.ids import IntentId
from polydesk.model.orders import Intent, OrderState, OrderType, Purpose, Side
from polydesk.orders import WorkingOrder
from polydesk.store.positions import Holding


class OrderRow(msgspec.Struct):
    """A row of ``orders``."""

    session: str
    intent: str
    record: int
    seq: int
    ts_ns: int
    strategy: str
    market: int
    token: int
    side: int
    type: str
    post_only: bool
    price_g4: int
    size_u6: int
    purpose: str
    reason: str
    expires_ns: int
    why: str
    checks: str
    state: OrderState
    done_reason: str
    changed_ns: int
    acked: bool
    cancels: int
    filled_u6: int
    filled_u10: int
    fees_u6: int
    failed_u6: int

    @property
    def matched_u6(self) -> int:
        """Micro-shares reported as matched, those that failed afterwards included."""
        return self.filled_u6 + self.failed_u6

    @property
    def left_u6(self) -> int:
        """Micro-shares that may still be matched."""
        return 0 if self.state.terminal else self.size_u6 - self.matched_u6


class FillRow(msgspec.Struct):
    """A row of ``fills``."""

    session: str
    id: str
    record: int
    seq: int
    ts_ns: int
    intent: str
    strategy: str
    market: int
    token: int
    side: int
    price_g4: int
    size_u6: int
    cash_u6: int
    fee_u6: int
    liquidity: str
    cause: str
    matched_ns: int
    status: str
    final_record: int | None
    final_ns: int | None
    booked: bool


class PositionRow(msgspec.Struct):
    """A row of ``positions``; the holdings are spread over the ``matched_`` and ``confirmed_`` columns."""

    session: str
    strategy: str
    market: int
    token: int
    opened_ns: int
    matched: Holding = Holding()
    confirmed: Holding = Holding()


PositionKey = tuple[str, int, int]
"""Strategy, market, token."""


def key_of(row: FillRow | PositionRow) -> PositionKey:
    """Return the position that a fill belongs to, or a position's own key."""
    return row.strategy, row.market, row.token


_HOLDING = Holding.__struct_fields__


def plain_columns(row: OrderRow | FillRow) -> dict[str, Any]:
    """Return the columns of an order or fill."""
    return msgspec.structs.asdict(row)


def position_columns(row: PositionRow) -> dict[str, Any]:
    """Return the columns of a position."""
    columns = msgspec.structs.asdict(row)
    for name in ("matched", "confirmed"):
        holding = columns.pop(name)
        columns |= {f"{name}_{field}": getattr(holding, field) for field in _HOLDING}
    return columns


def position_row(columns: Mapping[str, Any]) -> PositionRow:
    """Return the position of a row read from the ledger."""
    matched, confirmed = (
        Holding(**{field: columns[f"{name}_{field}"] for field in _HOLDING}) for name in ("matched", "confirmed")
    )
    return PositionRow(
        columns["session"],
        columns["strategy"],
        columns["market"],
        columns["token"],
        columns["opened_ns"],
        matched,
        confirmed,
    )


def working_order(row: OrderRow) -> WorkingOrder:
    """Return the order as the desk follows it; its ``why`` is left out."""
    intent = Intent(
        IntentId(row.intent),
        row.strategy,
        row.market,
        row.token,
        Side(row.side),
        OrderType(row.type),
        row.post_only,
        row.price_g4,
        row.size_u6,
        Purpose(row.purpose),
        row.reason,
        row.expires_ns,
        (),
    )
    return WorkingOrder(
        intent, state=row.state, filled_u6=row.matched_u6, sent_ns=row.ts_ns, acked=row.acked, cancels=row.cancels
    )
