"""Whether a session's data are good: what the check of its tape against the venue's own best prices found."""

from polydesk.monitor.words import Words
from polydesk.report.quantities import count
from polydesk.tape.verdict import Verdict


def finding(verdict: Verdict | None, words: Words) -> tuple[str, str]:
    """Return what the check found and the tone it wants."""
    if verdict is None:
        return words("verdict.none"), ""
    wrong = not_good(verdict, words)
    if wrong is not None:
        return wrong, "bad"
    return (_compared(verdict, words), "") if verdict.compared else (words("verdict.unwitnessed"), "warn")


def not_good(verdict: Verdict | None, words: Words) -> str | None:
    """Return why the data are not good; ``None`` when nothing says so."""
    if verdict is None or verdict.ok:
        return None
    if verdict.bad_minutes:
        return _compared(verdict, words)
    return "; ".join(verdict.problems) or words("verdict.unwitnessed")


def _compared(verdict: Verdict, words: Words) -> str:
    numbers = {"mismatched": count(verdict.mismatched), "compared": count(verdict.compared)}
    if verdict.ok:
        return words("verdict.ok", **numbers)
    return words("verdict.bad", **numbers, bad=count(verdict.bad_minutes), minutes=count(verdict.minutes))
