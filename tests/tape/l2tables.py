"""Small L2 tables in the shapes public archives use, and the same events as raw messages."""

import csv
import gzip
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from recordings import CONDITION, DOWN, T0_MS, UP

from polydesk.tape.convert.mirror import MirroredBook

EVENTS = [
    ("book", T0_MS, UP, [("0.40", "5"), ("0.39", "12.5")], [("0.60", "7"), ("0.61", "2")]),
    ("price_change", T0_MS + 5, UP, "BUY", "0.41", "3", "0.41", "0.6"),
    ("last_trade_price", T0_MS + 6, UP, "SELL", "0.41", "1.25"),
    ("price_change", T0_MS + 7, UP, "SELL", "0.6", "0", "0.41", "0.61"),
    ("tick_size_change", T0_MS + 8, UP, "0.01", "0.001"),
    ("book", T0_MS + 9, DOWN, [("0.39", "2")], [("0.59", "1.75")]),
]
"""One of each kind: a book, changes with best prices, a trade, a tick change, a book of the other token."""


def table(events=EVENTS, number=str, levels=list, ms=lambda ms: ms, best_first=True):
    """Return events as columns of a wide L2 table."""
    rows = []
    for kind, at, asset, *rest in events:
        row = {"event_type": kind, "timestamp": ms(at), "asset_id": asset, "market": CONDITION}
        if kind == "book":
            for side, told in zip(("bid", "ask"), rest, strict=True):
                ordered = told if best_first else told[::-1]
                row[f"{side}_prices"] = levels([number(price) for price, _ in ordered])
                row[f"{side}_sizes"] = levels([number(size) for _, size in ordered])
        elif kind == "price_change":
            side, price, size, bid, ask = rest
            row |= {"pc_side": side, "pc_price": number(price), "pc_size": number(size)}
            row |= {"best_bid": number(bid), "best_ask": number(ask)}
        elif kind == "last_trade_price":
            row |= {"ltp_side": rest[0], "ltp_price": number(rest[1]), "ltp_size": number(rest[2])}
        else:
            row |= {"old_tick_size": number(rest[0]), "new_tick_size": number(rest[1])}
        rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def raw_messages(events=EVENTS):
    """Return events as the venue's own messages."""
    told = []
    for kind, at, asset, *rest in events:
        message = {"event_type": kind, "market": CONDITION, "asset_id": asset, "timestamp": str(at)}
        if kind == "book":
            for side, levels in zip(("bids", "asks"), rest, strict=True):
                message[side] = [{"price": price, "size": size} for price, size in levels]
        elif kind == "price_change":
            names = ("side", "price", "size", "best_bid", "best_ask")
            message["price_changes"] = [{"asset_id": asset, **dict(zip(names, rest, strict=True))}]
        elif kind == "last_trade_price":
            message |= dict(zip(("side", "price", "size"), rest, strict=True))
        else:
            message |= dict(zip(("old_tick_size", "new_tick_size"), rest, strict=True))
        told.append(message)
    return told


def write_parquet(path, columns, types=None):
    arrays = {name: pa.array(values, (types or {}).get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), path)
    return path


def write_csv(path, columns):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow("" if cell is None else cell for cell in row)
    return path


def write_jsonl(path, columns):
    rows = [
        {name: cell for name, cell in zip(columns, row, strict=True) if cell is not None}
        for row in zip(*columns.values(), strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pack(path, how):
    """Compress a file beside itself."""
    data = path.read_bytes()
    packed = path.with_name(f"{path.name}.{how}")
    packed.write_bytes(gzip.compress(data) if how == "gz" else zstandard.ZstdCompressor().compress(data))
    return packed


def decimals(text):
    return Decimal(text)


def mirrored_books(rows):
    """Yield time, touch and both sides of each market's mirrored book after every message."""
    books = {}
    touched = set()
    for row in rows:
        kind, market = int(row["kind"]), int(row["market"])
        if kind in (1, 2):
            at_ns = int(row["venue_ns"] or row["ts_ns"])
            book = books.setdefault(market, MirroredBook())
            touched.add(market)
            if row["flags"] & 10:
                book.clear(at_ns)
            if not row["flags"] & 8:
                book.put(int(row["token"]), int(row["side"]), int(row["price_g4"]), int(row["size_u6"]), at_ns)
        if row["flags"] & 1:
            for index in sorted(touched):
                books[index].end_message()
                yield int(row["ts_ns"]), index, *(dict(side) for side in books[index].sizes)
            touched.clear()
