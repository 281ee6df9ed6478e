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
from polydesk.report.tables.making import making_table, queue_text
from polydesk.report.tables.money import (
    breakdown_table,
    exit_table,
    liquidity_table,
    pnl_table,
    quality_table,
)
from polydesk.report.tables.periods import month_grid, period_table
from polydesk.report.tables.reruns import rerun_name, rerun_table
from polydesk.report.tables.shape import MANY, Table, capped
from polydesk.report.tables.statistics import statistics_table
from polydesk.report.tables.study import (
    backing_table,
    capacity_table,
    forecast_table,
    markout_table,
    reward_table,
    robust_table,
    uptime_table,
)
from polydesk.report.tables.trades import extreme_tables
from polydesk.report.tables.verdict import verdict_style, verdict_table, verdict_text

__all__ = [
    "MANY",
    "Table",
    "assumed_table",
    "backing_table",
    "book_table",
    "breakdown_table",
    "capacity_table",
    "capped",
    "counts_table",
    "exit_table",
    "external_table",
    "extreme_tables",
    "failure_table",
    "fill_table",
    "forecast_table",
    "liquidity_table",
    "making_table",
    "markout_table",
    "month_grid",
    "open_order_table",
    "order_table",
    "period_table",
    "pnl_table",
    "position_table",
    "quality_table",
    "queue_text",
    "rerun_name",
    "rerun_table",
    "reward_table",
    "robust_table",
    "settings_table",
    "settlement_table",
    "statistics_table",
    "tape_table",
    "uptime_table",
    "verdict_style",
    "verdict_table",
    "verdict_text",
]
