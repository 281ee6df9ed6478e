"""Recordings of the tickscope kind: Parquet of level changes and trades per token, without books or market facts.

Source of the shape: SobhiSandakli/Polymarket-Tickscope. Every ``PRICE_CHANGE`` row carries the venue's best bid and
ask after it. ``LAST_TRADE`` rows name the taker's side (BID buys): in the bundled recording's source 661 of 732 trades
outside the spread lie on that side of the best prices before them, and the sizes of the other side fall by them.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from polydesk.model.errors import ImportFailed
from polydesk.model.rows import RowFlag, RowKind, empty_rows
from polydesk.tape.importers.pairing import Votes, vote
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.source import Head, Progress
from polydesk.tape.importers.tally import Tally
from polydesk.tape.importers.tickscope_columns import COLUMNS, LOOKS_FOR, Columns, read_columns, read_times
from polydesk.tape.importers.tickscope_ticks import derive_epochs

_BATCH_ROWS = 65_536

__all__ = ["LOOKS_FOR", "prepare", "rows", "sniff"]

_MIN_PRINTS = 20
"""Trades outside the spread needed before they may contradict the reading of their side."""


def sniff(head: Head) -> int:
    """Return the first venue time in ns if this is a tickscope recording, else 0."""
    if not set(COLUMNS) <= head.columns.keys():
        return 0
    times = read_times(head.path)
    return int(times[0]) if len(times) else 0


def prepare(paths: list[Path], registry: Registry) -> None:
    """Pair the tokens of all recordings of an import and make them known to the registry.

    The two tokens of a market show as mirrored neighbouring rows: one time, one size, opposite sides, prices that add
    up to 1. A token that never does so becomes a market whose other token is derived.

    Raises:
        ImportFailed: A file is damaged.
    """
    votes: Votes = {}
    for path in paths:
        columns = read_columns(path, Tally())
        vote(columns.ts_ns, columns.asset, columns.price, columns.size, columns.side, columns.assets, votes)
        for asset_id in columns.assets:
            votes.setdefault(frozenset((asset_id,)), 0)
    for first, second in _best_pairs(votes):
        registry.pair(first, second)


def _best_pairs(votes: Votes) -> Iterator[tuple[str, str]]:
    """Yield pairs, most votes first, each token once, smaller id first."""
    taken: set[str] = set()
    for pair in sorted(votes, key=lambda pair: (-votes[pair], sorted(pair))):
        if len(pair) == 2 and not pair & taken:
            first, second = sorted(pair, key=lambda token: (len(token), token))
            taken |= pair
            yield first, second


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read a recording as batches of rows.

    Args:
        path: The Parquet file.
        registry: Knows the pairs from ``prepare`` and learns the ticks at the start.
        tally: Counts rows, duplicates and defects.
        progress: Told how far the file is read.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (venue, clamped), ``seq`` 0; every row is a message of its own.

    Raises:
        ImportFailed: The file is damaged, or more than half of its rows are not exact prices and sizes.
    """
    columns = read_columns(path, tally)
    if 2 * len(columns.row) < tally.records:
        raise ImportFailed(
            f"{path}: {tally.records - len(columns.row)} of {tally.records} rows are unusable "
            f"({tally.first_defect}); check that this is a tickscope recording"
        )
    repeated = _repeated(columns)
    tally.counts["duplicates"] += int(repeated.sum())
    columns = columns.keep(~repeated)
    print_sign = _print_sign(columns, tally)
    places = np.array([registry.token(asset_id) for asset_id in columns.assets], np.int64).reshape(-1, 2)
    finer_at, finer = derive_epochs(columns, places, registry)
    virtual = np.maximum.accumulate(columns.ts_ns)
    tally.counts["clamped_times"] += int(np.count_nonzero(virtual != columns.ts_ns))
    size = path.stat().st_size
    for low in range(0, len(columns.row), _BATCH_ROWS):
        part = columns.keep(slice(low, low + _BATCH_ROWS))
        if progress:
            progress(path.name, size * (low + len(part.row)) // len(columns.row), size)
        got = _to_rows(part, virtual[low : low + _BATCH_ROWS], places, print_sign)
        first, last = np.searchsorted(finer_at, (low, low + _BATCH_ROWS))
        yield _insert(got, finer_at[first:last] - low, finer[first:last])


def _repeated(columns: Columns) -> np.ndarray:
    """Return which rows repeat, in every column, the row before them of the same token, side, level and kind."""
    keys = (columns.asset, columns.side, columns.price, columns.print)
    order = np.lexsort((columns.row, *keys))
    facts = (*keys, columns.ts_ns, columns.size, columns.bid, columns.ask)
    same = np.ones(max(len(order) - 1, 0), bool)
    for fact in facts:
        ordered = fact[order]
        same &= ordered[1:] == ordered[:-1]
    repeated = np.zeros(len(order), bool)
    repeated[order[1:]] = same
    return repeated


def _print_sign(columns: Columns, tally: Tally) -> int:
    """Return 1 if trades name the taker's side, 0 if the best prices before them say otherwise."""
    by_asset = columns.keep(np.argsort(columns.asset, kind="stable"))
    here = np.arange(len(by_asset.row))
    before = np.maximum.accumulate(np.where(by_asset.print, -1, here))
    trades = np.flatnonzero(by_asset.print & (before >= 0))
    trades = trades[by_asset.asset[before[trades]] == by_asset.asset[trades]]
    price, side = by_asset.price[trades], by_asset.side[trades]
    bought, sold = price >= by_asset.ask[before[trades]], price <= by_asset.bid[before[trades]]
    agrees = int(np.count_nonzero((bought & (side > 0)) | (sold & (side < 0))))
    disagrees = int(np.count_nonzero((bought & (side < 0)) | (sold & (side > 0))))
    tally.counts["print_sides_confirmed"] += agrees
    tally.counts["print_sides_contradicted"] += disagrees
    if agrees + disagrees >= _MIN_PRINTS and disagrees >= agrees:
        tally.defect("print_sides_unknown", "file", int(columns.print.sum()))
        return 0
    return 1


def _insert(rows: np.ndarray, at: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Return ``rows`` with one of ``more`` before each position of ``at``, at its time."""
    if not len(at):
        return rows
    more["ts_ns"] = rows["ts_ns"][at]
    return np.insert(rows, at, more)


def _to_rows(columns: Columns, virtual: np.ndarray, places: np.ndarray, print_sign: int) -> np.ndarray:
    rows = empty_rows(len(columns.row))
    rows["ts_ns"] = virtual
    rows["venue_ns"] = columns.ts_ns
    rows["market"], rows["token"] = places[columns.asset].T
    rows["price_g4"] = columns.price
    rows["size_u6"] = columns.size
    rows["bid_g4"] = columns.bid
    rows["ask_g4"] = columns.ask
    rows["side"] = np.where(columns.print, columns.side * print_sign, columns.side)
    rows["kind"] = np.where(columns.print, int(RowKind.PRINT), int(RowKind.CHANGE))
    rows["flags"] = int(RowFlag.LAST)
    return rows
