"""Whatever is done to a recording, it becomes a readable tape or one documented error, and nothing is left behind."""

import copy
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snapshot_recordings as bot
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import (
    DOWN,
    T0_MS,
    UP,
    all_rows,
    book,
    change,
    tick,
    trade,
    write_cronos,
    write_lines,
    write_raw,
    write_tickscope,
)
from snapshot_recordings import snapshot, write

from polydesk.model.errors import ImportFailed
from polydesk.tape import import_tape, verify

LINES = ("cronos", "raw", "bot-log", "feeds")
FORMATS = (*LINES, "tickscope", "snapshots", "packed")


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    books = [book(T0_MS + i * 50, [("0.4", str(i + 1)), ("0.39", "2")], [("0.6", "7")]) for i in range(30)]
    messages = [book(T0_MS, [("0.4", "5")], [("0.6", "7")], UP)]
    for i in range(30):
        messages.append(
            change(T0_MS + i, (UP, "BUY", "0.41", str(i), "0.41", "0.6"), (DOWN, "SELL", "0.59", str(i), "0.4", "0.59"))
        )
        messages.append(trade(T0_MS + i, UP, "SELL", "0.41", "1"))
    ticks = [tick(T0_MS + i, UP, "BID", 0.4, 1.0 + i) for i in range(200)]
    files = {
        "cronos": write_cronos(folder / "cronos", books),
        "raw": write_raw(folder / "raw", messages),
        "tickscope": write_tickscope(folder / "tickscope", ticks),
        "bot-log": write_lines(folder / "log", bot_log()),
        "feeds": write_raw(folder / "feeds", feeds()),
        "snapshots": write(folder / "two", [snapshot(T0_MS + i * 1_000) for i in range(60)]) / "books.parquet",
    }
    contents = {name: path.read_bytes() for name, path in files.items()}
    return {**contents, "packed": zstandard.ZstdCompressor(level=3).compress(contents["raw"])}


def bot_log():
    rounds = [(bot.T0_MS + i * 1_000, i) for i in range(20)]
    told = [bot.start(bot.T0_MS)]
    for ms, i in rounds:
        told += [bot.books(ms), bot.ticker(ms, 77_000.5 + i), bot.beat(ms, 77_001.25)]
    return [*told, bot.resolution(bot.END_MS + 9), bot.stop(bot.END_MS + 9)]


def feeds():
    relayed = {"topic": "crypto_prices", "type": "update", "timestamp": T0_MS + 9}
    relayed["payload"] = {
        "symbol": "btcusdt",
        "timestamp": T0_MS,
        "value": 5.5,
        "data": [{"timestamp": T0_MS, "value": 5}],
    }
    trade = {"stream": "x", "data": {"e": "trade", "E": T0_MS, "s": "BTCUSDT", "p": "5.5", "T": T0_MS}}
    ticker = {"type": "ticker", "product_id": "BTC-USD", "price": "5.5", "time": "2026-04-16T07:10:00Z"}
    pyth = {"parsed": [{"id": "ab", "price": {"price": "55", "expo": -1, "publish_time": T0_MS // 1_000}}]}
    return [relayed, trade, ticker, pyth] * 10


edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 40)), min_size=1, max_size=5
)


@given(st.sampled_from(FORMATS), edits, st.floats(0, 1))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_replaced_and_ends_cut_off(tmp_path, originals, name, edits, keep):
    content = bytearray(originals[name])
    for where, put, cut in edits:
        at = int(where * len(content))
        content[at : at + cut] = put
    check(tmp_path, bytes(content[: max(1, int((0.5 + keep / 2) * len(content)))]))


VALUES = (
    None,
    True,
    0,
    -1,
    10**30,
    0.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    "1e999",
    "-0",
    "nan",
    [],
    {},
    [[]],
    {"price": 1},
)


places = st.tuples(st.integers(0, 60), st.lists(st.integers(0, 20), min_size=1, max_size=6), st.sampled_from(VALUES))


@given(st.sampled_from(LINES), st.lists(places, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_replaced(tmp_path, originals, name, replaced):
    lines = [json.loads(line) for line in originals[name].splitlines()]
    for number, steps, value in replaced:
        where = lines[number % len(lines)]
        for step, further in zip(steps, [*steps[1:], None], strict=True):
            keys = sorted(where) if isinstance(where, dict) else range(len(where))
            key = keys[step % len(keys)]
            if further is None or not isinstance(where[key], dict | list) or not where[key]:
                where[key] = copy.deepcopy(value)
                break
            where = where[key]
    check(tmp_path, "\n".join(json.dumps(line) for line in lines).encode())


def check(folder, content):
    work = folder / "work"
    work.mkdir()
    (work / "r").write_bytes(content)
    try:
        tape = import_tape([work / "r"], work / "t")
    except ImportFailed:
        assert [path.name for path in work.iterdir()] == ["r"]
    else:
        rows = all_rows(tape)
        assert len(rows) == tape.manifest.rows > 0
        assert rows["price_g4"].min() >= 0
        assert rows["price_g4"].max() < 10_000
        assert rows["size_u6"].min() >= 0
        assert verify(tape).hash_ok
    finally:
        shutil.rmtree(work)


@pytest.mark.parametrize("name", LINES)
def test_brackets_nested_without_end_cost_their_own_line(originals, tmp_path, name):
    path = tmp_path / "r"
    path.write_bytes(originals[name] + b"[" * 50_000 + b"\n" + b'{"payload": ' + b"[" * 5_000 + b"\n")
    whole = tmp_path / "whole"
    whole.write_bytes(originals[name])
    told, before = import_tape([path], tmp_path / "t"), import_tape([whole], tmp_path / "u")
    assert all_rows(told).tobytes() == all_rows(before).tobytes()
    assert told.manifest.defects == before.manifest.defects | {"malformed_lines": 2}


@pytest.mark.parametrize("name", ["tickscope", "snapshots"])
def test_a_column_that_stands_twice_or_has_no_name_is_told(originals, tmp_path, name):
    (tmp_path / "r").write_bytes(originals[name])
    table = pq.read_table(tmp_path / "r")
    time = next(column for column in table.schema.names if column.startswith("t"))
    twice = pa.table([*table.columns, table[time]], names=[*table.schema.names, time])
    pq.write_table(twice, tmp_path / "twice")
    with pytest.raises(ImportFailed, match=f"twice: column '{time}' stands twice"):
        import_tape([tmp_path / "twice"], tmp_path / "t")
    pq.write_table(table, tmp_path / "plain", store_schema=False)
    damaged = (tmp_path / "plain").read_bytes().replace(time.encode(), b"\x9e" * len(time))
    (tmp_path / "damaged").write_bytes(damaged)
    with pytest.raises(ImportFailed, match="damaged: "):
        import_tape([tmp_path / "damaged"], tmp_path / "t")
    assert not (tmp_path / "t").exists()
