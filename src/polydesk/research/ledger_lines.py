"""The replay ledger and the attribution that follows from it, in whole grid units until they are written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import msgspec

from polydesk.model.grid import (
    CASH_ONE_U6,
    PRICE_ONE_G4,
    SHARE_U6,
    proceeds_u6,
)
from polydesk.research.result import SCHEMA_VERSION, EventEntry, ReplayEntry, StrategyEntry
from polydesk.research.times import iso

_RATIO_PLACES = 6


class RiskSeen(msgspec.Struct, frozen=True):
    """What risk saw before an order, and its caps; micro-pUSD, ``None`` where it was not looked at."""

    strategy_u6: int | None = None
    event_u6: int | None = None


class Caps(msgspec.Struct, frozen=True):
    """The limits a ledger line repeats, micro-pUSD; the same for a whole result."""

    daily_loss_u6: int
    total_u6: int
    market_u6: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger; see ``ReplayEntry`` for the meaning of each field.

    Attributes:
        change_u6: PnL realised by this line after fee and rounding.
        realised_u6: Likewise, before them.
        limit_g4: ``None`` for settlements.
        fill_g4: ``None`` without a fill.
        slippage: As a fraction of the limit.
        probability: ``None`` where no model gives one.
        notional_u6: Cost of the order at its limit.
    """

    ts_ns: int
    kind: str
    strategy: str
    event: str
    market_id: str
    token_id: str
    side: str
    qty_u6: int = 0
    executed_u6: int = 0
    limit_g4: int | None = None
    fill_g4: int | None = None
    change_u6: int = 0
    realised_u6: int = 0
    slippage: Fraction = Fraction(0)
    probability: Fraction | None = None
    reason: str = ""
    notional_u6: int = 0
    seen: RiskSeen = RiskSeen()
    order: str = ""
    fill: str = ""
    fee_u6: int = 0
    liquidity: str = ""
    rule: str = ""
    status: str = ""


@dataclass
class Standing:
    """What one strategy, or one strategy in one event, has to show; micro-pUSD.

    Attributes:
        change_u6: Realised after fees and rounding.
        realised_u6: Before them.
        fallen_u6: Deepest fall of its equity; ``None`` when that was not worked out.
    """

    strategy: str
    event: str = ""
    market_id: str = ""
    change_u6: int = 0
    realised_u6: int = 0
    fallen_u6: int | None = None
    fees_u6: int = 0
    volume_u6: int = 0
    fills: int = 0
    refused: int = 0
    orders: set[str] = field(default_factory=set)
    wins: int = 0
    losses: int = 0
    trades: int = 0
    open_positions: int = 0
    open_wins: int = 0
    unrealised_u6: int | None = 0

    def add(self, line: Line) -> None:
        """Count a line."""
        self.change_u6 += line.change_u6
        self.realised_u6 += line.realised_u6
        self.fees_u6 += line.fee_u6
        self.refused += line.kind == "refused"
        if line.kind in {"fill", "unfilled", "failed"}:
            self.orders.add(line.order)
        if line.kind == "fill":
            self.fills += 1
            self.volume_u6 += proceeds_u6(line.fill_g4 or 0, line.executed_u6)

    def trade(self, net_u6: int) -> None:
        """Count a closed trade."""
        self.trades += 1
        self.wins += net_u6 > 0
        self.losses += net_u6 < 0

    def hold(self, cost_u6: int, value_u6: int | None) -> None:
        """Count a position still held; its value is ``None`` when no bid is known."""
        self.open_positions += 1
        if value_u6 is None or self.unrealised_u6 is None:
            self.unrealised_u6 = None
        else:
            self.unrealised_u6 += value_u6 - cost_u6
            self.open_wins += value_u6 > cost_u6


class Standings:
    """Every strategy's and event's standing, kept while the lines go by.

    Args:
        strategies: Names that appear even without a line.
    """

    def __init__(self, strategies: Iterable[str] = ()) -> None:
        self.by_strategy: dict[str, Standing] = {name: Standing(name) for name in strategies}
        self.by_event: dict[tuple[str, str], Standing] = {}

    def of(self, strategy: str, event: str, market_id: str) -> tuple[Standing, Standing]:
        """Return the standing of a strategy, and its standing in an event."""
        whole = self.by_strategy.setdefault(strategy, Standing(strategy))
        return whole, self.by_event.setdefault((strategy, event), Standing(strategy, event, market_id))


