"""What a strategy is shown: copies of the desk's records and a window on the books, nothing it could change."""

from copy import copy
from functools import partial

from polydesk.desk.state import Desk
from polydesk.kernel import Books, levels, touch
from polydesk.kernel import Fact as BookFact
from polydesk.model.grid import LOT_U6
from polydesk.model.orders import Side
from polydesk.orders import LEAVING, WorkingOrder
from polydesk.portfolio import position_key
from polydesk.signals import Held, OpenOrder, View, observe

_NOTHING = Held()
_NEITHER = (_NOTHING, _NOTHING)
_TICK = int(BookFact.TICK)


def views_of(desk: Desk, market: int) -> dict[str, View]:
    """Return each strategy's view of a market, after taking the mid into its statistics."""
    state, books = desk.state, desk.books
    bid, ask = touch(books, market, 0)
    features = desk.features_of(market)
    if 0 < bid < ask < 10_000:
        observe(features, state.now_ns, (bid + ask) / 20_000)
    shown = copy(features)
    account = state.account.matched
    holds = market in account.held
    tick: int = books.last.item(market, _TICK)
    factor = desk.config.risk.daily_loss_recovery if state.daily.state == "recovery" else 1.0
    ladder = partial(_levels, books, market)
    return {
        name: View(
            state.now_ns,
            desk.markets[market],
            (bid, ask),
            tick,
            shown,
            (_held(desk, name, market, 0), _held(desk, name, market, 1)) if holds else _NEITHER,
            _open_orders(desk, name, market),
            account.cash_u6 + account.cost_u6,
            factor,
            ladder,
        )
        for name in desk.strategies
    }


def _held(desk: Desk, strategy: str, market: int, token: int) -> Held:
    """Return the position; what is less than a lot cannot be sold and counts as nothing."""
    position = desk.state.account.matched.positions.get(position_key(strategy, market, token))
    if position is None or position.shares_u6 < LOT_U6:
        return _NOTHING
    return Held(position.shares_u6, position.cost_u6, position.held_fees_u6, position.opened_ns)


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
