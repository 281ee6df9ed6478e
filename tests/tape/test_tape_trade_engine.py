"""The trade-engine importer on small logs and, line by line, on the bundled ones."""

import gzip
import json
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
import zstandard
from rebuilt import assert_rebuilt, books_by_time
from recordings import all_rows, write_lines
from snapshot_recordings import END_MS, SLUG, T0_MS, beat, books, line, resolution, start, stop, ticker

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import NS_PER_MS
from polydesk.model.market import Origin
from polydesk.model.references import ReferenceKind
from polydesk.model.rows import RowKind
from polydesk.tape import SAMPLES, ensure_sample, import_tape, verify
from polydesk.tape.sample import data_folder


def made(folder, lines, name="t"):
    return import_tape([write_lines(folder / f"{name}.log", lines)], folder / name)


def references(tape):
    rows = all_rows(tape)
    rows = rows[rows["kind"] == RowKind.REFERENCE]
    return [
        (
            int(row["ts_ns"]) // NS_PER_MS - T0_MS,
            tape.manifest.references[row["aux"]].label,
            int(row["size_u6"]),
            int(row["market"]),
        )
        for row in rows
    ]


def test_books_prices_and_the_price_to_beat_are_on_one_clock(tmp_path):
    log = [
        start(T0_MS), "", books(T0_MS, None, None), line(T0_MS, "remaining", seconds=360.0),
        ticker(T0_MS, 77_638.28888, binancePrice=77_614.98), "",
        books(T0_MS + 1_000), ticker(T0_MS + 1_000, 77_638.28888, binancePrice=77_615), "",
        books(T0_MS + 61_000), ticker(T0_MS + 61_000, 77_640), beat(T0_MS + 61_000, 77_643.36752),
        beat(T0_MS + 62_000, 77_643.36752), beat(T0_MS + 63_000, 77_650),
        line(T0_MS + 63_000, "order", action="buy", side="UP", price=0.49, shares=5, status="placed"),
        line(T0_MS + 63_000, "weather", sky="blue"), stop(T0_MS + 64_000),
    ]  # fmt: skip
    tape = made(tmp_path, log)
    assert references(tape) == [
        (0, "chainlink BTC/USD", 7_763_828_888_000, -1), (0, "binance BTC/USDT", 7_761_498_000_000, -1),
        (0, "coinbase BTC/USD", 7_764_631_000_000, -1), (1_000, "binance BTC/USDT", 7_761_500_000_000, -1),
        (61_000, "chainlink BTC/USD", 7_764_000_000_000, -1), (61_000, "strike BTC/USD", 7_764_336_752_000, 0),
        (63_000, "strike BTC/USD", 7_765_000_000_000, 0),
    ]  # fmt: skip
    (market,) = tape.manifest.markets
    assert (market.slug, market.end_ns.value) == (SLUG, END_MS * NS_PER_MS)
    assert [token.outcome for token in market.tokens] == ["Up", "Down"]
    assert [(series.kind, series.origin) for series in tape.manifest.references] == [
        (ReferenceKind.PRICE, Origin.DERIVED), (ReferenceKind.PRICE, Origin.DERIVED),
        (ReferenceKind.PRICE, Origin.DERIVED), (ReferenceKind.STRIKE, Origin.DERIVED),
    ]  # fmt: skip
    counts = tape.manifest.counts
    assert (counts["bot_orders_left_out"], counts["other_lines"], counts["books_not_known"]) == (1, 1, 1)
    assert counts["books"] == 4
    assert tape.manifest.defects == {}
    assert (tape.manifest.clock, tape.manifest.sources[0].records) == ("receive", 14)
    last = {key: book for key, _, book in books_by_time(all_rows(tape))}
    assert last[0, 0].bids == {5_000: 143_220_000, 4_900: 16_000_000}
    assert last[0, 1].asks == {5_000: 143_220_000, 5_100: 16_000_000}
    assert verify(tape).ok


def test_a_stop_and_a_restart_while_the_market_is_open_are_told(tmp_path):
    log = [start(T0_MS), books(T0_MS), stop(T0_MS + 5_000), start(T0_MS + 9_000), books(T0_MS + 9_000)]
    tape = made(tmp_path, log)
    rows = all_rows(tape)
    states = rows[rows["kind"] == RowKind.STATUS]
    assert [(int(row["market"]), int(row["side"])) for row in states] == [(0, -1), (0, 1)]
    assert tape.manifest.counts["slot_starts"] == 2
    assert "slot_starts_after_end" not in tape.manifest.counts


