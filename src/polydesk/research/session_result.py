"""From a finished backtest session to its result document."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

import polydesk
from polydesk.model.grid import cash_u6
from polydesk.model.records import SessionStarted
from polydesk.report.build import Report, build_report
from polydesk.report.facts import fill_rule, latency_text
from polydesk.report.session import read_session
from polydesk.report.summary import Summary
from polydesk.research.ledger_lines import Standings, attribution, cash, entries
from polydesk.research.result import (
    SCHEMA_VERSION,
    Attribution,
    Configs,
    Meta,
    ReplayEntry,
    Result,
    TapeInfo,
    Totals,
)
from polydesk.research.session_lines import caps_of, session_lines
from polydesk.research.times import iso
from polydesk.research.window import WarmUp
from polydesk.run.session import session_config
from polydesk.strategies import STRATEGIES
from polydesk.tape import open_tape

REPLAY_ROWS = 1_000
"""Lines of the ledger that the JSON document repeats; its table has all of them."""

_SUMS = ("realized_change", "strategy_equity", "event_equity", "risk_realized_pnl_before")
"""What a line of the ledger has of the accounts; the rest of it is as the journal tells it."""
_ACCOUNTED = (
    "pnl", "winrate", "max_drawdown", "trade_count", "wins", "losses", "realized", "unrealized", "fees", "rounding",
    "open_positions", "open_wins", "winrate_mark_to_market", "volume",
)  # fmt: skip
"""Likewise a row of the attribution."""
_AMOUNTS = (
    "pnl", "pnl_confirmed", "realized", "unrealized", "fees", "rounding", "external", "max_drawdown", "volume",
)  # fmt: skip
"""Likewise the totals."""

Row = TypeVar("Row", bound=msgspec.Struct)


@dataclass(frozen=True)
class Finding:
    """A result with what does not fit into its JSON document.

    Attributes:
        result: The document.
        ledger: Every line of the replay ledger.
        report: What the terminal shows.
    """

    result: Result
    ledger: Sequence[ReplayEntry]
    report: Report


def session_result(
    folder: Path, warm: WarmUp | None = None, engine: str = "", report: Report | None = None, missing: str = ""
) -> Finding:
    """Build the result of the session in ``folder``.

    Args:
        folder: Of a session that has ended, or was interrupted.
        warm: What the books knew at the beginning, where that was worked out.
        engine: Which loop ran it; empty when not known.
        report: Of the session, where it was built already.
        missing: What was cut off after the session had ended, for its notes.

    Raises:
        SessionError: There is no session.
        JournalError: Its journal is damaged.
    """
    header, records = read_session(folder)
    config = session_config(header)
    report = report or build_report(folder, count=False)
    summary = report.summary
    lives = {life.intent.id: life for life in summary.lives}
    enabled = [name for name in STRATEGIES if getattr(config.desk.strategies, name).enabled]
    standings = Standings(enabled)
    lines = session_lines(tuple(records[1:]), lives, summary.markets)
    ledger = entries(list(lines), standings, caps_of(config.desk.risk, cash_u6(config.desk.cash)))
    _count_trades(summary, standings)
    _count_falls(summary, standings)
    by_strategy, by_event = attribution(standings)
    if summary.broken:
        ledger = _void(ledger, _SUMS)
        by_strategy, by_event = _void(by_strategy, _ACCOUNTED), _void(by_event, _ACCOUNTED)
    result = Result(
        schema_version=SCHEMA_VERSION,
        kind="backtest",
        meta=_meta(summary, engine, missing),
        summary=_totals(summary, ledger, _edges_ns(report)),
        configs=_configs(summary),
        attribution=Attribution(by_strategy, by_event),
        replay=ledger[:REPLAY_ROWS],
        replay_total=len(ledger),
        tape=_tape(summary, warm),
        journal_sha256=summary.journal_sha256,
    )
    return Finding(result, ledger, report)


def _count_trades(summary: Summary, standings: Standings) -> None:
    markets = summary.markets
    for trade in summary.performance.trades:
        for standing in standings.of(
            trade.strategy,
            markets[trade.market].event or markets[trade.market].slug,
            markets[trade.market].condition_id,
        ):
            standing.trade(trade.net_u6)
    for held in summary.positions:
        for standing in standings.of(
            held.strategy, markets[held.market].event or markets[held.market].slug, markets[held.market].condition_id
        ):
            standing.hold(held.cost_u6, held.value_u6)


def _count_falls(summary: Summary, standings: Standings) -> None:
    """Tell every standing its deepest fall; without the tape only that of a session's only strategy is known."""
    found = summary.study.market.falls if summary.study and summary.study.market else None
    if found is None:
        if len(standings.by_strategy) == 1:
            next(iter(standings.by_strategy.values())).fallen_u6 = summary.drawdown.depth_u6
        return
    by_name = {(fall.strategy, fall.event): fall.depth_u6 for fall in found}
    for name, standing in standings.by_strategy.items():
        standing.fallen_u6 = by_name.get((name, ""), 0)
    for holder, standing in standings.by_event.items():
        standing.fallen_u6 = by_name.get(holder, 0)


