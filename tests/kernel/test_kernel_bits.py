"""Finding the next level that holds anything, against looking at every price."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kernel_rows import as_rows, change

from polydesk.kernel import advance, entry, new_books, new_fills, new_own, new_wake
from polydesk.kernel.bits import next_above, next_below
from polydesk.model.grid import FAR_NS

PRICES = st.one_of(st.integers(1, 9_999), st.sampled_from([1, 31, 32, 33, 63, 64, 9_983, 9_984, 9_999]))
STEPS = st.lists(st.tuples(st.sampled_from([1, -1]), PRICES, st.integers(0, 2)), min_size=1, max_size=40)


def filled(books, half):
    return set(np.flatnonzero(books.size[0, half] > 0).tolist())


@given(STEPS, st.one_of(st.integers(0, 10_000), PRICES))
def test_the_next_level_is_the_one_that_a_walk_finds(steps, price):
    books = new_books(1, np.array([1]))
    rows = as_rows([change(side, where, size, 100 + n) for n, (side, where, size) in enumerate(steps)])
    advance(books, new_own(1), new_fills(), new_wake(1), rows, 0, len(rows), FAR_NS)
    for half in (0, 1):
        levels = filled(books, half)
        assert entry(next_above)(books, 0, half, price) == min((p for p in levels if p >= price), default=10_000)
        assert entry(next_below)(books, 0, half, price) == max((p for p in levels if p <= price), default=0)


@given(STEPS, STEPS)
def test_a_snapshot_leaves_bits_for_its_own_levels_only(steps, shown):
    books = new_books(1, np.array([1]))
    kernel = books, new_own(1), new_fills(), new_wake(1)
    rows = as_rows(
        [change(side, where, size, 100, flags=0) for side, where, size in steps]
        + [change(side, where, size, 200, flags=2 if n == 0 else 0) for n, (side, where, size) in enumerate(shown)]
    )
    advance(*kernel, rows, 0, len(rows), FAR_NS)
    for half in (0, 1):
        words = books.filled[0, half].astype(np.uint32)
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        assert set(np.flatnonzero(bits).tolist()) == filled(books, half)
