"""Silences: times without a row of a market while it was open."""

import heapq
from collections.abc import Sequence

import numpy as np

from polydesk.model.grid import NS_PER_S
from polydesk.model.market import Market
from polydesk.model.rows import RowKind
from polydesk.tape.manifest import Gap

GAP_NS = 5 * NS_PER_S
"""A market without a row for longer than this has a gap."""

KEPT = 1_000
"""How many gaps, the longest ones, a manifest lists."""


class Silences:
    """Watches a stream of rows for gaps; memory does not grow with the stream.

    Attributes:
        total: Gaps seen so far, over all markets.
    """

    def __init__(self) -> None:
        self.total = 0
        self._last: dict[int, int] = {}
        self._longest: list[tuple[int, int, int]] = []

    def watch(self, rows: np.ndarray) -> None:
        """Take the next rows of the stream; only what comes from a market's own feed breaks its silence."""
        rows = rows[rows["kind"] <= RowKind.WITNESS]
        if not len(rows):
            return
        order = np.argsort(rows["market"], kind="stable")
        markets, times = rows["market"][order], rows["ts_ns"][order]
        found, starts = np.unique(markets, return_index=True)
        first = times[starts]
        before = [self._last.get(market, time) for market, time in zip(found.tolist(), first.tolist(), strict=True)]
        steps = np.diff(times, prepend=0)
        steps[starts] = first - np.array(before, np.int64)
        long = np.flatnonzero(steps > GAP_NS)
        gaps = zip(markets[long].tolist(), steps[long].tolist(), times[long].tolist(), strict=True)
        for market, step, stop in gaps:
            self._keep(market, stop - step, stop)
        last = times[np.append(starts[1:], len(times)) - 1]
        self._last.update(zip(found.tolist(), last.tolist(), strict=True))

    def finish(self, markets: Sequence[Market], end_ns: int) -> tuple[Gap, ...]:
        """Return the longest gaps in order of time.

        A market whose end is known and lies before ``end_ns``, the last row of the tape, also counts the silence
        between its last row and its end.
        """
        for market in markets:
            last, end = self._last.get(market.index), market.end_ns.value
            if last is not None and end is not None and last + GAP_NS < end <= end_ns:
                self._keep(market.index, last, end)
        return tuple(sorted((Gap(market, *span) for _, market, *span in self._ordered()), key=_when))

    def _ordered(self) -> list[tuple[int, int, int, int]]:
        return [(length, market, start, start + length) for length, start, market in self._longest]

    def _keep(self, market: int, start: int, stop: int) -> None:
        self.total += 1
        item = (stop - start, start, market)
        if len(self._longest) < KEPT:
            heapq.heappush(self._longest, item)
        else:
            heapq.heappushpop(self._longest, item)


def _when(gap: Gap) -> tuple[int, int]:
    return gap.from_ns, gap.market
