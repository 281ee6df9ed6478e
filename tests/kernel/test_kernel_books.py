import numpy as np
import pytest
from kernel_rows import EMPTY, FIRST, LAST, Desk, change, row, snapshot

from polydesk.kernel import Count, Fact, last_row_ns, levels, takeable, touch
from polydesk.kernel.taking import depth, take
from polydesk.model.rows import RowKind


def counted(desk: Desk, column: Count) -> int:
    return int(desk.books.count[0, column])


def test_both_tokens_are_one_book_seen_from_two_sides():
    desk = Desk()
    desk.run(change(1, 4800, 10, 1), change(1, 4900, 5, 2, token=1), change(-1, 5300, 7, 3))
    assert touch(desk.books, 0, 0) == (4800, 5100)
    assert touch(desk.books, 0, 1) == (4900, 5200)
    prices, sizes = levels(desk.books, 0, 0, -1, 5)
    assert (prices.tolist(), sizes.tolist()) == ([5100, 5300], [5, 7])
    prices, sizes = levels(desk.books, 0, 1, 1, 5)
    assert (prices.tolist(), sizes.tolist()) == ([4900, 4700], [5, 7])
    prices, sizes = levels(desk.books, 0, 1, -1, 1)
    assert (prices.tolist(), sizes.tolist()) == ([5200], [10])


def test_an_empty_book_has_no_touch_and_no_levels():
    desk = Desk()
    assert touch(desk.books, 0, 0) == (0, 10_000)
    assert touch(desk.books, 0, 1) == (0, 10_000)
    assert len(levels(desk.books, 0, 0, 1, 5)[0]) == 0
    assert depth(desk.books, 0, 1, 9999) == (0, 0)


def test_touch_falls_back_when_the_best_level_goes():
    desk = Desk()
    desk.run(change(1, 4000, 1), change(1, 4800, 1), change(-1, 5000, 1), change(-1, 6001, 1))
    desk.run(change(1, 4800, 0, 2), change(-1, 5000, 0, 2))
    assert touch(desk.books, 0, 0) == (4000, 6001)
    desk.run(change(1, 4000, 0, 3), change(-1, 6001, 0, 3))
    assert touch(desk.books, 0, 0) == (0, 10_000)


def test_a_row_older_than_its_level_is_late_and_counted():
    desk = Desk()
    desk.run(change(1, 4800, 10, 5), change(1, 4800, 99, 4, ts_ns=6), change(1, 4700, 3, 4, ts_ns=6))
    assert desk.books.size[0, 0, 4800] == 10
    assert desk.books.size[0, 0, 4700] == 3
    assert counted(desk, Count.LATE) == 1


def test_mirror_rows_agree_or_disagree_and_the_later_arrival_wins():
    desk = Desk()
    desk.run(change(1, 4800, 10, 5), change(-1, 5200, 10, 5, token=1))
    assert (counted(desk, Count.MIRROR_SAME), counted(desk, Count.MIRROR_DIFFERENT)) == (1, 0)
    desk.run(change(1, 4800, 12, 6), change(-1, 5200, 11, 6, token=1))
    assert (counted(desk, Count.MIRROR_SAME), counted(desk, Count.MIRROR_DIFFERENT)) == (1, 1)
    assert desk.books.size[0, 0, 4800] == 11


def test_the_same_token_repeating_itself_is_no_mirror():
    desk = Desk()
    desk.run(change(1, 4800, 10, 5), change(1, 4800, 10, 5), change(1, 4800, 11, 5))
    assert (counted(desk, Count.MIRROR_SAME), counted(desk, Count.MIRROR_DIFFERENT)) == (0, 0)


def test_a_row_without_venue_time_is_stamped_with_virtual_time():
    desk = Desk()
    desk.run(change(1, 4800, 10, 7, venue_ns=0))
    assert desk.books.stamp[0, 0, 4800] == 7


def test_a_snapshot_replaces_what_is_older_and_keeps_what_is_newer():
    desk = Desk()
    desk.run(change(1, 4800, 10, 5), change(-1, 5100, 4, 5), change(1, 4700, 6, 9))
    desk.run(snapshot(1, 4600, 1, 7, ts_ns=9, flags=FIRST), snapshot(-1, 5300, 2, 7, ts_ns=9))
    assert [int(p) for p in levels(desk.books, 0, 0, 1, 9)[0]] == [4700, 4600]
    assert [int(p) for p in levels(desk.books, 0, 0, -1, 9)[0]] == [5300]


def test_a_change_older_than_the_snapshot_cannot_bring_a_level_back():
    desk = Desk()
    desk.run(change(1, 4800, 10, 5))
    desk.run(
        snapshot(1, 4600, 1, 7, flags=FIRST | LAST), change(1, 4800, 10, 6, ts_ns=8), change(1, 4500, 3, 6, ts_ns=8)
    )
    assert touch(desk.books, 0, 0) == (4600, 10_000)
    assert len(levels(desk.books, 0, 0, 1, 9)[0]) == 1
    assert counted(desk, Count.LATE) == 2


def test_an_old_snapshot_changes_nothing():
    desk = Desk()
    desk.run(snapshot(1, 4600, 1, 7, flags=FIRST | LAST))
    desk.run(snapshot(1, 4500, 9, 6, ts_ns=8, flags=FIRST), snapshot(-1, 5500, 9, 6, ts_ns=8))
    assert touch(desk.books, 0, 0) == (4600, 10_000)
    assert desk.books.size[0].sum() == 1


