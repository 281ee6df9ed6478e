import json

import numpy as np
import pytest
from recordings import CONDITION, DOWN, T0_MS, UP, all_rows, book, change, trade, write_lines, write_raw

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import NS_PER_MS, NS_PER_S
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import import_tape, verify

BOOK = book(T0_MS, [(".40", "5")], [("0.60", "7"), (".61", 2)], UP)
CHANGE = change(T0_MS + 5, (UP, "BUY", ".41", "3", "0.41", "0.6"), (DOWN, "SELL", "0.59", "3", ".4", "0.59"))


def rows_of(tmp_path, messages, **options):
    return all_rows(import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t", **options))


def test_a_book_and_a_change_of_both_tokens(tmp_path):
    rows = rows_of(tmp_path, [BOOK, CHANGE])
    assert rows["kind"].tolist() == [RowKind.SNAPSHOT] * 3 + [RowKind.CHANGE] * 2
    assert rows["token"].tolist() == [0, 0, 0, 0, 1]
    assert rows["price_g4"].tolist() == [4_000, 6_000, 6_100, 4_100, 5_900]
    assert rows["side"].tolist() == [1, -1, -1, 1, -1]
    assert rows["size_u6"].tolist() == [5_000_000, 7_000_000, 2_000_000, 3_000_000, 3_000_000]
    assert rows["flags"].tolist() == [RowFlag.FIRST, 0, RowFlag.LAST, 0, RowFlag.LAST]
    assert rows["bid_g4"].tolist() == [-1, -1, -1, 4_100, 4_000]
    assert rows["ask_g4"].tolist() == [-1, -1, -1, 6_000, 5_900]
    assert rows["ts_ns"].tolist() == [T0_MS * NS_PER_MS] * 3 + [(T0_MS + 5) * NS_PER_MS] * 2


def test_trades_carry_the_takers_side(tmp_path):
    rows = rows_of(tmp_path, [BOOK, trade(T0_MS + 1, UP, "SELL", "0.4", "1.5"), trade(T0_MS + 2, DOWN, "", ".6", "2")])
    prints = rows[rows["kind"] == RowKind.PRINT]
    assert prints["side"].tolist() == [-1, 0]
    assert prints["token"].tolist() == [0, 1]
    assert prints["size_u6"].tolist() == [1_500_000, 2_000_000]


def test_a_tick_change_told_for_both_tokens_is_one_epoch(tmp_path):
    def tick(asset, ms):
        return {
            "event_type": "tick_size_change", "market": CONDITION, "asset_id": asset, "old_tick_size": "0.01",
            "new_tick_size": "0.001", "timestamp": str(ms),
        }  # fmt: skip

    tape = import_tape([write_raw(tmp_path / "r", [BOOK, tick(UP, T0_MS + 1), tick(DOWN, T0_MS + 1)])], tmp_path / "t")
    rows = all_rows(tape)
    assert rows[rows["kind"] == RowKind.TICK]["aux"].tolist() == [10]
    assert tape.manifest.markets[0].tick_g4.value == 100
    assert tape.manifest.markets[0].tick_g4.origin is Origin.VENUE


def test_best_prices_are_witnesses_and_empty_sides_are_stated(tmp_path):
    best = {
        "event_type": "best_bid_ask", "market": CONDITION, "asset_id": UP, "best_bid": "0", "best_ask": "1",
        "spread": "1", "timestamp": str(T0_MS),
    }  # fmt: skip
    rows = rows_of(tmp_path, [best, change(T0_MS, (UP, "BUY", "0.5", "0", "0", "0.9"))])
    assert rows["kind"].tolist() == [RowKind.WITNESS, RowKind.CHANGE]
    assert rows["bid_g4"].tolist() == [0, 0]
    assert rows["ask_g4"].tolist() == [10_000, 9_000]


def test_venue_facts_of_a_book_are_taken(tmp_path):
    message = {**BOOK, "tick_size": "0.001", "min_order_size": "15", "neg_risk": True}
    market = import_tape([write_raw(tmp_path / "r", [message])], tmp_path / "t").manifest.markets[0]
    assert (market.tick_g4.value, market.tick_g4.origin) == (10, Origin.VENUE)
    assert (market.min_size_u6.value, market.min_size_u6.origin) == (15_000_000, Origin.VENUE)
    assert (market.neg_risk.value, market.neg_risk.origin) == (True, Origin.VENUE)


def test_a_resolution_of_the_venue_is_kept_apart(tmp_path):
    resolved = {
        "event_type": "market_resolved", "market": CONDITION, "winning_asset_id": DOWN, "timestamp": str(T0_MS + 9),
    }  # fmt: skip
    manifest = import_tape([write_raw(tmp_path / "r", [BOOK, CHANGE, resolved])], tmp_path / "t").manifest
    (resolution,) = manifest.resolutions
    assert (resolution.payout_g4, resolution.origin) == ((0, 10_000), Origin.VENUE)
    assert resolution.at_ns == (T0_MS + 9) * NS_PER_MS


def resolved(winner, *assets, market=CONDITION):
    return {
        "event_type": "market_resolved", "market": market, "assets_ids": list(assets), "winning_asset_id": winner,
        "winning_outcome": "Yes", "timestamp": str(T0_MS + 9),
    }  # fmt: skip


@pytest.mark.parametrize("ids", [(UP, DOWN), ()])
@pytest.mark.parametrize(("winner", "payout"), [(UP, (10_000, 0)), (DOWN, (0, 10_000))])
def test_a_winner_without_rows_is_placed_by_its_market(tmp_path, winner, payout, ids):
    """And whoever wins, the ids say the same, so that no one can read the end in them."""
    for name, messages in (("r", [BOOK, resolved(winner, *ids)]), ("s", [resolved(winner, *ids), BOOK])):
        manifest = import_tape([write_raw(tmp_path / name, messages)], tmp_path / f"t{name}").manifest
        assert [(end.payout_g4, end.origin) for end in manifest.resolutions] == [(payout, Origin.VENUE)]
        (market,) = manifest.markets
        assert [token.id for token in market.tokens] == [UP, DOWN if ids else f"derived:{UP}"]
        assert [token.recorded for token in market.tokens] == [True, False]


def test_a_resolution_that_cannot_be_placed_is_counted(tmp_path):
    messages = [BOOK, CHANGE, resolved("777"), resolved("777", "777", "778"), resolved("5", "5", "6", market="0xcd")]
    manifest = import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t").manifest
    assert manifest.resolutions == ()
    assert manifest.counts["unplaced_resolutions"] == 3
    assert manifest.counts["market_resolved_messages"] == 3
    messages = [BOOK, resolved("777", "777", "778")]
    manifest = import_tape([write_raw(tmp_path / "s", messages)], tmp_path / "u").manifest
    assert manifest.counts["unplaced_resolutions"] == 1


@pytest.mark.parametrize("key", ["payload", "msg", "message", "data", "raw"])
@pytest.mark.parametrize("shape", ["object", "array", "text"])
def test_wrapped_messages(tmp_path, key, shape):
    def wrap(message):
        payload = {"object": message, "array": [message], "text": json.dumps(message) + "\n"}[shape]
        return {"capturedAt": T0_MS // 1000, key: payload}

    wrapped = rows_of(tmp_path, [wrap(BOOK), wrap(CHANGE)])
    bare = all_rows(import_tape([write_raw(tmp_path / "b", [BOOK, CHANGE])], tmp_path / "u"))
    assert set(wrapped["recv_ns"].tolist()) == {T0_MS // 1000 * NS_PER_S}
    wrapped["recv_ns"] = 0
    assert wrapped.tobytes() == bare.tobytes()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("capturedAt", 1_776_323_400),
        ("recv_ts", 1_776_323_400.0),
        ("recv_wall_ts", 1_776_323_400_000),
        ("recv_ms", "1776323400000"),
        ("recv_us", 1_776_323_400_000_000),
        ("recv_ns", 1_776_323_400_000_000_000),
        ("received_at", "2026-04-16T07:10:00Z"),
        ("received_at", "2026-04-16T09:10:00+02:00"),
        ("ts", 1_776_323_400),
    ],
)
def test_receive_times_in_any_unit(tmp_path, key, value):
    rows = rows_of(tmp_path, [{key: value, "payload": BOOK}])
    assert set(rows["recv_ns"].tolist()) == {1_776_323_400 * NS_PER_S}


def test_bare_arrays_and_books_without_event_type(tmp_path):
    fetched = {key: value for key, value in BOOK.items() if key != "event_type"}
    rows = rows_of(tmp_path, [[BOOK, CHANGE], fetched])
    assert len(rows) == 8


def test_older_shapes_of_a_price_change(tmp_path):
    old = {
        "event_type": "price_change", "market": CONDITION, "asset_id": UP, "timestamp": str(T0_MS),
        "changes": [{"price": "0.4", "side": "BUY", "size": "2"}],
    }  # fmt: skip
    oldest = {
        "event_type": "price_change", "market": CONDITION, "asset_id": UP, "timestamp": str(T0_MS + 1),
        "price": "0.5", "side": "SELL", "size": "3",
    }  # fmt: skip
    rows = rows_of(tmp_path, [old, oldest])
    assert rows["price_g4"].tolist() == [4_000, 5_000]
    assert rows["bid_g4"].tolist() == [-1, -1]


def test_other_messages_sources_and_control_frames_are_counted(tmp_path):
    lines = [
        json.dumps(BOOK),
        "PONG",
        "",
        json.dumps({"payload": "PONG", "ts": 1}),
        "INVALID OPERATION",
        json.dumps({"source": "binance", "payload": {"p": "1"}}),
        json.dumps({"source": "polymarket_clob", "recv_wall_ts": T0_MS, "payload": json.dumps(CHANGE)}),
        json.dumps({"event_type": "new_market", "market": CONDITION, "timestamp": "1"}),
        json.dumps({"event_type": "order", "market": CONDITION, "asset_id": UP}),
        json.dumps({"hello": 1}),
    ]
    manifest = import_tape([write_lines(tmp_path / "r", lines)], tmp_path / "t").manifest
    assert manifest.defects == {}
    expected = {
        "book_messages": 1, "price_change_messages": 1, "control_frames": 4, "other_sources": 1,
        "new_market_messages": 1, "other_messages": 2,
    }  # fmt: skip
    assert {key: manifest.counts[key] for key in expected} == expected


BROKEN = [
    '{"event_type": "book", "asset',
    json.dumps({**BOOK, "bids": [{"price": "2", "size": "1"}]}),
    json.dumps({**BOOK, "asks": [{"price": "0.5", "size": "-1"}]}),
    json.dumps({**BOOK, "asks": [{"price": "0.5", "size": "1e40"}]}),
    json.dumps({**BOOK, "asks": [{"price": "0.5", "size": "100000001"}]}),
    json.dumps({**BOOK, "asks": [{"price": "0.5", "size": "nan"}]}),
    json.dumps({**BOOK, "asks": [{"price": "0.5", "size": float("inf")}]}),
    json.dumps({**BOOK, "asks": [{"price": "-0.5", "size": "1"}]}),
    json.dumps(trade(T0_MS, UP, "BUY", "0.5", "-1")),
    json.dumps(change(T0_MS, (UP, "BUY", "0.5", "1e11", "0.5", "0.6"))),
    json.dumps({**BOOK, "timestamp": "soon"}),
    json.dumps({**BOOK, "timestamp": "12"}),
    json.dumps({**BOOK, "timestamp": "nan"}),
    json.dumps(change(T0_MS, (UP, "HOLD", "0.5", "1", "0.5", "0.6"))),
    json.dumps(change(T0_MS, (UP, "BUY", "0.00001", "1", "0.5", "0.6"))),
    json.dumps({**CHANGE, "price_changes": []}),
    json.dumps({**trade(T0_MS, UP, "BUY", "0.5", "1"), "price": None}),
    "[1, 2",
    "\x00\x01",
    "17",
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_line_is_a_defect_and_the_import_goes_on(tmp_path, line):
    lines = [json.dumps(BOOK), line, json.dumps(CHANGE)]
    manifest = import_tape([write_lines(tmp_path / "r", lines)], tmp_path / "t").manifest
    assert manifest.defects == {"malformed_lines": 1}
    assert manifest.sources[0].first_defect == "line 2: malformed_lines"
    assert manifest.rows == 5


def test_the_largest_size_is_a_hundred_million_shares(tmp_path):
    rows = rows_of(tmp_path, [book(T0_MS, [("0.4", "100000000")], [], UP)])
    assert rows["size_u6"].tolist() == [10**14]


def test_a_line_is_malformed_once_and_its_other_messages_count(tmp_path):
    bad = {**BOOK, "bids": [{"price": "2", "size": "1"}]}
    manifest = import_tape([write_raw(tmp_path / "r", [BOOK, [bad, bad, CHANGE]])], tmp_path / "t").manifest
    assert manifest.defects == {"malformed_lines": 1}
    assert manifest.rows == 5


def test_mostly_broken_or_foreign_files_are_refused(tmp_path):
    with pytest.raises(ImportFailed, match="2 of 3 lines are malformed"):
        import_tape([write_lines(tmp_path / "r", [json.dumps(BOOK), "{", "{"])], tmp_path / "t")
    with pytest.raises(ImportFailed, match="not a recording"):
        import_tape([write_lines(tmp_path / "s", ['{"a": 1}'])], tmp_path / "t")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "s"]


def test_arrival_order_is_kept_and_time_is_held(tmp_path):
    messages = [BOOK, *(change(T0_MS + ms, (UP, "BUY", "0.41", str(ms), "0.41", "0.6")) for ms in (30, 10, 20, 40))]
    tape = import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t")
    rows = all_rows(tape)[3:]
    assert rows["size_u6"].tolist() == [30_000_000, 10_000_000, 20_000_000, 40_000_000]
    assert ((rows["venue_ns"] // NS_PER_MS) - T0_MS).tolist() == [30, 10, 20, 40]
    assert ((rows["ts_ns"] // NS_PER_MS) - T0_MS).tolist() == [30, 30, 30, 40]
    assert tape.manifest.counts["clamped_times"] == 2
    assert verify(tape).clock_reversals == 1


def test_tokens_pair_by_condition_and_a_third_is_an_error(tmp_path):
    other = book(T0_MS + 1, [("0.4", "5")], [], "777")
    tape = import_tape([write_raw(tmp_path / "r", [BOOK, {**other, "market": "0xcd"}, CHANGE])], tmp_path / "t")
    markets = tape.manifest.markets
    assert [token.id for token in markets[0].tokens] == [UP, DOWN]
    assert [token.id for token in markets[1].tokens] == ["777", "derived:777"]
    assert markets[0].slug == CONDITION[:10]
    with pytest.raises(ImportFailed, match="third token id 777"):
        import_tape([write_raw(tmp_path / "s", [BOOK, CHANGE, other])], tmp_path / "u")


def test_a_damaged_token_id_is_a_defect_of_its_line(tmp_path):
    both = ((UP, "BUY", "0.41", "1", "0.41", "0.6"), (DOWN, "SELL", "0.59", "1", "0.4", "0.59"))
    messages = [change(T0_MS + i, *both) for i in range(300)]
    for at, entry in ((200, 0), (210, 1)):
        messages[at]["price_changes"][entry]["asset_id"] += "x"
    messages.insert(250, trade(T0_MS + 250, UP + "x", "BUY", "0.4", "1"))
    tape = import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t")
    assert tape.manifest.defects == {"foreign_tokens": 3}
    assert tape.manifest.sources[0].first_defect == "line 201: foreign_tokens"
    rows = all_rows(tape)
    assert len(rows) == 598
    assert np.count_nonzero(rows["flags"] & RowFlag.LAST) == 300
    assert [token.id for token in tape.manifest.markets[0].tokens] == [UP, DOWN]


def test_more_than_a_few_foreign_tokens_are_refused_with_file_and_line(tmp_path):
    messages = [change(T0_MS + i, (UP, "BUY", "0.41", "1", "0.41", "0.6")) for i in range(200)]
    messages[3] = change(T0_MS + 3, (DOWN, "BUY", "0.41", "1", "0.41", "0.6"))
    for at in (50, 60, 70):
        messages[at]["price_changes"][0]["asset_id"] = "777"
    with pytest.raises(ImportFailed, match=r"/r: line 51: market 0xab.*third token id 777.*\(3 in 200 messages\)"):
        import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_first_tick_change_does_not_overwrite_an_assumed_tick_at_the_start(tmp_path):
    ids = {"condition_id": CONDITION, "token_ids": [UP, DOWN]}
    stated = {"tick_size": {"value": "0.01", "origin": "assumed", "note": "usual"}}
    (tmp_path / "markets.json").write_text(json.dumps([ids | stated]))
    tick = {"event_type": "tick_size_change", "market": CONDITION, "asset_id": UP, "new_tick_size": "0.001"}
    for name, old, origin in (("a", {}, "assumed"), ("b", {"old_tick_size": "0.01"}, "venue")):
        told = [BOOK, {**tick, **old, "timestamp": str(T0_MS + 9)}, {**tick, **old, "asset_id": DOWN}]
        told[2]["timestamp"] = str(T0_MS + 9)
        tape = import_tape([write_raw(tmp_path / name, told)], tmp_path / f"{name}-tape")
        (market,) = tape.manifest.markets
        assert (market.tick_g4.value, str(market.tick_g4.origin)) == (100, origin)
        rows = all_rows(tape)
        assert rows[rows["kind"] == RowKind.TICK]["aux"].tolist() == [10]


@pytest.mark.parametrize("digits", [400, 4_000])
def test_a_time_of_hundreds_of_digits_is_a_defect(tmp_path, digits):
    path = write_raw(tmp_path / "r", [BOOK, CHANGE, CHANGE])
    path.write_text(
        path.read_text()
        + '{"event_type":"book","market":"0x1","asset_id":"5","bids":[],"asks":[],"timestamp":'
        + "9" * digits
        + "}\n"
    )
    tape = import_tape([path], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_lines": 1}
