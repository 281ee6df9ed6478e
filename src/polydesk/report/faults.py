"""What a sentinel or guard found, in words: JSON keeps one plain text, pages speak the reader's language."""

import re

from polydesk.report.words import Words

_GUARD = re.compile(
    r"(?:guard )?(?P<name>\w+): (?P<observed>\S+) where at most (?P<limit>\S+) can be(?: \((?P<where>.+)\))?"
)
_REPORT = "report: "
_FRACTIONS = frozenset({"day_return", "annual_return"})


def fault_text(text: str, words: Words) -> str:
    """Return a complaint of ``Summary.broken`` or ``Summary.refused`` in a language; unknown ones stay as they are."""
    found = _GUARD.fullmatch(text)
    if found and f"guard.{found['name']}" in words.texts:
        observed, limit = (_number(found["name"], found[part]) for part in ("observed", "limit"))
        told = words(f"guard.{found['name']}", observed=observed, limit=limit)
        return words("guard.where", told=told, where=found["where"]) if found["where"] else told
    if text.startswith(_REPORT):
        return words("fault.report", told=words.remark(text.removeprefix(_REPORT)))
    return words.remark(text)


def _number(guard: str, text: str) -> str:
    """Write a guard's number: returns as people read them."""
    return f"{100 * float(text.replace(',', '')):,.6g} %" if guard in _FRACTIONS else text