def _void(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return the rows without what was worked out from accounts of which an identity broke."""
    return [msgspec.structs.replace(row, **dict.fromkeys(names)) for row in rows]


def _meta(summary: Summary, engine: str, missing: str) -> Meta:
    notes = [f"partial: {missing}"] if missing else []
    if summary.end != "tape_end":
        notes.append(f"partial: the session ended by {summary.end or 'an interruption'} before the end of its window")
    if summary.constructed:
        notes.append("constructed data: rows of the tape were generated, not recorded")
    if summary.broken:
        notes.append(f"no figure of money is given: {summary.sentinels}")
    return Meta(
        program=f"polydesk {polydesk.__version__}",
        session=summary.header.session,
        seed=summary.header.seed,
        complete=summary.end == "tape_end",
        end=summary.end or "interrupted",
        engine=engine,
        notes=notes,
    )


def _edges_ns(report: Report) -> tuple[int, int]:
    """Return the time of the first row and of the last one applied; of the records where the tape is gone."""
    summary = report.summary
    if report.prices is None or not summary.events:
        return summary.span_ns
    tape, first = open_tape(Path(summary.header.tape_path)), summary.header.tape_range[0]
    rows = (first, first + summary.events - 1)
    begin, end = (int(found["ts_ns"][0]) for row in rows for found in tape.batches(row, row + 1))
    return begin, end


def _totals(summary: Summary, ledger: Sequence[ReplayEntry], edges_ns: tuple[int, int]) -> Totals:
    counts = summary.counts
    executed = {entry.order_id for entry in ledger if entry.kind == "fill"}
    refused = sum(counts.refusals.values())
    first_ns, last_ns = edges_ns
    totals = Totals(
        generated_at=iso(time.time_ns()),
        from_ts=iso(first_ns),
        to_ts=iso(last_ns),
        total=counts.orders + refused,
        executed=len(executed),
        rejected=refused,
        unfilled=counts.orders - len(executed),
        pnl=_known(summary.matched.net_u6),
        pnl_confirmed=_known(summary.confirmed.net_u6),
        realized=cash(summary.matched.realised_u6),
        unrealized=_known(summary.matched.unrealised_u6),
        fees=cash(summary.matched.fees_u6),
        rounding=cash(summary.matched.dust_u6),
        external={kind: cash(amount) for kind, amount in sorted(summary.external.items())},
        max_drawdown=cash(summary.drawdown.depth_u6),
        fills=counts.fills - counts.failed_fills,
        volume=cash(summary.performance.turnover_u6),
        reject_reasons=counts.refusals,
        hold_reasons=counts.holds,
        sentinels=summary.sentinels,
    )
    return _void([totals], _AMOUNTS)[0] if summary.broken else totals


def _configs(summary: Summary) -> Configs:
    desk = dict(summary.config.get("desk", {}))
    strategies = desk.pop("strategies", {})
    return Configs(
        execution=summary.config.get("exchange", {}),
        risk=desk.pop("risk", {}),
        strategies={name: params for name, params in strategies.items() if params.get("enabled")},
        models={"fill_rule": fill_rule(summary), "latency": latency_text(summary), **_fees(summary)},
        desk=desk,
    )


def _fees(summary: Summary) -> dict[str, Any]:
    """Return the fee schedules of the markets, each once, with the slugs it applies to."""
    found: dict[bytes, dict[str, Any]] = {}
    for market in summary.markets:
        told = found.setdefault(
            msgspec.json.encode(market.fees), {"schedule": msgspec.to_builtins(market.fees), "markets": []}
        )
        told["markets"].append(market.slug)
    return {"fees": list(found.values())}


def _tape(summary: Summary, warm: WarmUp | None) -> TapeInfo:
    header: SessionStarted = summary.header
    chosen = header.markets or tuple(range(len(summary.markets)))
    verdict = summary.verdict
    return TapeInfo(
        sha256=header.tape_sha256,
        source=summary.source,
        rows=header.tape_range,
        applied=summary.events,
        markets=[summary.market_name(index) for index in chosen],
        all_markets=not header.markets,
        constructed=summary.constructed,
        good=None if verdict is None else verdict.ok,
        problems=[] if verdict is None else list(verdict.problems),
        warm_up={} if warm is None else _warm(summary, warm),
    )


def _warm(summary: Summary, warm: WarmUp) -> dict[str, Any]:
    named = {
        name: [summary.market_name(index) for index in getattr(warm, name)] for name in ("warm", "cold", "paid_out")
    }
    return {"rows": warm.rows, **named}


def _known(amount_u6: int | None) -> float | None:
    return None if amount_u6 is None else cash(amount_u6)
