"""Ratios, extremes, streaks and what became of the orders, one figure per line."""

from collections.abc import Callable
from fractions import Fraction

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.report.faults import fault_text
from polydesk.report.performance import LEAST_DAYS, LEAST_TRADES
from polydesk.report.quantities import NONE, cash, count, gain, rate, ratio, utc
from polydesk.report.statistics import Extreme
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import Table
from polydesk.report.words import ENGLISH, Words

Line = tuple[str, str, str]
"""Name, value, remark."""


def statistics_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Everything the key figures leave out; money is void when a sentinel or guard broke."""
    money = [*_ratios(summary, words), *_trades(summary, words), *_equity(summary, words)]
    if summary.broken:
        money = [(name, words("broken"), "") for name, _, _ in money]
    note = words("stat.note", days=LEAST_DAYS, trades=LEAST_TRADES)
    columns = words.columns("figure", ">number", "remark")
    return Table(words("stat.title"), columns, (*money, *_orders(summary, words)), note=note)


def _ratios(summary: Summary, words: Words) -> list[Line]:
    made, found = summary.performance, summary.statistics
    days = words("stat.of_n_days", n=count(made.days))
    short = words("stat.too_short", span=f"{found.span_days:.1f}", n=count(made.days), least=LEAST_DAYS)

    def line(name: str, value: float | None, why: str, text: Callable[[float], str] = _ratio) -> Line:
        guard = summary.refused.get(name, "")
        if guard:
            return words(f"stat.{name}"), words("n/a"), words("n/a.guard", guard=fault_text(guard, words))
        told = why if made.days >= LEAST_DAYS else short
        return (words(f"stat.{name}"), NONE, told) if value is None else (words(f"stat.{name}"), text(value), days)

    return [
        line("annual", found.annual_rate, short, _percent),
        line("sharpe", made.sharpe, words("stat.spread")),
        line("sortino", found.sortino, words("stat.no_loss")),
        line("calmar", found.calmar, short if found.annual_rate is None else words("stat.no_loss")),
        line("sharpe_probability", found.sharpe_probability, words("stat.spread"), lambda value: f"{value:.3f}"),
    ]


def _trades(summary: Summary, words: Words) -> list[Line]:
    made, found = summary.performance, summary.statistics
    number = len(made.trades)
    few = words("n/a.trades", n=count(number), least=LEAST_TRADES)
    of_trades = words("stat.of_n_trades", n=count(number))

    def line(name: str, value: str | None, why: str, remark: str = of_trades) -> Line:
        told = (NONE, few if number < LEAST_TRADES else why) if value is None else (value, remark)
        return (words(f"stat.{name}"), *told)

    factor, hold = made.profit_factor, found.average_hold_ns
    return [
        line("profit_factor", None if factor is None else ratio(factor), words("n/a.losses")),
        line(
            "expectancy", None if found.expectancy_u6 is None else gain(found.expectancy_u6), "",
            words("stat.per_trade", n=count(number)),
        ),
        line("expectancy_ratio", _or_none(found.expectancy_ratio), words("n/a.losses")),
        line("sqn", _or_none(found.sqn), words("stat.spread")),
        line("best_trade", None if found.best_trade_u6 is None else gain(found.best_trade_u6), few, "pUSD"),
        line("worst_trade", None if found.worst_trade_u6 is None else gain(found.worst_trade_u6), few, "pUSD"),
        line("hold", None if hold is None else words.span(hold), few),
        (
            words("stat.streaks"),
            words("stat.streak_value", wins=count(found.win_streak), losses=count(found.loss_streak)),
            words("stat.streak_remark"),
        ),
    ]  # fmt: skip


def _equity(summary: Summary, words: Words) -> list[Line]:
    found, fall = summary.statistics, summary.drawdown
    lines = [_day(words, "best_day", found.best_day), _day(words, "worst_day", found.worst_day)]
    if fall.depth_u6:
        share = rate(Fraction(-fall.depth_u6, fall.peak_u6)) if fall.peak_u6 > 0 else NONE
        points = words("stat.drawdown_points", share=share, high=utc(fall.peak_ns), low=utc(fall.trough_ns))
        lines.append((words("stat.drawdown"), gain(-fall.depth_u6), points))
    for name, amount, at_ns in (("high", found.high_u6, found.high_ns), ("low", found.low_u6, found.low_ns)):
        if amount is not None:
            lines.append((words(f"stat.{name}"), cash(amount), words("stat.at", time=utc(at_ns))))
    if found.average_exposure_u6 is not None:
        peak = words("stat.peak", peak=cash(found.peak_exposure_u6))
        lines.append((words("stat.exposure"), cash(found.average_exposure_u6), peak))
    drifts = summary.study.market.drifts if summary.study and summary.study.market else ()
    if drifts:
        change = sum(drift.last_g4 - drift.first_g4 for drift in drifts) / len(drifts) / PRICE_ONE_G4
        lines.append((words("stat.market"), f"{change:+.4f}", words("stat.market_remark", n=count(len(drifts)))))
    return lines


def _day(words: Words, name: str, day: Extreme | None) -> Line:
    if day is None:
        return words(f"stat.{name}"), NONE, words("n/a.unmarked")
    return words(f"stat.{name}"), gain(day.pnl_u6), words("stat.on_day", day=day.name)


def _orders(summary: Summary, words: Words) -> list[Line]:
    found = summary.statistics
    ran_out = words("stat.timeouts_value", entries=count(found.entry_timeouts), exits=count(found.exit_timeouts))
    return [
        (words("stat.timeouts"), ran_out, ""),
        (words("stat.cancelled"), count(found.cancelled_entries), ""),
        (words("stat.rejected"), count(found.rejected_orders), ""),
        (words("stat.refused"), count(found.refused_entries), ""),
    ]


def _ratio(value: float) -> str:
    return f"{value:+.2f}"


def _or_none(value: float | None) -> str | None:
    return None if value is None else f"{value:+.2f}"


def _percent(value: float) -> str:
    return f"{100 * value:+,.1f} %"
