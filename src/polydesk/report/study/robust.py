"""Whether the result rests on a few lucky hours: bootstrap interval, best day and best market left out."""

from collections.abc import Sequence

import msgspec
import numpy as np

from polydesk.report.money import PnlLine
from polydesk.report.periods import Period


class Interval(msgspec.Struct, frozen=True):
    """A seeded bootstrap of the total PnL over blocks of successive hours, all markets of an hour together.

    Attributes:
        hours: Hours with data.
        block_hours: Length of a block.
        blocks: Blocks that the hours make and in which equity changed.
        draws: Samples taken.
        confidence: Of the two-sided interval.
        low_u6: Lower end, micro-pUSD; ``None`` for too few blocks.
        high_u6: Upper end.
        positive: Share of samples above 0.
        least: Blocks below which there is no interval.
    """

    hours: int
    block_hours: int
    blocks: int
    draws: int
    confidence: float
    low_u6: int | None
    high_u6: int | None
    positive: float | None
    least: int = 0


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


def bootstrap(
    hours_u6: Sequence[int], *, seed: int, draws: int = 2_000, confidence: float = 0.95, least: int = 20
) -> Interval:
    """Draw blocks of successive hours with replacement until there are as many hours again, and sum them, many times.

    Markets of one hour move together, and an hour resembles the next; whole blocks keep both. The last block is
    followed by the first, and the length of a block is the cube root of the number of hours. Source: D. Politis and
    J. Romano, "A circular block-resampling procedure for stationary data" (1992), percentile interval; the length is of
    the order of P. Hall, J. Horowitz and B.-Y. Jing, "On blocking rules for the bootstrap with dependent data",
    Biometrika 82 (1995).

    Args:
        hours_u6: Change of equity in each hour with data, micro-pUSD, in order.
        seed: The same seed gives the same interval.
        draws: Samples.
        confidence: Of the two-sided interval.
        least: Blocks with a change below which there is no interval.
    """
    amounts = np.array(hours_u6, np.float64)
    hours = len(amounts)
    length = max(1, round(hours ** (1 / 3)))
    blocks = sum(bool(amounts[at : at + length].any()) for at in range(0, hours, length))
    if blocks < least:
        return Interval(hours, length, blocks, draws, confidence, None, None, None, least)
    totals = _totals(amounts, length, draws, np.random.default_rng(seed))
    tail = (1 - confidence) / 2
    low, high = np.quantile(totals, [tail, 1 - tail])
    positive = float((totals > 0).mean())
    return Interval(
        hours, length, blocks, draws, confidence, int(np.floor(low)), int(np.ceil(high)), positive, least
    )  # fmt: skip


def _totals(amounts: np.ndarray, length: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Return the sum of each sample: as many hours as there are, the last block cut where it reaches beyond them."""
    hours = len(amounts)
    whole, rest = divmod(hours, length)
    around = np.concatenate(([0.0], np.cumsum(np.concatenate((amounts, amounts[:length])))))
    starts = np.arange(hours)
    sums, short = around[starts + length] - around[starts], around[starts + rest] - around[starts]
    # Sample by sample: memory stays flat however many hours there are.
    out: np.ndarray = short[random.integers(0, hours, draws)]
    for draw in range(draws):
        out[draw] += sums[random.integers(0, hours, whole)].sum()
    return out


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
