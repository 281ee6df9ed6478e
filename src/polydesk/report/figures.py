"""Which charts of the money a report shows, each with the numbers behind it as a table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from polydesk.model.grid import CASH_ONE_U6, cash_u6
from polydesk.report.bars import Bar, BarChart, draw_bars
from polydesk.report.charts import Chart, Line, Values, draw, draw_narrow, shortened
from polydesk.report.marks import Mark, below_peak
from polydesk.report.money import FillLine
from polydesk.report.quantities import cash, count, gain, share_of, utc
from polydesk.report.study.reruns import thinned
from polydesk.report.summary import Summary
from polydesk.report.tables import Table, rerun_name
from polydesk.report.words import ENGLISH, Words

_ROWS = 24
_BARS = 24
_NEAR_CAP = 5


class Figure(msgspec.Struct, frozen=True):
    """A chart ready for the page.

    Attributes:
        title: Heading.
        svg: The drawing, escaped.
        table: The same in numbers.
        legend: Class of a colour sample and what it stands for.
        narrow: The drawing for a telephone; empty when ``svg`` is narrow enough.
        note: A sentence below it; empty for none.
        ids: Whether the title is a name, the same in every language.
    """

    title: str
    svg: str
    table: Table
    legend: tuple[tuple[str, str], ...] = ()
    narrow: str = ""
    note: str = ""
    ids: bool = False


def money_figures(summary: Summary, words: Words = ENGLISH) -> list[Figure]:
    """Equity in two columns, drawdown, exposure against its cap and fees; nothing when there are no marks."""
    if len(summary.marks) < 2:
        return []
    return [_equity(summary, words), _drawdown(summary, words), _exposure(summary, words), _fees(summary, words)]


def _equity(summary: Summary, words: Words) -> Figure:
    marks = summary.marks
    matched = _values(marks, lambda mark: mark.matched_u6)
    confirmed = _values(marks, lambda mark: mark.confirmed_u6)
    lines = (Line(words("col.confirmed"), "second", confirmed), Line(words("col.matched"), "first", matched))
    chart = Chart(words("equity.chart"), words("equity.text"), "pUSD", lines)
    cells = [(cash(mark.matched_u6), cash(mark.confirmed_u6)) for mark in marks]
    legend = (("first", words("equity.matched")), ("second", words("equity.confirmed")))
    return _figure(words("equity"), chart, _marks_table(marks, cells, (">matched", ">confirmed"), words), legend)


def _drawdown(summary: Summary, words: Words) -> Figure:
    marks = summary.marks
    falls = below_peak(marks)
    values = [(mark.ts_ns, fall / CASH_ONE_U6) for mark, fall in zip(marks, falls, strict=True)]
    line = Line(words("drawdown.line"), "loss", values, filled=True)
    chart = Chart(words("drawdown.chart"), words("drawdown.text"), "pUSD", (line,), height=185, zero=True, signed=True)
    cells = [(cash(mark.matched_u6), gain(fall)) for mark, fall in zip(marks, falls, strict=True)]
    return _figure(words("drawdown"), chart, _marks_table(marks, cells, (">matched", ">drawdown"), words))


def _exposure(summary: Summary, words: Words) -> Figure:
    """Draw exposure, and its cap where that would not press the curve flat."""
    marks = summary.marks
    lines = [Line(words("exposure.line"), "third", _values(marks, lambda mark: mark.exposure_u6), filled=True)]
    cap, peak = exposure_cap_u6(summary.config), max(mark.exposure_u6 for mark in marks)
    note = words("exposure.no_cap")
    if cap is not None:
        note = words("exposure.cap", cap=cash(cap), peak=cash(peak), share=share_of(peak, cap))
        if peak * _NEAR_CAP >= cap:
            ends = (marks[0].ts_ns, marks[-1].ts_ns)
            lines.append(Line(words("exposure.cap_line"), "cap", [(ts, cap / CASH_ONE_U6) for ts in ends]))
    chart = Chart(words("exposure.chart"), words("exposure.text"), "pUSD", lines, height=185, zero=True)
    table = _marks_table(marks, [(cash(mark.exposure_u6),) for mark in marks], (">exposure",), words)
    return _figure(words("exposure"), chart, table, note=note)


def exposure_cap_u6(config: dict[str, Any]) -> int | None:
    """Return the configured cap of the total exposure, micro-pUSD; ``None`` when there is none."""
    cap = config.get("desk", {}).get("risk", {}).get("max_total_exposure")
    return None if cap is None else cash_u6(cap)


def _fees(summary: Summary, words: Words) -> Figure:
    marks, paid = summary.marks, _fees_at(summary.marks, summary.fills)
    values = [(mark.ts_ns, fee / CASH_ONE_U6) for mark, fee in zip(marks, paid, strict=True)]
    line = Line(words("fees.line"), "second solid", values, filled=True)
    chart = Chart(words("fees.chart"), words("fees.describe"), "pUSD", (line,), height=185, zero=True)
    table = _marks_table(marks, [(cash(fee),) for fee in paid], (">fees_cash",), words)
    return _figure(words("fees"), chart, table)


def _fees_at(marks: Sequence[Mark], fills: Sequence[FillLine]) -> list[int]:
    """Return the fees paid up to each mark, the last one with every fill; failed fills pay none."""
    good = sorted((line.fill for line in fills if line.status != "failed"), key=lambda fill: fill.ts_ns)
    out, at, paid = [], 0, 0
    for mark in marks:
        while at < len(good) and (good[at].ts_ns <= mark.ts_ns or mark is marks[-1]):
            paid += good[at].fee_u6
            at += 1
        out.append(paid)
    return out


def rerun_figure(summary: Summary, words: Words = ENGLISH) -> Figure | None:
    """PnL over time of this session and of its runs under other rules; nothing without such runs."""
    runs = [run for run in summary.study.reruns if run.curve] if summary.study and not summary.broken else []
    mine = thinned(summary.marks)
    if not runs or not mine:
        return None
    styles = ("second", "third", "loss", "cap")
    curves = [(words("rerun.this"), "first", mine)]
    curves += [(rerun_name(run, words), styles[at % len(styles)], run.curve) for at, run in enumerate(runs[:4])]
    # The legend names the curves; beside their ends there is room for the numbers only.
    lines = [Line("", style, [(ts, pnl / CASH_ONE_U6) for ts, pnl in curve]) for _, style, curve in curves]
    chart = Chart(words("rerun.chart"), words("rerun.chart_text"), "pUSD", lines, signed=True)
    rows = tuple((name, gain(curve[-1][1])) for name, _, curve in curves)
    table = Table(words("rerun.title"), words.columns("run", ">pnl"), rows)
    return _figure(words("rerun.chart"), chart, table, tuple((style, name) for name, style, _ in curves))


def market_bars(summary: Summary, words: Words = ENGLISH) -> Figure | None:
    """PnL per market as bars, the largest either way; nothing when it is void, unknown or of one market only."""
    lines = [line for line in summary.by_market if line.net_u6 is not None]
    if summary.broken or len(lines) < 2 or len(lines) < len(summary.by_market):
        return None
    ranked = sorted(lines, key=lambda line: -abs(line.net_u6 or 0))
    kept = {line.key for line in ranked[:_BARS]}
    shown = sorted((line for line in lines if line.key in kept), key=lambda line: -(line.net_u6 or 0))
    bars = [_bar(summary.market_name(int(line.key)), line.net_u6 or 0) for line in shown]
    if len(lines) > len(shown):
        rest = sum(line.net_u6 or 0 for line in lines if line.key not in kept)
        bars.append(_bar(words("bars.rest", n=count(len(lines) - len(shown))), rest))
    chart = BarChart(words("bars.market_chart"), words("bars.market_text"), "pUSD", bars)
    table = Table(
        words("breakdown.market"), words.columns("#market", ">pnl"), tuple((bar.name, bar.text) for bar in bars)
    )
    return Figure(words("bars.market"), draw_bars(chart), table, narrow=draw_bars(chart, narrow=True))


def _bar(name: str, amount_u6: int) -> Bar:
    return Bar(name, amount_u6 / CASH_ONE_U6, gain(amount_u6))


def refusal_bars(summary: Summary, words: Words = ENGLISH) -> Figure | None:
    """Refused orders by code as bars; nothing when none was refused."""
    refusals = summary.counts.refusals
    if not refusals:
        return None
    chart = BarChart(
        words("bars.refusal_chart"),
        words("bars.refusal_text"),
        words("orders.unit"),
        [Bar(code, n, count(n)) for code, n in refusals.items()],
    )
    rows = tuple((code, words.meaning("refusal", code), count(n)) for code, n in refusals.items())
    table = Table(words("refusals.title"), words.columns("#code", "meaning", ">count"), rows)
    return Figure(words("bars.refusal"), draw_bars(chart), table, narrow=draw_bars(chart, narrow=True))


def _figure(title: str, chart: Chart, table: Table, legend: tuple[tuple[str, str], ...] = (), note: str = "") -> Figure:
    lines = [replace(line, values=shortened(line.values)) for line in chart.lines]
    short = replace(chart, lines=lines)
    return Figure(title, draw(short), table, legend, draw_narrow(short), note)


def _values(marks: Sequence[Mark], read: Callable[[Mark], int]) -> Values:
    return [(mark.ts_ns, read(mark) / CASH_ONE_U6) for mark in marks]


def _marks_table(
    marks: Sequence[Mark], cells: Sequence[tuple[str, ...]], columns: tuple[str, ...], words: Words
) -> Table:
    """Return evenly picked marks with their cells, the last one among them."""
    step = max(1, -(-len(marks) // _ROWS))
    shown = [*range(0, len(marks) - 1, step), len(marks) - 1]
    rows = tuple((utc(marks[at].ts_ns), *cells[at]) for at in shown)
    note = words("marks.note", step=step, whole=count(len(marks))) if step > 1 else ""
    return Table(words("marks.title"), words.columns("#time_utc", *columns), rows, note=note)
