"""The head and the key figures as plain HTML, for the moment before the page's scripts have run.

The components that show them later draw the same elements in the same places; the head removes this copy once it is
there.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def first_paint(
    head: Mapping[str, Any], strip: Mapping[str, Any], tiles: Sequence[Mapping[str, str]], late: str
) -> str:
    """Return the HTML of head, strip and figures.

    Args:
        head: Properties of the component.
        strip: Likewise.
        tiles: Those of the figures.
        late: Said when this copy is still there after a while, because no script took its place.
    """
    body = f'<div class="pd-main">{_strip(strip)}{_tiles(tiles)}</div><p class="pd-late">{escape(late)}</p>'
    return f'<div id="pd-first">{_head(head)}{body}</div>'


def _head(head: Mapping[str, Any]) -> str:
    nav = "".join(
        f'<a href="{escape(item["href"])}"{_current(here=item["here"], word="page")}>{escape(item["text"])}</a>'
        for item in head["nav"]
    )
    chips = "".join(f'<span class="pd-chip {chip["tone"]}">{escape(chip["text"])}</span>' for chip in head["chips"])
    languages = "".join(
        f'<a href="{escape(item["href"])}"{_current(here=item["here"], word="true")}>{escape(item["text"])}</a>'
        for item in head["languages"]
    )
    return (
        f'<header class="pd-head"><a class="brand" href="{escape(head["home"])}">{escape(head["brand"])}</a>'
        f'<nav aria-label="{escape(head["navLabel"])}">{nav}</nav><div class="chips">{chips}</div>'
        f'<span class="line">{escape(head["line"])}</span>'
        f'<div class="tools">{languages}<button type="button">&nbsp;</button></div></header>'
    )


def _strip(strip: Mapping[str, Any]) -> str:
    banners = "".join(f'<p class="pd-banner {one["tone"]}">{escape(one["text"])}</p>' for one in strip["banners"])
    items = "".join(
        f'<div class="{item["tone"]}"><dt>{escape(item["label"])}</dt><dd>{escape(item["text"])}</dd></div>'
        for item in strip["items"]
    )
    return f'<div>{banners}<dl class="pd-strip">{items}</dl></div>'


def _tiles(tiles: Sequence[Mapping[str, str]]) -> str:
    if not tiles:
        return ""
    figures = "".join(
        f'<div class="pd-tile {tile["tone"]}"><dt>{escape(tile["label"])}</dt><dd class="number"><span class="value">'
        f'{escape(tile["value"])}</span> <span class="unit">{escape(tile["unit"])}</span></dd>'
        f'<dd class="remark">{escape(tile["remark"]) or "&nbsp;"}</dd></div>'
        for tile in tiles
    )
    return f'<dl class="pd-tiles">{figures}</dl>'


def _current(*, here: bool, word: str) -> str:
    return f' aria-current="{word}"' if here else ""
