import csv

import numpy as np
import pytest
import yaml
from l2tables import EVENTS, raw_messages, table, write_csv, write_jsonl, write_parquet
from recordings import CONDITION, DOWN, T0_MS, UP, all_rows, tick, write_raw, write_tickscope

from polydesk.model.errors import ImportFailed
from polydesk.model.market import Origin
from polydesk.model.rows import RowKind
from polydesk.tape import import_tape
from polydesk.tape.importers.l2table_columns import infer
from polydesk.tape.importers.schema_file import load_schema

L2 = {
    "event": {"column": "event_type", "values": {kind: kind for kind in ("book", "price_change", "last_trade_price")}},
    "time": {"venue": {"column": "timestamp", "unit": "ms"}},
    "token": {"column": "asset_id"},
    "market": {"column": "market"},
    "book": {
        "layout": "lists",
        **{f"{side}_{what}": f"{side}_{what}" for side in ("bid", "ask") for what in ("prices", "sizes")},
    },
    "change": {"price": "pc_price", "size": "pc_size", "side": "pc_side"},
    "trade": {"price": "ltp_price", "size": "ltp_size", "side": "ltp_side"},
    "best": {"bid": "best_bid", "ask": "best_ask"},
    "tick": {"new": "new_tick_size", "old": "old_tick_size"},
}
L2["event"]["values"]["tick_size_change"] = "tick_size_change"


def schema_of(folder, content, name="mine.yaml"):
    path = folder / name
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_schema(path)


def imported(folder, path, *contents, **options):
    schemas = [schema_of(folder, content, f"s{number}.yaml") for number, content in enumerate(contents)]
    return import_tape([path], folder / "t", schemas=schemas, **options)


def test_a_schema_reads_the_l2_table_and_stands_in_the_manifest(tmp_path):
    truth = all_rows(import_tape([write_raw(tmp_path / "raw", raw_messages())], tmp_path / "u"))
    tape = imported(tmp_path, write_parquet(tmp_path / "r", table()), {"name": "my-recorder", **L2})
    assert all_rows(tape).tobytes() == truth.tobytes()
    (source,) = tape.manifest.sources
    assert source.format == "schema:my-recorder"
    assert source.note == f"schema sha256 {load_schema(tmp_path / 's0.yaml').sha256()}"


def test_the_columns_of_the_l2table_importer_are_a_schema_too(tmp_path):
    found = infer(list(table())).schema
    content = found.model_dump(mode="json", exclude_none=True)
    path = tmp_path / "inferred.yaml"
    path.write_text(yaml.safe_dump(content))
    assert load_schema(path) == found


