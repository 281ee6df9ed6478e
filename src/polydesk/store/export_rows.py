"""One exported line per record, with the field names of the reports that went before.

What is different from them, on purpose:

===================  ==================================================================================================
Field                Here
===================  ==================================================================================================
``market_id``        The condition id; ``slug`` beside it. ``token_id`` and ``outcome`` name the token itself.
``action``, ``side`` ``yes`` is token 0 and ``no`` is token 1, whatever the venue calls them (see ``outcome``). An exit
                     sells the token held; it is not a purchase of the other one, so ``direction`` (buy, sell) is new.
``entry_yes``,       Prices of token 0 only, and therefore only in rows of token 0. ``entry_price`` and ``exit_price``
``exit_yes``         are the prices of the token traded, always there.
``size``             What the order asked for at its limit, in pUSD. ``shares`` counts shares.
``notional``         Cash of the trade; in ``realized_exits`` the cost of the shares closed.
``pnl``              Of the shares closed, before fees and rounding; ``pnl_after_fees`` takes off the fees of both ends
                     and the exit's rounding.
``pnl_pct``          ``pnl_after_fees`` in percent of the cost of the shares closed; one definition everywhere.
``status``           Of fills: matched, confirmed or failed. A failed fill is listed and counts in no sum; it still used
                     up its part of the order, so an order can be ``filled`` with it.
``type``             Of decisions: hold, propose (what a strategy asked for), approve, reject, and error for a strategy
                     that raised one (``error``, ``disabled``).
``strategies``       A list of one: every order belongs to one strategy.
``risk.factors``     Every check by name with what was observed, the limit, its unit and whether it passed.
``metadata``         Order type, purpose and the named terms of the decision (``why``).
not written          ``reference_price``, ``slippage``, ``mid``, ``spread``, ``risk_level``, ``risk_score``,
                     ``exclusive``, ``liquidity_slices``, ``slice_plan``, ``portfolio_balance``: the journal holds no
                     source for them.
===================  ==================================================================================================

Amounts are JSON numbers with all their digits, in pUSD and shares; times are ISO-8601 UTC of virtual time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from polydesk.model.errors import LedgerError
from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4, cash_text, cost_u6, price_text, size_text
from polydesk.model.market import Market
from polydesk.model.orders import Check, Intent, Side
from polydesk.model.reasons import Hold
from polydesk.model.records import Decision, Fill, OrderSent, Refused, StrategyFailed
from polydesk.store.positions import traded_cash_u6
from polydesk.store.rows import OrderRow

Line = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIX_PLACES = Decimal("0.000001")


class Context(msgspec.Struct, frozen=True):
    """What every line needs besides its record.

    Attributes:
        session: The session's id.
        mode: ``paper``, ``backtest`` or ``live``.
        markets: Markets by index.
        statuses: Final status of each fill that has one.
    """

    session: str
    mode: str
    markets: Mapping[int, Market]
    statuses: Mapping[str, str]

    def market(self, index: int) -> Market:
        """Return a market by index.

        Raises:
            LedgerError: The journal speaks of a market that the manifest does not have.
        """
        market = self.markets.get(index)
        if market is None:
            raise LedgerError(f"session {self.session}: market {index} is not in the manifest; give the session's tape")
        return market


def when(ts_ns: int) -> str:
    """Return ns UTC as ISO-8601 with microseconds, ``2026-04-16T12:00:00.000000Z``."""
    moment = _EPOCH + timedelta(microseconds=ts_ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def price(value: int) -> msgspec.Raw:
    """Return a grid price as an exact JSON number."""
    return msgspec.Raw(price_text(value).encode())


def cash(value: int) -> msgspec.Raw:
    """Return micro-pUSD as an exact JSON number of pUSD."""
    return msgspec.Raw(cash_text(value).encode())


def shares(value: int) -> msgspec.Raw:
    """Return micro-shares as an exact JSON number of shares."""
    return msgspec.Raw(size_text(value).encode())


def average(amount: int, count: int) -> msgspec.Raw | None:
    """Return ``amount / count`` as a JSON number with six places; ``None`` when there is nothing to divide by."""
    if count == 0:
        return None
    quotient = (Decimal(amount) / Decimal(count)).quantize(_SIX_PLACES).normalize()
    return msgspec.Raw(f"{quotient:f}".encode())


def named_token(context: Context, market: int, token: int) -> Line:
    """Return the fields that name a market and one of its tokens."""
    known = context.market(market)
    return {
        "market_id": known.condition_id,
        "slug": known.slug,
        "token_id": known.tokens[token].id,
        "outcome": known.tokens[token].outcome,
    }


def token_word(token: int) -> str:
    """Return ``yes`` for token 0 and ``no`` for token 1."""
    return "no" if token else "yes"


def own_price(name: str, token: int, value: msgspec.Raw | None) -> Line:
    """Return ``<name>_price``, and ``<name>_yes`` with it when the token is token 0."""
    return {f"{name}_price": value} | ({f"{name}_yes": value} if token == 0 else {})


def order_line(context: Context, intent: Intent, ts_ns: int, event: str, status: str, **more: Any) -> Line:
    """Return a line of ``orders.jsonl``; ``event`` is submit, partial, filled, cancel, reject or unknown."""
    return {
        "timestamp": when(ts_ns),
        "event": event,
        "order_id": intent.id,
        **named_token(context, intent.market, intent.token),
        "action": token_word(intent.token),
        "direction": intent.side.name.lower(),
        "size": cash(cost_u6(intent.price_g4, intent.size_u6)),
        "shares": shares(intent.size_u6),
        "price": price(intent.price_g4),
        "reason": intent.reason,
        "metadata": _metadata(intent),
        "strategies": [intent.strategy],
        "runtime_mode": context.mode,
        "status": status,
        "source": "desk",
    } | more


def trade_line(context: Context, fill: Fill, status: str) -> Line:
    """Return a line of ``trades.jsonl``: this fill alone, never a total; ``status`` is partial or filled."""
    return {
        "timestamp": when(fill.ts_ns),
        "order_id": fill.intent,
        "fill_id": fill.id,
        **named_token(context, fill.market, fill.token),
        "action": token_word(fill.token),
        "direction": fill.side.name.lower(),
        "filled_shares": shares(fill.size_u6),
        "average_price": price(fill.price_g4),
        "notional": cash(abs(traded_cash_u6(fill.side, fill.price_g4, fill.size_u6))),
        "status": status,
        "settlement_status": context.statuses.get(fill.id, "matched"),
        "execution_mode": execution_mode(context),
    }


def fill_line(context: Context, fill: Fill, order: OrderRow, closed: Mapping[str, Any] | None) -> Line:
    """Return a line of ``fills.jsonl``; ``closed`` is the realised exit that the fill made, if any."""
    event = "entry" if fill.side is Side.BUY else "exit"
    line = {
        "timestamp": when(fill.ts_ns),
        "event": event,
        "order_id": fill.intent,
        "fill_id": fill.id,
        **named_token(context, fill.market, fill.token),
        "side": token_word(fill.token),
        "notional": cash(abs(traded_cash_u6(fill.side, fill.price_g4, fill.size_u6))),
        "size": cash(cost_u6(order.price_g4, order.size_u6)),
        "shares": shares(fill.size_u6),
        "fill_price": price(fill.price_g4),
        **own_price(event, fill.token, price(fill.price_g4)),
        "limit_price": price(order.price_g4),
        "fees": cash(fill.fee_u6),
        "liquidity": fill.liquidity.value,
        "fill_rule": fill.cause.value,
        "matched_at": when(fill.matched_ns),
        "execution_mode": execution_mode(context),
        "reason": order.reason,
        "strategies": [order.strategy],
        "strategy_metadata": {"why": msgspec.Raw(order.why.encode())},
        "status": context.statuses.get(fill.id, "matched"),
    }
    return line | (_gain(closed) if closed else {})


def exit_line(context: Context, closed: Mapping[str, Any], exit_price_g4: int) -> Line:
    """Return a line of ``realized_exits.jsonl`` from a row of the ledger table ``realised_exits``."""
    token, settled = closed["token"], closed["fill"] == ""
    cost = average(closed["cost_u6"], closed["shares_u6"])
    winner = token if exit_price_g4 == PRICE_ONE_G4 else 1 - token
    outcomes = context.market(closed["market"]).tokens
    decided = settled and exit_price_g4 in {0, PRICE_ONE_G4}
    return {
        "timestamp": when(closed["ts_ns"]),
        **named_token(context, closed["market"], token),
        "side": token_word(token),
        "reason": closed["reason"],
        "notional": cash(closed["cost_u6"]),
        "shares": shares(closed["shares_u6"]),
        **own_price("entry", token, cost),
        **own_price("exit", token, price(exit_price_g4)),
        **_gain(closed),
        "fees": cash(closed["entry_fees_u6"] + closed["exit_fee_u6"]),
        "opened_at": when(closed["opened_ns"]),
        "holding_seconds": round((closed["ts_ns"] - closed["opened_ns"]) / NS_PER_S, 6),
        "strategies": [closed["strategy"]],
        "strategy_exit": {"strategy": closed["strategy"], "decision_reason": closed["reason"]},
        "resolved_winner": (outcomes[winner].outcome or token_word(winner)) if decided else None,
        "fill_id": closed["fill"] or None,
        "status": "settled" if settled else context.statuses.get(closed["fill"], "matched"),
    }


def hold_line(context: Context, record: Decision) -> Line:
    """Return a line of ``decisions.jsonl`` for what a strategy said: type hold, or propose with what it asked for."""
    known = context.market(record.market)
    return {
        "timestamp": when(record.ts_ns),
        "type": "hold" if record.action == "hold" else "propose",
        "market_id": known.condition_id,
        "slug": known.slug,
        "strategies": [record.strategy],
        "reason": record.reason,
        "action": token_word(record.token) if record.token >= 0 else None,
        "direction": record.action,
        "shares": shares(record.size_u6),
        "confidence": record.confidence,
        "edge": record.edge,
        "why": record.why,
    }


def failure_line(context: Context, record: StrategyFailed) -> Line:
    """Return a line of ``decisions.jsonl`` for an error that a strategy raised: type error."""
    known = context.market(record.market)
    return {
        "timestamp": when(record.ts_ns),
        "type": "error",
        "market_id": known.condition_id,
        "slug": known.slug,
        "strategies": [record.strategy],
        "reason": Hold.STRATEGY_ERROR.value,
        "error": record.error,
        "disabled": record.disabled,
    }


def verdict_line(context: Context, record: OrderSent | Refused) -> Line:
    """Return a line of ``decisions.jsonl`` for risk's answer: type approve or reject."""
    intent = record.intent
    refused = isinstance(record, Refused)
    return {
        "timestamp": when(record.ts_ns),
        "type": "reject" if refused else "approve",
        **named_token(context, intent.market, intent.token),
        "strategies": [intent.strategy],
        "reason": record.code if isinstance(record, Refused) else intent.reason,
        "action": token_word(intent.token),
        "direction": intent.side.name.lower(),
        "size": cash(cost_u6(intent.price_g4, intent.size_u6)),
        "shares": shares(intent.size_u6),
        "order_id": intent.id,
        "status": "rejected" if refused else "submitted",
    }


