"""The account of a replay of signals: what is held, what it is worth, and what risk sees of it."""

from collections import deque
from dataclasses import dataclass, field

from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import FAR_NS, NS_PER_S, proceeds_u6
from polydesk.model.ids import ConditionId, FillId, IntentId, TokenId
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.orders import Intent, OrderType, Purpose, Side
from polydesk.model.records import Cause, Fill, Liquidity
from polydesk.portfolio import Account, Position, position_key
from polydesk.report.marks import Falling
from polydesk.report.trades import TradeBook
from polydesk.research.stored_signals import Snapshot, Snapshots, StoredSignal
from polydesk.risk import DailyLoss, look
from polydesk.risk.checks import UNKNOWN
from polydesk.risk.limits import RiskLimits
from polydesk.risk.permit import Observed

_MINUTE_NS = 60 * NS_PER_S
_ANY_TICK_G4 = 1


@dataclass
class Books:
    """Positions, cash and the daily loss switch; the arithmetic is the desk's own.

    Attributes:
        markets: Each market's id by its number here.
        whole: How far equity fell.
        parts: Likewise of each strategy (with an empty event) and of its part in each event.
    """

    snapshots: Snapshots
    limits: RiskLimits
    start_u6: int
    account: Account = field(default_factory=Account)
    trades: TradeBook = field(default_factory=TradeBook)
    daily: DailyLoss = field(default_factory=DailyLoss)
    markets: dict[str, Market] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    whole: Falling = field(default_factory=Falling)
    parts: dict[tuple[str, str], Falling] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _net_u6: dict[tuple[str, str], int] = field(default_factory=dict)
    _moved: set[tuple[str, str]] = field(default_factory=set)
    _sent_ns: deque[int] = field(default_factory=deque)
    _entries_ns: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with the starting cash."""
        self.account.open(self.start_u6)
        self.whole = Falling(self.start_u6)

    def market_of(self, signal: StoredSignal) -> Market:
        """Return the market of a signal; stored signals know no tick and no minimum, so none is asked for."""
        found = self.markets.get(signal.market)
        if found is None:
            found = self.markets[signal.market] = _market(len(self.markets), signal.market)
            self._names.append(signal.market)
            self.events[signal.market] = signal.event
        return found

    def look(self, ts_ns: int) -> None:
        """Value what is held by what was known at ``ts_ns``: for the daily loss and for the drawdown."""
        worth = unpriced = 0
        open_u6: dict[tuple[str, str], int] = {}
        for held in self.held():
            value = self.value_u6(held, ts_ns)
            worth += value or 0
            unpriced += held.cost_u6 if value is None else 0
            for part in self._parts(held):
                open_u6[part] = open_u6.get(part, 0) + (value or 0) - held.cost_u6
        equity = self.account.matched.cash_u6 + worth
        counted = equity if self.limits.daily_loss_counts_unrealised else self._realised_u6() + self.start_u6
        look(self.daily, self.limits, ts_ns, counted - self.start_u6, self.start_u6, unpriced)
        self.whole.see(equity)
        for part in {*open_u6, *self._moved}:
            self.parts.setdefault(part, Falling()).see(self._net_u6[part] + open_u6.get(part, 0))
        self._moved = set(open_u6)

    def held(self) -> list[Position]:
        """Return the positions with shares."""
        return [held for held in self.account.matched.positions.values() if held.shares_u6]

    def value_u6(self, held: Position, ts_ns: int) -> int | None:
        """Return what a position is worth at its own token's last price, micro-pUSD; ``None`` without one."""
        snapshot = self.snapshots.at(self._name_of(held), ts_ns)
        price = None if snapshot is None else snapshot.prices_g4[held.token]
        return None if price is None else proceeds_u6(price, held.shares_u6)

    def observed(self, intent: Intent, signal: StoredSignal, snapshot: Snapshot, fee_u6: int) -> Observed:
        """Return what risk sees. There is no order at work, no end and no tick that a stored signal would know of."""
        ts_ns = signal.ts_ns
        while self._sent_ns and self._sent_ns[0] <= ts_ns - _MINUTE_NS:
            self._sent_ns.popleft()
        key = position_key(signal.strategy, intent.market, intent.token)
        mine = self.account.matched.positions.get(key)
        entry = self._entries_ns.get((signal.strategy, signal.market))
        opposite = snapshot.prices_g4[signal.token]
        return Observed(
            stopped=0,
            killed=int(self.daily.stopped),
            unknown=int(self.daily.unknown),
            broken=0,
            live_assumed=0,
            ended=0,
            to_end_ns=FAR_NS,
            feed_age_ns=ts_ns - snapshot.ts_ns,
            crossed=0,
            tick_g4=_ANY_TICK_G4,
            opposite_g4=UNKNOWN if opposite is None else opposite,
            market_exposure_u6=sum(held.cost_u6 for held in self.held() if held.market == intent.market),
            total_exposure_u6=self.account.matched.cost_u6,
            cash_u6=self.account.matched.cash_u6,
            shares_u6=mine.shares_u6 if mine else 0,
            orders_last_minute=len(self._sent_ns),
            open_orders=0,
            duplicates=0,
            since_entry_ns=FAR_NS if entry is None else ts_ns - entry,
            self_crossing=0,
            fee_u6=fee_u6,
        )

    def sent(self, signal: StoredSignal) -> None:
        """Note that risk let a signal through."""
        self._sent_ns.append(signal.ts_ns)
        if signal.side is Side.BUY:
            self._entries_ns[signal.strategy, signal.market] = signal.ts_ns

    def book(self, intent: Intent, ts_ns: int, price_g4: int, size_u6: int, fee_u6: int) -> tuple[int, int]:
        """Book a fill; return the PnL it realised after its fee and rounding, and before them, micro-pUSD."""
        key = position_key(intent.strategy, intent.market, intent.token)
        old = self.account.matched.positions.get(key)
        net, realised = (0, 0) if old is None else (old.net_u6, old.realised_u6)
        # A source may use one id for several signals; an account books a fill of the same id only once.
        name = FillId(f"fill-{len(self.account.seen) + 1}")
        fill = Fill(
            0, ts_ns, name, intent.id, intent.market, intent.token, intent.side, price_g4, size_u6, fee_u6,
            Liquidity.TAKER, Cause.BOOK, ts_ns,
        )  # fmt: skip
        self.account.fill(fill, intent.strategy)
        held = self.account.matched.positions[key]
        self.trades.filled(held, fill, "signal")
        for part in self._parts(held):
            self._net_u6[part] = self._net_u6.get(part, 0) + held.net_u6 - net
            self._moved.add(part)
        return held.net_u6 - net, held.realised_u6 - realised

    def _parts(self, held: Position) -> tuple[tuple[str, str], tuple[str, str]]:
        return (held.strategy, ""), (held.strategy, self.events[self._name_of(held)])

    def _name_of(self, held: Position) -> str:
        return self._names[held.market]

    def _realised_u6(self) -> int:
        return sum(held.net_u6 for held in self.account.matched.positions.values())


