"""The reconciler: fewest calls, no successor before the answer, nothing to do twice."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from made_orders import SHARE, intent
from polydesk.model.orders import OrderState, Side, book_side
from polydesk.orders import Quote, WorkingOrder, reconcile

MIN = 5 * SHARE
TOLERANCE = 40
SLOTS = [(token, side) for token in (0, 1) for side in Side]


def quote(token, side, price=5000, size=10 * SHARE):
    return Quote(token, side, price, size, ())


def working(number, token, side, price=5000, size=10 * SHARE, filled=0, state=OrderState.LIVE):
    return WorkingOrder(intent(number, token=token, side=side, price=price, size=size), state, filled)


def side_of_target(drawn):
    token, side = drawn[0]
    return book_side(token, side)


PRICES = st.integers(1, 99).map(lambda n: n * 100)
SIZES = st.integers(5, 30).map(lambda n: n * SHARE)
TARGETS = st.lists(st.tuples(st.sampled_from(SLOTS), PRICES, SIZES), max_size=4, unique_by=side_of_target).map(
    lambda ts: tuple(quote(*slot, price, size) for slot, price, size in ts)
)
STATES = st.sampled_from((OrderState.PENDING, OrderState.LIVE, OrderState.CANCELLING, OrderState.UNKNOWN))
WORKING = st.lists(st.tuples(st.sampled_from(SLOTS), PRICES, SIZES, st.integers(0, 99), STATES), max_size=5).map(
    lambda ws: [
        working(i + 1, *slot, price, size, size * part // 100, state)
        for i, (slot, price, size, part, state) in enumerate(ws)
    ]
)


def slot_of(order):
    return book_side(order.intent.token, order.intent.side)


def good(order, target):
    near = target is not None and order.intent.token == target.token
    near = near and abs(order.intent.price_g4 - target.price_g4) <= TOLERANCE
    return near and order.left_u6 <= target.size_u6 and (order.left_u6 >= MIN or order.left_u6 == target.size_u6)


@given(TARGETS, WORKING)
def test_plan_is_the_fewest_calls(targets, orders):
    plan = reconcile(targets, orders, TOLERANCE, MIN)
    wanted = {book_side(q.token, q.side): q for q in targets}
    unanswered = {OrderState.CANCELLING, OrderState.UNKNOWN}
    needless = [o.intent.id for o in orders if o.state not in unanswered and not good(o, wanted.get(slot_of(o)))]
    assert list(plan.cancel) == needless
    busy = {slot_of(order) for order in orders}
    assert list(plan.place) == [wanted[side] for side in (Side.BUY, Side.SELL) if side in wanted and side not in busy]


@given(TARGETS, WORKING)
def test_nothing_is_placed_while_anything_works_on_that_side(targets, orders):
    plan = reconcile(targets, orders, TOLERANCE, MIN)
    assert not {book_side(q.token, q.side) for q in plan.place} & {slot_of(order) for order in orders}


@given(TARGETS, WORKING)
def test_it_settles_in_two_rounds(targets, orders):
    """Carry a plan out, let the venue answer, plan again: after the second round there is nothing left to do."""
    orders = [order for order in orders if order.state is not OrderState.UNKNOWN]
    first = reconcile(targets, orders, TOLERANCE, MIN)
    left = [o for o in orders if o.intent.id not in first.cancel and o.state is not OrderState.CANCELLING]
    left += [working(50 + i, q.token, q.side, q.price_g4, q.size_u6) for i, q in enumerate(first.place)]
    second = reconcile(targets, left, TOLERANCE, MIN)
    assert second.cancel == ()
    left += [working(90 + i, q.token, q.side, q.price_g4, q.size_u6) for i, q in enumerate(second.place)]
    third = reconcile(targets, left, TOLERANCE, MIN)
    assert (third.cancel, third.place) == ((), ())


@given(TARGETS, WORKING)
def test_repeating_it_before_the_answer_sends_nothing_again(targets, orders):
    first = reconcile(targets, orders, TOLERANCE, MIN)
    for order in orders:
        if order.intent.id in first.cancel:
            order.state = OrderState.CANCELLING
    orders += [working(50 + i, q.token, q.side, q.price_g4, q.size_u6) for i, q in enumerate(first.place)]
    again = reconcile(targets, orders, TOLERANCE, MIN)
    assert (again.cancel, again.place) == ((), ())


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        ({"price": 5040}, True),
        ({"price": 5041}, False),
        ({"price": 4959}, False),
        ({"filled": 5 * SHARE}, True),
        ({"filled": 5 * SHARE + 1}, False),  # below the venue's minimum: replaced by a whole quote
        ({"size": 11 * SHARE}, False),  # more than wanted
    ],
)
def test_when_an_order_is_left_alone(order, kept):
    plan = reconcile((quote(0, Side.BUY),), [working(1, 0, Side.BUY, **order)], TOLERANCE, MIN)
    assert (plan.cancel == ()) is kept
    assert plan.place == ()


def test_no_targets_withdraws_everything():
    orders = [working(1, 0, Side.BUY), working(2, 1, Side.BUY, state=OrderState.CANCELLING)]
    plan = reconcile((), orders, TOLERANCE, MIN)
    assert plan.cancel == ("ord-000001",)
    assert plan.place == ()


def test_an_order_of_another_tick_epoch_is_replaced():
    order = working(1, 0, Side.BUY)
    assert reconcile((quote(0, Side.BUY),), [order], TOLERANCE, MIN, epoch=0).cancel == ()
    assert reconcile((quote(0, Side.BUY),), [order], TOLERANCE, MIN, epoch=1).cancel == ("ord-000001",)


def test_the_successor_waits_on_the_side_of_the_book_not_of_the_token():
    """A bid for token 0 and a sale of token 1 are the same liquidity: the second waits for the first to be gone."""
    plan = reconcile((quote(1, Side.SELL),), [working(1, 0, Side.BUY, state=OrderState.CANCELLING)], TOLERANCE, MIN)
    assert (plan.cancel, plan.place) == ((), ())
