"""Liquidity rewards: our score each minute against the recorded depth, and what it would have earned.

Source: venue documentation, section "Liquidity rewards". The venue takes one random sample per minute and 1 440 of them
make a UTC day; here the instant within each minute is drawn from the session's seed. The tape shows levels and not
makers, so everybody else is counted as one maker (``income_u6``); as no score of a maker exceeds half the sum of its
two sides, ``low_income_u6`` takes that half for them and is a lower bound.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import numpy as np

from polydesk.model.grid import NS_PER_S, SHARE_U6
from polydesk.model.market import Fact, Market, RewardTerms
from polydesk.report.study.standing import Span, Standing
from polydesk.report.tape_pass import REWARD, Answers, Questions

ONE_SIDED_PENALTY = 3.0
"""``c``: what a one-sided quote's score is divided by while the midpoint is in the middle of the range."""

MIDDLE_G4 = (1_000, 9_000)
"""Midpoints between which one-sided quotes score at all, on the price grid."""

LEAST_PAYOUT_U6 = 1_000_000
"""Micro-pUSD of a UTC day below which nothing is paid."""

_MINUTE_NS = 60 * NS_PER_S
_DAY_MINUTES = 1_440


class RewardDay(msgspec.Struct, frozen=True):
    """One market on one UTC day.

    Attributes:
        market: By index.
        day: ``2026-04-16``.
        origin: Who states the terms.
        pool_u6: Micro-pUSD of the day.
        minutes: Samples that make the whole day of this market.
        samples: Minutes looked at in this session.
        scoring: Of them, with a score of ours.
        two_sided: Of them, with both sides of ours in the band.
        share: Mean part of the pool over the samples looked at, everybody else counted as one maker.
        income_u6: Micro-pUSD of the pool for the samples looked at; minutes outside the session earn nothing. Whether
            the day is paid at all ``payable_u6`` says.
        low_income_u6: The same against the largest score that the recorded depth can have.
    """

    market: int
    day: str
    origin: str
    pool_u6: int
    minutes: int
    samples: int
    scoring: int
    two_sided: int
    share: float
    income_u6: int
    low_income_u6: int


@dataclass(frozen=True)
class _Sample:
    market: int
    ts_ns: int
    question: int


@dataclass(frozen=True)
class RewardQuestions:
    """Where the books are sampled, and by which terms."""

    terms: Mapping[int, Fact[RewardTerms]]
    samples: Sequence[_Sample]


def score(max_spread: float, distance: float) -> float:
    """Return how much one share counts at a distance from the midpoint, both in one unit.

    The documentation's example, midpoint 0.50 and 3 cents: 100 shares at 1 cent, 200 at 2 cents and 100 at 1 cent.

    >>> round(100 * score(3, 1) + 200 * score(3, 2) + 100 * score(3, 1), 2)
    111.11
    >>> score(3, 3)
    0.0
    """
    return ((max_spread - distance) / max_spread) ** 2 if 0 <= distance < max_spread else 0.0


def least_score(one: float, two: float, midpoint_g4: float) -> float:
    """Return ``Q_min`` of the two sides' scores.

    >>> least_score(90.0, 60.0, 5_000), least_score(90.0, 0.0, 5_000), least_score(90.0, 0.0, 9_500)
    (60.0, 30.0, 0.0)
    """
    low, high = min(one, two), max(one, two)
    if MIDDLE_G4[0] <= midpoint_g4 <= MIDDLE_G4[1]:
        return max(low, high / ONE_SIDED_PENALTY)
    return low


def known_terms(markets: Iterable[Market], assumed: Fact[RewardTerms] | None) -> dict[int, Fact[RewardTerms]]:
    """Return the terms of each market: its own, else the assumed ones; markets without either are left out."""
    found = {market.index: market.rewards if market.rewards is not None else assumed for market in markets}
    return {index: fact for index, fact in found.items() if fact is not None}


