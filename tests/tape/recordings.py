"""Small synthetic recordings in the shapes the importers know."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

T0_MS = 1_776_323_400_000
UP = "1111111111111111111111111111"
DOWN = "2222222222222222222222222222"
CONDITION = "0x" + "ab" * 32
SLUG = "btc-updown-5m-1776323400"


def levels(side):
    return [{"price": price, "size": size} for price, size in side]


def book(ms, bids, asks, asset=DOWN, **more):
    return {
        "market": CONDITION,
        "asset_id": asset,
        "bids": levels(bids),
        "asks": levels(asks),
        "hash": "00",
        "timestamp": str(ms),
        "event_type": "book",
        **more,
    }


def change(ms, *entries, market=CONDITION):
    """Entries are (asset, side, price, size, best bid, best ask)."""
    names = ("asset_id", "side", "price", "size", "best_bid", "best_ask")
    changes = [dict(zip(names, entry, strict=True)) for entry in entries]
    return {"event_type": "price_change", "market": market, "price_changes": changes, "timestamp": str(ms)}


def trade(ms, asset, side, price, size):
    return {
        "event_type": "last_trade_price",
        "market": CONDITION,
        "asset_id": asset,
        "price": price,
        "size": size,
        "side": side,
        "timestamp": str(ms),
    }


def cronos_line(message, slug=SLUG):
    return json.dumps({"recv_ts": int(message["timestamp"]) / 1000 - 0.02, "slug": slug, "msg": message})


def write_lines(path: Path, lines):
    path.write_text("".join(line + "\n" for line in lines))
    return path


def write_cronos(path: Path, messages, slug=SLUG):
    return write_lines(path, (cronos_line(message, slug) for message in messages))


def write_raw(path: Path, messages):
    return write_lines(path, (json.dumps(message) for message in messages))


def tick(ms, asset, side, price, size, bid=0.4, ask=0.6, event="PRICE_CHANGE"):
    return (ms, price, size, bid, ask, side, event, asset)


def write_tickscope(path: Path, rows, drop=()):
    names = ("timestamp", "price", "size", "best_bid", "best_ask", "side", "event_type", "asset_id")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    table = pa.table(
        {
            "timestamp": pa.array(columns["timestamp"], pa.timestamp("ms", tz="UTC")),
            **{name: pa.array(columns[name], pa.float64()) for name in names[1:5]},
            "side": pa.array(columns["side"]).dictionary_encode(),
            "event_type": pa.array(columns["event_type"]).dictionary_encode(),
            "asset_id": pa.array(columns["asset_id"], pa.large_string()),
        }
    )
    pq.write_table(table.drop_columns(list(drop)), path)
    return path


def all_rows(tape):
    return np.concatenate(list(tape.batches()))
