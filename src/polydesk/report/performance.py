"""Key figures of a session as numbers; ``None`` where there are too few data for an honest one."""

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from polydesk.report.axes import stretches
from polydesk.report.marks import Mark
from polydesk.report.money import Money, PnlLine
from polydesk.report.periods import Period
from polydesk.report.trades import Trade

LEAST_TRADES = 10
"""Closed trades below which hit rate, profit factor and averages are not given."""

LEAST_DAYS = 30
"""Daily returns below which no Sharpe ratio is given."""

_DAYS_A_YEAR = 365


class Performance(msgspec.Struct, frozen=True):
    """Matched column; amounts in micro-pUSD, times in ns of virtual time without pauses of the data.

    Attributes:
        start_u6: Cash at the start; ``None`` when the venue holds it.
        rate: PnL of that cash.
        active_ns: Time with data.
        held_ns: Part of it with at least one open position.
        fallen_ns: Time from the high before the deepest drawdown to its recovery, or to the end.
        turnover_u6: Price x size of all fills.
        maker_fills: Fills that made.
        maker_u6: Their price x size.
        fills: All fills that hold.
        trades: Closed trades, in order of their end.
        sharpe: Annualised ratio of the daily returns' mean and spread (365 days, no risk-free rate); ``None`` for
            fewer than ``LEAST_DAYS`` or returns that are all equal.
        days: Daily returns there are.
    """

    start_u6: int | None
    rate: Fraction | None
    active_ns: int
    held_ns: int
    fallen_ns: int
    turnover_u6: int
    maker_fills: int
    maker_u6: int
    fills: int
    trades: tuple[Trade, ...]
    sharpe: float | None
    days: int

    @property
    def wins(self) -> tuple[int, ...]:
        """Net PnL of the trades that won."""
        return tuple(trade.net_u6 for trade in self.trades if trade.net_u6 > 0)

    @property
    def losses(self) -> tuple[int, ...]:
        """Net PnL of the trades that lost."""
        return tuple(trade.net_u6 for trade in self.trades if trade.net_u6 < 0)

    @property
    def profit_factor(self) -> Fraction | None:
        """Sum of profits over sum of losses; ``None`` without a loss or with fewer than ``LEAST_TRADES`` trades."""
        if len(self.trades) < LEAST_TRADES or not self.losses:
            return None
        return Fraction(sum(self.wins), -sum(self.losses))


def performance(
    start_u6: int | None,
    net_u6: int | None,
    span_ns: tuple[int, int],
    marks: Sequence[Mark],
    fallen: tuple[int, int],
    money: Money,
    by_liquidity: Sequence[PnlLine],
    days: Sequence[Period],
) -> Performance:
    """Work out the key figures.

    Args:
        start_u6: Cash at the start, if known.
        net_u6: PnL of the session, if known.
        span_ns: First and last moment.
        marks: The equity curve; its pauses are the data's.
        fallen: From when to when the deepest drawdown lasted.
        money: The booked fills and trades.
        by_liquidity: Maker and taker lines.
        days: Daily results.
    """
    open_times = stretches(sorted({span_ns[0], *(mark.ts_ns for mark in marks), span_ns[1]}))
    maker = next((line for line in by_liquidity if line.key == "maker"), PnlLine("maker"))
    rates = [day.rate for day in days if day.rate is not None]
    return Performance(
        start_u6=start_u6,
        rate=Fraction(net_u6, start_u6) if net_u6 is not None and start_u6 else None,
        active_ns=_overlap(open_times, [span_ns]),
        held_ns=_overlap(open_times, _merged(money.trades.held(), span_ns[1])),
        fallen_ns=_overlap(open_times, [fallen]) if fallen[0] else 0,
        turnover_u6=sum(line.notional_u6 for line in by_liquidity),
        maker_fills=maker.fills,
        maker_u6=maker.notional_u6,
        fills=sum(line.fills for line in by_liquidity),
        trades=tuple(sorted(money.trades.closed, key=lambda trade: trade.closed_ns)),
        sharpe=sharpe(rates),
        days=len(rates),
    )


def sharpe(rates: Sequence[Fraction]) -> float | None:
    """Return mean over sample standard deviation of daily returns times the root of 365.

    ``None`` for fewer than ``LEAST_DAYS`` or no spread. Source: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio
    Management 21 (1994), equation for the historic ratio, with a benchmark of 0.
    """
    if len(rates) < LEAST_DAYS:
        return None
    mean = sum(rates, Fraction(0)) / len(rates)
    variance = sum((rate - mean) ** 2 for rate in rates) / (len(rates) - 1)
    return float(mean) / math.sqrt(variance) * math.sqrt(_DAYS_A_YEAR) if variance else None


def _merged(held: Sequence[tuple[int, int]], end_ns: int) -> list[tuple[int, int]]:
    """Return spans without overlaps; an end of 0 is the end of the session."""
    out: list[tuple[int, int]] = []
    for opened, closed in sorted((opened, closed or end_ns) for opened, closed in held):
        if out and opened <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], closed))
        else:
            out.append((opened, closed))
    return out


def _overlap(ones: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> int:
    """Return how long two lists of disjoint spans coincide."""
    total, at = 0, 0
    for first, last in others:
        while at and ones[at - 1][1] > first:
            at -= 1
        while at < len(ones) and ones[at][0] < last:
            total += max(0, min(ones[at][1], last) - max(ones[at][0], first))
            at += 1
    return total
