"""Inventory maker: one bid and one ask around a fair value that leans away from what is already held.

``bid = mid + imbalance + inventory skew - half spread - widening``, rounded down to a tick;
``ask = mid + imbalance + inventory skew + half spread + widening``, rounded up. Each quote carries these terms.

A wish to sell token 0 is a sale of held shares or, without any, a buy of token 1 at the complement, and the other way
round: the venue matches both in one book.

Source: the reservation-price idea of Avellaneda and Stoikov (2008) with a linear skew; spread as a parameter.
"""

import msgspec
from pydantic import model_validator

from polydesk.model.grid import LOT_U6, PRICE_ONE_G4, SHARE_U6, ceil_to, floor_to
from polydesk.model.orders import Side, Term
from polydesk.model.params import param
from polydesk.model.reasons import Hold
from polydesk.signals import ExitRules, Quote, Quotes, Strategy, StrategyParams, View, Wait


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
    """What the maker remembers of one market: when it first saw a two-sided book."""

    first_ns: int = 0


class InventoryMaker(Strategy[InventoryMakerParams, Memory]):
    """Quoting strategy for one market."""

    name = "inventory_maker"
    state_type = Memory

    def decide(self, view: View, state: Memory) -> Quotes | Wait:
        """Return the wanted quotes or why there are none."""
        if view.crossed:
            return Wait(Hold.CROSSED)
        if not view.two_sided:
            return Wait(Hold.ONE_SIDED)
        if state.first_ns == 0:
            state.first_ns = view.ts_ns
        hold = self._hold(view, state)
        return Wait(hold) if hold is not None else self._quotes(view, self._size_u6(view))

    def _hold(self, view: View, state: Memory) -> Hold | None:
        p = self.params
        to_end = view.to_end_s()
        if to_end is not None and to_end < p.stop_before_end_s:
            return Hold.NEAR_END
        if (view.ts_ns - state.first_ns) / 1e9 < p.warm_up_s:
            return Hold.WARMING_UP
        if view.mid < p.extreme or view.mid > 1 - p.extreme:
            return Hold.EXTREME_PRICE
        if view.spread > p.max_spread:
            return Hold.SPREAD
        if self._size_u6(view) < view.market.min_size_u6.value:
            return Hold.SIZE_BELOW_MINIMUM
        return None

    def _size_u6(self, view: View) -> int:
        return floor_to(round(self.params.quote_shares * view.size_factor * SHARE_U6), LOT_U6)

    def _quotes(self, view: View, size_u6: int) -> Quotes:
        p = self.params
        limit_u6 = round(p.max_inventory * SHARE_U6)
        net_u6 = view.held[0].shares_u6 - view.held[1].shares_u6
        fair = self._fair_terms(view, net_u6 / limit_u6)
        volatility = view.features.volatility(5.0) or 0.0
        width = (Term("half_spread", p.half_spread), Term("widening", p.widening * volatility))
        quotes = []
        if net_u6 + size_u6 <= limit_u6:
            quotes.append(self._quote(view, Side.BUY, fair, width, size_u6))
        if net_u6 - size_u6 >= -limit_u6:
            quotes.append(self._quote(view, Side.SELL, fair, width, size_u6))
        return Quotes(tuple(quote for quote in quotes if quote is not None))

    def _fair_terms(self, view: View, fullness: float) -> tuple[Term, ...]:
        p = self.params
        bids = sum(size for _, size in view.levels(0, Side.BUY, p.depth_levels))
        asks = sum(size for _, size in view.levels(0, Side.SELL, p.depth_levels))
        lean = (bids - asks) / (bids + asks) if bids + asks else 0.0
        return (
            Term("mid", view.mid),
            Term("imbalance", p.imbalance_weight * lean * view.spread / 2),
            Term("inventory_skew", -p.inventory_skew * fullness),
        )

    def _quote(
        self, view: View, side: Side, fair: tuple[Term, ...], width: tuple[Term, ...], size_u6: int
    ) -> Quote | None:
        terms = (*fair, *(Term(t.name, -int(side) * t.value) for t in width))
        wanted = sum(term.value for term in terms)
        price_g4 = _passive_g4(view, side, wanted)
        if not view.tick_g4 <= price_g4 <= PRICE_ONE_G4 - view.tick_g4:
            return None
        terms = (*terms, Term("tick_and_passive", price_g4 / PRICE_ONE_G4 - wanted))
        other = 1 if side is Side.BUY else 0
        held_u6 = floor_to(min(size_u6, view.held[other].shares_u6), LOT_U6)
        if held_u6 and held_u6 >= view.market.min_size_u6.value:
            return _on_token(other, Side.SELL, price_g4, held_u6, terms)
        return _on_token(1 - other, Side.BUY, price_g4, size_u6, terms)


def _passive_g4(view: View, side: Side, wanted: float) -> int:
    """Return the wanted price in the book of token 0, rounded away from the other side and never crossing it."""
    grid = wanted * PRICE_ONE_G4
    if side is Side.BUY:
        return floor_to(min(int(grid // 1), view.ask_g4 - view.tick_g4), view.tick_g4)
    return ceil_to(max(-int(-grid // 1), view.bid_g4 + view.tick_g4), view.tick_g4)


def _on_token(token: int, side: Side, book_g4: int, size_u6: int, terms: tuple[Term, ...]) -> Quote:
    """Express a price in the book of token 0 as a quote of either token, terms included."""
    if token == 0:
        return Quote(0, side, book_g4, size_u6, terms)
    mirrored = (Term("one", 1.0), *(Term(t.name, -t.value, t.unit) for t in terms))
    return Quote(1, side, PRICE_ONE_G4 - book_g4, size_u6, mirrored)
