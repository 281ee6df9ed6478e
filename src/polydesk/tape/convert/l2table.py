"""A tape as an L2 table: one row per event in Parquet, with the market facts beside it, as the import reads it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.grid import PRICE_ONE_G4, price_text, size_text
from polydesk.model.market import Fact, Market, Origin, Resolution
from polydesk.model.rows import NO_WITNESS, RowFlag, RowKind
from polydesk.tape.convert.selection import Asset
from polydesk.tape.importers.l2table import CONSTRUCTED
from polydesk.tape.importers.markets_file import CATEGORIES
from polydesk.tape.reader import Tape

EVENTS, MARKETS = "events.parquet", "markets.json"

_PRICE, _SIZE = pa.decimal128(5, 4), pa.decimal128(21, 6)
_TIME = pa.timestamp("ns", tz="UTC")
_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("event_type", _TEXT),
        ("message_seq", pa.int64()),
        ("exchange_timestamp", _TIME),
        ("timestamp_received", _TIME),
        ("condition_id", _TEXT),
        ("asset_id", _TEXT),
        ("bid_prices", pa.list_(_PRICE)),
        ("bid_sizes", pa.list_(_SIZE)),
        ("ask_prices", pa.list_(_PRICE)),
        ("ask_sizes", pa.list_(_SIZE)),
        ("pc_price", _PRICE),
        ("pc_size", _SIZE),
        ("pc_side", _TEXT),
        ("trade_price", _PRICE),
        ("trade_size", _SIZE),
        ("trade_side", _TEXT),
        ("best_bid", _PRICE),
        ("best_ask", _PRICE),
        ("new_tick_size", _PRICE),
        ("derived", pa.bool_()),
    ]
)
"""Columns of the table. Lists are best first; rows of one ``message_seq`` are one message of the venue."""

_SNAPSHOT, _CHANGE, _PRINT = int(RowKind.SNAPSHOT), int(RowKind.CHANGE), int(RowKind.PRINT)
_TICK, _WITNESS = int(RowKind.TICK), int(RowKind.WITNESS)
_KINDS = (_SNAPSHOT, _CHANGE, _PRINT, _TICK, _WITNESS)
_FIRST, _LAST, _EMPTY, _DERIVED = (
    int(RowFlag.FIRST), int(RowFlag.LAST), int(RowFlag.EMPTY), int(RowFlag.DERIVED),
)  # fmt: skip
_SIDES = {1: "BUY", -1: "SELL"}
_FLUSH = 32_768
_FIELDS = (
    "ts_ns", "venue_ns", "recv_ns", "size_u6", "market", "price_g4", "bid_g4", "ask_g4", "aux", "kind", "side", "token",
    "flags",
)  # fmt: skip

Event = dict[str, Any]


def write(tape: Tape, assets: Sequence[Asset], folder: Path, progress: Callable[[int], None]) -> dict[str, Any]:
    """Write ``events.parquet`` and ``markets.json`` and return what ``conversion.json`` says of them."""
    counts: Counter[str] = Counter()
    wanted = {(asset.market.index, asset.token) for asset in assets}
    markets = {asset.market.index: asset.market for asset in assets}
    constructed = str(tape.manifest.constructed).lower()
    schema = SCHEMA.with_metadata({CONSTRUCTED: constructed, "polydesk.tape_sha256": tape.manifest.sha256})
    held: list[Event] = []
    with pq.ParquetWriter(folder / EVENTS, schema, compression="zstd") as writer:
        for event in _events(tape, markets, wanted, counts, progress):
            held.append(event)
            counts[f"{event['event_type']}_events"] += 1
            if len(held) >= _FLUSH:
                writer.write_table(pa.Table.from_pylist(held, schema))
                held = []
        writer.write_table(pa.Table.from_pylist(held, schema))
    resolutions = {end.market: end for end in tape.manifest.resolutions}
    told = [_facts(market, resolutions.get(market.index)) for market in markets.values()]
    (folder / MARKETS).write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    files = [{"file": EVENTS}, {"file": MARKETS}]
    return {"files": files, "counts": dict(counts), "left_out_facts": _left_out(markets.values())}


def _events(
    tape: Tape,
    markets: dict[int, Market],
    wanted: set[tuple[int, int]],
    counts: Counter[str],
    progress: Callable[[int], None],
) -> Iterator[Event]:
    message = done = 0
    book: _Book | None = None
    for rows in tape.batches():
        for values in zip(*(rows[name].tolist() for name in _FIELDS), strict=True):
            row = dict(zip(_FIELDS, values, strict=True))
            if (row["market"], row["token"]) in wanted and row["kind"] in _KINDS:
                if row["kind"] == _SNAPSHOT:
                    if row["flags"] & _FIRST or book is None:
                        book = _Book()
                    book.add(row)
                    if row["flags"] & _LAST:
                        yield _head(row, markets, message) | book.columns()
                        book = None
                else:
                    yield _head(row, markets, message) | _columns(row)
            elif row["kind"] not in _KINDS and row["market"] in (*markets, -1):
                counts[f"rows_{RowKind(row['kind']).name.lower()}_left_out"] += 1
            message += bool(row["flags"] & _LAST)
        done += len(rows)
        progress(done)


class _Book:
    """The levels of one snapshot."""

    def __init__(self) -> None:
        self._bids: list[tuple[int, int]] = []
        self._asks: list[tuple[int, int]] = []

    def add(self, row: dict[str, int]) -> None:
        if not row["flags"] & _EMPTY:
            (self._bids if row["side"] > 0 else self._asks).append((row["price_g4"], row["size_u6"]))

    def columns(self) -> Event:
        bids, asks = sorted(self._bids, reverse=True), sorted(self._asks)
        return {
            "event_type": "book",
            "bid_prices": [_price(price) for price, _ in bids],
            "bid_sizes": [_size(size) for _, size in bids],
            "ask_prices": [_price(price) for price, _ in asks],
            "ask_sizes": [_size(size) for _, size in asks],
        }


def _head(row: dict[str, int], markets: dict[int, Market], message: int) -> Event:
    market = markets[row["market"]]
    best = {"best_bid": row["bid_g4"], "best_ask": row["ask_g4"]}
    return {
        "message_seq": message,
        "exchange_timestamp": row["venue_ns"] or (None if row["recv_ns"] else row["ts_ns"]),
        "timestamp_received": row["recv_ns"] or None,
        "condition_id": market.condition_id,
        "asset_id": market.tokens[row["token"]].id,
        **{name: _price(price) for name, price in best.items() if price != NO_WITNESS},
        "derived": bool(row["flags"] & _DERIVED),
    }


def _columns(row: dict[str, int]) -> Event:
    kind, price, size = row["kind"], _price(row["price_g4"]), _size(row["size_u6"])
    if kind == _CHANGE:
        return {"event_type": "price_change", "pc_price": price, "pc_size": size, "pc_side": _SIDES[row["side"]]}
    if kind == _PRINT:
        side = _SIDES.get(row["side"])
        return {"event_type": "last_trade_price", "trade_price": price, "trade_size": size, "trade_side": side}
    if kind == _TICK:
        return {"event_type": "tick_size_change", "new_tick_size": _price(row["aux"])}
    return {"event_type": "best_bid_ask"}


def _price(price: int) -> Decimal:
    return Decimal(price) / PRICE_ONE_G4


def _size(size: int) -> Decimal:
    return Decimal(size).scaleb(-6)


def _facts(market: Market, end: Resolution | None) -> dict[str, Any]:
    """Return a market in the fields of a markets file; every fact keeps its origin, assumed ones stay assumed."""
    stated: dict[str, tuple[Fact[Any], Callable[[Any], object]]] = {
        "tick_size": (market.tick_g4, price_text),
        "min_order_size": (market.min_size_u6, size_text),
        "category": (market.category, str),
        "neg_risk": (market.neg_risk, bool),
        "start_ts": (market.start_ns, _iso),
        "end_ts": (market.end_ns, _iso),
    }
    outcomes = [token.outcome for token in market.tokens]
    told: dict[str, Any] = {"slug": market.slug, "condition_id": market.condition_id, "question": market.question}
    if market.event:
        told["event_id"] = market.event
    told["token_ids"] = [token.id for token in market.tokens]
    for name, (fact, written) in stated.items():
        if fact.value is not None and not (name == "category" and fact.value not in CATEGORIES):
            told[name] = _told(written(fact.value), fact.origin, fact.note)
    if all(outcomes):
        told["outcomes"] = outcomes
    if end is not None:
        pays = [_told(price_text(payout), end.origin, end.note) for payout in end.payout_g4]
        told |= {"payout_up": pays[0], "payout_down": pays[1], "resolved_ts": _iso(end.at_ns)}
    return told


def _left_out(markets: Iterable[Market]) -> list[str]:
    """Return the facts that a markets file has no field for; an import assumes them by category."""
    known = all(market.category.value in CATEGORIES for market in markets)
    return ["fees", "taker_delay_ns", *(() if known else ("category",))]


def _told(value: object, origin: Origin, note: str) -> dict[str, object]:
    return {"value": value, "origin": str(origin), "note": note}


def _iso(ts_ns: int) -> str:
    return f"{np.datetime64(ts_ns, 'ns')}+00:00"
