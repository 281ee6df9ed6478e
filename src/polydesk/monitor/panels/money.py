"""Money: key figures in two columns, use of the caps, equity and drawdown."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from polydesk.model.grid import CASH_ONE_U6, cash_u6
from polydesk.model.reasons import Refusal
from polydesk.monitor.panels.active_time import ActiveTime, active_time
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Words
from polydesk.report.quantities import NONE, cash, count, gain, rate, share_of, utc
from polydesk.run.snapshot import Exposure, LiveState
from polydesk.store.view_rows import CurveEnds, MarkRow
from polydesk.store.views import curve_of


class _Risk(msgspec.Struct):
    max_total_exposure: str


class _Desk(msgspec.Struct):
    risk: _Risk


class _Config(msgspec.Struct):
    desk: _Desk


POINTS = 500
"""Most points of one curve that are sent to a browser."""


def tiles(view: SessionView, words: Words) -> list[dict[str, str]]:
    """Return the key figures; a broken sentinel takes the place of every amount."""
    live, totals = view.live, view.totals
    matched, confirmed = _pnl(view)
    broken = live is not None and live.sentinels != "ok"
    start = live.given_u6 if live else 0
    depth, now = fall(view)
    fees = live.fees_u6[0] if live else totals.fees_u6 if totals else None
    refused = sum(totals.refusals.values()) if totals else 0
    top = next(iter(totals.refusals), "") if totals else ""
    orders, fills = _sent(view)
    return [
        _amount("pnl_matched", matched, words, broken=broken, remark=_part(matched, start, words)),
        _amount("pnl_confirmed", confirmed, words, broken=broken, remark=words("tile.confirmed.why")),
        _amount("equity", _equity(view), words, broken=broken, signed=False,
                remark=words("tile.equity.why", start=cash(start)) if start else ""),
        _amount("drawdown", -depth, words, broken=broken, remark=words("tile.drawdown.now", amount=cash(now))),
        _amount("fees", fees, words, broken=broken, signed=False,
                remark=words("tile.fees.why", volume=cash(totals.volume_u6)) if totals else ""),
        _tile("orders", words, count(orders),
              words("unit.orders"), words("tile.orders.open", n=count(len(live.orders))) if live else ""),
        _tile("fills", words, count(fills), words("unit.fills"),
              words("tile.fills.maker", part=share_of(totals.makers, totals.kept)) if totals and totals.kept else ""),
        _tile("refused", words, count(refused), words("unit.orders"), words.named("refusal", top) if top else ""),
    ]  # fmt: skip


def meters(view: SessionView, words: Words) -> list[dict[str, Any]]:
    """Return how much of each cap is used; without a live state, what the last mark tells of the total."""
    out = []
    for cap in _caps(view):
        percent = 100 * cap.used_u6 / cap.cap_u6 if cap.cap_u6 else 0.0
        write = cash if cap.unit == "pUSD" else count
        where = f" ({view.market_name(cap.market)})" if cap.market >= 0 and cap.used_u6 else ""
        text = words(
            "cap.used", used=write(cap.used_u6), cap=write(cap.cap_u6), unit=words(f"unit.{cap.unit}"),
            percent=f"{percent:.1f}",
        )  # fmt: skip
        tone = "bad" if percent >= 95 else "warn" if percent >= 75 else ""
        label = words(f"cap.{cap.name}") + where
        out.append({"key": cap.name, "label": label, "text": text, "percent": round(percent, 1), "tone": tone})
    return out


def _caps(view: SessionView) -> Sequence[Exposure]:
    if view.live is not None:
        return view.live.exposure
    if view.row is None or not view.marks:
        return ()
    try:
        limit = msgspec.json.decode(view.row.config, type=_Config).desk.risk.max_total_exposure
    except msgspec.DecodeError:
        # Written by another version whose limits have other names: no cap to compare with.
        return ()
    return (Exposure(Refusal.TOTAL_EXPOSURE.value, view.marks[-1].exposure_u6, cash_u6(limit)),)


def time_axis(view: SessionView) -> ActiveTime:
    """Return the axis of the session's curves."""
    return active_time(mark.ts_ns for mark in view.marks)


def equity(view: SessionView, axis: ActiveTime, words: Words) -> list[dict[str, Any]]:
    """Return PnL over time in both columns, as the report draws it."""
    marks = thin(view.marks)
    base = marks[0].matched_u6 if marks else 0
    return [
        {
            "name": words(f"curve.{name}"),
            "role": name,
            "dash": name == "confirmed",
            "data": [[axis.at(mark.ts_ns), _cash(getattr(mark, f"{name}_u6") - base)] for mark in marks],
        }
        for name in ("matched", "confirmed")
    ]


