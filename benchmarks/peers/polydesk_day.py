"""polydesk over the day.

Usage: polydesk_day.py book|parquet|woken|maker|maker_feed|process FOLDER
``book`` applies rows held in memory, ``parquet`` reads them from the tape as they are applied, ``woken`` is a strategy
in Python with the maker's rule, asked by the compiled loop at every change of the touch. ``maker`` is the
compiled inventory maker of ``../maker_day.py`` with fees, caps and risk, ``maker_feed`` the same with 35 ms of feed
latency, ``process`` one such run over the tape on disk.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
began_import = time.perf_counter()
import msgspec  # noqa: E402
from day import TICK_G4  # noqa: E402

from polydesk.desk import DeskConfig  # noqa: E402
from polydesk.exchange import ExchangeConfig  # noqa: E402
from polydesk.kernel import WakeBit, advance, new_books, new_fills, new_own, new_wake, touch  # noqa: E402
from polydesk.model.grid import FAR_NS  # noqa: E402
from polydesk.model.orders import Side  # noqa: E402
from polydesk.run.compiled import driver_type  # noqa: E402
from polydesk.run.machine import new_machine  # noqa: E402
from polydesk.signals import Quote, Quotes, Strategy, StrategyParams, View  # noqa: E402
from polydesk.tape import open_tape  # noqa: E402

import_s = time.perf_counter() - began_import
PAUSE_NS, SIZE_U6, ONE = 1_000_000_000, 10_000_000, 10_000
REPEATS = 5
STEADY = ExchangeConfig(order_latency_ms=50, cancel_latency_ms=50, answer_latency_ms=50, jitter=0)


def state() -> tuple:  # type: ignore[type-arg]
    return new_books(1, np.array([TICK_G4])), new_own(1), new_fills(), new_wake(1)


def book(folder: Path) -> dict[str, object]:
    """Time the replay of rows in memory."""
    rows = np.load(folder / "rows.npy")
    times = []
    for _ in range(REPEATS):
        kernel = state()
        began = time.perf_counter()
        advance(*kernel, rows, 0, len(rows), FAR_NS)
        times.append(time.perf_counter() - began)
    bid, ask = touch(kernel[0], 0, 0)
    return {"rows": len(rows), "replay_s": min(times), "touch": [bid // TICK_G4, ask // TICK_G4]}


def parquet(folder: Path) -> dict[str, object]:
    """Time the replay of the tape from disk, decoding included."""
    times, count = [], 0
    for _ in range(REPEATS):
        kernel, count = state(), 0
        began = time.perf_counter()
        for rows in open_tape(folder / "tape").batches():
            advance(*kernel, rows, 0, len(rows), FAR_NS)
            count += len(rows)
        times.append(time.perf_counter() - began)
    return {"rows": count, "replay_s": min(times)}


class Rule(StrategyParams):
    """Parameters of the maker: none."""


class Quoted(msgspec.Struct):
    """What stands: the mid it was made for (twice, grid), when it may move, bid of each token, shares held before."""

    mid: int = -10 * ONE
    pause_ns: int = 0
    bids: tuple[int, int] = (0, 0)
    held: tuple[int, int] = (0, 0)
    filled: tuple[int, int] = (SIZE_U6, SIZE_U6)
    quotes: Quotes = Quotes(())


class Maker(Strategy[Rule, Quoted]):
    """The rule of ``README.md``; an offer is a bid for the other token, because nothing is sold that is not held."""

    name = "maker"
    state_type = Quoted
    moved = 0

    def decide(self, view: View, state: Quoted) -> Quotes:
        """Replace both quotes when the mid has moved a tick since the last time, at most once a second."""
        mid, held = view.bid_g4 + view.ask_g4, (view.held[0].shares_u6, view.held[1].shares_u6)
        if view.two_sided and abs(mid - state.mid) >= 2 * TICK_G4 and view.ts_ns >= state.pause_ns:
            state.mid, state.pause_ns, state.held, state.filled = mid, view.ts_ns + PAUSE_NS, held, (-1, -1)
            state.bids = view.bid_g4, ONE - view.ask_g4
            self.moved += 1
        filled = held[0] - state.held[0], held[1] - state.held[1]
        if filled != state.filled:
            # What was filled is not offered again before the mid moves.
            state.filled = filled
            state.quotes = Quotes(
                tuple(
                    Quote(token, Side.BUY, state.bids[token], SIZE_U6 - filled[token], ())
                    for token in (0, 1)
                    if filled[token] < SIZE_U6
                )
            )
        return state.quotes


def woken(folder: Path) -> dict[str, object]:
    """Time the maker asked in Python at every change of the touch: a whole session without records."""
    from maker_day import Day

    tape = open_tape(folder / "tape")
    day = Day(np.load(folder / "rows.npy"), tape.manifest)
    wide = {"max_market_exposure": 900_000, "max_total_exposure": 900_000, "daily_loss_fraction": 0}
    config = DeskConfig.model_validate({"cash": 1_000_000, "risk": wide, "orders": {"requote_tolerance": 0}})
    runs = []
    for _ in range(1 + REPEATS):
        machine = new_machine(tape.manifest, config, STEADY, 1)
        machine.wake.mask[:] = WakeBit.TOUCH
        machine.desk.strategies.clear()
        maker = machine.desk.strategies["maker"] = Maker(Rule())
        driver = driver_type()(day, machine, None, lambda _progress: None)
        began = time.perf_counter()
        reason = driver.run()
        runs.append((time.perf_counter() - began, driver.result(reason), maker.moved))
    _, result, moved = runs[0]
    return {
        "rows": len(day.rows), "replay_s": min(took for took, _, _ in runs[1:]), "calls": result.wakes, "quotes": moved,
        "orders": result.orders, "fills": result.fills, "volume": result.volume_u6 / 10**6,
        "refused": sum(result.refusals.values()),
    }  # fmt: skip


def compiled(folder: Path, feed_ms: float) -> dict[str, object]:
    """Time the compiled maker over rows in memory."""
    from maker_day import Day, run

    tape = open_tape(folder / "tape")
    day = Day(np.load(folder / "rows.npy"), tape.manifest)
    runs = [run(day, feed_ms) for _ in range(1 + REPEATS)]
    return {"rows": len(day.rows), "replay_s": min(took for _, took in runs[1:]), "fills": runs[0][0].fills}


def process(folder: Path) -> dict[str, object]:
    """Run the compiled maker over the tape on disk, once."""
    from maker_day import run

    result, seconds = run(open_tape(folder / "tape"), 0.0)
    return {"rows": result.rows, "replay_s": seconds, "fills": result.fills}


def main() -> int:
    path, folder = sys.argv[1], Path(sys.argv[2])
    runs: dict[str, Callable[[Path], dict[str, object]]] = {
        "book": book,
        "parquet": parquet,
        "woken": woken,
        "maker": lambda day: compiled(day, 0.0),
        "maker_feed": lambda day: compiled(day, 35.0),
        "process": process,
    }
    print(json.dumps({"engine": "polydesk", "path": path, "import_s": import_s, **runs[path](folder)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
