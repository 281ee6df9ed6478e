"""The inventory maker over a seeded day of one token, compiled: order latency, queue, fees and caps.

Prints one JSON line: rows per processor second with the rows in memory (the best of several runs), the same for a
plain ladder loop over the day's changes (the floor: no venue, no desk), their ratio, then a whole process over the same
day on disk with its wall time and peak memory. Machines differ and drift, ratios less so. ``--seed`` makes another day.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from polydesk.model.fees import assumed_schedule
from polydesk.model.ids import ConditionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.rows import RowKind
from polydesk.tape import Manifest, TapeWriter, open_tape
from seeded_day import START_NS

REPEATS = 5
MAKER = {
    "half_spread": 0.005, "imbalance_weight": 0, "inventory_skew": 0, "widening": 0, "requote_move": 0.01,
    "requote_s": 1, "depth_levels": 1, "quote_shares": 10, "max_inventory": 100_000, "max_spread": 0.2,
    "exits": {"before_end_s": 0},
}  # fmt: skip
"""The rule of ``peers/README.md``: ten shares at the best bid and ask, moved a tick at a time and once a second."""
CAPS = {"max_market_exposure": 900_000, "max_total_exposure": 900_000, "daily_loss_fraction": 0.5}


def market() -> Market:
    def assumed(value: Any) -> Fact[Any]:
        return Fact(value, Origin.ASSUMED, "made")

    return Market(
        0, ConditionId("0x" + "0" * 64), "seeded-day", "", assumed("crypto"),
        (
            Token(TokenId("1"), "Up", Origin.ASSUMED, recorded=True),
            Token(TokenId("2"), "Down", Origin.ASSUMED, recorded=False),
        ),
        assumed(100), assumed(5_000_000), assumed_schedule("crypto"), assumed(START_NS), assumed(None),
        Fact(value=False, origin=Origin.ASSUMED), assumed(0),
    )  # fmt: skip


class Day:
    """A tape in memory."""

    def __init__(self, rows: np.ndarray, manifest: Manifest) -> None:
        self.rows, self.manifest = rows, manifest

    def batches(self, start: int = 0, batch_rows: int = 0) -> Any:
        """Yield the rows in batches, as a tape does."""
        for low in range(start, len(self.rows), batch_rows):
            yield self.rows[low : low + batch_rows]


def run(tape: Any, feed_ms: float) -> Any:
    """Run the maker and return what it came to and the processor seconds it took."""
    from polydesk.desk import DeskConfig
    from polydesk.exchange import ExchangeConfig
    from polydesk.run.compiled import driver_type
    from polydesk.run.machine import new_machine

    strategies = {"mean_reversion": {"enabled": False}, "inventory_maker": MAKER}
    config = DeskConfig(cash=1_000_000, strategies=strategies, risk=CAPS)
    machine = new_machine(tape.manifest, config, ExchangeConfig(feed_latency_ms=feed_ms), 1)
    driver = driver_type()(tape, machine, None, lambda _progress: None)
    began = time.process_time()
    reason = driver.run()
    return driver.result(reason), time.process_time() - began


def write_day(folder: Path, rows: np.ndarray) -> Any:
    with TapeWriter(folder, "venue", constructed=True) as writer:
        writer.append(rows)
        writer.finish([market()], [], ())
    return open_tape(folder)


def alone(folder: str, feed_ms: float) -> None:
    """Run over a tape on disk and print rows and peak memory: one whole process."""
    result, _ = run(open_tape(Path(folder)), feed_ms)
    # Not getrusage: its peak counts the parent's memory from before the program was loaded.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    told = {"rows": result.rows, "fills": result.fills, "peak_mb": round(peak_kb / 1024), "cpu_s": time.process_time()}
    print(json.dumps(told))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--feed-ms", type=float, default=0.0)
    parser.add_argument("--alone", default="", help="folder of a tape; run over it once and exit")
    given = parser.parse_args()
    if given.alone:
        alone(given.alone, given.feed_ms)
        return 0
    from kernel_replay import plain_ladder
    from seeded_day import seeded_day

    rows = seeded_day(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        tape = write_day(Path(folder) / "day", rows)
        day = Day(rows, tape.manifest)
        changes = rows[rows["kind"] == RowKind.CHANGE]
        runs, floors = [], []
        for _ in range(1 + REPEATS):  # in turns, so that a busy machine slows both alike
            runs.append(run(day, given.feed_ms))
            began = time.process_time()
            plain_ladder(changes, np.zeros((2, 10_001), np.int64))
            floors.append(time.process_time() - began)
        result, seconds = runs[0][0], min(took for _, took in runs[1:])
        floor = len(changes) / min(floors[1:])
        argv = [sys.executable, __file__, "--alone", str(Path(folder) / "day"), "--feed-ms", str(given.feed_ms)]
        began = time.perf_counter()
        told = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        whole_s = time.perf_counter() - began
    print(
        json.dumps(
            {
                "benchmark": "maker_day", "seed": given.seed, "feed_ms": given.feed_ms, "rows": len(rows),
                "wakes": result.wakes, "orders": result.orders, "cancels": result.cancels, "fills": result.fills,
                "refusals": result.refusals, "pnl": [pnl / 1e6 for pnl in result.pnl_u6],
                "rows_per_s": round(len(rows) / seconds), "plain_rows_per_s": round(floor),
                "ratio": round(len(rows) / seconds / floor, 3), "seconds": round(seconds, 4),
                "process_s": round(whole_s, 3), "process_cpu_s": round(told["cpu_s"], 3),
                "process_peak_mb": told["peak_mb"], "broken": result.broken,
                "machine": platform.processor() or platform.machine(),
            }
        )
    )  # fmt: skip
    return 0 if not result.broken else 1


if __name__ == "__main__":
    sys.exit(main())
