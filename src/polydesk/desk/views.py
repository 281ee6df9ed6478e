"""What a strategy is shown: copies of the desk's records and a window on the books, nothing it could change."""

from functools import partial

import msgspec

from polydesk.desk.state import Desk
from polydesk.kernel import Books, levels, touch
from polydesk.kernel import Fact as BookFact
from polydesk.model.grid import LOT_U6
from polydesk.model.orders import OrderState, Side
from polydesk.orders import WorkingOrder
from polydesk.portfolio import position_key
from polydesk.signals import Held, OpenOrder, View, observe

_NOTHING = Held()


def views_of(desk: Desk, market: int) -> dict[str, View]:
    """Return each strategy's view of a market, after taking the mid into its statistics."""
    state = desk.state
    bid, ask = touch(desk.books, market, 0)
    features = desk.features_of(market)
    if 0 < bid < ask < 10_000:
        observe(features, state.now_ns, (bid + ask) / 20_000)
    shown = msgspec.structs.replace(features)
    working = state.working.of_market(market)
    account = state.account.matched
    return {
        name: View(
            state.now_ns,
            desk.markets[market],
            (int(bid), int(ask)),
            int(desk.books.last[market, BookFact.TICK]),
            shown,
            (_held(desk, name, market, 0), _held(desk, name, market, 1)),
            tuple(_open_order(order) for order in working if order.intent.strategy == name),
            account.cash_u6 + account.cost_u6,
            desk.config.risk.daily_loss_recovery if state.daily.state == "recovery" else 1.0,
            partial(_levels, desk.books, market),
        )
        for name in desk.strategies
    }


def _held(desk: Desk, strategy: str, market: int, token: int) -> Held:
    """Return the position; what is less than a lot cannot be sold and counts as nothing."""
    position = desk.state.account.matched.positions.get(position_key(strategy, market, token))
    if position is None or position.shares_u6 < LOT_U6:
        return _NOTHING
    return Held(position.shares_u6, position.cost_u6, position.held_fees_u6, position.opened_ns)


def _open_order(order: WorkingOrder) -> OpenOrder:
    intent = order.intent
    leaving = order.state in {OrderState.CANCELLING, OrderState.UNKNOWN}
    return OpenOrder(intent.token, intent.side, intent.price_g4, order.left_u6, leaving)


def _levels(books: Books, market: int, token: int, side: Side, count: int) -> tuple[tuple[int, int], ...]:
    prices, sizes = levels(books, market, token, int(side), count)
    return tuple(zip(prices.tolist(), sizes.tolist(), strict=True))
