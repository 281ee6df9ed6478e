"""A report's tables as text cells, the same for the terminal and the page."""

from polydesk.report.tables.evidence import (
    assumed_table,
    book_table,
    counts_table,
    failure_table,
    settings_table,
    tape_table,
)
from polydesk.report.tables.listing import (
    external_table,
    fill_table,
    open_order_table,
    order_table,
    position_table,
    settlement_table,
)
from polydesk.report.tables.money import (
    breakdown_table,
    exit_table,
    liquidity_table,
    pnl_table,
    quality_table,
)
from polydesk.report.tables.periods import month_grid, period_table
from polydesk.report.tables.shape import MANY, Table, capped
from polydesk.report.tables.trades import extreme_tables

__all__ = [
    "MANY",
    "Table",
    "assumed_table",
    "book_table",
    "breakdown_table",
    "capped",
    "counts_table",
    "exit_table",
    "external_table",
    "extreme_tables",
    "failure_table",
    "fill_table",
    "liquidity_table",
    "month_grid",
    "open_order_table",
    "order_table",
    "period_table",
    "pnl_table",
    "position_table",
    "quality_table",
    "settings_table",
    "settlement_table",
    "tape_table",
]
