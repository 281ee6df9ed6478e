"""The market facts nobody stated, in words."""

from collections.abc import Sequence
from typing import Any

import msgspec

from polydesk.model.market import Fact, Market
from polydesk.report.quantities import price, shares, utc
from polydesk.report.words import ENGLISH, Words


class Assumed(msgspec.Struct, frozen=True):
    """A market fact nobody stated, and for which markets it was assumed."""

    fact: str
    value: str
    markets: tuple[str, ...]


def assumed_facts(markets: Sequence[Market], words: Words = ENGLISH) -> tuple[Assumed, ...]:
    """Return the assumed facts of all markets, equal ones together."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for market in markets:
        for fact in market.assumed():
            grouped.setdefault((fact, _fact_text(market, fact, words)), []).append(market.slug)
    return tuple(Assumed(fact, value, tuple(slugs)) for (fact, value), slugs in sorted(grouped.items()))


def _fact_text(market: Market, name: str, words: Words) -> str:
    if name == "fees":
        return words.remark(market.fees.note)
    if name == "rewards" and market.rewards is not None:
        return words.remark(market.rewards.note)
    if name.startswith("token_"):
        token = market.tokens[int(name.removeprefix("token_"))]
        return words("assumed.token", outcome=token.outcome or words("assumed.not_known"))
    fact: Fact[Any] = getattr(market, name)
    text = _value_text(name, fact.value, words)
    note = words.remark(fact.note)
    if note.startswith(text):
        return note
    return words("assumed.with_note", value=text, note=note) if note else text


def _value_text(name: str, value: Any, words: Words) -> str:
    if value is None:
        return words("assumed.not_known")
    if name.endswith("_u6"):
        return words("assumed.shares", n=shares(value))
    if name.endswith("_g4"):
        return price(value)
    if name.endswith("_delay_ns"):
        return words.span(value) if value else words("assumed.none")
    if name.endswith("_ns"):
        return f"{utc(value)} UTC"
    if isinstance(value, bool):
        return words("yes" if value else "no_fact")
    return words.named("category", str(value))
