"""Results by day and month, and the grid of monthly returns."""

from fractions import Fraction

from polydesk.report.periods import Period
from polydesk.report.quantities import NONE, cash, count, gain, rate
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import Table
from polydesk.report.words import ENGLISH, Words

_MONTHS = 12


def period_table(summary: Summary, by: str, words: Words = ENGLISH) -> Table:
    """Results by ``day`` or ``month``, adding up to the matched PnL; empty when that is unknown or void."""
    found = summary.days if by == "day" else summary.months
    rows = () if summary.broken else tuple(_row(period.name, period) for period in found)
    total: tuple[str, ...] = ()
    if len(rows) > 1:
        whole = Period(
            "",
            found[0].start_u6,
            sum(p.pnl_u6 for p in found),
            sum(p.external_u6 for p in found),
            sum(p.fees_u6 for p in found),
            sum(p.volume_u6 for p in found),
            sum(p.fills for p in found),
            summary.drawdown.depth_u6,
        )
        total = _row(words("total"), whole)
    moved = any(period.external_u6 for period in found)
    columns = words.columns(
        f"#{by}_utc", ">start_equity", ">pnl", ">return", ">~other_cash", ">~fees", ">~turnover", ">fills",
        ">~drawdown", ">~end_equity",
    )  # fmt: skip
    notes = [words(f"period.{by}_note"), *([words("period.moved_note")] if moved else [])]
    table = Table(words(f"period.{by}"), columns, rows, total, words("sentence_gap").join(notes))
    return table if moved else _without(table, 4)


def _row(name: str, period: Period) -> tuple[str, ...]:
    return (
        name, cash(period.start_u6), gain(period.pnl_u6), rate(period.rate), gain(period.external_u6),
        cash(period.fees_u6), cash(period.volume_u6), count(period.fills), gain(-period.drawdown_u6),
        cash(period.end_u6),
    )  # fmt: skip


def _without(table: Table, at: int) -> Table:
    """Return the table without one column."""

    def rest(cells: tuple[str, ...]) -> tuple[str, ...]:
        return (*cells[:at], *cells[at + 1 :])

    rows = tuple(rest(row) for row in table.rows)
    return Table(table.title, rest(table.columns), rows, rest(table.total), table.note)


def month_grid(summary: Summary, words: Words = ENGLISH) -> Table:
    """Monthly returns, one row per year; empty for fewer than two months."""
    rows = []
    if len(summary.months) > 1 and not summary.broken:
        for year in sorted({month.name[:4] for month in summary.months}):
            mine = {month.name[5:]: month for month in summary.months if month.name[:4] == year}
            cells = (f"{number:02d}" for number in range(1, _MONTHS + 1))
            first = next(iter(mine.values()))
            pnl = sum(month.pnl_u6 for month in mine.values())
            whole = Fraction(pnl, first.start_u6) if first.start_u6 > 0 else None
            rows.append((year, *(_bare(mine[c].rate) if c in mine else NONE for c in cells), _bare(whole)))
    months = tuple(">" + words(f"month.{number}") for number in range(1, _MONTHS + 1))
    columns = (*words.columns("#year"), *months, *words.columns(">year"))
    return Table(words("period.grid"), columns, tuple(rows), note=words("period.grid_note"))


def _bare(value: Fraction | None) -> str:
    """Write a return without its unit, which the title tells."""
    return rate(value).removesuffix(" %")
