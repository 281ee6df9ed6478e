"""``open_positions.json`` and ``pipeline_status.json``: how a session stands at its last record.

A position is listed per market and token, keyed ``<market id>/<yes|no>``, because both tokens of a market can be held
and each has its own price; strategies that hold the same token are added up and stand in ``strategy_states``. In the
status ``fees`` tells the fee curves in force and ``fees_paid`` what was paid; ``strategy_readiness`` has the errors of
strategies, ``venue_balance`` what the venue itself last said. Fields of the earlier reports that a journal holds no
source for (fetch and loop timings, sentiment, request metrics, risk levels, stage of a tiered stop, kill switch state)
are not written.
"""

from collections import Counter

from polydesk.model.grid import cost_u6
from polydesk.model.records import (
    BalanceTold,
    Decision,
    Marked,
    OrderSent,
    Record,
    Refused,
    SentinelBroke,
    SessionStarted,
    StrategyFailed,
)
from polydesk.store.changes import Changes
from polydesk.store.export_rows import Context, Line, average, cash, named_token, own_price, shares, token_word, when
from polydesk.store.export_settings import desk_settings, exposure, fees, readiness
from polydesk.store.rows import OrderRow, PositionRow

_PREVIEW = 3


class Tally:
    """Counts what a session's records say, one at a time."""

    def __init__(self) -> None:
        self.approved = 0
        self.reasons: Counter[str] = Counter()
        self.holds: Counter[str] = Counter()
        self.strategy_holds: Counter[str] = Counter()
        self.strategy_rejects: Counter[str] = Counter()
        self.broken: list[str] = []
        self.failures: list[StrategyFailed] = []
        self.balance: BalanceTold | None = None
        self.mark: Marked | None = None
        self.last_ns: int | None = None

    def count(self, record: Record) -> None:
        """Take one record."""
        self.last_ns = getattr(record, "ts_ns", self.last_ns)
        match record:
            case OrderSent():
                self.approved += 1
            case Refused():
                self.reasons[record.code] += 1
                self.strategy_rejects[record.intent.strategy] += 1
            case Decision(action="hold"):
                self.holds[record.reason] += 1
                self.strategy_holds[record.strategy] += 1
            case SentinelBroke():
                self.broken.append(f"{record.name}: {record.detail}")
            case StrategyFailed():
                self.failures.append(record)
            case BalanceTold():
                self.balance = record
            case Marked():
                self.mark = record
            case _:
                pass


def open_positions(context: Context, changes: Changes) -> dict[str, Line]:
    """Return the positions with shares in the matched column."""
    held: dict[tuple[int, int], list[PositionRow]] = {}
    for _, row in sorted(changes.positions.items()):
        if row.matched.shares_u6:
            held.setdefault((row.market, row.token), []).append(row)
    lines = (_position_line(context, changes, rows) for _, rows in sorted(held.items()))
    return {f"{line['market_id']}/{line['side']}": line for line in lines}


def pipeline_status(context: Context, header: SessionStarted, changes: Changes, tally: Tally) -> Line:
    """Return the summary of a session so far."""
    rejected = sum(tally.reasons.values())
    session = changes.session_columns
    positions = changes.positions.values()
    settings = desk_settings(header)
    return {
        "timestamp": None if tally.last_ns is None else when(tally.last_ns),
        "session": header.session,
        "mode": header.mode,
        "state": session.get("state"),
        "state_reason": session.get("reason"),
        "journal_sha256": session.get("journal_sha256") or None,
        "tape_sha256": header.tape_sha256,
        "loop_summary": {"processed": tally.approved + rejected, "approved": tally.approved, "rejected": rejected},
        "open_positions": sum(1 for row in positions if row.matched.shares_u6),
        "exposure": exposure(tally.mark, settings),
        "venue_balance": _balance(tally.balance),
        "risk_audit": {"approved": tally.approved, "rejected": rejected, "reasons": dict(tally.reasons)},
        "reject_reasons": dict(tally.reasons),
        "hold_reasons": dict(tally.holds),
        "strategy_hold_counts": dict(tally.strategy_holds),
        "strategy_reject_counts": dict(tally.strategy_rejects),
        "strategy_config": settings.get("strategies", {}),
        "strategy_readiness": readiness(settings, tally.failures),
        "strategy_exposure": {"current": _strategy_cost(changes)},
        "realized": {
            "matched": cash(sum(row.matched.realised_u6 for row in positions)),
            "confirmed": cash(sum(row.confirmed.realised_u6 for row in positions)),
        },
        "fees": fees(context.markets.values(), tally.last_ns or 0),
        "fees_paid": {
            "matched": cash(sum(row.matched.fees_u6 for row in positions)),
            "confirmed": cash(sum(row.confirmed.fees_u6 for row in positions)),
        },
        "order_store": [_order_line(row) for row in list(changes.orders.values())[-_PREVIEW:]],
        "sentinels": "broken: " + "; ".join(tally.broken) if tally.broken else "ok",
        "fill_mode": "venue" if context.mode == "live" else "simulation",
    }


def _position_line(context: Context, changes: Changes, rows: list[PositionRow]) -> Line:
    market, token = rows[0].market, rows[0].token
    count = sum(row.matched.shares_u6 for row in rows)
    cost = sum(row.matched.cost_u6 for row in rows)
    return {
        **named_token(context, market, token),
        "side": token_word(token),
        "notional": cash(cost),
        "shares": shares(count),
        "confirmed_shares": shares(sum(row.confirmed.shares_u6 for row in rows)),
        **own_price("entry", token, average(cost, count)),
        "fees": cash(sum(row.matched.open_fees_u6 for row in rows)),
        "opened_at": when(min(row.opened_ns for row in rows)),
        "strategies": [row.strategy for row in rows],
        "strategy_states": {
            row.strategy: {
                "notional": cash(row.matched.cost_u6),
                "shares": shares(row.matched.shares_u6),
                "realized": cash(row.matched.realised_u6),
                "opened_at": when(row.opened_ns),
            }
            for row in rows
        },
        "open_orders": [
            _order_line(row)
            for row in changes.orders.values()
            if (row.market, row.token) == (market, token) and not row.state.terminal
        ],
    }


def _order_line(row: OrderRow) -> Line:
    return {
        "order_id": row.intent,
        "remaining_notional": cash(cost_u6(row.price_g4, row.left_u6)),
        "remaining_shares": shares(row.left_u6),
        "status": row.state.value,
    }


def _balance(told: BalanceTold | None) -> Line | None:
    if told is None:
        return None
    held = {token: shares(count) for token, count in told.shares_u6.items()}
    return {"cash": cash(told.cash_u6), "shares": held, "as_of": when(told.ts_ns)}


def _strategy_cost(changes: Changes) -> Line:
    cost: Counter[str] = Counter()
    for row in changes.positions.values():
        cost[row.strategy] += row.matched.cost_u6
    return {strategy: cash(value) for strategy, value in sorted(cost.items())}
