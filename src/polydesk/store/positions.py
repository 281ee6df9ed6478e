"""Average-cost arithmetic of one position, in whole micro-pUSD; every token at its own price.

The payer's amount rounds up and the receiver's down, as on the exchange; cost and realised PnL stand on the other
side of that rounding and the difference is dust, so ``realised - cost - dust`` is always the cash received minus the
cash paid. Written independently of ``polydesk.portfolio``, which the desk trades on: the ledger is its cross-check.
"""

import msgspec

from polydesk.model.grid import cost_u6, proceeds_u6
from polydesk.model.orders import Side


class Holding(msgspec.Struct, frozen=True):
    """Shares of one token with what they cost.

    Attributes:
        shares_u6: Micro-shares; negative only when a buy failed after its shares were sold.
        cost_u6: What the open shares cost, without fees and dust.
        open_fees_u6: Fees paid for the open shares.
        fees_u6: All fees ever paid.
        dust_u6: All rounding ever paid.
        realised_u6: Realised so far, before fees and dust.
    """

    shares_u6: int = 0
    cost_u6: int = 0
    open_fees_u6: int = 0
    fees_u6: int = 0
    dust_u6: int = 0
    realised_u6: int = 0


class Closing(msgspec.Struct, frozen=True):
    """What one sale or settlement closed.

    Attributes:
        shares_u6: Micro-shares closed; negative when sold shares were bought back.
        cost_u6: Their share of the cost.
        proceeds_u6: Cash they brought.
        dust_u6: Rounding paid at the exit.
        entry_fees_u6: Their share of the fees paid when they were bought.
        exit_fee_u6: Fee of the closing trade.
    """

    shares_u6: int
    cost_u6: int
    proceeds_u6: int
    dust_u6: int
    entry_fees_u6: int
    exit_fee_u6: int

    @property
    def realised_u6(self) -> int:
        """What they brought minus what they cost, before fees and dust."""
        return self.proceeds_u6 + self.dust_u6 - self.cost_u6


def traded_cash_u6(side: Side, price: int, size: int) -> int:
    """Return the signed cash of a trade without its fee: a buyer pays rounded up, a seller gets rounded down."""
    return -cost_u6(price, size) if side is Side.BUY else proceeds_u6(price, size)


def trade(holding: Holding, side: Side, price: int, size: int, fee: int) -> tuple[Holding, Closing | None]:
    """Return the holding after a trade of ``size`` micro-shares at grid price ``price`` and what it closed."""
    if side is Side.SELL:
        return _disposed(holding, price, size, fee)
    return _bought(holding, price, size, fee)


def settle(holding: Holding, payout: int) -> tuple[Holding, Closing | None]:
    """Return the holding after its token pays ``payout`` (grid price) per share without a fee, and what it closed."""
    if holding.shares_u6 == 0:
        return holding, None
    return _disposed(holding, payout, holding.shares_u6, 0)


def _disposed(holding: Holding, price: int, size: int, fee: int) -> tuple[Holding, Closing]:
    cash = proceeds_u6(price, size)
    dust = cost_u6(price, size) - cash
    whole = size >= holding.shares_u6
    cost = holding.cost_u6 if whole else holding.cost_u6 * size // holding.shares_u6
    entry_fees = holding.open_fees_u6 if whole else holding.open_fees_u6 * size // holding.shares_u6
    closing = Closing(size, cost, cash, dust, entry_fees, fee)
    after = Holding(
        shares_u6=holding.shares_u6 - size,
        cost_u6=holding.cost_u6 - cost,
        open_fees_u6=holding.open_fees_u6 - entry_fees,
        fees_u6=holding.fees_u6 + fee,
        dust_u6=holding.dust_u6 + dust,
        realised_u6=holding.realised_u6 + closing.realised_u6,
    )
    return after, closing


def _bought(holding: Holding, price: int, size: int, fee: int) -> tuple[Holding, Closing | None]:
    """Buy; shares that were sold without being held are bought back first, at their part of the price."""
    worth = proceeds_u6(price, size)
    dust = cost_u6(price, size) - worth
    covered = min(size, max(0, -holding.shares_u6))
    covering = worth * covered // size
    covering_fee = fee * covered // size
    after = Holding(
        shares_u6=holding.shares_u6 + size,
        cost_u6=holding.cost_u6 + worth - covering,
        open_fees_u6=holding.open_fees_u6 + fee - covering_fee,
        fees_u6=holding.fees_u6 + fee,
        dust_u6=holding.dust_u6 + dust,
        realised_u6=holding.realised_u6 - covering,
    )
    return after, Closing(-covered, covering, 0, 0, 0, covering_fee) if covered else None
