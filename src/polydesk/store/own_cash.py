"""The cash that follows from what the ledger booked: a second opinion on the desk's own accounts.

The desk marks with the arithmetic of ``polydesk.portfolio``, the ledger books with that of ``store.positions``.
"""

from collections.abc import Iterable

from sqlalchemy import func, select

from polydesk.model.records import CashMoved, Fill, FillStatus, OrderSent, Record, Settled
from polydesk.store.changes import Changes, NothingStored
from polydesk.store.ledger import Ledger
from polydesk.store.projection import apply
from polydesk.store.rows import PositionRow, position_row
from polydesk.store.tables import cash_moves, marks, positions, sessions

_MONEY = (OrderSent, Fill, FillStatus, Settled, CashMoved)


def moved_cash_u6(records: Iterable[Record]) -> tuple[int, int]:
    """Return the cash that a session's records moved, external cash included: matched, confirmed; micro-pUSD.

    Raises:
        LedgerError: The records contradict each other.
    """
    changes = Changes("", 0, NothingStored(), ())
    external = 0
    for record in records:
        if isinstance(record, _MONEY):
            apply(changes, record)
            external += record.amount_u6 if isinstance(record, CashMoved) else 0
    return _moved(changes.positions.values(), external)


def differing_mark(ledger: Ledger, session: str, start_u6: int) -> str:
    """Compare an ended session's last mark in the ledger with the cash that its rows add up to.

    Args:
        ledger: Up to date for the session.
        session: Its name.
        start_u6: Cash at its start, micro-pUSD.

    Returns:
        How they differ; empty when they agree, when there is no mark, or when the session has not ended.

    Raises:
        LedgerError: The database fails.
    """
    with ledger.reading() as connection:
        ended = select(sessions.c.state).where(sessions.c.session == session)
        last = select(marks.c.cash_matched_u6, marks.c.cash_confirmed_u6).where(marks.c.session == session)
        mark = connection.execute(last.order_by(marks.c.record.desc()).limit(1)).one_or_none()
        if mark is None or connection.execute(ended).scalar() != "ended":
            return ""
        held = connection.execute(select(positions).where(positions.c.session == session)).mappings().all()
        moves = select(func.coalesce(func.sum(cash_moves.c.amount_u6), 0)).where(cash_moves.c.session == session)
        moved = _moved((position_row({**row}) for row in held), int(connection.execute(moves).scalar_one()))
    due = (start_u6 + moved[0], start_u6 + moved[1])
    if due == tuple(mark):
        return ""
    return f"cash of the last mark is {tuple(mark)}, the ledger's fills make {due} micro-pUSD (matched, confirmed)"


def _moved(rows: Iterable[PositionRow], external: int) -> tuple[int, int]:
    matched = confirmed = external
    for row in rows:
        one, two = row.matched, row.confirmed
        matched += one.realised_u6 - one.cost_u6 - one.dust_u6 - one.fees_u6
        confirmed += two.realised_u6 - two.cost_u6 - two.dust_u6 - two.fees_u6
    return matched, confirmed
