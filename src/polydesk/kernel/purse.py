"""The account at the venue: what orders reserve, what matches and payouts move, what rebates accrue."""

from numba import int64, void

from polydesk.kernel.exact import cost, fee, proceeds
from polydesk.kernel.jit import kernel
from polydesk.kernel.venue_state import FINE_U6, TYPES, VENUE, FeeFact, MarketFact, Model, OrderFact, Tally, Venue
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import OrderType

_CASH, _RESERVED = int(Tally.CASH_U6), int(Tally.RESERVED_U6)
_SHARES, _OFFERED = int(MarketFact.SHARES_U6), int(MarketFact.OFFERED_U6)
_REDEEMED, _PAYOUT, _RESOLVED = int(MarketFact.REDEEMED_U6), int(MarketFact.PAYOUT_G4), int(MarketFact.RESOLVED)
_FEE_FIRST, _FEE_STOP = int(MarketFact.FEE_FIRST), int(MarketFact.FEE_STOP)
_FROM, _RATE, _EXPONENT = int(FeeFact.FROM_NS), int(FeeFact.RATE_PPM), int(FeeFact.EXPONENT)
_MARKET, _TOKEN, _SIDE = int(OrderFact.MARKET), int(OrderFact.TOKEN), int(OrderFact.SIDE)
_PRICE, _SIZE = int(OrderFact.PRICE_G4), int(OrderFact.SIZE_U6)
_TYPE, _SPENDS = int(OrderFact.TYPE), int(Model.SPENDS)
_FOK, _FAK = TYPES.index(OrderType.FOK), TYPES.index(OrderType.FAK)
_ONE = PRICE_ONE_G4
_FINE = FINE_U6
_LEFT, _BUDGET = int(OrderFact.LEFT_U6), int(OrderFact.BUDGET_U6)


@kernel(int64(VENUE, int64, int64))
def fee_row(venue: Venue, market: int, now: int) -> int:
    """Return the row of ``Venue.fees`` in force."""
    found = venue.markets[market, _FEE_FIRST]
    for row in range(found + 1, venue.markets[market, _FEE_STOP]):
        if venue.fees[row, _FROM] > now:
            break
        found = row
    return found  # type: ignore[no-any-return]


@kernel(int64(VENUE, int64, int64, int64, int64), inline=False)
def venue_fee(venue: Venue, market: int, now: int, price: int, size: int) -> int:
    """Return the taker fee of a market at a time, micro-pUSD; ``price`` of the token traded."""
    row = fee_row(venue, market, now)
    return fee(price, size, venue.fees[row, _RATE], venue.fees[row, _EXPONENT])


@kernel(int64(VENUE, int64, int64), inline=False)
def covers(venue: Venue, row: int, fee_u6: int) -> int:
    """Return 1 when the free balance covers the whole order of ``row`` and its fee."""
    order = venue.orders[row]
    if order[_SIDE] > 0:
        free = venue.count[_CASH] - venue.count[_RESERVED]
        return 1 if free >= cost(order[_PRICE], order[_SIZE]) + fee_u6 else 0
    facts = venue.markets[order[_MARKET]]
    token = order[_TOKEN]
    return 1 if facts[_SHARES + token] - facts[_OFFERED + token] >= order[_SIZE] else 0


@kernel(int64(VENUE, int64))
def spends(venue: Venue, row: int) -> int:
    """Return 1 when an order is a FOK or FAK buy that spends its whole cost."""
    order = venue.orders[row]
    immediate = order[_TYPE] in (_FOK, _FAK)
    return 1 if venue.model[_SPENDS] and order[_SIDE] > 0 and immediate else 0


@kernel(int64(int64, int64))
def affordable(budget: int, price: int) -> int:
    """Return the shares that ``budget`` micro-pUSD buy at a token's price, in whole 0.0001 shares."""
    shares = budget // price * _ONE + budget % price * _ONE // price
    return shares // _FINE * _FINE


@kernel(int64(VENUE, int64))
def held_by(venue: Venue, row: int) -> int:
    """Return what an open order reserves: micro-pUSD of a buy, micro-shares of a sell."""
    order = venue.orders[row]
    if order[_SIDE] < 0:
        left: int = order[_LEFT]
        return left
    if spends(venue, row):
        budget: int = order[_BUDGET]
        return budget
    return cost(order[_PRICE], order[_LEFT])


@kernel(void(VENUE, int64, int64), inline=False)
def reserve(venue: Venue, row: int, change: int) -> None:
    """Reserve ``change`` more for an order (less when negative): micro-pUSD for a buy, micro-shares for a sell."""
    order = venue.orders[row]
    if order[_SIDE] > 0:
        venue.count[_RESERVED] += change
    else:
        venue.markets[order[_MARKET], _OFFERED + order[_TOKEN]] += change


@kernel(void(VENUE, int64, int64, int64, int64, int64, int64, int64), inline=False)
def trade(venue: Venue, market: int, token: int, side: int, price: int, size: int, fee_u6: int, sign: int) -> None:
    """Book a match (``sign`` 1) or take it back (-1)."""
    moved = -cost(price, size) if side > 0 else proceeds(price, size)
    venue.markets[market, _SHARES + token] += sign * side * size
    venue.count[_CASH] += sign * (moved - fee_u6)


@kernel(void(VENUE, int64, int64, int64), inline=False)
def redeem(venue: Venue, market: int, payout: int, other: int) -> None:
    """Pay every share of a resolved market: ``payout`` for one of token 0, ``other`` for one of token 1."""
    facts = venue.markets[market]
    facts[_PAYOUT], facts[_PAYOUT + 1] = payout, other
    for token in range(2):
        venue.count[_CASH] += proceeds(facts[_PAYOUT + token], facts[_SHARES + token])
        facts[_REDEEMED + token] = facts[_SHARES + token]
        facts[_SHARES + token] = 0


@kernel(void(VENUE, int64, int64, int64, int64, int64, int64), inline=False)
def take_back(venue: Venue, market: int, token: int, side: int, price: int, size: int, fee_u6: int) -> None:
    """Reverse a match that failed to settle.

    Shares that were sold before their own purchase failed are owed. A payout that was made for shares of the match is
    taken back with them; it is rounded down once over all shares of the token, as at the resolution.
    """
    trade(venue, market, token, side, price, size, fee_u6, -1)
    facts = venue.markets[market]
    if facts[_RESOLVED]:
        payout, before = facts[_PAYOUT + token], facts[_REDEEMED + token]
        after = before + facts[_SHARES + token]
        venue.count[_CASH] += proceeds(payout, after) - proceeds(payout, before)
        facts[_REDEEMED + token] = after
        facts[_SHARES + token] = 0
