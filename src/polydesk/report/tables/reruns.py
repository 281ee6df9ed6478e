"""The same session under other rules, side by side."""

from polydesk.report.quantities import NONE, cash, count, gain, shares
from polydesk.report.study.reruns import Rerun
from polydesk.report.summary import Summary
from polydesk.report.tables.making import queue_text
from polydesk.report.tables.shape import Table, some
from polydesk.report.words import ENGLISH, Words


def rerun_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """This session, then each run of it under other rules."""
    runs = summary.study.reruns if summary.study else ()
    columns = words.columns(
        "run", "~#differs", ">fills", ">~shares", ">~turnover", ">~fees", ">~rebates", ">~drawdown", ">pnl"
    )
    if not runs:
        return Table(words("rerun.title"), columns, ())
    rows = (_this(summary, words), *(_row(run, words) for run in runs))
    return Table(words("rerun.title"), columns, rows, note=words("rerun.note"))


def rerun_name(run: Rerun, words: Words = ENGLISH) -> str:
    """Return what a run is called."""
    if run.group == "queue":
        return words("rerun.queue", rule=words.named("queue", run.label))
    return words("rerun.size", n=run.label) if run.group == "size" else run.label


def _this(summary: Summary, words: Words) -> tuple[str, ...]:
    made, study = summary.performance, summary.study
    broken = words("broken") if summary.broken else ""
    good = [line.fill for line in summary.fills if line.status != "failed"]
    return (
        f"{words('rerun.this')}: {words('rerun.queue', rule=queue_text(summary, words))}", "", count(made.fills),
        shares(sum(fill.size_u6 for fill in good)), cash(made.turnover_u6), cash(summary.matched.fees_u6),
        cash(study.rebates.due_u6) if study else NONE, gain(-summary.drawdown.depth_u6),
        broken or gain(summary.matched.net_u6),
    )  # fmt: skip


def _row(run: Rerun, words: Words) -> tuple[str, ...]:
    return (
        rerun_name(run, words), _differs(run, words),
        count(run.fills), shares(run.shares_u6), cash(run.volume_u6), cash(run.fees_u6), cash(run.rebates_u6),
        gain(-run.drawdown_u6), words("broken") if run.broken else gain(run.net_u6),
    )  # fmt: skip


def _differs(run: Rerun, words: Words) -> str:
    told = [f"{key}={value}" for key, value in run.overrides.items()]
    return some(told, words)
