"""Strategies that know more than they may, or are not sure of what they do; loaded from this file by the tests."""

import gc
import os
import random
from pathlib import Path

import msgspec

from polydesk.model.market import Resolution
from polydesk.model.orders import Term
from polydesk.model.reasons import Hold
from polydesk.signals import Signal, Strategy, StrategyParams, Wait
from polydesk.tape.manifest import Manifest


class Memory(msgspec.Struct):
    """How often it was asked, and a slow count of what it saw."""

    asked: int = 0
    average: float = 0.5


def buy(token, worth=0.3):
    return Signal(token, 0.9, worth, 1.0, (Term("known", worth),))


class Honest(Strategy[StrategyParams, Memory]):
    """Buys what is cheap."""

    name = "honest"
    state_type = Memory

    def decide(self, view, state):
        if not view.two_sided or view.crossed:
            return Wait(Hold.ONE_SIDED)
        return buy(int(view.mid > 0.5))


class Narrow(Honest):
    """Knows one market in one stretch of time, and breaks when it is shown anything else."""

    name = "narrow"

    def decide(self, view, state):
        market, since_ns, until_ns = map(int, os.environ["PEEK_WITHIN"].split(","))
        if view.market.index != market or not since_ns <= view.ts_ns < until_ns:
            raise ValueError(f"shown market {view.market.index} at {view.ts_ns}")
        return super().decide(view, state)


class ReadsTheTape(Honest):
    """Reads the tape's Parquet file for the last price there will be."""

    name = "reads_the_tape"

    def decide(self, view, state):
        import pyarrow.parquet as pq

        for part in Path(os.environ["PEEK_AT"]).rglob("*.parquet"):
            prices = pq.read_table(part, columns=["price_g4"])["price_g4"]
            return buy(int(prices[-1].as_py() < 5000))
        return Wait(Hold.ONE_SIDED)


class ReadAtImport(Honest):
    """Read the tape when it was made, and never again."""

    name = "read_when_made"

    def __init__(self, params):
        super().__init__(params)
        import pyarrow.parquet as pq

        parts = sorted(Path(os.environ["PEEK_AT"]).rglob("*.parquet"))
        self.future = pq.read_table(parts[0], columns=["price_g4"])["price_g4"].to_pylist()

    def decide(self, view, state):
        state.asked += 1
        return buy(int(self.future[-state.asked] < 5000))


class KnowsTheEnd(Honest):
    """Finds in the memory of the process how long the recording is."""

    name = "knows_the_end"

    def decide(self, view, state):
        if not hasattr(self, "rows"):
            self.rows = next(one for one in gc.get_objects() if isinstance(one, Manifest) and one.rows).rows
        return buy(self.rows % 2, 0.3 + self.rows / 1e9)


class KnowsTheOutcome(Honest):
    """Finds in the memory of the process how the market ends; looks there now and then, for that takes its time."""

    name = "knows_the_outcome"

    def decide(self, view, state):
        state.asked += 1
        if state.asked % 40:
            return Wait(Hold.ONE_SIDED)
        known = [one for one in gc.get_objects() if isinstance(one, Resolution) and one.market == view.market.index]
        return buy(int(known[0].payout_g4[1] > 0)) if known else Wait(Hold.ONE_SIDED)


class Dice(Honest):
    """Rolls dice."""

    name = "dice"

    def decide(self, view, state):
        return buy(random.randrange(2), random.uniform(0.2, 0.4))


class Hashes(Honest):
    """Depends on the order of a set of texts."""

    name = "hashes"

    def decide(self, view, state):
        return buy(0, 0.3 + hash("polydesk") % 97 / 1e4)


class Remembers(Honest):
    """Averages everything it ever saw: starting later is not the same."""

    name = "remembers"

    def decide(self, view, state):
        state.asked += 1
        state.average += (view.mid - state.average) / state.asked
        if not view.two_sided or view.crossed:
            return Wait(Hold.ONE_SIDED)
        return Signal(int(view.mid > state.average), min(1.0, state.average), 0.3, 1.0, (Term("known", 0.3),))


class Breaks(Honest):
    """Raises an error."""

    name = "breaks"

    def decide(self, view, state):
        raise ValueError("no idea")
