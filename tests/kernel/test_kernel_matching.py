import pytest
from kernel_rows import Desk, change, printed

from polydesk.kernel import FillCause, cancel, place, take
from polydesk.model.errors import InvariantBroken

PRINT, THROUGH, BOOK = FillCause.PRINT, FillCause.TRADE_THROUGH, FillCause.BOOK


def quoted() -> Desk:
    """A book 4800 x 5200 with 10 on each side."""
    desk = Desk()
    desk.run(change(1, 4800, 10), change(-1, 5200, 10))
    return desk


def rest(desk: Desk, side: int, price: int, size: int, handle: int) -> int:
    return place(desk.books, desk.own, 0, side, price, size, handle)


def test_partial_fills_add_up_exactly():
    desk = quoted()
    rest(desk, 1, 4900, 10, 7)
    desk.run(printed(-1, 4900, 4))
    assert desk.filled() == [(7, 4900, 4, PRINT)]
    desk.run(printed(-1, 4900, 6))
    assert desk.filled() == [(7, 4900, 6, PRINT)]
    assert desk.own.open[0] == 0


def test_the_queue_that_was_shown_trades_first():
    desk = quoted()
    rest(desk, 1, 4800, 5, 7)
    desk.run(printed(-1, 4800, 8))
    assert desk.filled() == []
    desk.run(printed(-1, 4800, 3))
    assert desk.filled() == [(7, 4800, 1, PRINT)]


def test_a_size_refresh_never_fills_nor_moves_the_queue():
    desk = quoted()
    rest(desk, 1, 4800, 5, 7)
    desk.run(change(1, 4800, 1, 2), change(1, 4800, 0, 3), change(-1, 5200, 0, 4), change(-1, 4900, 7, 5))
    assert desk.filled() == []
    assert desk.own.ahead[0, 0] == 10


def test_a_print_through_our_price_fills_up_to_its_size():
    desk = quoted()
    rest(desk, 1, 4800, 5, 7)
    desk.run(printed(-1, 4700, 3))
    assert desk.filled() == [(7, 4800, 3, PRINT)]
    rest(desk, -1, 5200, 5, 8)
    desk.run(printed(1, 5300, 9))
    assert desk.filled() == [(8, 5200, 5, PRINT)]


def test_a_print_on_the_other_side_does_not_reach_us():
    desk = quoted()
    rest(desk, 1, 4900, 5, 7)
    desk.run(printed(1, 4900, 9), printed(-1, 5000, 9))
    assert desk.filled() == []


def test_a_print_of_the_other_token_is_mirrored():
    desk = quoted()
    rest(desk, 1, 4900, 5, 7)
    desk.run(printed(1, 5100, 3, token=1))
    assert desk.filled() == [(7, 4900, 3, PRINT)]


def test_an_unknown_taker_may_hit_both_sides_each_unit_once():
    desk = quoted()
    rest(desk, 1, 5000, 4, 7)
    rest(desk, -1, 5000, 4, 8)
    desk.run(printed(0, 5000, 6))
    assert desk.filled() == [(7, 5000, 4, PRINT), (8, 5000, 2, PRINT)]


def test_better_price_first_then_earlier_arrival():
    desk = quoted()
    rest(desk, 1, 4900, 2, 1)
    rest(desk, 1, 5000, 2, 2)
    rest(desk, 1, 4900, 2, 3)
    desk.run(printed(-1, 4900, 5))
    assert desk.filled() == [(2, 5000, 2, PRINT), (1, 4900, 2, PRINT), (3, 4900, 1, PRINT)]


def test_two_orders_of_ours_share_one_queue():
    desk = quoted()
    rest(desk, 1, 4800, 5, 1)
    rest(desk, 1, 4800, 5, 2)
    desk.run(printed(-1, 4800, 18))
    assert desk.filled() == [(1, 4800, 5, PRINT), (2, 4800, 3, PRINT)]


