"""Lists of a session: positions, orders, decisions, refusals, fills, settlements, assumed facts."""

from collections.abc import Sequence
from typing import Any

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Words
from polydesk.report.assumed import assumed_facts
from polydesk.report.quantities import NONE, average_price, cash, gain, price, shares, utc
from polydesk.store.view_rows import DecisionRow, FillRow

SHOWN = 30
"""Rows of one list on a page."""

HEADS: dict[str, tuple[str, ...]] = {
    "positions": ("market", "outcome", "strategy", "#shares", "#average", "#bid", "#unrealised"),
    "orders": ("order", "market", "side", "#price", "#size", "#filled", "state"),
    "decisions": ("time", "decider", "market", "action", "reason", "#edge", "#size"),
    "refusals": ("time", "code", "strategy", "market", "side", "#price", "#size"),
    "fills": ("time", "market", "side", "#price", "#size", "#fee", "role", "status"),
    "settlements": ("time", "market", "#payout0", "#payout1", "origin"),
    "prints": ("time", "taker", "outcome", "#price", "#size"),
    "assumed": ("fact", "stated", "markets"),
}
"""Columns by list; ``#`` marks numbers."""


_WIDTHS = {
    "time": 5.6, "market": 10.8, "outcome": 4.6, "strategy": 7.7, "shares": 5.0, "average": 5.0, "bid": 3.9,
    "unrealised": 5.0, "order": 6.0, "side": 5.3, "price": 3.9, "size": 4.4, "filled": 4.6, "state": 5.2,
    "action": 5.4, "reason": 5.2, "edge": 4.3, "code": 6.6, "fee": 4.4, "role": 3.8, "status": 5.2, "payout0": 5.4,
    "payout1": 5.4, "origin": 5.0, "taker": 4.0, "decider": 8.9,
}  # fmt: skip
"""Width of a column, rem: columns that do not depend on what is in them keep everything in its place."""


def columns(name: str, words: Words) -> list[dict[str, Any]]:
    """Return the heads of a list."""
    return [
        {
            "key": head.lstrip("#"),
            "label": words(f"col.{head.lstrip('#')}"),
            "num": head.startswith("#"),
            "width": _WIDTHS.get(head.lstrip("#"), 0),
        }
        for head in HEADS[name]
    ]


def positions(view: SessionView, words: Words) -> list[dict[str, Any]]:
    """Return open positions, matched shares; confirmed ones in brackets where they differ."""
    out = []
    for held in view.live.positions if view.live else ():
        matched, confirmed = held.shares_u6
        value = matched * held.bid_g4 // PRICE_ONE_G4 if held.bid_g4 is not None else None
        open_pnl = None if value is None else value - held.cost_u6[0]
        told = shares(matched) if matched == confirmed else f"{shares(matched)} ({shares(confirmed)})"
        out.append(
            {
                "id": f"{held.strategy}/{held.market}/{held.token}",
                "cells": [
                    view.market_name(held.market),
                    view.outcome(held.market, held.token),
                    held.strategy,
                    told,
                    average_price(held.cost_u6[0], matched),
                    price(held.bid_g4),
                    _signed(open_pnl),
                ],
            }
        )
    return out


def orders(view: SessionView, words: Words) -> list[dict[str, Any]]:
    """Return the orders that are not over."""
    return [
        {
            "id": order.intent,
            "cells": [
                order.intent,
                view.market_name(order.market),
                _side(order.side, view.outcome(order.market, order.token), words),
                price(order.price_g4),
                shares(order.size_u6),
                shares(order.filled_u6),
                words.named("order", order.state),
            ],
        }
        for order in (view.live.orders if view.live else ())[:SHOWN]
    ]


def decisions(view: SessionView, words: Words, *, acts_only: bool) -> list[dict[str, Any]]:
    """Return the newest decisions first."""
    rows = view.lists.acts if acts_only else view.lists.decisions
    return [_decision(row, view, words) for row in rows[:SHOWN]]


def refusals(view: SessionView, words: Words) -> list[dict[str, Any]]:
    """Return the newest refusals first."""
    return [
        {
            "id": row.intent,
            "cells": [
                moment(row.ts_ns, view),
                {"text": words.named("refusal", row.code), "tone": "warn"},
                row.strategy,
                view.market_name(row.market),
                _side(row.side, view.outcome(row.market, row.token), words),
                price(row.price_g4),
                shares(row.size_u6),
            ],
        }
        for row in view.lists.refusals[:SHOWN]
    ]


def fills(view: SessionView, words: Words, rows: Sequence[FillRow] | None = None) -> list[dict[str, Any]]:
    """Return our newest trades first: of the whole session, or ``rows``."""
    return [
        {
            "id": row.intent,
            "key": str(row.record),
            "cells": [
                moment(row.ts_ns, view),
                view.market_name(row.market),
                _side(row.side, view.outcome(row.market, row.token), words),
                price(row.price_g4),
                shares(row.size_u6),
                cash(row.fee_u6),
                words.named("liquidity", row.liquidity),
                {"text": words.named("fill", row.status), "tone": "warn" if row.status == "failed" else ""},
            ],
        }
        for row in (view.lists.fills if rows is None else rows)[:SHOWN]
    ]


def settlements(view: SessionView, words: Words) -> list[dict[str, Any]]:
    """Return the markets that resolved, the newest first."""
    return [
        {
            "id": f"{row.market}",
            "cells": [
                moment(row.ts_ns, view),
                view.market_name(row.market),
                price(row.payout0_g4),
                price(row.payout1_g4),
                words.named("origin", row.origin),
            ],
        }
        for row in reversed(view.lists.settlements)
    ]


def assumed(view: SessionView, words: Words) -> list[dict[str, Any]]:
    """Return the facts nobody stated, equal ones together."""
    markets = view.markets
    return [
        {
            "id": f"{fact.fact}-{at}",
            "cells": [
                words.named("fact", fact.fact),
                fact.value,
                words("assumed.markets", n=len(fact.markets), all=len(markets)),
            ],
        }
        for at, fact in enumerate(assumed_facts(markets, words))
    ]


def moment(ts_ns: int, view: SessionView) -> str:
    """Return the time of day; day and minute on another day than the present one, since a tape may hold several."""
    told = utc(ts_ns)
    return told[11:] if told[:10] == utc(view.now_ns)[:10] else told[5:16]


def _decision(row: DecisionRow, view: SessionView, words: Words) -> dict[str, Any]:
    reason = words.named("hold" if row.action == "hold" else "exit", row.reason) if row.reason else NONE
    return {
        "id": str(row.record),
        "tone": "soft" if row.action == "hold" else "",
        "cells": [
            moment(row.ts_ns, view),
            words.named("strategy", row.strategy),
            view.market_name(row.market),
            words.named("action", row.action) + (f" {view.outcome(row.market, row.token)}" if row.token >= 0 else ""),
            reason,
            f"{row.edge:+.4f}" if row.edge else NONE,
            shares(row.size_u6) if row.size_u6 else NONE,
        ],
    }


def _side(side: int, outcome: str, words: Words) -> dict[str, str]:
    word = words("side.buy" if side > 0 else "side.sell")
    return {"text": f"{word} {outcome}", "tone": "gain" if side > 0 else "loss"}


def _signed(amount: int | None) -> dict[str, str]:
    return {"text": gain(amount), "tone": "" if not amount else "gain" if amount > 0 else "loss"}
