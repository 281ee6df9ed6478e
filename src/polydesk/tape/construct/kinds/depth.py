"""Thin and deep: the same kind of market with almost nothing in its book, and with more than anybody needs."""

from polydesk.model.grid import SHARE_U6
from polydesk.tape.construct.kinds.calm import steady
from polydesk.tape.construct.plan import Kind, Plan, Range, Spec, Style

_SIGMA_PPM = 12_000
_THIN = Style(
    levels=2,
    half_spread_g4=150,
    spread_noise_g4=200,
    size_u6=8 * SHARE_U6,
    gap_ms=3_000,
    taker_percent=15,
    take_u6=(5 * SHARE_U6, 15 * SHARE_U6),
    reaction_ms=1_500,
)
_DEEP = Style(
    levels=25,
    half_spread_g4=30,
    spread_noise_g4=20,
    size_u6=4_000 * SHARE_U6,
    growth_percent=10,
    gap_ms=150,
    taker_percent=20,
    take_u6=(20 * SHARE_U6, 2_000 * SHARE_U6),
    reaction_ms=100,
)


def _thin(spec: Spec) -> Plan:
    return steady(spec, _THIN, _SIGMA_PPM, "Does anybody trade this? (constructed)")


def _deep(spec: Spec) -> Plan:
    return steady(spec, _DEEP, _SIGMA_PPM, "Does everybody trade this? (constructed)")


THIN = Kind("thin", "two levels of a few shares a side, a wide spread, seconds between events", _thin)
DEEP = Kind(
    "deep", "25 levels of thousands of shares a side, a spread of one tick, several events a second", _deep,
    minutes=Range(10, 2, 1_440),
)  # fmt: skip
