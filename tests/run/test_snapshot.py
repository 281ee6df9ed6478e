"""Viewers in other processes see whole states only, and the writer never waits for them."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from polydesk.model.errors import SessionError
from polydesk.run.snapshot import (
    Exposure,
    LiveBook,
    LiveOrder,
    LivePosition,
    LiveState,
    SnapshotWriter,
    TokenBook,
    read_snapshot,
)


def state(number, *, books=1):
    book = TokenBook(((4800, 10), (4700, 20)), ((4900, 30),))
    return LiveState(
        session="s-1", mode="paper", source="tape", ts_ns=number, seq=number, rows=number, rows_total=None,
        rows_per_s=1.5,
        books=tuple(LiveBook(index, f"market-{number}", (book, book)) for index in range(books)),
        orders=(LiveOrder("ord-000001", "maker", 0, 1, -1, 5200, 10, 3, "live"),),
        positions=(LivePosition("maker", 0, 1, (10, 5), (4, 2), (0, 0), 5100),),
        cash_u6=(number, number), pnl_u6=(1, 2), fees_u6=(3, 4), exposure=(Exposure("total_exposure", 5, 10),),
        counters={"fills": number}, refusals={"cash": 2}, sentinels="ok", assumed={"m": {"fees": "published"}},
    )  # fmt: skip


def test_a_state_comes_back_whole(tmp_path):
    path = tmp_path / "live.state"
    with SnapshotWriter(path) as writer:
        assert read_snapshot(path) == {}
        assert writer.publish(state(7), 0.0)
        told = read_snapshot(path)
    assert told["counters"] == {"fills": 7}
    assert told["books"][0]["tokens"][0]["bids"] == [[4800, 10], [4700, 20]]
    assert told["exposure"] == [{"name": "total_exposure", "used_u6": 5, "cap_u6": 10, "unit": "pUSD", "market": -1}]
    assert read_snapshot(path) == told, "stays readable after the writer left"


def test_at_most_ten_a_second_by_the_callers_clock(tmp_path):
    path = tmp_path / "live.state"
    with SnapshotWriter(path) as writer:
        published = [number for number in range(1000) if writer.publish(state(number), number / 1000)]
        assert published[0] == 0
        assert len(published) == 10
        assert {100, 101} >= {later - earlier for earlier, later in itertools.pairwise(published)}
        assert not writer.due(0.999)
        assert read_snapshot(path)["ts_ns"] == published[-1]
        assert writer.publish(state(5000), 0.9991, force=True)
        assert read_snapshot(path)["ts_ns"] == 5000


def test_a_state_that_outgrows_the_file_moves_to_a_larger_one(tmp_path):
    path = tmp_path / "live.state"
    with SnapshotWriter(path) as writer:
        writer.publish(state(1), 0.0)
        small = path.stat()
        writer.publish(state(2, books=2000), 1.0)
        assert path.stat().st_ino != small.st_ino
        assert path.stat().st_size > small.st_size
        assert len(read_snapshot(path)["books"]) == 2000
        writer.publish(state(3), 2.0)
        assert read_snapshot(path)["ts_ns"] == 3
    assert os.listdir(tmp_path) == ["live.state"]


def test_a_writer_that_died_halfway_is_told_and_the_next_one_starts_clean(tmp_path):
    path = tmp_path / "live.state"
    with SnapshotWriter(path) as writer:
        writer.publish(state(1), 0.0)
    torn = bytearray(path.read_bytes())
    torn[16] |= 1
    path.write_bytes(torn)
    with pytest.raises(SessionError, match="writer ended while writing"):
        read_snapshot(path)
    with SnapshotWriter(path) as writer:
        writer.publish(state(2), 0.0)
        assert read_snapshot(path)["ts_ns"] == 2


def test_what_is_no_live_state_is_named(tmp_path):
    with pytest.raises(SessionError, match="is the session running"):
        read_snapshot(tmp_path / "live.state")
    (tmp_path / "live.state").write_text("something else that is long enough to hold a header")
    with pytest.raises(SessionError, match="not a live state"):
        read_snapshot(tmp_path / "live.state")
    with pytest.raises(SessionError, match="cannot be published"):
        SnapshotWriter(tmp_path / "none" / "live.state")


WRITER = textwrap.dedent("""
    import pathlib, sys, time
    sys.path.insert(0, sys.argv[1])
    from test_snapshot import state
    from polydesk.run.snapshot import SnapshotWriter
    writer = SnapshotWriter(pathlib.Path(sys.argv[2]), hz=1e9)
    number = 1
    while True:
        # The size changes all the time and outgrows the file now and then.
        writer.publish(state(number, books=number % 90 + number // 500), time.monotonic())
        number += 1
        if number == 2:
            print("ready", flush=True)
""")


def test_a_reader_beside_a_writing_process_never_sees_a_torn_state(tmp_path):
    path = tmp_path / "live.state"
    here = os.path.dirname(__file__)
    child = subprocess.Popen([sys.executable, "-c", WRITER, here, str(path)], stdout=subprocess.PIPE, text=True)
    with child:
        try:
            assert child.stdout.readline() == "ready\n"
            # A busy machine gives the writer less of the time: then it is watched for longer.
            seen, began = [], time.monotonic()
            while (took := time.monotonic() - began) < 1.5 or (len(set(seen)) <= 20 and took < 60):
                told = read_snapshot(path)
                number = told["ts_ns"]
                assert told["counters"] == {"fills": number}
                assert told["cash_u6"] == [number, number]
                assert {book["slug"] for book in told["books"]} <= {f"market-{number}"}
                assert len(told["books"]) == number % 90 + number // 500
                seen.append(number)
        finally:
            child.send_signal(signal.SIGKILL)
    assert len(set(seen)) > 20, "the writer kept going while it was read"
    assert seen == sorted(seen)
