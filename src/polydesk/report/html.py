"""The report as one self-contained page: inline style and charts, no script, nothing loaded from anywhere."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from polydesk.model.errors import SessionError
from polydesk.report.page import Limits, page_context
from polydesk.report.prices import Prices
from polydesk.report.quality import Quality
from polydesk.report.quantities import count
from polydesk.report.summary import Summary
from polydesk.report.words import ENGLISH, Words

PAGE_BYTES = 1_200_000
"""A page is always smaller, whatever the size of the session."""

_LIMITS = (Limits(), Limits(100, 8), Limits(40, 4), Limits(10, 0))
"""Tried one after the other until the page is small enough."""

_BREAKS = re.compile(r"(?<=[_./:-])(?=[^_./:-])")
_LONG_NAME = 20
_UNIT = re.compile(r"(?<=\d) (?=(?:%|pUSD|d|h|min|s|ms)(?![A-Za-z]))")
_HASH = re.compile(r"[0-9a-f]{40,}")


def render_page(
    summary: Summary,
    prices: Prices | None,
    missing: str,
    qualities: Sequence[Quality] = (),
    words: Words = ENGLISH,
) -> str:
    """Return the page, smaller than ``PAGE_BYTES``: lists of a long session are cut, and say so.

    Args:
        summary: The session.
        prices: For the price charts; ``None`` when the tape cannot be read.
        missing: Why there are no prices.
        qualities: Fill quality, where the tape could be read.
        words: Language of every label and sentence.

    Raises:
        SessionError: Names or settings of the session are so long that even the shortest page is too large.
    """
    template = environment().get_template("page.html.j2")
    page = ""
    for limits in _LIMITS:
        page = template.render(page_context(summary, prices, missing, qualities, words, limits))
        if len(page.encode()) < PAGE_BYTES:
            return page
    raise SessionError(
        f"session {summary.header.session}: its shortest page has {count(len(page.encode()))} bytes, the limit is "
        f"{count(PAGE_BYTES)}; its names or settings are too long for a page, read the files in reports/ instead"
    )


def write_page(path: Path, page: str) -> None:
    """Write the page so that it is there completely or not at all; through a link, and as it is to a pipe or device.

    Raises:
        SessionError: The folder is missing or cannot be written.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_text(page, encoding="utf-8")
            return
        draft = target.with_name(f"{target.name}.partial")
        draft.write_text(page, encoding="utf-8")
        os.replace(draft, target)
    except OSError as err:
        raise SessionError(f"{path}: cannot write the page ({err.strerror}); give another --html FILE") from err


def _drawing(svg: str) -> Markup:
    """Mark a drawing as safe: ``charts`` and ``bars`` escaped every text in it."""
    return Markup(svg)  # noqa: S704


def _breakable(text: str) -> Markup:
    """Let a long name break behind its own separators, and a hash anywhere."""
    if _HASH.fullmatch(text):
        return Markup('<span class="hash">{}</span>').format(text)
    if len(text) < _LONG_NAME:
        return escape(text)
    return Markup("<wbr>").join(_BREAKS.split(text))


def _coded(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = _keep_units(text).split("`")
    code = Markup('<code translate="no">{}</code>')
    return Markup("").join(code.format(part) if at % 2 else part for at, part in enumerate(parts))


def _sentence_case(text: str) -> str:
    """Return a label with a capital first letter."""
    return text[:1].upper() + text[1:]


def _units(value: object) -> object:
    """Keep a number and its unit on one line; drawings and names stay as they are."""
    return _keep_units(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _keep_units(text: str) -> str:
    return _UNIT.sub("\N{NO-BREAK SPACE}", text)


def environment() -> Environment:
    """Return what renders the templates, with the filters they use."""
    found = Environment(
        loader=PackageLoader("polydesk.report", "pages"),
        autoescape=select_autoescape(["j2", "html"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_units,
    )
    found.filters["drawing"] = _drawing
    found.filters["breakable"] = _breakable
    found.filters["coded"] = _coded
    found.filters["label"] = _sentence_case
    return found
