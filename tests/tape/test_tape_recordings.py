"""Every kind of recording of the developers' set is imported, good data or known to be bad, and sums are as counted."""

import gzip
import json
from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from recordings import all_rows

from polydesk.model.grid import NS_PER_MS, reference_e8
from polydesk.model.rows import RowKind
from polydesk.tape import import_tape, verify

MULTISOURCE = {
    "m9-pyth-proxy-natural-20260428a": {"chainlink": 0, "pyth": 30, "binance": 50, "coinbase": 40},
    "m9-rtds-natural-20260428e": {"chainlink": 556, "pyth": 0, "binance": 15, "coinbase": 12},
}


def unpacked(path):
    with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, "zstd") as stream:
        return [json.loads(line) for line in stream.read().splitlines()]


def by_source(tape):
    rows = all_rows(tape)
    rows = rows[rows["kind"] == RowKind.REFERENCE]
    return Counter(tape.manifest.references[aux].source for aux in rows["aux"].tolist())


@pytest.mark.parametrize("name", MULTISOURCE)
def test_logs_of_several_sources(shared_recordings, tmp_path, name):
    path = shared_recordings / "unlicensed" / "l2" / "multisource-15m-202604" / f"{name}.jsonl.zst"
    tape = import_tape([path], tmp_path / "t")
    counted = Counter()
    for line in unpacked(path):
        payload = json.loads(line["payload"])
        if line["source"] == "binance":
            counted["binance"] += 1
        elif line["source"] == "coinbase":
            counted["coinbase"] += payload["type"] == "ticker"
        elif line["source"] == "pyth_proxy":
            counted["pyth"] += len(payload["parsed"])
        elif line["source"] == "polymarket_rtds_chainlink":
            counted["chainlink"] += len(payload["payload"].get("data", [0]))
    assert {source: by_source(tape)[source] for source in MULTISOURCE[name]} == MULTISOURCE[name]
    assert {source: counted[source] for source in MULTISOURCE[name]} == MULTISOURCE[name]
    assert tape.manifest.defects == {}
    assert "other_sources" not in tape.manifest.counts
    found = verify(tape)
    assert found.ok
    assert (found.mismatched, found.derived_differ) == (0, 0)


@pytest.mark.parametrize("name", ["binance", "chainlink"])
def test_feeds_without_books(shared_recordings, tmp_path, name):
    path = shared_recordings / "licensed" / "feeds" / f"rtds_{name}_crypto_prices_2025-10-29.jsonl.gz"
    tape = import_tape([path], tmp_path / "t")
    with gzip.open(path, "rt") as lines:
        told = [json.loads(line, parse_float=Decimal)["payload"] for line in lines]
    rows = all_rows(tape)
    assert tape.manifest.markets == ()
    assert rows["size_u6"].tolist() == [reference_e8(payload["value"]) for payload in told]
    assert rows["venue_ns"].tolist() == [payload["timestamp"] * NS_PER_MS for payload in told]
    assert {series.symbol.partition("/")[0] for series in tape.manifest.references} == {"BTC", "ETH", "SOL", "XRP"}
    assert tape.manifest.defects == {}
    assert verify(tape).ok


def test_a_feed_beside_a_recording_of_books(shared_recordings, tmp_path):
    books = shared_recordings / "unlicensed" / "l2" / "multisource-15m-202604" / "m9-rtds-natural-20260428d.jsonl.zst"
    feed = shared_recordings / "licensed" / "feeds" / "rtds_binance_crypto_prices_2025-10-29.jsonl.gz"
    tape = import_tape([books, feed], tmp_path / "t")
    assert [source.name for source in tape.manifest.sources] == [feed.name, books.name]
    assert tape.manifest.counts["reference"] == 786 + 5_247
    assert verify(tape).ok


def test_a_dense_capture_agrees_with_the_venues_best_prices(shared_recordings, tmp_path):
    path = shared_recordings / "unlicensed" / "l2" / "rawws-btc5m-20260421" / "market-ws_a.jsonl.zst"
    found = verify(import_tape([path], tmp_path / "t"))
    assert found.ok
    assert found.compared > 5_000
    assert found.mismatched < 0.001 * found.compared


@pytest.mark.slow
def test_a_recording_that_lost_messages_is_not_good_data(shared_recordings, tmp_path):
    paths = sorted((shared_recordings / "licensed" / "l2" / "tickscope-nhl-20260607").glob("*.parquet"))
    found = verify(import_tape(paths, tmp_path / "t"))
    assert not found.ok
    assert "2026-06-07T01:45Z" in found.bad_minutes
