"""Replaying stored signals through the fill model and the desk's own risk checks.

For each signal: the last snapshot at or before it, the price of a fill, the size of a fill, then risk over the whole
size asked for (``polydesk.risk.decide``, the very function of paper and live sessions), then the account. What a stored
signal cannot know, a tick, a minimum, a market's end, orders at work, never refuses it; everything else does as it
would live.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import msgspec

import polydesk
from polydesk.model.grid import CASH_ONE_U6, cost_u6
from polydesk.model.orders import Side
from polydesk.research.fill_model import (
    FillModel,
    executed_u6,
    fee_u6,
    fill_price_g4,
    fill_probability,
    fill_ratio,
    slippage_bps,
)  # fmt: skip
from polydesk.research.ledger_lines import Line, RiskSeen, Standings, attribution, cash, entries
from polydesk.research.result import (
    SCHEMA_VERSION,
    Attribution,
    Configs,
    Meta,
    ReplayEntry,
    Result,
    Totals,
)  # fmt: skip
from polydesk.research.session_lines import caps_of
from polydesk.research.signal_account import Books, intent_of
from polydesk.research.stored_signals import Stored, StoredSignal
from polydesk.research.times import iso
from polydesk.risk import Denial, decide
from polydesk.risk.limits import RiskLimits

NO_PRICE, NO_SIZE, NO_SNAPSHOT = "no_price", "no_size", "no_snapshot"
NO_LIQUIDITY, NOT_DRAWN = "no_liquidity", "not_drawn"
_BPS = 10_000


class SignalPlan(msgspec.Struct, frozen=True):
    """What is replayed and how.

    Attributes:
        begin_ns: First moment; signals before it are left out.
        end_ns: Last moment; likewise after it, and what is held is valued by what was known then.
        strategies: Names, all of the source when empty; a named one appears even without a signal.
        limits: Of risk.
        start_u6: Starting cash, micro-pUSD.
        seed: Of the draws.
    """

    stored: Stored
    begin_ns: int
    end_ns: int
    strategies: tuple[str, ...]
    model: FillModel
    limits: RiskLimits
    start_u6: int
    seed: int


def replay_signals(plan: SignalPlan) -> tuple[Result, Sequence[ReplayEntry]]:
    """Replay the signals of a plan; return the result and its whole ledger."""
    books = Books(plan.stored.snapshots, plan.limits, plan.start_u6)
    standings = Standings(plan.strategies)
    lines = [_line(signal, plan, books) for signal in _chosen(plan)]
    ledger = entries(lines, standings, caps_of(plan.limits, plan.start_u6))
    books.look(plan.end_ns)
    unknown = _count(plan, books, standings)
    by_strategy, by_event = attribution(standings)
    reasons = Counter(entry.risk_reason for entry in ledger if entry.risk_reason)
    refused = sum(entry.kind == "refused" for entry in ledger)
    executed = sum(entry.kind == "fill" for entry in ledger)
    pnl = sum(standing.change_u6 for standing in standings.by_strategy.values())
    open_u6 = sum(standing.unrealised_u6 or 0 for standing in standings.by_strategy.values())
    totals = Totals(
        generated_at=iso(time.time_ns()),
        from_ts=iso(plan.begin_ns),
        to_ts=iso(plan.end_ns),
        total=len(ledger),
        executed=executed,
        rejected=refused,
        unfilled=len(ledger) - executed - refused,
        pnl=None if unknown else cash(pnl + open_u6),
        pnl_confirmed=None if unknown else cash(pnl + open_u6),
        realized=cash(books.account.matched.realised_u6),
        unrealized=None if unknown else cash(open_u6),
        fees=cash(books.account.matched.fees_u6),
        rounding=cash(books.account.matched.dust_u6),
        max_drawdown=cash(books.whole.depth_u6),
        fills=executed,
        volume=cash(sum(standing.volume_u6 for standing in standings.by_strategy.values())),
        reject_reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )
    return _result(plan, totals, Attribution(by_strategy, by_event), ledger, unknown), ledger


def _chosen(plan: SignalPlan) -> Iterator[StoredSignal]:
    for signal in plan.stored.signals:
        wanted = not plan.strategies or signal.strategy in plan.strategies
        if wanted and plan.begin_ns <= signal.ts_ns <= plan.end_ns:
            yield signal


def _line(signal: StoredSignal, plan: SignalPlan, books: Books) -> Line:
    market = books.market_of(signal)
    books.look(signal.ts_ns)
    plain = Line(
        ts_ns=signal.ts_ns,
        kind="unfilled",
        strategy=signal.strategy,
        event=signal.event,
        market_id=signal.market,
        token_id=market.tokens[signal.token].id,
        side=signal.side.name.lower(),
        qty_u6=signal.size_u6,
        order=signal.id,
    )
    snapshot = plan.stored.snapshots.at(signal.market, signal.ts_ns)
    if signal.price is None or not signal.size_u6:
        return msgspec.structs.replace(plain, reason=NO_PRICE if signal.price is None else NO_SIZE)
    target_g4 = fill_price_g4(signal.price, signal.side, Fraction(0))
    plain = msgspec.structs.replace(plain, limit_g4=target_g4)
    if snapshot is None:
        return msgspec.structs.replace(plain, reason=NO_SNAPSHOT)
    bps = slippage_bps(plan.model, snapshot)
    price = fill_price_g4(signal.price, signal.side, bps)
    ratio, chance = fill_ratio(plan.model, snapshot), fill_probability(plan.model, snapshot, signal.side)
    size = executed_u6(plan.model, signal.size_u6, ratio, chance, plan.seed, signal.id)
    intent = intent_of(signal, market, price)
    seen = books.observed(intent, signal, snapshot, fee_u6(plan.model, price, signal.size_u6))
    known = msgspec.structs.replace(
        plain,
        slippage=bps / _BPS,
        notional_u6=cost_u6(price, signal.size_u6),
        seen=RiskSeen(seen.total_exposure_u6, seen.market_exposure_u6) if signal.side is Side.BUY else RiskSeen(),
    )
    answer = decide(intent, market, seen, plan.limits)
    if isinstance(answer, Denial):
        return msgspec.structs.replace(known, kind="refused", reason=answer.code.value)
    if not size:
        drawn = plan.model.fill_draw and int(signal.size_u6 * ratio) > 0
        return msgspec.structs.replace(known, reason=NOT_DRAWN if drawn else NO_LIQUIDITY)
    books.sent(signal)
    fee = fee_u6(plan.model, price, size)
    change, realised = books.book(intent, signal.ts_ns, price, size, fee)
    return msgspec.structs.replace(
        known, kind="fill", executed_u6=size, fill_g4=price, change_u6=change, realised_u6=realised,
        probability=chance, fee_u6=fee, liquidity="taker", rule="model", status="matched",
    )  # fmt: skip


def _count(plan: SignalPlan, books: Books, standings: Standings) -> bool:
    """Count closed trades and what is held; return whether the value of something held is not known."""
    names = {market.index: name for name, market in books.markets.items()}
    unknown = False
    for trade in books.trades.closed:
        name = names[trade.market]
        for standing in standings.of(trade.strategy, books.events[name], name):
            standing.trade(trade.net_u6)
    for held in books.held():
        name, value = names[held.market], books.value_u6(held, plan.end_ns)
        unknown = unknown or value is None
        for standing in standings.of(held.strategy, books.events[name], name):
            standing.hold(held.cost_u6, value)
    for name, standing in standings.by_strategy.items():
        standing.fallen_u6 = _depth_u6(books, name, "")
    for (name, event), standing in standings.by_event.items():
        standing.fallen_u6 = _depth_u6(books, name, event)
    return unknown


def _depth_u6(books: Books, strategy: str, event: str) -> int:
    found = books.parts.get((strategy, event))
    return 0 if found is None else found.depth_u6


def _result(
    plan: SignalPlan,
    totals: Totals,
    rows: Attribution,
    ledger: Sequence[ReplayEntry],
    unknown: bool,  # noqa: FBT001
) -> Result:
    stored = plan.stored
    notes = ["stored signals know no book: fills follow from the model's assumptions, not from recorded depth"]
    if unknown:
        notes.append("no PnL is given: a position that is still held has no price of its own token")
    execution: dict[str, Any] = {
        **plan.model.model_dump(mode="json"), "source": stored.name, "source_sha256": stored.sha256,
        "signals": len(stored.signals), "snapshots": stored.snapshots.count(),
    }  # fmt: skip
    return Result(
        schema_version=SCHEMA_VERSION,
        kind="signals",
        meta=Meta(program=f"polydesk {polydesk.__version__}", seed=plan.seed, end="end_of_signals", notes=notes),
        summary=totals,
        configs=Configs(
            execution=execution,
            risk=plan.limits.model_dump(mode="json"),
            strategies={entry.strategy: {} for entry in rows.strategy},
            models={"fill_rule": fill_rule(plan.model), "risk": "the checks of paper and live sessions"},
            desk={"cash": plan.start_u6 / CASH_ONE_U6},
        ),
        attribution=rows,
        replay=list(ledger),
        replay_total=len(ledger),
    )


def fill_rule(model: FillModel) -> str:
    """Return the model in words."""
    parts = [f"Signals fill at their target, {model.slippage_bps} bps worse"]
    if model.dynamic_slippage:
        parts.append(f"worse still in thin or incoherent markets (weights {model.liquidity_slippage_weight_bps} and "
                     f"{model.spread_slippage_weight_bps} bps)")  # fmt: skip
    if model.partial_fill:
        parts.append(f"the part liquidity / {model.liquidity_full_fill} of their size, at least {model.min_fill_ratio}")
    if model.fill_probability:
        how = "drawn all or nothing" if model.fill_draw else "as its expectation"
        parts.append(f"with a probability by liquidity, {how}")
    parts.append(f"fee {model.fee_bps} bps; a signal without a snapshot before it does not fill")
    return "; ".join(parts)


def as_v1(result: Result) -> dict[str, Any]:
    """Return a result in the layout of schema 1.0, for tools that read that."""
    document: dict[str, Any] = msgspec.to_builtins(result)
    totals = document["summary"]
    return {
        "schema_version": "1.0",
        "generated_at": totals["generated_at"],
        "from_ts": totals["from_ts"],
        "to_ts": totals["to_ts"],
        "total_signals": totals["total"],
        "executed_signals": totals["executed"],
        "rejected_signals": totals["total"] - totals["executed"],
        "execution_config": document["configs"]["execution"],
        "risk_config": document["configs"]["risk"],
        "results": document["attribution"]["strategy"],
        "event_results": document["attribution"]["event"],
        "replay": [{**entry, "schema_version": "1.0"} for entry in document["replay"]],
    }
