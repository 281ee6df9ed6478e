"""Maker rebates: accrued per market at each fill, paid at midnight UTC once they are worth a payment.

A fill of ours as maker earns its fee equivalent (the fee its taker owes) times the market's rebate share.
Source: venue documentation, maker rebates: own part of a daily pool per market, paid daily from 1 pUSD on. Every
maker's part of the pool is its own fee equivalent, so nobody else's has to be known.
"""

from numba import int64, void

from polydesk.kernel.answers import heard_ns
from polydesk.kernel.exact import fee
from polydesk.kernel.jit import kernel
from polydesk.kernel.purse import fee_row
from polydesk.kernel.schedule import schedule_new
from polydesk.kernel.venue_state import CASH_KINDS, VENUE, Due, FeeFact, MarketFact, Model, News, NewsKind, Tally, Venue
from polydesk.model.grid import CASH_ONE_U6, NS_PER_S
from polydesk.model.records import MAKER_REBATE

DAY_NS = 86_400 * NS_PER_S
SMALLEST_U6 = CASH_ONE_U6
"""Least that is paid; less stays accrued."""

_SMALLEST = SMALLEST_U6
_DAY = DAY_NS
_REBATE = int(MarketFact.REBATE_U6)
_RATE, _EXPONENT, _SHARE = int(FeeFact.RATE_PPM), int(FeeFact.EXPONENT), int(FeeFact.REBATE_PPM)
_PAYS, _DUE_SET = int(Model.REBATES), int(Tally.REBATES_DUE)
_UNTOLD, _CASH = int(Tally.UNTOLD), int(Tally.CASH_U6)
_AT_MIDNIGHT, _MOVED = int(Due.REBATES), int(NewsKind.CASH)
_SIZE, _CODE = int(News.SIZE_U6), int(News.CODE)
_MAKER_REBATE = CASH_KINDS.index(MAKER_REBATE)
_PPM = 1_000_000


@kernel(void(VENUE, int64, int64, int64, int64), inline=False)
def accrue(venue: Venue, market: int, now: int, price: int, size: int) -> None:
    """Add a maker fill's rebate, rounded down to a micro-pUSD; ``price`` of the token traded."""
    if venue.model[_PAYS] == 0:
        return
    row = fee_row(venue, market, now)
    share = venue.fees[row, _SHARE]
    if share <= 0:
        return
    earned = fee(price, size, venue.fees[row, _RATE], venue.fees[row, _EXPONENT]) * share // _PPM
    if earned <= 0:
        return
    venue.markets[market, _REBATE] += earned
    if venue.count[_DUE_SET] == 0:
        venue.count[_DUE_SET] = 1
        schedule_new(venue, (now // _DAY + 1) * _DAY, _AT_MIDNIGHT)


@kernel(int64(VENUE))
def accrued(venue: Venue) -> int:
    """Return what all markets' rebates have come to and is not paid, micro-pUSD."""
    total = 0
    for market in range(venue.markets.shape[0]):
        total += venue.markets[market, _REBATE]
    return total


@kernel(void(VENUE, int64), inline=False)
def pay_rebates(venue: Venue, now: int) -> None:
    """Pay what has accrued when it is enough; the next accrual schedules the next payment."""
    venue.count[_DUE_SET] = 0
    total = accrued(venue)
    if total < _SMALLEST:
        return
    for market in range(venue.markets.shape[0]):
        venue.markets[market, _REBATE] = 0
    venue.count[_CASH] += total
    venue.count[_UNTOLD] += 1
    slot = schedule_new(venue, heard_ns(venue, now, _MOVED, 0), _MOVED)
    venue.events[slot, _SIZE] = total
    venue.events[slot, _CODE] = _MAKER_REBATE
