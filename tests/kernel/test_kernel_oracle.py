"""The kernel against the obvious market of `plain_market`, on generated histories."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_rows import FIRST, LAST, Desk, change, printed, snapshot
from plain_market import ASK, BID, PlainMarket

from polydesk.kernel import Count, cancel, depth, place, take, touch

PRICES = range(4996, 5005)
CAUSES = {1: "print", 2: "through", 3: "book"}

price = st.integers(PRICES[0], PRICES[-1])
size = st.integers(0, 6)
amount = st.integers(1, 8)
side = st.sampled_from([1, -1])
token = st.integers(0, 1)
lag = st.sampled_from([0, 0, 1, 2, 5])
flags = st.sampled_from([0, LAST, LAST, LAST])

level_row = st.tuples(st.just("change"), token, side, price, size, lag, flags)
snapshot_row = st.tuples(st.just("snapshot"), token, side, price, size, lag, st.sampled_from([FIRST, FIRST | LAST]))
print_row = st.tuples(st.just("print"), token, st.sampled_from([1, -1, 0]), price, amount)
place_call = st.tuples(st.just("place"), side, price, amount)
cancel_call = st.tuples(st.just("cancel"), st.integers(1, 12))
take_call = st.tuples(st.just("take"), side, price, amount)
history = st.lists(
    st.one_of(level_row, level_row, level_row, snapshot_row, print_row, place_call, cancel_call, take_call),
    min_size=30,
    max_size=120,
)


def step_rows(kind, step, desk, plain, now):
    if kind == "print":
        _, tok, taker, at_price, units = step
        desk.run(printed(taker, at_price, units, now, token=tok))
        plain.print(taker if tok == 0 else -taker, at_price if tok == 0 else 10_000 - at_price, units)
    else:
        _, tok, book_side, at_price, units, behind, bits = step
        write = change if kind == "change" else snapshot
        venue = max(now - behind, 1)
        desk.run(write(book_side, at_price, units, now, token=tok, venue_ns=venue, flags=bits))
        if kind == "snapshot":
            plain.clear(tok, venue)
        plain.set_level(tok, book_side, at_price, units, venue)
        if not bits & LAST:
            return
    plain.trade_through()


def apply(step, desk, plain, now):
    """Do one step in both markets and return what each call answered."""
    kind = step[0]
    if kind == "place":
        _, order_side, at_price, units = step
        handle = now
        place(desk.books, desk.own, 0, order_side, at_price, units, handle)
        plain.place(handle, order_side, at_price, units)
        return ()
    if kind == "cancel":
        return cancel(desk.own, 0, step[1]), plain.cancel(step[1])
    if kind == "take":
        _, taker, limit, units = step
        got = take(desk.books, desk.fills, 0, taker, limit, units, 1000 + now)
        return got, plain.take(1000 + now, taker, limit, units)
    step_rows(kind, step, desk, plain, now)
    return ()


def assert_same(desk, plain):
    books = desk.books
    for half in (BID, ASK):
        for at_price in range(PRICES[0], PRICES[-1] + 1):
            for mirrored in (at_price, 10_000 - at_price):
                level = plain.levels.get((half, mirrored))
                shown = (0, 0) if level is None else (level.size, level.free)
                free = max(int(books.size[0, half, mirrored] - books.taken[0, half, mirrored]), 0)
                assert (int(books.size[0, half, mirrored]), free) == shown
    assert touch(books, 0, 0) == (plain.best(BID), plain.best(ASK))
    for taker, limit in ((1, 5002), (-1, 4998)):
        assert depth(books, 0, taker, limit)[0] == plain.depth(taker, limit)
    n = desk.own.open[0]
    ours = zip(*(getattr(desk.own, name)[0, :n].tolist() for name in ("handle", "left", "ahead")), strict=True)
    assert list(ours) == [(o.handle, o.left, o.ahead) for o in plain.orders]
    counted = {"late": Count.LATE, "same": Count.MIRROR_SAME, "different": Count.MIRROR_DIFFERENT}
    for name, column in counted.items():
        assert books.count[0, column] == plain.count[name], name


@settings(max_examples=200, deadline=None, derandomize=True)
@given(history)
def test_the_kernel_equals_the_obvious_market(steps):
    desk, plain = Desk(), PlainMarket()
    for now, step in enumerate(steps, start=1):
        answers = apply(step, desk, plain, now)
        assert len(set(answers)) <= 1
        fills = [(handle, at_price, units, CAUSES[cause]) for handle, at_price, units, cause in desk.filled()]
        assert sorted(fills) == sorted(plain.fills)
        plain.fills.clear()
        assert_same(desk, plain)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(history)
def test_fills_never_exceed_what_was_there(steps):
    desk, plain = Desk(), PlainMarket()
    placed: dict[int, int] = {}
    for now, step in enumerate(steps, start=1):
        taken = int(desk.books.taken.sum())
        apply(step, desk, plain, now)
        fills = desk.filled()
        by_print = sum(units for _, _, units, cause in fills if cause == 1)
        crossed = sum(units for _, _, units, cause in fills if cause != 1)
        assert by_print <= (step[4] if step[0] == "print" else 0)
        if step[0] == "place":
            placed[now] = step[3]
        if step[0] in ("place", "cancel"):
            assert fills == []
        if step[0] in ("print", "take"):
            assert int(desk.books.taken.sum()) - taken == crossed
        for handle, _, units, cause in fills:
            if cause != 3:
                placed[handle] -= units
        assert all(left >= 0 for left in placed.values())
        assert np.all(desk.books.size >= 0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(side, price, size), max_size=40), price, price)
def test_size_refreshes_that_cross_nothing_fill_nothing(refreshes, bid, ask):
    desk = Desk()
    low, high = PRICES[0] - 5, PRICES[-1] + 5
    place(desk.books, desk.own, 0, 1, low, 5, 1)
    place(desk.books, desk.own, 0, -1, high, 5, 2)
    desk.run(change(1, bid, 3), change(-1, ask, 3))
    for now, (book_side, at_price, units) in enumerate(refreshes, start=2):
        desk.run(change(book_side, at_price, units, now))
        desk.run(change(1, low, units, now), change(-1, high, units, now))
    assert desk.filled() == []
    assert desk.own.left[0, :2].tolist() == [5, 5]
