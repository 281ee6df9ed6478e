"""What a report states before any result: session, source, fill rule, headline numbers."""

from polydesk.exchange.config import FILL_RULE
from polydesk.report.axes import stretches
from polydesk.report.quantities import NONE, cash, count, duration, gain, share_of, utc
from polydesk.report.summary import Summary

LIVE_FILLS = "Fills are the venue's own reports."

_ENDS = {
    "": "not ended: it is running or was interrupted; `polydesk run --resume` continues it",
    "tape_end": "the tape's end",
    "stopped": "stopped by the operator",
    "disk_full": "halted: disk full",
}


def session_facts(summary: Summary) -> list[tuple[str, str]]:
    """Return label and text of what identifies the session."""
    header = summary.header
    first, last = summary.span_ns
    made = {True: "yes: generated data, not a recording", False: "no", None: "not known, the tape is gone"}
    version = header.fingerprint.get("polydesk") or header.fingerprint.get("version", "")
    return [
        ("session", header.session),
        ("mode", header.mode),
        ("source", summary.source),
        ("constructed", made[summary.constructed]),
        ("virtual time", f"{utc(first)} to {utc(last)} UTC, {duration(_active_ns(summary))} with data"),
        ("events", f"{count(summary.events)} tape rows, {count(len(summary.markets))} markets"),
        ("ended by", _ENDS.get(summary.end, summary.end)),
        (
            "started",
            f"{utc(header.wall_ns // 10**9 * 10**9)} UTC, seed {header.seed}{f', {version}' if version else ''}",
        ),
        ("journal sha256", summary.journal_sha256),
    ]


def _active_ns(summary: Summary) -> int:
    """Return how long the session ran in virtual time, without the pauses between its recordings."""
    first, last = summary.span_ns
    times = sorted({first, *(mark.ts_ns for mark in summary.marks), last})
    return sum(end - start for start, end in stretches(times))


def fill_rule(summary: Summary) -> str:
    """Return the rule by which orders were filled, with how often each part of it did."""
    if summary.header.mode == "live":
        return LIVE_FILLS
    told = ", ".join(f"{count(n)} by {cause.replace('_', '-')}" for cause, n in summary.counts.causes.items())
    return f"{FILL_RULE} Fills: {told or 'none'}."


def headline(summary: Summary) -> list[tuple[str, str, str]]:
    """Return the headline numbers: label, number, unit or remark."""
    broken = "broken" if summary.broken else ""
    traded = sum(line.fills for line in summary.by_liquidity)
    made = sum(line.fills for line in summary.by_liquidity if line.key == "maker")
    fall = summary.drawdown
    return [
        ("PnL matched", broken or gain(summary.matched.net_u6), "pUSD"),
        ("PnL confirmed", broken or gain(summary.confirmed.net_u6), "pUSD"),
        ("fees", broken or cash(summary.matched.fees_u6), "pUSD"),
        ("max drawdown", broken or gain(-fall.depth_u6) if fall.depth_u6 else NONE, "pUSD, matched"),
        ("orders", count(summary.counts.orders), f"{count(sum(summary.counts.cancels.values()))} cancels sent"),
        ("fills", count(summary.counts.fills), f"{share_of(made, traded)} maker"),
        ("refused", count(sum(summary.counts.refusals.values())), "orders, by risk"),
        ("decisions", count(summary.counts.decisions), f"{count(sum(summary.counts.holds.values()))} holds"),
    ]
