"""The inventory maker over records, one term after the other: what the compiled decision must repeat to the bit."""

from fractions import Fraction

from polydesk.model.grid import LOT_U6, PRICE_ONE_G4, SHARE_U6, ceil_to, floor_to
from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Hold
from polydesk.signals import Quote, Quotes, Wait


def decide(p, view, state):
    if view.crossed or not view.two_sided:
        state.fair_n9 = 0
        return Wait(Hold.CROSSED if view.crossed else Hold.ONE_SIDED)
    if state.first_ns == 0:
        state.first_ns = view.ts_ns
    hold = _hold(p, view, state)
    if hold is not None:
        state.fair_n9 = 0
        return Wait(hold)
    return _quotes(p, view, state, _size_u6(p, view))


def _hold(p, view, state):
    to_end = view.to_end_s()
    if to_end is not None and to_end < p.stop_before_end_s:
        return Hold.NEAR_END
    if (view.ts_ns - state.first_ns) / 1e9 < p.warm_up_s:
        return Hold.WARMING_UP
    if view.mid < p.extreme or view.mid > 1 - p.extreme:
        return Hold.EXTREME_PRICE
    if view.spread > p.max_spread:
        return Hold.SPREAD
    if _size_u6(p, view) < view.market.min_size_u6.value:
        return Hold.SIZE_BELOW_MINIMUM
    return None


def _size_u6(p, view):
    return floor_to(round(p.quote_shares * view.size_factor * SHARE_U6), LOT_U6)


def _quotes(p, view, state, size_u6):
    limit_u6 = round(p.max_inventory * SHARE_U6)
    net_u6 = view.held[0].shares_u6 - view.held[1].shares_u6
    fair = _fair_terms(p, view, net_u6 / limit_u6)
    volatility = view.features.volatility(5.0) or 0.0
    width = (Term("half_spread", p.half_spread), Term("widening", p.widening * volatility))
    sides = {side: (*fair, *(Term(t.name, -int(side) * t.value) for t in width)) for side in (Side.BUY, Side.SELL)}
    kept = _kept(p, view, state, fair, sides) if p.requote_move > 0 or p.requote_s > 0 else {}
    quotes = []
    if net_u6 + size_u6 <= limit_u6:
        quotes.append(_quote(view, Side.BUY, sides[Side.BUY], kept.get(Side.BUY), size_u6))
    if net_u6 - size_u6 >= -limit_u6:
        quotes.append(_quote(view, Side.SELL, sides[Side.SELL], kept.get(Side.SELL), size_u6))
    return Quotes(tuple(quote for quote in quotes if quote is not None))


def _fair_terms(p, view, fullness):
    bids = sum(size for _, size in view.levels(0, Side.BUY, p.depth_levels))
    asks = sum(size for _, size in view.levels(0, Side.SELL, p.depth_levels))
    lean = (bids - asks) / (bids + asks) if bids + asks else 0.0
    return (
        Term("mid", view.mid),
        Term("imbalance", p.imbalance_weight * lean * view.spread / 2),
        Term("inventory_skew", -p.inventory_skew * fullness),
    )


def _added(terms):
    total = 0
    for term in terms:  # sum() of floats compensates its rounding from Python 3.12 on
        total += term.value
    return total


def _kept(p, view, state, fair, sides):
    """Where the quotes stand, in billionths, until fair value has moved far enough."""
    fair_n9 = round(_added(fair) * 10**9)
    far = abs(fair_n9 - state.fair_n9) >= round(p.requote_move * 10**9)
    if state.fair_n9 == 0 or (far and (view.ts_ns - state.moved_ns) / 1e9 >= p.requote_s):
        state.fair_n9, state.moved_ns = fair_n9, view.ts_ns
        state.bid_n9, state.ask_n9 = (round(_added(terms) * 10**9) for terms in sides.values())
    return {Side.BUY: state.bid_n9, Side.SELL: state.ask_n9}


def _quote(view, side, terms, kept_n9, size_u6):
    if kept_n9 is None:
        wanted = _added(terms)
        grid = wanted * PRICE_ONE_G4
    else:
        standing = (kept_n9 - round(_added(terms) * 10**9)) / 10**9
        wanted = _added(terms) + standing
        terms = (*terms, Term("standing", standing))
        grid = Fraction(kept_n9, 10**5)
    price_g4 = _passive_g4(view, side, grid)
    if not view.tick_g4 <= price_g4 <= PRICE_ONE_G4 - view.tick_g4:
        return None
    terms = (*terms, Term("tick_and_passive", price_g4 / PRICE_ONE_G4 - wanted))
    other = 1 if side is Side.BUY else 0
    held_u6 = floor_to(min(size_u6, view.held[other].shares_u6), LOT_U6)
    if held_u6 and held_u6 >= view.market.min_size_u6.value:
        return _on_token(other, Side.SELL, price_g4, held_u6, terms)
    return _on_token(1 - other, Side.BUY, price_g4, size_u6, terms)


def _passive_g4(view, side, grid):
    if side is Side.BUY:
        return floor_to(min(int(grid // 1), view.ask_g4 - view.tick_g4), view.tick_g4)
    return ceil_to(max(-int(-grid // 1), view.bid_g4 + view.tick_g4), view.tick_g4)


def _on_token(token, side, book_g4, size_u6, terms):
    if token == 0:
        return Quote(0, side, book_g4, size_u6, terms)
    mirrored = (Term("one", 1.0), *(Term(t.name, -t.value, t.unit) for t in terms))
    return Quote(1, side, PRICE_ONE_G4 - book_g4, size_u6, mirrored)
