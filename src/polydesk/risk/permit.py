"""Permits: the only thing the gateway accepts, and only this module makes one.

Exits skip the checks that guard entries. They never skip tick, minimum, shares, collar and self-trade.
"""

from collections.abc import Callable, Iterator
from dataclasses import InitVar, dataclass

import msgspec

from polydesk.model.grid import cash_u6, cost_u6
from polydesk.model.market import Market
from polydesk.model.orders import Check, Intent, Purpose, Side
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Refusal
from polydesk.risk import checks
from polydesk.risk.checks import UNKNOWN
from polydesk.risk.limits import RiskLimits


class Observed(msgspec.Struct, frozen=True):
    """Everything the checks look at, as whole numbers; ``UNKNOWN`` (-1) where it cannot be told.

    Attributes:
        stopped: 1 when the operator, a halt or a stop command forbids entries.
        killed: 1 when the daily loss switch forbids entries.
        unknown: 1 when it cannot be told whether the daily loss limit is reached.
        broken: 1 when an accounting sentinel broke.
        live_assumed: 1 when the session is live and a fact of the market is only assumed.
        ended: 1 when the market's end has passed.
        to_end_ns: Time to the market's end; a large number when no end is known.
        feed_age_ns: Age of the market's book.
        crossed: 1 when the book's bid is not below its ask.
        tick_g4: The market's tick now.
        opposite_g4: Best ask (buy) or bid (sell) of the token.
        market_exposure_u6: Cost of positions and open buys in the market, orders with unanswered cancels included.
        total_exposure_u6: The same over all markets.
        cash_u6: Cash not reserved by open buys.
        shares_u6: Shares of the token held by this strategy and not offered by open sells.
        orders_last_minute: Orders sent within 60 s.
        open_orders: Orders that are not terminal.
        duplicates: Working orders of the same strategy on the same token, side and price.
        since_entry_ns: Time since the strategy's last entry in the market; a large number when there was none.
        self_crossing: Own orders this one would trade with, across both tokens.
        fee_u6: Most taker fee the order can cost; 0 for one that only rests.
    """

    stopped: int
    killed: int
    unknown: int
    broken: int
    live_assumed: int
    ended: int
    to_end_ns: int
    feed_age_ns: int
    crossed: int
    tick_g4: int
    opposite_g4: int
    market_exposure_u6: int
    total_exposure_u6: int
    cash_u6: int
    shares_u6: int
    orders_last_minute: int
    open_orders: int
    duplicates: int
    since_entry_ns: int
    self_crossing: int
    fee_u6: int


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one order.

    Attributes:
        intent: The order.
        checks: What was checked, with the numbers.
        seal: Proof that ``decide`` makes it; not kept, so that no copy with another intent can be made.
    """

    intent: Intent
    checks: tuple[Check, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only polydesk.risk makes permits")


_SEAL = object()


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused order: the checks made, ending with the one that said no.

    ``code`` is that check's name, or ``risk_unknown`` when what it looks at could not be told.
    """

    intent: Intent
    code: Refusal
    checks: tuple[Check, ...]


def decide(intent: Intent, market: Market, seen: Observed, limits: RiskLimits) -> Permit | Denial:
    """Check one outgoing order; the first check that fails decides.

    Args:
        intent: The order as it would be sent.
        market: Its market.
        seen: What the desk observes now.
        limits: What is allowed.
    """
    done: list[Check] = []
    for check in _checks(intent, market, seen, limits):
        done.append(check)
        if not check.passed:
            code = Refusal.RISK_UNKNOWN if check.observed == UNKNOWN else Refusal(check.name)
            return Denial(intent, code, tuple(done))
    return Permit(intent, tuple(done), _SEAL)


def _checks(intent: Intent, market: Market, seen: Observed, limits: RiskLimits) -> Iterator[Check]:
    if intent.purpose is not Purpose.EXIT:
        yield from _state_checks(seen)
        yield from _market_checks(seen, limits)
    yield from _order_checks(intent, market, seen, limits)
    if intent.purpose is Purpose.ENTRY:
        yield _check(Refusal.COOLDOWN, checks.at_least, seen.since_entry_ns, seconds_ns(limits.entry_cooldown_s), "ns")
    if intent.side is Side.BUY:
        yield from _exposure_checks(intent, seen, limits)
    else:
        yield _check(Refusal.SHARES, checks.at_least, seen.shares_u6, intent.size_u6, "u6 shares")


