"""When orders stood in the book, against a count second by second."""

from hypothesis import given
from hypothesis import strategies as st

from made_orders import SHARE, fill, intent
from polydesk.model.orders import OrderState, Side
from polydesk.model.records import OrderAck, OrderDone
from polydesk.report.lives import Life
from polydesk.report.study.standing import Standing, common, length, merged, standings, uptimes

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=12
)


@given(SPANS, SPANS, st.integers(0, 30), st.integers(30, 80))
def test_unions_and_overlaps_against_every_instant(ones, others, first: int, last: int) -> None:
    def covered(spans, at: int) -> bool:
        return any(a <= at < b for a, b in spans)

    mine, his = merged(ones, (first, last)), merged(others, (first, last))
    assert length(mine) == sum(covered(ones, at) for at in range(first, last))
    assert length(common(mine, his)) == sum(covered(ones, at) and covered(others, at) for at in range(first, last))


def life(events, state=OrderState.LIVE, **order) -> Life:
    return Life(intent(1, **order), (), 0, 0, events=events, state=state)


def test_an_order_shrinks_with_its_fills_and_ends_with_its_cancel() -> None:
    order = life(
        [
            OrderAck(0, 100, intent(1).id, "live"),
            fill(1, size=4 * SHARE, ts_ns=300),
            OrderDone(0, 500, intent(1).id, "x"),
        ],
        OrderState.CANCELLED,
    )
    assert standings([order], 900) == (
        Standing(0, 1, 5_000, 10 * SHARE, 100, 300),
        Standing(0, 1, 5_000, 6 * SHARE, 300, 500),
    )


def test_orders_for_the_other_token_stand_on_the_other_side() -> None:
    ack = OrderAck(0, 100, intent(1).id, "live")
    assert standings([life([ack], token=1, side=Side.BUY, price=3_000)], 900) == (
        Standing(0, -1, 7_000, 10 * SHARE, 100, 900),
    )


def test_what_never_rested_does_not_stand() -> None:
    ack = OrderAck(0, 100, intent(1).id, "matched")
    refused = life([])
    refused.refused = "cash"
    assert standings([life([]), life([ack]), refused], 900) == ()
    filled = life([OrderAck(0, 100, intent(1).id, "live"), fill(1, ts_ns=300)], OrderState.MATCHED)
    assert standings([filled], 900) == (Standing(0, 1, 5_000, 10 * SHARE, 100, 300),)


def test_what_taking_left_stands_and_what_is_held_does_not() -> None:
    name = intent(1).id
    took = [OrderAck(0, 100, name, "matched"), fill(1, size=4 * SHARE, ts_ns=90), OrderDone(0, 500, name, "x")]
    assert standings([life(took, OrderState.CANCELLED)], 900) == (Standing(0, 1, 5_000, 6 * SHARE, 100, 500),)
    whole = [OrderAck(0, 100, name, "matched"), fill(1, ts_ns=90)]
    assert standings([life(whole, OrderState.MATCHED)], 900) == ()
    held = [OrderAck(0, 100, name, "delayed"), OrderAck(0, 350, name, "live")]
    assert standings([life(held)], 900) == (Standing(0, 1, 5_000, 10 * SHARE, 350, 900),)
    assert standings([life(held[:1])], 900) == ()


def test_uptime_is_of_the_time_a_market_was_open() -> None:
    stood = [Standing(0, 1, 1, 1, 0, 50), Standing(0, -1, 2, 1, 40, 90), Standing(3, 1, 1, 1, 0, 5)]
    (only,) = uptimes(stood, {0: (10, 80)})
    assert (only.open_ns, only.bid_ns, only.ask_ns, only.both_ns) == (70, 40, 40, 10)