def test_an_empty_snapshot_clears_both_sides():
    desk = Desk()
    desk.run(change(1, 4800, 10, 5), change(-1, 5100, 4, 5))
    desk.run(row(RowKind.SNAPSHOT, 6, flags=FIRST | EMPTY | LAST))
    assert touch(desk.books, 0, 0) == (0, 10_000)
    assert desk.books.size.sum() == 0


def test_a_tick_change_starts_an_epoch():
    desk = Desk()
    desk.run(row(RowKind.TICK, 3, aux=10), row(RowKind.TICK, 4, aux=0))
    assert desk.books.last[0, Fact.TICK] == 10
    assert desk.books.last[0, Fact.EPOCH] == 1
    assert counted(desk, Count.INVALID) == 1


@pytest.mark.parametrize(
    "bad",
    [
        change(1, 0, 5),
        change(-1, 10_000, 5),
        change(1, -3, 5),
        change(1, 20_000, 5),
        change(0, 4800, 5),
        change(1, 4800, -5),
        change(1, 4800, 5, token=2),
        row(RowKind.PRINT, price_g4=4800, size_u6=0),
        row(RowKind.PRINT, price_g4=70_000, size_u6=1),
        row(77),
    ],
)
def test_a_row_that_makes_no_sense_is_counted_and_changes_nothing(bad):
    desk = Desk()
    desk.run(bad)
    assert counted(desk, Count.INVALID) == 1
    assert desk.books.size.sum() == 0
    assert desk.books.last[0, Fact.PRINT_PRICE] == 0


def test_witness_rows_are_compared_in_the_price_of_their_token():
    desk = Desk()
    desk.run(change(1, 4800, 10), change(-1, 5100, 10))
    desk.run(row(RowKind.WITNESS, bid_g4=4800, ask_g4=5100), row(RowKind.WITNESS, token=1, bid_g4=4900, ask_g4=5200))
    desk.run(row(RowKind.WITNESS, bid_g4=4800, ask_g4=5200), row(RowKind.WITNESS))
    assert (counted(desk, Count.WITNESS_SAME), counted(desk, Count.WITNESS_DIFFERENT)) == (2, 1)


def test_a_print_is_remembered_in_book_space():
    desk = Desk()
    desk.run(row(RowKind.PRINT, 9, side=1, token=1, price_g4=3000, size_u6=4))
    assert desk.books.last[0, Fact.PRINT_PRICE] == 7000
    assert desk.books.last[0, Fact.PRINT_TS_NS] == 9
    assert desk.books.last[0, Fact.PRINT_SIZE] == 4


def test_crossed_messages_are_counted_once_complete():
    desk = Desk()
    desk.run(change(1, 4800, 1), change(-1, 4700, 1, 2, flags=0), change(1, 4800, 0, 2))
    assert counted(desk, Count.CROSSED) == 0
    desk.run(change(1, 4700, 1, 3))
    assert counted(desk, Count.CROSSED) == 1


def test_what_we_took_stays_taken_until_the_level_is_gone():
    desk = Desk()
    desk.run(change(-1, 5100, 10, 1), change(-1, 5200, 10, 1))
    assert take(desk.books, desk.fills, 0, 1, 5100, 8, 1) == 8
    assert takeable(desk.books, 0) == (0, 5100)
    desk.run(change(-1, 5100, 12, 2))
    assert depth(desk.books, 0, 1, 5100)[0] == 4
    desk.run(change(-1, 5100, 5, 3))
    assert depth(desk.books, 0, 1, 5100)[0] == 0
    assert takeable(desk.books, 0) == (0, 5200)
    assert touch(desk.books, 0, 0) == (0, 5100)
    desk.run(change(-1, 5100, 0, 4), change(-1, 5100, 5, 5))
    assert depth(desk.books, 0, 1, 5100)[0] == 5


def test_a_snapshot_that_restates_a_level_does_not_give_back_what_we_took():
    desk = Desk()
    desk.run(change(-1, 5100, 10, 1))
    take(desk.books, desk.fills, 0, 1, 5100, 8, 1)
    desk.run(snapshot(-1, 5100, 10, 2, flags=FIRST | LAST))
    assert depth(desk.books, 0, 1, 5100)[0] == 2
    desk.run(snapshot(-1, 5200, 10, 3, flags=FIRST | LAST), snapshot(-1, 5100, 10, 4, flags=FIRST | LAST))
    assert depth(desk.books, 0, 1, 5100)[0] == 10


def test_depth_rounds_its_cash_against_the_taker():
    desk = Desk()
    desk.run(change(-1, 5001, 3), change(1, 4999, 3))
    assert depth(desk.books, 0, 1, 6000) == (3, 2)
    assert depth(desk.books, 0, -1, 4000) == (3, 1)


def test_markets_do_not_touch_each_other():
    desk = Desk(markets=3)
    desk.run(change(1, 4800, 1, market=1), change(1, 4700, 1, market=2))
    assert [touch(desk.books, m, 0)[0] for m in range(3)] == [0, 4800, 4700]
    assert np.array_equal(last_row_ns(desk.books) > 0, [False, True, True])
