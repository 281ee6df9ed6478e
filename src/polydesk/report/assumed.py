"""The market facts nobody stated, in words."""

from collections.abc import Sequence
from typing import Any

import msgspec

from polydesk.model.market import Fact, Market
from polydesk.report.quantities import duration, price, shares, utc


class Assumed(msgspec.Struct, frozen=True):
    """A market fact nobody stated, and for which markets it was assumed."""

    fact: str
    value: str
    markets: tuple[str, ...]


def assumed_facts(markets: Sequence[Market]) -> tuple[Assumed, ...]:
    """Return the assumed facts of all markets, equal ones together."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for market in markets:
        for fact in market.assumed():
            grouped.setdefault((fact, _fact_text(market, fact)), []).append(market.slug)
    return tuple(Assumed(fact, value, tuple(slugs)) for (fact, value), slugs in sorted(grouped.items()))


def _fact_text(market: Market, name: str) -> str:
    if name == "fees":
        return market.fees.note
    fact: Fact[Any] = getattr(market, name)
    if fact.value is None:
        text = "not known"
    elif name.endswith("_u6"):
        text = f"{shares(fact.value)} shares"
    elif name.endswith("_g4"):
        text = price(fact.value)
    elif name.endswith("_delay_ns"):
        text = duration(fact.value) if fact.value else "none"
    elif name.endswith("_ns"):
        text = f"{utc(fact.value)} UTC"
    else:
        text = str(fact.value).lower()
    if fact.note.startswith(text):
        return fact.note
    return f"{text} ({fact.note})" if fact.note else text
