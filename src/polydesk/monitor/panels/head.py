"""The head of a page: where one is, and what the desk is doing."""

import time
from typing import Any
from urllib.parse import quote, urlencode

from polydesk.model.grid import NS_PER_S
from polydesk.monitor.panels import data
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Language, Words
from polydesk.report.quantities import count, utc

SILENT_S = 2.0
"""A running desk that has published nothing for so long is called silent."""

_NAMES = {Language.EN: "EN", Language.ZH: "中文"}
_PATHS = {"desk": "/", "sessions": "/sessions"}


def masthead(view: SessionView | None, words: Words, here: str, query: dict[str, str]) -> dict[str, Any]:
    """Return the properties of the head.

    Args:
        view: The session shown; ``None`` on pages about all of them.
        words: The page's language.
        here: ``desk`` or ``sessions``.
        query: The page's own query parameters, kept when the language changes.
    """
    lang = {"lang": words.language}
    return {
        "brand": "polydesk",
        "home": link("/", lang),
        "skip": words("page.skip"),
        "navLabel": words("page.nav"),
        "nav": [
            {"key": key, "text": words(f"page.{key}"), "href": link(path, lang), "here": key == here}
            for key, path in _PATHS.items()
        ],
        "chips": chips(view, words) if view else [],
        "gone": words("chip.lost"),
        "line": position(view, words) if view else "",
        "languages": [
            {
                "code": language.value,
                "text": _NAMES[language],
                "href": link(_PATHS[here], query | {"lang": language.value}),
                "here": language.value == words.language,
            }
            for language in Language
        ],
        "theme": {key: words(f"theme.{key}") for key in ("auto", "light", "dark", "label")},
    }


def link(path: str, query: dict[str, str]) -> str:
    """Return a relative address; values are names of sessions, markets and languages."""
    return f"{path}?{urlencode(query)}" if query else path


def report_link(session: str, words: Words) -> str:
    """Return the address of a session's report."""
    return link(f"/sessions/{quote(session, safe='')}/report", {"lang": words.language})


def silent_s(view: SessionView, wall_ns: int | None = None) -> float:
    """Return how long a running desk has been silent in wall seconds; 0 for one that has ended."""
    if not view.running or view.live is None:
        return 0.0
    now_ns = time.time_ns() if wall_ns is None else wall_ns
    return max(0.0, (now_ns - view.live.published_ns) / NS_PER_S)


def chips(view: SessionView, words: Words) -> list[dict[str, str]]:
    """Return mode, state, data and trust of a session as short labels; the tone is a word, too, never colour alone."""
    live, row = view.live, view.row
    mode = live.mode if live else row.mode if row else ""
    tone = "bad" if mode.startswith("live") else "calm"
    told = [_chip("mode", words.named("mode", mode), tone, words("chip.mode")), _state(view, words)]
    if view.manifest is not None and view.manifest.constructed:
        told.append(_chip("data", words("chip.constructed"), "warn", words("chip.constructed.why")))
    elif view.manifest is not None:
        told.append(_chip("data", words("chip.recorded"), "calm", words("chip.recorded.why")))
    if (wrong := data.not_good(view.verdict, words)) is not None:
        told.append(_chip("verdict", words("chip.verdict"), "bad", wrong))
    if live is not None:
        whole = live.sentinels == "ok"
        text = words("chip.sentinels.ok") if whole else words("chip.sentinels.broken")
        told.append(_chip("sentinels", text, "good" if whole else "bad", live.sentinels))
        if live.loss_switch != "normal":
            told.append(_chip("loss", words.named("loss", live.loss_switch), "bad", words("chip.loss")))
    return [chip for chip in told if chip["text"]]


def position(view: SessionView, words: Words) -> str:
    """Return where the session is in virtual time and on its recording."""
    live = view.live
    if live is None or not live.ts_ns:
        return f"{utc(view.now_ns)} UTC" if view.now_ns else ""
    done = f" · {100 * live.rows / live.rows_total:.1f} %" if live.rows_total else ""
    moving = view.running and live.rows_per_s and not silent_s(view) > SILENT_S
    rate = f" · {words('head.rate', n=count(round(live.rows_per_s)))}" if moving else ""
    return f"{utc(live.ts_ns)} UTC{done}{rate}"


def _state(view: SessionView, words: Words) -> dict[str, str]:
    live, row = view.live, view.row
    if silent_s(view) > SILENT_S:
        # Without the seconds, which the line below counts: screen readers read a changed chip out.
        return _chip("state", words("state.silent.chip"), "bad", words("state.silent.why"))
    state = live.state if live else row.state if row else "unknown"
    tone = {"running": "good", "halted": "bad"}.get(state, "calm")
    reason = words.named("ended", row.reason) if row and row.reason else ""
    return _chip("state", words.named("state", state), tone, reason)


def _chip(key: str, text: str, tone: str, title: str) -> dict[str, str]:
    return {"key": key, "text": text, "tone": tone, "title": title}
