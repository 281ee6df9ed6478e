"""The ticks of a tickscope recording, which states none: derived from its prices as they come."""

import numpy as np

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind, empty_rows
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.ticks import TICKS
from polydesk.tape.importers.tickscope_columns import Columns

FIRST_NS = 60 * NS_PER_S
"""Where no source states a tick, the finest price step of a market's first minute is its tick at the start."""


def derive_epochs(columns: Columns, places: np.ndarray, registry: Registry) -> tuple[np.ndarray, np.ndarray]:
    """Derive the ticks of all markets of a recording from the prices of its level changes.

    A market starts with the finest step of its first minute, if nothing states a tick. From then on the first price
    that does not lie on the tick in force begins an epoch with a finer one.

    Args:
        columns: The recording.
        places: Market index and token number of each of its assets, shape ``(assets, 2)``.
        registry: Learns the ticks at the start.

    Returns:
        Positions in ``columns`` in ascending order, and as many rows of kind ``TICK`` that belong before them.
    """
    changes = np.flatnonzero(~columns.print)
    markets = places[columns.asset[changes], 0]
    order = np.argsort(markets, kind="stable")
    found, starts = np.unique(markets[order], return_index=True)
    finer: list[tuple[int, int]] = []
    for market, mine in zip(found.tolist(), np.split(changes[order], starts[1:]), strict=True):
        finer += _epochs_of(market, mine, columns, registry)
    finer.sort()
    at = np.array([row for row, _ in finer], np.int64)
    rows = empty_rows(len(finer))
    rows["venue_ns"] = columns.ts_ns[at]
    rows["market"], rows["token"] = places[columns.asset[at]].T
    rows["aux"] = [tick for _, tick in finer]
    rows["kind"] = int(RowKind.TICK)
    rows["flags"] = int(RowFlag.LAST | RowFlag.DERIVED)
    return at, rows


def _epochs_of(market: int, mine: np.ndarray, columns: Columns, registry: Registry) -> list[tuple[int, int]]:
    prices, times = columns.price[mine], columns.ts_ns[mine]
    if not registry.tick_known(market):
        first = prices[times < times[0] + FIRST_NS]
        registry.note_tick(market, _coarsest(np.unique(first)), Origin.DERIVED, "finest price step of the first minute")
    epochs = []
    off = np.flatnonzero(prices % registry.tick_in_force(market))
    while len(off):
        tick = _coarsest(np.array((registry.tick_in_force(market), prices[off[0]])))
        registry.note_tick(market, tick, Origin.DERIVED)
        epochs.append((int(mine[off[0]]), tick))
        off = off[prices[off] % tick != 0]
    return epochs


def _coarsest(prices: np.ndarray) -> int:
    """Return the coarsest tick on which all prices lie."""
    step = int(np.gcd.reduce(np.append(prices, PRICE_ONE_G4)))
    return next(tick for tick in TICKS if step % tick == 0)
