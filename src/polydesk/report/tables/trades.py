"""The trades that won and lost most."""

from collections.abc import Sequence

from polydesk.report.quantities import NONE, cash, gain, shares, utc
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import Table
from polydesk.report.trades import Trade
from polydesk.report.words import ENGLISH, Words

EXTREMES = 8
"""Trades shown at either end."""


def extreme_tables(summary: Summary, words: Words = ENGLISH) -> tuple[Table, Table]:
    """Return the largest wins and the largest losses, with the orders that began and ended them."""
    trades = () if summary.broken else summary.performance.trades
    best = sorted((t for t in trades if t.net_u6 > 0), key=lambda t: (-t.net_u6, t.closed_ns))[:EXTREMES]
    worst = sorted((t for t in trades if t.net_u6 < 0), key=lambda t: (t.net_u6, t.closed_ns))[:EXTREMES]
    wins, losses = words("trades.wins"), words("trades.losses")
    note = words("trades.note")
    return _table(summary, best, wins, "" if worst else note, words), _table(summary, worst, losses, note, words)


def _table(summary: Summary, trades: Sequence[Trade], title: str, note: str, words: Words) -> Table:
    rows = tuple(
        (
            utc(t.closed_ns), summary.market_name(t.market), summary.token_name(t.market, t.token),
            t.strategy, t.reason, t.entry, t.exit or NONE, shares(t.shares_u6), words.span(t.closed_ns - t.opened_ns),
            cash(t.fees_u6), gain(t.net_u6),
        )
        for t in trades
    )  # fmt: skip
    columns = words.columns(
        "~#closed_utc", "#market", "~#outcome", "~#strategy", "~#exit_reason", "#entry_order", "#exit_order",
        ">~shares", ">~held", ">~fees", ">net",
    )  # fmt: skip
    return Table(title, columns, rows, note=note)
