"""From the signals of one look to one entry: vote, what is open already, cost gate, sizing."""

from collections.abc import Callable
from typing import NamedTuple

from polydesk.desk.decisions import say, write
from polydesk.desk.state import Desk
from polydesk.model.grid import PRICE_ONE_G4, floor_to
from polydesk.model.orders import Term
from polydesk.model.reasons import Hold
from polydesk.signals import Signal, View, Vote, Wait, cost_terms, entry_size, vote

ENSEMBLE = "ensemble"
"""Name under which the vote's decisions are written."""

Signals = dict[str, tuple[Signal, View]]
"""What each signalling strategy wants, and what it was shown, in the order in which they were asked."""


class Entry(NamedTuple):
    """A buy that the ensemble wants.

    Attributes:
        owner: The strategy whose position it becomes.
        token: 0 or 1.
        price_g4: Limit at the token's price.
        size_u6: Micro-shares.
        why: Terms that add up to the edge.
    """

    owner: str
    token: int
    price_g4: int
    size_u6: int
    why: tuple[Term, ...]


def plan_entry(
    desk: Desk, signals: Signals, *, entering: bool, equity_u6: Callable[[], int], refused: Callable[[str, int], bool]
) -> Entry | None:
    """Return the entry that the signals come to, or ``None``; either way the reason is written down.

    Args:
        desk: For its configuration and its last words; nothing else of its state is read.
        signals: At least one.
        entering: Whether an entry works in the market already.
        equity_u6: Cash and positions at the bid, micro-pUSD; asked only when there is something to size.
        refused: Whether risk refused a strategy's entry into a token lately.
    """
    voted = vote({name: signal for name, (signal, _) in signals.items()}, desk.config.ensemble)
    views = [view for _, view in signals.values()]
    view = views[0]
    market = view.market.index
    if isinstance(voted, Wait):
        say(desk, ENSEMBLE, market, voted)
        return None
    owner = max(voted.strategies, key=lambda name: signals[name][0].confidence)
    hold = _hold(desk, views, voted, entering=entering)
    if hold is not None:
        say(desk, ENSEMBLE, market, hold)
        return None
    if refused(owner, voted.token):
        return None
    _, ask = view.touch(voted.token)
    tick = view.tick_g4
    price = min(floor_to(ask + round(desk.config.orders.entry_slippage * PRICE_ONE_G4), tick), PRICE_ONE_G4 - tick)
    if price < tick:
        say(desk, ENSEMBLE, market, Wait(Hold.EXTREME_PRICE))
        return None
    size, factors = entry_size(
        equity_u6(), voted.size_hint * voted.confidence, view.size_factor, view.features, price, desk.config.sizing
    )
    if size < view.market.min_size_u6.value:
        say(desk, ENSEMBLE, market, Wait(Hold.SIZE_BELOW_MINIMUM, (*factors, Term("size", size / 1e6, "shares"))))
        return None
    write(desk, ENSEMBLE, market, "buy", "", voted.token, voted.confidence, voted.edge, size, (*voted.why, *factors))
    return Entry(owner, voted.token, price, size, voted.why)


def _hold(desk: Desk, views: list[View], voted: Vote, *, entering: bool) -> Wait | None:
    """Return why there is no entry: one of the voters is in the market already, or the edge does not pay."""
    if entering or any(held.shares_u6 for view in views for held in view.held):
        return Wait(Hold.POSITION_OPEN)
    view = views[0]
    bid, ask = view.touch(voted.token)
    costs = cost_terms(view.market.fees, view.ts_ns, bid, ask, desk.config.cost)
    if voted.edge <= sum(term.value for term in costs):
        return Wait(Hold.COST, (Term("edge", voted.edge), *costs))
    return None