def intent_of(signal: StoredSignal, market: Market, price_g4: int) -> Intent:
    """Return a signal as the order it would be: a buy enters, a sell can only close what is held."""
    entry = signal.side is Side.BUY
    return Intent(
        id=IntentId(signal.id),
        strategy=signal.strategy,
        market=market.index,
        token=signal.token,
        side=signal.side,
        type=OrderType.FAK,
        post_only=False,
        price_g4=price_g4,
        size_u6=signal.size_u6,
        purpose=Purpose.ENTRY if entry else Purpose.EXIT,
        reason="",
        expires_ns=0,
        why=(),
    )


def _market(index: int, name: str) -> Market:
    def unknown(value: int) -> Fact[int]:
        return Fact(value, Origin.ASSUMED, "a stored signal does not tell")

    tokens = (
        Token(TokenId("YES"), "Yes", Origin.ASSUMED, recorded=False),
        Token(TokenId("NO"), "No", Origin.ASSUMED, recorded=False),
    )
    return Market(
        index=index,
        condition_id=ConditionId(name),
        slug=name,
        question="",
        category=Fact("other", Origin.ASSUMED),
        tokens=tokens,
        tick_g4=unknown(_ANY_TICK_G4),
        min_size_u6=unknown(0),
        fees=FeeSchedule((FeeRate(0, 0),), "assumed", "the fill model's fee"),
        start_ns=Fact(None, Origin.ASSUMED),
        end_ns=Fact(None, Origin.ASSUMED),
        neg_risk=Fact(value=False, origin=Origin.ASSUMED),
        taker_delay_ns=unknown(0),
    )
