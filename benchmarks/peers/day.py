"""A seeded market day as tape rows: snapshots, level changes, prints; one token or many interleaved, any length.

Written chunk by chunk from a few small arrays: a day of 100 million rows needs no more memory than one of 2 million.
Per token: 99 levels of one cent, a mid that follows a slow random walk, bursty arrivals, messages of one to four
changes, about one message in eighty a print followed by the change of the level it hit, a snapshot at the start and
every hour. Between messages the book is never crossed.

Usage: day.py --seed N --rows N [--tokens N] --out FOLDER
Writes ``rows.npy`` (tape rows), ``columns/*.bin`` (one raw little-endian file per column, for C), ``columns.npz``
(the same for other programs), ``tape/`` (Parquet) and ``day.json``.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np

from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.ids import ConditionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.rows import ROW_DTYPE
from polydesk.tape import TapeWriter

START_NS = 1_785_888_000_000_000_000
DAY_NS = 86_400_000_000_000
LEVELS = 100
TICK_G4 = 100
LOT_U6 = 10_000
ROWS_PER_MESSAGE = 1.72
LONGEST = 2 * LEVELS
"""Most rows of one message: a snapshot."""


@numba.njit
def _lots(mean: float, spread: float) -> int:
    return int(np.random.lognormal(mean, spread) * 100) + 100


@numba.njit
def _best(size: Any) -> tuple[int, int]:
    bid = LEVELS - 1
    while bid > 0 and size[0, bid] == 0:
        bid -= 1
    ask = 1
    while ask < LEVELS and size[1, ask] == 0:
        ask += 1
    return bid, ask


@numba.njit
def _write(rows: Any, at: int, kind: int, side: int, price: int, lots: int, flags: int) -> int:
    row = rows[at]
    row["kind"], row["side"], row["flags"] = kind, side, flags
    row["price_g4"], row["size_u6"] = price * 100, lots * 10_000
    return at + 1


@numba.njit
def _snapshot(rows: Any, at: int, size: Any) -> int:
    first = at
    for half in range(2):
        for price in range(1, LEVELS):
            if size[half, price] > 0:
                at = _write(rows, at, 1, 1 - 2 * half, price, size[half, price], 2 if at == first else 0)
    rows[at - 1]["flags"] |= 1
    return at


@numba.njit
def _trade(rows: Any, at: int, size: Any, up: int) -> int:
    bid, ask = _best(size)
    half, price, side = (1, ask, 1) if up else (0, bid, -1)
    lots = min(_lots(3.5, 1.2), size[half, price])
    size[half, price] -= lots
    at = _write(rows, at, 3, side, price, lots, 1)
    return _write(rows, at, 2, -side, price, size[half, price], 1)


@numba.njit
def _change(rows: Any, at: int, size: Any, gap: float, flags: int) -> int:
    # One change of one side: mostly sizes away from the touch, now and then a step of the touch towards the fair price.
    bid, ask = _best(size)
    half = 0 if np.random.random() < 0.5 else 1
    inward = 1 - 2 * half
    best, other = (bid, ask) if half == 0 else (ask, bid)
    spread = ask - bid
    draw = np.random.random()
    pull = gap * inward
    if spread > 1 and draw < (0.5 if pull > 0.5 else 0.3 if spread > 2 else 0.0):
        price, lots = best + inward, _lots(4.5, 1.0)
    elif pull < -0.5 and draw < 0.5 and 2 < best < LEVELS - 2:
        price, lots = best, 0
    else:
        away = int(np.random.exponential(3.4))
        price = min(max(best - inward * away, 1), LEVELS - 1)
        lots = 0 if away > 2 and np.random.random() < 0.1 else _lots(5.0, 1.2)
    if (other - price) * inward <= 0:
        lots = 0
    size[half, price] = lots
    return _write(rows, at, 2, inward, price, lots, flags)


@numba.njit
def seed_numba(seed: int) -> None:
    np.random.seed(seed)


@numba.njit
def fill(rows: Any, start: int, size: Any, fair: Any, snap: Any, clock: Any, gap_ns: float) -> int:
    """Write whole messages into ``rows`` from ``start`` on while there is room; return where they end.

    Args:
        rows: Zeroed ``ROW_DTYPE``.
        start: First free row.
        size: Lots per level, (tokens, 2, 100).
        fair: Fair price per token, ticks.
        snap: When each token's next snapshot is due, ns.
        clock: Virtual time ns, newest receive time ns, 1 in a burst, rows written so far.
        gap_ns: Mean time between two messages.
    """
    at = start
    while at + LONGEST <= len(rows):
        token = np.random.randint(0, len(fair))
        if np.random.random() < 0.01:
            clock[2] = 1 - clock[2]
        clock[0] += int(np.random.exponential(gap_ns * (0.2 if clock[2] else 1.8)))
        first = at
        if clock[0] >= snap[token]:
            snap[token] += 3_600_000_000_000
            at = _snapshot(rows, at, size[token])
        else:
            fair[token] = min(max(fair[token] + np.random.normal() * 0.06, 12.0), 88.0)
            bid, ask = _best(size[token])
            gap = fair[token] - 0.5 * (bid + ask)
            if np.random.random() < 0.012 and bid > 0 and ask < LEVELS:
                at = _trade(rows, at, size[token], int(np.random.random() < (0.75 if gap > 0 else 0.25)))
            else:
                draw = np.random.random()
                count = 1 + (draw < 0.5) + (draw < 0.15) + (draw < 0.05)
                for k in range(count):
                    at = _change(rows, at, size[token], gap, 1 if k + 1 == count else 0)
        clock[1] = max(clock[1], clock[0] + int(np.random.lognormal(17.37, 0.35)))
        for index in range(first, at):
            row = rows[index]
            row["seq"] = clock[3] + index - first
            row["ts_ns"] = row["venue_ns"] = clock[0]
            row["recv_ns"] = clock[1]
            row["market"] = token
            row["bid_g4"] = row["ask_g4"] = -1
        clock[3] += at - first
    return at


def chunks(seed: int, rows: int, tokens: int = 1, chunk: int = 1_000_000) -> Iterator[np.ndarray]:
    """Yield at least ``rows`` tape rows over one day in chunks of whole messages."""
    seed_numba(seed)
    dice = np.random.default_rng(seed)
    fair = dice.uniform(30, 60, tokens)
    size = np.zeros((tokens, 2, LEVELS + 1), np.int64)
    for token in range(tokens):
        bid = int(fair[token])
        size[token, 0, 1 : bid + 1] = (dice.lognormal(5.5, 1.0, bid) * 100).astype(np.int64) + 1
        size[token, 1, bid + 1 : LEVELS] = (dice.lognormal(5.5, 1.0, LEVELS - 1 - bid) * 100).astype(np.int64) + 1
    snap = np.full(tokens, START_NS, np.int64)
    clock = np.array([START_NS, START_NS, 0, 0], np.int64)
    gap_ns = DAY_NS / (rows / ROWS_PER_MESSAGE)
    while clock[3] < rows:
        made = np.zeros(min(chunk, rows - int(clock[3])) + LONGEST, ROW_DTYPE)
        yield made[: fill(made, 0, size, fair, snap, clock, gap_ns)]


def market(index: int) -> Market:
    """Return the facts of one constructed token."""
    category, tick, least = (
        Fact("crypto", Origin.DERIVED),
        Fact(TICK_G4, Origin.DERIVED),
        Fact(5_000_000, Origin.DERIVED),
    )
    free = FeeSchedule((FeeRate(0, 0),), "derived", "constructed without fees")
    nothing: Fact[int | None] = Fact(None, Origin.DERIVED)
    pair = tuple(
        Token(TokenId(f"derived:{2 * index + k}"), name, Origin.DERIVED, k == 0)
        for k, name in enumerate(("Up", "Down"))
    )
    return Market(
        index, ConditionId(f"derived:day-{index}"), f"constructed-day-{index}", "", category, (pair[0], pair[1]), tick,
        least, free, nothing, nothing, Fact(value=False, origin=Origin.DERIVED), Fact(0, Origin.DERIVED),
    )  # fmt: skip


def write_tape(seed: int, rows: int, tokens: int, out: Path) -> int:
    """Stream a day to a tape; return how many rows it holds."""
    with TapeWriter(out, constructed=True) as writer:
        for made in chunks(seed, rows, tokens):
            writer.append(made)
        writer.finish(tuple(market(index) for index in range(tokens)), (), ())
        return writer.rows


def columns(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the day in ticks and lots, one array per column; ``first`` marks the first row of a message."""
    last = (rows["flags"] & 1).astype(np.uint8)
    return {
        "ts_ns": rows["ts_ns"].copy(),
        "recv_ns": rows["recv_ns"].copy(),
        "kind": rows["kind"].copy(),
        "side": rows["side"].copy(),
        "price": (rows["price_g4"] // TICK_G4).astype(np.int32),
        "lots": rows["size_u6"] // LOT_U6,
        "first": np.concatenate(([1], last[:-1])).astype(np.uint8),
        "last": last,
    }


def write_day(seed: int, rows: int, out: Path) -> dict[str, Any]:
    """Write one token's day in every form the engines read; return what ``day.json`` says."""
    made = np.concatenate(list(chunks(seed, rows)))
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "rows.npy", made)
    split = columns(made)
    np.savez(out / "columns.npz", **split)
    (out / "columns").mkdir(exist_ok=True)
    for name, values in split.items():
        values.tofile(out / "columns" / f"{name}.bin")
    if not (out / "tape").exists():
        write_tape(seed, rows, 1, out / "tape")
    told = {
        "seed": seed,
        "rows": len(made),
        "messages": int(split["last"].sum()),
        "prints": int((split["kind"] == 3).sum()),
        "sha256": hashlib.sha256(made.tobytes()).hexdigest(),
    }
    (out / "day.json").write_text(json.dumps(told) + "\n")
    return told


def main() -> int:
    """Write the day that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--tokens", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    if asked.tokens == 1:
        told = write_day(asked.seed, asked.rows, asked.out)
    else:
        told = {"rows": write_tape(asked.seed, asked.rows, asked.tokens, asked.out)}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
