"""What a wake costs an interpreted maker: a constructed day of one token, woken at every change of the touch.

Two rules: ``touch_maker`` quotes ten shares at best bid and ask and moves both when the mid has moved by a tick, at
most once a second (the rule that peers are timed with); ``inventory_maker`` is the desk's own. Each is timed three
ways, in microseconds per wake:

* ``desk``: the desk's step alone for wakes, with the venue's answers given to it from a recorded run;
* ``steps``: the same with the steps for those answers (acks, fills, ends) spread over the wakes;
* ``session``: everything, exchange and gateway included, less what the same rows cost with the desk asleep.

Times are processor time of the one thread that works, so that a busy machine disturbs them less. ``idle`` is how many
wakes wrote no record. Prints one JSON line; exits 1 when a ``desk`` figure is above 15.

Usage: python_wake.py [--seed N] [--rows N]
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from kernel_replay import FAR, TICK, fill_day
from polydesk.desk import DeskConfig, Woken, step
from polydesk.exchange import ExchangeConfig
from polydesk.kernel import WakeBit, advance
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import SHARE_U6
from polydesk.model.ids import ConditionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Hold
from polydesk.model.records import Input, Output, is_input
from polydesk.model.rows import empty_rows
from polydesk.run.driver import Driver, Machine
from polydesk.run.machine import new_machine
from polydesk.run.pace import Pace
from polydesk.run.recorder import Recorder
from polydesk.signals import Quote, Quotes, Strategy, StrategyParams, View, Wait

GATE_US = 15.0
BATCH = 50_000
REPEATS = 5


class TouchParams(StrategyParams):
    """Parameters of the touch maker: none."""


class Quoted(msgspec.Struct):
    """Sum of bid and ask, grid, at the last quote, when it may be moved again, and the quotes."""

    mid: int = -1
    next_ns: int = 0
    quotes: Quotes | None = None


class TouchMaker(Strategy[TouchParams, Quoted]):
    """Ten shares at best bid and best ask."""

    name = "inventory_maker"
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


class Kept(Recorder):
    """Keeps every record."""

    def __init__(self) -> None:
        super().__init__(None)
        self.records: list[Input | Output] = []

    def take(self, record: Input | Output) -> None:
        """Keep it."""
        self.records.append(record)


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
    strategies = {"mean_reversion": {"enabled": False}, "inventory_maker": {"exits": {"before_end_s": 0}}}
    config = DeskConfig.model_validate({"cash": 1_000_000, "strategies": strategies, "risk": wide})
    machine = new_machine(tape.manifest, config, ExchangeConfig(), 1)
    if rule == "touch_maker":
        machine.desk.strategies["inventory_maker"] = TouchMaker(TouchParams())
    return machine


def drive(tape: Any, rule: str, recorder: Recorder, mask: int | None = None) -> tuple[float, int]:
    """Run a session without a journal; return its seconds and wakes."""
    machine = machine_of(tape, rule)
    if mask is not None:
        machine.wake.mask[:] = mask
    wakes = 0

    def look(progress: Any) -> None:
        nonlocal wakes
        wakes = progress.wakes

    driver = Driver(tape, machine, recorder, Pace(None, lambda: 0), look, lambda: None)
    began = time.thread_time()
    driver.run()
    return time.thread_time() - began, wakes


def clock_s() -> float:
    """Return what reading the clock adds to an interval, in seconds."""
    clock, count = time.thread_time, 100_000
    began = clock()
    for _ in range(count):
        clock()
    return (clock() - began) / count


def desk_alone(tape: Any, rule: str, inputs: list[Input]) -> tuple[float, float, int]:
    """Feed wakes and recorded answers to a desk; return seconds in wakes, in answers, and the wakes without output."""
    machine = machine_of(tape, rule)
    desk, wake, clock = machine.desk, machine.wake, time.thread_time
    reading_s = clock_s()
    woken_s, told_s, idle, position = 0.0, 0.0, 0, 0
    for rows in tape.batches():
        base, index = int(rows["seq"][0]), 0
        while index < len(rows):
            stop = len(rows)
            if position < len(inputs):
                stop = min(stop, inputs[position].seq + 1 - base)
            index = advance(machine.books, machine.own, machine.fills, wake, rows, index, stop, FAR)
            if wake.out[0] >= 0 and int(wake.out[1]) & ~WakeBit.OWN:
                woken = Woken(base + index - 1, int(rows["ts_ns"][index - 1]), int(wake.out[0]), int(wake.out[1]))
                began = clock()
                out = step(desk, woken)
                woken_s += clock() - began - reading_s
                idle += not out
            while position < len(inputs) and inputs[position].seq == base + index - 1:
                began = clock()
                step(desk, inputs[position])
                told_s += clock() - began - reading_s
                position += 1
    return woken_s, told_s, idle


def timed(tape: Any, rule: str) -> dict[str, float]:
    """Return the figures of one rule: the best of several runs, and what happened in them."""
    kept = Kept()
    drive(tape, rule, kept)
    inputs = [record for record in kept.records if is_input(record)]
    asleep_s = min(drive(tape, rule, Recorder(None), 0)[0] for _ in range(REPEATS))
    awake = [drive(tape, rule, Recorder(None)) for _ in range(REPEATS)]
    alone = [desk_alone(tape, rule, inputs) for _ in range(REPEATS)]
    wakes, session_s = awake[0][1], min(seconds for seconds, _ in awake)
    return {
        "wakes": wakes,
        "idle": alone[0][2],
        "orders": sum(type(record).__name__ == "OrderSent" for record in kept.records),
        "desk_us": round(min(woken for woken, _, _ in alone) / wakes * 1e6, 2),
        "steps_us": round(min(woken + told for woken, told, _ in alone) / wakes * 1e6, 2),
        "session_us": round((session_s - asleep_s) / wakes * 1e6, 2),
        "rows_per_s": round(tape.manifest.rows / session_s),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7, help="seed of the constructed day")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the day")
    given = parser.parse_args()
    rows = empty_rows(given.rows)
    fill_day(rows, given.seed, TICK)
    tape = InMemory(rows, the_market())
    rules = {rule: timed(tape, rule) for rule in ("touch_maker", "inventory_maker")}
    worst = max(figures["desk_us"] for figures in rules.values())
    result = {
        "benchmark": "python_wake",
        "seed": given.seed,
        "rows": given.rows,
        **rules,
        "gate_us": GATE_US,
        "cpu": platform.processor() or platform.machine(),
    }
    print(json.dumps(result))
    return int(worst > GATE_US)


if __name__ == "__main__":
    sys.exit(main())