def test_what_a_restarted_bot_remembers_after_the_end_is_left_out(tmp_path):
    later = END_MS + 3 * 3_600_000
    log = [
        start(T0_MS), books(T0_MS), ticker(T0_MS, 100.0), beat(T0_MS + 60_000, 100.0), stop(T0_MS + 200_000),
        start(later), books(later), ticker(later, 105.0), beat(later, 106.0), resolution(later + 5), stop(later + 9),
    ]  # fmt: skip
    tape = made(tmp_path, log)
    assert tape.manifest.last_ts_ns == (T0_MS + 200_000) * NS_PER_MS
    assert tape.manifest.counts["slot_starts_after_end"] == 1
    assert tape.manifest.counts["books_after_end_left_out"] == 1
    assert tape.manifest.counts["prices_after_end_left_out"] == 2
    (end,) = tape.manifest.resolutions
    assert (end.payout_g4, end.at_ns, end.origin) == ((10_000, 0), (later + 5) * NS_PER_MS, Origin.DERIVED)
    assert "closing price 101, price to beat 100" in end.note


def test_a_resolution_that_contradicts_its_prices_or_another_is_a_defect(tmp_path):
    log = [start(T0_MS), books(T0_MS), resolution(END_MS + 1_000, "DOWN"), resolution(END_MS + 2_000)]
    tape = made(tmp_path, log)
    assert tape.manifest.defects == {"resolutions_contradict_prices": 1, "contradicting_resolutions": 1}
    (end,) = tape.manifest.resolutions
    assert end.payout_g4 == (0, 10_000)
    equal = made(tmp_path, [start(T0_MS), books(T0_MS), resolution(END_MS + 1_000, "UP", 100, 100)], "equal")
    assert equal.manifest.defects == {}


def test_every_flaw_is_counted_and_nothing_else_lost(tmp_path):
    log = [
        books(T0_MS), start(T0_MS), books(T0_MS), "{", '{"ts": "soon", "type": "ticker"}', start(T0_MS, ""),
        books(T0_MS + 1_000, {"bids": [[1.5, 3]], "asks": []}), ticker(T0_MS + 1_000, "much"),
        resolution(T0_MS + 1_000, "SIDEWAYS"), line(T0_MS + 1_000, "remaining", seconds=100.0),
        books(T0_MS + 2_000, {"bids": [[0.5, 1]], "asks": [[0.5, 2]]}), ticker(END_MS * 3, 5.0),
        books(T0_MS + 3_000), *(line(T0_MS + 4_000, "remaining", seconds=356.0) for _ in range(10)),
    ]  # fmt: skip
    tape = made(tmp_path, log)
    assert tape.manifest.defects == {
        "lines_before_a_slot": 1, "malformed_lines": 7, "seconds_left_contradict_the_end": 1, "crossed_books": 1,
    }  # fmt: skip
    assert tape.manifest.sources[0].first_defect == "line 4: malformed_lines"
    assert tape.manifest.counts["books"] == 6
    assert references(tape) == []


def test_a_time_that_leaps_for_one_line_is_a_defect(tmp_path):
    lines = [start(T0_MS), *(books(T0_MS + second * 1_000) for second in range(5))]
    lines.insert(3, books(T0_MS + 86_400_000))
    tape = made(tmp_path, lines)
    assert tape.manifest.defects == {"implausible_times": 1}
    assert tape.manifest.last_ts_ns == T0_MS * NS_PER_MS


def test_a_log_of_mostly_something_else_is_refused(tmp_path):
    with pytest.raises(ImportFailed, match="3 of 5 lines are malformed"):
        made(tmp_path, [start(T0_MS), books(T0_MS), "x", "y", "z"])


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_logs_say_the_same(tmp_path, pack):
    plain = made(tmp_path, [start(T0_MS), books(T0_MS), ticker(T0_MS, 5.0)])
    (tmp_path / "packed").write_bytes(pack((tmp_path / "t.log").read_bytes()))
    assert import_tape([tmp_path / "packed"], tmp_path / "u").manifest.sha256 == plain.manifest.sha256


def test_a_markets_file_knows_better(tmp_path):
    (tmp_path / "markets.json").write_text(
        json.dumps({"slug": SLUG, "condition_id": "0xAB", "outcomes": ["Down", "Up"], "clobTokenIds": ["7", "8"]})
    )
    tape = made(tmp_path, [start(T0_MS), books(T0_MS), resolution(END_MS + 1)])
    (market,), (end,) = tape.manifest.markets, tape.manifest.resolutions
    assert market.condition_id == "0xab"
    assert [(token.id, token.outcome, token.origin) for token in market.tokens] == [
        ("7", "Down", Origin.VENUE), ("8", "Up", Origin.VENUE),
    ]  # fmt: skip
    assert end.payout_g4 == (0, 10_000)
    last = {key: book for key, _, book in books_by_time(all_rows(tape))}
    assert last[0, 1].bids == {5_000: 143_220_000, 4_900: 16_000_000}


