"""Small synthetic recordings of full books: the two-file kind, and the log of a bot."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
from recordings import CONDITION

LISTS = ("bid_px", "bid_sz", "ask_px", "ask_sz")
BOOK = ([0.4, 0.39], [5.0, 7.5], [0.6], [9.0])


def snapshot(ms, side="UP", book=BOOK, market=CONDITION):
    return {"market_id": market, "ts": ms, "side": side, **dict(zip(LISTS, book, strict=True))}


def write(folder, snapshots, markets=None):
    folder.mkdir(exist_ok=True)
    kinds = [("market_id", pa.string()), ("ts", pa.int64()), ("side", pa.string())]
    schema = pa.schema([*kinds, *((name, pa.list_(pa.float64())) for name in LISTS)])
    pq.write_table(pa.Table.from_pylist(snapshots, schema), folder / "books.parquet")
    if markets is not None:
        pq.write_table(pa.Table.from_pylist(markets), folder / "markets.parquet")
    return folder


START_S = 1_777_108_200
END_MS = (START_S + 300) * 1_000
T0_MS = START_S * 1_000 - 60_000
SLUG = f"btc-updown-5m-{START_S}"
UP = {"bids": [[0.5, 143.22], [0.49, 16]], "asks": [[0.51, 327.45]]}
DOWN = {"bids": [[0.49, 327.45]], "asks": [[0.5, 143.22], [0.51, 16]]}


def line(ms, kind, **more):
    return json.dumps({"ts": ms, "type": kind, **more})


def start(ms, slug=SLUG, end_ms=END_MS):
    return line(ms, "slot", action="start", slug=slug, startTime=ms, endTime=end_ms, strategy="monitor")


def stop(ms):
    return line(ms, "slot", action="end", slug=SLUG)


def books(ms, up=UP, down=DOWN):
    return line(ms, "orderbook_snapshot", up=up, down=down)


def ticker(ms, asset, coinbase=77_646.31, **more):
    return line(ms, "ticker", assetPrice=asset, coinbasePrice=coinbase, divergence=None, **more)


def beat(ms, strike):
    return line(ms, "market_price", openPrice=strike, gap=0.02, priceToBeat=strike)


def resolution(ms, direction="UP", opening=100.0, closing=101.0):
    return line(ms, "resolution", direction=direction, openPrice=opening, closePrice=closing, payout=0, pnl=0)
