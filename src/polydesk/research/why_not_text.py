"""The answer to "why not" in words and tables."""

from collections.abc import Iterator

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.orders import Check, Side, Term
from polydesk.model.records import Decision
from polydesk.report.explain import check_table, why_table
from polydesk.report.quantities import cash, duration, price, shares, utc_ms
from polydesk.report.tables import Table
from polydesk.research.why_not import StrategyThen, WhyNot
from polydesk.research.why_not_place import moment_text
from polydesk.research.why_not_probe import Change, Outcome, Setting

SHOWN = 8
"""Most settings listed per strategy; the JSON has all."""

_STATES = {
    "trading": "The desk was trading.",
    "stopped": "The desk had been stopped or a sentinel had broken: no entries.",
    "settled": "The market had settled: nothing is asked about it any more.",
    "over": "The session was ending: nothing new is sent.",
}


def headline(found: WhyNot) -> str:
    """Return what was asked, and the answer of every strategy, in one line each."""
    lines = [f"{found.slug} (market {found.market}) at {moment_text(found.moment)}", _STATES[found.state], _book(found)]
    lines += [f"{one.strategy}: {outcome_text(one.asked)}." for one in found.strategies]
    return "\n".join(lines)


def outcome_text(outcome: Outcome) -> str:
    """Return what a strategy comes to, in words."""
    match outcome.kind:
        case "order":
            return "sends an order"
        case "quotes":
            return "has its quotes in the book"
        case "hold":
            return f"waits, {outcome.code.replace('_', ' ')}"
        case "vote":
            return f"signals, but does not enter: {outcome.code.replace('_', ' ')}{_short(outcome.why)}"
        case "refused":
            return f"asks for an order that risk refuses: {outcome.code}{_missed(outcome.checks)}"
        case "error":
            return f"fails: {outcome.code}"
    return "is not asked: the market is over for the desk"


def tables(found: WhyNot) -> Iterator[Table]:
    """Yield the tables: book, then per strategy what it said, held, had working, was refused and would have needed."""
    yield _ladder(found)
    for one in found.strategies:
        yield _facts(found, one)
        if one.asked.why:
            yield why_table(one.asked.why, f"{one.strategy}: the numbers at that moment")
        if one.asked.checks:
            yield check_table(one.asked.checks)
        if not one.asked.acts:
            yield _changes(one)


def _book(found: WhyNot) -> str:
    bid, ask = (side[0][0] if side else None for side in (found.book.bids, found.book.asks))
    if bid is None or ask is None:
        return f"Book of token 0: best bid {price(bid)}, best ask {price(ask)}."
    middle = f"{(bid + ask) / (2 * PRICE_ONE_G4):.4f}"
    return f"Book of token 0: best bid {price(bid)}, best ask {price(ask)}, spread {price(ask - bid)}, mid {middle}."


def _ladder(found: WhyNot) -> Table:
    bids, asks = found.book.bids, found.book.asks
    rows = []
    for at in range(max(len(bids), len(asks))):
        bid = (shares(bids[at][1]), price(bids[at][0])) if at < len(bids) else ("", "")
        ask = (price(asks[at][0]), shares(asks[at][1])) if at < len(asks) else ("", "")
        rows.append((*bid, *ask))
    return Table("The book then, token 0", (">bid shares", ">bid", ">ask", ">ask shares"), tuple(rows))


def _facts(found: WhyNot, one: StrategyThen) -> Table:
    at_ns = found.moment.ts_ns
    rows = [("last word", _word(one.last_word, at_ns))]
    if found.ensemble is not None and one.asked.kind in {"vote", "refused", "order"}:
        rows.append(("last vote", _word(found.ensemble, at_ns)))
    if one.refusal is not None:
        asked, refusal = one.refusal.intent, one.refusal
        told = _order(asked.side, asked.size_u6, asked.token, asked.price_g4)
        ago = duration(at_ns - refusal.ts_ns)
        rows.append(("last refusal", f"{ago} before: {told}: {refusal.code}{_missed(refusal.checks)}"))
    if one.failure:
        rows.append(("last error", one.failure))
    rows += [
        ("holds", f"{shares(held.shares_u6)} of token {held.token}, cost {cash(held.cost_u6)} pUSD")
        for held in one.holding
    ]
    rows += [
        (
            "order working",
            f"{order.order}: {_order(order.side, order.left_u6, order.token, order.price_g4)} "
            f"({order.purpose.value}, {order.state})",
        )
        for order in one.working
    ]
    if not one.holding and not one.working:
        rows.append(("holds", "nothing, and no order works"))
    later = "none in this market" if one.later is None else ""
    if one.later is not None:
        later = f"{one.later.order}, {duration(one.later.ts_ns - at_ns)} later ({utc_ms(one.later.ts_ns)})"
    rows.append(("next order", later))
    return Table(one.strategy, ("", "then"), tuple(rows))


def _order(side: Side, size_u6: int, token: int, price_g4: int) -> str:
    return f"{'buy' if side is Side.BUY else 'sell'} {shares(size_u6)} of token {token} at {price(price_g4)}"


def _changes(one: StrategyThen) -> Table:
    best = [change for change in one.changes if change.then.acts]
    shown = best or one.changes
    rows = tuple(
        (change.key.removeprefix("desk."), _value(change.now), _needed(change), outcome_text(change.then))
        for change in shown[:SHOWN]
    )
    more = len(one.changes) - len(rows)
    note = f"{more} more settings, which lead to another reason not to trade, are in the JSON." if best and more else ""
    if not rows:
        rows = (("none", "-", "-", "no single setting would have changed it"),)
    title = f"{one.strategy}: what would have had to differ, one setting at a time (keys of desk.)"
    return Table(title, ("setting", ">was", ">needed", "then it"), rows, note=note)


def _needed(change: Change) -> str:
    if isinstance(change.needed, bool):
        return _value(change.needed)
    sign = "at most" if change.needed < change.now else "at least"
    return f"{sign} {_value(change.needed)}{f' {change.unit}' if change.unit not in {'price', 'fraction'} else ''}"


def _value(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:,.6g}"


def _word(word: Decision | None, at_ns: int) -> str:
    if word is None:
        return "none yet"
    said = f"{word.action}{f' ({word.reason})' if word.reason else ''}"
    token = f" token {word.token}" if word.token >= 0 else ""
    return f"{said}{token}, said {duration(at_ns - word.ts_ns)} before ({utc_ms(word.ts_ns)}){_short(word.why)}"


def _short(why: tuple[Term, ...]) -> str:
    return f" ({', '.join(f'{term.name} {term.value:.4g}' for term in why)})" if why else ""


def _missed(checks: tuple[Check, ...]) -> str:
    """Return the failing check's numbers as people read them."""
    if not checks or checks[-1].passed:
        return ""
    _, observed, limit, unit, _ = check_table(checks[-1:]).rows[0]
    return f" (seen {observed}, limit {limit}{'' if unit == 'time' else f' {unit}'})"
