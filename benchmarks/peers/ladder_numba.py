"""The floor in numba: a plain ladder, and a maker sketched over it with nothing but latency and a queue.

Usage: ladder_numba.py book|maker FOLDER
The maker's rule is the one every engine here runs; see ``README.md``.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

LEVELS = 100
REPEATS = 7
SNAPSHOT, PRINT = 1, 3
LATENCY_NS, PAUSE_NS, SIZE_LOTS = 50_000_000, 1_000_000_000, 1_000
FAR = 1 << 62
PRICE, LEFT, AHEAD, LIVE_NS, DEAD_NS, SIDE = range(6)
"""Columns of the four order slots: two quotes on their way out, two on their way in."""


@numba.njit(nogil=True, inline="always")
def _store(size: Any, half: int, price: int, lots: int, bid: int, ask: int) -> tuple[int, int]:
    size[half, price] = lots
    if half == 0:
        if lots > 0:
            bid = max(bid, price)
        elif price == bid:
            while bid > 0 and size[0, bid] == 0:
                bid -= 1
    elif lots > 0:
        ask = min(ask, price)
    elif price == ask:
        while ask < LEVELS and size[1, ask] == 0:
            ask += 1
    return bid, ask


@numba.njit(nogil=True)
def book(kind: Any, side: Any, price: Any, lots: Any, first: Any) -> tuple[int, int, int]:
    """Apply every row; return the final touch and a checksum."""
    size = np.zeros((2, LEVELS + 1), np.int64)
    bid, ask, total = 0, LEVELS, 0
    for i in range(len(kind)):
        if kind[i] == PRINT:
            continue
        if kind[i] == SNAPSHOT and first[i]:
            size[:] = 0
            bid, ask = 0, LEVELS
        bid, ask = _store(size, 0 if side[i] > 0 else 1, price[i], lots[i], bid, ask)
        total += bid * 31 + ask
    return bid, ask, total


@numba.njit(nogil=True)
def _arrive_and_leave(slots: Any, size: Any, now: int, bid: int, ask: int) -> None:
    for k in range(4):
        if slots[k, LEFT] == 0:
            continue
        if slots[k, AHEAD] < 0 and slots[k, LIVE_NS] <= now:
            half = 0 if slots[k, SIDE] > 0 else 1
            crosses = slots[k, PRICE] >= ask if half == 0 else slots[k, PRICE] <= bid
            if crosses:
                slots[k, LEFT] = 0
            else:
                slots[k, AHEAD] = size[half, slots[k, PRICE]]
        if slots[k, DEAD_NS] <= now:
            slots[k, LEFT] = 0


@numba.njit(nogil=True)
def _print(slots: Any, side: int, price: int, lots: int) -> tuple[int, int]:
    fills = volume = 0
    for k in range(4):
        beyond = (slots[k, PRICE] - price) * slots[k, SIDE]
        if slots[k, LEFT] == 0 or slots[k, AHEAD] < 0 or slots[k, SIDE] == side or beyond < 0:
            continue
        free = lots if beyond > 0 else max(lots - slots[k, AHEAD], 0)
        if beyond == 0:
            slots[k, AHEAD] = max(slots[k, AHEAD] - lots, 0)
        share = min(free, slots[k, LEFT])
        if share > 0:
            slots[k, LEFT] -= share
            fills += 1
            volume += share
    return fills, volume


@numba.njit(nogil=True)
def _crossed(slots: Any, bid: int, ask: int) -> tuple[int, int]:
    fills = volume = 0
    for k in range(4):
        reached = ask <= slots[k, PRICE] if slots[k, SIDE] > 0 else bid >= slots[k, PRICE]
        if slots[k, LEFT] > 0 and slots[k, AHEAD] >= 0 and reached:
            fills += 1
            volume += slots[k, LEFT]
            slots[k, LEFT] = 0
    return fills, volume


@numba.njit(nogil=True)
def _quote(slots: Any, now: int, bid: int, ask: int) -> None:
    for k in range(4):
        if slots[k, LEFT] > 0:
            slots[k, DEAD_NS] = min(slots[k, DEAD_NS], now + LATENCY_NS)
    for side, price in ((1, bid), (-1, ask)):
        for k in range(4):
            if slots[k, LEFT] == 0:
                slots[k] = (price, SIZE_LOTS, -1, now + LATENCY_NS, FAR, side)
                break


@numba.njit(nogil=True)
def maker(ts: Any, kind: Any, side: Any, price: Any, lots: Any, first: Any, last: Any) -> tuple[int, int, int]:
    """Run the maker; return fills, volume in lots, and how often it quoted."""
    size, slots = np.zeros((2, LEVELS + 1), np.int64), np.zeros((4, 6), np.int64)
    bid, ask, quoted, pause = 0, LEVELS, -1000, 0
    fills = volume = quotes = 0
    for i in range(len(kind)):
        now = ts[i]
        _arrive_and_leave(slots, size, now, bid, ask)
        if kind[i] == PRINT:
            f, v = _print(slots, side[i], price[i], lots[i])
            fills, volume = fills + f, volume + v
        else:
            if kind[i] == SNAPSHOT and first[i]:
                size[:] = 0
                bid, ask = 0, LEVELS
            bid, ask = _store(size, 0 if side[i] > 0 else 1, price[i], lots[i], bid, ask)
        if not last[i]:
            continue
        f, v = _crossed(slots, bid, ask)
        fills, volume = fills + f, volume + v
        if now >= pause and bid > 0 and ask < LEVELS and abs(bid + ask - quoted) >= 2:
            _quote(slots, now, bid, ask)
            quoted, pause = bid + ask, now + PAUSE_NS
            quotes += 1
    return fills, volume, quotes


def main() -> int:
    path, folder = sys.argv[1], Path(sys.argv[2])
    day = np.load(folder / "columns.npz")
    names = ["kind", "side", "price", "lots", "first"]
    run = book
    if path == "maker":
        names, run = ["ts_ns", *names, "last"], maker
    given = [day[name] for name in names]
    run(*(column[:1000] for column in given))
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = run(*given)
        times.append(time.perf_counter() - began)
    told = {"engine": "numba_ladder", "path": path, "rows": len(given[0]), "replay_s": min(times)}
    if path == "maker":
        told |= {"fills": found[0], "volume": found[1] / 100, "quotes": found[2]}
    else:
        told["touch"] = found[:2]
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
