"""Inventory maker: one bid and one ask around a fair value that leans away from what is already held.

``bid = mid + imbalance + inventory skew - half spread - widening``, rounded down to a tick;
``ask = mid + imbalance + inventory skew + half spread + widening``, rounded up. Each quote carries these terms.

With ``requote_move`` or ``requote_s`` above 0 the prices stay where they are, so that orders keep their places in the
queue, until fair value (the first three terms) has moved that far from where it was when they were made and they have
stood that long; the term ``standing`` is how far the kept price is from a fresh one. A kept price that would cross the
book is moved out of its way. Sizes, sides and tokens follow what is held at every look, and quotes that were withdrawn
are made afresh.

A wish to sell token 0 is a sale of held shares or, without any, a buy of token 1 at the complement, and the other way
round: the venue matches both in one book.

Source: the reservation-price idea of Avellaneda and Stoikov (2008) with a linear skew; spread as a parameter.
"""

from importlib import import_module

import msgspec
from pydantic import model_validator

from polydesk.model.params import param
from polydesk.signals import ExitRules, Quotes, Strategy, StrategyParams, View, Wait
from polydesk.strategies.numbers import INVENTORY_MAKER

_FRESH = ("mid", "imbalance", "inventory_skew", "half_spread", "widening")


class InventoryMakerParams(StrategyParams):
    """Parameters of the inventory maker."""

    half_spread: float = param(0.015, "price", "distance of each quote from fair value", low=0, high=0.5, tunable=True)
    imbalance_weight: float = param(
        0.5, "1", "how far the fair value leans towards the thinner side, in half spreads of the book", low=0, high=1,
        tunable=True,
    )  # fmt: skip
    depth_levels: int = param(3, "count", "levels per side that make the imbalance", low=1, high=50)
    inventory_skew: float = param(
        0.02, "price", "lean of the fair value at full inventory", low=0, high=0.5, tunable=True
    )
    widening: float = param(1.0, "1", "standard deviations of the mid over 5 s added to each side", low=0, tunable=True)
    quote_shares: float = param(10.0, "shares", "size of each quote", low=0.01, tunable=True)
    max_inventory: float = param(60.0, "shares", "net shares at which a side is no longer quoted", low=1, tunable=True)
    requote_move: float = param(
        0.0, "price", "how far fair value must move before the quotes follow it; 0 follows every change", low=0,
        high=0.5, tunable=True,
    )  # fmt: skip
    requote_s: float = param(
        0.0, "s", "shortest time between two moves of the quotes; a move it held back waits for the market's next wake",
        low=0, tunable=True,
    )  # fmt: skip
    max_spread: float = param(0.10, "price", "widest book that is quoted", low=0, high=1)
    extreme: float = param(0.06, "price", "no quotes when the mid is closer than this to 0 or 1", low=0, high=0.5)
    warm_up_s: float = param(10.0, "s", "history needed before the first quote", low=0)
    stop_before_end_s: float = param(45.0, "s", "quotes are withdrawn this long before the market's end", low=0)
    exits: ExitRules = param(ExitRules(before_end_s=30), "-", "generic exits")

    @model_validator(mode="after")
    def _quotes_stop_before_exits(self) -> "InventoryMakerParams":
        if self.stop_before_end_s < self.exits.before_end_s:
            raise ValueError(
                "stop_before_end_s must not be less than exits.before_end_s: it would quote while it leaves"
            )
        return self


class Memory(msgspec.Struct):
    """What the maker remembers of one market, prices in billionths.

    Attributes:
        first_ns: When it first saw a two-sided book.
        fair_n9: Fair value its quotes were made for; 0 while it has none, and when they follow every change.
        bid_n9: The bid wanted then.
        ask_n9: The ask wanted then.
        moved_ns: When that was.
    """

    first_ns: int = 0
    fair_n9: int = 0
    bid_n9: int = 0
    ask_n9: int = 0
    moved_ns: int = 0


class InventoryMaker(Strategy[InventoryMakerParams, Memory]):
    """Quoting strategy for one market; its decision is compiled, see ``inventory_maker_kernel``."""

    name = "inventory_maker"
    state_type = Memory
    number = INVENTORY_MAKER

    def __init__(self, params: InventoryMakerParams) -> None:
        super().__init__(params)
        standing = ("standing",) if params.requote_move > 0 or params.requote_s > 0 else ()
        self.terms = (*_FRESH, *standing, "tick_and_passive")
        # Loaded here and not above: reading a configuration must not load the compiler.
        self._asked = import_module("polydesk.strategies.compiled").ByView(self)

    @property
    def depth(self) -> int:
        """Levels per side that make the imbalance."""
        return self.params.depth_levels

    def packed(self) -> list[float]:
        """Return the parameters in the order of ``inventory_maker_kernel.Param``."""
        p = self.params
        return [
            p.half_spread, p.imbalance_weight, p.depth_levels, p.inventory_skew, p.widening, p.quote_shares,
            p.max_inventory, p.max_spread, p.extreme, p.warm_up_s, p.stop_before_end_s, p.requote_move, p.requote_s,
        ]  # fmt: skip

    def decide(self, view: View, state: Memory) -> Quotes | Wait:
        """Return the wanted quotes or why there are none."""
        answer: Quotes | Wait = self._asked.decide(view, state)
        return answer
