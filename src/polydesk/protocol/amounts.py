"""What an order pays and wants, in whole numbers: exact on the price grid, within what the venue's server accepts.

The server takes shares with two decimals. Of orders that fill at once it takes two decimals of what is paid and four of
what is wanted, whatever the tick; the official clients send more on fine ticks, and are refused, and fewer on the
coarsest. What is sent here satisfies both. What is cut off is cut in favour of being filled: less is wanted, never
more.
"""

from typing import NamedTuple

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import Side

_CENT_U6 = 10_000
_FINE_U6 = 100
_COARSE_U6, _COARSE_TICK_G4 = 1_000, 1_000


class Amounts(NamedTuple):
    """The two amounts of a signed order: micro-pUSD or micro-shares, by its side."""

    maker_u6: int
    taker_u6: int


def limit_amounts(side: Side, price_g4: int, size_u6: int) -> Amounts:
    """Return the amounts of an order that may rest.

    Args:
        side: Buy pays cash for shares, sell the other way round.
        price_g4: Limit, 1 to 9 999 on the grid, a multiple of the market's tick.
        size_u6: Micro-shares; cut to hundredths of a share.

    Raises:
        ValueError: Price outside the grid, or less than a hundredth of a share.
    """
    shares = _cut(size_u6, _CENT_U6, "size", "0.01 shares")
    cash = shares * _checked(price_g4) // PRICE_ONE_G4  # exact: hundredths of a share are multiples of 10 000
    return Amounts(cash, shares) if side is Side.BUY else Amounts(shares, cash)


def immediate_amounts(side: Side, price_g4: int, amount_u6: int, tick_g4: int) -> Amounts:
    """Return the amounts of an order that fills at once or is killed.

    Args:
        side: Buy or sell.
        price_g4: Worst price.
        amount_u6: Micro-pUSD to spend for a buy, cut to cents; micro-shares to sell, cut to hundredths. A buy gets more
            shares than it wants when it trades at better prices.
        tick_g4: The market's tick: what is wanted has three decimals on the coarsest, four otherwise.

    Raises:
        ValueError: Price outside the grid, less than a cent or a hundredth of a share, or so little that nothing would
            be wanted for it.
    """
    paid = _cut(amount_u6, _CENT_U6, "amount", "0.01")
    price = _checked(price_g4)
    wanted = paid * PRICE_ONE_G4 // price if side is Side.BUY else paid * price // PRICE_ONE_G4
    unit = _COARSE_U6 if tick_g4 >= _COARSE_TICK_G4 else _FINE_U6
    return Amounts(paid, _cut(wanted, unit, "what is wanted", str(unit / 1e6)))


def _checked(price_g4: int) -> int:
    if not 0 < price_g4 < PRICE_ONE_G4:
        raise ValueError(f"price {price_g4} is outside 1 to {PRICE_ONE_G4 - 1} of the grid")
    return price_g4


def _cut(amount_u6: int, unit_u6: int, name: str, least: str) -> int:
    cut = amount_u6 - amount_u6 % unit_u6
    if cut <= 0:
        raise ValueError(f"{name} {amount_u6 / 1e6:f} is less than {least}, the least the venue takes")
    return cut
