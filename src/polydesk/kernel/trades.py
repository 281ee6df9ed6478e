"""Matches become money: the account moves at once, the desk hears of the fill, then that it is final or failed."""

from numba import int64, void

from polydesk.kernel.answers import heard_ns
from polydesk.kernel.draw import draw_q31, latency_ns
from polydesk.kernel.exact import cost
from polydesk.kernel.jit import kernel
from polydesk.kernel.purse import held_by, reserve, spends, trade, venue_fee
from polydesk.kernel.rebates import accrue
from polydesk.kernel.schedule import schedule_new
from polydesk.kernel.state import FILLS, FillCause, Fills
from polydesk.kernel.table import find_order, forget_order
from polydesk.kernel.venue_state import VENUE, Due, Leg, Model, News, NewsKind, OrderFact, Tally, Venue
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import PRICE_ONE_G4

_ONE = PRICE_ONE_G4
_COMPLEMENTARY = int(FillCause.COMPLEMENTARY)
_ANSWER, _FAILURE = int(Leg.ANSWER), int(Leg.FAILURE)
_SEED, _CONFIRM, _FAILURE_Q31 = int(Model.SEED), int(Model.CONFIRM_NS), int(Model.FAILURE_Q31)
_FILLS, _MATCHES, _UNTOLD, _COLLECTED = (
    int(Tally.FILLS), int(Tally.MATCHES), int(Tally.UNTOLD), int(Tally.COLLECTED),
)  # fmt: skip
_FILL, _STATUS, _FAIL = int(NewsKind.FILL), int(NewsKind.FILL_STATUS), int(Due.FAIL)
_ORDER, _MARKET, _TOKEN, _SIDE = int(News.ORDER), int(News.MARKET), int(News.TOKEN), int(News.SIDE)
_PRICE, _SIZE, _FEE, _TAKER = int(News.PRICE_G4), int(News.SIZE_U6), int(News.FEE_U6), int(News.TAKER)
_CAUSE, _MATCHED, _NUMBER, _CODE = int(News.CAUSE), int(News.MATCHED_NS), int(News.FILL), int(News.CODE)
_TS, _COLUMNS = int(News.TS_NS), int(News.SLOT)
_O_TOKEN, _O_SIDE, _O_LEFT, _O_BUDGET = (
    int(OrderFact.TOKEN), int(OrderFact.SIDE), int(OrderFact.LEFT_U6), int(OrderFact.BUDGET_U6),
)  # fmt: skip


@kernel(int64(VENUE, int64, int64))
def _fails(venue: Venue, cause: int, taker: int) -> int:
    # Two own orders that meet are one match: it fails for both or for none.
    if cause < _COMPLEMENTARY or taker:
        venue.count[_MATCHES] += 1
    if venue.model[_FAILURE_Q31] == 0:
        return 0
    drawn = draw_q31(venue.model[_SEED], venue.count[_MATCHES], _FAILURE, 0)
    return 1 if drawn < venue.model[_FAILURE_Q31] else 0


@kernel(void(VENUE, int64, int64, int64), inline=False)
def _tell_fill(venue: Venue, slot: int, failed: int, now: int) -> None:
    # `slot` holds the fill; its status repeats it with another kind, time and code. The account is put right when the
    # match fails, an answer before the desk hears of it: what the venue accepts meanwhile must not tell the future.
    fill = venue.events[slot]
    due = now + venue.model[_CONFIRM] + latency_ns(venue, _ANSWER, _STATUS, fill[_NUMBER], now)
    due = max(due, fill[_TS])
    if failed:
        # Scheduled first: without answer latency both happen at the same time, and then the account comes first, too.
        reversal = venue.events[schedule_new(venue, now + venue.model[_CONFIRM], _FAIL)]
        for column in range(_ORDER, _COLUMNS):
            reversal[column] = fill[column]
    status = venue.events[schedule_new(venue, due, _STATUS)]
    for column in range(_ORDER, _COLUMNS):
        status[column] = fill[column]
    status[_CODE] = 1 - failed
    venue.count[_UNTOLD] += 1 + failed


@kernel(void(VENUE, FILLS, int64, int64), inline=False)
def _book_fill(venue: Venue, fills: Fills, index: int, now: int) -> None:
    found = fills.rows[index]
    number, market, size, cause, taker = found[0], found[1], found[3], found[4], found[7]
    row = find_order(venue, number)
    if row < 0:
        raise InvariantBroken("the simulated venue filled an order that is not open; own orders and its table disagree")
    order = venue.orders[row]
    token, side = order[_O_TOKEN], order[_O_SIDE]
    price = found[2] if token == 0 else _ONE - found[2]
    fee_u6 = venue_fee(venue, market, now, price, size) if taker else 0
    failed = _fails(venue, cause, taker)
    held = held_by(venue, row)
    order[_O_LEFT] -= size
    if spends(venue, row):
        order[_O_BUDGET] -= cost(price, size)
    reserve(venue, row, held_by(venue, row) - held)
    trade(venue, market, token, side, price, size, fee_u6, 1)
    if not failed and not taker:
        accrue(venue, market, now, price, size)
    venue.count[_FILLS] += 1
    slot = schedule_new(venue, heard_ns(venue, now, _FILL, venue.count[_FILLS]), _FILL)
    told = venue.events[slot]
    told[_ORDER], told[_MARKET], told[_TOKEN], told[_SIDE] = number, market, token, side
    told[_PRICE], told[_SIZE], told[_FEE], told[_TAKER] = price, size, fee_u6, taker
    told[_CAUSE], told[_MATCHED], told[_NUMBER] = cause, now, venue.count[_FILLS]
    _tell_fill(venue, slot, failed, now)
    if order[_O_LEFT] == 0 and not spends(venue, row):
        forget_order(venue, number)


@kernel(void(VENUE, FILLS, int64), inline=False)
def book_fills(venue: Venue, fills: Fills, now: int) -> None:
    """Book every fill of the buffer and empty it; ``Tally.COLLECTED`` says how many rows of it are still readable."""
    count = fills.n[0]
    for index in range(count):
        _book_fill(venue, fills, index, now)
    fills.n[0] = 0
    venue.count[_COLLECTED] = count
