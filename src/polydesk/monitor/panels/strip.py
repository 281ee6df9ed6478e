"""The line under the head: which session, on which data, how old; and what needs somebody's attention."""

import shlex
import time
from pathlib import Path

from polydesk.model.grid import NS_PER_S
from polydesk.monitor.panels.data import not_good
from polydesk.monitor.panels.head import SILENT_S, link, silent_s
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Words
from polydesk.report.quantities import NONE, utc


def strip(view: SessionView, words: Words, *, following: bool, wall_ns: int | None = None) -> list[dict[str, str]]:
    """Return session, source, and the age of what is shown.

    Args:
        view: The session.
        words: The page's language.
        following: Whether a newer session will take its place.
        wall_ns: Wall clock; now when omitted.
    """
    name = words("strip.following", session=view.name) if following else view.name
    session = _item("session", name, words) | {"href": link("/", {"session": view.name, "lang": words.language})}
    return [
        session,
        _item("row", row_age(view, words), words),
        _item("published", published(view, words, wall_ns), words, "bad" if silent_s(view, wall_ns) > SILENT_S else ""),
        _item("source", source(view), words),
    ]


def source(view: SessionView) -> str:
    """Return the names of the recordings, or where they were when their facts are gone."""
    if view.sources:
        return ", ".join(view.sources)
    if view.live is not None:
        return view.live.source
    return view.row.tape_path if view.row else NONE


def row_age(view: SessionView, words: Words) -> str:
    """Return how long ago, in virtual time, the newest row of an unsettled market came."""
    ages = (
        [book.age_ns for book in view.live.books if book.age_ns is not None and not book.settled] if view.live else []
    )
    return words("age.virtual", age=words.span(min(ages))) if ages else words("fact.unknown")


def published(view: SessionView, words: Words, wall_ns: int | None = None) -> str:
    """Return how long ago, by the wall clock, a running desk published; when it did last, for one that has ended."""
    live = view.live
    if live is None or not live.published_ns:
        return words("age.unknown")
    if not view.running:
        return words("age.last", at=utc(live.published_ns))
    now_ns = time.time_ns() if wall_ns is None else wall_ns
    age_ns = max(0, now_ns - live.published_ns)
    return words("age.fresh") if age_ns < NS_PER_S else words("age.wall", age=words.span(age_ns // NS_PER_S * NS_PER_S))


def banners(view: SessionView, words: Words) -> list[dict[str, str]]:
    """Return what must not be overlooked while reading the numbers; empty for a good recording."""
    told = []
    wrong = not_good(view.verdict, words)
    if wrong is not None:
        told.append({"text": words("banner.verdict", why=wrong), "tone": "bad"})
    if view.manifest is not None and view.manifest.constructed:
        told.append({"text": words("banner.constructed"), "tone": "warn"})
    return told


def notes(view: SessionView, words: Words, data_dir: Path, wall_ns: int | None = None) -> list[str]:
    """Return what needs attention: a silent or halted desk with what to do, and trouble with files."""
    told = []
    command = f"polydesk run --resume {shlex.quote(view.name)} --data-dir {shlex.quote(str(data_dir))}"
    if silent_s(view, wall_ns) > SILENT_S:
        # Without the seconds, which the line above counts: screen readers read a changed note out.
        told.append(words("state.silent.advice", command=command))
    row = view.row
    if (view.live.state if view.live else row.state if row else "") == "halted":
        reason = words.named("ended", row.reason) if row and row.reason else words("state.unknown")
        told.append(words("state.halted.advice", reason=reason, command=command))
    return told + list(view.trouble)


def _item(key: str, text: str, words: Words, tone: str = "") -> dict[str, str]:
    return {"key": key, "label": words(f"strip.{key}"), "text": text, "tone": tone}
