"""Walk converted files with the real hftbacktest; write best bid and ask after each local time.

Runs in an environment that has hftbacktest 2.4: ``python hftbacktest_touch.py FOLDER OUT.npz``.
"""

import json
import sys
from pathlib import Path

import numpy as np
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from hftbacktest.data import validate_event_order
from hftbacktest.types import event_dtype
from numba import njit

ONE = 10_000
NO_BID, NO_ASK = np.iinfo(np.int64).min, np.iinfo(np.int64).max
A_YEAR = 365 * 86_400 * 10**9


@njit
def walk(backtest, out):
    steps = 0
    while backtest.wait_next_feed(False, A_YEAR) == 2:
        depth = backtest.depth(0)
        out[steps, 0] = backtest.current_timestamp
        out[steps, 1] = depth.best_bid_tick
        out[steps, 2] = depth.best_ask_tick
        steps += 1
    return steps


def touches(path, tick_size, lot_size):
    data = np.load(path)["data"]
    if data.dtype != event_dtype:
        raise SystemExit(f"{path}: dtype {data.dtype}")
    validate_event_order(data)
    asset = (
        BacktestAsset()
        .data(str(path))
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0, 0)
        .tick_size(tick_size)
        .lot_size(lot_size)
    )
    backtest = HashMapMarketDepthBacktest([asset])
    out = np.zeros((len(data) + 1, 3), np.int64)
    out = out[: walk(backtest, out)]
    backtest.close()
    step = round(tick_size * ONE)
    out[:, 1] = np.where(out[:, 1] == NO_BID, 0, out[:, 1] * step)
    out[:, 2] = np.where(out[:, 2] == NO_ASK, ONE, out[:, 2] * step)
    return out


folder = Path(sys.argv[1])
told = json.loads((folder / "conversion.json").read_text())
np.savez(
    sys.argv[2],
    **{
        f"{market['index']}/{market['token']}": touches(folder / file["file"], file["tick_size"], file["lot_size"])
        for market, file in zip(told["markets"], told["files"], strict=True)
    },
)