def drawdown(view: SessionView, axis: ActiveTime, words: Words) -> list[dict[str, Any]]:
    """Return how far matched equity is below its highest point so far."""
    peak: int | None = None
    falls: list[tuple[int, int]] = []
    for mark in view.marks:
        peak = mark.matched_u6 if peak is None else max(peak, mark.matched_u6)
        falls.append((mark.ts_ns, mark.matched_u6 - peak))
    step = max(1, len(falls) // POINTS)
    kept = [min(falls[at : at + step], key=lambda fall: fall[1]) for at in range(0, len(falls), step)]
    if falls and kept[-1] is not falls[-1]:
        # The deepest of each stretch keeps every fall; the present one must not be missing either.
        kept.append(falls[-1])
    data = [[axis.at(ts_ns), _cash(amount)] for ts_ns, amount in kept]
    return [{"name": words("curve.drawdown"), "role": "drawdown", "area": True, "data": data}]


def marks_table(view: SessionView, words: Words) -> dict[str, Any]:
    """Return the curves in numbers, thinned to 40 rows."""
    marks = thin(view.marks, 40)
    base = marks[0].matched_u6 if marks else 0
    heads = ("time", "pnl_matched", "pnl_confirmed", "exposure")
    return {
        "caption": words("curve.table"),
        "columns": [{"key": head, "label": words(f"col.{head}"), "num": head != "time"} for head in heads],
        "rows": [
            {
                "id": str(mark.record),
                "cells": [
                    utc(mark.ts_ns),
                    gain(mark.matched_u6 - base),
                    gain(mark.confirmed_u6 - base),
                    cash(mark.exposure_u6),
                ],
            }
            for mark in reversed(marks)
        ],
        "empty": words("curve.empty"),
    }


def fall(view: SessionView) -> tuple[int, int]:
    """Return the deepest drawdown of matched equity and the present one, micro-pUSD, both 0 or more."""
    return fall_of(curve_of(view.marks), view.live)


def fall_of(curve: CurveEnds | None, live: LiveState | None) -> tuple[int, int]:
    """Return the deepest and the present fall of a curve with what the desk published behind its last mark."""
    worth = live.equity_u6[0] if live is not None else 0
    if curve is None:
        return 0, 0
    now_u6 = worth or curve.last_u6
    now = max(0, max(curve.peak_u6, now_u6) - now_u6)
    return max(curve.deepest_u6, now), now


def thin(marks: Sequence[MarkRow], most: int = POINTS) -> Sequence[MarkRow]:
    """Return at most about ``most`` of the marks, always the first and the last."""
    step = -(-len(marks) // most) if marks else 1
    kept = list(marks[::step])
    if marks and kept[-1] is not marks[-1]:
        kept.append(marks[-1])
    return kept


def _pnl(view: SessionView) -> tuple[int | None, int | None]:
    if view.live is not None:
        return view.live.pnl_u6
    if not view.marks:
        return None, None
    first, last = view.marks[0], view.marks[-1]
    return last.matched_u6 - first.matched_u6, last.confirmed_u6 - first.matched_u6


def _sent(view: SessionView) -> tuple[int, int]:
    """Return orders and fills of the session; the desk counts those of its process, the ledger also those before."""
    live, totals = view.live, view.totals
    orders = (live.counters.get("orders", 0) if live else 0, totals.orders if totals else 0)
    fills = (live.counters.get("fills", 0) if live else 0, totals.fills if totals else 0)
    return max(orders), max(fills)


def _equity(view: SessionView) -> int | None:
    if view.live is not None:
        return view.live.equity_u6[0]
    return view.marks[-1].matched_u6 if view.marks else None


def _part(amount: int | None, whole: int, words: Words) -> str:
    if amount is None or not whole:
        return ""
    return words("tile.return", part=rate(Fraction(amount, whole)))


def _amount(
    key: str, amount: int | None, words: Words, *, broken: bool, signed: bool = True, remark: str = ""
) -> dict[str, str]:
    if broken:
        return _tile(key, words, words("tile.broken"), "", words("tile.broken.why"), "bad")
    text = NONE if amount is None else gain(amount) if signed else cash(amount)
    tone = "" if not signed or not amount else "gain" if amount > 0 else "loss"
    return _tile(key, words, text, "pUSD", remark, tone)


def _tile(key: str, words: Words, value: str, unit: str, remark: str, tone: str = "") -> dict[str, str]:
    return {
        "key": key, "label": words(f"tile.{key}"), "value": value, "unit": unit, "remark": remark, "tone": tone,
    }  # fmt: skip


def _cash(amount_u6: int) -> float:
    return round(amount_u6 / CASH_ONE_U6, 4)
