"""What a strategy may see: books, features, its own orders and position, market facts and virtual time. Read-only.

A view has no way to resolutions, to rows that have not happened, or to facts that are not settled.
"""

from collections.abc import Callable

import msgspec

from polydesk.model.market import Market
from polydesk.model.orders import Side
from polydesk.signals.features import Features

Ladder = tuple[tuple[int, int], ...]
"""Levels best first: (price_g4, size_u6)."""
Levels = Callable[[int, Side, int], Ladder]
"""Up to so many levels of a token's side, see ``View.levels``."""


class Held(msgspec.Struct, frozen=True, gc=False):
    """Shares of one token the strategy holds.

    Attributes:
        shares_u6: Micro-shares.
        cost_u6: What they cost, micro-pUSD.
        fees_u6: Taker fees paid for them, micro-pUSD.
        opened_ns: Since when.
    """

    shares_u6: int = 0
    cost_u6: int = 0
    fees_u6: int = 0
    opened_ns: int = 0


class OpenOrder(msgspec.Struct, frozen=True, gc=False):
    """One of the strategy's own orders that may still fill.

    Attributes:
        price_g4: Limit, at the token's price.
        left_u6: Micro-shares that may still be matched.
        cancelling: Whether a cancel is on its way.
    """

    token: int
    side: Side
    price_g4: int
    left_u6: int
    cancelling: bool


class View:
    """One market at one moment, for one strategy.

    Attributes:
        ts_ns: Virtual time.
        market: Facts of the market; no resolution.
        bid_g4: Best bid of token 0; 0 when there is none.
        ask_g4: Best ask of token 0; 10 000 when there is none.
        tick_g4: Tick now.
        features: Statistics of the mid.
        held: Shares of token 0 and 1.
        orders: The strategy's working orders in this market.
        equity_u6: Cash and positions at cost, micro-pUSD.
        size_factor: Below 1 while the desk recovers from a daily loss.
    """

    __slots__ = (
        "_levels", "ask_g4", "bid_g4", "equity_u6", "features", "held", "market", "orders", "size_factor", "tick_g4",
        "ts_ns",
    )  # fmt: skip

    def __init__(
        self,
        ts_ns: int,
        market: Market,
        touch: tuple[int, int],
        tick_g4: int,
        features: Features,
        held: tuple[Held, Held],
        orders: tuple[OpenOrder, ...],
        equity_u6: int,
        size_factor: float,
        levels: Levels,
    ) -> None:
        self.ts_ns = ts_ns
        self.market = market
        self.bid_g4, self.ask_g4 = touch
        self.tick_g4 = tick_g4
        self.features = features
        self.held = held
        self.orders = orders
        self.equity_u6 = equity_u6
        self.size_factor = size_factor
        self._levels = levels

    @property
    def two_sided(self) -> bool:
        """Whether there is a best bid and a best ask."""
        return self.bid_g4 > 0 and self.ask_g4 < 10_000

    @property
    def crossed(self) -> bool:
        """Whether the book is crossed or locked: it cannot be right and nothing may be based on it."""
        return self.two_sided and self.bid_g4 >= self.ask_g4

    @property
    def mid(self) -> float:
        """Mean of best bid and ask of token 0 in price units; only meaningful when two-sided."""
        return (self.bid_g4 + self.ask_g4) / 20_000

    @property
    def spread(self) -> float:
        """Best ask less best bid in price units."""
        return (self.ask_g4 - self.bid_g4) / 10_000

    def touch(self, token: int) -> tuple[int, int]:
        """Return best bid and ask of a token at its own price; 0 and 10 000 where there is none."""
        if token == 0:
            return self.bid_g4, self.ask_g4
        return 10_000 - self.ask_g4, 10_000 - self.bid_g4

    def levels(self, token: int, side: Side, count: int) -> Ladder:
        """Return up to ``count`` levels of a token's bids (``BUY``) or asks (``SELL``), best first."""
        return self._levels(token, side, count)

    def to_end_s(self) -> float | None:
        """Return the seconds to the market's scheduled end, or ``None`` when no end is known."""
        end = self.market.end_ns.value
        return None if end is None else (end - self.ts_ns) / 1e9
