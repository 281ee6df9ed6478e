"""Whether what strategies believed was better than the market's own price, judged by how markets ended.

A signal's belief is the market mid at the decision plus its expected edge, for the token it names. A quote's belief is
its fair value: the sum of its price terms without those that make room, lean on inventory or fit the tick. Both are
compared with the mid that the tape shows at that very row, on the same resolved outcome.

Source: G. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.market import Resolution
from polydesk.model.orders import Purpose, Term
from polydesk.model.records import Decision, OrderSent, Record, Settled
from polydesk.report.tape_pass import Answers, Questions

NOT_BELIEF = frozenset({"half_spread", "widening", "inventory_skew", "standing", "tick_and_passive"})
"""Terms of a quote that say nothing of its fair value."""

LEAST_MARKETS = 5
"""Resolved markets below which no score is given."""

_LEAST = 1e-4
"""Probabilities are kept this far from 0 and 1 in the logarithm: one unit of the price grid."""


class Scores(msgspec.Struct, frozen=True):
    """The beliefs of one strategy against the market's price, on resolved markets.

    Attributes:
        strategy: Whose.
        kind: ``signal`` or ``quote``.
        beliefs: How many were made with a two-sided book.
        resolved: Of them, in markets whose outcome is known.
        markets: Resolved markets they are about.
        brier: Mean squared error; ``None`` for fewer than ``LEAST_MARKETS`` markets.
        brier_mid: The same of the mid.
        log_loss: Mean negative logarithm of the probability given to the outcome.
        log_loss_mid: The same of the mid.
        skill: 1 - ``brier`` / ``brier_mid``; above 0 is better than the market.
        gain_error: Standard error of ``brier_mid - brier`` with one cluster per market.
    """

    strategy: str
    kind: str
    beliefs: int
    resolved: int
    markets: int
    brier: float | None
    brier_mid: float | None
    log_loss: float | None
    log_loss_mid: float | None
    skill: float | None
    gain_error: float | None


@dataclass(frozen=True)
class Belief:
    """What a strategy thought token 0 is worth; ``edge`` is relative to the mid, otherwise ``value`` stands alone."""

    strategy: str
    kind: str
    market: int
    value: float
    question: int
    relative: bool


@dataclass(frozen=True)
class Judged:
    """A belief, the mid then, and what token 0 paid; all 0 to 1."""

    market: int
    belief: float
    mid: float
    outcome: float


def ask_beliefs(questions: Questions, records: Iterable[Record]) -> tuple[Belief, ...]:
    """Collect every belief, and ask for the mid at its row. Both quotes of one moment state one belief."""
    out: list[Belief] = []
    quoted: set[tuple[str, int, int]] = set()
    for record in records:
        if isinstance(record, Decision) and record.action == "buy" and record.edge:
            sign = 1 if record.token == 0 else -1
            asked = questions.after_row(record.seq, record.market)
            out.append(Belief(record.strategy, "signal", record.market, sign * record.edge, asked, relative=True))
        elif isinstance(record, OrderSent) and record.intent.purpose is Purpose.QUOTE:
            intent = record.intent
            key = (intent.strategy, intent.market, record.seq)
            fair = fair_value(intent.why)
            if key not in quoted and fair is not None:
                quoted.add(key)
                value = fair if intent.token == 0 else 1 - fair
                asked = questions.after_row(record.seq, intent.market)
                out.append(Belief(intent.strategy, "quote", intent.market, value, asked, relative=False))
    return tuple(out)


def fair_value(why: Sequence[Term]) -> float | None:
    """Return the fair value in a quote's terms, in the price of its token; ``None`` without a mid among them.

    >>> fair_value([Term("mid", 0.5), Term("imbalance", 0.01), Term("half_spread", -0.02)])
    0.51
    >>> fair_value([Term("half_spread", -0.02)]) is None
    True
    """
    if not any(term.name == "mid" for term in why):
        return None
    return sum(term.value for term in why if term.unit == "price" and term.name not in NOT_BELIEF)


def outcomes(records: Iterable[Record], resolutions: Iterable[Resolution]) -> dict[int, float]:
    """Return what token 0 of each resolved market pays, 0 to 1; what the session booked counts first."""
    found = {told.market: told.payout_g4[0] / PRICE_ONE_G4 for told in resolutions}
    found.update({r.market: r.payout_g4[0] / PRICE_ONE_G4 for r in records if isinstance(r, Settled)})
    return found


def judge_beliefs(beliefs: Iterable[Belief], answers: Answers, paid: Mapping[int, float]) -> tuple[Scores, ...]:
    """Score the beliefs of each strategy and kind."""
    made: dict[tuple[str, str], int] = {}
    judged: dict[tuple[str, str], list[Judged]] = {}
    for belief in beliefs:
        doubled = answers.doubled_mid(belief.question)
        if doubled is None:
            continue
        key = (belief.strategy, belief.kind)
        made[key] = made.get(key, 0) + 1
        mid = doubled / (2 * PRICE_ONE_G4)
        value = min(1.0, max(0.0, mid + belief.value if belief.relative else belief.value))
        if belief.market in paid:
            judged.setdefault(key, []).append(Judged(belief.market, value, mid, paid[belief.market]))
    return tuple(scores(*key, number, judged.get(key, [])) for key, number in sorted(made.items()))


def scores(strategy: str, kind: str, beliefs: int, judged: Sequence[Judged]) -> Scores:
    """Return the scores of beliefs about resolved markets."""
    markets = len({one.market for one in judged})
    if markets < LEAST_MARKETS:
        return Scores(strategy, kind, beliefs, len(judged), markets, None, None, None, None, None, None)
    n = len(judged)
    brier = sum((one.belief - one.outcome) ** 2 for one in judged) / n
    brier_mid = sum((one.mid - one.outcome) ** 2 for one in judged) / n
    return Scores(
        strategy, kind, beliefs, n, markets, brier, brier_mid,
        sum(log_loss(one.belief, one.outcome) for one in judged) / n,
        sum(log_loss(one.mid, one.outcome) for one in judged) / n,
        1 - brier / brier_mid if brier_mid else None,
        gain_error(judged, markets),
    )  # fmt: skip


def log_loss(probability: float, outcome: float) -> float:
    """Return the logarithmic loss of a probability; an outcome between 0 and 1 is a split.

    >>> round(log_loss(0.5, 1.0), 6)
    0.693147
    """
    kept = min(1 - _LEAST, max(_LEAST, probability))
    return -outcome * math.log(kept) - (1 - outcome) * math.log(1 - kept)


def gain_error(judged: Sequence[Judged], markets: int) -> float:
    """Return the standard error of the mean gain over the mid; beliefs about one market stand or fall together."""
    gains = [(one.mid - one.outcome) ** 2 - (one.belief - one.outcome) ** 2 for one in judged]
    mean = sum(gains) / len(gains)
    sums: dict[int, float] = {}
    for one, gain in zip(judged, gains, strict=True):
        sums[one.market] = sums.get(one.market, 0.0) + gain - mean
    return math.sqrt(markets / (markets - 1) * sum(value**2 for value in sums.values())) / len(gains)
