"""The simulated exchange, in process, over the kernel's recorded books and matching.

It is the venue of paper sessions and backtests: orders reach it after a latency, are checked by the venue's rules, take
from the recorded book or rest in it, and every answer travels back after another latency. Resolutions are known only
here. Its randomness comes from the seed and the names of orders and fills, so it has no hidden state.

Rules: protocol reference, orders (types, minimums, ticks, post-only) and fees.
"""

import heapq

import msgspec

from polydesk.exchange.config import ExchangeConfig
from polydesk.exchange.draw import spread_ns, uniform
from polydesk.exchange.ledger import Balance
from polydesk.exchange.witness import Used, broken_match
from polydesk.kernel import Books, Fact, FillCause, Fills, Own, depth, place, take, takeable
from polydesk.kernel import cancel as cancel_resting
from polydesk.model.errors import InvariantBroken
from polydesk.model.grid import FAR_NS, cash_u6, cost_u6
from polydesk.model.ids import FillId, IntentId, intent_id
from polydesk.model.market import Market, Resolution
from polydesk.model.orders import Intent, OrderType, Side, book_price_g4, book_side
from polydesk.model.params import milliseconds_ns, seconds_ns
from polydesk.model.reasons import Reject
from polydesk.model.records import (
    BalanceTold,
    CancelRejected,
    Cause,
    Fill,
    FillStatus,
    Input,
    Liquidity,
    OrderAck,
    OrderDone,
    OrderRejected,
    Settled,
)  # fmt: skip
from polydesk.risk.checks import on_tick

_CAUSES = {FillCause.PRINT: Cause.PRINT, FillCause.TRADE_THROUGH: Cause.TRADE_THROUGH, FillCause.BOOK: Cause.BOOK}


class Arrive(msgspec.Struct, frozen=True, tag="arrive"):
    """An order reaches the venue; ``held`` after the venue's taker delay."""

    intent: Intent
    held: bool = False


class ArriveCancel(msgspec.Struct, frozen=True, tag="arrive_cancel"):
    """A cancel reaches the venue."""

    intent: IntentId


class Expire(msgspec.Struct, frozen=True, tag="expire"):
    """A GTD order ends."""

    intent: IntentId


class Resolve(msgspec.Struct, frozen=True, tag="resolve"):
    """A market pays out."""

    resolution: Resolution


Happening = Arrive | ArriveCancel | Expire | Resolve | Input


class Resting(msgspec.Struct):
    """An order in the venue's book, or one that has left it."""

    intent: Intent
    left_u6: int
    open: bool = True


class ExchangeState(msgspec.Struct):
    """Everything that changes, for checkpoints.

    Attributes:
        queue: What is going to happen: due time, order of scheduling, what. A heap.
        scheduled: Entries ever put into the queue.
        orders: Orders the venue has accepted, by id, until their market pays out.
        fills: Fills made so far.
        resolved: Markets that have paid out.
        balance: The account at the venue.
        received: Orders and cancels that ever arrived; their order at equal times.
        untold: Matches, failures and payouts that the desk has not heard of yet.
        used: What the matches of each market's last row used of it.
    """

    balance: Balance
    queue: list[tuple[int, int, Happening]] = msgspec.field(default_factory=list)
    scheduled: int = 0
    received: int = 0
    orders: dict[IntentId, Resting] = msgspec.field(default_factory=dict)
    fills: int = 0
    resolved: set[int] = msgspec.field(default_factory=set)
    untold: int = 0
    used: dict[int, Used] = msgspec.field(default_factory=dict)


