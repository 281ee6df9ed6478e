"""Rows of the compiled loop as the records the interpreted desk writes."""

from collections.abc import Iterator
from typing import Any

from polydesk.desk import Desk
from polydesk.desk.loop.asker import Asker
from polydesk.desk.loop.columns import Why
from polydesk.desk.loop.outputs import CancelCause, Out, Row, Seen, Sentinel
from polydesk.desk.loop.pack import runs_compiled
from polydesk.exchange.told import fill_id, news_record
from polydesk.model.errors import InvariantBroken
from polydesk.model.ids import intent_id
from polydesk.model.orders import Intent, OrderType, Purpose, Side, Term
from polydesk.model.reasons import Exit, Refusal
from polydesk.model.records import (
    BalanceTold,
    CancelSent,
    Decision,
    Input,
    Marked,
    OrderSent,
    Output,
    Refused,
    SentinelBroke,
    TimerFired,
)
from polydesk.risk import Denial, Observed, decide
from polydesk.signals.compiled import hold_of, quote_terms
from polydesk.signals.exits import EXITS, exit_terms

# Columns and kinds as plain numbers: reading a member of an enumeration costs as much as a record's field.
_KIND, _SEQ, _TS_NS, _BODY = int(Row.KIND), int(Row.SEQ), int(Row.TS_NS), int(Row.BODY)
_STRATEGY, _MARKET, _TOKEN, _SIDE = int(Row.STRATEGY), int(Row.MARKET), int(Row.TOKEN), int(Row.SIDE)
_PRICE, _SIZE, _ANSWER, _NUMBER = int(Row.PRICE_G4), int(Row.SIZE_U6), int(Row.ANSWER), int(Row.NUMBER)
_PURPOSE, _EXIT, _CODE, _OBSERVED = int(Row.PURPOSE), int(Row.EXIT), int(Row.CODE), int(Row.OBSERVED)
_SEEN_END = _OBSERVED + len(Seen)
_BALANCE = int(Out.BALANCE)
_NEWS, _SENT, _REFUSED, _CANCEL, _MARK = int(Out.NEWS), int(Out.SENT), int(Out.REFUSED), int(Out.CANCEL), int(Out.MARK)
_CODES = {code: place for place, code in enumerate(Refusal, 1)}
_SIDES = {int(side): side for side in Side}
_CAUSES: dict[int, str] = {
    CancelCause.REQUOTE: "requote",
    CancelCause.WITHDRAW: "withdraw",
    CancelCause.OVERTAKEN: "overtaken",
    CancelCause.STOPPED: Exit.STOPPED.value,
    CancelCause.SENTINEL: Refusal.SENTINEL_BROKEN.value,
    CancelCause.KILL_SWITCH: Refusal.KILL_SWITCH.value,
}
"""Every one but ``CancelCause.EXIT``, which names the exit."""
_PURPOSES = {int(Why[purpose.name]): purpose for purpose in Purpose}
_EXITS, _QUOTES = Purpose.EXIT, Purpose.QUOTE
_GTC, _FAK = OrderType.GTC, OrderType.FAK
_COLUMNS = ("matched", "confirmed")
_TOTALS = ("cost", "fees", "dust", "realised")


