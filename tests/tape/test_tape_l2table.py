import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from l2tables import (
    EVENTS,
    decimals,
    mirrored_books,
    pack,
    raw_messages,
    table,
    write_csv,
    write_jsonl,
    write_parquet,
)
from recordings import CONDITION, DOWN, T0_MS, UP, all_rows, write_raw

from polydesk.model.errors import ImportFailed
from polydesk.model.rows import RowKind
from polydesk.tape import import_tape, verify
from polydesk.tape.importers import l2table_order
from polydesk.tape.importers.l2table_columns import infer


def json_text(values):
    return json.dumps(values)


def commas(values):
    return ",".join(map(str, values))


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """The rows the raw importer makes of the same events."""
    folder = tmp_path_factory.mktemp("raw")
    return all_rows(import_tape([write_raw(folder / "r", raw_messages())], folder / "t"))


def rows_of(path):
    return all_rows(import_tape([path], path.parent / f"{path.name}-tape"))


@pytest.mark.parametrize("number", [str, float, decimals])
@pytest.mark.parametrize("best_first", [True, False])
def test_parquet_gives_what_the_raw_messages_give(tmp_path, truth, number, best_first):
    found = rows_of(write_parquet(tmp_path / "r", table(number=number, best_first=best_first)))
    if best_first:
        assert found.tobytes() == truth.tobytes()
    assert list(mirrored_books(found)) == list(mirrored_books(truth))


@pytest.mark.parametrize("levels", [json_text, commas])
def test_csv_with_lists_as_text_is_the_same(tmp_path, truth, levels):
    assert rows_of(write_csv(tmp_path / "r.csv", table(levels=levels))).tobytes() == truth.tobytes()


@pytest.mark.parametrize("how", ["gz", "zst"])
def test_packed_csv_and_json_lines_are_the_same(tmp_path, truth, how):
    lines = write_jsonl(tmp_path / "j", table(number=float))
    cells = write_csv(tmp_path / "c", table(levels=json_text))
    for path in (lines, pack(lines, how), pack(cells, how)):
        assert rows_of(path).tobytes() == truth.tobytes()


@pytest.mark.parametrize(
    "ms",
    [lambda ms: ms / 1000, lambda ms: ms, lambda ms: ms * 1_000, lambda ms: ms * 1_000_000],
    ids=["s", "ms", "us", "ns"],
)
def test_the_unit_of_a_time_is_told_by_its_size(tmp_path, truth, ms):
    assert rows_of(write_parquet(tmp_path / "r", table(ms=ms))).tobytes() == truth.tobytes()


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", None])
def test_timestamps_of_parquet_are_read_whatever_their_unit(tmp_path, truth, unit, zone):
    scale = {"ms": 1, "us": 1_000, "ns": 1_000_000}[unit]
    columns = table(ms=lambda ms: ms * scale)
    path = write_parquet(tmp_path / "r", columns, {"timestamp": pa.timestamp(unit, zone)})
    assert rows_of(path).tobytes() == truth.tobytes()


def test_iso_times_single_precision_and_other_names_are_read(tmp_path, truth):
    columns = table(number=float, ms=lambda ms: f"2026-04-16T07:10:00.{ms - T0_MS:03d}Z")
    renamed = {"asset_id": "tokenId", "market": "conditionId", "ltp_price": "trade_price", "timestamp": "exchange_ts"}
    columns = {renamed.get(name, name): values for name, values in columns.items()}
    single = {name: pa.float32() for name in columns if name.endswith(("_price", "_size", "best_bid", "best_ask"))}
    single |= {name: pa.list_(pa.float32()) for name in columns if name.endswith(("_prices", "_sizes"))}
    assert rows_of(write_parquet(tmp_path / "r", columns, single)).tobytes() == truth.tobytes()


def test_an_archive_with_shared_price_columns_and_json_levels_is_read(tmp_path, truth):
    columns = table(number=decimals)
    count = len(columns["event_type"])
    shared = {
        "timestamp_received": [at + 3 for at in columns["timestamp"]],
        "timestamp": columns["timestamp"],
        "market": [CONDITION.encode()] * count,
        "event_type": columns["event_type"],
        "asset_id": columns["asset_id"],
    }
    for side in ("bid", "ask"):
        pairs = zip(columns[f"{side}_prices"], columns[f"{side}_sizes"], strict=True)
        shared[f"{side}s"] = [
            prices and json.dumps([list(map(str, level)) for level in zip(prices, sizes, strict=True)])
            for prices, sizes in pairs
        ]
    for name, change, trade in (("price", "pc_price", "ltp_price"), ("size", "pc_size", "ltp_size")):
        shared[name] = [a if a is not None else b for a, b in zip(columns[change], columns[trade], strict=True)]
    shared["side"] = [a or b for a, b in zip(columns["pc_side"], columns["ltp_side"], strict=True)]
    shared |= {name: columns[name] for name in ("best_bid", "best_ask", "old_tick_size", "new_tick_size")}
    types = {"market": pa.binary(66), "price": pa.decimal128(9, 4), "timestamp": pa.timestamp("ms", "UTC")}
    types |= {"timestamp_received": pa.timestamp("ms", "UTC")}
    found = rows_of(write_parquet(tmp_path / "r", shared, types))
    assert (found["recv_ns"] - found["venue_ns"] == 3_000_000).all()
    found["recv_ns"] = 0
    assert found.tobytes() == truth.tobytes()


