"""Small pages that are nothing but a message and a way back: an unknown address, a report that cannot be made."""

import html
from pathlib import Path

from polydesk.monitor.panels.head import link
from polydesk.monitor.words import Words

CSS = (Path(__file__).parent / "theme.css").read_text(encoding="utf-8")
"""The look of all pages."""

EARLY = "<script>document.documentElement.dataset.theme = localStorage.getItem('polydesk-theme') || 'auto'</script>"
"""Sets the colours somebody chose before anything is drawn."""


def plain_page(title: str, why: str, words: Words, session: str = "") -> str:
    """Return a page with a message.

    Args:
        title: What is wrong.
        why: Why, and what to do; may hold any text.
        words: The page's language.
        session: The session to go back to; empty for the first page.
    """
    address = link("/", ({"session": session} if session else {}) | {"lang": words.language})
    back = f'<a href="{html.escape(address)}">{html.escape(words("report.back"))}</a>'
    brand = f'<header class="pd-head"><a class="brand" href="{html.escape(link("/", {"lang": words.language}))}">'
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{EARLY}<style>{CSS}</style></head>'
        f'<body>{brand}polydesk</a></header><main class="pd-main"><section class="pd-card pd-plain">'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(why)}</p><p>{back}</p></section></main></body></html>"
    )
