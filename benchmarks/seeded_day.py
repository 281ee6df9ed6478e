"""A seeded day of one token: two million level changes, hourly snapshots, trades, a mid that wanders.

Messages of one to four changes arrive in bursts; about one message in eighty is a trade that takes from the touch and
is followed by the change of its level. The book is never crossed between messages.
"""

from typing import Any

import numba
import numpy as np

from polydesk.model.rows import RowFlag, RowKind, empty_rows

CHANGES = 2_000_000
DAY_NS = 86_400 * 10**9
START_NS = 1_785_888_000 * 10**9
TICKS = 100
_SNAPSHOT, _CHANGE, _PRINT = int(RowKind.SNAPSHOT), int(RowKind.CHANGE), int(RowKind.PRINT)
_LAST, _FIRST = int(RowFlag.LAST), int(RowFlag.FIRST)
_HOUR_NS = 3_600 * 10**9


@numba.njit(cache=True)
def _write(rows: Any, at: int, ts_ns: int, kind: int, side: int, tick: int, size: int) -> int:
    row = rows[at]
    row["seq"] = at
    row["ts_ns"] = row["venue_ns"] = ts_ns
    row["kind"], row["side"], row["price_g4"], row["size_u6"] = kind, side, tick * 100, size
    return at + 1


@numba.njit(cache=True)
def _ms(now_ns: float) -> int:
    return int(now_ns) // 1_000_000 * 1_000_000


@numba.njit(cache=True)
def _amount(mean: float, spread: float) -> int:
    return int(np.random.lognormal(mean, spread) * 100) * 10_000 + 1_000_000


@numba.njit(cache=True)
def _touch(book: Any) -> tuple[int, int]:
    bid, ask = TICKS - 1, 1
    while bid > 0 and book[0, bid] == 0:
        bid -= 1
    while ask < TICKS and book[1, ask] == 0:
        ask += 1
    return bid, ask


@numba.njit(cache=True)
def _level(book: Any, target: float) -> tuple[int, int, int]:
    """Return side, tick and new size of one change."""
    bid, ask = _touch(book)
    gap = target - (bid + ask) / 2
    side = 1 if np.random.random() < 0.5 else -1
    best = bid if side > 0 else ask
    lean = gap * side
    away = int(np.random.exponential(3.4))
    draw = np.random.random()
    if lean > 0.5 and ask - bid > 1 and draw < 0.5:
        return side, best + side, _amount(4.5, 1.0)
    if lean < -0.5 and draw < 0.5 and 2 < best < TICKS - 2:
        return side, best, 0
    if ask - bid > 2 and draw < 0.3:
        return side, best + side, _amount(4.5, 1.0)
    tick = min(max(best - side * away, 1), TICKS - 1)
    gone = away > 2 and np.random.random() < 0.1
    return side, tick, 0 if gone else _amount(5.0, 1.2)


@numba.njit(cache=True)
def _fill(rows: Any, seed: int, changes: int) -> int:
    np.random.seed(seed)
    book = np.zeros((2, TICKS + 1), np.int64)
    middle = 42
    for tick in range(1, TICKS):
        if tick != middle:
            book[0 if tick < middle else 1, tick] = _amount(5.5, 1.0)
    target, now, at, done, hot, snapshot = float(middle), float(START_NS), 0, 0, False, float(START_NS)
    mean_gap = DAY_NS / (changes / 1.75) * 0.985
    while done < changes:
        if now >= snapshot:
            first = at
            for half in range(2):
                for tick in range(1, TICKS):
                    if book[half, tick]:
                        at = _write(rows, at, _ms(now), _SNAPSHOT, 1 - 2 * half, tick, book[half, tick])
            rows[first]["flags"] = _FIRST
            rows[at - 1]["flags"] |= _LAST
            snapshot += _HOUR_NS
        if np.random.random() < 0.01:
            hot = not hot
        now += np.random.exponential(mean_gap * (0.2 if hot else 1.8))
        ts_ns = _ms(now)
        target += np.random.normal() * 0.06
        target = min(max(target, 24 - target if target < 12 else 12.0), 176 - target if target > 88 else 88.0)
        bid, ask = _touch(book)
        if np.random.random() < 0.012 and bid > 0 and ask < TICKS:
            side = 1 if np.random.random() < (0.75 if target > (bid + ask) / 2 else 0.25) else -1
            half, tick = (1, ask) if side > 0 else (0, bid)
            size = min(_amount(3.5, 1.2), book[half, tick])
            at = _write(rows, at, ts_ns, _PRINT, side, tick, size)
            rows[at - 1]["flags"] = _LAST
            book[half, tick] -= size
            at = _write(rows, at, ts_ns, _CHANGE, -side, tick, book[half, tick])
            rows[at - 1]["flags"] = _LAST
            done += 1
            continue
        draw = np.random.random()
        count = 2 if draw < 0.35 else 3 if draw < 0.45 else 4 if draw < 0.5 else 1
        for _ in range(count):
            side, tick, size = _level(book, target)
            book[0 if side > 0 else 1, tick] = size
            at = _write(rows, at, ts_ns, _CHANGE, side, tick, size)
            done += 1
        rows[at - 1]["flags"] = _LAST
    return at


def seeded_day(seed: int, changes: int = CHANGES) -> np.ndarray:
    """Return the rows of a day, shape (n,) of ``ROW_DTYPE``, for one market with a tick of one cent."""
    rows = empty_rows(changes + changes // 8 + 26 * 2 * TICKS + 1_000)
    return rows[: _fill(rows, seed, changes)]
