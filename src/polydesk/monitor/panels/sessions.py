"""All sessions, and several of them side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection

from polydesk.model.grid import CASH_ONE_U6
from polydesk.monitor.hub import config_of
from polydesk.monitor.panels.data import finding, not_good
from polydesk.monitor.panels.head import SILENT_S, link, report_link, silent_s
from polydesk.monitor.panels.money import fall_of, thin, time_axis
from polydesk.monitor.session_view import Brief, SessionView
from polydesk.monitor.words import Words
from polydesk.report.quantities import NONE, cash, count, gain, utc
from polydesk.store import views
from polydesk.store.view_rows import SessionRow

MOST = 4
"""Most sessions compared at once."""

PAGE = 25
"""Sessions on one page of the list."""

HEADS = ("compare", "session", "#pnl_matched", "#pnl_confirmed", "what", "mode", "state", "started", "#fees",
         "#drawdown", "#orders", "#fills", "sentinels", "data", "report")  # fmt: skip


_FIGURES = ("pnl_matched", "pnl_confirmed", "fees", "drawdown", "volume", "orders", "fills", "refused")
_FACTS = ("mode", "seed", "journal")
_SHORT = 16


class _Strategy(msgspec.Struct):
    enabled: bool


class _Desk(msgspec.Struct):
    strategies: dict[str, _Strategy]


class _Config(msgspec.Struct):
    desk: _Desk


@dataclass(frozen=True)
class Realised:
    """What closed positions earned after fees, micro-pUSD, by strategy and by exit reason."""

    by_strategy: dict[str, int]
    by_reason: dict[str, int]


def columns(words: Words) -> list[dict[str, Any]]:
    """Return the headings of the list of sessions."""
    return [
        {"key": head.lstrip("#"), "label": words(f"col.{head.lstrip('#')}"), "num": head.startswith("#")}
        for head in HEADS
    ]


def row(brief: Brief, words: Words, *, chosen: bool) -> dict[str, Any]:
    """Return one session's row of the list."""
    told, live = brief.row, brief.live
    amounts = figures(brief, words)
    return {
        "id": brief.name,
        "tone": "chosen" if chosen else "",
        "cells": [
            {"text": words("sessions.choose", session=brief.name), "check": chosen},
            {"text": brief.name, "href": link("/", {"session": brief.name, "lang": words.language})},
            _toned(amounts["pnl_matched"]),
            _toned(amounts["pnl_confirmed"]),
            what(brief, words),
            words.named("mode", told.mode if told else live.mode if live else ""),
            _state(brief, words),
            utc(told.started_wall_ns) if told else NONE,
            amounts["fees"],
            amounts["drawdown"],
            amounts["orders"],
            amounts["fills"],
            _accounts(brief, words),
            _data(brief, words),
            {"text": words("sessions.report"), "href": report_link(brief.name, words)},
        ],
    }


def what(brief: Brief, words: Words) -> dict[str, str]:
    """Return what tells a session from others: its recording, its strategies and its seed, in short and in full."""
    names = brief.source or ((brief.row.tape_path.rsplit("/", 1)[-1],) if brief.row else ())
    made = [words("chip.constructed")] if brief.constructed else []
    rest = [", ".join(_enabled(brief.row))] if brief.row else []
    rest += [words("sessions.seed", seed=brief.row.seed)] if brief.row else []
    told = [" · ".join(part for part in (of, *made, *rest) if part) for of in (_names(names), ", ".join(names))]
    return {"text": told[0] or NONE, "title": told[1]}


def caution(chosen: Sequence[SessionView], words: Words) -> str:
    """Return why results cannot be compared directly; empty when the sessions ran on the same rows."""
    rows = [view.row for view in chosen if view.row is not None]
    if len({row.tape_sha256 for row in rows}) > 1:
        return words("compare.other_tapes")
    return words("compare.other_rows") if len({(row.tape_first, row.tape_end) for row in rows}) > 1 else ""


def figures(brief: Brief, words: Words) -> dict[str, str]:
    """Return a session's key figures; a broken sentinel takes the place of every amount."""
    live, totals, curve = brief.live, brief.totals, brief.curve
    broken = words("tile.broken") if live is not None and live.sentinels != "ok" else ""
    matched = live.pnl_u6[0] if live else curve.last_u6 - curve.first_u6 if curve else None
    confirmed = live.pnl_u6[1] if live else curve.last_confirmed_u6 - curve.first_u6 if curve else None
    fees = live.fees_u6[0] if live else totals.fees_u6 if totals else None
    return {
        "pnl_matched": broken or gain(matched),
        "pnl_confirmed": broken or gain(confirmed),
        "fees": broken or cash(fees),
        "drawdown": broken or (gain(-fall_of(curve, live)[0]) if curve else NONE),
        "volume": broken or cash(totals.volume_u6 if totals else None),
        "orders": count(totals.orders) if totals else NONE,
        "fills": count(totals.fills) if totals else NONE,
        "refused": count(sum(totals.refusals.values())) if totals else NONE,
    }


