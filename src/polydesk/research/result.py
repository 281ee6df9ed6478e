"""What a backtest leaves behind, as data: the layout of its JSON document, version 2.

Amounts are pUSD, sizes shares, prices collateral per share, times ISO 8601 UTC. The numbers are computed on whole grids
and written with all their digits. A reader of major version 2 accepts every 2.x and ignores fields it does not know.
"""

from inspect import cleandoc
from typing import Any

import msgspec

SCHEMA_VERSION = "2.3"
"""2.0 is the layout of migrated documents; 2.1 adds tape, journal and models; 2.2 defines ``realized`` and
``max_drawdown`` as reports do, and adds ``rounding``; 2.3 has no figure of money (``null``) where accounts broke."""


class ReplayEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the replay ledger; the first 28 fields have the names and order they always had.

    What is summed up over lines is ``None`` when an accounting identity broke.

    Attributes:
        schema_version: Version of this layout.
        ts: When.
        strategy: Whose.
        event_id: Event of the market; its slug where the tape knows no events.
        market_id: Condition id.
        token_id: The token itself, never a word for it.
        side: ``buy`` or ``sell`` of that token; ``settle`` for a payout.
        qty: Shares asked for.
        executed_qty: Shares of this line's fill; 0 when refused or not filled.
        fill_ratio: Their share of what was asked for.
        fill_probability: Of the fill, where a model gives one; books do not.
        slippage_bps_applied: How much worse than ``target_price`` the fill was, in bps of it.
        target_price: The limit, in the price of the token.
        fill_price: Of this fill; the payout of one share for a settlement.
        realized_change: PnL this line realised, after its fee and rounding.
        strategy_equity: Sum of ``realized_change`` of the strategy so far.
        event_equity: Likewise of the strategy in this event.
        risk_allowed: Whether risk permitted the order.
        risk_reason: Refusal code, or why nothing was filled; empty when it was.
        risk_notional: Cost of the order at its limit.
        risk_realized_pnl_before: Sum of all ``realized_change`` before this line.
        risk_strategy_notional_before: Cost at stake before the order, over all markets.
        risk_event_notional_before: Cost at stake before the order, in this market.
        risk_rejections_before: Orders refused before this line.
        risk_max_daily_loss: Loss of a day that stops entries; 0 when the switch is off.
        risk_max_strategy_notional: Cap on the cost at stake over all markets.
        risk_max_event_notional: Cap on the cost at stake in one market.
        risk_circuit_breaker_rejections: Refusals that stop everything; 0, there is no such rule any more.
        kind: ``fill``, ``unfilled``, ``refused``, ``failed`` (a match that was reversed) or ``settlement``.
        order_id: The order's name.
        fill_id: The fill's name.
        fee: Taker fee of this fill.
        liquidity: ``maker`` or ``taker``.
        fill_rule: Which rule made the fill.
        status: Settlement state of the fill.
    """

    schema_version: str
    ts: str
    strategy: str
    event_id: str
    market_id: str
    token_id: str
    side: str
    qty: float
    executed_qty: float
    fill_ratio: float
    fill_probability: float | None
    slippage_bps_applied: float
    target_price: float | None
    fill_price: float | None
    realized_change: float | None
    strategy_equity: float | None
    event_equity: float | None
    risk_allowed: bool
    risk_reason: str
    risk_notional: float
    risk_realized_pnl_before: float | None
    risk_strategy_notional_before: float | None
    risk_event_notional_before: float | None
    risk_rejections_before: int
    risk_max_daily_loss: float
    risk_max_strategy_notional: float
    risk_max_event_notional: float
    risk_circuit_breaker_rejections: int
    kind: str = ""
    order_id: str = ""
    fill_id: str = ""
    fee: float = 0.0
    liquidity: str = ""
    fill_rule: str = ""
    status: str = ""


class StrategyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy's result.

    When an accounting identity broke, only names and counts of orders and fills are given; everything else is ``None``.

    Attributes:
        strategy: Name.
        pnl: Realised and unrealised, less fees and rounding; ``None`` when it is not known.
        winrate: Of closed trades, net of fees; ``None`` without any.
        max_drawdown: Deepest fall of its equity, positions at the bid; ``None`` when it is not known.
        trade_count: Closed trades.
        wins: Of them, with a profit.
        losses: Of them, with a loss.
        realized: PnL of closed shares, before fees and rounding.
        unrealized: PnL of open shares at the bid.
        fees: Fees paid.
        rounding: Rounding paid.
        open_positions: Positions still held.
        open_wins: Of them, worth more than they cost.
        winrate_mark_to_market: Of closed trades and open positions together.
        fills: Fills that hold.
        volume: Their price times size.
        orders: Orders sent.
        refused: Orders that risk refused.
    """

    strategy: str
    pnl: float | None
    winrate: float | None
    max_drawdown: float | None
    trade_count: int | None
    wins: int | None
    losses: int | None
    realized: float | None = 0.0
    unrealized: float | None = 0.0
    fees: float | None = 0.0
    rounding: float | None = 0.0
    open_positions: int | None = 0
    open_wins: int | None = 0
    winrate_mark_to_market: float | None = None
    fills: int = 0
    volume: float | None = 0.0
    orders: int = 0
    refused: int = 0


