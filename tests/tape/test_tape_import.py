import gzip

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import (
    T0_MS,
    all_rows,
    book,
    change,
    tick,
    write_cronos,
    write_lines,
    write_raw,
    write_tickscope,
)

from polydesk.model.errors import ImportFailed, TapeError
from polydesk.model.rows import RowFlag, empty_rows
from polydesk.tape import import_tape
from polydesk.tape.importers.merge import Stream, merge


def cronos(folder, name="a", start=0, count=5, step=10):
    messages = [book(T0_MS + start + step * i, [("0.4", str(i + 1))], [("0.6", "7")]) for i in range(count)]
    return write_cronos(folder / name, messages)


def raw(folder, name="b", start=0, count=5, step=10):
    messages = [
        change(T0_MS + start + step * i, ("9", "BUY", "0.4", str(i + 1), "0.4", "0.6"), market="0xcd")
        for i in range(count)
    ]
    return write_raw(folder / name, messages)


def scope(folder, name="c", start=0, count=5):
    return write_tickscope(folder / name, [tick(T0_MS + start + i, "70", "BID", 0.4, 1.0 + i) for i in range(count)])


def test_formats_are_told_by_content_not_by_name(tmp_path):
    paths = [cronos(tmp_path, "x.parquet"), raw(tmp_path, "y.csv"), scope(tmp_path, "z.jsonl")]
    tape = import_tape(paths, tmp_path / "t")
    assert {source.name: source.format for source in tape.manifest.sources} == {
        "x.parquet": "cronos", "y.csv": "raw", "z.jsonl": "tickscope",
    }  # fmt: skip
    assert all(source.sha256 and source.bytes and source.records == 5 for source in tape.manifest.sources)
    assert tape.manifest.counts["change"] == 4 * 1 + 5 + 5


