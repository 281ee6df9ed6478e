"""A simulated exchange over real kernel books, driven by hand in virtual time."""

import msgspec
import numpy as np

from made import T0, S, market, to_rows
from polydesk.exchange import ExchangeConfig, ExchangeState, SimulatedExchange
from polydesk.kernel import advance, dump, new_books, new_fills, new_own, new_wake, restore
from polydesk.model.records import Fill
from polydesk.model.rows import RowFlag, RowKind

MS = 1_000_000
SHARE = 1_000_000
CASH = 1_000_000_000
STEADY = ExchangeConfig(jitter=0.0)
"""Orders and cancels take 50 ms, answers 25 ms, confirmations 4 s."""


class Bench:
    """Books, exchange and everything the exchange has told so far."""

    def __init__(self, config=STEADY, *, seed=1, markets=None, resolutions=(), cash=CASH):
        self.markets = markets or (market(end_s=None),)
        count = len(self.markets)
        self.books = new_books(count, np.array([m.tick_g4.value for m in self.markets]))
        self.own, self.fills, self.wake = new_own(count), new_fills(), new_wake(count)
        self.venue = SimulatedExchange(
            config, seed, self.markets, tuple(resolutions), cash, self.books, self.own, self.fills
        )
        self.news = []
        self.now = T0
        self.seq = -1

    def until(self, ms):
        """Let everything happen that is due up to ``ms`` after the start; return what the desk would hear."""
        heard = []
        while self.venue.next_ns() <= T0 + round(ms * MS):
            told = self.venue.happen(self.seq)
            if told is not None:
                heard.append(told)
        self.now = max(self.now, T0 + round(ms * MS))
        self.news += heard
        return heard

    def rows(self, ms, *levels):
        """Apply one message of ``(kind, side, price, shares)`` at ``ms``, after what is due by then."""
        self.until(ms)
        message = []
        for i, (kind, side, price, shares, *m) in enumerate(levels):
            first = RowFlag.FIRST if kind is RowKind.SNAPSHOT and i == 0 else 0
            last = RowFlag.LAST if i + 1 == len(levels) else 0
            message.append((T0 + ms * MS, m[0] if m else 0, kind, side, price, round(shares * SHARE), first | last))
        made = to_rows(message)
        made["seq"] += self.seq + 1
        self.seq += len(made)
        assert advance(self.books, self.own, self.fills, self.wake, made, 0, len(made), 1 << 62) == len(made)
        self.venue.collect(T0 + ms * MS)

    def book(self, ms, bids, asks, m=0):
        """Apply a snapshot: ``{price: shares}`` of each side."""
        levels = [(RowKind.SNAPSHOT, 1, p, n, m) for p, n in bids.items()]
        levels += [(RowKind.SNAPSHOT, -1, p, n, m) for p, n in asks.items()]
        self.rows(ms, *levels)

    def change(self, ms, side, price, shares, m=0):
        self.rows(ms, (RowKind.CHANGE, side, price, shares, m))

    def print(self, ms, side, price, shares, m=0):
        self.rows(ms, (RowKind.PRINT, side, price, shares, m))

    def send(self, order, ms=0):
        self.venue.send(order, self.venue.arrival_ns(order.id, T0 + round(ms * MS)))

    def cancel(self, name, ms):
        at = T0 + round(ms * MS)
        self.venue.cancel(name, self.venue.arrival_ns(name, at, cancel=True))

    def saved(self, config=STEADY, seed=1):
        """Return a second bench that continues from this one's state as bytes."""
        other = Bench(config, seed=seed, markets=self.markets)
        for mine, kept in zip(
            (*other.books, *other.own, *other.wake),
            (a for part in restore(dump(self.books, self.own, self.wake)) for a in part),
            strict=True,
        ):
            mine[...] = kept
        other.venue.state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.venue.state), type=ExchangeState)
        other.now, other.seq, other.news = self.now, self.seq, list(self.news)
        return other


def filled(news):
    """Price, shares and cause of each fill."""
    return [(one.price_g4, one.size_u6 / SHARE, one.cause.value) for one in news if isinstance(one, Fill)]


def kinds(news):
    """What was told, in short: the type and the word that matters."""
    out = []
    for one in news:
        word = next((getattr(one, n) for n in ("status", "reason", "confirmed") if hasattr(one, n)), None)
        out.append((type(one).__name__, word))
    return out


__all__ = ["CASH", "MS", "SHARE", "STEADY", "T0", "Bench", "S", "filled", "kinds"]