class EventEntry(StrategyEntry, frozen=True, kw_only=True):
    """One strategy's result in one event; the events of a strategy add up to it."""

    event_id: str
    market_id: str = ""


class Attribution(msgspec.Struct, frozen=True):
    """Who earned what."""

    strategy: list[StrategyEntry]
    event: list[EventEntry]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The result in short; every amount is ``None`` when an accounting identity broke, see ``sentinels``.

    Attributes:
        generated_at: When the document was written.
        from_ts: Begin of the window.
        to_ts: Its end.
        total: Orders wanted: sent and refused; signals, where signals are replayed.
        executed: Of them, with a fill that holds.
        rejected: Of them, refused by risk.
        unfilled: Of them, permitted and without a fill.
        pnl: Matched column; ``None`` when it is void or not known.
        pnl_confirmed: Final fills only.
        realized: PnL of closed shares, before fees and rounding.
        unrealized: PnL of open shares at the bid.
        fees: Fees paid.
        rounding: Rounding paid.
        external: Rebates, rewards and other cash beside trading, not in ``pnl``.
        max_drawdown: Deepest fall of equity, positions at the bid.
        fills: Fills that hold.
        volume: Their price times size.
        reject_reasons: Refusals by code.
        hold_reasons: Why strategies asked for nothing, by code.
        sentinels: ``ok``, or which accounting identity broke.
    """

    generated_at: str
    from_ts: str
    to_ts: str
    total: int
    executed: int
    rejected: int
    unfilled: int = 0
    pnl: float | None = None
    pnl_confirmed: float | None = None
    realized: float | None = None
    unrealized: float | None = None
    fees: float | None = 0.0
    rounding: float | None = 0.0
    external: dict[str, float] | None = {}
    max_drawdown: float | None = 0.0
    fills: int = 0
    volume: float | None = 0.0
    reject_reasons: dict[str, int] = {}
    hold_reasons: dict[str, int] = {}
    sentinels: str = "ok"


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """Where the document comes from.

    Attributes:
        migration: ``v1_to_v2`` for a migrated document, else empty.
        source_schema_version: Version it had before.
        program: Program and version.
        session: The session it is about; ``polydesk report`` shows it.
        seed: Of everything random.
        complete: Whether the whole window was run; false after Ctrl-C.
        end: Why the session ended.
        engine: ``compiled`` or ``python``; both write the same journal.
        notes: What a reader must know, in sentences.
    """

    migration: str = ""
    source_schema_version: str = SCHEMA_VERSION
    program: str = ""
    session: str = ""
    seed: int | None = None
    complete: bool = True
    end: str = ""
    engine: str = ""
    notes: list[str] = []


class Configs(msgspec.Struct, frozen=True, kw_only=True):
    """What it ran with.

    Attributes:
        execution: The simulated exchange or the fill model.
        risk: The limits.
        strategies: Parameters of the enabled strategies.
        models: The fill rule, and latency, queue and fees in short.
        desk: Everything else that decides.
    """

    execution: dict[str, Any]
    risk: dict[str, Any]
    strategies: dict[str, Any] = {}
    models: dict[str, Any] = {}
    desk: dict[str, Any] = {}


class TapeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The market data.

    Attributes:
        sha256: Content hash of the whole tape.
        source: The recordings behind it.
        rows: First row of the window and the row to stop before.
        applied: Rows of the window that were applied.
        markets: Slugs of the markets that could be traded.
        all_markets: Whether those are all of the tape.
        constructed: Whether any row was generated; ``None`` when that is not known.
        good: Whether the data was found good; ``None`` when nobody checked.
        problems: Why not.
        warm_up: Rows before the window, and slugs of the markets that had a book, had none, had paid out.
    """

    sha256: str
    source: str
    rows: tuple[int, int]
    applied: int
    markets: list[str]
    all_markets: bool
    constructed: bool | None = None
    good: bool | None = None
    problems: list[str] = []
    warm_up: dict[str, Any] = {}


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document.

    Attributes:
        schema_version: Major and minor version of this layout.
        kind: ``backtest`` (books) or ``signals`` (stored signals).
        replay: The first lines of the ledger; the table holds all of them.
        replay_total: Lines of the ledger.
        journal_sha256: Hash of the session; the same inputs give the same one.
    """

    schema_version: str
    kind: str
    meta: Meta
    summary: Totals
    configs: Configs
    attribution: Attribution
    replay: list[ReplayEntry]
    replay_total: int = 0
    tape: TapeInfo | None = None
    journal_sha256: str = ""
    checksum_algo: str = ""
    checksum_sha256: str = ""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the document."""
    found = msgspec.json.schema(Result)
    for part in found["$defs"].values():
        part["description"] = cleandoc(part["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"polydesk backtest result, schema version {SCHEMA_VERSION}",
        **found,
    }