class SimulatedExchange:
    """One venue for one account; see the module."""

    def __init__(
        self,
        config: ExchangeConfig,
        seed: int,
        markets: tuple[Market, ...],
        resolutions: tuple[Resolution, ...],
        cash: int,
        books: Books,
        own: Own,
        fills: Fills,
    ) -> None:
        self.config = config
        self.state = ExchangeState(Balance(cash))
        self._seed = seed
        self._markets = markets
        self._books, self._own, self._fills = books, own, fills
        self._answer_ns = milliseconds_ns(config.answer_latency_ms)
        self._confirm_ns = seconds_ns(config.confirm_s)
        for resolution in resolutions:
            self._schedule(resolution.at_ns + seconds_ns(config.settle_s), Resolve(resolution))

    # --- the gateway's side ---------------------------------------------------------------------------------------

    def arrival_ns(self, name: IntentId, sent_ns: int, *, cancel: bool = False) -> int:
        """Return when an order or cancel sent at ``sent_ns`` reaches the venue."""
        base = self.config.cancel_latency_ms if cancel else self.config.order_latency_ms
        leg = "cancel" if cancel else "order"
        return sent_ns + spread_ns(milliseconds_ns(base), self.config.jitter, self._seed, f"{name}/{leg}/{sent_ns}")

    def send(self, intent: Intent, arrives_ns: int) -> None:
        """Accept an order for arrival at ``arrives_ns``."""
        self._receive(arrives_ns, Arrive(intent))

    def cancel(self, name: IntentId, arrives_ns: int) -> None:
        """Accept a cancel for arrival at ``arrives_ns``."""
        self._receive(arrives_ns, ArriveCancel(name))

    # --- the driver's side ----------------------------------------------------------------------------------------

    def next_ns(self) -> int:
        """Return when the next thing happens; far in the future when nothing is due."""
        return self.state.queue[0][0] if self.state.queue else FAR_NS

    def settled_by_ns(self, now: int) -> int:
        """Return when every match made by ``now`` is final and the desk has heard of it."""
        return now + 2 * self._answer_ns + self._confirm_ns + 1

    def happen(self, seq: int) -> Input | None:
        """Let the next thing happen; return it when it is news for the desk."""
        due_ns, _, what = heapq.heappop(self.state.queue)
        if isinstance(what, Arrive):
            self._arrive(what, due_ns, seq)
        elif isinstance(what, ArriveCancel):
            self._arrive_cancel(what.intent, due_ns)
        elif isinstance(what, Expire):
            self._end(what.intent, Reject.EXPIRED, due_ns)
        elif isinstance(what, Resolve):
            self._resolve(what.resolution, due_ns)
        else:
            self.state.untold -= _moves_money(what)
            return msgspec.structs.replace(what, seq=seq, ts_ns=due_ns)
        return None

    def balance(self, seq: int, ts_ns: int) -> BalanceTold | None:
        """Return the account as the venue sees it, or ``None`` while the desk cannot know all of it yet."""
        if self.state.untold:
            return None
        shares = {token: size for token, size in self.state.balance.shares_u6.items() if size}
        return BalanceTold(seq, ts_ns, self.state.balance.cash_u6, shares)

    def collect(self, ts_ns: int) -> None:
        """Take the kernel's new fills and send word of them."""
        count = int(self._fills.n[0])
        for handle, _, price, size, cause, _ in self._fills.rows[:count].tolist():
            self._filled(_name(handle), price, size, _CAUSES[FillCause(cause)], ts_ns)
        self._fills.n[0] = 0

    # --- the venue's rules ----------------------------------------------------------------------------------------

    def _arrive(self, arrival: Arrive, now: int, seq: int) -> None:
        intent = arrival.intent
        if arrival.held:
            self._match(intent, now, seq)
            return
        refused = self._refusal(intent, now)
        if refused is not None:
            self._tell(now, OrderRejected(seq, now, intent.id, refused.value))
            return
        self.state.orders[intent.id] = Resting(intent, intent.size_u6)
        self.state.balance.reserve(intent, 0, intent.size_u6)
        delay_ns = self._markets[intent.market].taker_delay_ns.value
        side, limit = book_side(intent.token, intent.side), book_price_g4(intent.token, intent.price_g4)
        if delay_ns and self._crosses(intent.market, side, limit):
            self._tell(now, OrderAck(seq, now, intent.id, "delayed"))
            self._schedule(now + delay_ns, Arrive(intent, held=True))
        else:
            self._match(intent, now, seq)

    def _match(self, intent: Intent, now: int, seq: int) -> None:
        order = self.state.orders.get(intent.id)
        if order is None or not order.open:
            return  # cancelled, or its market resolved, while it was held
        side, limit = book_side(intent.token, intent.side), book_price_g4(intent.token, intent.price_g4)
        if intent.type is OrderType.FOK and not self._fills_whole(intent, side, limit):
            self._end(intent.id, Reject.FOK_NOT_FILLED, now)
            return
        marketable = self._crosses(intent.market, side, limit)
        self._tell(now, OrderAck(seq, now, intent.id, "matched" if marketable else "live"))
        if marketable:
            take(self._books, self._fills, intent.market, int(side), limit, intent.size_u6, _handle(intent.id))
            self.collect(now)
        self._rest_or_end(intent, side, limit, now)

    def _rest_or_end(self, intent: Intent, side: Side, limit: int, now: int) -> None:
        order = self.state.orders[intent.id]
        if not order.open:
            return
        if intent.type in {OrderType.FOK, OrderType.FAK}:
            self._end(intent.id, Reject.REMAINDER_KILLED, now)
        elif place(self._books, self._own, intent.market, int(side), limit, order.left_u6, _handle(intent.id)) < 0:
            self._end(intent.id, Reject.TOO_MANY_ORDERS, now)
        elif intent.type is OrderType.GTD:
            self._schedule(max(now, intent.expires_ns), Expire(intent.id))

    def _refusal(self, intent: Intent, now: int) -> Reject | None:
        market = self._markets[intent.market]
        side, limit = book_side(intent.token, intent.side), book_price_g4(intent.token, intent.price_g4)
        crosses = self._crosses(intent.market, side, limit)
        immediate = intent.type in {OrderType.FOK, OrderType.FAK}
        rules = (
            (intent.id in self.state.orders, Reject.DUPLICATED),
            (intent.type is OrderType.GTD and intent.expires_ns <= now, Reject.EXPIRED),
            (intent.market in self.state.resolved, Reject.MARKET_CLOSED),
            (not on_tick(intent.price_g4, int(self._books.last[intent.market, Fact.TICK])), Reject.BREAKS_TICK),
            (not immediate and intent.size_u6 < market.min_size_u6.value, Reject.BELOW_MINIMUM),
            (crosses and self._too_small_to_take(intent), Reject.MARKETABLE_MINIMUM),
            (
                not self.state.balance.covers(intent, self._fee(intent, now) if crosses else 0),
                Reject.NOT_ENOUGH_BALANCE,
            ),
            (intent.post_only and crosses, Reject.POST_ONLY_CROSSES),
            (intent.type is OrderType.FAK and not crosses, Reject.FAK_NOT_FILLED),
            (intent.type is OrderType.FOK and not self._fills_whole(intent, side, limit), Reject.FOK_NOT_FILLED),
        )
        return next((reason for broken, reason in rules if broken), None)

    def _fee(self, intent: Intent, now: int) -> int:
        return self._markets[intent.market].fees.taker_fee_u6(now, intent.price_g4, intent.size_u6)

    def _too_small_to_take(self, intent: Intent) -> bool:
        cost = cost_u6(intent.price_g4, intent.size_u6)
        return intent.side is Side.BUY and cost < cash_u6(self.config.min_marketable)

    def _fills_whole(self, intent: Intent, side: Side, limit: int) -> bool:
        return depth(self._books, intent.market, int(side), limit)[0] >= intent.size_u6

    def _crosses(self, market: int, side: Side, limit: int) -> bool:
        bid, ask = takeable(self._books, market)
        return limit >= ask if side is Side.BUY else bid > 0 and limit <= bid

    def _arrive_cancel(self, name: IntentId, now: int) -> None:
        order = self.state.orders.get(name)
        if order is None:
            self._tell(now, CancelRejected(0, now, name, Reject.NOT_FOUND.value))
        elif not order.open:
            self._tell(now, CancelRejected(0, now, name, Reject.ALREADY_DONE.value))
        else:
            self._end(name, Reject.CANCELLED, now)

    def _end(self, name: IntentId, reason: Reject, now: int) -> None:
        order = self.state.orders.get(name)
        if order is None or not order.open:
            return
        cancel_resting(self._own, order.intent.market, _handle(name))
        self.state.balance.reserve(order.intent, order.left_u6, 0)
        order.open = False
        self._tell(now, OrderDone(0, now, name, reason.value))

    def _resolve(self, resolution: Resolution, now: int) -> None:
        if resolution.market in self.state.resolved:
            return
        self.state.resolved.add(resolution.market)
        for name, order in list(self.state.orders.items()):
            if order.intent.market == resolution.market:
                self._end(name, Reject.MARKET_RESOLVED, now)
                del self.state.orders[name]
        self.state.used.pop(resolution.market, None)
        self.state.balance.settle(resolution.market, resolution.payout_g4)
        self._tell(now, Settled(0, now, resolution.market, resolution.payout_g4, resolution.origin.value))

    def _filled(self, name: IntentId, book_g4: int, size_u6: int, cause: Cause, now: int) -> None:
        order = self.state.orders[name]
        intent = order.intent
        price = book_price_g4(intent.token, book_g4)
        used = self.state.used.setdefault(intent.market, Used())
        found = broken_match(
            self._books, intent.market, book_side(intent.token, intent.side), book_g4, size_u6, cause, used
        )
        if found:
            raise InvariantBroken(f"the simulated exchange filled {name} against its own rule: {found}")
        taker = cause is Cause.BOOK
        fee = self._markets[intent.market].fees.taker_fee_u6(now, price, size_u6) if taker else 0
        self.state.fills += 1
        name_of_fill = FillId(f"fill-{self.state.fills:06d}")
        self.state.balance.reserve(intent, order.left_u6, order.left_u6 - size_u6)
        order.left_u6 -= size_u6
        order.open = order.left_u6 > 0
        self.state.balance.trade(intent.market, intent.token, intent.side, price, size_u6, fee)
        liquidity = Liquidity.TAKER if taker else Liquidity.MAKER
        self._tell(now, Fill(
            0, now, name_of_fill, intent.id, intent.market, intent.token, intent.side, price, size_u6, fee, liquidity,
            cause, now,
        ))  # fmt: skip
        failed = uniform(self._seed, f"{name_of_fill}/failed") < self.config.failure_rate
        if failed:
            self.state.balance.trade(intent.market, intent.token, intent.side, price, size_u6, fee, sign=-1)
        self._schedule(now + self._answer_ns + self._confirm_ns, FillStatus(0, now, name_of_fill, not failed))

    def _tell(self, now: int, news: Input) -> None:
        self._schedule(now + self._answer_ns, news)

    def _receive(self, due_ns: int, what: Arrive | ArriveCancel) -> None:
        # Before everything else due at the same time, in order of sending: when the gateway hands over must not matter.
        self.state.received += 1
        heapq.heappush(self.state.queue, (due_ns, self.state.received - FAR_NS, what))

    def _schedule(self, due_ns: int, what: Happening) -> None:
        self.state.scheduled += 1
        self.state.untold += _moves_money(what)
        heapq.heappush(self.state.queue, (due_ns, self.state.scheduled, what))


def _moves_money(what: Happening) -> bool:
    """Return whether the desk's account changes when it hears of this."""
    return isinstance(what, Fill | Settled) or (isinstance(what, FillStatus) and not what.confirmed)


def _handle(name: IntentId) -> int:
    return int(name.rsplit("-", maxsplit=1)[1])


def _name(handle: int) -> IntentId:
    return intent_id(handle)
