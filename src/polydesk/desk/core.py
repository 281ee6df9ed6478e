"""The one step function: an event in, outputs out. No clock, no randomness, no I/O.

Given the same desk (configuration, markets, state), the same books and the same event, a step always returns the
same outputs. Everything else in the program exists to feed it and to carry out what it says.
"""

import msgspec

from polydesk.desk.cancels import cancel, cancel_all
from polydesk.desk.day import judge_day
from polydesk.desk.evaluate import evaluate
from polydesk.desk.permits import pause, slot_of
from polydesk.desk.state import Desk, value_u6
from polydesk.model.grid import LOT_U6, PRICE_ONE_G4
from polydesk.model.orders import OrderState, Purpose
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Exit, Refusal
from polydesk.model.records import (
    BalanceTold,
    CancelRejected,
    CashMoved,
    Command,
    Fill,
    FillStatus,
    Input,
    Marked,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    Output,
    SentinelBroke,
    Settled,
    SourceChanged,
    TimerFired,
)  # fmt: skip
from polydesk.portfolio import broken_balance, broken_fee, broken_fill, broken_identities, broken_totals
from polydesk.signals import exit_due_ns


class Woken(msgspec.Struct, frozen=True):
    """The kernel woke the desk: ``market`` changed as its wake mask asks. Follows from the tape, never recorded."""

    seq: int
    ts_ns: int
    market: int
    reasons: int


Event = Woken | Input

_MONEY = (Fill, FillStatus, Settled, CashMoved, SourceChanged)
"""After these the portfolio is marked at once, otherwise once per mark interval."""


def step(desk: Desk, event: Event) -> list[Output]:
    """Advance the desk by one event and return what it decided, refused and sent, in order.

    Raises:
        InvariantBroken: The venue contradicts itself (unknown order, fill beyond an order's size).
    """
    state = desk.state
    desk.out = []
    desk.permits = []
    state.seq = event.seq
    state.now_ns = max(state.now_ns, event.ts_ns)
    if isinstance(event, Woken):
        evaluate(desk, event.market)
    elif isinstance(event, (OrderAck, OrderRejected, OrderDone, CancelRejected, OrderLost)):
        _order_news(desk, event)
    elif isinstance(event, Fill):
        _fill(desk, event)
    else:
        _other(desk, event)
    force = isinstance(event, _MONEY)
    if force or state.now_ns - state.marked_ns >= seconds_ns(desk.config.mark_interval_s):
        _mark(desk)
    return desk.out


def next_timer_ns(desk: Desk) -> int | None:
    """Return when the desk next wants a ``TimerFired``, or ``None``; there is nothing to wait for once it is over."""
    due = desk.state.exit_due_ns
    return min(due.values()) if due and not desk.state.over and not desk.state.stopping else None


def _other(
    desk: Desk, event: FillStatus | Settled | TimerFired | Command | SourceChanged | CashMoved | BalanceTold
) -> None:
    state = desk.state
    if isinstance(event, FillStatus):
        final = state.account.status(event)
        _sentinels(desk)
        if final is not None:
            _note_exit_due(desk, state.account.seen[event.fill])
            evaluate(desk, final.market)
    elif isinstance(event, Settled):
        _settle(desk, event)
    elif isinstance(event, TimerFired):
        _timer(desk)
    elif isinstance(event, Command):
        _command(desk, event)
    elif isinstance(event, SourceChanged):
        state.source = event.status
        state.over = event.status == "ended"
    elif isinstance(event, BalanceTold):
        _sentinels(desk, broken_balance(state.account, event))
    else:
        state.account.cash(event)
        _sentinels(desk)


def _order_news(desk: Desk, event: OrderAck | OrderRejected | OrderDone | CancelRejected | OrderLost) -> None:
    order = desk.state.working.apply(event)
    intent = order.intent
    if isinstance(event, OrderAck) and order.state is OrderState.CANCELLING and not order.cancels:
        cancel(desk, intent.id, "overtaken")
    if isinstance(event, OrderRejected) and intent.purpose is not Purpose.EXIT:
        pause(desk, slot_of(intent.strategy, intent.market, intent.token, intent.side, intent.purpose))
    if not isinstance(event, OrderAck):
        evaluate(desk, intent.market)


def _fill(desk: Desk, fill: Fill) -> None:
    state = desk.state
    if fill.id in state.account.seen:
        return
    order = state.working.apply(fill)
    state.account.fill(fill, order.intent.strategy)
    fees = desk.markets[fill.market].fees
    _sentinels(desk, broken_fill(fill, order.intent) or broken_fee(fill, fees, fill.matched_ns))
    _note_exit_due(desk, state.account.seen[fill.id])
    evaluate(desk, fill.market)


def _note_exit_due(desk: Desk, key: str) -> None:
    position = desk.state.account.matched.positions[key]
    due = None
    if position.shares_u6 >= LOT_U6 and position.strategy in desk.strategies:
        rules = desk.strategies[position.strategy].params.exits
        end_ns = desk.markets[position.market].end_ns.value
        due = exit_due_ns(rules, position.opened_ns, end_ns, desk.state.now_ns)
    if due is None:
        desk.state.exit_due_ns.pop(key, None)
    else:
        desk.state.exit_due_ns[key] = due


def _settle(desk: Desk, event: Settled) -> None:
    state = desk.state
    if event.market in state.settled:
        return
    state.settled.add(event.market)
    state.account.settled(event)
    positions = state.account.matched.positions
    for key in [k for k in state.exit_due_ns if positions[k].market == event.market]:
        del state.exit_due_ns[key]
    state.working.forget_market(event.market)
    pays = sum(event.payout_g4)
    _sentinels(desk, "" if pays == PRICE_ONE_G4 else f"payouts of market {event.market} add up to {pays}, not 10000 g4")


def _timer(desk: Desk) -> None:
    due = desk.state.exit_due_ns
    for key in [k for k, when in due.items() if when <= desk.state.now_ns]:
        _note_exit_due(desk, key)
        evaluate(desk, desk.state.account.matched.positions[key].market)


def _command(desk: Desk, command: Command) -> None:
    state = desk.state
    if command.name == "resume":
        state.stopped = False
        return
    state.stopped = True
    if command.name == "stop":
        state.stopping = True
    cancel_all(desk, Exit.STOPPED.value, exits=True)


def _sentinels(desk: Desk, found: str = "") -> None:
    state = desk.state
    found = found or broken_identities(state.account)
    if found and not state.broken:
        state.broken = found
        desk.out.append(SentinelBroke(state.seq, state.now_ns, found.split(":", maxsplit=1)[0], found))
        cancel_all(desk, Refusal.SENTINEL_BROKEN.value, exits=False)


def _mark(desk: Desk) -> None:
    """Mark the portfolio; judge the day's loss by it."""
    state = desk.state
    state.marked_ns = state.now_ns
    account = state.account
    values = value_u6(desk)
    found = broken_totals(account)
    if found:
        _sentinels(desk, found)
    judge_day(desk)
    desk.out.append(
        Marked(
            state.seq,
            state.now_ns,
            (account.matched.cash_u6, account.confirmed.cash_u6),
            values,
            account.matched.cost_u6 + state.working.buys_u6,
        )
    )
