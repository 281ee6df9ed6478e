"""The words of the dashboard: its own catalogue over that of the report, so that codes are named alike in both."""

from functools import cache
from importlib.resources import files

import msgspec

from polydesk.report.words import Language, Words, words_of

__all__ = ["Language", "Words", "own_texts", "words_for"]


def own_texts(language: Language) -> dict[str, str]:
    """Return the dashboard's own texts in a language, by key."""
    raw = files("polydesk.monitor").joinpath("catalogues", f"{language.value}.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])


@cache
def words_for(language: Language) -> Words:
    """Return everything the dashboard says in a language."""
    return Words(language.value, words_of(language).texts | own_texts(language))