def test_time_priority_survives_a_cancel_between():
    desk = quoted()
    for handle in (1, 2, 3):
        rest(desk, 1, 4900, 2, handle)
    assert cancel(desk.own, 0, 2) == 2
    rest(desk, 1, 4900, 2, 4)
    desk.run(printed(-1, 4900, 5))
    assert desk.filled() == [(1, 4900, 2, PRINT), (3, 4900, 2, PRINT), (4, 4900, 1, PRINT)]


def test_a_cancelled_order_is_never_filled():
    desk = quoted()
    rest(desk, 1, 4900, 5, 7)
    desk.run(printed(-1, 4900, 2))
    desk.filled()
    assert cancel(desk.own, 0, 7) == 3
    assert cancel(desk.own, 0, 7) == -1
    desk.run(printed(-1, 4000, 9), change(-1, 4100, 9, 2))
    assert desk.filled() == []


def test_trade_through_fills_the_depth_that_crossed_once():
    desk = quoted()
    rest(desk, 1, 4900, 10, 7)
    desk.run(change(1, 4800, 0, 2), change(-1, 4850, 4, 2))
    assert desk.filled() == [(7, 4900, 4, THROUGH)]
    desk.run(change(-1, 4850, 4, 3), change(-1, 5000, 9, 3))
    assert desk.filled() == []
    desk.run(change(-1, 4850, 5, 4))
    assert desk.filled() == [(7, 4900, 1, THROUGH)]


def test_trade_through_waits_for_the_message_and_for_an_uncrossed_book():
    desk = quoted()
    rest(desk, 1, 4900, 10, 7)
    desk.run(change(-1, 4850, 4, 2, flags=0), change(-1, 4850, 0, 2))
    assert desk.filled() == []
    desk.run(change(-1, 4750, 4, 3))
    assert desk.filled() == [], "the recorded book is crossed: 4800 x 4750"
    desk.run(change(1, 4800, 0, 4))
    assert desk.filled() == [(7, 4900, 4, THROUGH)]


def test_trade_through_serves_asks_and_the_better_order_first():
    desk = quoted()
    rest(desk, -1, 5100, 4, 7)
    rest(desk, -1, 5000, 4, 8)
    desk.run(change(1, 5150, 5, 2))
    assert desk.filled() == [(8, 5000, 4, THROUGH), (7, 5100, 1, THROUGH)]


def test_taking_walks_the_book_best_first_and_respects_the_limit():
    desk = quoted()
    desk.run(change(-1, 5300, 10), change(-1, 5400, 10))
    assert take(desk.books, desk.fills, 0, 1, 5300, 50, 7) == 20
    assert desk.filled() == [(7, 5200, 10, BOOK), (7, 5300, 10, BOOK)]
    assert take(desk.books, desk.fills, 0, 1, 5300, 50, 7) == 0
    assert take(desk.books, desk.fills, 0, -1, 4800, 3, 8) == 3
    assert desk.filled() == [(8, 4800, 3, BOOK)]


def test_what_we_took_cannot_trade_through_us_again():
    desk = quoted()
    take(desk.books, desk.fills, 0, 1, 5200, 10, 1)
    desk.filled()
    rest(desk, 1, 5200, 5, 2)
    desk.run(change(1, 4700, 1, 2))
    assert desk.filled() == []


def test_slots_run_out_and_come_back():
    desk = quoted()
    for handle in range(1, 65):
        assert rest(desk, 1, 4000, 1, handle) == handle - 1
    assert rest(desk, 1, 4000, 1, 65) == -1
    cancel(desk.own, 0, 1)
    assert rest(desk, 1, 4000, 1, 65) == 63


@pytest.mark.parametrize(
    ("market", "side", "price", "size", "handle"),
    [
        (1, 1, 4000, 1, 1),
        (-1, 1, 4000, 1, 1),
        (0, 0, 4000, 1, 1),
        (0, 1, 0, 1, 1),
        (0, 1, 10_000, 1, 1),
        (0, 1, 4000, 0, 1),
        (0, 1, 4000, 1, 0),
    ],
)
def test_an_impossible_order_is_refused_loudly(market, side, price, size, handle):
    desk = quoted()
    with pytest.raises(InvariantBroken, match="place"):
        place(desk.books, desk.own, market, side, price, size, handle)
    assert desk.own.open[0] == 0
