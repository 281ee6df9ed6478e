"""Where the money went: PnL by strategy, market and exit reason, positions and settlements.

The arithmetic is the desk's own (``polydesk.portfolio``); this module feeds it the journal's fills without those
that failed, and keeps what each closing fill realised.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from polydesk.model.errors import JournalError
from polydesk.model.grid import proceeds_u6
from polydesk.model.ids import FillId, IntentId
from polydesk.model.orders import Purpose, Side
from polydesk.model.reasons import Exit
from polydesk.model.records import CashMoved, Fill, FillStatus, Liquidity, Record, Settled
from polydesk.portfolio import Account, Position, position_key
from polydesk.report.lives import Life
from polydesk.report.trades import Trade, TradeBook

Bids = Mapping[tuple[int, int], int]
"""Best bid on the grid by market and token at the end of the session; 0 where there is none."""


class FillLine(msgspec.Struct, frozen=True):
    """One fill with what it belongs to.

    Attributes:
        fill: As recorded.
        strategy: Whose.
        status: ``matched``, ``confirmed`` or ``failed``.
        reason: Exit reason of a closing fill; empty for buys.
        realised_u6: PnL of the shares it closed before its fee; ``None`` for buys and failed fills.
    """

    fill: Fill
    strategy: str
    status: str
    reason: str
    realised_u6: int | None


class SettledLine(msgspec.Struct, frozen=True):
    """One position paid out by its market's resolution."""

    ts_ns: int
    strategy: str
    market: int
    token: int
    shares_u6: int
    payout_g4: int
    realised_u6: int
    origin: str


class OpenPosition(msgspec.Struct, frozen=True):
    """Shares held at the end: matched, and how many of them are confirmed.

    Attributes:
        bid_g4: Best bid of the token at the end; ``None`` when it is not known.
        value_u6: Shares at the bid; ``None`` likewise.
    """

    strategy: str
    market: int
    token: int
    shares_u6: int
    confirmed_u6: int
    cost_u6: int
    bid_g4: int | None
    value_u6: int | None


class PnlLine(msgspec.Struct):
    """PnL of one strategy, market or exit reason, matched column, micro-pUSD.

    Attributes:
        key: Strategy name, market index as text, or exit reason.
        fills: Fills counted.
        notional_u6: Price x size of those fills.
        closes: Closing fills and settlements.
        trades: Positions that became flat, see ``Trade``; of an exit reason: those it ended.
        wins: Trades with a profit after all their fees.
        realised_u6: PnL of closed shares.
        fees_u6: Fees and rounding.
        unrealised_u6: Open shares at the bid less their cost; ``None`` when no bid is known.
    """

    key: str
    fills: int = 0
    notional_u6: int = 0
    closes: int = 0
    trades: int = 0
    wins: int = 0
    realised_u6: int = 0
    fees_u6: int = 0
    unrealised_u6: int | None = 0

    @property
    def net_u6(self) -> int | None:
        """Realised and unrealised PnL after fees and rounding."""
        return None if self.unrealised_u6 is None else self.realised_u6 + self.unrealised_u6 - self.fees_u6


@dataclass
class Money:
    """The accounts after the last record, and the lines that made them."""

    account: Account = field(default_factory=Account)
    fills: list[FillLine] = field(default_factory=list)
    settlements: list[SettledLine] = field(default_factory=list)
    external: dict[str, int] = field(default_factory=dict)
    trades: TradeBook = field(default_factory=TradeBook)


def account_for(records: Iterable[Record], lives: Mapping[IntentId, Life]) -> Money:
    """Book every fill, settlement and cash move.

    Raises:
        JournalError: A fill names an order that was never sent.
    """
    records = list(records)
    final = {record.fill: record.confirmed for record in records if isinstance(record, FillStatus)}
    money = Money()
    for record in records:
        match record:
            case Fill():
                _fill(money, record, lives, final)
            case FillStatus() if record.confirmed:
                money.account.status(record)
            case Settled():
                for position, shares, realised in money.account.settled(record):
                    money.settlements.append(_settled(record, position, shares, realised))
                    money.trades.settled(position, record.ts_ns)
            case CashMoved():
                money.account.cash(record)
                money.external[record.kind] = money.external.get(record.kind, 0) + record.amount_u6
    return money


def _fill(money: Money, fill: Fill, lives: Mapping[IntentId, Life], final: Mapping[FillId, bool]) -> None:
    life = lives.get(fill.intent)
    if life is None:
        raise JournalError(f"fill {fill.id} names order {fill.intent}, which was never sent; the journal is not whole")
    confirmed = final.get(fill.id)
    status = "matched" if confirmed is None else "confirmed" if confirmed else "failed"
    realised: int | None = None
    if status != "failed":
        booked = money.account.fill(fill, life.intent.strategy)
        if booked is None:
            return
        realised = booked if fill.side is Side.SELL else None
        held = money.account.matched.positions[position_key(life.intent.strategy, fill.market, fill.token)]
        money.trades.filled(held, fill, _reason(life, fill))
    money.fills.append(FillLine(fill, life.intent.strategy, status, _reason(life, fill), realised))


