"""Everything about one order: why it was wanted, what risk checked, and what became of it."""

import difflib
from collections.abc import Sequence
from typing import Any

import msgspec

from polydesk.model.errors import SessionError
from polydesk.model.grid import CASH_ONE_U6, PRICE_ONE_G4, SHARE_U6
from polydesk.model.ids import IntentId, intent_id
from polydesk.model.orders import Check, Purpose, Side, Term
from polydesk.model.records import (
    CancelRejected,
    CancelSent,
    Decision,
    Fill,
    FillStatus,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
    StrategyFailed,
)
from polydesk.report.failures import failure_text, failures
from polydesk.report.lives import Life, lives
from polydesk.report.quantities import cash, count, duration, price, shares, utc_ms
from polydesk.report.session import Session
from polydesk.report.tables import Table


class Step(msgspec.Struct, frozen=True):
    """One thing that happened to the order.

    Attributes:
        ts_ns: Virtual time.
        seq: Tape row after which it happened.
        what: In words.
    """

    ts_ns: int
    seq: int
    what: str


class Explanation(msgspec.Struct, frozen=True):
    """One order from decision to end.

    Attributes:
        session: Where it belongs.
        order: Its id.
        market: Slug.
        outcome: Token's label.
        asked: The order in one sentence.
        life: As recorded.
        decision: The strategy's last word in this market before the order; ``None`` when it was never written.
        steps: What happened, in order.
        outcome_text: How it ended, in one sentence.
        failure: Errors of the order's strategy up to the end of the order, in a sentence; empty when there were none.
    """

    session: str
    order: str
    market: str
    outcome: str
    asked: str
    life: Life
    decision: Decision | None
    steps: tuple[Step, ...]
    outcome_text: str
    failure: str


def explain_order(session: Session, name: str) -> Explanation:
    """Tell everything recorded about one order.

    Args:
        session: As read from disk.
        name: The order's id; a bare number ``17`` means ``ord-000017``.

    Raises:
        SessionError: The session has no such order; the message names near ones.
    """
    orders = lives(session.records)
    found = IntentId(name) if name in orders else intent_id(int(name)) if name.isdecimal() else IntentId(name)
    life = orders.get(found)
    if life is None:
        raise SessionError(_unknown(session, name, list(orders)))
    intent = life.intent
    return Explanation(
        session=session.header.session,
        order=intent.id,
        market=_market(session, intent.market),
        outcome=_outcome(session, intent.market, intent.token),
        asked=_asked(life, _market(session, intent.market), _outcome(session, intent.market, intent.token)),
        life=life,
        decision=_decision(session.records, life),
        steps=_steps(session.records, life),
        outcome_text=_ended(life),
        failure=_failure(session.records, life),
    )


def _unknown(session: Session, name: str, known: Sequence[str]) -> str:
    where = f"session {session.header.session}"
    if not known:
        return f"no order {name!r}: {where} has no orders"
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"near ones: {', '.join(near)}; " if near else ""
    return f"no order {name!r} in {where}; {hint}its orders are {known[0]} to {known[-1]}"


def _market(session: Session, index: int) -> str:
    return session.markets[index].slug if index < len(session.markets) else f"market {index}"


def _outcome(session: Session, index: int, token: int) -> str:
    label = session.markets[index].tokens[token].outcome if index < len(session.markets) else None
    return label or f"token {token}"


def _asked(life: Life, market: str, outcome: str) -> str:
    intent = life.intent
    word = "buy" if intent.side is Side.BUY else "sell"
    kind = f"{intent.type.value}{', post-only' if intent.post_only else ''}"
    reason = f" ({intent.reason})" if intent.reason else ""
    purpose = {Purpose.ENTRY: "to enter", Purpose.EXIT: "to exit", Purpose.QUOTE: "as a quote"}[intent.purpose]
    return (
        f"{intent.strategy} asked to {word} {shares(intent.size_u6)} {outcome} of {market} at {price(intent.price_g4)} "
        f"({kind}) {purpose}{reason}"
    )


def _decision(records: Sequence[Record], life: Life) -> Decision | None:
    """Return the decision behind an order: the ensemble's for an entry, else the strategy's last word before it."""
    entry = life.intent.purpose is Purpose.ENTRY
    who = "ensemble" if entry else life.intent.strategy
    last = None
    for record in records:
        if isinstance(record, OrderSent | Refused) and record.intent.id == life.intent.id:
            break
        if isinstance(record, Decision) and (record.strategy, record.market) == (who, life.intent.market):
            last = record
    return last