class Translator:
    """Turns rows into records.

    Args:
        desk: Markets, strategies and limits.
        names: The strategies by their number in the loop.
        asker: What answered for strategies that are Python.
    """

    def __init__(self, desk: Desk, names: tuple[str, ...], asker: Asker) -> None:
        self._desk = desk
        self._names = names
        self._asker = asker
        self._terms: dict[str, Any] = {
            name: getattr(one, "terms", ()) for name, one in desk.strategies.items() if runs_compiled(one)
        }

    def records(self, rows: list[list[int]], floats: list[list[float]]) -> Iterator[Input | Output]:
        """Yield the records of rows in order.

        Args:
            rows: Columns ``Row``.
            floats: Terms of each row.

        Raises:
            InvariantBroken: The compiled checks and those of ``risk`` do not agree.
        """
        index = 0
        while index < len(rows):
            row = rows[index]
            if row[_KIND] == _BALANCE:
                tokens = row[_BODY + 1]
                yield self._balance(row, rows[index + 1 : index + 1 + tokens])
                index += tokens
            else:
                yield self._record(row, floats[index])
            index += 1

    def _record(self, row: list[int], floats: list[float]) -> Input | Output:
        kind, seq, ts_ns = row[_KIND], row[_SEQ], row[_TS_NS]
        if kind == _NEWS:
            return news_record(row[_BODY:])
        if kind in {_SENT, _REFUSED}:
            return self._judged(row, floats)
        if kind == _CANCEL:
            return CancelSent(seq, ts_ns, intent_id(row[_BODY]), self._cancel_cause(row))
        if kind == _MARK:
            cash, confirmed, value, other, exposure = row[_BODY : _BODY + 5]
            return Marked(seq, ts_ns, (cash, confirmed), (value, other), exposure)
        if kind == Out.KEPT:
            return self._asker.records[row[_BODY]]
        if kind == Out.TIMER:
            return TimerFired(seq, ts_ns)
        if kind == Out.DECISION:
            return self._decision(row, floats)
        if kind == Out.SENTINEL:
            found = self._found(row[_BODY], row[_BODY + 1 : _BODY + 5])
            return SentinelBroke(seq, ts_ns, found.split(":", maxsplit=1)[0], found)
        raise InvariantBroken(f"the compiled loop put out a row of unknown kind {kind}")

    def _balance(self, row: list[int], tokens: list[list[int]]) -> BalanceTold:
        shares = {f"{one[_BODY] // 2}/{one[_BODY] % 2}": one[_BODY + 1] for one in tokens}
        return BalanceTold(row[_SEQ], row[_TS_NS], row[_BODY], shares)

    def _decision(self, row: list[int], floats: list[float]) -> Decision:
        answer, market = row[_ANSWER], row[_MARKET]
        name = self._names[row[_STRATEGY]]
        head = (row[_SEQ], row[_TS_NS], name, market)
        if answer == 0:
            return Decision(*head, "quote", "", -1, 0.0, 0.0, 0, ())
        if answer > 0:
            return Decision(*head, "hold", hold_of(answer).value, -1, 0.0, 0.0, 0, ())
        why = self._exit_terms(name, -answer, floats)
        return Decision(*head, "exit", self._exit(-answer), row[_TOKEN], 0.0, 0.0, row[_SIZE], why)

    def _exit(self, number: int) -> str:
        return EXITS[number - 1].value if number <= len(EXITS) else self._asker.exit_reason(number)

    def _exit_terms(self, name: str, number: int, floats: list[float]) -> tuple[Term, ...]:
        return exit_terms(self._desk.strategies[name].params.exits, number, floats[0], floats[1])

    def _judged(self, row: list[int], floats: list[float]) -> OrderSent | Refused:
        intent = self._intent(row, floats)
        seen = Observed(*row[_OBSERVED:_SEEN_END])
        verdict = decide(intent, self._desk.markets[intent.market], seen, self._desk.config.risk)
        code = _CODES[verdict.code] if isinstance(verdict, Denial) else 0
        if code != row[_CODE]:
            raise InvariantBroken(f"order {intent.id}: the compiled checks say {row[_CODE]}, those of risk {code}")
        if isinstance(verdict, Denial):
            return Refused(row[_SEQ], row[_TS_NS], intent, verdict.code.value, verdict.checks)
        return OrderSent(row[_SEQ], row[_TS_NS], intent, verdict.checks)

    def _intent(self, row: list[int], floats: list[float]) -> Intent:
        name, token, purpose = self._names[row[_STRATEGY]], row[_TOKEN], _PURPOSES[row[_PURPOSE]]
        reason, rests = "", purpose is _QUOTES
        if purpose is _EXITS:
            reason, why = self._exit(row[_EXIT]), self._exit_terms(name, row[_EXIT], floats)
        elif rests and name in self._terms:
            names = self._terms[name]
            why = quote_terms(names, floats[: len(names)], token)
        else:
            why = self._asker.whys[int(floats[0])]
        return Intent(
            intent_id(row[_NUMBER]), name, row[_MARKET], token, _SIDES[row[_SIDE]], _GTC if rests else _FAK, rests,
            row[_PRICE], row[_SIZE], purpose, reason, 0, why,
        )  # fmt: skip

    def _cancel_cause(self, row: list[int]) -> str:
        cause = _CAUSES.get(row[_BODY + 1])
        return f"exit:{self._exit(row[_BODY + 2])}" if cause is None else cause

    def _found(self, sentinel: int, n: list[int]) -> str:
        """Return what a sentinel found in the words of ``portfolio.sentinels``."""
        if sentinel == Sentinel.IDENTITY:
            return (
                f"{_COLUMNS[n[0]]}: cash + cost + fees + dust = {n[1]}, deposits + external + realised = {n[2]} "
                "micro-pUSD"
            )
        if sentinel == Sentinel.SUM:
            return f"{_COLUMNS[n[0]]}: {_TOTALS[n[1]]} total {n[2]}, positions add up to {n[3]} micro-pUSD"
        if sentinel == Sentinel.OWED:
            strategy, market = divmod(n[1] // 2, len(self._desk.markets))
            return f"{_COLUMNS[n[0]]}: {self._names[strategy]} holds {n[2]} micro-shares of market {market}"
        texts = {
            Sentinel.FILL_ORDER: f"fill {fill_id(n[0])} is for another token or side than order {intent_id(n[1])}",
            Sentinel.FILL_LIMIT: (
                f"fill {fill_id(n[0])} at {n[1]} g4 does not fit the limit {n[2]} g4 of order {intent_id(n[3])}"
            ),
            Sentinel.FEE_NEGATIVE: f"fee of fill {fill_id(n[0])} is negative: {n[1]} micro-pUSD",
            Sentinel.FEE: f"fee of fill {fill_id(n[0])} is {n[1]}, schedule says {n[2]} micro-pUSD",
            Sentinel.PAYOUTS: f"payouts of market {n[0]} add up to {n[1]}, not 10000 g4",
            Sentinel.BALANCE_CASH: f"cash: the venue says {n[0]}, the desk {n[1]} micro-pUSD",
            Sentinel.BALANCE_SHARES: (
                f"shares: the venue says {n[1]} of token {n[0] // 2}/{n[0] % 2}, the desk {n[2]} micro-shares"
            ),
        }
        return texts[Sentinel(sentinel)]
