"""Recordings of the resolvedkit kind: ``books.parquet``, full books of both outcomes a second apart, facts beside it.

Source of the shape: the package resolvedkit 0.1.0 of Resolved Markets, whose two-file layout this is. Each row is one
side (``UP`` is the market's first outcome) with lists of prices and sizes, best first, at most 20 levels in its sample.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import NS_PER_MS, PRICE_ONE_G4, SHARE_U6
from polydesk.tape.importers.batch import Batch, Sides, Stamp
from polydesk.tape.importers.plausible import implausible
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.snapshots import BookDiffer, count_flaws, one_side
from polydesk.tape.importers.source import Head, Progress, damaged
from polydesk.tape.importers.tally import EARLIEST_NS, LATEST_NS, Tally
from polydesk.tape.importers.ticks import derive_tick
from polydesk.tape.importers.tickscope_columns import SLACK, within
from polydesk.tape.importers.wire import MAX_SIZE_U6

BOOKS = "books.parquet"
"""The name under which a recording lies in its folder."""

_LISTS = ("bid_px", "bid_sz", "ask_px", "ask_sz")
COLUMNS = ("market_id", "ts", "side", *_LISTS)
LOOKS_FOR = f"Parquet with columns {', '.join(COLUMNS)} (lists, best first)"
NOTE = (
    "Full books about a second apart: what happened between two of them is not recorded, and levels beyond the "
    "recorded depth look as if they were gone. Whose clock the times come from is not stated; they are taken as the "
    "recorder's."
)

_SLICE = 2_048
_Levels = list[tuple[int, int]] | None
"""Levels of one side as grid price and micro-shares; ``None`` when a number is not exact or the lists differ."""


class _Snapshot(msgspec.Struct, frozen=True, gc=False):
    """One usable row of a recording."""

    ts_ns: int
    condition_id: str
    side: str
    row: int


def sniff(head: Head) -> int:
    """Return the first time in ns if this is a resolvedkit recording, else 0.

    Raises:
        ImportFailed: It has the columns, but no row has a time in ms.
    """
    if not set(COLUMNS) <= head.columns.keys() or any("list" not in head.columns[name] for name in _LISTS):
        return 0
    times = _times(head.path, _read(head.path, ["ts"]))
    times = times[(times >= EARLIEST_NS) & (times <= LATEST_NS)]
    times = np.sort(times)[~implausible(np.sort(times))]
    if not len(times):
        raise ImportFailed(f"{head.path}: column ts holds no time in ms since 1970; looked for {LOOKS_FOR}")
    return int(times[0])


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read a recording as batches of rows, delta encoded.

    The file may hold one market after the other; the rows are put in order of time. It is read whole: about 700 bytes
    of memory for each snapshot of 20 levels a side.

    Args:
        path: The Parquet file.
        registry: Learns the markets and derives their ticks.
        tally: Counts snapshots and defects; an unusable row is one defect and the import goes on.
        progress: Told how far the file is read.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (the recorder's), ending at a message end, ``seq`` 0.

    Raises:
        ImportFailed: The file is damaged, or more than half of its rows are unusable.
    """
    table = _read(path, list(COLUMNS))
    tally.records = table.num_rows
    order, times = _order(_times(path, table), tally)
    size = path.stat().st_size
    batch = Batch()
    reader = _Reader(batch, registry, tally)
    for low in range(0, len(order), _SLICE):
        chosen = order[low : low + _SLICE]
        part = table.take(pa.array(chosen))
        bids, asks = _sides(path, part, "bid"), _sides(path, part, "ask")
        conditions, sides = (part.column(name).to_pylist() for name in ("market_id", "side"))
        for place, row in enumerate(chosen.tolist()):
            snapshot = _Snapshot(int(times[row]), str(conditions[place] or ""), str(sides[place] or "").upper(), row)
            reader.add(snapshot, bids[place], asks[place])
            if batch.full:
                yield batch.take()
        if progress:
            progress(path.name, size * (low + len(chosen)) // len(order), size)
    _check(path, tally)
    if len(batch):
        yield batch.take()


def _check(path: Path, tally: Tally) -> None:
    wrong = tally.defects["malformed_rows"] + tally.defects["implausible_times"]
    if 2 * wrong > tally.records:
        raise ImportFailed(
            f"{path}: {wrong} of {tally.records} rows are unusable ({tally.first_defect}); looked for {LOOKS_FOR}"
        )


def _order(times: np.ndarray, tally: Tally) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with a plausible time in order of time, and all times; count the others."""
    wrong = (times < EARLIEST_NS) | (times > LATEST_NS)
    order = np.argsort(times, kind="stable")
    order = order[~wrong[order]]
    leaps = implausible(times[order])
    for rows_out in (np.flatnonzero(wrong), np.sort(order[leaps])):
        if len(rows_out):
            tally.defect("implausible_times", f"row {int(rows_out[0])}", len(rows_out))
    return order[~leaps], times


class _Reader:
    """Turns snapshots into rows; one per recording."""

    def __init__(self, batch: Batch, registry: Registry, tally: Tally) -> None:
        self._batch = batch
        self._registry = registry
        self._tally = tally
        self._differ = BookDiffer(batch, tally)

    def add(self, snapshot: _Snapshot, bids: _Levels, asks: _Levels) -> None:
        """Add one side's book; a row that is none is counted."""
        where = f"row {snapshot.row}"
        if bids is None or asks is None or not snapshot.condition_id or snapshot.side not in ("UP", "DOWN"):
            self._tally.defect("malformed_rows", where)
            return
        sides: Sides = one_side(bids, self._tally, where), one_side(asks, self._tally, where)
        market, up = self._registry.up_down(snapshot.condition_id)
        token = up if snapshot.side == "UP" else 1 - up
        at = Stamp(snapshot.ts_ns, 0, snapshot.ts_ns, market, token)
        derive_tick(self._batch, self._registry, at, sides)
        count_flaws(sides, self._tally, where)
        self._tally.counts["books"] += 1
        self._differ.add(at, sides, self._registry.tick_in_force(market), where)


def _read(path: Path, names: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=names, partitioning=None)
    except (OSError, pa.ArrowException) as err:
        raise damaged(path, "Parquet", err) from err


def _times(path: Path, table: pa.Table) -> np.ndarray:
    try:
        stated = table.column("ts").cast(pa.int64()).fill_null(0).to_numpy()
    except pa.ArrowException as err:
        raise ImportFailed(f"{path}: column ts is not a whole number of ms ({err}); looked for {LOOKS_FOR}") from err
    # What is no time in ms stays none in ns, and far from overflow.
    return np.asarray(np.clip(stated, 0, 2 * LATEST_NS // NS_PER_MS) * NS_PER_MS, np.int64)


def _sides(path: Path, part: pa.Table, side: str) -> list[_Levels]:
    """Return the levels of one side of each row of a part."""
    prices, price_ends, price_ok = _numbers(path, part.column(f"{side}_px"), PRICE_ONE_G4, PRICE_ONE_G4 - 1, 1)
    sizes, size_ends, size_ok = _numbers(path, part.column(f"{side}_sz"), SHARE_U6, MAX_SIZE_U6, 0)
    found: list[_Levels] = []
    bounds = zip(price_ends[:-1], price_ends[1:], size_ends[:-1], size_ends[1:], strict=True)
    for row, (low, high, size_low, size_high) in enumerate(bounds):
        if high - low != size_high - size_low or not (price_ok[row] and size_ok[row]):
            found.append(None)
        else:
            found.append(list(zip(prices[low:high], sizes[size_low:size_high], strict=True)))
    return found


def _numbers(
    path: Path, column: pa.ChunkedArray, scale: int, most: int, least: int
) -> tuple[list[int], list[int], np.ndarray]:
    """Return a list column as whole multiples of 1/``scale``, where each row's begin, and which rows are exact.

    A missing list is an empty one: the side holds nothing.
    """
    try:
        lists = column.cast(pa.list_(pa.float64())).combine_chunks()
    except pa.ArrowException as err:
        raise ImportFailed(f"{path}: a list column is {column.type} ({err}); looked for {LOOKS_FOR}") from err
    lengths = np.array(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    ends = np.concatenate(([0], np.cumsum(lengths)))
    doubles = lists.flatten().fill_null(float("nan")).to_numpy(zero_copy_only=False)
    scaled = np.where(np.isfinite(doubles), doubles, np.nan) * scale
    good = within(scaled, SLACK, most) & (np.rint(scaled) >= least)
    bad_rows = np.searchsorted(ends, np.flatnonzero(~good), side="right") - 1
    row_ok = np.ones(len(lengths), bool)
    row_ok[bad_rows] = False
    whole = np.where(good, np.rint(np.nan_to_num(scaled)), 0).astype(np.int64)
    return whole.tolist(), ends.tolist(), row_ok
