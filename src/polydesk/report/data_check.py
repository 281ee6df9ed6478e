"""Whether a session's market data is good, as a badge, an alarm and a sentence."""

from typing import Any

from polydesk.report.quantities import count, share_of
from polydesk.report.words import ENGLISH, Words
from polydesk.tape.verdict import Verdict


def verdict_data(verdict: Verdict | None) -> dict[str, Any] | None:
    """Return the check of the market data for the final JSON; ``None`` when there was none."""
    if verdict is None:
        return None
    return {name: getattr(verdict, name) for name in ("ok", "witness", "compared", "mismatched")}


def check_badge(verdict: Verdict | None, words: Words = ENGLISH) -> tuple[str, str]:
    """Return style (``good``, ``warn`` or ``bad``) and text of the page's badge."""
    if verdict is None:
        return "warn", words("page.data_unchecked")
    if not verdict.ok:
        return "bad", words("page.data_bad")
    if not verdict.compared:
        return "warn", words("page.data_blind")
    return "good", words("page.data_good")


def alarm_text(verdict: Verdict | None, words: Words = ENGLISH) -> str:
    """Return what to read before any number; empty unless the data is known to be bad."""
    if verdict is None or verdict.ok:
        return ""
    return words("check.alarm", problems=_problems(verdict, words))


def check_text(verdict: Verdict | None, words: Words = ENGLISH) -> str:
    """Return in one sentence what the check of the market data found."""
    if verdict is None:
        return words("check.unknown")
    if not verdict.ok:
        return words("check.bad", problems=_problems(verdict, words))
    if not verdict.compared:
        return words("check.blind")
    return words(
        "check.good",
        compared=count(verdict.compared),
        mismatched=count(verdict.mismatched),
        share=share_of(verdict.mismatched, verdict.compared),
        minutes=words.number("n.minutes", verdict.minutes),
    )


def _problems(verdict: Verdict, words: Words) -> str:
    return words("check.gap").join(words.remark(problem) for problem in verdict.problems)
