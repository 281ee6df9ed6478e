"""What a wake costs a strategy in Python: a constructed day of one token, woken at every change of the touch.

Two strategies: ``touch_maker`` quotes ten shares at best bid and ask and moves both when the mid has moved by a tick,
at most once a second (the rule that peers are timed with); ``mean_reversion`` is the desk's own. A whole session of
each, exchange, orders, answers and account included, less what the same rows cost with the desk asleep, in
microseconds per wake:

* ``unrecorded_us``: the compiled loop, which asks them, keeping no records, as sweeps run it;
* ``recorded_us``: the same with every record made, and ``journal_us`` with all of them written to a journal;
* ``interpreted_us``: the interpreted desk, every record made.

Times are processor time of the one thread that works, so that a busy machine disturbs them less; the best of several
runs. Prints one JSON line; exits 1 when the touch maker's ``unrecorded_us`` is above 15 (that is the wake peers are
timed with: they keep no journal either), or its ``journal_us`` above half of ``interpreted_us``.

Usage: python_wake.py [--seed N] [--rows N]
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from kernel_replay import TICK, fill_day
from polydesk.desk import DeskConfig
from polydesk.exchange import ExchangeConfig
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import SHARE_U6
from polydesk.model.ids import ConditionId, SessionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Hold
from polydesk.model.records import SessionStarted
from polydesk.model.rows import empty_rows
from polydesk.run.compiled import driver_type
from polydesk.run.driver import Driver, Machine, Progress
from polydesk.run.machine import new_machine
from polydesk.run.pace import Pace
from polydesk.run.recorder import Recorder
from polydesk.signals import Quote, Quotes, Strategy, StrategyParams, View, Wait
from polydesk.tape.journal import JournalWriter

UNRECORDED_GATE_US = 15.0
JOURNAL_GATE = 0.5
"""Of what the interpreted desk takes without writing a journal."""
BATCH = 50_000
REPEATS = 5
EAGER = {"warm_up_s": 10, "min_deviation": 0.01, "min_confidence": 0.01, "exits": {"max_hold_s": 60}}


class TouchParams(StrategyParams):
    """Parameters of the touch maker: none."""


class Quoted(msgspec.Struct):
    """Sum of bid and ask, grid, at the last quote, when it may be moved again, and the quotes."""

    mid: int = -1
    next_ns: int = 0
    quotes: Quotes | None = None


class TouchMaker(Strategy[TouchParams, Quoted]):
    """Ten shares at best bid and best ask."""

    name = "touch_maker"
    state_type = Quoted

    def decide(self, view: View, state: Quoted) -> Quotes | Wait:
        """Move both quotes when the mid has moved by a tick."""
        if not view.two_sided or view.crossed:
            return Wait(Hold.ONE_SIDED)
        mid = view.bid_g4 + view.ask_g4
        if state.quotes is None or (view.ts_ns >= state.next_ns and abs(mid - state.mid) >= 2 * view.tick_g4):
            size = 10 * SHARE_U6
            bid = Quote(0, Side.BUY, view.bid_g4, size, (Term("bid", view.bid_g4 / 10_000),))
            ask = Quote(1, Side.BUY, 10_000 - view.ask_g4, size, (Term("bid", 1 - view.ask_g4 / 10_000),))
            state.mid, state.next_ns, state.quotes = mid, view.ts_ns + 1_000_000_000, Quotes((bid, ask))
        return state.quotes


class InMemory:
    """A tape whose rows are an array."""

    def __init__(self, rows: np.ndarray, market: Market) -> None:
        self.manifest = SimpleNamespace(markets=(market,), resolutions=(), rows=len(rows))
        self._rows = rows

    def batches(self, start: int = 0, batch_rows: int = BATCH) -> Iterator[np.ndarray]:
        """Yield the rows from ``start``."""
        for low in range(start, len(self._rows), batch_rows):
            yield self._rows[low : low + batch_rows]


def the_market() -> Market:
    def venue(value: Any) -> Any:
        return Fact(value, Origin.VENUE)

    tokens = (
        Token(TokenId("1"), "Up", Origin.VENUE, recorded=True),
        Token(TokenId("2"), "Down", Origin.VENUE, recorded=False),
    )
    return Market(
        0, ConditionId("0x0"), "constructed", "", venue("crypto"), tokens, venue(TICK), venue(5 * SHARE_U6),
        FeeSchedule((FeeRate(0, 0),), "venue"), venue(0), venue(None), venue(value=False), venue(0),
    )  # fmt: skip


def machine_of(tape: Any, rule: str) -> Machine:
    """Return a machine whose only strategy is the rule; caps are wide so that none of them silences it."""
    wide = {"max_market_exposure": 900_000, "max_total_exposure": 900_000, "daily_loss_fraction": 0}
    strategies = {"mean_reversion": EAGER, "inventory_maker": {"enabled": False}}
    small = {"position_fraction": 0.0002}
    config = DeskConfig.model_validate({"cash": 1_000_000, "strategies": strategies, "risk": wide, "sizing": small})
    machine = new_machine(tape.manifest, config, ExchangeConfig(), 1)
    if rule == "touch_maker":
        machine.desk.strategies.clear()
        machine.desk.strategies[rule] = TouchMaker(TouchParams())
    return machine


Run = Callable[[Machine, Callable[[Progress], None]], Any]
"""Makes the driver of a run over a machine, told where to look."""


def timed(tape: Any, rule: str, make: Run) -> tuple[float, Progress]:
    """Return what a wake costs in a whole session, in microseconds, and where the session ended."""
    asleep_s = min(session(tape, rule, make, asleep=True)[0] for _ in range(REPEATS))
    runs = [session(tape, rule, make) for _ in range(REPEATS)]
    progress = runs[0][1]
    return round((min(seconds for seconds, _ in runs) - asleep_s) / progress.wakes * 1e6, 2), progress


def session(tape: Any, rule: str, make: Run, *, asleep: bool = False) -> tuple[float, Progress]:
    machine, seen = machine_of(tape, rule), list[Progress]()
    if asleep:
        machine.wake.mask[:] = 0
    driver = make(machine, seen.append)
    began = time.thread_time()
    driver.run()
    return time.thread_time() - began, seen[-1]


def figures(tape: Any, rule: str, work: Path) -> dict[str, float]:
    """Return what a wake of one strategy costs in each of the ways the module names, and what happened."""
    compiled = driver_type()
    journals: list[JournalWriter] = []

    def written() -> Recorder:
        folder = work / f"{rule}-{len(journals)}"
        name = SessionId(folder.name)
        header = SessionStarted(name, 1, "backtest", 1, "memory", "", (0, tape.manifest.rows), "{}", {}, 0)
        journals.append(JournalWriter.create(folder / "journal.pdj", header, sync_every_s=1.0))
        return Recorder(journals[-1])

    def interpreted(machine: Machine, look: Callable[[Progress], None]) -> Driver:
        return Driver(tape, machine, Recorder(None), Pace(None, lambda: 0), look, lambda: None)

    unrecorded_us, progress = timed(tape, rule, lambda machine, look: compiled(tape, machine, None, look))
    recorded_us, _ = timed(tape, rule, lambda machine, look: compiled(tape, machine, Recorder(None), look))
    journal_us, _ = timed(tape, rule, lambda machine, look: compiled(tape, machine, written(), look))
    interpreted_us, other = timed(tape, rule, interpreted)
    for journal in journals:
        journal.close()
    if (progress.wakes, progress.orders, progress.fills) != (other.wakes, other.orders, other.fills):
        raise SystemExit(f"{rule}: the two desks do not agree: {progress} and {other}")
    return {
        "wakes": progress.wakes, "orders": progress.orders, "fills": progress.fills, "unrecorded_us": unrecorded_us,
        "recorded_us": recorded_us, "journal_us": journal_us, "interpreted_us": interpreted_us,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7, help="seed of the constructed day")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the day")
    given = parser.parse_args()
    rows = empty_rows(given.rows)
    fill_day(rows, given.seed, TICK)
    tape = InMemory(rows, the_market())
    with tempfile.TemporaryDirectory() as work:
        rules = {rule: figures(tape, rule, Path(work)) for rule in ("touch_maker", "mean_reversion")}
    result = {
        "benchmark": "python_wake",
        "seed": given.seed,
        "rows": given.rows,
        **rules,
        "unrecorded_gate_us": UNRECORDED_GATE_US,
        "journal_gate": JOURNAL_GATE,
        "cpu": platform.processor() or platform.machine(),
    }
    print(json.dumps(result))
    maker = rules["touch_maker"]
    slow = maker["unrecorded_us"] > UNRECORDED_GATE_US or maker["journal_us"] > JOURNAL_GATE * maker["interpreted_us"]
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
