"""From a wanted order to a permitted one: observe, decide, write down."""

from polydesk.desk.day import judge_day
from polydesk.desk.state import Desk
from polydesk.kernel import Fact as BookFact
from polydesk.kernel import touch
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4
from polydesk.model.orders import Intent, OrderType, Purpose, Side, Term
from polydesk.model.params import seconds_ns
from polydesk.model.records import OrderSent, Refused
from polydesk.orders import crosses
from polydesk.portfolio import position_key
from polydesk.risk import UNKNOWN, Denial, Observed, decide

_MINUTE_NS = 60_000_000_000


def submit(
    desk: Desk,
    strategy: str,
    market: int,
    token: int,
    side: Side,
    price_g4: int,
    size_u6: int,
    purpose: Purpose,
    why: tuple[Term, ...],
    reason: str = "",
) -> bool:
    """Ask risk for a permit and send the order when it is given; return whether it was.

    Quotes rest post-only until cancelled; entries and exits take what is there and rest nothing. A slot that was
    refused is not asked again before ``orders.refused_retry_s``. Once the session is stopping or the recording has
    ended nothing is sent any more.
    """
    state = desk.state
    slot = slot_of(strategy, market, token, side, purpose)
    if state.stopping or state.over or refused_lately(desk, slot):
        return False
    if purpose is not Purpose.EXIT:
        judge_day(desk)
    resting = purpose is Purpose.QUOTE
    intent = Intent(
        desk.next_id(), strategy, market, token, side, OrderType.GTC if resting else OrderType.FAK, resting,
        price_g4, size_u6, purpose, reason, 0, why,
    )  # fmt: skip
    verdict = decide(intent, desk.markets[market], _observe(desk, intent), desk.config.risk)
    if isinstance(verdict, Denial):
        state.denied[slot] = state.now_ns
        desk.refusals[verdict.code.value] += 1
        desk.out.append(Refused(state.seq, state.now_ns, intent, verdict.code.value, verdict.checks))
        return False
    state.denied.pop(slot, None)
    state.working.add(intent, state.now_ns, int(desk.books.last[market, BookFact.EPOCH]))
    state.sent_ns.append(state.now_ns)
    desk.permits.append(verdict)
    desk.out.append(OrderSent(state.seq, state.now_ns, intent, verdict.checks))
    return True


def slot_of(strategy: str, market: int, token: int, side: Side, purpose: Purpose) -> str:
    """Return the name of the place an order takes: one strategy, token, direction and purpose.

    The purpose is part of it because a refused quote must not hold up the exit on the same token and side.
    """
    return f"{strategy}/{market}/{token}/{int(side)}/{purpose}"


def refused_lately(desk: Desk, slot: str) -> bool:
    """Return whether risk refused this slot within ``orders.refused_retry_s``."""
    refused_ns = desk.state.denied.get(slot)
    return refused_ns is not None and desk.state.now_ns - refused_ns < seconds_ns(desk.config.orders.refused_retry_s)


def pause(desk: Desk, slot: str) -> None:
    """Give a slot that the venue rejected a pause of ``orders.retry_s``, so that the same order is not sent at once."""
    orders = desk.config.orders
    desk.state.denied[slot] = desk.state.now_ns - seconds_ns(max(0.0, orders.refused_retry_s - orders.retry_s))


def _observe(desk: Desk, intent: Intent) -> Observed:
    state = desk.state
    market = desk.markets[intent.market]
    bid, ask = touch(desk.books, intent.market, 0)
    end = market.end_ns.value
    while state.sent_ns and state.now_ns - state.sent_ns[0] >= _MINUTE_NS:
        del state.sent_ns[0]
    buys_u6 = sum(order.reserved_u6 for order in state.working.orders.values())
    return Observed(
        stopped=int(state.stopped),
        killed=int(state.daily.stopped),
        unknown=int(state.daily.unknown),
        broken=int(bool(state.broken)),
        live_assumed=int(desk.live and bool(market.assumed())),
        ended=int(intent.market in state.settled or (end is not None and state.now_ns >= end)),
        to_end_ns=FAR_NS if end is None else max(0, end - state.now_ns),
        feed_age_ns=feed_age_ns(desk, intent.market),
        crossed=int(0 < ask <= bid),
        tick_g4=int(desk.books.last[intent.market, BookFact.TICK]),
        opposite_g4=_opposite(desk, intent),
        market_exposure_u6=_market_exposure(desk, intent.market),
        total_exposure_u6=state.account.matched.cost_u6 + buys_u6,
        cash_u6=max(0, state.account.matched.cash_u6 - buys_u6),
        shares_u6=_free_shares(desk, intent),
        orders_last_minute=len(state.sent_ns),
        open_orders=len(state.working.orders),
        duplicates=_duplicates(desk, intent),
        since_entry_ns=_since_entry(desk, intent),
        self_crossing=_self_crossing(desk, intent),
        fee_u6=_most_fee(desk, intent),
    )


def feed_age_ns(desk: Desk, market: int) -> int:
    """Return the age of a market's book in virtual time; ``UNKNOWN`` before the first row and after its source went."""
    last = int(desk.books.last[market, BookFact.BOOK_NS])
    return UNKNOWN if last == 0 else desk.state.now_ns - last


def _opposite(desk: Desk, intent: Intent) -> int:
    bid, ask = touch(desk.books, intent.market, intent.token)
    if intent.side is Side.BUY:
        return int(ask) if ask < 10_000 else UNKNOWN
    return int(bid) if bid > 0 else UNKNOWN


def _market_exposure(desk: Desk, market: int) -> int:
    positions = desk.state.account.matched.positions.values()
    held = sum(p.cost_u6 for p in positions if p.market == market and p.shares_u6)
    return held + sum(order.reserved_u6 for order in desk.state.working.of_market(market))


def _most_fee(desk: Desk, intent: Intent) -> int:
    """Return the taker fee at the worst price between the touch and the limit: the curve peaks at one half."""
    if intent.post_only:
        return 0
    ends = sorted((intent.price_g4, touch(desk.books, intent.market, intent.token)[int(intent.side is Side.BUY)]))
    worst = min(max(PRICE_ONE_G4 // 2, ends[0]), ends[1])
    return desk.markets[intent.market].fees.taker_fee_u6(desk.state.now_ns, worst, intent.size_u6)


def _free_shares(desk: Desk, intent: Intent) -> int:
    held = desk.state.account.matched.positions.get(position_key(intent.strategy, intent.market, intent.token))
    offered = sum(
        order.left_u6
        for order in desk.state.working.of_market(intent.market)
        if order.intent.strategy == intent.strategy
        and order.intent.token == intent.token
        and order.intent.side is Side.SELL
    )
    return max(0, (held.shares_u6 if held else 0) - offered)


def _duplicates(desk: Desk, intent: Intent) -> int:
    return sum(
        order.intent.strategy == intent.strategy
        and order.intent.token == intent.token
        and order.intent.side is intent.side
        and order.intent.price_g4 == intent.price_g4
        for order in desk.state.working.of_market(intent.market)
    )


def _since_entry(desk: Desk, intent: Intent) -> int:
    last = desk.state.entries_ns.get(f"{intent.strategy}/{intent.market}")
    return FAR_NS if last is None else desk.state.now_ns - last


def _self_crossing(desk: Desk, intent: Intent) -> int:
    return sum(
        crosses(order, intent.token, intent.side, intent.price_g4)
        for order in desk.state.working.of_market(intent.market)
    )
