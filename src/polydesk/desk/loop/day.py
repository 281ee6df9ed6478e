"""What the positions are worth, and the day's loss judged by it: ``desk.day`` and ``risk.daily_loss`` over arrays."""

from numba import float64, int64, void

from polydesk.desk.loop.account import market_of
from polydesk.desk.loop.cancels import cancel_all
from polydesk.desk.loop.columns import DayState, Limit, Now, Pos, RuleFloat, Total
from polydesk.desk.loop.outputs import CancelCause
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.exact import proceeds
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, Books
from polydesk.kernel.venue_state import VENUE, Venue
from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4

_DAY_NS = 86_400 * NS_PER_S


@kernel(int64(LOOP, BOOKS, int64))
def bid_of(loop: Loop, books: Books, place: int) -> int:
    """Return the best bid of a position's token, grid; 0 when there is none."""
    market = market_of(loop, place)
    return int(books.touch[market, 0]) if place % 2 == 0 else PRICE_ONE_G4 - int(books.touch[market, 1])


@kernel(float64(LOOP))
def size_factor(loop: Loop) -> float:
    """Return the desk's own size factor: below 1 while it recovers from a daily loss."""
    factor: float = loop.rule_float[0, RuleFloat.RECOVERY] if loop.now[Now.DAY_STATE] == DayState.RECOVERY else 1.0
    return factor


@kernel(int64(LOOP, BOOKS, int64))
def value(loop: Loop, books: Books, column: int) -> int:
    """Return what the held shares of a column would bring at their bids, micro-pUSD."""
    worth = 0
    for index in range(loop.now[Now.POSITIONS]):
        place = loop.made[index]
        shares = loop.position[column, place, Pos.SHARES_U6]
        if shares:
            worth += proceeds(bid_of(loop, books, place), shares)
    return worth


@kernel(int64(LOOP, BOOKS))
def _unpriced_cost(loop: Loop, books: Books) -> int:
    unpriced = 0
    for index in range(loop.now[Now.POSITIONS]):
        place = loop.made[index]
        if loop.position[0, place, Pos.SHARES_U6] and bid_of(loop, books, place) <= 0:
            unpriced += loop.position[0, place, Pos.COST_U6]
    return unpriced


@kernel(void(LOOP, int64))
def _transition(loop: Loop, limit: int) -> None:
    now, rules = loop.now, loop.limit
    state = now[Now.DAY_STATE]
    if state == DayState.NORMAL and now[Now.DAY_PNL_U6] <= -limit:
        now[Now.DAY_STATE] = DayState.TRIPPED
        now[Now.DAY_TRIPPED_NS] = now[Now.NOW_NS]
    elif state == DayState.TRIPPED and now[Now.NOW_NS] - now[Now.DAY_TRIPPED_NS] >= rules[Limit.DAY_COOLDOWN_NS]:
        now[Now.DAY_STATE] = DayState.RECOVERY
        now[Now.DAY_LOW_U6] = now[Now.DAY_PNL_U6]
    elif state == DayState.RECOVERY:
        if now[Now.DAY_PNL_U6] > -limit:
            now[Now.DAY_STATE] = DayState.NORMAL
        elif now[Now.DAY_LOW_U6] - now[Now.DAY_PNL_U6] >= rules[Limit.DAY_SECOND_U6]:
            now[Now.DAY_STATE] = DayState.LOCKED


@kernel(void(LOOP, BOOKS, VENUE, int64))
def judge_day_by(loop: Loop, books: Books, venue: Venue, worth: int) -> None:
    """Update the daily loss switch, given the value of the matched column; withdraw what works when it trips."""
    now, total = loop.now, loop.total[0]
    by_bid = loop.limit[Limit.DAY_BY_BID]
    pnl = (
        total[Total.CASH_U6] + (worth if by_bid else total[Total.COST_U6])
        - total[Total.DEPOSITS_U6] - total[Total.EXTERNAL_U6]
    )  # fmt: skip
    unpriced = _unpriced_cost(loop, books) if by_bid else 0
    before = now[Now.DAY_STATE]
    day = (now[Now.NOW_NS] - loop.limit[Limit.DAY_HOUR_NS]) // _DAY_NS
    if day != now[Now.DAY]:
        now[Now.DAY_START_U6] = pnl if now[Now.DAY] < 0 else now[Now.DAY_START_U6] + now[Now.DAY_PNL_U6]
        now[Now.DAY] = day
        now[Now.DAY_STATE] = DayState.NORMAL
    now[Now.DAY_PNL_U6] = pnl - now[Now.DAY_START_U6]
    limit = loop.limit[Limit.DAY_LOSS_U6]
    uncertain = limit > 0 and now[Now.DAY_PNL_U6] <= -limit < now[Now.DAY_PNL_U6] + unpriced
    now[Now.DAY_UNKNOWN] = uncertain
    if limit and not uncertain:
        _transition(loop, limit)
    stopped = now[Now.DAY_STATE] in (DayState.TRIPPED, DayState.LOCKED)
    if now[Now.DAY_STATE] != before and stopped:
        cancel_all(loop, venue, CancelCause.KILL_SWITCH, 0)


@kernel(void(LOOP, BOOKS, VENUE))
def judge_day(loop: Loop, books: Books, venue: Venue) -> None:
    """The same, with the value of now."""
    worth = value(loop, books, 0) if loop.limit[Limit.DAY_BY_BID] else 0
    judge_day_by(loop, books, venue, worth)
