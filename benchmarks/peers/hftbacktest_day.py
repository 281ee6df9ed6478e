"""hftbacktest over the day; run by a Python that has it.

Usage: hftbacktest_day.py book|maker|woken FOLDER
``maker`` polls once a second, the package's own idiom; ``woken`` looks at every message.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

began_import = time.perf_counter()
from hftbacktest import (  # noqa: E402
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype  # noqa: E402
from numba import njit, uint64  # noqa: E402

import_s = time.perf_counter() - began_import
LATENCY_NS, PAUSE_NS, LEVELS = 50_000_000, 1_000_000_000, 100
HOUR_NS = 3_600_000_000_000
FOUND, STOPPED = (0, 2), 1


def events(day: np.lib.npyio.NpzFile) -> np.ndarray:
    """Return the day as the package's own events: two clears before each snapshot."""
    kind, side = day["kind"], day["side"]
    opens = (kind == 1) & (day["first"] == 1)
    index = np.repeat(np.arange(len(kind)), 1 + 2 * opens)
    made = np.zeros(len(index), event_dtype)
    names = np.array([0, DEPTH_SNAPSHOT_EVENT, DEPTH_EVENT, TRADE_EVENT], np.uint64)
    way = np.where(side > 0, np.uint64(BUY_EVENT), np.uint64(SELL_EVENT))
    made["ev"] = (names[kind] | way)[index]
    made["px"], made["qty"] = np.round(day["price"] / LEVELS, 2)[index], (day["lots"] / 100)[index]
    starts = np.flatnonzero(opens) + 2 * np.arange(int(opens.sum()))
    for offset, flag, price in ((0, BUY_EVENT, 0.0), (1, SELL_EVENT, 1.0)):
        made["ev"][starts + offset] = DEPTH_CLEAR_EVENT | flag
        made["px"][starts + offset], made["qty"][starts + offset] = price, 0.0
    made["ev"] |= np.uint64(EXCH_EVENT | LOCAL_EVENT)
    made["exch_ts"] = made["local_ts"] = day["ts_ns"][index]
    return made


def backtest(data: np.ndarray) -> ROIVectorMarketDepthBacktest:
    asset = (
        BacktestAsset()
        .data([data])
        .linear_asset(1.0)
        .risk_adverse_queue_model()
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.01)
        .lot_size(0.01)
        .last_trades_capacity(0)
        .roi_lb(0.0)
        .roi_ub(1.0)
    )
    return ROIVectorMarketDepthBacktest([asset])


@njit
def book(hbt, end_ns):  # noqa: ANN001, ANN201
    steps = 0
    while hbt.elapse(60 * PAUSE_NS) == 0:
        steps += 1
    return steps


@njit
def quote(hbt, bid, ask, number):  # noqa: ANN001, ANN201
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if order.cancellable:
            hbt.cancel(0, order.order_id, False)
    hbt.clear_inactive_orders(0)
    hbt.submit_buy_order(0, number, bid, 10.0, GTX, LIMIT, False)
    hbt.submit_sell_order(0, number + uint64(1), ask, 10.0, GTX, LIMIT, False)


@njit
def maker(hbt, end_ns):  # noqa: ANN001, ANN201
    quoted, number, quotes = -1000, uint64(1), 0
    while hbt.elapse(PAUSE_NS) == 0:
        depth = hbt.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if bid > 0 and ask < LEVELS and abs(bid + ask - quoted) >= 2:
            quote(hbt, depth.best_bid, depth.best_ask, number)
            number += uint64(2)
            quotes += 1
            quoted = bid + ask
    return quotes


@njit
def woken(hbt, end_ns):  # noqa: ANN001, ANN201
    quoted, number, quotes, pause = -1000, uint64(1), 0, 0
    while hbt.wait_next_feed(False, HOUR_NS) in FOUND:
        now = hbt.current_timestamp
        if now >= end_ns:
            break
        if now < pause:
            continue
        depth = hbt.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if bid > 0 and ask < LEVELS and abs(bid + ask - quoted) >= 2:
            quote(hbt, depth.best_bid, depth.best_ask, number)
            number += uint64(2)
            quotes += 1
            quoted, pause = bid + ask, now + PAUSE_NS
    return quotes


def main() -> int:
    path, folder = sys.argv[1], Path(sys.argv[2])
    began = time.perf_counter()
    data = events(np.load(folder / "columns.npz"))
    load_s = time.perf_counter() - began
    run = {"book": book, "maker": maker, "woken": woken}[path]
    began = time.perf_counter()
    few = data[:3000].copy()  # the engine keeps a pointer into it
    warm = backtest(few)
    run(warm, int(few["local_ts"][-1]) - 1)
    warm.close()
    jit_s = time.perf_counter() - began
    hbt = backtest(data)
    began = time.perf_counter()
    quotes = run(hbt, int(data["local_ts"][-1]) - 1)
    replay_s = time.perf_counter() - began
    state = hbt.state_values(0)
    told = {
        "engine": "hftbacktest", "path": path, "rows": len(data), "replay_s": replay_s, "import_s": import_s,
        "load_s": load_s, "jit_s": jit_s, "quotes": quotes, "fills": int(state.num_trades),
        "volume": float(state.trading_volume),
    }  # fmt: skip
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
