"""One look at one market: exits first, then signals through vote, cost gate and sizing, then quotes."""

from typing import Any

from polydesk.desk.permits import cancel, refused_lately, slot_of, submit
from polydesk.desk.state import Desk, equity_u6
from polydesk.kernel import Fact as BookFact
from polydesk.kernel import levels, touch
from polydesk.model.grid import PRICE_ONE_G4, ceil_to, floor_to
from polydesk.model.orders import OrderState, Purpose, Side, Term
from polydesk.model.params import seconds_ns
from polydesk.model.reasons import Hold
from polydesk.model.records import Decision
from polydesk.orders import reconcile
from polydesk.portfolio import Position, position_key
from polydesk.signals import (
    LOT_U6,
    Answer,
    Held,
    Quote,
    Quotes,
    Signal,
    Strategy,
    View,
    Vote,
    Wait,
    cost_terms,
    entry_size,
    exit_reason,
    observe,
    vote,
)  # fmt: skip

_NOTHING = Held()
_ENSEMBLE = "ensemble"
_CANCEL_SENT = frozenset({OrderState.CANCELLING, OrderState.UNKNOWN})


def evaluate(desk: Desk, market: int) -> None:
    """Ask every strategy about ``market`` and act on the answers."""
    if market in desk.state.settled:
        return
    views = {name: _view(desk, strategy, market) for name, strategy in desk.strategies.items()}
    if not views:
        return
    first = next(iter(views.values()))
    if first.two_sided and not first.crossed:
        observe(first.features, desk.state.now_ns, first.mid)
    signals: dict[str, Signal] = {}
    for name, strategy in desk.strategies.items():
        view = views[name]
        closing = close_positions(desk, strategy, view)
        answer = strategy.decide(view, desk.memory_of(strategy, market))
        if isinstance(answer, Signal):
            _say(desk, name, market, answer)
            if not closing:
                signals[name] = answer
        elif closing:
            _requote(desk, name, view, ())
        else:
            _say(desk, name, market, answer)
            _requote(desk, name, view, answer.quotes if isinstance(answer, Quotes) else ())
    if signals:
        _enter(desk, views, signals)


def close_positions(desk: Desk, strategy: Strategy[Any, Any], view: View) -> bool:
    """Close what the strategy's rules say is over; return whether anything of it is being closed."""
    closing = False
    for token in (0, 1):
        held = view.held[token]
        if held.shares_u6 < LOT_U6:
            continue
        reason, why = _why_close(desk, strategy, view, token)
        if reason:
            closing = True
            _close(desk, strategy, view, token, reason, why)
    return closing


def _why_close(desk: Desk, strategy: Strategy[Any, Any], view: View, token: int) -> tuple[str, tuple[Term, ...]]:
    held = view.held[token]
    bid, _ = view.touch(token)
    if view.crossed or bid <= 0:
        return "", ()
    own = strategy.closes(view, desk.memory_of(strategy, view.market.index), token)
    reason, why = exit_reason(strategy.params.exits, held, bid, view.ts_ns, view.market.end_ns.value)
    return (reason or own), why


def _close(
    desk: Desk, strategy: Strategy[Any, Any], view: View, token: int, reason: str, why: tuple[Term, ...]
) -> None:
    state = desk.state
    market = view.market.index
    key = position_key(strategy.name, market, token)
    working = [order for order in view.orders if not order.state.terminal]
    for order in working:
        if order.intent.purpose is Purpose.QUOTE and order.state not in _CANCEL_SENT:
            cancel(desk, order.intent.id, f"exit:{reason}")
    # Shares offered by a quote or an earlier exit are free again only when the venue has answered.
    if any(order.intent.side is Side.SELL and order.intent.token == token for order in working):
        return
    last = state.exits_ns.get(key)
    if last is not None and state.now_ns - last < seconds_ns(desk.config.orders.retry_s):
        return
    if refused_lately(desk, slot_of(strategy.name, market, token, Side.SELL, Purpose.EXIT)):
        return
    bid, _ = view.touch(token)
    slip = round(strategy.params.exits.slippage * PRICE_ONE_G4)
    price = max(view.tick_g4, ceil_to(bid - slip, view.tick_g4))
    size = floor_to(view.held[token].shares_u6, LOT_U6)
    _write(desk, strategy.name, market, "exit", reason, token, 0.0, 0.0, size, why)
    state.exits_ns[key] = state.now_ns
    submit(desk, strategy.name, market, token, Side.SELL, price, size, Purpose.EXIT, why, reason)


