"""What a strategy is shown: copies of the desk's records and a window on the books, nothing it could change."""

from copy import copy
from functools import partial
from typing import NamedTuple

from polydesk.desk.state import Desk
from polydesk.kernel import Books, levels, touch
from polydesk.kernel import Fact as BookFact
from polydesk.model.grid import LOT_U6
from polydesk.model.orders import Side
from polydesk.orders import LEAVING, WorkingOrder
from polydesk.portfolio import position_key
from polydesk.signals import Features, Held, OpenOrder, View, observe
from polydesk.signals.view import Levels

NOTHING = Held()
NEITHER = (NOTHING, NOTHING)
_TICK = int(BookFact.TICK)


class Look(NamedTuple):
    """What stays as it is during one look at a market, whoever is asked.

    Attributes:
        market: Index.
        touch: Best bid and ask of token 0, grid.
        tick_g4: Tick now.
        features: Statistics of the mid, this look's included.
        levels: What ``View.levels`` asks.
    """

    market: int
    touch: tuple[int, int]
    tick_g4: int
    features: Features
    levels: Levels


def look_at(desk: Desk, market: int) -> Look:
    """Begin a look at a market: its mid is taken into its statistics."""
    books = desk.books
    bid, ask = touch(books, market, 0)
    features = desk.features_of(market)
    if 0 < bid < ask < 10_000:
        observe(features, desk.state.now_ns, (bid + ask) / 20_000)
    tick: int = books.last.item(market, _TICK)
    return Look(market, (bid, ask), tick, features, window(books, market))


def view_of(desk: Desk, look: Look, strategy: str) -> View:
    """Return a strategy's view, its orders and the size factor as they are at this moment."""
    state, market = desk.state, look.market
    account = state.account.matched
    factor = desk.config.risk.daily_loss_recovery if state.daily.state == "recovery" else 1.0
    held = NEITHER
    if market in account.held:
        held = held_of(desk, strategy, market, 0), held_of(desk, strategy, market, 1)
    return View(
        state.now_ns,
        desk.markets[market],
        look.touch,
        look.tick_g4,
        copy(look.features),
        held,
        _open_orders(desk, strategy, market),
        account.cash_u6 + account.cost_u6,
        factor,
        look.levels,
    )


def views_of(desk: Desk, market: int) -> dict[str, View]:
    """Return each strategy's view of a market, after taking the mid into its statistics."""
    look = look_at(desk, market)
    return {name: view_of(desk, look, name) for name in desk.strategies}


def held_of(desk: Desk, strategy: str, market: int, token: int) -> Held:
    """Return the position; what is less than a lot cannot be sold and counts as nothing."""
    position = desk.state.account.matched.positions.get(position_key(strategy, market, token))
    if position is None or position.shares_u6 < LOT_U6:
        return NOTHING
    return Held(position.shares_u6, position.cost_u6, position.held_fees_u6, position.opened_ns)


def window(books: Books, market: int) -> Levels:
    """Return what ``View.levels`` asks: a window on the levels of one market."""
    return partial(_levels, books, market)


def _open_orders(desk: Desk, strategy: str, market: int) -> tuple[OpenOrder, ...]:
    """Return the strategy's open orders in a market; the same records as last time while nothing has changed."""
    working = desk.state.working
    change = working.changes.get(market, 0)
    kept = desk.shown.get((strategy, market))
    if kept is not None and kept[0] == change:
        return kept[1]
    found = tuple([_open_order(order) for order in working.of_market(market) if order.intent.strategy == strategy])
    desk.shown[strategy, market] = change, found
    return found


def _open_order(order: WorkingOrder) -> OpenOrder:
    intent = order.intent
    return OpenOrder(intent.token, intent.side, intent.price_g4, order.left_u6, order.state in LEAVING)


def _levels(books: Books, market: int, token: int, side: Side, count: int) -> tuple[tuple[int, int], ...]:
    prices, sizes = levels(books, market, token, int(side), count)
    return tuple(zip(prices.tolist(), sizes.tolist(), strict=True))
