"""One look at one market: all exits first, then signals through vote, cost gate and sizing, then quotes."""

from typing import Any

from polydesk.desk.cancels import cancel
from polydesk.desk.decisions import say, write
from polydesk.desk.exits import Closing, close_positions
from polydesk.desk.guard import guarded
from polydesk.desk.permits import refused_lately, slot_of, submit
from polydesk.desk.state import Desk, equity_u6
from polydesk.desk.views import views_of
from polydesk.kernel import Fact as BookFact
from polydesk.model.grid import PRICE_ONE_G4, floor_to
from polydesk.model.orders import Purpose, Side, Term, book_price_g4, book_side
from polydesk.model.reasons import Hold
from polydesk.orders import reconcile
from polydesk.signals import (
    Answer,
    Quote,
    Quotes,
    Signal,
    Strategy,
    View,
    Vote,
    Wait,
    cost_terms,
    entry_size,
    vote,
)  # fmt: skip

_ENSEMBLE = "ensemble"
_EPOCH = int(BookFact.EPOCH)


def evaluate(desk: Desk, market: int) -> None:
    """Ask every strategy about ``market`` and act on the answers; a market that is over is left alone."""
    state = desk.state
    if market in state.settled or state.over or not desk.strategies:
        return
    views = views_of(desk, market)
    wanted = close_positions(desk, views)
    closing = {exit_.strategy for exit_ in wanted}
    signals: dict[str, Signal] = {}
    for name, view in views.items():
        answer = _ask(desk, desk.strategies[name], view)
        say(desk, name, market, answer)
        quotes: tuple[Quote, ...] = ()
        if name not in closing:
            if isinstance(answer, Signal):
                signals[name] = answer
            elif isinstance(answer, Quotes):
                quotes = answer.quotes
        if quotes and wanted:
            quotes = tuple(quote for quote in quotes if not _stands_in(quote, wanted))
        _requote(desk, name, view, quotes)
    if signals:
        _enter(desk, views, signals)


def _ask(desk: Desk, strategy: Strategy[Any, Any], view: View) -> Answer:
    if strategy.name in desk.state.disabled:
        return Wait(Hold.STRATEGY_ERROR)
    memory = desk.memory_of(strategy, view.market.index)
    answer: Answer | None = guarded(desk, strategy.name, view.market.index, strategy.decide, view, memory)
    return answer or Wait(Hold.STRATEGY_ERROR)


def _stands_in(quote: Quote, wanted: list[Closing]) -> bool:
    """Return whether a new quote would trade with a wanted exit."""
    side, price = book_side(quote.token, quote.side), book_price_g4(quote.token, quote.price_g4)
    for exit_ in wanted:
        limit = book_price_g4(exit_.token, exit_.price_g4)
        opposite = book_side(exit_.token, Side.SELL)
        if side is not opposite and (price >= limit if side is Side.BUY else price <= limit):
            return True
    return False


def _enter(desk: Desk, views: dict[str, View], signals: dict[str, Signal]) -> None:
    voted = vote(signals, desk.config.ensemble)
    view = views[next(iter(signals))]
    market = view.market.index
    if isinstance(voted, Wait):
        say(desk, _ENSEMBLE, market, voted)
        return
    owner = max(voted.strategies, key=lambda name: signals[name].confidence)
    hold = _entry_hold(desk, [views[name] for name in signals], voted)
    if hold is not None:
        say(desk, _ENSEMBLE, market, hold)
        return
    if refused_lately(desk, slot_of(owner, market, voted.token, Side.BUY, Purpose.ENTRY)):
        return
    _, ask = view.touch(voted.token)
    tick = view.tick_g4
    price = min(floor_to(ask + round(desk.config.orders.entry_slippage * PRICE_ONE_G4), tick), PRICE_ONE_G4 - tick)
    if price < tick:
        say(desk, _ENSEMBLE, market, Wait(Hold.EXTREME_PRICE))
        return
    size, factors = entry_size(
        equity_u6(desk), voted.size_hint * voted.confidence, view.size_factor, view.features, price, desk.config.sizing
    )
    if size < view.market.min_size_u6.value:
        say(desk, _ENSEMBLE, market, Wait(Hold.SIZE_BELOW_MINIMUM, (*factors, Term("size", size / 1e6, "shares"))))
        return
    write(desk, _ENSEMBLE, market, "buy", "", voted.token, voted.confidence, voted.edge, size, (*voted.why, *factors))
    if submit(desk, owner, market, voted.token, Side.BUY, price, size, Purpose.ENTRY, voted.why):
        desk.state.entries_ns[f"{owner}/{market}"] = desk.state.now_ns


def _entry_hold(desk: Desk, voters: list[View], voted: Vote) -> Wait | None:
    """Return why there is no entry: one of the voters is in the market already, or the edge does not pay."""
    view = voters[0]
    entering = any(o.intent.purpose is Purpose.ENTRY for o in desk.state.working.of_market(view.market.index))
    if entering or any(held.shares_u6 for voter in voters for held in voter.held):
        return Wait(Hold.POSITION_OPEN)
    bid, ask = view.touch(voted.token)
    costs = cost_terms(view.market.fees, view.ts_ns, bid, ask, desk.config.cost)
    if voted.edge <= sum(term.value for term in costs):
        return Wait(Hold.COST, (Term("edge", voted.edge), *costs))
    return None


def _requote(desk: Desk, name: str, view: View, targets: tuple[Quote, ...]) -> None:
    market = view.market.index
    orders = desk.state.working
    if not targets and not orders.by_market.get(market):
        return
    change = orders.changes.get(market, 0)
    epoch: int = desk.books.last.item(market, _EPOCH)
    if desk.standing.get((name, market)) == (targets, change, epoch):
        return
    working = orders.of_market(market)
    quoting = [order for order in working if order.intent.strategy == name and order.intent.purpose is Purpose.QUOTE]
    if not targets and not quoting:
        return
    tolerance = round(desk.config.orders.requote_tolerance * PRICE_ONE_G4)
    plan = reconcile(targets, quoting, tolerance, view.market.min_size_u6.value, epoch)
    if not plan.cancel and not plan.place:
        desk.standing[name, market] = targets, change, epoch
    for order_id in plan.cancel:
        cancel(desk, order_id, "requote" if targets else "withdraw")
    for quote in plan.place:
        submit(desk, name, market, quote.token, quote.side, quote.price_g4, quote.size_u6, Purpose.QUOTE, quote.why)
