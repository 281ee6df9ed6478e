"""The columns of a tickscope recording as exact numbers."""

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import PRICE_ONE_G4, SHARE_U6
from polydesk.model.rows import NO_WITNESS
from polydesk.tape.importers.plausible import implausible
from polydesk.tape.importers.source import damaged
from polydesk.tape.importers.tally import EARLIEST_NS, LATEST_NS, Tally
from polydesk.tape.importers.wire import MAX_SIZE_U6

COLUMNS = ("timestamp", "price", "size", "best_bid", "best_ask", "side", "event_type", "asset_id")
_TEXTS = ["side", "event_type", "asset_id"]
LOOKS_FOR = f"Parquet with columns {', '.join(COLUMNS)}"

SLACK = 0.01
"""How far, in grid units, a double may lie from the grid: more than a double's error, less than any real step."""


class Columns(msgspec.Struct, frozen=True):
    """A recording's columns as exact arrays of one length.

    Attributes:
        ts_ns: Venue time.
        asset: Index into ``assets``.
        assets: Token ids.
        price: Grid prices.
        size: Micro-shares.
        bid: Stated best bid, grid price; ``NO_WITNESS`` for trades.
        ask: Stated best ask.
        side: 1 BID, -1 ASK, 0 neither.
        print: Whether the row is a trade.
        row: Row number in the file.
    """

    ts_ns: np.ndarray
    asset: np.ndarray
    assets: list[str]
    price: np.ndarray
    size: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    side: np.ndarray
    print: np.ndarray
    row: np.ndarray

    def keep(self, mask: np.ndarray | slice) -> "Columns":
        """Return the rows that ``mask`` selects."""
        arrays = {name: getattr(self, name)[mask] for name in self.__struct_fields__ if name != "assets"}
        return Columns(assets=self.assets, **arrays)


def read_times(path: Path) -> np.ndarray:
    """Read the plausible venue times of a recording, ns, in order of its rows.

    Raises:
        ImportFailed: The file is damaged or its times are not times.
    """
    times = _nanoseconds(path, _read(path, ["timestamp"])["timestamp"])
    times = times[(times >= EARLIEST_NS) & (times <= LATEST_NS)]
    return np.asarray(times[~implausible(times)])


def read_columns(path: Path, tally: Tally) -> Columns:
    """Read a recording whole as exact numbers, leaving out rows that are not.

    Raises:
        ImportFailed: The file is damaged or a column has a type without meaning here.
    """
    table = _read(path, list(COLUMNS))
    tally.records = table.num_rows
    try:
        price, bid, ask = (_grid(table[name], PRICE_ONE_G4) for name in ("price", "best_bid", "best_ask"))
        size = _grid(table["size"], SHARE_U6)
        event, side, asset = (_words(table[name]) for name in ("event_type", "side", "asset_id"))
    except (pa.ArrowException, ValueError) as err:
        raise ImportFailed(f"{path}: a column has an unexpected type ({err}); looked for {LOOKS_FOR}") from err
    ts_ns = _nanoseconds(path, table["timestamp"])
    is_print = _is(event, "LAST_TRADE")
    signs = _is(side, "BID").astype(np.int8) - _is(side, "ASK").astype(np.int8)
    columns = Columns(
        ts_ns=ts_ns,
        asset=asset[0],
        assets=asset[1],
        price=np.rint(price),
        size=np.rint(size),
        bid=np.where(is_print, NO_WITNESS, np.rint(bid)),
        ask=np.where(is_print, NO_WITNESS, np.where(np.rint(ask) == 0, PRICE_ONE_G4, np.rint(ask))),
        side=signs,
        print=is_print,
        row=np.arange(table.num_rows),
    )
    reasons = {
        "malformed_rows": ~(is_print | (_is(event, "PRICE_CHANGE") & (signs != 0))) | (columns.asset < 0),
        "implausible_times": (ts_ns < EARLIEST_NS) | (ts_ns > LATEST_NS),
        "inexact_prices": ~(within(price, SLACK, PRICE_ONE_G4 - 1) & (columns.price >= 1)),
        "inexact_sizes": ~within(size, SLACK, MAX_SIZE_U6),
        "inexact_best_prices": ~is_print & ~(within(bid, SLACK, PRICE_ONE_G4) & within(ask, SLACK, PRICE_ONE_G4)),
    }
    kept = _sound(columns, reasons, tally)
    exact = {name: getattr(kept, name).astype(np.int64) for name in ("price", "size", "bid", "ask")}
    return msgspec.structs.replace(kept, **exact)


def _sound(columns: Columns, reasons: dict[str, np.ndarray], tally: Tally) -> Columns:
    """Return the rows for which no reason against them holds and whose time is borne out; count the others."""
    good = np.ones(len(columns.row), bool)
    for name, wrong in reasons.items():
        bad = wrong & good
        if bad.any():
            tally.defect(name, f"row {int(np.argmax(bad))}", int(bad.sum()))
        good &= ~bad
    kept = columns.keep(good)
    leaps = implausible(kept.ts_ns)
    if leaps.any():
        tally.defect("implausible_times", f"row {int(kept.row[np.argmax(leaps)])}", int(leaps.sum()))
    return kept.keep(~leaps)


def _read(path: Path, names: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=names, partitioning=None, read_dictionary=_TEXTS)
    except (OSError, pa.ArrowException) as err:
        raise damaged(path, "Parquet", err) from err


def _nanoseconds(path: Path, times: pa.ChunkedArray) -> np.ndarray:
    try:
        if pa.types.is_timestamp(times.type):
            stamps = times.cast(pa.timestamp("ns", tz=times.type.tz)).cast(pa.int64())
        else:
            stamps = pc.multiply(times.cast(pa.int64()), 1_000_000)
        return np.array(stamps.fill_null(0).to_numpy())
    except pa.ArrowException as err:
        raise ImportFailed(f"{path}: column timestamp is {times.type}, not a time ({err})") from err


def _grid(numbers: pa.ChunkedArray, scale: int) -> np.ndarray:
    doubles = numbers.cast(pa.float64()).fill_null(float("nan")).to_numpy()
    return np.where(np.isfinite(doubles), doubles, np.nan) * scale


def within(scaled: np.ndarray, slack: float, most: int) -> np.ndarray:
    """Return which doubles lie within ``slack`` of a whole number from 0 to ``most``."""
    return np.asarray((np.abs(scaled - np.rint(scaled)) <= slack) & (scaled > -slack) & (scaled <= most + slack))


def _words(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Return a text column as indices, -1 for a missing one, into its different words."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    coded = column.unify_dictionaries().combine_chunks()
    words = coded.dictionary.cast(pa.string()).to_pylist()
    indices = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    different = {word: number for number, word in enumerate(dict.fromkeys(word for word in words if word is not None))}
    places = np.array([*(different.get(word, -1) for word in words), -1], np.int64)
    return places[indices], list(different)


def _is(words: tuple[np.ndarray, list[str]], word: str) -> np.ndarray:
    right = np.array([*(found.upper() == word for found in words[1]), False])
    return np.asarray(right[words[0]])