def write_wide(path):
    """Two levels a side per row, prices in cents, sizes in micro-shares, one token."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *(f"{s}_{w}_{n}" for n in (1, 2) for s in ("bid", "ask") for w in ("px", "sz"))])
        writer.writerow(["2026-04-16 07:10:00.250", 40, 5_000_000, 60, 7_500_000, 39, 1_000_000, "", ""])
        writer.writerow(["2026-04-16 07:10:01.250", 41.5, 1_000_000, 60, 7_500_000, "", "", "", ""])
    return path


WIDE = {
    "event": {"all": "book"},
    "time": {"venue": {"column": "time", "unit": "iso"}},
    "token": {"constant": UP},
    "market": {"constant": CONDITION},
    "book": {
        "layout": "wide",
        "bid_price": "bid_px_{n}",
        "bid_size": "bid_sz_{n}",
        "ask_price": "ask_px_{n}",
        "ask_size": "ask_sz_{n}",
        "levels": 2,
        "first": 1,
    },
    "units": {"price_per_dollar": 100, "size_per_share": 1_000_000},
    "markets": [{"condition_id": CONDITION, "slug": "wide", "token_ids": [UP, DOWN], "outcomes": ["Yes", "No"]}],
}


def test_a_wide_snapshot_table_in_cents_of_one_token(tmp_path):
    tape = imported(tmp_path, write_wide(tmp_path / "r.csv"), WIDE)
    rows = all_rows(tape)
    assert rows["price_g4"].tolist() == [4_000, 3_900, 6_000, 4_150, 6_000]
    assert rows["size_u6"].tolist() == [5_000_000, 1_000_000, 7_500_000, 1_000_000, 7_500_000]
    assert rows["ts_ns"].tolist() == [(T0_MS + 250) * 1_000_000] * 3 + [(T0_MS + 1_250) * 1_000_000] * 2
    (market,) = tape.manifest.markets
    assert (market.slug, market.tokens[0].outcome, market.tokens[1].id) == ("wide", "Yes", DOWN)
    assert market.tick_g4.origin is Origin.ASSUMED


BOOKS = {
    "event": {"all": "book"},
    "time": {"venue": {"column": "ts"}, "receive": {"column": "seen"}},
    "token": {"column": "outcome", "values": {"UP": UP, "DOWN": DOWN}},
    "market": {"constant": CONDITION},
    "book": {"layout": "pairs", "bids": "bids", "asks": "asks", "price": "p", "size": "q"},
}
TRADES = {
    "event": {"all": "last_trade_price"},
    "time": {"venue": {"column": "filled_at", "unit": "s"}},
    "token": {"column": "outcome", "values": {"UP": UP, "DOWN": DOWN}},
    "market": {"constant": CONDITION},
    "trade": {"price": "price", "size": "shares", "side": "taker"},
    "sides": {"buy": ["+"], "sell": ["-"]},
}


def test_a_book_file_and_a_trades_file_become_one_tape(tmp_path):
    at = T0_MS
    books = tmp_path / "books.csv"
    with books.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ts", "seen", "outcome", "bids", "asks"])
        writer.writerow([at, at + 2, "UP", '[{"p": 0.4, "q": 5}]', '[{"p": "0.6", "q": "1.5"}]'])
        writer.writerow([at + 2_000, at + 2_004, "DOWN", '[{"p": 0.39, "q": 5}]', "[]"])
    trades = tmp_path / "trades.csv"
    trades.write_text(
        f"filled_at,outcome,taker,price,shares\n{at // 1000 + 1},UP,+,0.6,0.5\n{at // 1000 + 3},DOWN,?,0.4,2\n"
    )
    schemas = [schema_of(tmp_path, BOOKS, "books.yaml"), schema_of(tmp_path, TRADES, "trades.yaml")]
    tape = import_tape([trades, books], tmp_path / "t", schemas=schemas)
    rows = all_rows(tape)
    assert [RowKind(kind).name for kind in rows["kind"]] == ["SNAPSHOT", "SNAPSHOT", "PRINT", "SNAPSHOT", "PRINT"]
    assert rows["side"].tolist() == [1, -1, 1, 1, 0]
    assert rows["recv_ns"].tolist()[:2] == [(at + 2) * 1_000_000] * 2
    assert sorted(source.format for source in tape.manifest.sources) == ["schema:books", "schema:trades"]


def test_a_tickscope_like_change_table(tmp_path):
    content = {
        "event": {"column": "event_type", "values": {"price_change": "price_change", "LAST_TRADE": "last_trade_price"}},
        "time": {"venue": {"column": "timestamp"}},
        "token": {"column": "asset_id"},
        "change": {"price": "price", "size": "size", "side": "side"},
        "trade": {"price": "price", "size": "size", "side": "side"},
        "best": {"bid": "best_bid", "ask": "best_ask"},
    }
    told = [tick(T0_MS + n, UP, "BID", 0.4, n + 1, 0.4, 0.6) for n in range(4)]
    told += [tick(T0_MS + 9, UP, "ASK", 0.4, 1, 0, 0, "LAST_TRADE")]
    path = write_tickscope(tmp_path / "r", told)
    plain = all_rows(import_tape([path], tmp_path / "u"))
    found = all_rows(imported(tmp_path, path, content))
    for name in ("ts_ns", "price_g4", "size_u6", "bid_g4", "ask_g4", "kind", "side"):
        assert found[name].tolist() == plain[name].tolist(), name


def test_nested_json_lines_and_changes_in_lists(tmp_path):
    line = {
        "meta": [{"t": (T0_MS + n) / 1000, "id": UP} for n in range(2)],
        "kind": ["depth", "depth"],
        "d": [{"p": [0.4, 0.41], "s": [1, 2], "side": ["b", "b"]}, {"p": [0.6], "s": [0], "side": ["a"]}],
    }
    content = {
        "event": {"column": "kind", "values": {"depth": "price_change"}},
        "time": {"venue": {"column": "meta.t"}},
        "token": {"column": "meta.id"},
        "change": {"price": "d.p", "size": "d.s", "side": "d.side"},
    }
    rows = all_rows(imported(tmp_path, write_jsonl(tmp_path / "r", line), content))
    assert rows["price_g4"].tolist() == [4_000, 4_100, 6_000]
    assert rows["side"].tolist() == [1, 1, -1]
    assert (rows["flags"] & 1).tolist() == [0, 1, 1]


def without(content, *path):
    *parents, last = path
    inside = content = yaml.safe_load(yaml.safe_dump(content))
    for name in parents:
        inside = inside[name]
    del inside[last]
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**L2, "tokn": {}}, "unknown key 'tokn'; did you mean 'token'"),
        (
            {**L2, "time": {"venue": {"column": "timestamp", "units": "ms"}}},
            "unknown key 'time.venue.units'; did you mean",
        ),
        ({**L2, "book": {**L2["book"], "levels": 3}}, "unknown key 'book.levels'"),
        (without(L2, "token"), "key 'token' is missing; add it"),
        (without(L2, "book", "ask_sizes"), "key 'book.ask_sizes' is missing"),
        (without(L2, "trade"), "last_trade_price needs the section trade"),
        ({**L2, "time": {}}, "time: name venue or receive"),
        ({**L2, "time": {"venue": {"column": "t", "unit": "min"}}}, "time.venue.unit = 'min'"),
        ({**L2, "token": {"column": "a", "constant": "b"}}, "token: name either column or constant"),
        ({**L2, "sides": {"buy": [True], "sell": ["x"]}}, "YAML truth value; write the word in quotes"),
        ({**L2, "units": {"price_per_dollar": 0}}, "units.price_per_dollar = 0"),
        ({**L2, "order": "receive"}, "order: receive needs time.receive"),
        ({**WIDE, "book": {**WIDE["book"], "bid_size": "bid_sz"}}, "bid_size needs {n}"),
        ({**L2, "name": "a name"}, "name = 'a name'"),
        ([1], "is not a mapping"),
    ],
)
def test_a_wrong_schema_is_one_error_that_names_file_field_and_fix(tmp_path, content, message):
    with pytest.raises(ImportFailed) as failed:
        schema_of(tmp_path, content)
    assert str(failed.value).startswith(f"{tmp_path / 'mine.yaml'}: ")
    assert message in str(failed.value)


def test_a_key_that_stands_twice_and_broken_yaml_are_errors(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("name: a\nname: b\n")
    with pytest.raises(ImportFailed, match="key 'name' stands twice"):
        load_schema(path)
    path.write_text("name: [")
    with pytest.raises(ImportFailed, match="not valid YAML"):
        load_schema(path)
    with pytest.raises(ImportFailed, match="cannot be read"):
        load_schema(tmp_path / "no.yaml")


def test_a_schema_that_does_not_fit_says_what_is_missing(tmp_path):
    path = write_csv(tmp_path / "r.csv", {"a": [1], "time": ["x"]})
    with pytest.raises(ImportFailed, match="schema s0 misses bid_px_1"):
        imported(tmp_path, path, WIDE)
    with pytest.raises(ImportFailed, match="both fit its columns"):
        imported(tmp_path, write_wide(tmp_path / "w.csv"), WIDE, WIDE)
    with pytest.raises(ImportFailed, match="no row has a time in bid_px_1"):
        imported(tmp_path, write_wide(tmp_path / "v.csv"), {**WIDE, "time": {"venue": {"column": "bid_px_1"}}})


def test_facts_in_a_schema_are_checked(tmp_path):
    content = {**WIDE, "markets": [{"condition_id": CONDITION, "slugg": "x"}]}
    with pytest.raises(ImportFailed, match=r"schema s0: markets\[1\]: unknown field 'slugg'"):
        imported(tmp_path, write_wide(tmp_path / "r.csv"), content)


def test_ignored_and_unknown_events_are_counted(tmp_path):
    content = {**L2, "event": {"column": "event_type", "values": {"book": "book", "price_change": "ignore"}}}
    tape = imported(tmp_path, write_parquet(tmp_path / "r", table()), content)
    assert tape.manifest.counts["ignored_rows"] == 2
    assert tape.manifest.counts["other_messages"] == 2
    assert np.all(all_rows(tape)["kind"] == RowKind.SNAPSHOT)
    assert len(EVENTS) == tape.manifest.sources[0].records


@pytest.mark.parametrize("levels", [True, "2", 2.5])
def test_the_number_of_levels_is_a_whole_number_and_no_truth_value(tmp_path, levels):
    content = {**WIDE, "book": {**WIDE["book"], "levels": levels}}
    with pytest.raises(ImportFailed, match=r"mine\.yaml: book\.levels"):
        schema_of(tmp_path, content)


def test_brackets_nested_without_end_are_told_with_their_file(tmp_path):
    recording = write_parquet(tmp_path / "r", table())
    for name in ("s.yaml", "markets.json", "markets.yaml"):
        (tmp_path / name).write_text("[" * 5_000)
    with pytest.raises(ImportFailed, match=r"s\.yaml: not valid YAML"):
        load_schema(tmp_path / "s.yaml")
    for name in ("markets.json", "markets.yaml"):
        with pytest.raises(ImportFailed, match=f"{name}: not valid"):
            import_tape([recording], tmp_path / "t", markets=tmp_path / name)


def test_a_format_and_a_schema_exclude_each_other(tmp_path):
    with pytest.raises(ImportFailed, match="--format raw: reads recordings without a schema"):
        imported(tmp_path, write_wide(tmp_path / "w.csv"), WIDE, name="raw")
