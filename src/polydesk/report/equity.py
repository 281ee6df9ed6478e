"""How far each strategy, and each strategy in each event, fell below its own high: the session's drawdown, shared out.

At every mark of the session the shares a strategy holds are worth their bid, as in the session's own equity; with one
strategy the two curves are the same to the micro-pUSD.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.ids import IntentId
from polydesk.model.records import Fill, FillStatus, Marked, Record, Settled
from polydesk.portfolio import Account, held_positions
from polydesk.report.marks import Falling
from polydesk.report.tape_pass import Answers, Questions

MOST_VALUES = 1_000_000
"""Held tokens, counted at every mark, above which no strategy is valued: their prices would not fit into memory."""

Holder = tuple[str, str]
"""A strategy and an event; an empty event is the whole strategy."""


class Fall(msgspec.Struct, frozen=True):
    """The deepest fall of one strategy's equity, micro-pUSD; of its part in one event where that is named."""

    strategy: str
    event: str
    depth_u6: int


@dataclass(frozen=True)
class _Held:
    """Shares held at a mark and the question for their price."""

    holder: Holder
    token: int
    shares_u6: int
    cost_u6: int
    question: int


@dataclass(frozen=True)
class EquityQuestions:
    """What was asked: per mark the realised PnL (net) that changed since the last one, and what was held."""

    changed: Sequence[Mapping[Holder, int]]
    held: Sequence[Sequence[_Held]]


@dataclass
class _Follower:
    """The accounts of all strategies while the journal goes by."""

    owners: Mapping[IntentId, str]
    events: Sequence[str]
    account: Account = field(default_factory=Account)
    net_u6: dict[Holder, int] = field(default_factory=dict)
    _seen_u6: dict[str, int] = field(default_factory=dict)
    _moved: dict[str, None] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Book what moves money; fills count from their report until they fail, as at the desk."""
        match record:
            case Fill():
                self.account.fill(record, self.owners[record.intent])
                self._moved[self.account.seen[record.id]] = None
            case FillStatus():
                self.account.status(record)
                self._moved[self.account.seen[record.fill]] = None
            case Settled():
                self.account.settled(record)
                for key, position in self.account.matched.positions.items():
                    if position.market == record.market:
                        self._moved[key] = None

    def changes(self) -> dict[Holder, int]:
        """Return the net PnL of every holder whose positions moved since the last call."""
        out: dict[Holder, int] = {}
        for key in self._moved:
            position = self.account.matched.positions[key]
            holder = (position.strategy, self.events[position.market])
            change = position.net_u6 - self._seen_u6.get(key, 0)
            self._seen_u6[key] = position.net_u6
            self.net_u6[holder] = out[holder] = self.net_u6.get(holder, 0) + change
        self._moved.clear()
        return out


def ask_equity(
    questions: Questions, records: Iterable[Record], owners: Mapping[IntentId, str], events: Sequence[str]
) -> EquityQuestions | None:
    """Ask for the touch of every token held at every mark; ``None`` when that would be too many.

    Args:
        questions: Of the pass over the tape.
        records: The journal.
        owners: Strategy by order.
        events: Event by market index.
    """
    found = _Follower(owners, events)
    changed: list[Mapping[Holder, int]] = []
    places: list[list[tuple[Holder, int, int, int, int]]] = []
    seqs: list[int] = []
    count = 0
    for record in records:
        if not isinstance(record, Marked):
            found.take(record)
            continue
        changed.append(found.changes())
        now = [
            ((held.strategy, events[held.market]), held.market, held.token, held.shares_u6, held.cost_u6)
            for held in held_positions(found.account.matched)
        ]
        places.append(now)
        seqs.append(record.seq)
        count += len(now)
        if count > MOST_VALUES:
            return None
    held = [
        [
            _Held(holder, token, shares, cost, questions.after_row(seq, market))
            for holder, market, token, shares, cost in now
        ]
        for seq, now in zip(seqs, places, strict=True)
    ]
    return EquityQuestions(changed, held)


def read_falls(asked: EquityQuestions, answers: Answers) -> tuple[Fall, ...]:
    """Return the deepest fall of every strategy and of its part in every event, in order of name."""
    net_u6: dict[Holder, int] = {}
    now_u6: dict[Holder, int] = {}
    curves: dict[Holder, Falling] = {}
    before: set[Holder] = set()
    for changed, held in zip(asked.changed, asked.held, strict=True):
        net_u6.update(changed)
        open_u6: dict[Holder, int] = {}
        for one in held:
            open_u6[one.holder] = open_u6.get(one.holder, 0) + _value_u6(one, answers) - one.cost_u6
        touched = {*changed, *open_u6, *before}
        before = set(open_u6)
        wholes: set[Holder] = set()
        for holder in touched:
            worth = net_u6.get(holder, 0) + open_u6.get(holder, 0)
            whole = (holder[0], "")
            now_u6[whole] = now_u6.get(whole, 0) + worth - now_u6.get(holder, 0)
            now_u6[holder] = worth
            wholes.add(whole)
        for holder in touched | wholes:
            curves.setdefault(holder, Falling()).see(now_u6[holder])
    return tuple(Fall(*holder, curve.depth_u6) for holder, curve in sorted(curves.items()))


def _value_u6(held: _Held, answers: Answers) -> int:
    """Return what shares would bring at their bid, as the desk marks them: nothing without one."""
    touch = answers.touch(held.question)
    if touch is None:
        return 0
    bid = touch[0] if held.token == 0 else PRICE_ONE_G4 - touch[1]
    return bid * held.shares_u6 // PRICE_ONE_G4