def _steps(records: Sequence[Record], life: Life) -> tuple[Step, ...]:
    first = "refused by risk: " + life.refused if life.refused else "permitted and sent"
    steps = [Step(life.sent_ns, life.sent_seq, first)]
    steps += [Step(event.ts_ns, event.seq, _told(event)) for event in life.events]
    mine = {event.id for event in life.events if isinstance(event, Fill)}
    steps += [
        Step(r.ts_ns, r.seq, f"fill {r.fill} {'confirmed' if r.confirmed else 'FAILED and reversed'}")
        for r in records
        if isinstance(r, FillStatus) and r.fill in mine
    ]
    return tuple(sorted(steps, key=lambda step: (step.ts_ns, step.seq)))


def _failure(records: Sequence[Record], life: Life) -> str:
    last_ns = max((event.ts_ns for event in life.events), default=life.sent_ns)
    before = [r for r in records if isinstance(r, StrategyFailed) and r.ts_ns <= last_ns]
    return next((failure_text(f) for f in failures(before) if f.strategy == life.intent.strategy), "")


def _told(event: object) -> str:
    match event:
        case OrderAck():
            return f"venue has it: {event.status}"
        case OrderRejected():
            return f"venue rejected it: {event.reason}{f' ({event.message})' if event.message else ''}"
        case OrderDone():
            return f"left the book: {event.reason}"
        case OrderLost():
            return "no answer from the venue: unknown until it tells"
        case CancelSent():
            return f"cancel sent: {event.reason}"
        case CancelRejected():
            return f"cancel rejected: {event.reason}"
        case Fill():
            rule = event.cause.value.replace("_", "-")
            return (
                f"filled {shares(event.size_u6)} at {price(event.price_g4)} as {event.liquidity.value} "
                f"(by {rule}, fee {cash(event.fee_u6)} pUSD)"
            )
    return type(event).__name__


def _ended(life: Life) -> str:
    size = life.intent.size_u6
    filled = f"{shares(life.filled_u6)} of {shares(size)} shares filled"
    if life.refused:
        return f"never sent: risk refused it ({life.refused})"
    end = f" ({life.end})" if life.end else ""
    failed = f", {shares(life.failed_u6)} matched but failed and reversed" if life.failed_u6 else ""
    wrong = f"; CONTRADICTION: {life.contradiction}" if life.contradiction else ""
    return f"{life.state.value}{end}, {filled}{failed}, fees {cash(life.fees_u6)} pUSD{wrong}"


def why_table(terms: Sequence[Term], title: str) -> Table:
    """Return named terms and their sum, where they share one unit."""
    rows = tuple((term.name, f"{term.value:+.6g}", term.unit) for term in terms)
    units = {term.unit for term in terms}
    total = ("sum", f"{sum(term.value for term in terms):+.6g}", units.pop()) if len(units) == 1 else ()
    return Table(title, ("term", ">value", "unit"), rows, total)


def check_table(checks: Sequence[Check]) -> Table:
    """Return risk checks with what was seen and what is allowed, in the units people read."""
    rows = tuple(
        (check.name, *_readable(check), "passed" if check.passed else "REFUSED") for check in checks
    )  # in the order they were made
    return Table("Risk checks", ("check", ">observed", ">limit", "unit", "result"), rows)


_UNITS: dict[str, tuple[int, str]] = {
    "u6 pUSD": (CASH_ONE_U6, "pUSD"),
    "u6 shares": (SHARE_U6, "shares"),
    "g4": (PRICE_ONE_G4, "price"),
}


def _readable(check: Check) -> tuple[str, str, str]:
    if check.unit == "ns":
        return _span(check.observed), _span(check.limit), "time"
    scale, unit = _UNITS.get(check.unit, (1, check.unit))
    if scale == 1:
        return count(check.observed), count(check.limit), unit
    return f"{check.observed / scale:,.6g}", f"{check.limit / scale:,.6g}", unit


def _span(span_ns: int) -> str:
    """Write a time span; a very long one stands for "none is known"."""
    if span_ns < 0:
        return "unknown"
    return duration(span_ns) if span_ns < 1 << 60 else "no end"


def step_table(explanation: Explanation) -> Table:
    """Return what happened, with the time since the order was made."""
    start = explanation.life.sent_ns
    rows = tuple(
        (utc_ms(step.ts_ns), f"+{duration(step.ts_ns - start)}", count(step.seq), step.what)
        for step in explanation.steps
    )
    return Table("What happened", ("time", ">after", ">tape row", "what"), rows)


def as_data(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation as JSON-like data; integers keep their unit suffix."""
    data: dict[str, Any] = msgspec.to_builtins(explanation)
    data["life"].pop("events")
    return data
