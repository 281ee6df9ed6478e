"""Whether the result rests on a few lucky hours: bootstrap interval, best day and best market left out."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from polydesk.model.grid import NS_PER_S
from polydesk.report.money import PnlLine
from polydesk.report.periods import Period
from polydesk.report.trades import Trade

_HOUR_NS = 3_600 * NS_PER_S

Block = tuple[int, int]
"""A market and an hour since 1970."""


class Interval(msgspec.Struct, frozen=True):
    """A seeded bootstrap of the total PnL over blocks of one market and hour.

    Attributes:
        blocks: Blocks there are.
        draws: Samples taken.
        confidence: Of the two-sided interval.
        low_u6: Lower end, micro-pUSD; ``None`` for too few blocks.
        high_u6: Upper end.
        positive: Share of samples above 0.
    """

    blocks: int
    draws: int
    confidence: float
    low_u6: int | None
    high_u6: int | None
    positive: float | None


class Dropped(msgspec.Struct, frozen=True):
    """The PnL without its best part.

    Attributes:
        name: Day, or market index as text.
        pnl_u6: What it earned, micro-pUSD.
        rest_u6: What is left without it; ``None`` when there is only one.
        parts: How many there are.
    """

    name: str
    pnl_u6: int
    rest_u6: int | None
    parts: int


def blocks(trades: Iterable[Trade], by_market: Iterable[PnlLine], end_ns: int) -> dict[Block, int]:
    """Return the PnL by market and the hour in which a trade was opened, micro-pUSD; it adds up to the markets' PnL.

    What a market earned beside its closed trades (open positions, reversed fills) counts in the last hour.
    """
    found: dict[Block, int] = {}
    closed: dict[int, int] = {}
    for trade in trades:
        key = (trade.market, trade.opened_ns // _HOUR_NS)
        found[key] = found.get(key, 0) + trade.net_u6
        closed[trade.market] = closed.get(trade.market, 0) + trade.net_u6
    for line in by_market:
        rest = (line.net_u6 or 0) - closed.get(int(line.key), 0)
        if rest:
            key = (int(line.key), end_ns // _HOUR_NS)
            found[key] = found.get(key, 0) + rest
    return found


def bootstrap(
    found: Mapping[Block, int], *, seed: int, draws: int = 2_000, confidence: float = 0.95, least: int = 20
) -> Interval:
    """Draw as many blocks as there are, with replacement, and sum them, many times.

    Source: B. Efron, "Bootstrap Methods", Annals of Statistics 7 (1979), percentile interval.

    Args:
        found: PnL per block, micro-pUSD.
        seed: The same seed gives the same interval.
        draws: Samples.
        confidence: Of the two-sided interval.
        least: Blocks below which there is no interval.
    """
    if len(found) < least:
        return Interval(len(found), draws, confidence, None, None, None)
    amounts = np.array([found[key] for key in sorted(found)], np.float64)
    # Drawing a multiset at once keeps memory flat however many blocks there are.
    counts = np.random.default_rng(seed).multinomial(len(amounts), np.full(len(amounts), 1 / len(amounts)), size=draws)
    totals = counts @ amounts
    tail = (1 - confidence) / 2
    low, high = np.quantile(totals, [tail, 1 - tail])
    return Interval(len(amounts), draws, confidence, int(np.floor(low)), int(np.ceil(high)), float((totals > 0).mean()))


def without_best_day(days: Sequence[Period]) -> Dropped | None:
    """Return the PnL without the best UTC day; ``None`` without daily results."""
    return _without([(day.name, day.pnl_u6) for day in days])


def without_best_market(by_market: Sequence[PnlLine]) -> Dropped | None:
    """Return the PnL without the best market; ``None`` when one is not valued."""
    amounts = [(line.key, line.net_u6) for line in by_market]
    return (
        _without([(key, net) for key, net in amounts if net is not None])
        if all(net is not None for _, net in amounts)
        else None
    )


def _without(parts: Sequence[tuple[str, int]]) -> Dropped | None:
    if not parts:
        return None
    name, best = max(parts, key=lambda part: part[1])
    rest = sum(pnl for _, pnl in parts) - best if len(parts) > 1 else None
    return Dropped(name, best, rest, len(parts))
