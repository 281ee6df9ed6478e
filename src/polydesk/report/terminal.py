"""The report in a terminal: plain tables that need no colour and fit 80 columns."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from polydesk.report.data_check import alarm_text
from polydesk.report.explain import Explanation, check_table, step_table, why_table
from polydesk.report.facts import basis, session_facts
from polydesk.report.failures import failure_text
from polydesk.report.faults import fault_text
from polydesk.report.headline import headline, key_figures
from polydesk.report.prices import BookCounts
from polydesk.report.quality import Quality
from polydesk.report.quantities import utc_ms
from polydesk.report.sentence import plain_summary
from polydesk.report.summary import Summary
from polydesk.report.tables import (
    Table,
    assumed_table,
    backing_table,
    book_table,
    breakdown_table,
    capacity_table,
    counts_table,
    exit_table,
    external_table,
    extreme_tables,
    failure_table,
    forecast_table,
    liquidity_table,
    making_table,
    markout_table,
    open_order_table,
    period_table,
    pnl_table,
    position_table,
    quality_table,
    rerun_table,
    reward_table,
    robust_table,
    settlement_table,
    statistics_table,
    uptime_table,
    verdict_style,
    verdict_table,
    verdict_text,
)
from polydesk.report.words import ENGLISH

_GAP = 2
_NAME_WIDTH = 14
_LEAST_NAME_WIDTH = 6
_SHOWN = 20
_STYLES = {"good": "bold green", "warn": "bold yellow", "bad": "bold red"}


def print_report(
    summary: Summary, console: Console, qualities: Sequence[Quality] = (), books: Sequence[BookCounts] = ()
) -> None:
    """Print the whole report; empty tables are left out."""
    console.print(Text(f"polydesk report: {summary.header.mode} session {summary.header.session}", style="bold"))
    if summary.constructed:
        console.print(Text(ENGLISH("page.constructed_banner"), style="bold red"))
    alarm = alarm_text(summary.verdict)
    if alarm:
        console.print(Text(alarm, style="bold red"))
    if summary.broken:
        for text in summary.broken:
            console.print(Text(f"broken: {fault_text(text, ENGLISH)}", style="bold red"))
        console.print(Text("No PnL number below can be trusted.", style="bold red"))
    for failure in summary.failures:
        console.print(Text(failure_text(failure), style="bold red"))
    _pairs(session_facts(summary), console)
    console.print()
    _pairs(basis(summary, books), console)
    console.print()
    figures = [*headline(summary), *key_figures(summary)]
    _pairs([(figure.name, f"{figure.value}  {figure.remark}".rstrip()) for figure in figures], console)
    console.print()
    console.print(Text(plain_summary(summary)))
    if summary.study is not None:
        told = f"{ENGLISH('page.verdict')}: {verdict_text(summary)}"
        console.print()
        console.print(Text(told, style=_STYLES[verdict_style(summary)]))
    for table in report_tables(summary, qualities, books):
        if table.rows:
            print_table(table, console)


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Print everything about one order."""
    console.print(Text(f"{explanation.order} of session {explanation.session}", style="bold"))
    console.print(Text(f"{explanation.asked}."))
    console.print(Text(f"Outcome: {explanation.outcome_text}."))
    if explanation.failure:
        console.print(Text(explanation.failure, style="bold red"))
    tables = [why_table(explanation.life.intent.why, "Why this order")]
    decision = explanation.decision
    if decision is not None:
        word = decision.action + (f" ({decision.reason})" if decision.reason else "")
        title = f"Decision of {decision.strategy} at {utc_ms(decision.ts_ns)}: {word}"
        tables.append(why_table(decision.why, title))
        if not decision.why:
            console.print(Text(f"{title}."))
    tables += [check_table(explanation.life.checks), step_table(explanation)]
    for table in tables:
        if table.rows:
            print_table(table, console, limit=len(table.rows))