@given(st.integers(1, 9_999), st.integers(0, 10**14), st.integers(1, 9_999))
@settings(max_examples=60, deadline=None)
def test_every_double_on_the_grid_is_read_exactly(tmp_path_factory, price, size, other):
    folder = tmp_path_factory.mktemp("l2")
    told = [("book", T0_MS, UP, [(price / 10_000, size / 1_000_000)], [])]
    told += [("price_change", T0_MS + 1, UP, "SELL", other / 10_000, size / 1_000_000, 0.5, 0.6)]
    found = rows_of(write_parquet(folder / "r", table(told, number=float)))
    level = found[found["kind"] == RowKind.SNAPSHOT]
    change = found[found["kind"] == RowKind.CHANGE]
    assert (change["price_g4"].tolist(), change["size_u6"].tolist()) == ([other], [size])
    if size:
        assert (level["price_g4"].tolist(), level["size_u6"].tolist()) == ([price], [size])


def test_what_is_not_on_the_grid_is_a_counted_defect_with_its_reason(tmp_path):
    events = [*EVENTS, ("price_change", T0_MS + 20, UP, "BUY", "0.41234", "3", "0.4", "0.6")]
    events += [("price_change", T0_MS + 21, UP, "BUY", "0.41", "3.0000005", "0.4", "0.6"), EVENTS[0]]
    tape = import_tape([write_parquet(tmp_path / "r", table(events))], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_rows": 2}
    first = tape.manifest.sources[0].first_defect
    assert first.startswith("row 7 (price '0.41234' is finer than 1/10000)")


def test_a_table_with_wrong_units_is_refused(tmp_path):
    columns = table(number=lambda text: 100 * float(text))
    with pytest.raises(ImportFailed, match=r"r: 6 of 6 rows are malformed .*outside 0 to 1.*check units"):
        import_tape([write_parquet(tmp_path / "r", columns)], tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_columns_that_could_mean_two_things_are_refused_with_what_was_found(tmp_path):
    columns = table()
    columns["exch_ts"] = columns["exchange_ts"] = columns["timestamp"]
    with pytest.raises(
        ImportFailed, match=r"venue could be exchange_ts or exch_ts; understood: event = event_type.*--schema"
    ):
        import_tape([write_parquet(tmp_path / "r", columns)], tmp_path / "t")
    del columns["exch_ts"], columns["exchange_ts"], columns["asset_id"]
    with pytest.raises(ImportFailed, match="no column for token"):
        import_tape([write_parquet(tmp_path / "s", columns)], tmp_path / "t")


def test_a_repeated_column_of_a_csv_is_refused(tmp_path):
    path = write_csv(tmp_path / "r.csv", table(levels=json_text))
    path.write_text(path.read_text().replace("ltp_side", "pc_side", 1))
    with pytest.raises(ImportFailed, match="column pc_side stands twice"):
        import_tape([path], tmp_path / "t")


def test_an_open_quote_costs_its_own_line_only(tmp_path):
    path = write_csv(tmp_path / "r.csv", table(levels=json_text))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], '"price_change,1\n', *lines[2:]]))
    tape = import_tape([path], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_rows": 1}
    assert tape.manifest.sources[0].records == 7
    assert tape.manifest.counts["price_change_messages"] == 2


def test_json_lines_may_bring_columns_late(tmp_path):
    early = [("price_change", T0_MS + n, UP, "BUY", "0.3", str(n + 1), "0.4", "0.6") for n in range(300)]
    late = [("last_trade_price", T0_MS + 400, UP, "SELL", "0.41", "1.25")]
    tape = import_tape([write_jsonl(tmp_path / "r", table([*early, *late]))], tmp_path / "t")
    assert tape.manifest.counts["print"] == 1


def test_lines_of_a_csv_that_break_off_are_defects(tmp_path):
    path = write_csv(tmp_path / "r.csv", table(levels=json_text))
    path.write_text(path.read_text() + "price_change,1776323400100,111\n")
    tape = import_tape([path], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_rows": 1}
    assert tape.manifest.sources[0].records == 7


def test_a_table_grouped_by_token_is_put_in_the_order_of_its_receive_time(tmp_path, monkeypatch):
    monkeypatch.setattr(l2table_order, "_BUCKET_ROWS", 7)
    monkeypatch.setattr(l2table_order, "_OPEN_BYTES", 64)
    events = []
    for asset, offset in ((UP, 0), (DOWN, 1)):
        events += [("book", T0_MS + offset, asset, [("0.4", "1")], [])]
        events += [
            ("price_change", T0_MS + 5_000 * step + offset, asset, "BUY", "0.4", str(step), "0.4", "0.6")
            for step in range(1, 20)
        ]
    in_time = sorted(events, key=lambda event: event[1])
    grouped = table(events)
    grouped["timestamp_received"] = grouped["timestamp"]
    tape = import_tape([write_parquet(tmp_path / "r", grouped)], tmp_path / "t")
    assert tape.manifest.counts["rows_sorted_by_receive_time"] == 40
    straight = all_rows(import_tape([write_raw(tmp_path / "s", raw_messages(in_time))], tmp_path / "u"))
    found = all_rows(tape)
    assert found["ts_ns"].tolist() == straight["ts_ns"].tolist()
    assert found["size_u6"].tolist() == straight["size_u6"].tolist()
    del grouped["timestamp_received"]
    tape = import_tape([write_parquet(tmp_path / "v", grouped)], tmp_path / "w")
    assert tape.manifest.counts["rows_sorted_by_venue_time"] == 40


def test_rows_that_are_late_are_held_like_late_messages(tmp_path):
    events = [EVENTS[0], ("price_change", T0_MS - 4, UP, "BUY", "0.3", "1", "0.4", "0.6"), EVENTS[1]]
    tape = import_tape([write_parquet(tmp_path / "r", table(events))], tmp_path / "t")
    assert tape.manifest.counts["clamped_times"] == 1
    rows = all_rows(tape)
    assert (np.diff(rows["ts_ns"]) >= 0).all()
    assert rows["venue_ns"].min() == (T0_MS - 4) * 1_000_000


def test_a_table_without_the_venues_time_says_that_its_clock_is_the_recorders(tmp_path):
    columns = table()
    columns["local_ts"] = columns.pop("timestamp")
    tape = import_tape([write_parquet(tmp_path / "r", columns)], tmp_path / "t")
    assert (tape.manifest.clock, tape.manifest.sources[0].clock) == ("receive", "receive")
    assert all_rows(tape)["recv_ns"].min() == T0_MS * 1_000_000


def test_best_prices_beside_changes_are_the_witness(tmp_path):
    events = [EVENTS[0], *(("price_change", T0_MS + n, UP, "BUY", "0.41", str(n), "0.41", "0.6") for n in range(1, 9))]
    found = verify(import_tape([write_parquet(tmp_path / "r", table(events))], tmp_path / "t"))
    assert (found.witness, found.compared, found.mismatched) == ("best_prices", 8, 0)


def test_raw_messages_are_not_taken_for_a_table(tmp_path):
    tape = import_tape([write_raw(tmp_path / "r", raw_messages())], tmp_path / "t")
    assert tape.manifest.sources[0].format == "raw"
    found = infer(["event_type", "asset_id", "market", "price_changes", "timestamp"])
    assert not found.deep


@given(st.lists(st.text(max_size=12), max_size=12))
def test_any_column_names_are_answered(names):
    found = infer(names)
    assert (found.schema is None) == bool(found.problems)


@pytest.mark.parametrize("at", ["1e999999999", "-1e999999999", "1e400", "nan"])
def test_a_time_with_a_damaged_exponent_is_a_defect_of_its_row(tmp_path, at):
    columns = table(levels=json_text)
    columns["timestamp"][2] = at
    tape = import_tape([write_csv(tmp_path / "r", columns)], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_rows": 1}
    assert tape.manifest.sources[0].first_defect.startswith("row 3 (time ")


def test_levels_nested_without_end_are_a_defect_of_their_row(tmp_path):
    columns = table(levels=json_text)
    columns["bid_prices"][5] = "[" * 5_000
    tape = import_tape([write_csv(tmp_path / "r", columns)], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_rows": 1}


def test_bare_token_ids_beyond_64_bits_survive_a_sort(tmp_path):
    lines = []
    for at in (*range(100, 110), *range(10)):
        row = {"event_type": "book", "asset_id": int(UP if at % 2 else DOWN), "market": CONDITION}
        row |= {"recv_ts": T0_MS + at * 1_000, "bid_prices": [0.4], "bid_sizes": [1 + at]}
        lines.append(json.dumps(row | {"ask_prices": [], "ask_sizes": []}))
    path = tmp_path / "r"
    path.write_text("\n".join(lines))
    tape = import_tape([path], tmp_path / "t")
    assert tape.manifest.counts["rows_sorted_by_receive_time"] == 20
    assert {token.id for token in tape.manifest.markets[0].tokens} == {UP, DOWN}
    assert np.diff(all_rows(tape)["ts_ns"]).min() >= 0


def test_changes_whose_columns_are_not_known_are_not_left_out_in_silence(tmp_path):
    renamed = {"pc_price": "level", "pc_size": "amount_left", "pc_side": "which"}
    columns = {renamed.get(name, name): cells for name, cells in table(EVENTS * 3).items()}
    tape = import_tape([write_parquet(tmp_path / "r", columns)], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_rows": 6}
    assert tape.manifest.sources[0].first_defect.startswith("row 2 (no columns for price_change are known)")
    mostly = {renamed.get(name, name): cells for name, cells in table([EVENTS[0], *[EVENTS[1]] * 3]).items()}
    with pytest.raises(ImportFailed, match=r"3 of 4 rows are malformed .*no columns for price_change.*schema file"):
        import_tape([write_parquet(tmp_path / "m", mostly)], tmp_path / "u")
