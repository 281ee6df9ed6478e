"""What ``polydesk backtest signals`` prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polydesk.cli.output import emit_line, results

if TYPE_CHECKING:
    from polydesk.report.tables import Table
    from polydesk.research.result import ReplayEntry, Result


def show(found: "Result", ledger: Sequence["ReplayEntry"], limit: int, *, as_json: bool) -> None:
    """Print strategies, what was not executed and the first lines of the ledger."""
    from polydesk.report.tables import Table
    from polydesk.report.terminal import print_table
    from polydesk.research.summary_md import amount

    totals, console = found.summary, results(as_json=as_json)
    rows = [
        (e.strategy, amount(e.pnl), amount(e.realized), amount(e.unrealized), amount(e.fees),
         "-" if e.winrate is None else f"{100 * e.winrate:.1f} %",
         "-" if e.trade_count is None else str(e.trade_count), amount(e.max_drawdown))
        for e in found.attribution.strategy
    ]  # fmt: skip
    heads = ("strategy", ">PnL, pUSD", ">~realised", ">~unrealised", ">fees", ">win rate", ">trades", ">drawdown")
    total = ("total", amount(totals.pnl), "", amount(totals.unrealized), amount(totals.fees), "", "", "")
    note = (
        f"{totals.total} signals from {totals.from_ts[:19]}Z to {totals.to_ts[:19]}Z: {totals.executed} executed, "
        f"{totals.rejected} refused by risk, {totals.unfilled} not filled."
    )
    tables = [
        Table("Strategies", heads, tuple(rows), total, note),
        Table("Not executed", ("reason", ">signals"), tuple((k, str(n)) for k, n in totals.reject_reasons.items())),
        _ledger_table(ledger, limit),
    ]
    for table in tables:
        if table.rows:
            print_table(table, console, limit=len(table.rows))
    if not as_json and not rows:
        emit_line("no signal lies in this window")


def _ledger_table(ledger: Sequence["ReplayEntry"], limit: int) -> "Table":
    """Return the first lines of a ledger; what is the same in all of them is told once, below."""
    from polydesk.report.tables import Table
    from polydesk.research.ledger_lines import cells

    lines = [cells(entry) for entry in ledger[:limit]]
    days, names = {line["ts"][:10] for line in lines}, {line["strategy"] for line in lines}
    columns = {
        "time, UTC": [line["ts"][11:19] if len(days) == 1 else f"{line['ts'][5:10]} {line['ts'][11:19]}"
                      for line in lines],
        **({"strategy": [line["strategy"] for line in lines]} if len(names) > 1 else {}),
        "market": [line["event_id"] for line in lines],
        "side": [line["side"] for line in lines],
        **{head: [line[name] for line in lines]
           for head, name in ((">~asked", "qty"), (">filled", "executed_qty"), (">price", "fill_price"),
                              (">~bps", "slippage_bps_applied"), (">PnL", "realized_change"))},
        "reason": [line["risk_reason"] or "-" for line in lines],
    }  # fmt: skip
    told = [f"{len(lines)} of {len(ledger)} lines"]
    told += [f"all on {day}" for day in days if len(days) == 1]
    told += [f"all of {name}" for name in names if len(names) == 1]
    more = " --replay-limit shows more." if len(lines) < len(ledger) else ""
    return Table(
        "Replay ledger", tuple(columns), tuple(zip(*columns.values(), strict=True)), note=f"{', '.join(told)}.{more}"
    )
