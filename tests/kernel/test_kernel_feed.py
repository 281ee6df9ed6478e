"""Feed latency: messages in order, never overtaking, and two cursors that end in the same books."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_rows import LAST, as_rows, change
from test_kernel_draw import terms

from made import market
from polydesk.kernel import (
    Latency,
    WakeBit,
    advance,
    feed_times,
    new_books,
    new_fills,
    new_own,
    new_venue,
    new_wake,
    place,
)
from polydesk.kernel.feed import FILLED, HORIZON, MORE, WOKEN
from polydesk.model.errors import TapeError
from polydesk.model.grid import FAR_NS
from polydesk.run.delayed import DelayedFeed, Window

STEPS = st.lists(
    st.tuples(st.integers(0, 30), st.booleans(), st.sampled_from([1, -1]), st.integers(4990, 5010), st.integers(0, 9)),
    min_size=1, max_size=60,
)  # fmt: skip


def made(steps):
    rows, now = [], 100
    for gap, ends, side, price, size in steps:
        now += gap
        rows.append(change(side, price, size, now, flags=LAST if ends else 0))
    return as_rows(rows)


def venue(feed):
    return new_venue(terms(feed=feed), (market(end_s=None),), (), orders=4)


def times(real, rows, cut=0):
    seen, state = np.zeros((len(rows), 3), np.int64), np.zeros(2, np.int64)
    feed_times(real, rows[:cut], 0, seen[:cut], state)
    feed_times(real, rows, cut, seen, state)
    return seen[:, 0]


@given(STEPS, st.integers(1, 50), st.integers(0, 60))
@settings(max_examples=80)
def test_messages_are_seen_in_order_and_wherever_the_rows_are_cut(steps, base, cut):
    rows = made(steps)
    real = venue(Latency(base, base))
    seen = times(real, rows)
    assert (np.diff(seen) >= 0).all()
    assert (times(real, rows, min(cut, len(rows))) == seen).all()
    starts = np.append(True, rows["flags"][:-1] == LAST)
    assert (seen >= rows["ts_ns"]).all()
    assert (times(venue(Latency(base)), rows)[starts] >= rows["ts_ns"][starts] + base).all()


def both(rows, feed, pieces, order=None):
    """Run the venue and the view through rows in pieces; return their books and what was met."""
    real = venue(feed)
    delayed = DelayedFeed(new_own(1), new_fills(), new_wake(1))
    books, view, own, fills, wake = new_books(1, [100]), new_books(1, [100]), new_own(1), new_fills(), new_wake(1)
    wake.mask[:] = WakeBit.TOUCH
    if order:
        place(books, own, 0, *order)
    window, met = Window(delayed), []
    cuts = sorted({0, *[p for p in pieces if p < len(rows)], len(rows)})
    for start, end in [*itertools.pairwise(cuts), (len(rows), len(rows))]:
        window.extend(real, rows[start:end])
        why = -1
        while why != MORE:
            why = window.advance(books, own, fills, view, wake, len(rows), FAR_NS, final=start == len(rows))
            if why == WOKEN:
                met.append(("woken", int(window.seen[window.cursor[1] - 1, 0]), *view.touch[0].tolist()))
            if why == FILLED:
                met.append(("filled", int(window.rows["ts_ns"][window.cursor[0] - 1]), *fills.rows[0, :4].tolist()))
                fills.n[0] = 0
    assert delayed.venue_row == len(rows)
    return books, view, met


@given(STEPS, st.integers(1, 40), st.lists(st.integers(1, 60), max_size=4))
@settings(max_examples=80, deadline=None)
def test_two_cursors_end_in_the_same_books_and_wake_as_one_that_is_late(steps, base, pieces):
    rows = made(steps)
    books, view, met = both(rows, Latency(base, base // 2), pieces)
    assert all((one == other).all() for one, other in zip(books, view, strict=True))
    late = times(venue(Latency(base, base // 2)), rows)
    one, wake = new_books(1, [100]), new_wake(1)
    wake.mask[:] = WakeBit.TOUCH
    index, woken = 0, []
    while index < len(rows):
        index = advance(one, new_own(1), new_fills(), wake, rows, index, len(rows), FAR_NS)
        if wake.out[1]:
            woken.append(("woken", int(late[index - 1]), *one.touch[0].tolist()))
    assert met == woken
    assert met == both(rows, Latency(base, base // 2), [])[2]


def test_the_venue_fills_before_the_desk_has_seen_why():
    rows = as_rows(
        [change(1, 4800, 5, 100), change(-1, 5000, 5, 110), change(-1, 4700, 3, 120), change(1, 4800, 0, 130)]
    )
    _, _, met = both(rows, Latency(50), [2], order=(1, 4900, 10, 7))
    kinds = [one[:2] for one in met]
    assert ("filled", 130) in kinds
    assert kinds.index(("filled", 130)) < kinds.index(("woken", 150))


def test_the_horizon_stops_both_and_a_recorded_row_only_the_view():
    rows = made([(10, True, 1, 4995, 5)] * 6)
    feed = DelayedFeed(new_own(1), new_fills(), new_wake(1))
    window = Window(feed)
    window.extend(venue(Latency(15)), rows)
    books, view = new_books(1, [100]), new_books(1, [100])
    args = (books, new_own(1), new_fills(), view, new_wake(1))
    assert window.advance(*args, 6, 140, final=True) == HORIZON
    assert window.cursor[:2].tolist() == [3, 2]
    assert window.advance(*args, 3, 1_000, final=True) == HORIZON
    assert window.cursor[:2].tolist() == [6, 3]
    assert window.advance(*args, 6, FAR_NS, final=True) == MORE


def test_a_row_of_no_known_market_is_named():
    rows = as_rows([change(1, 4800, 5, 100, market=3)])
    window = Window(DelayedFeed(new_own(1), new_fills(), new_wake(1)))
    window.extend(venue(Latency(15)), rows)
    with pytest.raises(TapeError, match="row 0: market 3"):
        window.advance(
            new_books(1, [100]), new_own(1), new_fills(), new_books(1, [100]), new_wake(1), 1, FAR_NS, final=True
        )
