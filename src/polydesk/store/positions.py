"""Average-cost arithmetic of one position, in whole micro-pUSD; every token at its own price.

Each trade conserves money exactly: ``realised - cost`` always equals the cash received minus the cash paid.
"""

import msgspec

from polydesk.model.grid import cost_u6, proceeds_u6
from polydesk.model.orders import Side


class Holding(msgspec.Struct, frozen=True):
    """Shares of one token with what they cost.

    Attributes:
        shares_u6: Micro-shares; negative only when a buy failed after its shares were sold.
        cost_u6: What the open shares cost, without fees.
        open_fees_u6: Fees paid for the open shares.
        fees_u6: All fees ever paid.
        realised_u6: Realised so far, before fees.
    """

    shares_u6: int = 0
    cost_u6: int = 0
    open_fees_u6: int = 0
    fees_u6: int = 0
    realised_u6: int = 0


class Closing(msgspec.Struct, frozen=True):
    """What one sale or settlement closed.

    Attributes:
        shares_u6: Micro-shares closed.
        cost_u6: Their share of the cost.
        proceeds_u6: What they brought.
        entry_fees_u6: Their share of the fees paid when they were bought.
        exit_fee_u6: Fee of the closing trade.
    """

    shares_u6: int
    cost_u6: int
    proceeds_u6: int
    entry_fees_u6: int
    exit_fee_u6: int

    @property
    def realised_u6(self) -> int:
        """Proceeds minus cost, before fees."""
        return self.proceeds_u6 - self.cost_u6


def traded_cash_u6(side: Side, price: int, size: int) -> int:
    """Return the signed cash of a trade without its fee: a buyer pays rounded up, a seller gets rounded down."""
    return -cost_u6(price, size) if side is Side.BUY else proceeds_u6(price, size)


def trade(holding: Holding, side: Side, price: int, size: int, fee: int) -> tuple[Holding, Closing | None]:
    """Return the holding after a trade of ``size`` micro-shares at grid price ``price`` and what it closed."""
    cash = traded_cash_u6(side, price, size)
    closed = min(size, max(0, holding.shares_u6 * -side))
    if closed == 0 and side is Side.BUY:
        return _added(holding, size, -cash, fee), None
    if side is Side.BUY:
        return _covered(holding, closed, size, -cash, fee)
    released = _part(holding.cost_u6, closed, holding.shares_u6)
    entry_fees = _part(holding.open_fees_u6, closed, holding.shares_u6)
    closing = Closing(size, released, cash, entry_fees, fee)
    after = Holding(
        shares_u6=holding.shares_u6 - size,
        cost_u6=holding.cost_u6 - released,
        open_fees_u6=holding.open_fees_u6 - entry_fees,
        fees_u6=holding.fees_u6 + fee,
        realised_u6=holding.realised_u6 + closing.realised_u6,
    )
    return after, closing


def settle(holding: Holding, payout: int) -> tuple[Holding, Closing | None]:
    """Return the holding after its token pays ``payout`` (grid price) per share without a fee, and what it closed."""
    shares = holding.shares_u6
    if shares == 0:
        return holding, None
    received = proceeds_u6(payout, shares) if shares > 0 else -cost_u6(payout, -shares)
    closing = Closing(shares, holding.cost_u6, received, holding.open_fees_u6, 0)
    return Holding(fees_u6=holding.fees_u6, realised_u6=holding.realised_u6 + closing.realised_u6), closing


def _added(holding: Holding, size: int, paid: int, fee: int) -> Holding:
    return Holding(
        shares_u6=holding.shares_u6 + size,
        cost_u6=holding.cost_u6 + paid,
        open_fees_u6=holding.open_fees_u6 + fee,
        fees_u6=holding.fees_u6 + fee,
        realised_u6=holding.realised_u6,
    )


def _covered(holding: Holding, closed: int, size: int, paid: int, fee: int) -> tuple[Holding, Closing]:
    """Buy back shares that were sold without being held; whatever is bought beyond opens a position."""
    released = _part(paid, closed, size)
    covering_fee = _part(fee, closed, size)
    closing = Closing(-closed, released, 0, 0, covering_fee)
    after = Holding(
        shares_u6=holding.shares_u6 + size,
        cost_u6=paid - released,
        open_fees_u6=fee - covering_fee,
        fees_u6=holding.fees_u6 + fee,
        realised_u6=holding.realised_u6 - released,
    )
    return after, closing


def _part(amount: int, shares: int, of: int) -> int:
    return amount * shares // of if shares else 0
