"""What tells whether the numbers can be trusted: clock, accounts, assumptions, defects, rules, hashes."""

from polydesk.monitor.panels.data import finding
from polydesk.monitor.panels.head import report_link
from polydesk.monitor.session_view import SessionView
from polydesk.monitor.words import Words
from polydesk.report.quantities import count


def trust(view: SessionView, words: Words, assumed: int) -> list[dict[str, str]]:
    """Return the facts with a tone where something wants a look.

    Args:
        view: The session.
        words: The page's language.
        assumed: How many different facts are assumed.
    """
    live, row, manifest = view.live, view.row, view.manifest
    told = []
    if manifest is not None:
        told.append(_fact("clock", words.named("clock", manifest.clock), words))
    found, tone = finding(view.verdict, words)
    told.append(_fact("data", found, words, tone))
    if live is not None:
        whole = live.sentinels == "ok"
        text = words("chip.sentinels.ok") if whole else live.sentinels
        told.append(_fact("sentinels", text, words, "" if whole else "bad"))
    markets = len(live.assumed) if live is not None else sum(1 for market in view.markets if market.assumed())
    text = words("trust.assumed.count", n=count(assumed), markets=count(markets))
    told.append(_fact("assumed", text, words, "warn" if assumed else ""))
    if manifest is not None:
        wrong = sum(manifest.defects.values())
        told.append(_fact("defects", count(wrong), words, "warn" if wrong else ""))
    mode = live.mode if live else row.mode if row else ""
    told.append(_fact("fills", words("trust.fills.venue" if mode.startswith("live") else "trust.fills.rule"), words))
    if row is not None:
        told.append(_fact("seed", str(row.seed), words))
        told.append(_fact("journal", row.journal_sha256[:16] or words("trust.journal.open"), words))
    return [*told, _fact("report", words("trust.report.open"), words) | {"href": report_link(view.name, words)}]


def _fact(key: str, text: str, words: Words, tone: str = "") -> dict[str, str]:
    return {"key": key, "label": words(f"trust.{key}"), "text": text, "tone": tone}
