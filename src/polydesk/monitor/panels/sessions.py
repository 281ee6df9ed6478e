"""All sessions, and several of them side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from polydesk.monitor.hub import SessionView, config_of
from polydesk.monitor.panels.head import link
from polydesk.monitor.panels.money import fall, thin, time_axis
from polydesk.monitor.words import Words
from polydesk.report.quantities import NONE, cash, count, gain, utc
from polydesk.store import views
from polydesk.store.views import SessionRow

MOST = 4
"""Most sessions compared at once."""

HEADS = ("compare", "session", "mode", "state", "started", "#pnl_matched", "#pnl_confirmed", "#fees", "#drawdown",
         "#orders", "#fills", "sentinels", "data", "report")  # fmt: skip


def columns(words: Words) -> list[dict[str, Any]]:
    """Return the headings of the list of sessions."""
    return [
        {"key": head.lstrip("#"), "label": words(f"col.{head.lstrip('#')}"), "num": head.startswith("#")}
        for head in HEADS
    ]


def row(view: SessionView, chosen: bool, words: Words) -> dict[str, Any]:  # noqa: FBT001 - a cell, not a switch
    """Return one session's row of the list."""
    told, live = view.row, view.live
    lang = {"lang": words.language}
    whole = live is not None and live.sentinels == "ok"
    amounts = figures(view, words)
    return {
        "id": view.name,
        "tone": "chosen" if chosen else "",
        "cells": [
            {"text": words("sessions.choose", session=view.name), "check": chosen},
            {"text": view.name, "href": link("/", {"session": view.name} | lang)},
            words.named("mode", told.mode if told else live.mode if live else ""),
            words.named("state", live.state if live else told.state if told else ""),
            utc(told.started_wall_ns) if told else NONE,
            _toned(amounts["pnl_matched"]),
            _toned(amounts["pnl_confirmed"]),
            amounts["fees"],
            amounts["drawdown"],
            amounts["orders"],
            amounts["fills"],
            words("chip.sentinels.ok")
            if whole
            else words("sessions.unknown")
            if live is None
            else {"text": words("chip.sentinels.broken"), "tone": "bad"},
            _data(view, words),
            {"text": words("sessions.report"), "href": link(f"/sessions/{view.name}/report", lang)},
        ],
    }


def figures(view: SessionView, words: Words) -> dict[str, str]:
    """Return a session's key figures; a broken sentinel takes the place of every amount."""
    live, totals = view.live, view.lists.totals
    broken = words("tile.broken") if live is not None and live.sentinels != "ok" else ""
    first, last = (view.marks[0], view.marks[-1]) if view.marks else (None, None)
    base = first.matched_u6 if first else 0
    matched = live.pnl_u6[0] if live else last.matched_u6 - base if last else None
    confirmed = live.pnl_u6[1] if live else last.confirmed_u6 - base if last else None
    fees = live.fees_u6[0] if live else totals.fees_u6 if totals else None
    return {
        "pnl_matched": broken or gain(matched),
        "pnl_confirmed": broken or gain(confirmed),
        "fees": broken or cash(fees),
        "drawdown": broken or gain(-fall(view)[0]),
        "volume": broken or cash(totals.volume_u6 if totals else None),
        "orders": count(totals.orders) if totals else NONE,
        "fills": count(totals.fills) if totals else NONE,
        "refused": count(sum(totals.refusals.values())) if totals else NONE,
    }


def comparison(connection: Connection, chosen: Sequence[SessionView], words: Words) -> dict[str, Any]:
    """Return the figures of several sessions side by side; rows that differ are marked in words.

    Args:
        connection: A reading connection to the ledger.
        chosen: At most ``MOST`` sessions.
        words: The page's language.
    """
    told = [figures(view, words) for view in chosen]
    rows = [
        _row(words(f"compare.{name}"), [one[name] for one in told], words)
        for name in ("pnl_matched", "pnl_confirmed", "fees", "drawdown", "volume", "orders", "fills", "refused")
    ]
    groups: tuple[tuple[str, Callable[[SessionView], Mapping[str, str]]], ...] = (
        ("strategy", lambda view: _gains(views.realised_by(connection, view.name, "strategy"))),
        ("exit", lambda view: _gains(views.realised_by(connection, view.name, "reason"))),
        ("refusal", lambda view: {} if not view.lists.totals else
            {code: count(times) for code, times in view.lists.totals.refusals.items()}),
    )  # fmt: skip
    for group, read in groups:
        parts = [dict(read(view)) for view in chosen]
        for name in sorted({name for one in parts for name in one}):
            label = words(f"compare.{group}", name=words.named(group, name))
            rows.append(_row(label, [one.get(name, NONE) for one in parts], words))
    facts = [_facts(view.row) for view in chosen]
    names = ("mode", "seed", "tape", "journal")
    rows += [_row(words(f"compare.{name}"), [one.get(name, NONE) for one in facts], words) for name in names]
    settings = [_flat(config_of(view.row)) if view.row else {} for view in chosen]
    for name in sorted({name for one in settings for name in one}):
        values = [one.get(name, NONE) for one in settings]
        if len(set(values)) > 1:
            rows.append(_row(name, values, words))
    return {
        "columns": [{"key": "what", "label": words("compare.what"), "num": False}]
        + [{"key": view.name, "label": view.name, "num": True} for view in chosen]
        + [{"key": "differs", "label": words("compare.differs"), "num": False}],
        "rows": rows,
    }


def curves(chosen: Sequence[SessionView], words: Words) -> list[dict[str, Any]]:
    """Return matched PnL of each session over its own time, so that different days can be laid together."""
    roles = ("matched", "confirmed", "third", "fourth")
    out = []
    for view, role in zip(chosen, roles, strict=False):
        marks = thin(view.marks)
        if not marks:
            continue
        axis, base = time_axis(view), marks[0].matched_u6
        data = [[axis.at(mark.ts_ns), (mark.matched_u6 - base) / 1_000_000] for mark in marks]
        out.append({"name": words("compare.curve", session=view.name), "role": role, "data": data})
    return out


def _row(label: str, values: Sequence[str], words: Words) -> dict[str, Any]:
    differs = len(set(values)) > 1
    return {
        "id": label,
        "tone": "differs" if differs else "",
        "cells": [label, *values, words("compare.yes") if differs else words("compare.no")],
    }


def _gains(amounts: Mapping[str, int]) -> dict[str, str]:
    return {name: gain(amount) for name, amount in amounts.items()}


def _facts(told: SessionRow | None) -> dict[str, str]:
    if told is None:
        return {}
    return {
        "mode": told.mode, "seed": str(told.seed), "tape": told.tape_sha256[:12], "journal": told.journal_sha256[:12],
    }  # fmt: skip


def _flat(config: Mapping[str, object], before: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{before}{name}.")
        else:
            out[f"{before}{name}"] = str(value)
    return out


def _data(view: SessionView, words: Words) -> str:
    if view.manifest is None:
        return words("sessions.unknown")
    return words("chip.constructed" if view.manifest.constructed else "chip.recorded")


def _toned(text: str) -> dict[str, str]:
    return {"text": text, "tone": "gain" if text.startswith("+") else "loss" if text.startswith("-") else ""}
