"""A fixed order schedule in the real hftbacktest: ``python hftbacktest_fills.py EVENTS.npz SCHEDULE.json OUT.json``.

The schedule holds sizes in shares, prices in pUSD, times in ns, the queue model and whether partial fills are on; the
answer lists what each order was seen to fill: order, exchange time, price, shares.
"""

import json
import sys
from pathlib import Path

import numpy as np
from hftbacktest import GTC, LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from numba import njit, uint64

ENDED = 1
NUMBER, AT_NS, CANCEL_NS = range(3)
SIDE, PRICE, SIZE = range(3)
NEVER = 1 << 62


@njit
def act(backtest, when, what, done, now):
    """Send what is due."""
    for k in range(len(when)):
        number = uint64(when[k, NUMBER])
        if done[k, 0] == 0 and when[k, AT_NS] <= now:
            done[k, 0] = 1
            if what[k, SIDE] > 0:
                backtest.submit_buy_order(0, number, what[k, PRICE], what[k, SIZE], GTC, LIMIT, False)
            else:
                backtest.submit_sell_order(0, number, what[k, PRICE], what[k, SIZE], GTC, LIMIT, False)
        if done[k, 1] == 0 and when[k, CANCEL_NS] <= now:
            done[k, 1] = 1
            order = backtest.orders(0).get(number)
            if order is not None and order.cancellable:
                backtest.cancel(0, number, False)


@njit
def due(when, done):
    """Return when the next order or cancel is due."""
    first = NEVER
    for k in range(len(when)):
        if done[k, 0] == 0:
            first = min(first, when[k, AT_NS])
        elif done[k, 1] == 0:
            first = min(first, when[k, CANCEL_NS])
    return first


@njit
def run(backtest, when, what, out, numbers):
    """Step from event to event; write order and exchange time, price and size of each change of what is left."""
    done = np.zeros((len(when), 2), np.int64)
    left = what[:, SIZE].copy()
    found = 0
    now = 0
    while True:
        wait = min(max(due(when, done) - now, 1), 10**9) if now > 0 else 10**9
        if backtest.wait_next_feed(True, wait) == ENDED:
            return found
        now = backtest.current_timestamp
        for k in range(len(when)):
            order = backtest.orders(0).get(uint64(when[k, NUMBER]))
            if order is not None and order.leaves_qty < left[k] - 1e-9:
                out[found, 0], out[found, 1] = when[k, NUMBER], order.exch_timestamp
                numbers[found, 0], numbers[found, 1] = order.exec_price, left[k] - order.leaves_qty
                left[k] = order.leaves_qty
                found += 1
        act(backtest, when, what, done, now)


def main():
    events, schedule, out = map(Path, sys.argv[1:])
    asked = json.loads(schedule.read_text())
    data = np.load(events)["data"]
    data["local_ts"] = data["exch_ts"]
    asset = (
        BacktestAsset()
        .data([data])
        .linear_asset(1.0)
        .risk_adverse_queue_model()
        .constant_order_latency(asked["latency_ns"], asked["latency_ns"])
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(asked["tick_size"])
        .lot_size(asked["lot_size"])
    )
    asset = asset.partial_fill_exchange() if asked["partial"] else asset.no_partial_fill_exchange()
    backtest = HashMapMarketDepthBacktest([asset])
    when = np.array([[order[name] for name in ("number", "at_ns", "cancel_ns")] for order in asked["orders"]], np.int64)
    what = np.array([[order[name] for name in ("side", "price", "size")] for order in asked["orders"]], np.float64)
    out_rows, numbers = np.zeros((10_000, 2), np.int64), np.zeros((10_000, 2), np.float64)
    count = run(backtest, when, what, out_rows, numbers)
    state = backtest.state_values(0)
    told = {
        "fills": [[*a, *b] for a, b in zip(out_rows[:count].tolist(), numbers[:count].tolist(), strict=True)],
        "trades": int(state.num_trades),
        "volume": float(state.trading_volume),
        "position": float(state.position),
    }
    backtest.close()
    out.write_text(json.dumps(told))


main()
