"""From a wanted order to a permitted one: observe, decide, write down."""

from typing import NamedTuple

from polydesk.desk.day import judge_day
from polydesk.desk.state import Desk
from polydesk.kernel import Fact as BookFact
from polydesk.kernel import touch
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4
from polydesk.model.market import Market
from polydesk.model.orders import Intent, OrderType, Purpose, Side, Term
from polydesk.model.params import seconds_ns
from polydesk.model.records import OrderSent, Refused
from polydesk.orders import WorkingOrder, crosses
from polydesk.portfolio import held_cost_u6, position_key
from polydesk.risk import UNKNOWN, Denial, Observed, decide

_MINUTE_NS = 60_000_000_000
_TICK, _EPOCH, _BOOK_NS = int(BookFact.TICK), int(BookFact.EPOCH), int(BookFact.BOOK_NS)


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
    state.working.add(intent, state.now_ns, desk.books.last.item(market, _EPOCH))
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
    state, books = desk.state, desk.books
    index, now_ns = intent.market, state.now_ns
    market = desk.markets[index]
    bid, ask = touch(books, index, 0)
    end = market.end_ns.value
    while state.sent_ns and now_ns - state.sent_ns[0] >= _MINUTE_NS:
        del state.sent_ns[0]
    working, account = state.working, state.account.matched
    ours = _own_orders(working.of_market(index), intent)
    held = account.positions.get(position_key(intent.strategy, index, intent.token))
    return Observed(
        stopped=int(state.stopped),
        killed=int(state.daily.stopped),
        unknown=int(state.daily.unknown),
        broken=int(bool(state.broken)),
        live_assumed=int(desk.live and bool(market.assumed())),
        ended=int(index in state.settled or (end is not None and now_ns >= end)),
        to_end_ns=FAR_NS if end is None else max(0, end - now_ns),
        feed_age_ns=feed_age_ns(desk, index),
        crossed=int(0 < ask <= bid),
        tick_g4=books.last.item(index, _TICK),
        opposite_g4=_opposite(intent, bid, ask),
        market_exposure_u6=held_cost_u6(account, index) + ours.reserved_u6,
        total_exposure_u6=account.cost_u6 + working.buys_u6,
        cash_u6=max(0, account.cash_u6 - working.buys_u6),
        shares_u6=max(0, (held.shares_u6 if held else 0) - ours.offered_u6),
        orders_last_minute=len(state.sent_ns),
        open_orders=len(working.orders),
        duplicates=ours.duplicates,
        since_entry_ns=_since_entry(desk, intent),
        self_crossing=ours.crossing,
        fee_u6=0
        if intent.post_only
        else most_fee_u6(market, intent.token, intent.side, intent.price_g4, intent.size_u6, (bid, ask), now_ns),
    )


class _OwnOrders(NamedTuple):
    """What the desk's orders in the market mean for one more.

    Attributes:
        reserved_u6: Micro-pUSD that the buys may still cost.
        offered_u6: Micro-shares of the same token that the strategy offers already.
        duplicates: Orders of the strategy on the same token, side and price.
        crossing: Orders of any strategy that the new one would trade with.
    """

    reserved_u6: int
    offered_u6: int
    duplicates: int
    crossing: int


def _own_orders(orders: list[WorkingOrder], intent: Intent) -> _OwnOrders:
    reserved = offered = duplicates = crossing = 0
    for order in orders:
        other = order.intent
        reserved += order.reserved_u6
        crossing += crosses(order, intent.token, intent.side, intent.price_g4)
        if other.strategy == intent.strategy and other.token == intent.token:
            offered += order.left_u6 if other.side is Side.SELL else 0
            duplicates += other.side is intent.side and other.price_g4 == intent.price_g4
    return _OwnOrders(reserved, offered, duplicates, crossing)


def feed_age_ns(desk: Desk, market: int) -> int:
    """Return the age of a market's book in virtual time; ``UNKNOWN`` before the first row and after its source went."""
    last: int = desk.books.last.item(market, _BOOK_NS)
    return UNKNOWN if last == 0 else desk.state.now_ns - last


def _opposite(intent: Intent, bid: int, ask: int) -> int:
    """Return what the order would meet, at its token's price, given the touch of token 0."""
    buys = intent.side is Side.BUY
    if intent.token:
        bid, ask = PRICE_ONE_G4 - ask, PRICE_ONE_G4 - bid
    if buys:
        return ask if ask < PRICE_ONE_G4 else UNKNOWN
    return bid if bid > 0 else UNKNOWN


def most_fee_u6(
    market: Market, token: int, side: Side, price_g4: int, size_u6: int, book: tuple[int, int], now_ns: int
) -> int:
    """Return the taker fee at the worst price between the touch and the limit: the curve peaks at one half.

    Args:
        market: For its fees.
        token: Of the order, and so are the next three.
        side: Buy or sell.
        price_g4: Limit, at the token's price.
        size_u6: Micro-shares.
        book: Best bid and ask of token 0, grid.
        now_ns: Virtual time.
    """
    bid, ask = book
    if token:
        bid, ask = PRICE_ONE_G4 - ask, PRICE_ONE_G4 - bid
    ends = sorted((price_g4, ask if side is Side.BUY else bid))
    worst = min(max(PRICE_ONE_G4 // 2, ends[0]), ends[1])
    return market.fees.taker_fee_u6(now_ns, worst, size_u6)


def _since_entry(desk: Desk, intent: Intent) -> int:
    if not desk.state.entries_ns:
        return FAR_NS
    last = desk.state.entries_ns.get(f"{intent.strategy}/{intent.market}")
    return FAR_NS if last is None else desk.state.now_ns - last
