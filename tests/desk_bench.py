"""A desk with its exchange, driven by hand or by the real driver over a made tape."""

from itertools import pairwise

from exchange_bench import MS, SHARE, STEADY, T0, Bench
from polydesk.desk import DeskConfig, Woken, new_desk, next_timer_ns, step
from polydesk.exchange import ExchangeConfig
from polydesk.model.ids import FillId
from polydesk.model.orders import OrderState
from polydesk.model.records import CancelSent, Fill, Liquidity, OrderSent, Refused, TimerFired
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


BIDS, ASKS = {4800: 50, 4700: 50}, {5000: 50, 5100: 50}


def of(kind, records):
    return [one for one in records if isinstance(one, kind)]


def codes(records):
    return [one.code for one in of(Refused, records)]


def quoting(risk=None, exits=None, **more):
    """A maker with both quotes resting at the venue."""
    maker = {**MAKER["inventory_maker"], "exits": exits or {"before_end_s": 0}}
    bench = DeskBench(DeskConfig(strategies={**MAKER, "inventory_maker": maker}, risk=risk or {}), **more)
    bench.look(0, BIDS, ASKS)
    bench.until(100)
    assert [order.state for order in bench.desk.state.working.orders.values()] == [OrderState.LIVE] * 2
    return bench


def holding(**more):
    """A maker that was hit: it holds 10 shares of token 0, bought at 0.47."""
    bench = quoting(**more)
    bench.print(200, -1, 4600, 10)
    bench.until(230)
    assert bench.desk.state.account.matched.positions["inventory_maker/0/0"].shares_u6 == 10 * SHARE
    return bench


def wrong_fee(bench, ms=300):
    """Return a maker fill that the venue charges for, on a resting order of the desk."""
    order = next(iter(bench.desk.state.working.orders.values())).intent
    return Fill(
        0, T0 + ms * MS, FillId("fill-900000"), order.id, 0, order.token, order.side, order.price_g4, order.size_u6, 10,
        Liquidity.MAKER, "print", T0 + ms * MS,
    )  # fmt: skip


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

    def batches(self, start=0, batch_rows=None):
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
