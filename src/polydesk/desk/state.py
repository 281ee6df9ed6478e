"""The desk: its fixed parts, and the state that a step changes and a checkpoint keeps."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from polydesk.desk.config import DeskConfig
from polydesk.kernel import Books, touch
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4, cash_u6
from polydesk.model.ids import IntentId, intent_id
from polydesk.model.market import Market
from polydesk.model.records import Output
from polydesk.orders import WorkingOrders
from polydesk.portfolio import Account, Column, held_positions
from polydesk.risk import DailyLoss, Permit
from polydesk.signals import Answer, Features, OpenOrder, Quote, Strategy
from polydesk.strategies import STRATEGIES


class DeskState(msgspec.Struct):
    """Everything that changes; plain records only, so that it can be written and read back exactly.

    Attributes:
        seq: Last tape row applied; -1 before the first.
        now_ns: Virtual time.
        intents: Orders named so far.
        account: Positions and cash.
        working: Orders at work.
        features: Per market.
        last_word: Last decision of each ``strategy/market``, as text, so that repetitions are not written again.
        denied: Time of the last refusal of each order slot.
        entries_ns: Last signal entry of each ``strategy/market``.
        exits_ns: Last exit order of each position.
        exit_due_ns: When time alone closes each position.
        sent_ns: Send times within the last minute.
        daily: The daily loss switch.
        stopped: Whether the operator or a halt forbids entries.
        stopping: Whether the session is to end once nothing works any more.
        broken: What a sentinel found, or ``""``.
        settled: Markets that have resolved.
        marked_ns: Time of the last mark.
        source: Last word about the market source.
        over: Whether the recording has ended: nothing is decided or sent any more.
        errors: Errors of each strategy.
        disabled: Strategies that failed too often.
    """

    seq: int = -1
    now_ns: int = 0
    intents: int = 0
    account: Account = msgspec.field(default_factory=Account)
    working: WorkingOrders = msgspec.field(default_factory=WorkingOrders)
    features: dict[int, Features] = msgspec.field(default_factory=dict)
    last_word: dict[str, str] = msgspec.field(default_factory=dict)
    denied: dict[str, int] = msgspec.field(default_factory=dict)
    entries_ns: dict[str, int] = msgspec.field(default_factory=dict)
    exits_ns: dict[str, int] = msgspec.field(default_factory=dict)
    exit_due_ns: dict[str, int] = msgspec.field(default_factory=dict)
    sent_ns: list[int] = msgspec.field(default_factory=list)
    daily: DailyLoss = msgspec.field(default_factory=DailyLoss)
    stopped: bool = False
    stopping: bool = False
    broken: str = ""
    settled: set[int] = msgspec.field(default_factory=set)
    marked_ns: int = -FAR_NS
    source: str = ""
    over: bool = False
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    disabled: set[str] = msgspec.field(default_factory=set)


@dataclass(slots=True)
class Desk:
    """A desk over one set of markets.

    Attributes:
        config: Frozen configuration.
        markets: Facts by market index.
        books: The kernel's books; the desk only reads them.
        live: Whether the session says live; assumed facts are refused then.
        strategies: Enabled strategies in the order in which they are asked.
        state: What a step changes.
        memory: Strategy state by strategy and market.
        refusals: Refusals so far by code, for viewers; the journal is what counts.
        out: Outputs of the step in progress.
        permits: Permits given in the step in progress, one per ``OrderSent``.
        shown: Open orders as a strategy was shown them last in a market, and at which change of them; saves work only.
        standing: Quotes of a strategy in a market that needed no call, with the change of its orders and the tick epoch
            they were compared at; saves work only.
        good: The last answer of a strategy in a market that was looked at and can be acted on; saves work only.
    """

    config: DeskConfig
    markets: tuple[Market, ...]
    books: Books
    live: bool
    strategies: dict[str, Strategy[Any, Any]]
    state: DeskState = field(default_factory=DeskState)
    memory: dict[str, dict[int, Any]] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    out: list[Output] = field(default_factory=list)
    permits: list[Permit] = field(default_factory=list)
    shown: dict[tuple[str, int], tuple[int, tuple[OpenOrder, ...]]] = field(default_factory=dict)
    standing: dict[tuple[str, int], tuple[tuple[Quote, ...], int, int]] = field(default_factory=dict)
    good: dict[tuple[str, int], Answer] = field(default_factory=dict)

    def next_id(self) -> IntentId:
        """Return the name of the next order."""
        self.state.intents += 1
        return intent_id(self.state.intents)

    def features_of(self, market: int) -> Features:
        """Return the running statistics of a market."""
        found = self.state.features.get(market)
        if found is None:
            found = self.state.features[market] = Features()
        return found

    def memory_of(self, strategy: Strategy[Any, Any], market: int) -> Any:
        """Return the strategy's record for a market."""
        kept = self.memory.setdefault(strategy.name, {})
        found = kept.get(market)
        if found is None:
            found = kept[market] = strategy.state_type()
        return found


def new_desk(config: DeskConfig, markets: tuple[Market, ...], books: Books, *, live: bool = False) -> Desk:
    """Assemble a desk with its enabled strategies and its starting cash."""
    strategies = {}
    for name, (make, _) in STRATEGIES.items():
        params = getattr(config.strategies, name)
        if params.enabled:
            strategies[name] = make(params)
    desk = Desk(config, markets, books, live, strategies)
    desk.state.account.open(cash_u6(config.cash))
    return desk


def value_u6(desk: Desk) -> tuple[int, int]:
    """Return what the held shares would bring at their bids, micro-pUSD: matched and confirmed column."""
    account = desk.state.account
    return _worth_u6(desk, account.matched), _worth_u6(desk, account.confirmed)


def matched_value_u6(desk: Desk) -> int:
    """Return what the held shares would bring at their bids, micro-pUSD, matched column."""
    return _worth_u6(desk, desk.state.account.matched)


def equity_u6(desk: Desk) -> int:
    """Return cash and held shares at their bids, micro-pUSD, matched column."""
    return desk.state.account.matched.cash_u6 + matched_value_u6(desk)


def _worth_u6(desk: Desk, column: Column) -> int:
    return sum(
        touch(desk.books, position.market, position.token)[0] * position.shares_u6 // PRICE_ONE_G4
        for position in held_positions(column)
    )
