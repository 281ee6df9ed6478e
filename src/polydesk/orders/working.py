"""Orders at work: what the desk believes of each order it sent, and the state machine that keeps it honest."""

import msgspec

from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import cost_u6
from polydesk.model.ids import IntentId
from polydesk.model.orders import Intent, OrderState, OrderType, Side, book_price_g4, book_side
from polydesk.model.reasons import Reject
from polydesk.model.records import CancelRejected, Fill, OrderAck, OrderDone, OrderLost, OrderRejected

_TERMINAL = frozenset(state for state in OrderState if state.terminal)
LEAVING = frozenset({OrderState.CANCELLING, OrderState.UNKNOWN})
"""States of an order that may still fill although nothing more is to be sent for it."""


class WorkingOrder(msgspec.Struct, gc=False):
    """One order and what is known of it.

    Attributes:
        intent: What was sent.
        state: Where it stands.
        filled_u6: Micro-shares reported as matched; more than asked where a FOK or FAK buy spends its whole cost.
        spent_u6: What those fills of a buy cost, micro-pUSD without fees.
        sent_ns: Virtual time of sending.
        acked: Whether the venue ever confirmed having it.
        epoch: The market's tick epoch when it was sent.
        cancels: Cancels sent and not answered.
    """

    intent: Intent
    state: OrderState = OrderState.PENDING
    filled_u6: int = 0
    spent_u6: int = 0
    sent_ns: int = 0
    acked: bool = False
    epoch: int = 0
    cancels: int = 0

    @property
    def left_u6(self) -> int:
        """Micro-shares that may still be matched."""
        return 0 if self.state in _TERMINAL else max(0, self.intent.size_u6 - self.filled_u6)

    @property
    def reserved_u6(self) -> int:
        """Micro-pUSD that a buy may still cost; 0 for a sell."""
        return cost_u6(self.intent.price_g4, self.left_u6) if self.intent.side is Side.BUY else 0


class WorkingOrders(msgspec.Struct):
    """Every order that is not terminal, by id, with the ids of each market, and the last terminal ones.

    Attributes:
        orders: Orders that can still change.
        by_market: Their ids per market, in order of sending.
        done: Terminal orders kept until their market is forgotten, so that late news of them is recognised.
        buys_u6: What all open buys may still cost, micro-pUSD: the sum of ``reserved_u6`` over ``orders``.
        changes: How often anything about a market's orders has changed, so that nobody looks twice at the same.
    """

    orders: dict[IntentId, WorkingOrder] = msgspec.field(default_factory=dict)
    by_market: dict[int, list[IntentId]] = msgspec.field(default_factory=dict)
    done: dict[IntentId, WorkingOrder] = msgspec.field(default_factory=dict)
    buys_u6: int = 0
    changes: dict[int, int] = msgspec.field(default_factory=dict)

    def add(self, intent: Intent, ts_ns: int, epoch: int = 0) -> None:
        """Start to follow an order that is about to be sent in the market's tick ``epoch``."""
        order = self.orders[intent.id] = WorkingOrder(intent, sent_ns=ts_ns, epoch=epoch)
        self.buys_u6 += order.reserved_u6
        self._note_change(intent.market)
        self.by_market.setdefault(intent.market, []).append(intent.id)

    def of_market(self, market: int) -> list[WorkingOrder]:
        """Return the live orders of a market in order of sending."""
        names = self.by_market.get(market)
        return [self.orders[name] for name in names] if names else []

    def _note_change(self, market: int) -> None:
        self.changes[market] = self.changes.get(market, 0) + 1

    def find(self, name: IntentId) -> WorkingOrder:
        """Return a live or terminal order.

        Raises:
            InvariantBroken: The venue speaks of an order this session never sent.
        """
        order = self.orders.get(name) or self.done.get(name)
        if order is None:
            raise InvariantBroken(f"order {name} is unknown to this session")
        return order

    def forget_market(self, market: int) -> None:
        """Drop the terminal orders of a settled market, but for those whose cancel is still on its way."""
        for name in [n for n, o in self.done.items() if o.intent.market == market and not o.cancels]:
            del self.done[name]

    def apply(self, event: OrderAck | OrderRejected | OrderDone | CancelRejected | OrderLost | Fill) -> WorkingOrder:
        """Advance one order by what the venue said; return it.

        Raises:
            InvariantBroken: The order is unknown, or filled beyond its size.
        """
        name = event.intent
        order = self.find(name)
        reserved_u6 = order.reserved_u6
        if isinstance(event, CancelRejected) or (isinstance(event, OrderDone) and event.reason == Reject.CANCELLED):
            order.cancels = max(0, order.cancels - 1)
        order.state = _next_state(order, event)
        self.buys_u6 += order.reserved_u6 - reserved_u6
        self._note_change(order.intent.market)
        if order.state.terminal and name in self.orders:
            del self.orders[name]
            self.by_market[order.intent.market].remove(name)
            self.done[name] = order
        return order

    def cancelling(self, name: IntentId) -> None:
        """Note that a cancel was sent; the order still counts until the venue answers."""
        order = self.orders[name]
        self._note_change(order.intent.market)
        order.cancels += 1
        if order.state is not OrderState.UNKNOWN:
            order.state = OrderState.CANCELLING