def _enter(desk: Desk, views: dict[str, View], signals: dict[str, Signal]) -> None:
    voted = vote(signals, desk.config.ensemble)
    view = views[next(iter(signals))]
    market = view.market.index
    if isinstance(voted, Wait):
        _say(desk, _ENSEMBLE, market, voted)
        return
    owner = max(voted.strategies, key=lambda name: signals[name].confidence)
    hold = _entry_hold(views[owner], voted, desk)
    if hold is not None:
        _say(desk, _ENSEMBLE, market, hold)
        return
    if refused_lately(desk, slot_of(owner, market, voted.token, Side.BUY, Purpose.ENTRY)):
        return
    _, ask = view.touch(voted.token)
    tick = view.tick_g4
    price = min(floor_to(ask + round(desk.config.orders.entry_slippage * PRICE_ONE_G4), tick), PRICE_ONE_G4 - tick)
    size, factors = entry_size(
        equity_u6(desk), voted.size_hint * voted.confidence, view.size_factor, view.features, price, desk.config.sizing
    )
    if size < view.market.min_size_u6.value:
        _say(desk, _ENSEMBLE, market, Wait(Hold.SIZE_BELOW_MINIMUM, (*factors, Term("size", size / 1e6, "shares"))))
        return
    _write(desk, _ENSEMBLE, market, "buy", "", voted.token, voted.confidence, voted.edge, size, (*voted.why, *factors))
    if submit(desk, owner, market, voted.token, Side.BUY, price, size, Purpose.ENTRY, voted.why):
        desk.state.entries_ns[f"{owner}/{market}"] = desk.state.now_ns


def _entry_hold(view: View, voted: Vote, desk: Desk) -> Wait | None:
    if any(held.shares_u6 >= LOT_U6 for held in view.held):
        return Wait(Hold.POSITION_OPEN)
    if any(order.intent.purpose is Purpose.ENTRY for order in view.orders):
        return Wait(Hold.POSITION_OPEN)
    bid, ask = view.touch(voted.token)
    costs = cost_terms(view.market.fees, view.ts_ns, bid, ask, desk.config.cost)
    if voted.edge <= sum(term.value for term in costs):
        return Wait(Hold.COST, (Term("edge", voted.edge), *costs))
    return None


def _requote(desk: Desk, name: str, view: View, targets: tuple[Quote, ...]) -> None:
    quoting = [order for order in view.orders if order.intent.purpose is Purpose.QUOTE]
    if not targets and not quoting:
        return
    market = view.market.index
    tolerance = round(desk.config.orders.requote_tolerance * PRICE_ONE_G4)
    plan = reconcile(targets, quoting, tolerance, view.market.min_size_u6.value)
    for order_id in plan.cancel:
        cancel(desk, order_id, "requote" if targets else "withdraw")
    for quote in plan.place:
        submit(
            desk,
            name,
            market,
            quote.token,
            quote.side,
            quote.price_g4,
            quote.size_u6,
            Purpose.QUOTE,
            quote.why,
        )


def _view(desk: Desk, strategy: Strategy[Any, Any], market: int) -> View:
    state = desk.state
    positions = state.account.matched.positions
    held = []
    for token in (0, 1):
        position = positions.get(position_key(strategy.name, market, token))
        held.append(_held(position))
    bid, ask = touch(desk.books, market, 0)
    return View(
        state.now_ns,
        desk.markets[market],
        (int(bid), int(ask)),
        int(desk.books.last[market, BookFact.TICK]),
        desk.features_of(market),
        (held[0], held[1]),
        tuple(o for o in state.working.of_market(market) if o.intent.strategy == strategy.name),
        state.account.matched.cash_u6 + state.account.matched.cost_u6,
        desk.config.risk.daily_loss_recovery if state.daily.state == "recovery" else 1.0,
        lambda token, side, count: _levels(desk, market, token, side, count),
    )


def _held(position: Position | None) -> Held:
    if position is None or position.shares_u6 == 0:
        return _NOTHING
    return Held(position.shares_u6, position.cost_u6, position.held_fees_u6, position.opened_ns)


def _levels(desk: Desk, market: int, token: int, side: Side, count: int) -> tuple[tuple[int, int], ...]:
    prices, sizes = levels(desk.books, market, token, int(side), count)
    return tuple(zip(prices.tolist(), sizes.tolist(), strict=True))


def _say(desk: Desk, name: str, market: int, answer: Answer) -> None:
    """Write down an answer unless it repeats the strategy's last word on this market."""
    if isinstance(answer, Signal):
        said = f"buy/{answer.token}"
        facts = ("buy", "", answer.token, answer.confidence, answer.edge, 0, answer.why)
    elif isinstance(answer, Quotes):
        said = "quote"
        facts = ("quote", "", -1, 0.0, 0.0, 0, ())
    else:
        said = f"hold/{answer.reason}"
        facts = ("hold", answer.reason.value, -1, 0.0, 0.0, 0, answer.why)
    key = f"{name}/{market}"
    if desk.state.last_word.get(key) != said:
        desk.state.last_word[key] = said
        _append(desk, name, market, *facts)


def _write(
    desk: Desk, name: str, market: int, action: str, reason: str, token: int, confidence: float, edge: float,
    size_u6: int, why: tuple[Term, ...],
) -> None:  # fmt: skip
    desk.state.last_word[f"{name}/{market}"] = f"{action}/{token}/{reason}"
    _append(desk, name, market, action, reason, token, confidence, edge, size_u6, why)


def _append(
    desk: Desk, name: str, market: int, action: str, reason: str, token: int, confidence: float, edge: float,
    size_u6: int, why: tuple[Term, ...],
) -> None:  # fmt: skip
    state = desk.state
    desk.out.append(
        Decision(state.seq, state.now_ns, name, market, action, reason, token, confidence, edge, size_u6, why)
    )
