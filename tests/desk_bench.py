"""A desk with its exchange, driven by hand or by the real driver over a made tape."""

from itertools import pairwise

from exchange_bench import MS, STEADY, T0, Bench
from polydesk.desk import DeskConfig, Woken, new_desk, next_timer_ns, step
from polydesk.exchange import ExchangeConfig
from polydesk.model.records import CancelSent, OrderSent, TimerFired
from polydesk.run.driver import Driver
from polydesk.run.machine import new_machine
from polydesk.run.pace import Pace
from polydesk.run.recorder import Recorder

EAGER = {
    "mean_reversion": {
        "warm_up_s": 1,
        "half_life_s": 20,
        "min_deviation": 0.02,
        "min_confidence": 0.0,
        "sensitivity": 0.1,
    },
    "inventory_maker": {"warm_up_s": 1, "half_spread": 0.005, "max_spread": 0.2, "widening": 0.1},
}
"""Both strategies, quick to act."""
BUSY = DeskConfig(strategies=EAGER, cost={"risk_premium": 0.0}, risk={"entry_cooldown_s": 5})
MAKER = {"mean_reversion": {"enabled": False}, "inventory_maker": {"warm_up_s": 0, "exits": {"before_end_s": 0}}}


class DeskBench(Bench):
    """A bench whose news go to a desk and whose desk's orders go to the exchange; keeps every record."""

    def __init__(self, config=None, exchange=STEADY, **more):
        super().__init__(exchange, **more)
        self.desk = new_desk(config or DeskConfig(strategies=MAKER), self.markets, self.books)
        self.records = []

    def feed(self, event):
        """Take one step and send what it permits; return its outputs."""
        out = step(self.desk, event)
        permits = iter(self.desk.permits)
        self.records += [*([] if isinstance(event, Woken) else [event]), *out]
        for one in out:
            if isinstance(one, OrderSent):
                permit = next(permits)
                assert (permit.intent, permit.checks) == (one.intent, one.checks)
                self.venue.send(one.intent, self.venue.arrival_ns(one.intent.id, one.ts_ns))
            elif isinstance(one, CancelSent):
                self.venue.cancel(one.intent, self.venue.arrival_ns(one.intent, one.ts_ns, cancel=True))
        assert next(permits, None) is None
        return out

    def until(self, ms):
        """Let the exchange and the desk's timer act up to ``ms``; return everything the desk put out."""
        out, limit = [], T0 + round(ms * MS)
        while True:
            timer = next_timer_ns(self.desk)
            due = min(self.venue.next_ns(), limit + 1 if timer is None else timer)
            if due > limit:
                break
            if self.venue.next_ns() == due:
                news = self.venue.happen(self.seq)
                if news is not None:
                    out += self.feed(news)
            else:
                out += self.feed(TimerFired(self.seq, due))
        self.now = max(self.now, limit)
        return out

    def rouse(self, ms, m=0):
        """Let everything due happen, then wake the desk for a market."""
        self.until(ms)
        return self.feed(Woken(self.seq, T0 + round(ms * MS), m, 1))

    def look(self, ms, bids, asks, m=0):
        """Show a book and wake the desk; return what it put out."""
        self.book(ms, bids, asks, m)
        return self.rouse(ms, m)


class Kept(Recorder):
    """A recorder that also keeps what it takes."""

    def __init__(self, count=0):
        super().__init__(None, (), count)
        self.records = []

    def take(self, record):
        super().take(record)
        self.records.append(record)


class Cut:
    """A tape of which only rows up to ``stop`` are read, in slices that end at ``edges``."""

    def __init__(self, tape, stop=None, edges=()):
        self.manifest = tape.manifest
        self._tape, self._stop, self._edges = tape, stop or tape.manifest.rows, edges

    def batches(self, start=0):
        edges = [start, *(edge for edge in self._edges if start < edge < self._stop), self._stop]
        for low, high in pairwise(edges):
            yield from self._tape.batches(low, high)


def session(tape, config=BUSY, exchange=None, seed=1, machine=None, checkpoint=lambda _machine, _kept: None):
    """Run the real driver over a tape; return the machine and every record."""
    machine = machine or new_machine(tape.manifest, config, exchange or ExchangeConfig(), seed)
    kept = Kept()
    driver = Driver(
        tape, machine, kept, Pace(None, lambda: 0), lambda _progress: None, lambda: checkpoint(machine, kept)
    )
    assert driver.run() in {"tape_end", "stopped"}
    return machine, kept.records


__all__ = ["BUSY", "EAGER", "MAKER", "MS", "T0", "Cut", "DeskBench", "Kept", "session"]