def audit_line(context: Context, record: OrderSent | Refused) -> Line:
    """Return a line of ``risk_audit.jsonl``: every check with its numbers."""
    intent = record.intent
    size = cash(cost_u6(intent.price_g4, intent.size_u6))
    approved = isinstance(record, OrderSent)
    return {
        "timestamp": when(record.ts_ns),
        "order_id": intent.id,
        **named_token(context, intent.market, intent.token),
        "action": token_word(intent.token),
        "direction": intent.side.name.lower(),
        "size": size,
        "approved": approved,
        "strategies": [intent.strategy],
        "risk": {
            "timestamp": when(record.ts_ns),
            "order_size": size,
            "factors": {check.name: _factor(check) for check in record.checks},
            "approved": approved,
            "rejections": [] if isinstance(record, OrderSent) else [record.code],
        },
    }


def execution_mode(context: Context) -> str:
    """Return where fills come from: ``order_ws`` when live, otherwise ``simulation``."""
    return "order_ws" if context.mode == "live" else "simulation"


def _metadata(intent: Intent) -> Line:
    return {
        "type": intent.type.value,
        "post_only": intent.post_only,
        "purpose": intent.purpose.value,
        "why": intent.why,
    }


def _factor(check: Check) -> Line:
    return {"observed": check.observed, "limit": check.limit, "unit": check.unit, "passed": check.passed}


def _gain(closed: Mapping[str, Any]) -> Line:
    fees = closed["entry_fees_u6"] + closed["exit_fee_u6"]
    after = closed["realised_u6"] - closed["dust_u6"] - fees
    return {
        "pnl": cash(closed["realised_u6"]),
        "pnl_after_fees": cash(after),
        "pnl_pct": average(100 * after, closed["cost_u6"]),
    }
