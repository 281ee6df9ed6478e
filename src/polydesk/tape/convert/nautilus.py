"""Tokens of a tape as a data catalog of nautilus_trader 1.2xx: order book deltas, trades and instruments in Parquet.

Source of the layout: nautilus_trader 1.231, a catalog written by its own ``ParquetDataCatalog``: folder and file
names, Arrow schemas and metadata of ``OrderBookDelta``, ``TradeTick`` and ``BinaryOption``. Numbers are those of the
high-precision builds, which the packages for Linux and macOS are: 128-bit whole numbers of 1e-16.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4, price_text, size_text
from polydesk.model.market import Market
from polydesk.tape.convert.mirror import Level, mirrored
from polydesk.tape.convert.selection import Asset
from polydesk.tape.convert.steps import Step, mirrored_print, steps
from polydesk.tape.reader import Tape

PRICE_DECIMALS, SIZE_DECIMALS = 4, 6
_RAW_PRICE, _RAW_SIZE = 10**12, 10**10
"""Raw units (1e-16) in one grid step and in one micro-share."""

ADD, UPDATE, DELETE, CLEAR = 1, 2, 3, 4
NO_SIDE, BUY, SELL = 0, 1, 2
F_LAST, F_SNAPSHOT = 128, 32

NEVER_NS = 4_102_444_800 * NS_PER_S
"""Expiry of a market whose end is unknown: 2100-01-01."""

_TOKENS_AT_ONCE = 200
"""Tokens written in one pass over the tape: each keeps two files open."""

_FLUSH = 32_768
_RAW = pa.binary(16)


def _schema(*fields: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])


DELTAS = _schema(
    ("action", pa.uint8()), ("side", pa.uint8()), ("price", _RAW), ("size", _RAW), ("order_id", pa.uint64()),
    ("flags", pa.uint8()), ("sequence", pa.uint64()), ("ts_event", pa.uint64()), ("ts_init", pa.uint64()),
)  # fmt: skip
TRADES = _schema(
    ("price", _RAW), ("size", _RAW), ("aggressor_side", pa.uint8()), ("trade_id", pa.string()),
    ("ts_event", pa.uint64()), ("ts_init", pa.uint64()),
)  # fmt: skip


def write(tape: Tape, assets: Sequence[Asset], folder: Path, progress: Callable[[int], None]) -> dict[str, Any]:
    """Write a catalog and return what ``conversion.json`` says of it.

    ``ts_event`` is virtual time; ``ts_init`` lies later by the recorder's latency where its clock tells one.
    """
    counts: Counter[str] = Counter()
    told: list[dict[str, Any]] = []
    passes = -(-len(assets) // _TOKENS_AT_ONCE)
    for number in range(passes):
        part = assets[number * _TOKENS_AT_ONCE : (number + 1) * _TOKENS_AT_ONCE]
        files = {(asset.market.index, asset.token): _Instrument(folder, asset, tape) for asset in part}
        done = number * tape.manifest.rows
        at = lambda rows, done=done: progress((done + rows) // passes)  # noqa: E731
        for step in steps(tape, {asset.market.index for asset in part}, counts, at):
            for token in (0, 1):
                instrument = files.get((step.market, token))
                if instrument is not None:
                    instrument.add(step)
        told += [instrument.finish() for instrument in files.values()]
    return {"files": told, "counts": dict(counts), "left_out_facts": ["fees"]}


def instrument_id(market: Market, token: int) -> str:
    """Return the id nautilus gives a Polymarket token; made-up ids lose their colons."""
    return f"{market.condition_id}-{market.tokens[token].id}.POLYMARKET".replace(":", "_")


def raw(values: list[int], per_unit: int) -> pa.Array:
    """Return whole numbers times ``per_unit`` as little-endian 128-bit numbers.

    Args:
        values: 0 to 2^47.
        per_unit: Raw units in one, below 2^40.
    """
    numbers = np.array(values, np.uint64)
    high, low = numbers >> np.uint64(24), numbers & np.uint64((1 << 24) - 1)
    high, low = high * np.uint64(per_unit), low * np.uint64(per_unit)
    words = np.empty((len(values), 2), "<u8")
    words[:, 0] = (high << np.uint64(24)) + low  # modulo 2^64
    words[:, 1] = (high >> np.uint64(40)) + (words[:, 0] < low)
    return pa.FixedSizeBinaryArray.from_buffers(_RAW, len(values), [None, pa.py_buffer(words.tobytes())])


class _Stream:
    """Rows of one kind of one instrument, written in groups; named by its first and last time when it is done."""

    def __init__(self, folder: Path, schema: pa.Schema, metadata: dict[str, str]) -> None:
        self._folder = folder
        self._schema = schema.with_metadata(metadata)
        self._rows: list[tuple[Any, ...]] = []
        self._writer: pq.ParquetWriter | None = None
        self._first = self._last = 0
        self.written = 0

    def add(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)

    def flush(self, least: int = _FLUSH) -> None:
        if len(self._rows) < least or not self._rows:
            return
        columns = dict(zip(self._schema.names, map(list, zip(*self._rows, strict=True)), strict=True))
        arrays = [
            raw(columns[field.name], _RAW_PRICE if field.name == "price" else _RAW_SIZE)
            if field.type == _RAW
            else pa.array(columns[field.name], field.type)
            for field in self._schema
        ]
        if self._writer is None:
            self._folder.mkdir(parents=True)
            self._first = columns["ts_init"][0]
            self._writer = pq.ParquetWriter(self._folder / "draft", self._schema, compression="snappy")
        self._last = columns["ts_init"][-1]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self.written += len(self._rows)
        self._rows = []

    def finish(self) -> None:
        self.flush(1)
        if self._writer is not None:
            self._writer.close()
            (self._folder / "draft").rename(self._folder / _file_name(self._first, self._last))


class _Instrument:
    """One token of a catalog."""

    def __init__(self, folder: Path, asset: Asset, tape: Tape) -> None:
        self._asset = asset
        self._tape = tape
        self._id = instrument_id(asset.market, asset.token)
        self._data = folder / "data"
        metadata = {
            "instrument_id": self._id,
            "price_precision": str(PRICE_DECIMALS),
            "size_precision": str(SIZE_DECIMALS),
        }
        self._deltas = _Stream(self._data / "order_book_deltas" / self._id, DELTAS, metadata)
        self._trades = _Stream(self._data / "trade_tick" / self._id, TRADES, metadata)
        self._tick = asset.market.tick_g4.value

    def add(self, step: Step) -> None:
        times = (step.ts_ns, step.local_ns)
        for number, print_ in enumerate(step.prints):
            price, side, size = mirrored_print(self._asset.token, print_)
            aggressor = BUY if side > 0 else SELL if side < 0 else NO_SIDE
            self._trades.add((price, size, aggressor, f"{step.seq}-{number}", *times))
        flags = F_SNAPSHOT if step.restated else 0
        rows = [(CLEAR, NO_SIDE, 0, 0)] if step.restated else []
        rows += [self._level(level, restated=step.restated) for level in step.levels]
        for row in rows[:-1]:
            self._deltas.add((*row, 0, flags, step.seq, *times))
        if rows:
            self._deltas.add((*rows[-1], 0, flags | F_LAST, step.seq, *times))
        self._deltas.flush()
        self._trades.flush()

    def _level(self, level: Level, *, restated: bool) -> tuple[int, int, int, int]:
        half, price, size = mirrored(self._asset.token, level)
        if price % self._tick:
            self._tick = int(np.gcd(price, self._tick))
        action = ADD if restated else UPDATE if size else DELETE
        return action, (BUY, SELL)[half], price, size

    def finish(self) -> dict[str, Any]:
        self._deltas.finish()
        self._trades.finish()
        folder = self._data / "binary_option" / self._id
        folder.mkdir(parents=True)
        first_ns = self._tape.manifest.first_ts_ns
        table = _instrument_table(
            self._id, self._asset, self._tick, first_ns, constructed=self._tape.manifest.constructed
        )
        pq.write_table(table, folder / _file_name(first_ns, first_ns))
        told = {"instrument_id": self._id, "deltas": self._deltas.written, "trades": self._trades.written}
        return {**told, "tick_size": self._tick / PRICE_ONE_G4}


def _instrument_table(name: str, asset: Asset, tick_g4: int, first_ns: int, *, constructed: bool) -> pa.Table:
    market = asset.market
    info: dict[str, object] = {"condition_id": market.condition_id, "slug": market.slug, "assumed": market.assumed()}
    info |= {"constructed": constructed}
    words, small = pa.dictionary(pa.int64(), pa.string()), pa.dictionary(pa.int16(), pa.string())
    columns: list[tuple[str, pa.DataType, object]] = [
        ("id", words, name),
        ("raw_symbol", pa.string(), market.tokens[asset.token].id),
        ("asset_class", pa.dictionary(pa.int8(), pa.string()), "ALTERNATIVE"),
        ("currency", small, "pUSD"),
        ("price_precision", pa.uint8(), PRICE_DECIMALS),
        ("size_precision", pa.uint8(), SIZE_DECIMALS),
        ("price_increment", small, _decimals(price_text(tick_g4), PRICE_DECIMALS)),
        ("size_increment", small, "0.000001"),
        ("activation_ns", pa.uint64(), market.start_ns.value or 0),
        ("expiration_ns", pa.uint64(), market.end_ns.value or NEVER_NS),
        ("maker_fee", pa.string(), "0"),
        ("taker_fee", pa.string(), "0"),
        ("max_quantity", small, None),
        ("min_quantity", small, _decimals(size_text(market.min_size_u6.value), SIZE_DECIMALS)),
        ("outcome", pa.string(), market.tokens[asset.token].outcome or ""),
        ("description", pa.string(), market.question or market.slug),
        ("info", pa.binary(), json.dumps(info, sort_keys=True).encode()),
        ("ts_event", pa.uint64(), first_ns),
        ("ts_init", pa.uint64(), first_ns),
    ]
    schema = pa.schema([pa.field(name, kind) for name, kind, _ in columns], metadata={"class": "BinaryOption"})
    return pa.Table.from_arrays([pa.array([value], kind) for _, kind, value in columns], schema=schema)


def _decimals(text: str, places: int) -> str:
    """Return a number with exactly so many places, which is how nautilus knows its precision."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(places, '0')}"


def _file_name(first_ns: int, last_ns: int) -> str:
    return f"{_iso(first_ns)}_{_iso(last_ns)}.parquet"


def _iso(ts_ns: int) -> str:
    seconds, ns = divmod(ts_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H-%M-%S}-{ns:09d}Z"
