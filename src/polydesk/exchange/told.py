"""The venue's news rows as the records the desk and the journal speak."""

from collections.abc import Sequence

from polydesk.kernel import FillCause, News, NewsKind
from polydesk.kernel.venue_state import CASH_KINDS, ORIGINS, REJECTS, STATUSES
from polydesk.model.ids import FillId, IntentId, intent_id
from polydesk.model.orders import Side
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
# Columns and kinds as plain numbers: reading a member of an enumeration costs as much as a record's field.
_SEQ, _TS_NS, _KIND, _ORDER, _CODE = int(News.SEQ), int(News.TS_NS), int(News.KIND), int(News.ORDER), int(News.CODE)
_ACK, _REJECTED, _DONE, _FILL = int(NewsKind.ACK), int(NewsKind.REJECTED), int(NewsKind.DONE), int(NewsKind.FILL)
_REASONS = tuple(reason.value for reason in REJECTS)


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
    seq, ts_ns, kind = row[_SEQ], row[_TS_NS], row[_KIND]
    if kind == _ACK:
        return OrderAck(seq, ts_ns, intent_id(row[_ORDER]), STATUSES[row[_CODE]])
    if kind == _FILL:
        return _fill(row)
    if kind == NewsKind.FILL_STATUS:
        return FillStatus(seq, ts_ns, fill_id(row[News.FILL]), bool(row[_CODE]))
    if kind == NewsKind.SETTLED:
        payout = (row[News.PRICE_G4], row[News.SIZE_U6])
        return Settled(seq, ts_ns, row[News.MARKET], payout, ORIGINS[row[_CODE]].value)
    if kind == NewsKind.CASH:
        return CashMoved(seq, ts_ns, CASH_KINDS[row[_CODE]], row[News.SIZE_U6])
    name, reason = intent_id(row[_ORDER]), _REASONS[row[_CODE] - 1]
    if kind == _REJECTED:
        return OrderRejected(seq, ts_ns, name, reason)
    return (OrderDone if kind == _DONE else CancelRejected)(seq, ts_ns, name, reason)


def _fill(row: Sequence[int]) -> Fill:
    return Fill(
        row[_SEQ], row[_TS_NS], fill_id(row[News.FILL]), intent_id(row[_ORDER]), row[News.MARKET],
        row[News.TOKEN], Side(row[News.SIDE]), row[News.PRICE_G4], row[News.SIZE_U6], row[News.FEE_U6],
        Liquidity.TAKER if row[News.TAKER] else Liquidity.MAKER, CAUSES[FillCause(row[News.CAUSE])],
        row[News.MATCHED_NS],
    )  # fmt: skip