def _next_state(
    order: WorkingOrder, event: OrderAck | OrderRejected | OrderDone | CancelRejected | OrderLost | Fill
) -> OrderState:
    if isinstance(event, Fill):
        return _after_fill(order, event)
    if order.state.terminal:
        return order.state
    if isinstance(event, OrderAck):
        order.acked = True
        return order.state if order.state is OrderState.CANCELLING else OrderState.LIVE
    if isinstance(event, OrderRejected):
        return OrderState.REJECTED
    if isinstance(event, OrderDone):
        return OrderState.CANCELLED
    if isinstance(event, OrderLost):
        return OrderState.UNKNOWN
    # A refused cancel of an order that is gone means that a fill is on its way: keep counting it until it comes.
    if event.reason == Reject.ALREADY_DONE:
        return OrderState.UNKNOWN
    # A cancel that overtook its order: it is sent again once the venue has the order.
    return OrderState.LIVE if order.acked else OrderState.CANCELLING


def _after_fill(order: WorkingOrder, fill: Fill) -> OrderState:
    intent = order.intent
    order.filled_u6 += fill.size_u6
    order.spent_u6 += cost_u6(fill.price_g4, fill.size_u6) if intent.side is Side.BUY else 0
    if order.filled_u6 > intent.size_u6 and not _within_budget(order):
        raise InvariantBroken(f"order {intent.id} of {intent.size_u6} micro-shares was filled {order.filled_u6}")
    if order.filled_u6 >= intent.size_u6:
        return OrderState.MATCHED
    if order.state.terminal:
        return order.state
    order.acked = True
    return order.state if order.state is OrderState.CANCELLING else OrderState.LIVE


def _within_budget(order: WorkingOrder) -> bool:
    """Return whether more shares than asked are those that a FOK or FAK buy got for its money at better prices."""
    intent = order.intent
    immediate = intent.type in {OrderType.FOK, OrderType.FAK}
    return immediate and intent.side is Side.BUY and order.spent_u6 <= cost_u6(intent.price_g4, intent.size_u6)


def crosses(order: WorkingOrder, token: int, side: Side, price_g4: int) -> bool:
    """Return whether an order of ours would trade with one at ``price_g4``, seen across both tokens."""
    intent = order.intent
    theirs = book_side(token, side)
    if book_side(intent.token, intent.side) is theirs or order.left_u6 == 0:
        return False
    our_price = book_price_g4(intent.token, intent.price_g4)
    their_price = book_price_g4(token, price_g4)
    return their_price >= our_price if theirs is Side.BUY else their_price <= our_price
