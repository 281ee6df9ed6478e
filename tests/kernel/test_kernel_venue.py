"""The venue's heap and order table against plain Python, and that memory stays flat and grows when it must."""

import heapq

from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernel_draw import terms

from made import market
from polydesk.kernel import (
    GROW,
    Tally,
    grow,
    new_books,
    new_fills,
    new_own,
    new_venue,
    venue_cancel,
    venue_happen,
    venue_next,
    venue_send,
)
from polydesk.kernel.schedule import pop_next, schedule_new
from polydesk.kernel.table import find_order, forget_order, index_order, is_known, make_known, new_row
from polydesk.kernel.venue_state import EVENT_ROOM, News, NewsKind, OrderFact
from polydesk.model.grid import FAR_NS


def venue(**more):
    return new_venue(terms(cash_u6=10**12), (market(end_s=None),), (), **more)


@given(st.lists(st.integers(0, 20) | st.none(), max_size=120))
@settings(max_examples=60)
def test_things_happen_by_time_then_by_order_of_scheduling(steps):
    real, plain, number = venue(), [], 0
    for due in steps:
        if due is not None:
            number += 1
            real.events[schedule_new(real, due, int(NewsKind.ACK)), News.ORDER] = number
            heapq.heappush(plain, (due, number))
        elif plain:
            assert pop_next(real) == NewsKind.ACK
            assert (real.news[0, News.TS_NS], real.news[0, News.ORDER]) == heapq.heappop(plain)
        assert venue_next(real) == (plain[0][0] if plain else FAR_NS)
    assert real.count[Tally.EVENT_HIGH] <= len([one for one in steps if one is not None])


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 300)), max_size=200))
@settings(max_examples=60)
def test_the_order_table_is_a_dictionary(steps):
    real, plain, ever = venue(orders=64), {}, set()
    for adds, number in steps:
        if adds and number not in plain and len(plain) < 64:
            row = new_row(real)
            real.orders[row, OrderFact.ORDER] = number
            index_order(real, number, row)
            make_known(real, number)
            plain[number] = row
            ever.add(number)
        elif not adds and number in plain:
            forget_order(real, number)
            del plain[number]
        for one in range(1, 301):
            assert find_order(real, one) == plain.get(one, -1)
    assert all(is_known(real, one) == (one in ever) for one in range(1, 301))
    assert real.count[Tally.ORDERS_USED] == len(plain)
    assert len(set(plain.values())) == len(plain)


def machine(**more):
    return venue(**more), new_books(1, [100]), new_own(1), new_fills()


def run(real, books, own, fills):
    told = []
    while venue_next(real) < FAR_NS:
        found = venue_happen(real, books, own, fills, 0)
        while found == GROW:
            real = grow(real)
            found = venue_happen(real, books, own, fills, 0)
        if found:
            told.append((int(real.news[0, News.KIND]), int(real.news[0, News.ORDER])))
    return real, told


def test_finished_orders_and_events_leave_their_rows():
    real, books, own, fills = machine(orders=8)
    for number in range(1, 5_000):
        assert venue_send(real, number, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, number) == 0
        assert venue_cancel(real, number, number) == 0
        real, told = run(real, books, own, fills)
        assert told == [(NewsKind.ACK, number), (NewsKind.DONE, number)]
    assert real.count[Tally.ORDER_HIGH] == 1
    assert real.count[Tally.EVENT_HIGH] <= 4
    assert len(real.orders) == 8
    assert real.count[Tally.RESERVED_U6] == 0


def test_a_full_table_asks_to_grow_and_has_done_nothing():
    real, books, own, fills = machine(orders=2, events=0)
    assert len(real.events) == EVENT_ROOM
    for number in (1, 2):
        assert venue_send(real, number, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, 5) == 0
    before = [array.copy() for array in real]
    assert venue_send(real, 3, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, 5) == GROW
    before[6][Tally.WANTED] = 3
    assert all((one == other).all() for one, other in zip(before, real, strict=True))
    real = grow(real)
    assert venue_send(real, 3, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, 5) == 0
    assert venue_send(real, 10_000_000, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, 5) == GROW
    real = grow(real)
    assert venue_send(real, 10_000_000, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, 5) == 0
    real, told = run(real, books, own, fills)
    assert told == [(NewsKind.ACK, number) for number in (1, 2, 3, 10_000_000)]
    assert len(real.events) > EVENT_ROOM
    assert [find_order(real, number) >= 0 for number in (1, 2, 3, 4, 10_000_000)] == [True, True, True, False, True]


def test_nothing_happens_without_room_for_what_may_follow():
    real, books, own, fills = machine(events=0)
    venue_send(real, 1, 0, 0, 1, 0, 0, 4800, 10_000_000, 0, 5)
    assert venue_happen(real, books, own, fills, 0) == GROW
    assert venue_next(real) == 5
    assert venue_happen(grow(real), books, own, fills, 0) == 0
