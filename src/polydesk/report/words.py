"""The words of a report in one language: every label and sentence by its key, with named places for values."""

import re
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from polydesk.report.quantities import UNITS, duration


class Language(StrEnum):
    """Languages a page can be written in."""

    EN = "en"
    ZH = "zh"


class Words(msgspec.Struct, frozen=True):
    """One catalogue.

    Attributes:
        language: Its code, as HTML wants it.
        texts: Text by key; ``{name}`` marks a place for a value.
    """

    language: str
    texts: dict[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of ``key`` with its places filled; an unknown key is a programming error."""
        return self.texts[key].format(**values)

    def number(self, key: str, amount: int) -> str:
        """Return the text of ``key`` for a count; ``key.one`` is used for exactly one."""
        return self(f"{key}.one" if amount == 1 else key, n=f"{amount:,}")

    def span(self, span_ns: int) -> str:
        """Return a time span in words: ``4 min 10 s``."""
        day, hour, minute, second, milli = (self(f"unit.{name}") for name in UNITS)
        return duration(span_ns, (day, hour, minute, second, milli))

    def columns(self, *names: str) -> tuple[str, ...]:
        """Return column headings; the marks ``>``, ``~`` and ``#`` before a name stay where they are."""
        out = []
        for name in names:
            bare = name.lstrip(">~#")
            out.append(name[: len(name) - len(bare)] + (self(f"col.{bare}") if bare else ""))
        return tuple(out)

    def meaning(self, group: str, code: str) -> str:
        """Return what a reason code means; empty for a code the catalogue does not know."""
        return self.texts.get(f"{group}.{code}", "")

    def named(self, group: str, code: str) -> str:
        """Return the name of a code in this language; the code itself when the catalogue does not know it."""
        return self.texts.get(f"{group}.{code}", code)

    def remark(self, text: str) -> str:
        """Return a remark that the importers write in English in this language; unknown ones stay as they are."""
        for key, pattern in _remarks():
            found = pattern.fullmatch(text)
            if found:
                return self(key, **{name: self.named(name, value) for name, value in found.groupdict().items()})
        return text


@cache
def words_of(language: Language) -> Words:
    """Return the catalogue of a language."""
    raw = files("polydesk.report").joinpath("catalogues", f"{language.value}.json").read_bytes()
    return Words(language.value, msgspec.json.decode(raw, type=dict[str, str]))


@cache
def _remarks() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the English remarks as patterns; each place matches any text."""
    out = []
    for key, text in words_of(Language.EN).texts.items():
        if key.startswith("remark."):
            parts = re.split(r"\{(\w+)\}", text)
            named = (re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+)" for at, part in enumerate(parts))
            out.append((key, re.compile("".join(named))))
    return tuple(out)


ENGLISH = words_of(Language.EN)
"""What the terminal speaks, and a page unless told otherwise."""