@pytest.fixture(scope="module")
def bundled(shared_dir):
    return ensure_sample(shared_dir / "sample", "trade-engine")


def lines_of(recording):
    path = data_folder("trade-engine") / recording
    with gzip.open(path, "rt") as log:
        return [json.loads(text, parse_float=Decimal) for text in log if text.strip()]


def test_the_bundled_logs_are_rebuilt_line_by_line(bundled):
    """An independent reading with the standard library: every book, the last price of each feed, every strike."""
    truth, prices, after_end = {}, [], 0
    for number, recording in enumerate(SAMPLES["trade-engine"].recordings):
        stale, last = False, {}
        for told in lines_of(recording):
            if told.get("action") == "start":
                stale = told["ts"] > told["endTime"]
            after_end += stale and told["type"] == "orderbook_snapshot"
            if told["type"] == "orderbook_snapshot" and told["up"] is not None:
                for token, side in enumerate(("up", "down")) if not stale else ():
                    levels = [
                        {int(price * 10_000): int(size * 1_000_000) for price, size in told[side][name]}
                        for name in ("bids", "asks")
                    ]
                    truth[number, token, told["ts"] * NS_PER_MS] = tuple(levels)
            for name in ("assetPrice", "binancePrice", "coinbasePrice", "priceToBeat"):
                if (
                    told["type"] in ("ticker", "market_price")
                    and not stale
                    and told.get(name, last.get(name)) != last.get(name)
                ):
                    last[name] = told[name]
                    whole = int((Decimal(told[name]) * 10**8).to_integral_value(ROUND_HALF_EVEN))
                    prices.append((told["ts"] * NS_PER_MS, name, whole))
    assert_rebuilt(bundled, truth)
    labels = {
        "chainlink": "assetPrice",
        "binance": "binancePrice",
        "coinbase": "coinbasePrice",
        "polymarket": "priceToBeat",
    }
    rows = all_rows(bundled)
    rows = rows[rows["kind"] == RowKind.REFERENCE]
    sources = [labels[series.source] for series in bundled.manifest.references]
    on_tape = zip(
        rows["ts_ns"].tolist(), [sources[aux] for aux in rows["aux"].tolist()], rows["size_u6"].tolist(), strict=True
    )
    assert sorted(on_tape) == sorted(prices)
    assert len(prices) == 1_797
    assert sum(name == "priceToBeat" for _, name, _ in prices) == 4
    assert bundled.manifest.counts["books_after_end_left_out"] == after_end == 28


def test_the_bundled_resolutions_agree_with_books_and_prices(bundled):
    last = {key: book for key, _, book in books_by_time(all_rows(bundled))}
    assert bundled.manifest.defects == {}
    assert [end.market for end in bundled.manifest.resolutions] == [0, 2]
    for end in bundled.manifest.resolutions:
        told = next(
            told for told in lines_of(SAMPLES["trade-engine"].recordings[end.market]) if told["type"] == "resolution"
        )
        assert (told["direction"] == "UP") == (told["closePrice"] >= told["openPrice"]) == (end.payout_g4[0] == 10_000)
        assert end.at_ns == told["ts"] * NS_PER_MS
        assert max(last[end.market, 0].bids) > 5_000
    assert verify(bundled).ok


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1e18])
def test_a_time_left_that_is_no_time_contradicts_the_end_and_stops_nothing(tmp_path, seconds):
    log = [start(T0_MS), books(T0_MS), line(T0_MS, "remaining", seconds=seconds), books(T0_MS + 1_000)]
    tape = made(tmp_path, log)
    assert tape.manifest.defects == {"seconds_left_contradict_the_end": 1}
    assert tape.manifest.counts["books"] == 4


@pytest.mark.parametrize("end_ms", [10**17, 10**30, -5, 5])
def test_an_end_that_is_no_time_is_a_defect_and_not_a_fact(tmp_path, end_ms):
    tape = made(tmp_path, [start(T0_MS, "rain-tomorrow", end_ms), books(T0_MS)])
    assert tape.manifest.defects == {"implausible_ends": 1}
    assert tape.manifest.markets[0].end_ns.value is None


def test_a_byte_order_mark_does_not_cost_the_first_line(tmp_path):
    path = write_lines(tmp_path / "t.log", [start(T0_MS), books(T0_MS)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    tape = import_tape([path], tmp_path / "t")
    assert (tape.manifest.counts["slot_starts"], tape.manifest.counts["books"]) == (1, 2)
    assert tape.manifest.defects == {}


def test_a_recording_without_rows_says_what_was_wrong_first(tmp_path):
    with pytest.raises(ImportFailed, match=r"t\.log: line 1: lines_before_a_slot; check that it is the right file"):
        made(tmp_path, [books(T0_MS)])
