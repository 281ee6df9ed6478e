"""The venue's news rows as the records the desk and the journal speak."""

from collections.abc import Sequence

from polydesk.kernel import FillCause, News, NewsKind
from polydesk.kernel.venue_state import CASH_KINDS, ORIGINS, REJECTS, STATUSES
from polydesk.model.ids import FillId, IntentId, intent_id
from polydesk.model.orders import Side
from polydesk.model.reasons import Reject
from polydesk.model.records import (
    CancelRejected,
    CashMoved,
    Cause,
    Fill,
    FillStatus,
    Input,
    Liquidity,
    OrderAck,
    OrderDone,
    OrderRejected,
    Settled,
)  # fmt: skip

CAUSES = {
    FillCause.PRINT: Cause.PRINT,
    FillCause.TRADE_THROUGH: Cause.TRADE_THROUGH,
    FillCause.BOOK: Cause.BOOK,
    FillCause.COMPLEMENTARY: Cause.COMPLEMENTARY,
    FillCause.MINT: Cause.MINT,
    FillCause.MERGE: Cause.MERGE,
}
"""The kernel's fill rules by the name that records use."""


def fill_id(number: int) -> FillId:
    """Return the name of the ``number``-th fill of a session, counted from 1."""
    return FillId(f"fill-{number:06d}")


def order_number(name: IntentId) -> int:
    """Return the number in an order's name."""
    return int(name.rsplit("-", maxsplit=1)[1])


def news_record(row: Sequence[int]) -> Input:
    """Return one row of ``Venue.news`` as a record.

    Args:
        row: Columns ``News``, as Python numbers.
    """
    seq, ts_ns, kind = row[News.SEQ], row[News.TS_NS], row[News.KIND]
    if kind == NewsKind.FILL:
        return _fill(row)
    if kind == NewsKind.FILL_STATUS:
        return FillStatus(seq, ts_ns, fill_id(row[News.FILL]), bool(row[News.CODE]))
    if kind == NewsKind.SETTLED:
        payout = (row[News.PRICE_G4], row[News.SIZE_U6])
        return Settled(seq, ts_ns, row[News.MARKET], payout, ORIGINS[row[News.CODE]].value)
    if kind == NewsKind.CASH:
        return CashMoved(seq, ts_ns, CASH_KINDS[row[News.CODE]], row[News.SIZE_U6])
    name = intent_id(row[News.ORDER])
    if kind == NewsKind.ACK:
        return OrderAck(seq, ts_ns, name, STATUSES[row[News.CODE]])
    reason = reject(row[News.CODE]).value
    if kind == NewsKind.REJECTED:
        return OrderRejected(seq, ts_ns, name, reason)
    return (OrderDone if kind == NewsKind.DONE else CancelRejected)(seq, ts_ns, name, reason)


def reject(code: int) -> Reject:
    """Return the reason that a news row codes."""
    return REJECTS[code - 1]


def _fill(row: Sequence[int]) -> Fill:
    return Fill(
        row[News.SEQ], row[News.TS_NS], fill_id(row[News.FILL]), intent_id(row[News.ORDER]), row[News.MARKET],
        row[News.TOKEN], Side(row[News.SIDE]), row[News.PRICE_G4], row[News.SIZE_U6], row[News.FEE_U6],
        Liquidity.TAKER if row[News.TAKER] else Liquidity.MAKER, CAUSES[FillCause(row[News.CAUSE])],
        row[News.MATCHED_NS],
    )  # fmt: skip