def report_tables(summary: Summary, qualities: Sequence[Quality] = (), books: Sequence[BookCounts] = ()) -> list[Table]:
    """Return the report's tables in reading order."""
    counts = summary.counts
    found = summary.study.market if summary.study else None
    return [
        failure_table(summary),
        verdict_table(summary),
        pnl_table(summary),
        statistics_table(summary),
        period_table(summary, "day"),
        *([period_table(summary, "month")] if len(summary.months) > 1 else []),
        breakdown_table(summary, "strategy"),
        breakdown_table(summary, "market"),
        exit_table(summary),
        liquidity_table(summary),
        making_table(summary, qualities),
        quality_table(qualities),
        markout_table(found.by_hour if found else (), "hour", summary),
        markout_table(found.by_market if found else (), "market", summary),
        uptime_table(summary),
        reward_table(summary),
        robust_table(summary),
        backing_table(summary),
        capacity_table(summary),
        forecast_table(summary),
        rerun_table(summary),
        *extreme_tables(summary),
        position_table(summary),
        open_order_table(summary),
        settlement_table(summary),
        external_table(summary),
        counts_table(ENGLISH("refusals.title"), "refusal", counts.refusals),
        counts_table(ENGLISH("rejects.title"), "reject", counts.rejects),
        counts_table(ENGLISH("holds.title"), "hold", counts.holds),
        counts_table(ENGLISH("cancels.title"), "cancel", counts.cancels),
        book_table(summary, books),
        assumed_table(summary),
    ]


def print_table(table: Table, console: Console, limit: int = _SHOWN) -> None:
    """Print one table, leaving out optional columns where the terminal is too narrow and rows beyond ``limit``."""
    shown = _columns_that_fit(table, console.width)
    least = _name_width(table, shown, console.width)
    grid = RichTable(
        box=box.SIMPLE_HEAD, pad_edge=False, show_footer=bool(table.total), collapse_padding=True, show_edge=False
    )
    for at in shown:
        right = table.columns[at].startswith(">")
        grid.add_column(
            Text(table.headings[at]),
            footer=Text(table.total[at]) if table.total else "",
            justify="right" if right else "left",
            no_wrap=right,
            # A number that is cut must show it: 1,9… and not 1,9.
            overflow="ellipsis" if right else "fold",
            min_width=None if right else min(least, _widest(table, at)),
        )
    for row in table.rows[:limit]:
        grid.add_row(*(Text(row[at]) for at in shown))
    console.print()
    console.print(Text(table.title, style="bold"))
    console.print(grid)
    if len(table.rows) > limit:
        console.print(Text(f"{len(table.rows) - limit} more rows are in the page (--html FILE).", style="dim"))
    if table.note:
        console.print(Text(table.note, style="dim"))


def _pairs(pairs: Sequence[tuple[str, str]], console: Console) -> None:
    grid = RichTable.grid(padding=(0, _GAP))
    grid.add_column(no_wrap=True, min_width=_NAME_WIDTH)
    grid.add_column(overflow="fold")
    for label, value in pairs:
        grid.add_row(Text(label, style="dim"), Text(value))
    console.print(grid)


def _columns_that_fit(table: Table, width: int) -> list[int]:
    shown = list(range(len(table.columns)))
    optional = [at for at in shown if "~" in table.columns[at][:2]]
    while optional and sum(_wanted(table, at) + _GAP for at in shown) > width:
        shown.remove(optional.pop(0))
    return shown


def _name_width(table: Table, shown: Sequence[int], width: int) -> int:
    """Return how narrow text may become so that the last column is not cut off."""
    right = [at for at in shown if table.columns[at].startswith(">")]
    numbers = sum(_widest(table, at) for at in right) + _GAP * (len(shown) - 1)
    texts = [_widest(table, at) for at in shown if at not in right]
    for least in range(_NAME_WIDTH, _LEAST_NAME_WIDTH, -1):
        if numbers + sum(min(least, widest) for widest in texts) <= width:
            return least
    return _LEAST_NAME_WIDTH


def _wanted(table: Table, at: int) -> int:
    widest = _widest(table, at)
    return widest if table.columns[at].startswith(">") else min(widest, 2 * _NAME_WIDTH)


def _widest(table: Table, at: int) -> int:
    cells = [row[at] for row in table.rows] + [table.headings[at]] + ([table.total[at]] if table.total else [])
    return max(len(cell) for cell in cells)
