"""Closing positions: why, what is in the way, the order, and when to try again.

An exit goes before everything else. Own orders it would trade with, of whatever strategy, are cancelled first; while
one is on its way no new quote may stand in it. Only decisions that need a price wait for a sane book: time does not.
"""

from typing import Any

import msgspec

from polydesk.desk.asking import ask_exit
from polydesk.desk.cancels import cancel
from polydesk.desk.decisions import write
from polydesk.desk.permits import feed_age_ns, refused_lately, slot_of, submit
from polydesk.desk.state import Desk
from polydesk.desk.views import Look, held_of, view_of
from polydesk.model.grid import LOT_U6, PRICE_ONE_G4, ceil_to, floor_to
from polydesk.model.orders import OrderState, Purpose, Side, Term
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Exit
from polydesk.orders import WorkingOrder, crosses
from polydesk.portfolio import position_key
from polydesk.signals import Strategy, View, exit_reason

_CANCEL_SENT = frozenset({OrderState.CANCELLING, OrderState.UNKNOWN})


class Closing(msgspec.Struct, frozen=True):
    """An exit that is wanted now: a sale of ``token`` of ``strategy`` down to ``price_g4``."""

    strategy: str
    token: int
    price_g4: int


def close_positions(desk: Desk, look: Look) -> list[Closing]:
    """Close what the rules say is over; return every exit wanted, sent or still waiting for something."""
    wanted: list[Closing] = []
    if look.market not in desk.state.account.matched.held:
        return wanted
    for name, strategy in desk.strategies.items():
        for token in (0, 1):
            if held_of(desk, name, look.market, token).shares_u6:
                view = view_of(desk, look, name)
                reason, why = _why(desk, strategy, view, token)
                if reason:
                    wanted.append(_close(desk, strategy, view, token, reason, why))
    return wanted


def _why(desk: Desk, strategy: Strategy[Any, Any], view: View, token: int) -> tuple[str, tuple[Term, ...]]:
    bid, _ = view.touch(token)
    if bid <= 0:
        return "", ()
    reason, why = exit_reason(strategy.params.exits, view.held[token], bid, view.ts_ns, view.market.end_ns.value)
    if view.crossed and reason != Exit.TIME.value:
        return "", ()
    if not reason and not view.crossed:
        reason = ask_exit(desk, strategy, view, token)
    return reason, why


def _close(
    desk: Desk, strategy: Strategy[Any, Any], view: View, token: int, reason: str, why: tuple[Term, ...]
) -> Closing:
    state = desk.state
    market = view.market.index
    bid, _ = view.touch(token)
    slip = round(strategy.params.exits.slippage * PRICE_ONE_G4)
    price = max(view.tick_g4, min(ceil_to(bid - slip, view.tick_g4), floor_to(bid, view.tick_g4)))
    closing = Closing(strategy.name, token, price)
    key = position_key(strategy.name, market, token)
    _retry_later(desk, key, market)
    if not _way_is_clear(desk, closing, market, reason):
        return closing
    last = state.exits_ns.get(key)
    if last is not None and state.now_ns - last < seconds_ns(desk.config.orders.retry_s):
        return closing
    if refused_lately(desk, slot_of(strategy.name, market, token, Side.SELL, Purpose.EXIT)):
        return closing
    size = floor_to(view.held[token].shares_u6, LOT_U6)
    write(desk, strategy.name, market, "exit", reason, token, 0.0, 0.0, size, why)
    state.exits_ns[key] = state.now_ns
    submit(desk, strategy.name, market, token, Side.SELL, price, size, Purpose.EXIT, why, reason)
    return closing


def _retry_later(desk: Desk, key: str, market: int) -> None:
    """Ask for a timer; the older the book, the later, so that a long silence costs little."""
    age = feed_age_ns(desk, market)
    pause = seconds_ns(desk.config.orders.retry_s)
    if age > seconds_ns(desk.config.risk.stale_feed_s):
        pause = max(pause, age)
    desk.state.exit_due_ns[key] = desk.state.now_ns + pause


def _way_is_clear(desk: Desk, closing: Closing, market: int, reason: str) -> bool:
    """Cancel what stands in the way of an exit; return whether nothing does.

    In the way are the strategy's own quotes, whatever offers the same shares, and any own order the sale would match.
    An order counts until the venue has answered its cancel.
    """
    clear = True
    for order in desk.state.working.of_market(market):
        if _in_the_way(order, closing):
            clear = False
            if order.intent.purpose is Purpose.QUOTE and order.state not in _CANCEL_SENT:
                cancel(desk, order.intent.id, f"exit:{reason}")
    return clear


def _in_the_way(order: WorkingOrder, closing: Closing) -> bool:
    intent = order.intent
    if crosses(order, closing.token, Side.SELL, closing.price_g4):
        return True
    ours = intent.strategy == closing.strategy
    return ours and (intent.purpose is Purpose.QUOTE or (intent.side is Side.SELL and intent.token == closing.token))
