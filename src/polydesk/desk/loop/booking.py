"""Booking trades and payouts in one column: ``portfolio.column`` over arrays."""

from numba import int64, void

from polydesk.desk.loop.columns import Now, Pos, Total
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.exact import cost, mul_div, proceeds
from polydesk.kernel.jit import kernel
from polydesk.model.grid import LOT_U6

_SHARES, _COST, _FEES, _DUST = int(Pos.SHARES_U6), int(Pos.COST_U6), int(Pos.FEES_U6), int(Pos.DUST_U6)
_REALISED = int(Pos.REALISED_U6)
_CASH = int(Total.CASH_U6)


@kernel(void(LOOP, int64, int64), inline=False)
def make(loop: Loop, column: int, place: int) -> None:
    """Let a position come to be in a column, unless it is there."""
    if loop.position[column, place, Pos.MADE]:
        return
    loop.total[column, Total.MADE] += 1
    loop.position[column, place, Pos.MADE] = loop.total[column, Total.MADE]
    if column == 0:
        loop.made[loop.now[Now.POSITIONS]] = place
        loop.now[Now.POSITIONS] += 1


@kernel(int64(LOOP, int64, int64, int64, int64))
def _share(loop: Loop, column: int, place: int, whole: int, size: int) -> int:
    shares = loop.position[column, place, _SHARES]
    if size >= shares:
        return whole
    # Floor of a product that may be negative; its size is exact either way.
    return mul_div(whole, size, shares) if whole >= 0 else -((-whole * size + shares - 1) // shares)


@kernel(void(LOOP, int64, int64, int64, int64, int64), inline=False)
def _buy(loop: Loop, column: int, place: int, price: int, size: int, ts_ns: int) -> None:
    position, total = loop.position[column, place], loop.total[column]
    paid = cost(price, size)
    kept = proceeds(price, size)
    if position[_SHARES] < LOT_U6:
        position[Pos.OPENED_NS] = ts_ns
    # Shares sold before their own purchase failed are owed: what is bought back for them is spent, not held.
    owed = min(size, max(0, -position[_SHARES]))
    spent = mul_div(kept, owed, size) if owed < size else kept
    position[_SHARES] += size
    position[_COST] += kept - spent
    position[_DUST] += paid - kept
    position[_REALISED] -= spent
    total[_CASH] -= paid
    total[Total.COST_U6] += kept - spent
    total[Total.DUST_U6] += paid - kept
    total[Total.REALISED_U6] -= spent


@kernel(void(LOOP, int64, int64, int64, int64, int64), inline=False)
def _dispose(loop: Loop, column: int, place: int, price: int, size: int, got: int) -> None:
    position, total = loop.position[column, place], loop.total[column]
    worth = cost(price, size)
    share = _share(loop, column, place, position[_COST], size)
    position[Pos.HELD_FEES_U6] -= _share(loop, column, place, position[Pos.HELD_FEES_U6], size)
    realised = worth - share
    position[_SHARES] -= size
    position[_COST] -= share
    position[_DUST] += worth - got
    position[_REALISED] += realised
    total[_CASH] += got
    total[Total.COST_U6] -= share
    total[Total.DUST_U6] += worth - got
    total[Total.REALISED_U6] += realised


@kernel(void(LOOP, int64, int64, int64, int64, int64, int64, int64), inline=False)
def trade(loop: Loop, column: int, place: int, side: int, price: int, size: int, fee: int, ts_ns: int) -> None:
    """Book a trade of ``size`` micro-shares."""
    if side > 0:
        _buy(loop, column, place, price, size, ts_ns)
        loop.position[column, place, Pos.HELD_FEES_U6] += fee
    else:
        _dispose(loop, column, place, price, size, proceeds(price, size))
    loop.total[column, _CASH] -= fee
    loop.total[column, Total.FEES_U6] += fee
    loop.position[column, place, _FEES] += fee


@kernel(void(LOOP, int64, int64, int64, int64), inline=False)
def settle(loop: Loop, column: int, place: int, token: int, payout: int) -> None:
    """Pay out every held share; a token's payout is rounded down once over all of them, as at the venue.

    Args:
        loop: State.
        column: Matched or confirmed.
        place: The position.
        token: ``market x 2 + token``.
        payout: What a share pays, grid.
    """
    position = loop.position[column, place]
    shares = position[_SHARES]
    if shares == 0:
        return
    redeemed = loop.redeemed[column, token]
    before = redeemed[1]
    redeemed[0] += shares
    got = proceeds(payout, redeemed[0]) - before
    redeemed[1] = before + got
    position[Pos.REDEEMED_U6] += shares
    position[Pos.REDEEMED_CASH_U6] += got
    _dispose(loop, column, place, payout, shares, got)


@kernel(void(LOOP, int64, int64), inline=False)
def take_back(loop: Loop, place: int, token: int) -> None:
    """Take a position out of the matched column, payout included, before it is replayed from what is final."""
    position, total, final = loop.position[0, place], loop.total[0], loop.position[2, place]
    loop.redeemed[0, token, 0] -= position[Pos.REDEEMED_U6]
    loop.redeemed[0, token, 1] -= position[Pos.REDEEMED_CASH_U6]
    for sign in (-1, 1):
        one = position if sign < 0 else final
        total[Total.COST_U6] += sign * one[_COST]
        total[Total.FEES_U6] += sign * one[_FEES]
        total[Total.DUST_U6] += sign * one[_DUST]
        total[Total.REALISED_U6] += sign * one[_REALISED]
        total[_CASH] += sign * (one[_REALISED] - one[_COST] - one[_FEES] - one[_DUST])
    made = position[Pos.MADE]
    for column in range(position.shape[0]):
        position[column] = final[column]
    position[Pos.MADE] = made
