"""The worst price that an order which fills at once has to accept, from a book."""

from collections.abc import Sequence

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import Side


def worst_price_g4(
    side: Side, amount_u6: int, levels: Sequence[tuple[int, int]], *, all_or_nothing: bool
) -> int | None:
    """Return the price of the level at which a book covers an amount.

    Args:
        side: A buy walks the asks, a sale the bids.
        amount_u6: Micro-pUSD to spend, or micro-shares to sell; positive.
        levels: Prices on the grid and micro-shares, best first.
        all_or_nothing: Without enough depth there is no price; otherwise it is the worst level's.

    Returns:
        The price on the grid; ``None`` without one.
    """
    covered = 0
    wanted = amount_u6 * PRICE_ONE_G4
    for price_g4, size_u6 in levels:
        covered += size_u6 * (price_g4 if side is Side.BUY else PRICE_ONE_G4)
        if covered >= wanted:
            return price_g4
    return None if all_or_nothing or not levels else levels[-1][0]
