import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_rows import Desk, change, printed

from polydesk.kernel import dump, place, restore, take
from polydesk.model.errors import JournalError

step = st.tuples(st.integers(0, 2), st.sampled_from([1, -1]), st.integers(1, 9999), st.integers(0, 1 << 50))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(step, max_size=30))
def test_the_round_trip_is_exact(steps):
    desk = Desk(3)
    desk.wake.mask[1] = 3
    for at, (market, side, price, size) in enumerate(steps, start=1):
        desk.run(change(side, price, size, at, market=market), printed(-side, price, 1 + size, at, market=market))
        place(desk.books, desk.own, market, side, price, size + 1, at)
        take(desk.books, desk.fills, market, side, price, size // 2 + 1, 1000 + at)
    data = dump(desk.books, desk.own, desk.wake)
    books, own, wake = restore(data)
    for ours, theirs in zip((*desk.books, *desk.own, *desk.wake), (*books, *own, *wake), strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    assert dump(books, own, wake) == data


def test_it_is_small_and_the_restored_arrays_can_be_written():
    desk = Desk(3)
    desk.run(change(1, 4800, 5))
    data = dump(desk.books, desk.own, desk.wake)
    assert len(data) < 2000
    desk.books, desk.own, desk.wake = restore(data)
    desk.run(change(1, 4900, 5, 2))
    assert desk.books.touch[0].tolist() == [4900, 10_000]


def test_damaged_or_foreign_bytes_are_refused():
    desk = Desk()
    data = dump(desk.books, desk.own, desk.wake)
    for bad in (b"", data[:-5], b"x" + data, zlib.compress(b"nonsense")):
        with pytest.raises(JournalError, match="damaged"):
            restore(bad)
    content = msgspec.msgpack.decode(zlib.decompress(data))
    content["format"] = 99
    with pytest.raises(JournalError, match="format 99"):
        restore(zlib.compress(msgspec.msgpack.encode(content)))
    content["format"] = 4
    del content["arrays"]["books.level"]
    with pytest.raises(JournalError, match=r"books\.level"):
        restore(zlib.compress(msgspec.msgpack.encode(content)))
