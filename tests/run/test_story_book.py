"""The drawn book equals one rebuilt from the tape's rows by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import made_tape
from polydesk.model.rows import RowFlag, RowKind
from polydesk.run.story.book import DEPTH, Ladder, Look, ladders_at


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("book") / "t", seed=5, steps=300)


def by_hand(tape, look):
    book = {1: {}, -1: {}}
    for row in np.concatenate(list(tape.batches(0, look.seq + 1))):
        if row["market"] != look.market or row["kind"] not in (RowKind.SNAPSHOT, RowKind.CHANGE):
            continue
        if row["flags"] & RowFlag.FIRST:
            book = {1: {}, -1: {}}
        side = book[int(row["side"])]
        side[int(row["price_g4"])] = int(row["size_u6"])
        if not row["size_u6"]:
            del side[int(row["price_g4"])]
    bids = tuple(sorted(book[1].items(), reverse=True)[:DEPTH])
    asks = tuple(sorted(book[-1].items())[:DEPTH])
    if look.token:
        bids, asks = (tuple((10_000 - price, size) for price, size in levels) for levels in (asks, bids))
    return Ladder(look.seq, look.market, look.token, bids, asks)


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=4))
def test_books_after_any_rows_in_any_order(tape, asked):
    looks = [Look(min(seq, tape.manifest.rows - 1), market, token) for seq, market, token in asked]
    found = ladders_at(tape, looks)
    assert found == {look: by_hand(tape, look) for look in looks}


def test_shown_size_is_that_of_the_level(tape):
    look = Look(tape.manifest.rows - 1, 0, 0)
    ladder = ladders_at(tape, [look])[look]
    price, size = ladder.bids[1]
    assert ladder.shown_u6(1, price) == size
    assert ladder.shown_u6(-1, price) == 0
