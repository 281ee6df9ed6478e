"""Answering for strategies that are Python when the compiled loop asks; see ``columns.Kind`` for the questions.

It shows them the very views of the interpreted desk, made from what ``ask`` has laid out, asks them through the same
guard, and makes the same records. Records keep their place among the loop's rows by a row that names them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import NamedTuple

from polydesk.desk.asking import ask, ask_exit
from polydesk.desk.decisions import say
from polydesk.desk.entries import Signals, plan_entry
from polydesk.desk.loop.columns import (
    DENIED_ENTRIES,
    OWN_COLUMNS,
    QUOTES_NOTHING,
    SIGNALS,
    UNANSWERED,
    WORD_EXIT,
    Kind,
    Limit,
    Now,
    Slot,
    Total,
)
from polydesk.desk.loop.outputs import Out, Row
from polydesk.desk.loop.state import Loop
from polydesk.desk.permits import most_fee_u6
from polydesk.desk.state import Desk
from polydesk.desk.views import NEITHER, NOTHING, window
from polydesk.kernel.callback import PROTOTYPE, address_of
from polydesk.model.grid import LOT_U6
from polydesk.model.orders import Side, Term
from polydesk.model.records import Output
from polydesk.signals import Features, Held, OpenOrder, Quote, Quotes, Signal, View
from polydesk.signals.compiled import QUOTES
from polydesk.signals.exits import EXITS

_HALF = Struct("4q")
"""A row of ``Loop.targets``."""
_NO_TARGET = bytes(_HALF.size)
_KIND, _BODY, _KEPT = int(Row.KIND), int(Row.BODY), int(Out.KEPT)
_OUT, _ANSWER, _WORTH = int(Now.OUT), int(Now.ANSWER), int(Now.WORTH_U6)
_DECIDE, _CLOSES = int(Kind.DECIDE), int(Kind.CLOSES)
_WORD, _DENIED = int(Slot.WORD), int(Slot.DENIED_NS) + DENIED_ENTRIES
_CASH = int(Total.CASH_U6)
_SIDES = {int(side): side for side in Side}
_ORDER_BYTES = 8 * OWN_COLUMNS


class _Wanted(NamedTuple):
    """Quotes as the loop reads them, kept for as long as a strategy answers with the same object.

    Attributes:
        quotes: The answer.
        packed: Rows of ``Loop.targets``.
        era: Which of the lists of reasons the places are in.
        places: Places of the reasons of the bid and the ask of the one book.
    """

    quotes: Quotes
    packed: bytes
    era: int
    places: tuple[int, int]


class Asker:
    """Answers one loop; see the module.

    Attributes:
        records: Records made and not translated yet.
        whys: Reasons of quotes and entries, likewise; terms of orders that the loop sends name their place.
        error: What a call met that is not the strategy's own error. The loop ends with ``Unanswered`` then, or as ever
            where the answer had been given.
    """

    def __init__(self, desk: Desk, *, tell: bool) -> None:
        self._desk, self._tells = desk, tell
        self._strategies = tuple(desk.strategies.items())
        self._numbers = {name: number for number, name in enumerate(desk.strategies)}
        self._markets = desk.markets
        self._windows = tuple(window(desk.books, market.index) for market in desk.markets)
        self._open: dict[tuple[int, int], tuple[bytes, tuple[OpenOrder, ...]]] = {}
        self._wanted: dict[tuple[int, int], _Wanted] = {}
        self._signals: Signals = {}
        self._reasons: list[str] = []
        self._era = 0
        self.records: list[Output] = []
        self.whys: list[tuple[Term, ...]] = []
        self.error: BaseException | None = None
        # Kept here: the loop knows its address only.
        self._called = self._asked
        self._callback = PROTOTYPE(self._called)
        self._loop: Loop | None = None

    def bind(self, loop: Loop) -> None:
        """Answer this loop from now on; its arrays may be others than before."""
        if loop is self._loop:
            return
        self._loop = loop
        loop.now[Now.ASK] = address_of(self._callback)
        self._pause_ns = int(loop.limit[Limit.REFUSED_NS])
        # A view of memory is read and written several times faster than an array, number by number.
        self._now, self._out, self._slot = loop.now.data, loop.out.data, loop.slot.data
        self._total, self._terms = loop.total.data, loop.terms.data
        self._shown, self._floats = loop.shown.data, loop.shown_float.data
        self._own, self._targets = loop.own.data, loop.targets.data.cast("B")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep what leaves a call nevertheless: an interruption before its first line, or after its answer.

        Without, ``ctypes`` would print it and the loop go on.
        """
        before = sys.unraisablehook

        def keep(lost: "sys.UnraisableHookArgs") -> None:
            # Newer Pythons name what was called in the message only.
            if lost.object == self._called or repr(self._called) in (lost.err_msg or ""):
                self.error = self.error or lost.exc_value
            else:
                before(lost)

        sys.unraisablehook = keep
        try:
            yield
        finally:
            sys.unraisablehook = before

    def exit_reason(self, number: int) -> str:
        """Return why a strategy closed a position, by the number that a row has of it."""
        return self._reasons[number - len(EXITS) - 1]

    def forget(self) -> None:
        """Empty what was kept for rows that have been translated."""
        self.records.clear()
        self.whys.clear()
        self._reasons.clear()
        self._era += 1

    def _asked(self, kind: int, strategy: int, market: int, argument: int) -> None:
        try:
            if self.error is not None:
                # An interruption that came between two questions ends the loop now, not at the end of its rows.
                raise self.error
            if kind == _DECIDE:
                answer = self._decide(strategy, market, argument)
            elif kind == _CLOSES:
                answer = self._closes(strategy, market, argument)
            else:
                answer = self._enter(market, argument)
            self._now[_ANSWER] = answer
        except BaseException as err:  # noqa: BLE001 - nothing can be raised through compiled code: the driver does it
            self.error = err
            self._now[_ANSWER] = UNANSWERED

    def _decide(self, number: int, market: int, closing: int) -> int:
        desk, (name, strategy) = self._desk, self._strategies[number]
        view, word = self._look(number, market)
        if word == WORD_EXIT:
            # An exit is the loop's word; whatever is said now is another one.
            desk.state.last_word.pop(f"{name}/{market}", None)
            self._slot[number, market, _WORD] = 0
        answer = ask(desk, strategy, view)
        say(desk, name, market, answer)
        if desk.out:
            self._put_out()
        if closing:
            return QUOTES_NOTHING
        if isinstance(answer, Quotes):
            self._want(number, market, answer)
            return QUOTES
        if isinstance(answer, Signal):
            self._signals[name] = answer, view
            return SIGNALS
        return QUOTES_NOTHING

    def _closes(self, number: int, market: int, token: int) -> int:
        view, _ = self._look(number, market)
        reason = ask_exit(self._desk, self._strategies[number][1], view, token)
        if self._desk.out:
            self._put_out()
        if not reason:
            return 0
        if not self._tells:
            return len(EXITS) + 1
        self._reasons.append(reason)
        return len(EXITS) + len(self._reasons)

    def _enter(self, market: int, entering: int) -> int:
        desk, now_ns = self._desk, self._desk.state.now_ns
        signals, self._signals = self._signals, {}

        def refused(owner: str, token: int) -> bool:
            return now_ns - self._slot[self._numbers[owner], market, _DENIED + token] < self._pause_ns

        entry = plan_entry(
            desk,
            signals,
            entering=bool(entering),
            equity_u6=lambda: self._total[0, _CASH] + self._now[_WORTH],
            refused=refused,
        )
        if desk.out:
            self._put_out()
        if entry is None:
            return 0
        view = signals[entry.owner][1]
        self._targets[:] = _HALF.pack(entry.token, Side.BUY, entry.price_g4, entry.size_u6) + _NO_TARGET
        self._now[Now.FEE_U6] = most_fee_u6(
            desk.markets[market], entry.token, Side.BUY, entry.price_g4, entry.size_u6, (view.bid_g4, view.ask_g4),
            now_ns,
        )  # fmt: skip
        self._terms[0, 0] = self._place(entry.why)
        return self._numbers[entry.owner] + 1

    def _look(self, number: int, market: int) -> tuple[View, int]:
        """Return what a strategy sees, and what was last said for it."""
        # Unpacked by the names of `Shown` and `ShownFloat`, which a test compares: reading 22 numbers from a record or
        # by column costs a wake 0.2 us.
        (
            seq, ts_ns, bid_g4, ask_g4, tick_g4, seen_ns, samples, equity_u6, word,
            shares_0_u6, cost_0_u6, fees_0_u6, opened_0_ns,
            shares_1_u6, cost_1_u6, fees_1_u6, opened_1_ns, orders,
        ) = self._shown.tolist()  # fmt: skip
        mid, variance_per_s, age_s, size_factor = self._floats.tolist()
        state = self._desk.state
        state.seq, state.now_ns = seq, ts_ns
        held = NEITHER
        if shares_0_u6 >= LOT_U6 or shares_1_u6 >= LOT_U6:
            held = (
                Held(shares_0_u6, cost_0_u6, fees_0_u6, opened_0_ns) if shares_0_u6 >= LOT_U6 else NOTHING,
                Held(shares_1_u6, cost_1_u6, fees_1_u6, opened_1_ns) if shares_1_u6 >= LOT_U6 else NOTHING,
            )
        view = View(
            ts_ns, self._markets[market], (bid_g4, ask_g4), tick_g4,
            Features(seen_ns, mid, samples, variance_per_s, age_s), held,
            self._open_orders(number, market, orders) if orders else (), equity_u6, size_factor, self._windows[market],
        )  # fmt: skip
        return view, word

    def _open_orders(self, number: int, market: int, count: int) -> tuple[OpenOrder, ...]:
        """Return a strategy's open orders; the same records as last time while nothing about them has changed."""
        told = self._own[: count * OWN_COLUMNS]
        data = told.tobytes()
        kept = self._open.get((number, market))
        if kept is not None and kept[0] == data:
            return kept[1]
        words = told.tolist()
        found = tuple(
            OpenOrder(words[at], _SIDES[words[at + 1]], words[at + 2], words[at + 3], bool(words[at + 4]))
            for at in range(0, len(words), OWN_COLUMNS)
        )
        self._open[number, market] = data, found
        return found

    def _want(self, number: int, market: int, quotes: Quotes) -> None:
        kept = self._wanted.get((number, market))
        if kept is None or kept.quotes is not quotes or (self._tells and kept.era != self._era):
            kept = self._wanted[number, market] = self._laid_out(quotes)
        self._targets[:] = kept.packed
        if self._tells:
            self._terms[0, 0], self._terms[1, 0] = kept.places

    def _laid_out(self, quotes: Quotes) -> _Wanted:
        halves: list[Quote | None] = [None, None]
        for quote in quotes.quotes:
            halves[0 if (quote.token == 0) is (quote.side is Side.BUY) else 1] = quote
        packed = b"".join(
            _NO_TARGET if one is None else _HALF.pack(one.token, one.side, one.price_g4, one.size_u6) for one in halves
        )
        bid, ask_ = (0 if one is None else self._place(one.why) for one in halves)
        return _Wanted(quotes, packed, self._era, (bid, ask_))

    def _place(self, why: tuple[Term, ...]) -> int:
        """Keep reasons that a row may name; return their place."""
        if not self._tells:
            return 0
        self.whys.append(why)
        return len(self.whys) - 1

    def _put_out(self) -> None:
        """Give the records just made their place among the loop's rows."""
        if self._tells:
            for record in self._desk.out:
                row = self._now[_OUT]
                self._out[row, _KIND] = _KEPT
                self._out[row, _BODY] = len(self.records)
                self._now[_OUT] = row + 1
                self.records.append(record)
        self._desk.out.clear()
