"""What traders expect beside the PnL: ratios, expectancy, streaks, extremes and what became of the orders."""

import itertools
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from polydesk.model.grid import NS_PER_S
from polydesk.model.orders import Purpose
from polydesk.model.reasons import Reject
from polydesk.model.records import CancelSent, OrderRejected
from polydesk.report.axes import stretches
from polydesk.report.lives import Life
from polydesk.report.marks import Drawdown, Mark
from polydesk.report.performance import LEAST_DAYS, LEAST_TRADES, Performance
from polydesk.report.periods import Period

DAYS_A_YEAR = 365
_DAY_NS = 86_400 * NS_PER_S
_UNFILLED = frozenset({Reject.EXPIRED.value, Reject.FAK_NOT_FILLED.value, Reject.FOK_NOT_FILLED.value})


class Extreme(msgspec.Struct, frozen=True):
    """A best or worst day: its UTC name and its PnL in micro-pUSD."""

    name: str
    pnl_u6: int


class Statistics(msgspec.Struct, frozen=True):
    """Matched column; ``None`` where there are too few data for an honest number.

    Attributes:
        span_days: Calendar days from the first to the last moment.
        annual_rate: Compound yearly return; only for at least ``LEAST_DAYS`` calendar days and daily returns.
        sortino: Annualised ratio of the daily returns' mean and their downside deviation from 0.
        calmar: Annual return over the deepest drawdown as a share of its high.
        sharpe_probability: Probability that the true Sharpe ratio is above 0.
        expectancy_u6: Mean net PnL of a closed trade, micro-pUSD.
        expectancy_ratio: Expectancy over the mean loss.
        sqn: System quality number: root of the number of trades times mean over spread of their PnL.
        best_trade_u6: Largest net PnL of a closed trade, micro-pUSD; ``None`` without one.
        worst_trade_u6: Smallest.
        best_day: Day with the largest PnL; ``None`` when days are unknown.
        worst_day: Day with the smallest.
        win_streak: Most closed trades in a row with a profit.
        loss_streak: Most closed trades in a row with a loss.
        average_hold_ns: Mean time from opening to end of a closed trade.
        high_u6: Highest equity, micro-pUSD, and when.
        high_ns: Likewise.
        low_u6: Lowest equity, micro-pUSD, and when.
        low_ns: Likewise.
        average_exposure_u6: Exposure averaged over time, micro-pUSD.
        peak_exposure_u6: Largest exposure at a mark.
        entry_timeouts: Entries that expired or were killed without any fill.
        exit_timeouts: Exits likewise.
        cancelled_entries: Entries and quotes without any fill for which a cancel was sent.
        rejected_orders: Orders that the venue refused outright.
        refused_entries: Entries and quotes that risk refused.
    """

    span_days: float
    annual_rate: float | None
    sortino: float | None
    calmar: float | None
    sharpe_probability: float | None
    expectancy_u6: int | None
    expectancy_ratio: float | None
    sqn: float | None
    best_trade_u6: int | None
    worst_trade_u6: int | None
    best_day: Extreme | None
    worst_day: Extreme | None
    win_streak: int
    loss_streak: int
    average_hold_ns: int | None
    high_u6: int | None
    high_ns: int
    low_u6: int | None
    low_ns: int
    average_exposure_u6: int | None
    peak_exposure_u6: int | None
    entry_timeouts: int
    exit_timeouts: int
    cancelled_entries: int
    rejected_orders: int
    refused_entries: int


def statistics(
    made: Performance,
    span_ns: tuple[int, int],
    days: Sequence[Period],
    fall: Drawdown,
    marks: Sequence[Mark],
    orders: Iterable[Life],
) -> Statistics:
    """Work out the statistics of a session.

    Args:
        made: Its key figures.
        span_ns: First and last moment.
        days: Daily results.
        fall: Deepest drawdown.
        marks: The equity curve.
        orders: Every order and refused order.
    """
    rates = [float(day.rate) for day in days if day.rate is not None]
    nets = [trade.net_u6 for trade in made.trades]
    span_days = (span_ns[1] - span_ns[0]) / _DAY_NS
    yearly = annual_rate(made.rate, span_days, len(rates))
    holds = [trade.closed_ns - trade.opened_ns for trade in made.trades]
    high = max(marks, key=lambda mark: mark.earned_u6, default=None)
    low = min(marks, key=lambda mark: mark.earned_u6, default=None)
    ranked = sorted(days, key=lambda day: day.pnl_u6)
    enough = len(nets) >= LEAST_TRADES
    lives = list(orders)
    return Statistics(
        span_days=span_days,
        annual_rate=yearly,
        sortino=sortino(rates),
        calmar=calmar(yearly, fall),
        sharpe_probability=sharpe_probability(rates),
        expectancy_u6=round(Fraction(sum(nets), len(nets))) if enough else None,
        expectancy_ratio=expectancy_ratio(nets),
        sqn=system_quality(nets),
        best_trade_u6=max(nets, default=None),
        worst_trade_u6=min(nets, default=None),
        best_day=Extreme(ranked[-1].name, ranked[-1].pnl_u6) if ranked else None,
        worst_day=Extreme(ranked[0].name, ranked[0].pnl_u6) if ranked else None,
        win_streak=longest_run(net > 0 for net in nets),
        loss_streak=longest_run(net < 0 for net in nets),
        average_hold_ns=sum(holds) // len(holds) if holds else None,
        high_u6=high.matched_u6 if high else None,
        high_ns=high.ts_ns if high else 0,
        low_u6=low.matched_u6 if low else None,
        low_ns=low.ts_ns if low else 0,
        average_exposure_u6=average_exposure_u6(marks),
        peak_exposure_u6=max((mark.exposure_u6 for mark in marks), default=None),
        entry_timeouts=sum(_timed_out(life, Purpose.ENTRY) for life in lives),
        exit_timeouts=sum(_timed_out(life, Purpose.EXIT) for life in lives),
        cancelled_entries=sum(_cancelled(life) for life in lives),
        rejected_orders=sum(any(isinstance(event, OrderRejected) for event in life.events) for life in lives),
        refused_entries=sum(bool(life.refused) and life.intent.purpose is not Purpose.EXIT for life in lives),
    )