def ask_rewards(
    questions: Questions, terms: Mapping[int, Fact[RewardTerms]], found: Iterable[Standing], seed: int
) -> RewardQuestions:
    """Ask for the recorded scores once a minute while we had orders in a market with terms."""
    spans: dict[int, Span] = {}
    for stretch in found:
        first, last = spans.get(stretch.market, (stretch.from_ns, stretch.to_ns))
        spans[stretch.market] = (min(first, stretch.from_ns), max(last, stretch.to_ns))
    samples = []
    for market, (first, last) in sorted(spans.items()):
        if market in terms:
            told = terms[market].value
            for minute in range(first // _MINUTE_NS, last // _MINUTE_NS + 1):
                ts_ns = minute * _MINUTE_NS + _draw_ns(seed, market, minute)
                asked = questions.before(ts_ns, market, REWARD, told.min_size_u6, told.max_spread_g4)
                samples.append(_Sample(market, ts_ns, asked))
    return RewardQuestions(terms, tuple(samples))


def _draw_ns(seed: int, market: int, minute: int) -> int:
    name = f"reward/{seed}/{market}/{minute}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) % _MINUTE_NS


def reward_days(
    asked: RewardQuestions, found: Iterable[Standing], answers: Answers, markets: Sequence[Market], *, included: bool
) -> tuple[RewardDay, ...]:
    """Work out our part of each pool.

    Args:
        asked: What was asked.
        found: Our resting orders.
        answers: What the pass saw.
        markets: Of the tape.
        included: Whether the recorded depth holds our own orders, as in a live session.
    """
    mine = _at_samples(asked.samples, found)
    lines: dict[tuple[int, str], list[tuple[float, float, int, int]]] = {}
    for sample, orders in zip(asked.samples, mine, strict=True):
        seen = answers.seen[sample.question]
        if np.isnan(seen[2]):
            continue
        day = datetime.fromtimestamp(sample.ts_ns // NS_PER_S, UTC).strftime("%Y-%m-%d")
        judged = _judged(orders, asked.terms[sample.market].value, [float(n) for n in seen], included=included)
        lines.setdefault((sample.market, day), []).append(judged)
    return tuple(
        _day(asked.terms[market], markets[market], day, judged) for (market, day), judged in sorted(lines.items())
    )


def _at_samples(samples: Sequence[_Sample], found: Iterable[Standing]) -> list[list[Standing]]:
    """Return which orders stood at each sample."""
    places: dict[int, tuple[list[int], list[int]]] = {}
    for index, sample in enumerate(samples):
        times, indices = places.setdefault(sample.market, ([], []))
        times.append(sample.ts_ns)
        indices.append(index)
    mine: list[list[Standing]] = [[] for _ in samples]
    for stretch in found:
        times, indices = places.get(stretch.market, ([], []))
        for at in range(bisect_left(times, stretch.from_ns), bisect_left(times, stretch.to_ns)):
            mine[indices[at]].append(stretch)
    return mine


def _judged(
    orders: Iterable[Standing], terms: RewardTerms, seen: Sequence[float], *, included: bool
) -> tuple[float, float, int, int]:
    """Return our share, its lower bound, whether we scored and whether with both sides."""
    doubled = seen[2]
    ours = {1: 0.0, -1: 0.0}
    for order in orders:
        if order.size_u6 >= terms.min_size_u6:
            distance = abs(2 * order.price_g4 - doubled)
            ours[order.side] += score(2 * terms.max_spread_g4, distance) * order.size_u6 / SHARE_U6
    theirs = [max(0.0, seen[at] - (ours[side] if included else 0.0)) for at, side in enumerate((1, -1))]
    mine = least_score(ours[1], ours[-1], doubled / 2)
    others = least_score(theirs[0], theirs[1], doubled / 2)
    most = sum(theirs) / 2
    both = min(ours.values()) > 0
    return _part(mine, others), _part(mine, max(most, others)), int(mine > 0), int(both)


def _part(mine: float, others: float) -> float:
    return mine / (mine + others) if mine else 0.0


def _day(
    fact: Fact[RewardTerms], market: Market, day: str, judged: Sequence[tuple[float, float, int, int]]
) -> RewardDay:
    minutes = _open_minutes(market, day)
    pool = fact.value.pool_u6
    shares, lows = (sum(line[at] for line in judged) for at in (0, 1))
    whole = max(minutes, len(judged))
    return RewardDay(
        market.index, day, fact.origin.value, pool, whole, len(judged), sum(line[2] for line in judged),
        sum(line[3] for line in judged), shares / len(judged), int(pool * shares / whole), int(pool * lows / whole),
    )  # fmt: skip


def payable_u6(days: Iterable[RewardDay]) -> tuple[int, int]:
    """Return what is paid and its lower bound, micro-pUSD: UTC days that come to less than the venue pays are left out.

    The least amount counts for the day, all markets together.
    """
    by_day: dict[str, tuple[int, int]] = {}
    for day in days:
        income, low = by_day.get(day.day, (0, 0))
        by_day[day.day] = (income + day.income_u6, low + day.low_income_u6)
    paid, least = (sum(amounts[at] for amounts in by_day.values() if amounts[at] >= LEAST_PAYOUT_U6) for at in range(2))
    return paid, least


def _open_minutes(market: Market, day: str) -> int:
    """Return the minutes of a UTC day in which a market is open; all of them when its times are unknown."""
    first = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * NS_PER_S
    last = first + _DAY_MINUTES * _MINUTE_NS
    start, end = market.start_ns.value, market.end_ns.value
    opened = first if start is None else min(max(start, first), last)
    closed = last if end is None else max(min(end, last), opened)
    return max(1, -(-(closed - opened) // _MINUTE_NS))
