"""Reference prices on the tape: every feed's messages, one clock, and nothing else disturbed by them."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import CONDITION, DOWN, T0_MS, UP, all_rows, book, change, write_lines, write_raw

from made import made_tape, market, walk_rows
from polydesk.model.errors import ImportFailed, TapeError
from polydesk.model.grid import NS_PER_MS, reference_text
from polydesk.model.market import Origin
from polydesk.model.references import Reference, ReferenceKind
from polydesk.model.rows import NO_WITNESS, RowFlag, RowKind, empty_rows
from polydesk.tape import TapeWriter, import_tape, open_tape, verify
from polydesk.tape.importers.reference_feeds import is_reference_message, pair, read_reference
from polydesk.tape.manifest import content_hash, read_manifest

BTC = Reference(ReferenceKind.PRICE, "chainlink", "BTC/USD", "USD", Origin.VENUE)
RELAYED = {
    "connection_id": "x", "topic": "crypto_prices_chainlink", "type": "update", "timestamp": T0_MS + 1_100,
    "payload": {"symbol": "btc/usd", "timestamp": T0_MS, "value": 76211.80016560019,
                "full_accuracy_value": "76211800165600190000000"},
}  # fmt: skip
BATCH = {
    "topic": "crypto_prices", "type": "subscribe", "timestamp": T0_MS + 900,
    "payload": {"symbol": "btc/usd", "data": [{"timestamp": T0_MS - 2_000, "value": 76210},
                                              {"timestamp": T0_MS - 1_000, "value": 76211.5}]},
}  # fmt: skip
TRADE = {"e": "trade", "E": T0_MS + 60, "s": "BTCUSDT", "p": "76177.85000000", "q": "0.01527000", "T": T0_MS + 59}
TICKER = {"type": "ticker", "product_id": "BTC-USD", "price": "76148.86", "time": "2026-04-16T07:10:00.250842Z"}
PYTH = {
    "binary": {"encoding": "hex", "data": ["00"]},
    "parsed": [
        {"id": "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43",
         "price": {"price": "7679586159102", "conf": "1", "expo": -8, "publish_time": T0_MS // 1_000}},
        {"id": "00ff", "price": {"price": "12", "conf": "1", "expo": 2, "publish_time": T0_MS // 1_000}},
    ],
}  # fmt: skip


def from_source(source, payload, ms):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return json.dumps({"source": source, "recv_wall_ts": ms, "payload": text})


def prices(tape):
    rows = all_rows(tape)
    return [
        (
            int(row["ts_ns"]) // NS_PER_MS - T0_MS,
            int(row["venue_ns"]) // NS_PER_MS - T0_MS,
            tape.manifest.references[row["aux"]].label,
            reference_text(int(row["size_u6"])),
        )
        for row in rows[rows["kind"] == RowKind.REFERENCE]
    ]


def test_a_log_of_several_sources_becomes_one_tape(tmp_path):
    log = [
        from_source("polymarket_clob", book(T0_MS, [("0.4", "5")], [("0.6", "7")]), T0_MS + 30),
        from_source("binance", {"stream": "btcusdt@trade", "data": TRADE}, T0_MS + 90),
        from_source("coinbase", {"type": "subscriptions", "channels": []}, T0_MS + 95),
        from_source("coinbase", TICKER, T0_MS + 300),
        from_source("polymarket_rtds_chainlink", BATCH, T0_MS + 950),
        from_source("polymarket_rtds_chainlink", RELAYED, T0_MS + 1_200),
        from_source("pyth_proxy", PYTH, T0_MS + 1_300),
        from_source("polymarket_clob", change(T0_MS + 1_250, (DOWN, "BUY", "0.41", "2", "0.41", "0.6")), T0_MS + 1_400),
        from_source("polymarket_clob", {"event_type": "new_market", "market": "0x1"}, T0_MS + 1_500),
        from_source("polymarket_clob", "PONG", T0_MS + 1_500),
        from_source("polymarket_clob", "{broken", T0_MS + 1_500),
        from_source("weather", {"sky": "blue"}, T0_MS + 1_500),
        from_source("weather", [1, 2], T0_MS + 1_500),
    ]
    tape = import_tape([write_lines(tmp_path / "r", log)], tmp_path / "t")
    assert prices(tape) == [
        (60, 59, "binance BTC/USDT", "76177.85"),
        (250, 250, "coinbase BTC/USD", "76148.86"),
        (900, -2_000, "chainlink BTC/USD", "76210"),
        (900, -1_000, "chainlink BTC/USD", "76211.5"),
        (1_100, 0, "chainlink BTC/USD", "76211.8001656"),
        (1_300, 0, "pyth BTC/USD", "76795.86159102"),
        (1_300, 0, "pyth 00ff", "1200"),
    ]
    rows = all_rows(tape)
    told = rows[rows["kind"] == RowKind.REFERENCE]
    assert set(told["market"].tolist()) == {-1}
    assert set(told["bid_g4"].tolist()) == {NO_WITNESS}
    assert told["recv_ns"].tolist()[0] == (T0_MS + 90) * NS_PER_MS
    assert [bool(flag & RowFlag.LAST) for flag in told["flags"]] == [True, True, False, True, True, False, True]
    assert all(series.origin is Origin.VENUE for series in tape.manifest.references)
    counts = tape.manifest.counts
    assert {name: counts[name] for name in ("control_frames", "other_sources", "new_market_messages")} == {
        "control_frames": 2, "other_sources": 2, "new_market_messages": 1,
    }  # fmt: skip
    assert (counts["reference"], counts["reference_messages"]) == (7, 5)
    assert tape.manifest.defects == {"malformed_lines": 1}
    # The late change is held at the time the oracle's price was known.
    assert rows["ts_ns"].tolist()[-1] == (T0_MS + 1_300) * NS_PER_MS
    assert verify(tape).ok


def test_nobody_knows_a_price_before_it_was_told(tmp_path):
    """Virtual time is when a message was sent, however old the prices in it are."""
    tape = import_tape([write_raw(tmp_path / "r", [RELAYED, BATCH, TRADE])], tmp_path / "t")
    rows = all_rows(tape)
    assert (rows["ts_ns"] >= rows["venue_ns"]).all()
    assert (np.diff(rows["ts_ns"]) >= 0).all()
    assert rows["ts_ns"].tolist()[0] == (T0_MS + 1_100) * NS_PER_MS


def test_a_recording_of_prices_alone_makes_a_tape_that_says_so(tmp_path):
    notes = []
    tape = import_tape([write_raw(tmp_path / "r", [RELAYED, TICKER])], tmp_path / "t", note=notes.append)
    assert (tape.manifest.markets, tape.manifest.rows) == ((), 2)
    assert "no market" in notes[-1]
    found = verify(tape)
    assert (found.ok, found.witness, found.rows) == (True, "none", 2)


def test_prices_and_books_of_two_recordings_are_merged_by_time(tmp_path):
    books = write_raw(tmp_path / "books", [book(T0_MS, [("0.4", "5")], []), book(T0_MS + 2_000, [("0.4", "6")], [])])
    feed = write_raw(tmp_path / "feed", [RELAYED])
    tape = import_tape([feed, books], tmp_path / "t")
    assert all_rows(tape)["kind"].tolist() == [RowKind.SNAPSHOT, RowKind.REFERENCE, RowKind.SNAPSHOT]
    assert [source.counts.get("reference_messages", 0) for source in tape.manifest.sources] == [0, 1]


@pytest.mark.parametrize(
    "message",
    [
        {**RELAYED, "payload": {"symbol": "btc/usd"}},
        {**RELAYED, "payload": {"symbol": "btc/usd", "timestamp": T0_MS, "value": "much"}},
        {**RELAYED, "payload": {"symbol": "btc/usd", "timestamp": T0_MS, "value": -5}},
        {**RELAYED, "payload": {"symbol": 5, "value": 5}},
        {**TRADE, "p": None},
        {**TICKER, "time": "noon"},
        {**TICKER, "time": "1816-04-16T07:10:00Z"},
        {"parsed": []},
        {"parsed": [{"id": "x"}]},
    ],
)
def test_a_broken_price_is_one_defect(tmp_path, message):
    tape = import_tape([write_raw(tmp_path / "r", [TRADE, RELAYED, message])], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_lines": 1}
    assert tape.manifest.sources[0].first_defect == "line 3: malformed_lines"
    assert tape.manifest.rows == 2


def test_a_file_without_prices_or_messages_is_refused(tmp_path):
    with pytest.raises(ImportFailed, match="reference prices"):
        import_tape([write_raw(tmp_path / "r", [{"type": "heartbeat"}])], tmp_path / "t", name="raw")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("btcusdt", "BTC/USDT"), ("BTC-USD", "BTC/USD"), ("eth/usd", "ETH/USD"), ("ETHBTC", "ETH/BTC"),
        ("USDT", "USDT"), ("aapl", "AAPL"), ("solfdusd", "SOL/FDUSD"),
    ],
)  # fmt: skip
def test_symbols_have_one_spelling(name, expected):
    assert pair(name) == expected


@given(st.integers(1, 10**15), st.integers(-12, 0))
@settings(max_examples=100)
def test_oracle_integers_are_read_exactly(mantissa, exponent):
    message = {
        "parsed": [{"id": "ab", "price": {"price": str(mantissa), "expo": exponent, "publish_time": T0_MS // 1000}}]
    }
    assert is_reference_message(message)
    exact = mantissa * 10**8 / 10**-exponent
    if 1 <= exact <= 9 * 10**18:
        (price,) = read_reference(message).prices
        assert abs(price.price_e8 - exact) <= max(0.5, exact * 1e-15)
        if exponent >= -8:
            assert price.price_e8 == mantissa * 10 ** (8 + exponent)


def with_references(folder, references=(BTC,)):
    rows = walk_rows(5, markets=1, steps=200)
    prices = empty_rows(50)
    prices["ts_ns"] = np.linspace(rows["ts_ns"][0], rows["ts_ns"][-1], 50).astype(np.int64)
    prices["kind"], prices["market"], prices["flags"] = int(RowKind.REFERENCE), -1, int(RowFlag.LAST)
    prices["size_u6"] = 7_600_000_000_000
    # Out of order by hours, as two sources may be: no book's clock goes back because of it.
    prices["venue_ns"] = prices["ts_ns"] - np.where(np.arange(50) % 2, 0, 3_600 * 10**9)
    together = np.concatenate((rows, prices))
    together = together[np.argsort(together["ts_ns"], kind="stable")]
    with TapeWriter(folder) as writer:
        writer.append(together)
        writer.finish((market(0),), (), (), references)
    return open_tape(folder)


def test_prices_do_not_touch_what_a_check_says_of_the_books(tmp_path):
    plain = made_tape(tmp_path / "plain", seed=5, markets=1, steps=200)
    tape = with_references(tmp_path / "t")
    told, expected = verify(tape), verify(plain)
    unlike = ("rows", "gaps", "defects")
    assert {name: value for name, value in msgspec.to_builtins(told).items() if name not in unlike} == {
        name: value for name, value in msgspec.to_builtins(expected).items() if name not in unlike
    }
    assert told.gaps == expected.gaps
    assert tape.manifest.counts["reference"] == 50


def test_a_strike_does_not_break_the_silence_of_its_market(tmp_path):
    rows = walk_rows(5, markets=1, steps=2, seconds=40)
    strike = empty_rows(1)
    strike["ts_ns"], strike["kind"] = rows["ts_ns"][-1] - 10**9, int(RowKind.REFERENCE)
    strike["flags"], strike["size_u6"] = int(RowFlag.LAST), 7_600_000_000_000
    together = np.concatenate((rows, strike))
    with TapeWriter(tmp_path / "t") as writer:
        writer.append(together[np.argsort(together["ts_ns"], kind="stable")])
        manifest = writer.finish((market(0),), (), (), (BTC,))
    (gap,) = manifest.gaps
    assert gap.to_ns - gap.from_ns > 19 * 10**9


def test_the_series_are_part_of_the_hash(tmp_path):
    tape = with_references(tmp_path / "t")
    tape.check_hash()
    path = tmp_path / "t" / "manifest.json"
    path.write_text(path.read_text().replace('"chainlink"', '"binance"'))
    with pytest.raises(TapeError, match="content hash"):
        open_tape(tmp_path / "t").check_hash()


def test_tapes_made_before_there_were_references_are_read_as_before(tmp_path):
    tape = made_tape(tmp_path / "t", seed=5, markets=1, steps=50)
    path = tmp_path / "t" / "manifest.json"
    content = json.loads(path.read_text())
    assert content.pop("references") == []
    for source in content["sources"]:
        del source["clock"], source["note"]
    path.write_text(json.dumps(content))
    manifest = read_manifest(tmp_path / "t")
    assert manifest == tape.manifest
    open_tape(tmp_path / "t").check_hash()
    digest = b"0" * 32
    plain = content_hash(digest, manifest.markets, (), "venue", constructed=False)
    assert content_hash(digest, manifest.markets, (), "venue", constructed=False, references=()) == plain
    assert content_hash(digest, manifest.markets, (), "venue", constructed=False, references=(BTC,)) != plain


def test_market_messages_are_no_prices():
    for message in (book(T0_MS, [], []), change(T0_MS, (UP, "BUY", "0.4", "1", "0.4", "0.6")), {"market": CONDITION}):
        assert not is_reference_message(message)
