"""polydesk over the day.

Usage: polydesk_day.py book|parquet|woken|maker|maker_feed|process FOLDER
``book`` applies rows held in memory, ``parquet`` reads them from the tape as they are applied, ``woken`` calls the
maker's rule in Python at every change of the touch, over the simulated exchange with its latencies. ``maker`` is the
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
from day import TICK_G4, market  # noqa: E402

from polydesk.exchange import ExchangeConfig, SimulatedExchange  # noqa: E402
from polydesk.kernel import WakeBit, advance, new_books, new_fills, new_own, new_wake, touch  # noqa: E402
from polydesk.model.grid import FAR_NS  # noqa: E402
from polydesk.model.ids import IntentId, intent_id  # noqa: E402
from polydesk.model.orders import Intent, OrderType, Purpose, Side  # noqa: E402
from polydesk.model.records import Fill, OrderRejected  # noqa: E402
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


class Maker:
    """The rule of ``README.md``; an offer is a bid for the other token, because nothing is sold that is not held."""

    def __init__(self, venue: SimulatedExchange) -> None:
        self.venue = venue
        self.quoted, self.pause, self.names = -10 * ONE, 0, 0
        self.again = FAR_NS
        self.working: list[IntentId] = []
        self.quotes = 0

    def look(self, now: int, bid: int, ask: int) -> None:
        """Replace both quotes when the mid has moved a tick since the last time, at most once a second."""
        self.again = FAR_NS
        if not bid or ask == ONE or abs(bid + ask - self.quoted) < 2 * TICK_G4:
            return
        if now < self.pause:
            self.again = self.pause
            return
        for name in self.working:
            self.venue.cancel(name, self.venue.arrival_ns(name, now, cancel=True))
        self.working = [self._send(now, 0, bid), self._send(now, 1, ONE - ask)]
        self.quoted, self.pause = bid + ask, now + PAUSE_NS
        self.quotes += 1

    def _send(self, now: int, token: int, price_g4: int) -> IntentId:
        self.names += 1
        name = intent_id(self.names)
        order = Intent(
            name, "maker", 0, token, Side.BUY, OrderType.GTC, True, price_g4, SIZE_U6, Purpose.QUOTE, "", 0, ()
        )
        self.venue.send(order, self.venue.arrival_ns(name, now))
        return name


def woken(folder: Path) -> dict[str, object]:
    """Time the maker called in Python at every change of the touch, with all its orders, answers and fills."""
    rows = np.load(folder / "rows.npy")
    times = []
    for stop in (1_000, len(rows)):
        kernel = state()
        books, own, fills, wake = kernel
        wake.mask[0] = WakeBit.TOUCH
        venue = SimulatedExchange(STEADY, 1, (market(0),), (), 10**15, books, own, fills)
        maker = Maker(venue)
        index = wakes = told_fills = refused = volume = 0
        times_of = rows["ts_ns"]
        began = time.perf_counter()
        while index < stop:
            after = advance(*kernel, rows, index, stop, min(venue.next_ns(), maker.again))
            if fills.n[0]:
                venue.collect(int(times_of[after - 1]))
            if wake.out[0] >= 0 and wake.out[1] & WakeBit.TOUCH:
                wakes += 1
                maker.look(int(times_of[after - 1]), *touch(books, 0, 0))
            while after < stop and venue.next_ns() <= times_of[after]:
                news = venue.happen(after)
                if isinstance(news, Fill):
                    told_fills += 1
                    volume += news.size_u6
                elif isinstance(news, OrderRejected):
                    refused += 1
            if after < stop and maker.again <= times_of[after]:
                wakes += 1
                maker.look(maker.again, *touch(books, 0, 0))
            index = after
        times.append(time.perf_counter() - began)
    return {
        "rows": len(rows), "replay_s": times[-1], "calls": wakes, "quotes": maker.quotes, "fills": told_fills,
        "volume": volume / 10**6, "refused": refused,
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