def annual_rate(rate: Fraction | None, span_days: float, returns: int) -> float | None:
    """Return the compound yearly return, or ``None`` when the span is too short or everything was lost.

    >>> round(annual_rate(Fraction(1, 10), 36.5, 36), 6)  # 1.1 to the 10th, less 1
    1.593742
    >>> annual_rate(Fraction(1, 10), 29.0, 36) is None
    True
    """
    if rate is None or span_days < LEAST_DAYS or returns < LEAST_DAYS or rate <= -1:
        return None
    try:
        return float(math.exp(math.log1p(float(rate)) * DAYS_A_YEAR / span_days)) - 1.0
    except OverflowError:
        return math.inf


def sortino(rates: Sequence[float]) -> float | None:
    """Return mean over downside deviation of daily returns times the root of 365.

    The downside deviation is the root of the mean squared loss over all days, with a target of 0. ``None`` for fewer
    than ``LEAST_DAYS`` returns or none below 0. Source: F. Sortino and L. Price, "Performance Measurement in a
    Downside Risk Framework", Journal of Investing 3 (1994).
    """
    if len(rates) < LEAST_DAYS:
        return None
    below = math.sqrt(sum(min(rate, 0.0) ** 2 for rate in rates) / len(rates))
    return sum(rates) / len(rates) / below * math.sqrt(DAYS_A_YEAR) if below else None


def calmar(yearly: float | None, fall: Drawdown) -> float | None:
    """Return the annual return over the deepest drawdown's share of its high; ``None`` without either."""
    if yearly is None or not fall.depth_u6 or fall.peak_u6 <= 0:
        return None
    return yearly / (fall.depth_u6 / fall.peak_u6)


def sharpe_probability(rates: Sequence[float], demanded: float = 0.0) -> float | None:
    """Return the probability that the true Sharpe ratio is above ``demanded``, given skew and tails of daily returns.

    ``demanded`` is per day, not annualised. ``None`` for fewer than ``LEAST_DAYS`` or no spread. Source: D. Bailey and
    M. Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012), probabilistic Sharpe ratio.
    """
    n = len(rates)
    if n < LEAST_DAYS:
        return None
    mean = sum(rates) / n
    moment2, moment3, moment4 = (sum((rate - mean) ** power for rate in rates) / n for power in (2, 3, 4))
    if moment2 <= 0:
        return None
    ratio = mean / math.sqrt(moment2 * n / (n - 1))
    skew, tails = moment3 / moment2**1.5, moment4 / moment2**2
    spread = 1 - skew * ratio + (tails - 1) / 4 * ratio**2
    if spread <= 0:
        return None
    return 0.5 * math.erfc((demanded - ratio) * math.sqrt(n - 1) / math.sqrt(spread) / math.sqrt(2))


def expectancy_ratio(nets: Sequence[int]) -> float | None:
    """Return the mean trade over the mean loss; ``None`` for fewer than ``LEAST_TRADES`` or no loss.

    >>> expectancy_ratio([30, -10] * 5)
    1.0
    """
    losses = [-net for net in nets if net < 0]
    if len(nets) < LEAST_TRADES or not losses:
        return None
    return float(Fraction(sum(nets), len(nets)) / Fraction(sum(losses), len(losses)))


def system_quality(nets: Sequence[int]) -> float | None:
    """Return the root of n times mean over sample deviation of the trades' PnL.

    ``None`` for fewer than ``LEAST_TRADES`` or no spread. Source: V. Tharp, "Definitive Guide to Position Sizing"
    (2008), system quality number.
    """
    n = len(nets)
    if n < LEAST_TRADES:
        return None
    mean = Fraction(sum(nets), n)
    variance = sum((net - mean) ** 2 for net in nets) / (n - 1)
    return math.sqrt(n) * float(mean) / math.sqrt(variance) if variance else None


def longest_run(flags: Iterable[bool]) -> int:
    """Return how many true values follow each other at most.

    >>> longest_run([True, False, True, True])
    2
    """
    return max((sum(1 for _ in run) for good, run in itertools.groupby(flags) if good), default=0)


def average_exposure_u6(marks: Sequence[Mark]) -> int | None:
    """Return the exposure averaged over time, each mark holding until the next, without pauses of the data.

    ``None`` for fewer than two marks.
    """
    if len(marks) < 2 or marks[-1].ts_ns == marks[0].ts_ns:
        return None
    ends = {last for _, last in stretches([mark.ts_ns for mark in marks])}
    pairs = [(mark, later) for mark, later in itertools.pairwise(marks) if mark.ts_ns not in ends]
    whole = sum(later.ts_ns - mark.ts_ns for mark, later in pairs)
    return sum(mark.exposure_u6 * (later.ts_ns - mark.ts_ns) for mark, later in pairs) // whole if whole else None


def _timed_out(life: Life, purpose: Purpose) -> bool:
    return life.intent.purpose is purpose and not _filled(life) and life.end in _UNFILLED


def _cancelled(life: Life) -> bool:
    entry = life.intent.purpose is not Purpose.EXIT
    return entry and not _filled(life) and any(isinstance(event, CancelSent) for event in life.events)


def _filled(life: Life) -> bool:
    return life.filled_u6 + life.failed_u6 > 0
