import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import all_rows

from polydesk.model.errors import TapeError
from polydesk.model.fees import assumed_schedule
from polydesk.model.grid import NS_PER_S
from polydesk.model.market import Fact, Market, Origin, Resolution, Token
from polydesk.model.rows import ROW_DTYPE, empty_rows
from polydesk.tape import Gap, TapeWriter, open_tape
from polydesk.tape.manifest import FILE_NAME
from polydesk.tape.parts import GROUP_ROWS

DAY_NS = 86_400 * NS_PER_S
START_NS = 1_776_323_400 * NS_PER_S
MARKET = Market(
    index=0,
    condition_id="0xab",
    slug="m",
    question="Will it?",
    category=Fact("crypto", Origin.DERIVED, "slug"),
    tokens=(Token("1", "Up", Origin.VENUE, recorded=True), Token("derived:1", "Down", Origin.DERIVED, recorded=False)),
    tick_g4=Fact(100, Origin.VENUE),
    min_size_u6=Fact(5_000_000, Origin.ASSUMED, "usual"),
    fees=assumed_schedule("crypto"),
    start_ns=Fact(None, Origin.ASSUMED, "?"),
    end_ns=Fact(START_NS + DAY_NS, Origin.VENUE),
    neg_risk=Fact(value=False, origin=Origin.ASSUMED, note="?"),
    taker_delay_ns=Fact(0, Origin.ASSUMED, "?"),
)


def some_rows(count, seed=0, step_ns=NS_PER_S):
    rng = np.random.default_rng(seed)
    rows = empty_rows(count)
    rows["ts_ns"] = START_NS + np.cumsum(rng.integers(0, step_ns, count))
    for name in ("venue_ns", "recv_ns", "size_u6"):
        rows[name] = rng.integers(0, 1 << 60, count)
    for name in ("price_g4", "bid_g4", "ask_g4", "aux"):
        rows[name] = rng.integers(-1, 10_001, count)
    rows["kind"] = rng.integers(1, 6, count)
    rows["side"] = rng.integers(-1, 2, count)
    rows["token"] = rng.integers(0, 2, count)
    rows["flags"] = rng.integers(0, 16, count)
    return rows


def write(out, rows, sizes=(10_000,), resolutions=()):
    with TapeWriter(out) as writer:
        at = 0
        while at < len(rows):
            size = sizes[at % len(sizes)]
            writer.append(rows[at : at + size])
            at += size
        writer.finish([MARKET], resolutions, [])
    return open_tape(out)


