"""Orders at work against a simple model of one order: what was asked, what was filled, whether it can still change."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from made_orders import SHARE, fill, intent
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import cost_u6
from polydesk.model.ids import intent_id
from polydesk.model.orders import OrderState, Side
from polydesk.model.reasons import Reject
from polydesk.model.records import CancelRejected, OrderAck, OrderDone, OrderLost, OrderRejected
from polydesk.orders import WorkingOrder, WorkingOrders, crosses

LOT = 10_000


class Orders(RuleBasedStateMachine):
    """Every answer a venue can give, in any order."""

    names = Bundle("names")

    def __init__(self):
        super().__init__()
        self.working = WorkingOrders()
        self.model = {}  # name -> [intent, filled, alive, cancels unanswered]
        self.fills = 0

    @rule(
        target=names, market=st.integers(0, 2), side=st.sampled_from(Side), price=st.integers(1, 9_999),
        lots=st.integers(1, 5_000),
    )  # fmt: skip
    def send(self, market, side, price, lots):
        one = intent(len(self.model) + 1, market=market, side=side, price=price, size=lots * LOT)
        self.working.add(one, 7)
        self.model[one.id] = [one, 0, True, 0]
        return one.id

    @rule(name=names)
    def cancel(self, name):
        if self.model[name][2]:
            self.working.cancelling(name)
            self.model[name][3] += 1
            assert self.working.find(name).state in {OrderState.CANCELLING, OrderState.UNKNOWN}

    @rule(name=names, status=st.sampled_from(("live", "matched", "delayed")))
    def ack(self, name, status):
        was = self.working.find(name).state
        order = self.working.apply(OrderAck(0, 0, name, status))
        if self.model[name][2]:
            assert order.acked
            assert order.state is (was if was is OrderState.CANCELLING else OrderState.LIVE)

    @rule(name=names)
    def reject(self, name):
        order = self.working.apply(OrderRejected(0, 0, name, "breaks_tick"))
        if self.model[name][2]:
            assert order.state is OrderState.REJECTED
        self.model[name][2] = False

    @rule(name=names, reason=st.sampled_from((Reject.CANCELLED, Reject.EXPIRED, Reject.MARKET_RESOLVED)))
    def done(self, name, reason):
        self.working.apply(OrderDone(0, 0, name, reason.value))
        self.model[name][2] = False
        if reason is Reject.CANCELLED:
            self.model[name][3] = max(0, self.model[name][3] - 1)

    @rule(name=names)
    def lost(self, name):
        order = self.working.apply(OrderLost(0, 0, name))
        if self.model[name][2]:
            assert order.state is OrderState.UNKNOWN

    @rule(name=names, reason=st.sampled_from((Reject.ALREADY_DONE, Reject.NOT_FOUND)))
    def cancel_rejected(self, name, reason):
        order = self.working.apply(CancelRejected(0, 0, name, reason.value))
        if self.model[name][2]:
            known = OrderState.LIVE if order.acked else OrderState.CANCELLING  # the cancel overtook its order
            assert order.state is (OrderState.UNKNOWN if reason is Reject.ALREADY_DONE else known)
        self.model[name][3] = max(0, self.model[name][3] - 1)

    @rule(name=names, part=st.integers(1, 100))
    def fill(self, name, part):
        """Also after the order is done: a fill may cross a cancel on the wire."""
        one, filled, alive, _ = self.model[name]
        size = min(one.size_u6 - filled, max(1, one.size_u6 * part // 100))
        if size == 0:
            return
        self.fills += 1
        order = self.working.apply(
            fill(self.fills, order=int(name[4:]), market=one.market, side=one.side, price=one.price_g4, size=size)
        )
        self.model[name][1] += size
        whole = filled + size == one.size_u6
        assert (order.state is OrderState.MATCHED) == whole
        self.model[name][2] = alive and not whole

    @rule(name=names, extra=st.integers(1, SHARE))
    def overfill(self, name, extra):
        one, filled, _, _ = self.model[name]
        other = WorkingOrders({name: WorkingOrder(one, filled_u6=filled)}, {one.market: [name]})
        with pytest.raises(InvariantBroken, match=name):
            other.apply(fill(1, order=int(name[4:]), size=one.size_u6 - filled + extra))

    @rule(target=names, market=st.integers(0, 2))
    def settle(self, market):
        """Terminal orders are forgotten, unless the answer to a cancel of theirs is still to come."""
        self.working.forget_market(market)
        kept = set(self.working.done)
        for name, (one, _, alive, cancels) in list(self.model.items()):
            if one.market == market and not alive:
                assert (name in kept) == (cancels > 0)
        return multiple()

    @invariant()
    def it_agrees_with_the_model(self):
        alive = {name for name, (_, _, living, _) in self.model.items() if living}
        assert set(self.working.orders) == alive
        listed = [order.intent.id for market in range(3) for order in self.working.of_market(market)]
        assert sorted(listed) == sorted(alive)
        for name in alive:
            one, filled, _, _ = self.model[name]
            order = self.working.find(name)
            assert not order.state.terminal
            assert order.left_u6 == one.size_u6 - filled > 0
            assert order.reserved_u6 == (cost_u6(one.price_g4, order.left_u6) if one.side is Side.BUY else 0)
        assert self.working.buys_u6 == sum(order.reserved_u6 for order in self.working.orders.values())
        for order in self.working.done.values():
            assert order.state.terminal
            assert order.left_u6 == order.reserved_u6 == 0


class ReachableOrders(Orders):
    """The same, but news of a forgotten order is not sent: the venue has said its last word by then."""

    def settle(self, market):
        return multiple()


TestOrders = ReachableOrders.TestCase
TestOrders.settings = settings(max_examples=60, stateful_step_count=30)


# --- single cases -----------------------------------------------------------------------------------------------------


def test_every_change_of_a_markets_orders_is_counted():
    """Whoever compares the count may skip a second look: nothing changes an order without it."""
    working = WorkingOrders()
    steps = [
        lambda: working.add(intent(1), 0),
        lambda: working.apply(OrderAck(0, 0, intent_id(1), "live")),
        lambda: working.apply(fill(1, size=SHARE)),
        lambda: working.cancelling(intent_id(1)),
        lambda: working.apply(CancelRejected(0, 0, intent_id(1), Reject.NOT_FOUND.value)),
        lambda: working.apply(OrderDone(0, 0, intent_id(1), Reject.CANCELLED.value)),
    ]
    for count, step in enumerate(steps, 1):
        step()
        assert working.changes == {0: count}


def sent(**fields):
    working = WorkingOrders()
    working.add(intent(1, **fields), 0)
    return working


def test_news_of_an_order_never_sent_is_an_error():
    with pytest.raises(InvariantBroken, match="ord-000002 is unknown"):
        sent().apply(OrderAck(0, 0, intent_id(2), "live"))


def test_fill_beyond_the_size_is_an_error():
    working = sent(size=10 * SHARE)
    working.apply(fill(1, size=4 * SHARE))
    with pytest.raises(InvariantBroken, match="of 10000000 micro-shares was filled 10000001"):
        working.apply(fill(2, size=6 * SHARE + 1))


def test_ten_lots_filled_four_and_six_are_ten():
    working = sent(size=10 * SHARE)
    assert working.apply(fill(1, size=4 * SHARE)).left_u6 == 6 * SHARE
    order = working.apply(fill(2, size=6 * SHARE))
    assert (order.filled_u6, order.state) == (10 * SHARE, OrderState.MATCHED)


def test_refused_cancel_of_a_matched_order_counts_until_its_fill_arrives():
    working = sent(price=6000)
    working.cancelling(intent_id(1))
    order = working.apply(CancelRejected(0, 0, intent_id(1), Reject.ALREADY_DONE.value))
    assert order.state is OrderState.UNKNOWN
    assert order.reserved_u6 == 6 * SHARE
    assert working.apply(fill(1)).state is OrderState.MATCHED


def test_late_fill_of_a_cancelled_order_is_counted():
    working = sent()
    working.apply(OrderDone(0, 0, intent_id(1), "cancelled"))
    order = working.apply(fill(1, size=SHARE))
    assert (order.filled_u6, order.state) == (SHARE, OrderState.CANCELLED)


def test_answer_to_a_cancel_may_come_after_settlement():
    working = sent()
    working.cancelling(intent_id(1))
    working.apply(OrderDone(0, 0, intent_id(1), Reject.MARKET_RESOLVED.value))
    working.forget_market(0)
    order = working.apply(CancelRejected(0, 0, intent_id(1), Reject.ALREADY_DONE.value))
    assert order.state is OrderState.CANCELLED
    working.forget_market(0)
    assert working.done == {}


def test_lost_order_stays_reserved_until_the_venue_tells():
    working = sent(price=6000)
    assert working.apply(OrderLost(0, 0, intent_id(1))).reserved_u6 == 6 * SHARE
    working.cancelling(intent_id(1))
    assert working.find(intent_id(1)).state is OrderState.UNKNOWN


# --- crossing ---------------------------------------------------------------------------------------------------------


def trades(first, second):
    """Whether two orders can trade, by the venue's three match types (protocol reference 4.5)."""
    if first.side is not second.side:
        buyer, seller = (first, second) if first.side is Side.BUY else (second, first)
        return first.token == second.token and buyer.price_g4 >= seller.price_g4
    if first.token == second.token:
        return False
    both = first.price_g4 + second.price_g4
    return both >= 10_000 if first.side is Side.BUY else both <= 10_000


ANY = st.tuples(st.integers(0, 1), st.sampled_from(Side), st.sampled_from((3000, 4900, 5000, 5100, 7000)))


@given(ANY, ANY)
def test_crossing_agrees_with_the_venues_match_types(ours, theirs):
    first = intent(1, token=ours[0], side=ours[1], price=ours[2])
    second = intent(2, token=theirs[0], side=theirs[1], price=theirs[2])
    assert crosses(WorkingOrder(first), *theirs) == trades(first, second)
    assert crosses(WorkingOrder(second), *ours) == trades(first, second)


def test_a_filled_order_crosses_nothing():
    order = WorkingOrder(intent(1, price=6000), filled_u6=10 * SHARE)
    assert not crosses(order, 0, Side.SELL, 5000)