def _reason(life: Life, fill: Fill) -> str:
    if fill.side is Side.BUY:
        return ""
    return life.intent.reason or (Exit.QUOTE.value if life.intent.purpose is Purpose.QUOTE else Exit.TARGET.value)


def _settled(event: Settled, position: Position, shares_u6: int, realised_u6: int) -> SettledLine:
    return SettledLine(
        event.ts_ns, position.strategy, event.market, position.token, shares_u6, event.payout_g4[position.token],
        realised_u6, event.origin,
    )  # fmt: skip


def open_positions(money: Money, bids: Bids | None) -> tuple[OpenPosition, ...]:
    """Return the positions still held, valued at the bid where one is known."""
    out = []
    for key, held in money.account.matched.positions.items():
        if held.shares_u6 == 0:
            continue
        bid = None if bids is None else bids.get((held.market, held.token))
        value = None if bid is None else proceeds_u6(bid, held.shares_u6)
        sure = money.account.confirmed.positions.get(key)
        out.append(
            OpenPosition(
                held.strategy,
                held.market,
                held.token,
                held.shares_u6,
                sure.shares_u6 if sure else 0,
                held.cost_u6,
                bid,
                value,
            )
        )
    return tuple(sorted(out, key=lambda p: (p.market, p.token, p.strategy)))


def pnl_lines(money: Money, positions: Iterable[OpenPosition], by: str) -> tuple[PnlLine, ...]:
    """Return PnL by ``strategy`` or ``market``; the lines add up to the matched total."""
    lines: dict[str, PnlLine] = {}
    for booked in money.fills:
        if booked.status != "failed":
            fill = booked.fill
            line = _line(lines, booked.strategy if by == "strategy" else str(fill.market))
            _count_fill(line, booked)
    for paid in money.settlements:
        line = _line(lines, paid.strategy if by == "strategy" else str(paid.market))
        line.closes += 1
    for trade in money.trades.closed:
        _count_trade(_line(lines, trade.strategy if by == "strategy" else str(trade.market)), trade)
    for held in money.account.matched.positions.values():
        line = _line(lines, held.strategy if by == "strategy" else str(held.market))
        line.realised_u6 += held.realised_u6
        line.fees_u6 += held.fees_u6 + held.dust_u6
    for position in positions:
        line = _line(lines, position.strategy if by == "strategy" else str(position.market))
        if position.value_u6 is None or line.unrealised_u6 is None:
            line.unrealised_u6 = None
        else:
            line.unrealised_u6 += position.value_u6 - position.cost_u6
    return tuple(lines[key] for key in sorted(lines, key=lambda k: (not k.isdigit(), int(k) if k.isdigit() else 0, k)))


def exit_lines(money: Money) -> tuple[PnlLine, ...]:
    """Return what closing shares realised, by exit reason; ``fees_u6`` are the closing fills' own."""
    lines: dict[str, PnlLine] = {}
    for booked in money.fills:
        if booked.realised_u6 is not None:
            line = _line(lines, booked.reason)
            _count_fill(line, booked)
            line.realised_u6 += booked.realised_u6
            line.fees_u6 += booked.fill.fee_u6
    for paid in money.settlements:
        line = _line(lines, Exit.SETTLEMENT.value)
        line.closes += 1
        line.notional_u6 += proceeds_u6(paid.payout_g4, paid.shares_u6)
        line.realised_u6 += paid.realised_u6
    for trade in money.trades.closed:
        _count_trade(_line(lines, trade.reason), trade)
    return tuple(lines[key] for key in sorted(lines))


def liquidity_lines(money: Money) -> tuple[PnlLine, ...]:
    """Return fills, notional and fees by maker and taker; no PnL."""
    lines = {kind.value: PnlLine(kind.value) for kind in Liquidity}
    for booked in money.fills:
        if booked.status != "failed":
            line = lines[booked.fill.liquidity.value]
            _count_fill(line, booked)
            line.fees_u6 += booked.fill.fee_u6
    return tuple(lines.values())


def _count_fill(line: PnlLine, booked: FillLine) -> None:
    line.fills += 1
    line.notional_u6 += proceeds_u6(booked.fill.price_g4, booked.fill.size_u6)
    if booked.realised_u6 is not None:
        line.closes += 1


def _count_trade(line: PnlLine, trade: Trade) -> None:
    line.trades += 1
    line.wins += trade.net_u6 > 0


def _line(lines: dict[str, PnlLine], key: str) -> PnlLine:
    return lines.setdefault(key, PnlLine(key))
