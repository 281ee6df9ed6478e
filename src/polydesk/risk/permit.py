"""Permits: the only thing the gateway accepts, and only this module makes one.

Exits skip the checks that guard entries. They never skip tick, minimum, shares, collar and self-trade.
"""

from collections.abc import Callable
from dataclasses import InitVar, dataclass
from functools import lru_cache

import msgspec

from polydesk.model.grid import cost_u6
from polydesk.model.market import Market
from polydesk.model.orders import Check, Intent, Purpose, Side
from polydesk.model.reasons import Refusal
from polydesk.risk.checks import UNKNOWN, adverse_g4, at_least, at_most, below, on_tick
from polydesk.risk.limits import Caps, RiskLimits


class Observed(msgspec.Struct, frozen=True, gc=False):
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
# A code's text, read once: looking it up costs an order more than its checks do.
(
    _STOPPED, _KILLED, _UNKNOWN, _BROKEN, _ASSUMED, _ENDED, _ENDING, _STALE, _CROSSED, _OFF_TICK, _MINIMUM, _COLLAR,
    _NOTIONAL, _IN_MARKET, _IN_TOTAL, _CASH, _SHARES, _RATE, _OPEN, _DUPLICATE, _COOLDOWN, _SELF_TRADE,
) = (code.value for code in Refusal)  # fmt: skip


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
    checks = _checks(intent, market, seen, limits)
    for place, check in enumerate(checks):
        if not check.passed:
            code = Refusal.RISK_UNKNOWN if check.observed == UNKNOWN else Refusal(check.name)
            return Denial(intent, code, tuple(checks[: place + 1]))
    return Permit(intent, tuple(checks), _SEAL)


def _checks(intent: Intent, market: Market, seen: Observed, limits: RiskLimits) -> list[Check]:
    """Return every check of an order, in the order in which they count; most orders pass all of them."""
    caps = limits.caps
    found = _order_checks(intent, market, seen, limits, caps)
    if intent.purpose is not Purpose.EXIT:
        state = _state_checks(seen.stopped, seen.killed, seen.unknown, seen.broken, seen.live_assumed)
        found = [*state, *_market_checks(seen, caps), *found]
    if intent.purpose is Purpose.ENTRY:
        found.append(_check(_COOLDOWN, at_least, seen.since_entry_ns, caps.cooldown_ns, "ns"))
    if intent.side is Side.BUY:
        found += _exposure_checks(intent, seen, caps)
    else:
        found.append(_check(_SHARES, at_least, seen.shares_u6, intent.size_u6, "u6 shares"))
    return found


@lru_cache(maxsize=64)
def _state_checks(stopped: int, killed: int, unknown: int, broken: int, assumed: int) -> tuple[Check, ...]:
    return (
        _flag(_STOPPED, stopped),
        _flag(_KILLED, killed),
        _flag(_UNKNOWN, unknown),
        _flag(_BROKEN, broken),
        _flag(_ASSUMED, assumed),
    )


def _market_checks(seen: Observed, caps: Caps) -> tuple[Check, ...]:
    return (
        _flag(_ENDED, seen.ended),
        _check(_ENDING, at_least, seen.to_end_ns, caps.to_end_ns, "ns"),
        _check(_STALE, at_most, seen.feed_age_ns, caps.stale_ns, "ns"),
        _flag(_CROSSED, seen.crossed),
    )


def _order_checks(intent: Intent, market: Market, seen: Observed, limits: RiskLimits, caps: Caps) -> list[Check]:
    found = [
        _check(_OFF_TICK, on_tick, intent.price_g4, seen.tick_g4, "g4"),
        _check(_MINIMUM, at_least, intent.size_u6, _minimum_u6(intent, market), "u6 shares"),
    ]
    beyond = adverse_g4(int(intent.side), intent.price_g4, seen.opposite_g4)
    # A resting quote into an empty opposite side cannot overpay anyone; a marketable order there is a mistake.
    if not (intent.post_only and beyond == UNKNOWN):
        found.append(_check(_COLLAR, at_most, beyond, caps.collar_g4, "g4"))
    found.append(_check(_SELF_TRADE, at_most, seen.self_crossing, 0, "orders"))
    found.append(_check(_DUPLICATE, at_most, seen.duplicates, 0, "orders"))
    if intent.purpose is not Purpose.EXIT:
        found.append(_check(_RATE, below, seen.orders_last_minute, limits.max_orders_per_minute, "orders"))
        found.append(_check(_OPEN, below, seen.open_orders, limits.max_open_orders, "orders"))
    return found


def _minimum_u6(intent: Intent, market: Market) -> int:
    """Return the venue's minimum; an exit may sell a remainder below it as a marketable order."""
    if intent.purpose is Purpose.EXIT and not intent.post_only:
        return 1
    return max(1, market.min_size_u6.value)


def _exposure_checks(intent: Intent, seen: Observed, caps: Caps) -> list[Check]:
    cost = cost_u6(intent.price_g4, intent.size_u6)
    found = [_check(_NOTIONAL, at_most, cost, caps.order_u6, "u6 pUSD")]
    for name, used, cap in (
        (_IN_MARKET, seen.market_exposure_u6, caps.market_u6),
        (_IN_TOTAL, seen.total_exposure_u6, caps.total_u6),
    ):
        after = UNKNOWN if used == UNKNOWN else used + cost
        found.append(_check(name, at_most, after, cap, "u6 pUSD"))
    found.append(_check(_CASH, at_least, seen.cash_u6, cost + seen.fee_u6, "u6 pUSD"))
    return found


@lru_cache(maxsize=64)
def _flag(name: str, observed: int) -> Check:
    """Return a check that passes at 0. Nearly all of them do: the same few records serve every order."""
    return _check(name, at_most, observed, 0, "flag")


def _check(name: str, test: Callable[[int, int], int], observed: int, limit: int, unit: str) -> Check:
    return Check(name, observed, limit, unit, test(observed, limit) == 1)