@given(st.integers(1, 500), st.integers(0, 5), st.lists(st.integers(1, 97), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_rows_come_back_as_written(tmp_path_factory, count, seed, sizes):
    folder = tmp_path_factory.mktemp("tape")
    rows = some_rows(count, seed, step_ns=400 * NS_PER_S)
    tape = write(folder / "t", rows, sizes)
    back = all_rows(tape)
    rows["seq"] = np.arange(count)
    assert back.tobytes() == rows.tobytes()
    assert tape.manifest.rows == count
    assert (tape.manifest.first_ts_ns, tape.manifest.last_ts_ns) == (rows["ts_ns"][0], rows["ts_ns"][-1])
    tape.check_hash()


@given(st.integers(0, 320), st.integers(0, 320), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_any_range_in_any_batch_size(three_days, start, stop, batch_rows):
    whole = all_rows(three_days)
    batches = list(three_days.batches(start, stop, batch_rows))
    assert all(len(batch) <= batch_rows and batch.flags.c_contiguous and batch.dtype == ROW_DTYPE for batch in batches)
    got = np.concatenate(batches) if batches else whole[:0]
    assert got.tobytes() == whole[start:stop].tobytes()


@pytest.fixture(scope="module")
def three_days(tmp_path_factory):
    tape = write(tmp_path_factory.mktemp("days") / "t", some_rows(300, 1, step_ns=1_600 * NS_PER_S))
    assert len(tape.manifest.files) >= 3
    return tape


def test_content_hash_does_not_depend_on_batches_but_on_facts(tmp_path):
    rows = some_rows(GROUP_ROWS + 1_000, step_ns=1_000)
    one = write(tmp_path / "a", rows, (7_001, 13))
    other = write(tmp_path / "b", rows, (100_000,))
    assert one.manifest.sha256 == other.manifest.sha256
    resolved = write(tmp_path / "c", rows, resolutions=[Resolution(0, (10_000, 0), 5, Origin.DERIVED)])
    assert resolved.manifest.sha256 != one.manifest.sha256
    changed = rows.copy()
    changed["size_u6"][77] += 1
    assert write(tmp_path / "d", changed).manifest.sha256 != one.manifest.sha256


def test_row_groups_bound_what_a_reader_holds(tmp_path):
    tape = write(tmp_path / "t", some_rows(2 * GROUP_ROWS + 5, step_ns=1_000), (9_999,))
    assert [len(batch) for batch in tape.batches()] == [GROUP_ROWS, GROUP_ROWS, 5]


def test_one_part_per_utc_day(three_days):
    paths = [part.path for part in three_days.manifest.files]
    assert paths[0] == "day=2026-04-16/part-0000.parquet"
    assert paths == sorted(paths)
    for part in three_days.manifest.files:
        batch = next(three_days.batches(part.first_seq, part.first_seq + 1))
        assert f"day={np.datetime64(int(batch['ts_ns'][0]), 'ns').astype('datetime64[D]')}" in part.path


def test_gaps_are_the_silences_of_open_markets(tmp_path):
    rows = empty_rows(4)
    rows["ts_ns"] = START_NS + np.array([0, 4, 10, 11]) * NS_PER_S
    tape = write(tmp_path / "t", rows)
    assert tape.manifest.gaps == (Gap(0, START_NS + 4 * NS_PER_S, START_NS + 10 * NS_PER_S),)
    assert tape.manifest.counts["gaps"] == 1


def test_time_that_goes_back_is_refused(tmp_path):
    rows = some_rows(10)
    with pytest.raises(TapeError, match="ts_ns goes back"), TapeWriter(tmp_path / "t") as writer:
        writer.append(rows[::-1])
    with TapeWriter(tmp_path / "t") as writer:
        writer.append(rows[5:])
        with pytest.raises(TapeError, match="ts_ns goes back"):
            writer.append(rows[:5])
    assert list(tmp_path.iterdir()) == []


def test_everything_is_on_disk_before_the_tape_has_its_name(tmp_path, monkeypatch):
    done, fsync, rename = [], os.fsync, os.rename

    def watched_fsync(handle):
        fsync(handle)
        done.append(os.path.relpath(os.readlink(f"/proc/self/fd/{handle}"), tmp_path))

    def watched_rename(source, target):
        rename(source, target)
        done.append("named")

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "rename", watched_rename)
    tape = write(tmp_path / "t", some_rows(300, step_ns=DAY_NS // 50))
    draft = Path(f".t.partial-{os.getpid()}")
    files = [str(draft / path.relative_to(tape.path)) for path in tape.path.rglob("*")]
    assert len(files) == 1 + 2 * len(tape.manifest.files) > 4
    before, after = done[: done.index("named")], done[done.index("named") + 1 :]
    assert sorted(before) == sorted([*files, str(draft)])
    assert after == ["."]


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def interrupted():
        with TapeWriter(tmp_path / "t") as writer:
            writer.append(some_rows(GROUP_ROWS + 1, step_ns=1_000))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_no_tape_and_is_removed(tmp_path):
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[2]); from test_tape_files import *\n"
        "writer = TapeWriter(Path(sys.argv[1]))\n"
        "writer.__enter__(); writer.append(some_rows(100)); os._exit(9)"
    )
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path / "t"), str(Path(__file__).parent)], check=False)
    assert run.returncode == 9
    (left,) = tmp_path.iterdir()
    with pytest.raises(TapeError, match="not a tape"):
        open_tape(left)
    write(tmp_path / "t", some_rows(3))
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_an_output_that_is_not_empty_is_refused(tmp_path):
    write(tmp_path / "t", some_rows(3))
    with pytest.raises(TapeError, match="not an empty folder"), TapeWriter(tmp_path / "t"):
        pass
    (tmp_path / "file").write_text("x")
    with pytest.raises(TapeError, match="not an empty folder"), TapeWriter(tmp_path / "file"):
        pass
    (tmp_path / "empty").mkdir()
    assert write(tmp_path / "empty", some_rows(3)).manifest.rows == 3


