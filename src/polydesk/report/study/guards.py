"""Numbers that cannot be: a report keeps them back and says which guard did."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from polydesk.model.records import Liquidity
from polydesk.report.config import GuardLimits
from polydesk.report.money import FillLine
from polydesk.report.performance import Performance
from polydesk.report.periods import Period
from polydesk.report.statistics import Statistics
from polydesk.report.study.backing import Backing


class Guard(msgspec.Struct, frozen=True):
    """One guard that tripped.

    Attributes:
        name: ``fee_sign``, ``volume``, ``no_print``, ``no_cross``, ``no_depth``, ``over_behind``, ``day_return``,
            ``annual_return`` or ``sharpe``.
        figures: Figures it keeps back; empty when every PnL number is void.
        observed: What was seen.
        limit: What is believable.
        where: A fill, market or day; empty when it concerns the whole session.
    """

    name: str
    figures: tuple[str, ...]
    observed: float
    limit: float
    where: str = ""

    @property
    def text(self) -> str:
        """The guard in words, for journals of checks and JSON."""
        where = f" ({self.where})" if self.where else ""
        return f"{self.name}: {self.observed:,.6g} where at most {self.limit:,.6g} can be{where}"


def guards(
    fills: Iterable[FillLine],
    days: Sequence[Period],
    made: Performance,
    found: Statistics,
    backing: Backing | None,
    limits: GuardLimits,
) -> tuple[Guard, ...]:
    """Return the guards that trip; none means that nothing is plainly impossible, not that all is right."""
    tripped = [*_fees(fills), *_days(days, limits), *_ratios(made, found, limits)]
    if backing is not None:
        tripped += _backing(backing)
    return tuple(tripped)


def _fees(fills: Iterable[FillLine]) -> list[Guard]:
    wrong = [
        line.fill
        for line in fills
        if line.fill.fee_u6 < 0 or (line.fill.liquidity is Liquidity.MAKER and line.fill.fee_u6 != 0)
    ]
    return [Guard("fee_sign", (), len(wrong), 0, wrong[0].id)] if wrong else []


def _backing(backing: Backing) -> list[Guard]:
    counted = (
        ("no_print", backing.without_print),
        ("no_cross", backing.without_cross),
        ("no_depth", backing.without_depth),
        ("over_behind", backing.over),
        ("volume", len(backing.over_markets)),
    )
    return [Guard(name, (), number, 0, backing.first) for name, number in counted if number]


def _days(days: Sequence[Period], limits: GuardLimits) -> list[Guard]:
    best = max(days, key=lambda day: day.rate or Fraction(0), default=None)
    rate = float(best.rate) if best is not None and best.rate is not None else 0.0
    return [Guard("day_return", (), rate, limits.day_return, best.name)] if best and rate > limits.day_return else []


def _ratios(made: Performance, found: Statistics, limits: GuardLimits) -> list[Guard]:
    out = []
    if found.annual_rate is not None and found.annual_rate > limits.annual_return:
        out.append(Guard("annual_return", ("annual", "calmar"), found.annual_rate, limits.annual_return))
    largest = max((abs(ratio) for ratio in (made.sharpe, found.sortino) if ratio is not None), default=0.0)
    if largest > limits.sharpe or math.isnan(largest):
        out.append(Guard("sharpe", ("sharpe", "sortino", "sharpe_probability"), largest, limits.sharpe))
    return out