def test_anything_else_is_refused_with_what_was_looked_for(tmp_path):
    path = write_lines(tmp_path / "r", ["time,price", "1,2"])
    with pytest.raises(ImportFailed) as refused:
        import_tape([path], tmp_path / "t")
    text = str(refused.value)
    for word in ("none of cronos", "raw", "--schema FILE", "--format NAME", "plain lines", "time,price"):
        assert word in text
    other = write_tickscope(tmp_path / "p", [tick(T0_MS, "1", "BID", 0.4, 1.0)], drop=["size", "asset_id"])
    with pytest.raises(ImportFailed, match="found Parquet with columns timestamp, price, best_bid"):
        import_tape([other], tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_a_named_format_is_insisted_on(tmp_path):
    assert import_tape([cronos(tmp_path)], tmp_path / "t", name="raw").manifest.sources[0].format == "raw"
    with pytest.raises(ImportFailed, match="tickscope looks for"):
        import_tape([cronos(tmp_path)], tmp_path / "u", name="tickscope")
    with pytest.raises(ImportFailed, match="--format csv: unknown"):
        import_tape([cronos(tmp_path)], tmp_path / "u", name="csv")


def damaged_files(folder):
    good = cronos(folder, "good", count=2_000).read_bytes()
    packed, zipped = zstandard.ZstdCompressor().compress(good), gzip.compress(good)
    parquet = scope(folder, "scope").read_bytes()
    return {
        "empty": b"",
        "blank": b"\n\n",
        "truncated.zst": packed[: len(packed) // 2],
        "truncated.gz": zipped[: len(zipped) // 2],
        "short.gz": zipped[:-4],
        "nothing.zst": zstandard.ZstdCompressor().compress(b""),
        "truncated.parquet": parquet[: len(parquet) // 2],
        "magic.parquet": b"PAR1",
        "broken.zst": packed[:4] + b"\x00" * 40,
        "binary": bytes(range(256)) * 40,
        "number": b"17\n",
    }


def test_damaged_files_are_one_clear_error_and_leave_nothing(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for name, content in damaged_files(files).items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ImportFailed, match=f"{name}: "):
            import_tape([files / "good", path], tmp_path / "t")
        path.unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_truncation_beyond_the_first_lines_is_found_too(tmp_path):
    good = cronos(tmp_path, "good", count=5_000).read_bytes()
    packed = gzip.compress(good)
    path = tmp_path / "r"
    path.write_bytes(packed[:-2_000])
    with pytest.raises(ImportFailed, match="truncated or damaged"):
        import_tape([path], tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_paths_that_are_not_files(tmp_path):
    with pytest.raises(ImportFailed, match="cannot be read"):
        import_tape([tmp_path / "nowhere"], tmp_path / "t")
    with pytest.raises(ImportFailed, match="is a folder"):
        import_tape([tmp_path], tmp_path / "t")
    with pytest.raises(ImportFailed, match="name at least one"):
        import_tape([], tmp_path / "t")


def test_the_same_recording_twice_is_refused(tmp_path):
    path = cronos(tmp_path)
    (tmp_path / "copy").write_bytes(path.read_bytes())
    with pytest.raises(ImportFailed, match="the same recording as"):
        import_tape([path, tmp_path / "copy"], tmp_path / "t")


def test_a_full_output_folder_is_refused_before_reading(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "x").touch()
    with pytest.raises(TapeError, match="not an empty folder"):
        import_tape([tmp_path / "nowhere"], tmp_path / "t")


def test_overlapping_sources_are_merged_by_time(tmp_path):
    paths = [cronos(tmp_path, start=0), raw(tmp_path, start=5), scope(tmp_path, start=100)]
    rows = all_rows(import_tape(paths, tmp_path / "t"))
    assert np.all(np.diff(rows["ts_ns"]) >= 0)
    assert rows["market"].tolist() == [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 2, 2, 2, 2]


def test_the_order_in_which_sources_are_named_does_not_matter(tmp_path):
    paths = [cronos(tmp_path, start=0), raw(tmp_path, start=5), scope(tmp_path, start=100)]
    hashes = {import_tape(paths[i:] + paths[:i], tmp_path / f"t{i}").manifest.sha256 for i in range(3)}
    assert len(hashes) == 1


def test_a_first_message_that_is_no_lower_bound_does_no_harm(tmp_path):
    """What a recording begins with says when to open it, but what comes next may be older."""
    ahead = {"event_type": "new_market", "market": "0xaa", "id": "1", "timestamp": str(T0_MS + 400)}
    early = change(T0_MS + 50, ("9", "BUY", "0.4", "1", "0.4", "0.6"), market="0xcd")
    late = change(T0_MS + 401, ("9", "BUY", "0.4", "2", "0.4", "0.6"), market="0xcd")
    paths = [write_raw(tmp_path / "a", [ahead, early, late]), cronos(tmp_path, "b", step=100)]
    tape = import_tape(paths, tmp_path / "t")
    rows = all_rows(tape)
    assert np.all(np.diff(rows["ts_ns"]) >= 0)
    assert "clamped_times" not in tape.manifest.counts
    assert [source.name for source in tape.manifest.sources] == ["b", "a"]


def test_rows_older_than_the_recording_seemed_are_held_and_counted(tmp_path):
    """The first messages of one say late and cannot be used; by then the other one has come further."""
    times = [18_000, 18_001, 50, 18_002, 18_003]
    messages = [change(T0_MS + ms, ("9", "BUY", "0.4", "1", "0.4", "0.6"), market="0xcd") for ms in times]
    messages[0]["price_changes"][0]["side"] = messages[1]["price_changes"][0]["side"] = "?"
    other = [change(T0_MS + ms, ("8", "BUY", "0.4", "1", "0.4", "0.6"), market="0xab") for ms in range(20_000)]
    tape = import_tape([write_raw(tmp_path / "a", messages), write_raw(tmp_path / "b", other)], tmp_path / "t")
    rows = all_rows(tape)
    assert np.all(np.diff(rows["ts_ns"]) >= 0)
    mine = rows[rows["market"] == 1]
    (source,) = (source for source in tape.manifest.sources if source.name == "a")
    assert source.counts["clamped_times"] == np.count_nonzero(mine["ts_ns"] != mine["venue_ns"]) == 1
    assert (source.first_ts_ns, source.last_ts_ns) == (int(mine["ts_ns"][0]), int(mine["ts_ns"][-1]))
    assert T0_MS + 16_000 < mine["ts_ns"][0] // 1_000_000 < T0_MS + 18_000


streams = st.lists(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=6), max_size=4), min_size=1, max_size=4)


@given(streams, st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_merging_orders_by_time_and_keeps_messages_whole(streams, wrong):
    """Every stream is a list of batches, every batch a list of message times; a message has two rows.

    Every other stream says that it begins ``wrong`` later than it does.
    """
    opened, expected, held = [], 0, []
    for number, batches in enumerate(streams):
        now, arrays = 0, []
        for times in batches:
            rows = empty_rows(2 * len(times))
            at = now + np.cumsum(times)
            now = int(at[-1])
            rows["ts_ns"] = np.repeat(at, 2)
            rows["market"] = number
            rows["flags"] = [0, RowFlag.LAST] * len(times)
            rows["size_u6"] = np.arange(expected, expected + len(rows))
            expected += len(rows)
            arrays.append(rows)
        bound = (int(arrays[0]["ts_ns"][0]) if arrays else 0) + wrong * (number % 2)
        opened.append(Stream(bound, lambda arrays=arrays: iter(arrays), held.append))
    opened.sort(key=lambda stream: stream.first_ns)
    pieces = list(merge(opened))
    merged = np.concatenate(pieces) if pieces else empty_rows(0)
    assert len(merged) == expected
    assert np.all(np.diff(merged["ts_ns"]) >= 0)
    assert wrong or not held
    for number in range(len(streams)):
        mine = merged["size_u6"][merged["market"] == number]
        assert np.all(np.diff(mine) > 0)
    assert np.array_equal(merged["market"][0::2], merged["market"][1::2])
