"""What a compiled session came to, for sweeps: counters and money without a journal."""

import msgspec

from polydesk.desk import Desk, value_u6
from polydesk.desk.loop.columns import Now
from polydesk.desk.loop.state import Loop


class LoopResult(msgspec.Struct, frozen=True):
    """What a compiled session came to, without its records.

    Attributes:
        reason: ``tape_end`` or ``stopped``.
        rows: Tape rows applied.
        wakes: Times a market's change woke the desk.
        orders: Orders sent.
        cancels: Cancels sent.
        fills: Fills reported.
        maker_fills: Those of resting orders.
        volume_u6: Micro-shares filled.
        notional_u6: What they cost or brought, micro-pUSD.
        fees_u6: Taker fees of all fills.
        rebates_u6: Maker rebates paid.
        pnl_u6: Matched and confirmed: cash and shares at the bid, less what was put in from outside but rebates.
        value_u6: Shares at the bid, both columns.
        fall_u6: Deepest fall of the matched equity below its highest, at the marks.
        refusals: By code.
        broken: What a sentinel found, or ``""``; then no other number counts.
    """

    reason: str
    rows: int
    wakes: int
    orders: int
    cancels: int
    fills: int
    maker_fills: int
    volume_u6: int
    notional_u6: int
    fees_u6: int
    rebates_u6: int
    pnl_u6: tuple[int, int]
    value_u6: tuple[int, int]
    fall_u6: int
    refusals: dict[str, int]
    broken: str


def loop_result(loop: Loop, desk: Desk, reason: str, rows: int) -> LoopResult:
    """Return the result of a loop whose state ``desk`` has been brought up to date with."""
    account, now, values = desk.state.account, loop.now.tolist(), value_u6(desk)
    pnl = [
        column.cash_u6 + value - column.deposits_u6 - column.external_u6 + now[Now.REBATES_U6]
        for column, value in zip((account.matched, account.confirmed), values, strict=True)
    ]
    return LoopResult(
        reason, rows, now[Now.WAKES], now[Now.ORDERS], now[Now.CANCELS], now[Now.FILLS], now[Now.MAKER_FILLS],
        now[Now.VOLUME_U6], now[Now.NOTIONAL_U6], now[Now.FEES_EVER_U6], now[Now.REBATES_U6], (pnl[0], pnl[1]), values,
        now[Now.FALL_U6], dict(desk.refusals), desk.state.broken,
    )  # fmt: skip
