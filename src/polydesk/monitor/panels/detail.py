"""Everything about one decision or one order: every term, every check, and what became of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from polydesk.model.grid import CASH_ONE_U6, PRICE_ONE_G4, SHARE_U6
from polydesk.model.orders import Check, Purpose, Term
from polydesk.model.reasons import Refusal
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Words
from polydesk.report.quantities import cash, count, price, shares, utc_ms
from polydesk.store import views
from polydesk.store.view_rows import DecisionRow, OrderEvent, OrderRow

CLOSED: dict[str, Any] = {"open": False, "title": "", "lead": "", "facts": [], "tables": []}

_CHECKED = 2
_ENSEMBLE = "ensemble"
_FOREVER_NS = 1 << 60
_LAST_RECORD = 1 << 62
_SCALES: dict[str, tuple[int, str]] = {
    "u6 pUSD": (CASH_ONE_U6, "pUSD"),
    "u6 shares": (SHARE_U6, "shares"),
    "g4": (PRICE_ONE_G4, "price"),
}


def decision_detail(connection: Connection, view: SessionView, record: int, words: Words) -> dict[str, Any]:
    """Return the properties of the dialog about a decision, with the orders it led to."""
    row = views.decision(connection, view.name, record)
    if row is None:
        return _gone(words)
    tables = [_terms(row.why, words)]
    if row.action != "hold":
        led_to, number = _led_to(connection, view.name, row)
        tables.append(_orders(led_to, number, view, words))
        tables += [_checks(order.checks, words, order.intent) for order in led_to[:_CHECKED]]
    return {
        "open": True,
        "title": words(
            "detail.decision", strategy=words.named("strategy", row.strategy), market=view.market_name(row.market)
        ),
        "lead": _decided(row, view, words),
        "facts": [
            _fact("time", utc_ms(row.ts_ns), words),
            _fact("confidence", f"{row.confidence:.3f}" if row.confidence else words("detail.none"), words),
            _fact("edge", f"{row.edge:+.4f} pUSD" if row.edge else words("detail.none"), words),
            _fact(
                "size", f"{shares(row.size_u6)} {words('unit.shares')}" if row.size_u6 else words("detail.none"), words
            ),
            _fact("record", count(row.record), words),
        ],
        "tables": tables,
    }


def order_detail(connection: Connection, view: SessionView, intent: str, words: Words) -> dict[str, Any]:
    """Return the properties of the dialog about an order, sent or refused."""
    row = views.order(connection, view.name, intent)
    if row is None:
        return _gone(words)
    before = views.decision_before(connection, view.name, row.strategy, row.market, row.record)
    refused = not row.state
    state = (
        words("detail.refused", code=words.named("refusal", row.code)) if refused else words.named("order", row.state)
    )
    side = words("side.buy" if row.side > 0 else "side.sell")
    tables = [_checks(row.checks, words), _terms(row.why, words)]
    if not refused:
        tables.insert(0, _events(views.order_events(connection, view.name, intent), row, words))
    return {
        "open": True,
        "title": words("detail.refusal" if refused else "detail.order", order=row.intent),
        "lead": words(
            "detail.asked", side=side, size=shares(row.size_u6), outcome=view.outcome(row.market, row.token),
            market=view.market_name(row.market), price=price(row.price_g4),
        ),
        "facts": [
            _fact("state", state, words),
            _fact("time", utc_ms(row.ts_ns), words),
            _fact("strategy", row.strategy, words),
            _fact("purpose", words.named("purpose", row.purpose), words),
            _fact("notional", f"{cash(row.price_g4 * row.size_u6 // PRICE_ONE_G4)} pUSD", words),
            _fact("decided", _decided(before, view, words) if before else words("detail.none"), words),
            _fact("more", f"polydesk explain {row.intent} --session {view.name}", words),
        ],
        "tables": tables,
    }  # fmt: skip


def readable(check: Check, words: Words) -> tuple[str, str, str]:
    """Return what a check saw, its limit and their unit, as people read them."""
    if check.unit == "ns":
        endless = words("detail.never" if check.name == Refusal.COOLDOWN else "detail.no_end")
        return _span(check.observed, words, endless), _span(check.limit, words, endless), words("unit.time")
    if check.unit == "flag":
        return words.named("flag", str(check.observed)), words.named("flag", str(check.limit)), ""
    scale, unit = _SCALES.get(check.unit, (1, check.unit))
    if scale == 1:
        return count(check.observed), count(check.limit), words.named("unit", unit)
    return _exact(check.observed, scale), _exact(check.limit, scale), words.named("unit", unit)


def _led_to(connection: Connection, session: str, row: DecisionRow) -> tuple[list[OrderRow], int]:
    """Return the orders between a decision and the next one of its strategy in the market, and how many there are.

    The ensemble speaks for the strategies that vote, and its orders carry the name of one of them: for it, entries of
    the same moment count.
    """
    after = views.decision_after(connection, session, row.strategy, row.market, row.record)
    records = (row.record, after if after is not None else _LAST_RECORD)
    if row.strategy != _ENSEMBLE:
        return views.orders_between(connection, session, row.market, records, strategy=row.strategy)
    orders, _ = views.orders_between(connection, session, row.market, records)
    entries = [order for order in orders if order.ts_ns == row.ts_ns and order.purpose == Purpose.ENTRY]
    return entries, len(entries)


def _terms(terms: Sequence[Term], words: Words) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"cells": [_term(term.name, words), f"{term.value:+.6g}", words.named("unit", term.unit)]} for term in terms
    ]
    units = {term.unit for term in terms}
    if len(units) == 1 and len(terms) > 1:
        total = sum(term.value for term in terms)
        rows.append(
            {"cells": [words("detail.sum"), f"{total:+.6g}", words.named("unit", units.pop())], "tone": "total"}
        )
    return _table("terms", ("term", "#amount", "unit"), rows, words)


def _term(name: str, words: Words) -> str:
    """Return a term's name; the ensemble puts the strategy's before it."""
    of, _, own = name.rpartition(".")
    return " ".join(part for part in (of, words.named("term", own)) if part)


def _checks(checks: Sequence[Check], words: Words, order: str = "") -> dict[str, Any]:
    rows = [
        {
            "cells": [
                words.named("check", check.name), *readable(check, words),
                words("detail.passed") if check.passed else words("detail.said_no"),
            ],
            "tone": "" if check.passed else "bad",
        }
        for check in checks
    ]  # fmt: skip
    table = _table("checks", ("check", "#observed", "#limit", "unit", "result"), rows, words)
    return table | ({"caption": f"{table['caption']}: {order}"} if order else {})


def _events(events: Sequence[OrderEvent], row: OrderRow, words: Words) -> dict[str, Any]:
    rows = [
        {
            "cells": [
                utc_ms(event.ts_ns)[11:-4],
                f"+{words.span(event.ts_ns - row.ts_ns)}",
                words.named("event", event.event),
                event.message or words.named("cause", event.reason) if event.reason or event.message else "",
            ]
        }
        for event in events
    ]  # fmt: skip
    return _table("events", ("time", "#after", "event", "detail"), rows, words)


def _orders(orders: Sequence[OrderRow], number: int, view: SessionView, words: Words) -> dict[str, Any]:
    rows = [
        {
            "cells": [
                order.intent, words("side.buy" if order.side > 0 else "side.sell"),
                view.outcome(order.market, order.token), price(order.price_g4), shares(order.size_u6),
                words.named("order", order.state) if order.state else words.named("refusal", order.code),
            ],
            "tone": "" if order.state else "bad",
        }
        for order in orders
    ]  # fmt: skip
    table = _table("led_to", ("order", "side", "outcome", "#price", "#size", "state"), rows, words)
    if number <= len(orders):
        return table
    values = {"caption": table["caption"], "shown": count(len(orders)), "all": count(number)}
    return table | {"caption": words("detail.table.led_to.more", **values)}


def _table(name: str, heads: Sequence[str], rows: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    return {
        "caption": words(f"detail.table.{name}"),
        "heads": [{"label": words(f"col.{head.lstrip('#')}"), "num": head.startswith("#")} for head in heads],
        "rows": rows,
        "empty": words(f"detail.table.{name}.empty"),
    }


def _decided(row: DecisionRow, view: SessionView, words: Words) -> str:
    action = words.named("action", row.action)
    reason = words.named("hold" if row.action == "hold" else "exit", row.reason) if row.reason else ""
    token = view.outcome(row.market, row.token) if row.token >= 0 else ""
    return " · ".join(part for part in (action, token, reason) if part)


def _gone(words: Words) -> dict[str, Any]:
    return CLOSED | {"open": True, "title": words("detail.gone"), "lead": words("detail.gone.why")}


def _fact(key: str, text: str, words: Words) -> dict[str, str]:
    return {"label": words(f"detail.{key}"), "text": text}


def _exact(amount: int, scale: int) -> str:
    """Write a whole number of parts as what it is, without rounding."""
    text = f"{Decimal(amount) / scale:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _span(span_ns: int, words: Words, endless: str) -> str:
    if span_ns < 0:
        return words("fact.unknown")
    return words.span(span_ns) if span_ns < _FOREVER_NS else endless