def comparison(
    chosen: Sequence[SessionView], realised: Sequence[Realised], words: Words, *, differing: bool
) -> dict[str, Any]:
    """Return the figures of several sessions side by side; rows that differ are marked in words.

    Args:
        chosen: At most ``MOST`` sessions.
        realised: What each earned by strategy and by exit.
        words: The page's language.
        differing: Leave out what is the same in all.
    """
    told = [figures(view.brief(), words) for view in chosen]
    facts = [_facts(view.row, words) for view in chosen]
    rows = [_recordings(chosen, words), _row(words("compare.tape"), [one.get("tape", NONE) for one in facts], words)]
    rows += [_row(words(f"compare.{name}"), [one[name] for one in told], words) for name in _FIGURES]
    refused = [
        {code: count(times) for code, times in view.totals.refusals.items()} if view.totals else {} for view in chosen
    ]
    groups = (
        ("strategy", [_gains(one.by_strategy) for one in realised]),
        ("exit", [_gains(one.by_reason) for one in realised]),
        ("refusal", refused),
    )
    for group, parts in groups:
        for name in sorted({name for one in parts for name in one}):
            label = words(f"compare.{group}", name=words.named(group, name))
            rows.append(_row(label, [one.get(name, NONE) for one in parts], words))
    rows += [_row(words(f"compare.{name}"), [one.get(name, NONE) for one in facts], words) for name in _FACTS]
    settings = [_flat(config_of(view.row)) if view.row else {} for view in chosen]
    for name in sorted({name for one in settings for name in one}):
        values = [one.get(name, NONE) for one in settings]
        if len(set(values)) > 1:
            rows.append(_row(name, values, words))
    heads = [("what", words("compare.what"), False), *((view.name, view.name, True) for view in chosen)]
    heads.append(("differs", words("compare.differs"), False))
    return {
        "columns": [{"key": key, "label": label, "num": number} for key, label, number in heads],
        "rows": [row for row in rows if row["tone"] or not differing],
        "empty": words("compare.same"),
    }


def read_realised(connection: Connection, session: str) -> Realised:
    """Return what a session's closed positions earned."""
    by_strategy, by_reason = (views.realised_by(connection, session, column) for column in ("strategy", "reason"))
    return Realised(by_strategy, by_reason)


def curves(chosen: Sequence[SessionView]) -> list[dict[str, Any]]:
    """Return matched PnL of each session over its own time, so that different days can be laid together."""
    roles = ("matched", "confirmed", "third", "fourth")
    out = []
    for view, role in zip(chosen, roles, strict=False):
        marks = thin(view.marks)
        if not marks:
            continue
        axis, base = time_axis(view), marks[0].matched_u6
        data = [[axis.at(mark.ts_ns), round((mark.matched_u6 - base) / CASH_ONE_U6, 4)] for mark in marks]
        out.append({"name": view.name, "role": role, "data": data})
    return out


def _row(label: str, values: Sequence[str], words: Words) -> dict[str, Any]:
    differs = len(set(values)) > 1
    return {
        "id": label,
        "tone": "differs" if differs else "",
        "cells": [label, *values, words("compare.yes") if differs else words("compare.no")],
    }


def _recordings(chosen: Sequence[SessionView], words: Words) -> dict[str, Any]:
    """Return the row of the recordings' names, in short so that the figures below stay in view."""
    full = [", ".join(view.sources) or NONE for view in chosen]
    row = _row(words("compare.recording"), full, words)
    told = [{"text": _names(view.sources) or NONE, "title": title} for view, title in zip(chosen, full, strict=True)]
    return row | {"cells": [row["cells"][0], *told, row["cells"][-1]]}


def _names(names: Sequence[str]) -> str:
    """Return the first name in short and how many more there are."""
    return " ".join([_short(name) for name in names[:1]] + ([f"+{len(names) - 1}"] if len(names) > 1 else []))


def _gains(amounts: Mapping[str, int]) -> dict[str, str]:
    return {name: gain(amount) for name, amount in amounts.items()}


def _facts(told: SessionRow | None, words: Words) -> dict[str, str]:
    if told is None:
        return {}
    return {
        "mode": words.named("mode", told.mode),
        "seed": str(told.seed),
        "tape": told.tape_sha256[:12],
        "journal": told.journal_sha256[:12] or words("trust.journal.open"),
    }


def _flat(config: Mapping[str, object], before: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{before}{name}.")
        else:
            out[f"{before}{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
    return out


def _state(brief: Brief, words: Words) -> Any:
    state = brief.live.state if brief.live else brief.row.state if brief.row else "unknown"
    silent = silent_s(SessionView(brief.name, live=brief.live))
    if silent > SILENT_S:
        return {"text": words("state.silent", seconds=f"{silent:,.0f}"), "tone": "bad"}
    return {"text": words.named("state", state), "tone": "bad" if state == "halted" else ""}


def _accounts(brief: Brief, words: Words) -> Any:
    if brief.live is None:
        return words("sessions.unknown")
    if brief.live.sentinels == "ok":
        return words("chip.sentinels.ok")
    return {"text": words("chip.sentinels.broken"), "tone": "bad"}


def _data(brief: Brief, words: Words) -> dict[str, str]:
    kind = {True: "chip.constructed", False: "chip.recorded", None: "sessions.unknown"}[brief.constructed]
    title = finding(brief.verdict, words)[0]
    if not_good(brief.verdict, words) is not None:
        return {"text": f"{words('chip.verdict')} ({words(kind)})", "tone": "bad", "title": title}
    return {"text": words(kind), "tone": "warn" if brief.constructed else "", "title": title}


def _enabled(row: SessionRow) -> list[str]:
    try:
        strategies = msgspec.json.decode(row.config, type=_Config).desk.strategies
    except msgspec.DecodeError:
        # Written by another version whose strategies are told otherwise; the comparison shows every key.
        return []
    return [name for name, one in strategies.items() if one.enabled]


def _short(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}\u2026"


def _toned(text: str) -> dict[str, str]:
    return {
        "text": text,
        "tone": "gain" if text.startswith("+") else "loss" if text.startswith("-") and text != NONE else "",
    }