def test_a_tape_without_rows_is_refused(tmp_path):
    with pytest.raises(TapeError, match="at least one row"), TapeWriter(tmp_path / "t") as writer:
        writer.finish([MARKET], [], [])


@pytest.fixture
def tape(tmp_path):
    return write(tmp_path / "t", some_rows(200))


def part_of(tape):
    return tape.path / tape.manifest.files[0].path


def test_a_missing_part_is_named(tape):
    part_of(tape).unlink()
    with pytest.raises(TapeError, match=r"part-0000\.parquet.*missing"):
        open_tape(tape.path)
    with pytest.raises(TapeError, match=r"part-0000\.parquet.*missing"):
        list(tape.batches())


def test_a_truncated_part_is_named(tape):
    part = part_of(tape)
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(TapeError, match=r"part-0000\.parquet.*truncated"):
        open_tape(tape.path)
    with pytest.raises(TapeError, match=r"part-0000\.parquet.*damaged"):
        list(tape.batches())


def test_a_flipped_bit_is_found_while_reading(tape):
    part = part_of(tape)
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 3] ^= 0x10
    part.write_bytes(raw)
    with pytest.raises(TapeError):
        open_tape(tape.path).check_hash()


def test_a_part_of_another_tape_is_found(tape, tmp_path):
    other = write(tmp_path / "u", some_rows(201))
    part_of(tape).write_bytes(part_of(other).read_bytes())
    with pytest.raises(TapeError, match="201 rows, the manifest says 200"):
        list(tape.batches())


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("format", 99, "format is 99"),
        ("rows", "many", r"rows"),
        ("markets", 3, r"markets"),
        ("sha256", None, "sha256"),
    ],
)
def test_a_wrong_manifest_field_is_named(tape, field, value, says):
    path = tape.path / FILE_NAME
    content = json.loads(path.read_text())
    content[field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(TapeError, match=rf"manifest\.json.*{says}"):
        open_tape(tape.path)


def test_a_manifest_without_a_field_or_not_json(tape):
    path = tape.path / FILE_NAME
    content = json.loads(path.read_text())
    del content["clock"]
    path.write_text(json.dumps(content))
    with pytest.raises(TapeError, match="clock"):
        open_tape(tape.path)
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(TapeError, match=r"manifest\.json"):
        open_tape(tape.path)
    with pytest.raises(TapeError, match="not a tape"):
        open_tape(tape.path / "nowhere")


def test_a_changed_fact_breaks_the_hash(tape):
    path = tape.path / FILE_NAME
    path.write_text(path.read_text().replace('"slug": "m"', '"slug": "n"'))
    with pytest.raises(TapeError, match="content hash"):
        open_tape(tape.path).check_hash()


def test_the_manifest_is_indented_and_keeps_every_fact(tape):
    text = (tape.path / FILE_NAME).read_text()
    assert text.startswith('{\n  "format": 1,\n')
    assert open_tape(tape.path).manifest.markets == (MARKET,)
    assert set(tape.manifest.assumed()["m"]) == {"min_size_u6", "start_ns", "neg_risk", "taker_delay_ns", "fees"}