def _state_checks(seen: Observed) -> Iterator[Check]:
    yield _check(Refusal.ENTRIES_STOPPED, checks.at_most, seen.stopped, 0, "flag")
    yield _check(Refusal.KILL_SWITCH, checks.at_most, seen.killed, 0, "flag")
    yield _check(Refusal.RISK_UNKNOWN, checks.at_most, seen.unknown, 0, "flag")
    yield _check(Refusal.SENTINEL_BROKEN, checks.at_most, seen.broken, 0, "flag")
    yield _check(Refusal.ASSUMED_FACT, checks.at_most, seen.live_assumed, 0, "flag")


def _market_checks(seen: Observed, limits: RiskLimits) -> Iterator[Check]:
    yield _check(Refusal.MARKET_ENDED, checks.at_most, seen.ended, 0, "flag")
    yield _check(Refusal.MARKET_ENDING, checks.at_least, seen.to_end_ns, seconds_ns(limits.min_time_to_end_s), "ns")
    yield _check(Refusal.STALE_FEED, checks.at_most, seen.feed_age_ns, seconds_ns(limits.stale_feed_s), "ns")
    yield _check(Refusal.CROSSED_BOOK, checks.at_most, seen.crossed, 0, "flag")


def _order_checks(intent: Intent, market: Market, seen: Observed, limits: RiskLimits) -> Iterator[Check]:
    yield _check(Refusal.OFF_TICK, checks.on_tick, intent.price_g4, seen.tick_g4, "g4")
    yield _check(Refusal.BELOW_MINIMUM, checks.at_least, intent.size_u6, _minimum_u6(intent, market), "u6 shares")
    beyond = checks.adverse_g4(int(intent.side), intent.price_g4, seen.opposite_g4)
    # A resting quote into an empty opposite side cannot overpay anyone; a marketable order there is a mistake.
    if not (intent.post_only and beyond == UNKNOWN):
        yield _check(Refusal.PRICE_COLLAR, checks.at_most, beyond, round(limits.collar * 10_000), "g4")
    yield _check(Refusal.SELF_TRADE, checks.at_most, seen.self_crossing, 0, "orders")
    yield _check(Refusal.DUPLICATE, checks.at_most, seen.duplicates, 0, "orders")
    if intent.purpose is not Purpose.EXIT:
        yield _check(Refusal.ORDER_RATE, checks.below, seen.orders_last_minute, limits.max_orders_per_minute, "orders")
        yield _check(Refusal.OPEN_ORDERS, checks.below, seen.open_orders, limits.max_open_orders, "orders")


def _minimum_u6(intent: Intent, market: Market) -> int:
    """Return the venue's minimum; an exit may sell a remainder below it as a marketable order."""
    if intent.purpose is Purpose.EXIT and not intent.post_only:
        return 1
    return max(1, market.min_size_u6.value)


def _exposure_checks(intent: Intent, seen: Observed, limits: RiskLimits) -> Iterator[Check]:
    cost = cost_u6(intent.price_g4, intent.size_u6)
    yield _check(Refusal.ORDER_NOTIONAL, checks.at_most, cost, cash_u6(limits.max_order_notional), "u6 pUSD")
    for code, used, cap in (
        (Refusal.MARKET_EXPOSURE, seen.market_exposure_u6, limits.max_market_exposure),
        (Refusal.TOTAL_EXPOSURE, seen.total_exposure_u6, limits.max_total_exposure),
    ):
        after = UNKNOWN if used == UNKNOWN else used + cost
        yield _check(code, checks.at_most, after, cash_u6(cap), "u6 pUSD")
    yield _check(Refusal.CASH, checks.at_least, seen.cash_u6, cost + seen.fee_u6, "u6 pUSD")


def _check(code: Refusal, test: Callable[[int, int], int], observed: int, limit: int, unit: str) -> Check:
    return Check(code.value, observed, limit, unit, bool(test(observed, limit)))