def entries(lines: Sequence[Line], standings: Standings, caps: Caps) -> list[ReplayEntry]:
    """Count the lines in ``standings`` and return them as they are written, running sums included."""
    out = []
    realised = rejections = 0
    for line in lines:
        whole, part = standings.of(line.strategy, line.event, line.market_id)
        whole.add(line)
        part.add(line)
        out.append(_entry(line, whole, part, realised, rejections, caps))
        realised += line.change_u6
        rejections += line.kind == "refused"
    return out


def attribution(standings: Standings) -> tuple[list[StrategyEntry], list[EventEntry]]:
    """Return the rows of both attributions, in order of name."""
    one = [StrategyEntry(**_figures(found)) for _, found in sorted(standings.by_strategy.items())]
    two = [
        EventEntry(event_id=found.event, market_id=found.market_id, **_figures(found))
        for _, found in sorted(standings.by_event.items())
    ]
    return one, two


def cash(amount_u6: int) -> float:
    """Return micro-pUSD as pUSD: the number that prints with exactly its six places."""
    return amount_u6 / CASH_ONE_U6


def cells(entry: ReplayEntry | StrategyEntry) -> dict[str, str]:
    """Return a row's fields as the texts of a CSV: exact decimals, empty for what is not known, 0 and 1 for flags."""
    return {name: _cell(value) for name, value in msgspec.structs.asdict(entry).items()}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        text = f"{value:.6f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def _entry(line: Line, whole: Standing, part: Standing, realised: int, rejections: int, caps: Caps) -> ReplayEntry:
    seen = line.seen
    return ReplayEntry(
        schema_version=SCHEMA_VERSION,
        ts=iso(line.ts_ns),
        strategy=line.strategy,
        event_id=line.event,
        market_id=line.market_id,
        token_id=line.token_id,
        side=line.side,
        qty=line.qty_u6 / SHARE_U6,
        executed_qty=line.executed_u6 / SHARE_U6,
        fill_ratio=round(line.executed_u6 / line.qty_u6, _RATIO_PLACES) if line.qty_u6 else 0.0,
        fill_probability=None if line.probability is None else float(line.probability),
        slippage_bps_applied=round(float(line.slippage * 10_000), _RATIO_PLACES),
        target_price=None if line.limit_g4 is None else line.limit_g4 / PRICE_ONE_G4,
        fill_price=None if line.fill_g4 is None else line.fill_g4 / PRICE_ONE_G4,
        realized_change=cash(line.change_u6),
        strategy_equity=cash(whole.change_u6),
        event_equity=cash(part.change_u6),
        risk_allowed=line.kind != "refused",
        risk_reason=line.reason,
        risk_notional=cash(line.notional_u6),
        risk_realized_pnl_before=cash(realised),
        risk_strategy_notional_before=None if seen.strategy_u6 is None else cash(seen.strategy_u6),
        risk_event_notional_before=None if seen.event_u6 is None else cash(seen.event_u6),
        risk_rejections_before=rejections,
        risk_max_daily_loss=cash(caps.daily_loss_u6),
        risk_max_strategy_notional=cash(caps.total_u6),
        risk_max_event_notional=cash(caps.market_u6),
        risk_circuit_breaker_rejections=0,
        kind=line.kind,
        order_id=line.order,
        fill_id=line.fill,
        fee=cash(line.fee_u6),
        liquidity=line.liquidity,
        fill_rule=line.rule,
        status=line.status,
    )


def _figures(found: Standing) -> dict[str, Any]:
    known = found.unrealised_u6
    decided, won = found.wins + found.losses, found.wins
    all_, all_won = decided + found.open_positions, won + found.open_wins
    return {
        "strategy": found.strategy,
        "pnl": None if known is None else cash(found.change_u6 + known),
        "winrate": round(won / decided, _RATIO_PLACES) if decided else None,
        "max_drawdown": None if found.fallen_u6 is None else cash(found.fallen_u6),
        "trade_count": found.trades,
        "wins": won,
        "losses": found.losses,
        "realized": cash(found.realised_u6),
        "rounding": cash(found.realised_u6 - found.fees_u6 - found.change_u6),
        "unrealized": None if known is None else cash(known),
        "fees": cash(found.fees_u6),
        "open_positions": found.open_positions,
        "open_wins": found.open_wins,
        "winrate_mark_to_market": round(all_won / all_, _RATIO_PLACES) if all_ and known is not None else None,
        "fills": found.fills,
        "volume": cash(found.volume_u6),
        "orders": len(found.orders),
        "refused": found.refused,
    }
