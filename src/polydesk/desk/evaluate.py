"""One look at one market: all exits first, then signals through vote, cost gate and sizing, then quotes."""

from functools import partial

from polydesk.desk.asking import ask
from polydesk.desk.cancels import cancel
from polydesk.desk.decisions import say
from polydesk.desk.entries import Signals, plan_entry
from polydesk.desk.exits import Closing, close_positions
from polydesk.desk.permits import refused_lately, slot_of, submit
from polydesk.desk.state import Desk, equity_u6
from polydesk.desk.views import look_at, view_of
from polydesk.kernel import Fact as BookFact
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import Purpose, Side, book_price_g4, book_side
from polydesk.orders import reconcile
from polydesk.signals import Quote, Quotes, Signal, View

_EPOCH = int(BookFact.EPOCH)


def evaluate(desk: Desk, market: int) -> None:
    """Ask every strategy about ``market`` and act on the answers; a market that is over is left alone.

    Each strategy is shown its orders as they are when it is asked: exits, and a day's loss that is found out when
    another one's quotes are judged, may have changed them within the same look.
    """
    state = desk.state
    if market in state.settled or state.over or not desk.strategies:
        return
    look = look_at(desk, market)
    wanted = close_positions(desk, look)
    closing = {exit_.strategy for exit_ in wanted}
    signals: Signals = {}
    for name, strategy in desk.strategies.items():
        view = view_of(desk, look, name)
        answer = ask(desk, strategy, view)
        say(desk, name, market, answer)
        quotes: tuple[Quote, ...] = ()
        if name not in closing:
            if isinstance(answer, Signal):
                signals[name] = answer, view
            elif isinstance(answer, Quotes):
                quotes = answer.quotes
        if quotes and wanted:
            quotes = tuple(quote for quote in quotes if not _stands_in(quote, wanted))
        _requote(desk, name, view, quotes)
    if signals:
        _enter(desk, market, signals)


def _stands_in(quote: Quote, wanted: list[Closing]) -> bool:
    """Return whether a new quote would trade with a wanted exit."""
    side, price = book_side(quote.token, quote.side), book_price_g4(quote.token, quote.price_g4)
    for exit_ in wanted:
        limit = book_price_g4(exit_.token, exit_.price_g4)
        opposite = book_side(exit_.token, Side.SELL)
        if side is not opposite and (price >= limit if side is Side.BUY else price <= limit):
            return True
    return False


def _enter(desk: Desk, market: int, signals: Signals) -> None:
    entry = plan_entry(
        desk,
        signals,
        entering=any(order.intent.purpose is Purpose.ENTRY for order in desk.state.working.of_market(market)),
        equity_u6=partial(equity_u6, desk),
        refused=lambda owner, token: refused_lately(desk, slot_of(owner, market, token, Side.BUY, Purpose.ENTRY)),
    )
    if entry is None:
        return
    owner, token, price, size, why = entry
    if submit(desk, owner, market, token, Side.BUY, price, size, Purpose.ENTRY, why):
        desk.state.entries_ns[f"{owner}/{market}"] = desk.state.now_ns


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
