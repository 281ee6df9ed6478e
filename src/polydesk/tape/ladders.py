"""Books rebuilt from a tape with plain dicts, one per token: slow, obvious and independent of the kernel."""

import numpy as np

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.model.rows import NO_WITNESS, RowFlag, RowKind

WARM_UP_NS = 60 * NS_PER_S
"""A token without a snapshot is compared from this long after its first row on, once both sides were seen."""

MINUTE_NS = 60 * NS_PER_S

_SNAPSHOT, _CHANGE, _PRINT = int(RowKind.SNAPSHOT), int(RowKind.CHANGE), int(RowKind.PRINT)
_LAST, _FIRST, _DERIVED, _EMPTY = (int(flag) for flag in (RowFlag.LAST, RowFlag.FIRST, RowFlag.DERIVED, RowFlag.EMPTY))
_FIELDS = ("ts_ns", "venue_ns", "size_u6", "market", "price_g4", "bid_g4", "ask_g4", "kind", "side", "token", "flags")


class Book:
    """One token's own levels as ``{price_g4: size_u6}`` with their best prices."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bid = 0
        self.ask = PRICE_ONE_G4

    def put(self, side: int, price: int, size: int) -> None:
        """Set a level; size 0 removes it."""
        levels = self.bids if side > 0 else self.asks
        if size:
            levels[price] = size
            if side > 0:
                self.bid = max(self.bid, price)
            else:
                self.ask = min(self.ask, price)
        elif levels.pop(price, None) is not None and price == (self.bid if side > 0 else self.ask):
            if side > 0:
                self.bid = max(levels, default=0)
            else:
                self.ask = min(levels, default=PRICE_ONE_G4)

    def same_levels(self, other: "Book") -> bool:
        """Whether both books hold the same levels."""
        return self.bids == other.bids and self.asks == other.asks


class TokenState:
    """What is known of one token while its rows go by."""

    def __init__(self, ts_ns: int) -> None:
        self.book = Book()
        self.first_ns = ts_ns
        self.complete = False
        self.both_seen = False
        self.before: Book | None = None
        self.derived = False
        self.last_row: tuple[int, ...] = ()

    def warm(self, ts_ns: int) -> bool:
        """Whether the rebuilt book can be expected to be the venue's: it began full or had time to fill."""
        return self.complete or (self.both_seen and ts_ns - self.first_ns >= WARM_UP_NS)


class MinuteCount:
    """Counts of one minute."""

    __slots__ = ("compared", "crossed", "messages", "mismatched")

    def __init__(self) -> None:
        self.messages = self.compared = self.mismatched = self.crossed = 0


class Ladders:
    """Replays rows into books and counts where they contradict the recording's own word."""

    def __init__(self) -> None:
        self.minutes: dict[int, MinuteCount] = {}
        self.rows = self.warming_up = self.one_sided = 0
        self.snapshots_checked = self.snapshots_differ = self.derived_differ = 0
        self.duplicates = self.clock_reversals = self.worst_reversal_ns = 0
        self._tokens: dict[tuple[int, int], TokenState] = {}
        self._touched: dict[tuple[int, int], tuple[int, int]] = {}
        self._venue: dict[int, int] = {}

    def replay(self, rows: np.ndarray) -> None:
        """Take the next rows of the tape; reference prices, news and source states are no part of a book."""
        self.rows += len(rows)
        rows = rows[rows["kind"] <= RowKind.WITNESS]
        self._watch_clock(rows)
        for ts_ns, *row in zip(*(rows[name].tolist() for name in _FIELDS), strict=True):
            venue_ns, size, market, price, bid, ask, kind, side, token, flags = row
            key = (market, token)
            state = self._tokens.get(key)
            if state is None:
                state = self._tokens[key] = TokenState(ts_ns)
            if kind in (_SNAPSHOT, _CHANGE):
                if flags & _FIRST:
                    state.before, state.book = state.book, Book()
                if not flags & _EMPTY:
                    state.book.put(side, price, size)
            if kind in (_CHANGE, _PRINT):
                this = (venue_ns, size, price, bid, ask, kind, side)
                self.duplicates += this == state.last_row
                state.last_row = this
                state.derived = bool(flags & _DERIVED)
            self._touched[key] = (bid, ask)
            if flags & _LAST:
                self._end_message(ts_ns)

    def _watch_clock(self, rows: np.ndarray) -> None:
        stated = rows[["market", "venue_ns"]][rows["venue_ns"] > 0]
        if not len(stated):
            return
        stated = stated[np.argsort(stated["market"], kind="stable")]
        times = stated["venue_ns"]
        found, starts = np.unique(stated["market"], return_index=True)
        first = times[starts].tolist()
        before = [self._venue.get(market, time) for market, time in zip(found.tolist(), first, strict=True)]
        steps = np.diff(times, prepend=0)
        steps[starts] = times[starts] - np.array(before, np.int64)
        self.clock_reversals += int(np.count_nonzero(steps < 0))
        self.worst_reversal_ns = max(self.worst_reversal_ns, -int(steps.min()))
        last = times[np.append(starts[1:], len(times)) - 1]
        self._venue.update(zip(found.tolist(), last.tolist(), strict=True))

    def _end_message(self, ts_ns: int) -> None:
        minute = self.minutes.get(ts_ns // MINUTE_NS)
        if minute is None:
            minute = self.minutes[ts_ns // MINUTE_NS] = MinuteCount()
        for key, (bid, ask) in self._touched.items():
            state = self._tokens[key]
            if state.before is not None:
                self._end_snapshot(state)
            book = state.book
            both = book.bid > 0 and book.ask < PRICE_ONE_G4
            self.one_sided += state.both_seen and not both
            state.both_seen = state.both_seen or both
            witness = bid != NO_WITNESS or ask != NO_WITNESS
            if not state.warm(ts_ns):
                self.warming_up += witness
                continue
            minute.messages += 1
            minute.crossed += book.bid >= book.ask
            minute.compared += witness
            minute.mismatched += bid not in (NO_WITNESS, book.bid) or ask not in (NO_WITNESS, book.ask)
        self._touched.clear()

    def _end_snapshot(self, state: TokenState) -> None:
        if state.complete and state.before is not None:
            self.snapshots_checked += 1
            if not state.book.same_levels(state.before):
                self.snapshots_differ += 1
                self.derived_differ += state.derived
        state.before = None
        state.complete = True
