"""Every permit check: one scalar function of what was observed and what is allowed.

All return 1 when the order may go on and 0 when not. They take and return whole numbers only, so the kernel
compiles the very same code. ``UNKNOWN`` as an observation never passes: an unreadable input blocks.
"""

UNKNOWN = -1


def at_most(observed: int, limit: int) -> int:
    """Pass while ``0 <= observed <= limit``; both in the same unit."""
    return 1 if 0 <= observed <= limit else 0


def below(observed: int, limit: int) -> int:
    """Pass while ``0 <= observed < limit``."""
    return 1 if 0 <= observed < limit else 0


def at_least(observed: int, limit: int) -> int:
    """Pass while ``observed >= limit`` and known."""
    return 1 if observed >= limit and observed != UNKNOWN else 0


def on_tick(price_g4: int, tick_g4: int) -> int:
    """Pass when the price is a multiple of the tick and between one tick and one less than 1, on the grid."""
    if tick_g4 <= 0:
        return 0
    return 1 if price_g4 % tick_g4 == 0 and tick_g4 <= price_g4 <= 10_000 - tick_g4 else 0


def adverse_g4(side: int, price_g4: int, opposite_g4: int) -> int:
    """Return how far a limit lies beyond the opposite touch, on the grid; 0 when it does not reach it.

    Args:
        side: 1 buy, -1 sell.
        price_g4: The order's limit.
        opposite_g4: Best ask for a buy, best bid for a sell; ``UNKNOWN`` when that side is empty.
    """
    if opposite_g4 == UNKNOWN:
        return UNKNOWN
    beyond = side * (price_g4 - opposite_g4)
    return beyond if beyond > 0 else 0
