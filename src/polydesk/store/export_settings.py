"""Parts of ``pipeline_status.json`` that follow from the session's configuration and its markets' facts."""

import json
from collections.abc import Iterable
from typing import Any

from polydesk.model.fees import FeeRate
from polydesk.model.grid import cash_u6
from polydesk.model.market import Market
from polydesk.model.records import Marked, SessionStarted, StrategyFailed
from polydesk.store.export_rows import Line, average, cash, when

_PPM = 1_000_000


def desk_settings(header: SessionStarted) -> dict[str, Any]:
    """Return the desk's configuration as recorded; empty when the journal has none."""
    settings: dict[str, Any] = json.loads(header.config or "{}").get("desk", {})
    return settings


def start_cash_u6(header: SessionStarted) -> int | None:
    """Return the cash a paper session or backtest began with, micro-pUSD; ``None`` when the venue holds the cash."""
    start = desk_settings(header).get("cash")
    return None if start is None or header.mode == "live" else cash_u6(start)


def exposure(mark: Marked | None, settings: dict[str, Any]) -> Line:
    """Return exposure, what is allowed and what is left of it, and the cash, all in pUSD."""
    cap = settings.get("risk", {}).get("max_total_exposure")
    allowed = None if cap is None else cash_u6(cap)
    left = None if allowed is None or mark is None else allowed - mark.exposure_u6
    return {
        "current": None if mark is None else cash(mark.exposure_u6),
        "allowed": None if allowed is None else cash(allowed),
        "remaining": None if left is None else cash(left),
        "balance": None if mark is None else cash(mark.cash_u6[0]),
        "as_of": None if mark is None else when(mark.ts_ns),
    }


def fees(markets: Iterable[Market], last_ns: int) -> Line:
    """Return the taker fee curve in force by fee category, what makers pay, and who says so.

    A market that has ended counts with its last rate. Where markets of a category differ, the dearest one stands.
    """
    rates: dict[str, FeeRate] = {}
    sources: dict[str, set[str]] = {}
    for market in markets:
        category, end_ns = market.category.value, market.end_ns.value
        rate = market.fees.at(last_ns if end_ns is None else min(last_ns, end_ns))
        rates[category] = max(rate, rates.get(category, rate), key=_peak)
        sources.setdefault(category, set()).add(market.fees.origin)
    return {
        "taker": {
            category: {"rate": average(rate.rate_ppm, _PPM), "exponent": rate.exponent}
            for category, rate in sorted(rates.items())
        },
        "maker": 0,
        "source": {category: " and ".join(sorted(told)) for category, told in sorted(sources.items())},
    }


def readiness(settings: dict[str, Any], failures: Iterable[StrategyFailed]) -> Line:
    """Return for each enabled strategy whether it is asked: ``ready``, ``failing`` or ``disabled``, and its errors."""
    enabled = [name for name, params in settings.get("strategies", {}).items() if params.get("enabled", True)]
    lines: Line = {name: {"state": "ready", "errors": 0, "last_error": None} for name in enabled}
    for failure in failures:
        line = lines.setdefault(failure.strategy, {"state": "ready", "errors": 0})
        line["errors"] += 1
        line["last_error"] = failure.error
        line["state"] = "disabled" if failure.disabled else "failing"
    return lines


def _peak(rate: FeeRate) -> float:
    """Return the highest fee of a share, at price one half."""
    return float(rate.rate_ppm * 0.25**rate.exponent)
