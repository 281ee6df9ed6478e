"""The final JSON of a session: what a program reads where a person reads the report."""

from decimal import Decimal
from typing import Any

import msgspec

from polydesk.model.grid import CASH_ONE_U6
from polydesk.report.data_check import verdict_data
from polydesk.report.summary import Summary

_FIGURES = {"annual": "annual_rate"}
"""Names of figures in the final JSON that differ from those of the report's lines."""


def result(summary: Summary) -> dict[str, Any]:
    """Return the final JSON of a session; amounts in pUSD, exact to a micro-pUSD."""
    counts = summary.counts
    return {
        "session": summary.header.session,
        "mode": summary.header.mode,
        "source": summary.source,
        "constructed": summary.constructed,
        "data": verdict_data(summary.verdict),
        "events": summary.events,
        "markets": len(summary.markets),
        "decisions": counts.decisions,
        "orders": counts.orders,
        "fills": counts.fills,
        "refusals": counts.refusals,
        "pnl": {
            "matched": _amount(summary, summary.matched.net_u6),
            "confirmed": _amount(summary, summary.confirmed.net_u6),
        },
        "fees": _amount(summary, summary.matched.fees_u6),
        "sentinels": summary.sentinels,
        "assumed": msgspec.to_builtins(summary.assumed),
        "journal_sha256": summary.journal_sha256,
        **conclusions(summary),
    }


def conclusions(summary: Summary) -> dict[str, Any]:
    """Return verdict, statistics and study for the final JSON; empty when only the journal was summed up.

    Amounts are whole micro-pUSD here, as their names say; a void result keeps its statistics and study back.
    """
    study = summary.study
    if study is None:
        return {}
    told: dict[str, Any] = {"verdict": msgspec.to_builtins(study.judgement)}
    told["guards"] = [guard.text for guard in study.guards]
    if summary.broken:
        return told
    kept = msgspec.to_builtins(summary.statistics)
    made = summary.performance
    factor = None if made.profit_factor is None else float(made.profit_factor)
    kept |= {"return": None if made.rate is None else float(made.rate), "sharpe": made.sharpe, "profit_factor": factor}
    for figure in summary.refused:
        kept[_FIGURES.get(figure, figure)] = None
    return told | {"statistics": kept, "study": msgspec.to_builtins(study)}


def _amount(summary: Summary, amount_u6: int | None) -> Decimal | str:
    if summary.broken:
        return summary.sentinels
    if amount_u6 is None:
        return "unknown: open positions were never marked"
    return Decimal(amount_u6) / CASH_ONE_U6
