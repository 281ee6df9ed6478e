"""Book-only replay of one constructed day of one token, rows in memory, against a plain inlined ladder loop.

Prints one JSON line; exits 1 when the kernel is slower than ``GATE`` times the plain loop: that is what happens when
the decorator lets reference counting back into the per-row calls.
"""

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake
from polydesk.kernel.state import Count
from polydesk.model.rows import ROW_DTYPE, empty_rows

GATE = 0.35
ROWS = 2_000_000
TICK = 100
REPEATS = 7
FAR = 1 << 62


@numba.njit
def next_change(size: Any, touch: Any, tick: int) -> tuple[int, int, int]:
    """Return side, price and new size of one change that leaves the book uncrossed: a few move the touch."""
    half = np.random.randint(0, 2)
    inward = 1 if half == 0 else -1
    best = touch[half]
    amount = np.random.randint(1, 500) * 1_000_000
    draw = np.random.random()
    if draw < 0.008 and touch[1] - touch[0] > tick:
        return inward, best + inward * tick, amount
    if draw < 0.016 and size[half, best - inward * tick] > 0:
        return inward, best, 0
    away = np.random.randint(0, 9)
    price = min(max(best - inward * away * tick, tick), 10_000 - tick)
    if away > 1 and price != best and np.random.random() < 0.25:
        amount = 0
    return inward, price, amount


@numba.njit
def fill_day(rows: Any, seed: int, tick: int) -> int:
    """Write a day of changes in messages of one to three rows; return how many of them moved the touch."""
    np.random.seed(seed)
    size = np.zeros((2, 10_001), np.int64)
    touch = np.array([5_000 - tick, 5_000 + tick])
    size[0, touch[0]] = size[1, touch[1]] = 1
    index = 0
    moved = 0
    ts_ns = 1_780_000_000_000_000_000
    while index < len(rows):
        ts_ns += np.random.randint(1, 144) * 1_000_000
        length = min(1 + (np.random.random() < 0.45) + (np.random.random() < 0.25), len(rows) - index)
        for k in range(length):
            side, price, amount = next_change(size, touch, tick)
            half = 0 if side > 0 else 1
            size[half, price] = amount
            before = touch[half]
            touch[half] = max(before, price) if side > 0 else min(before, price)
            while size[half, touch[half]] == 0:
                touch[half] -= side
            moved += touch[half] != before
            row = rows[index]
            row["seq"] = index
            row["ts_ns"] = ts_ns
            row["venue_ns"] = ts_ns
            row["size_u6"] = amount
            row["price_g4"] = price
            row["kind"] = 2
            row["side"] = side
            row["flags"] = 1 if k == length - 1 else 0
            index += 1
    return moved


@numba.njit(nogil=True, error_model="numpy")
def plain_ladder(rows: Any, size: Any) -> tuple[int, int]:
    """Apply every change and track the touch; no stamps, markets, orders or counters."""
    bid = 0
    ask = 10_000
    for index in range(len(rows)):
        row = rows[index]
        price = row["price_g4"]
        amount = row["size_u6"]
        if row["side"] > 0:
            size[0, price] = amount
            if amount > 0:
                bid = max(bid, price)
            elif price == bid:
                while bid > 0 and size[0, bid] == 0:
                    bid -= 1
        else:
            size[1, price] = amount
            if amount > 0:
                ask = min(ask, price)
            elif price == ask:
                while ask < 10_000 and size[1, ask] == 0:
                    ask += 1
    return bid, ask


def best_seconds(*runs: Callable[[], Any]) -> list[float]:
    """Return the shortest time of each after a warm-up, taken in turns so that a busy machine slows all alike."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(1 + REPEATS):
        for run, taken in zip(runs, times, strict=True):
            began = time.perf_counter()
            run()
            taken.append(time.perf_counter() - began)
    return [min(taken[1:]) for taken in times]


def main() -> int:
    rows = empty_rows(ROWS).astype(ROW_DTYPE)
    moved = fill_day(rows, 7, TICK)
    state = new_books(1, np.array([TICK])), new_own(1), new_fills(), new_wake(1)

    def kernel_run() -> None:
        for array in (state[0].level, state[0].filled):
            array.fill(0)
        state[0].count.fill(0)
        state[0].touch[:] = (0, 10_000)
        advance(*state, rows, 0, len(rows), FAR)

    kernel_s, plain_s = best_seconds(kernel_run, lambda: plain_ladder(rows, np.zeros((2, 10_001), np.int64)))
    same = tuple(state[0].touch[0]) == plain_ladder(rows, np.zeros((2, 10_001), np.int64))
    ratio = plain_s / kernel_s
    result = {
        "benchmark": "kernel_replay",
        "rows": ROWS,
        "touch_changes": moved,
        "kernel_rows_per_s": round(ROWS / kernel_s),
        "plain_rows_per_s": round(ROWS / plain_s),
        "ratio": round(ratio, 3),
        "gate": GATE,
        "same_touch": same,
        "late": int(state[0].count[0, Count.LATE]),
        "crossed": int(state[0].count[0, Count.CROSSED]),
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(result))
    return 0 if same and ratio >= GATE else 1


if __name__ == "__main__":
    sys.exit(main())
