"""The result by virtual UTC hour, day and month."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache

import msgspec

from polydesk.model.grid import NS_PER_S, proceeds_u6
from polydesk.model.records import Fill
from polydesk.report.marks import Falling, Mark
from polydesk.report.money import FillLine

_DAY_NS = 86_400 * NS_PER_S
_HOUR_NS = 3_600 * NS_PER_S

Moves = Sequence[tuple[int, int]]
"""Instants and signed amounts (micro-pUSD) of cash that trading did not move."""


class Period(msgspec.Struct, frozen=True):
    """One hour, day or month with data, matched column, micro-pUSD.

    Attributes:
        name: ``2026-04-16T07``, ``2026-04-16`` or ``2026-04``.
        start_u6: Equity at its beginning.
        pnl_u6: Change of equity without cash moved in or out; the periods of a session add up to its PnL.
        external_u6: Cash moved in or out.
        fees_u6: Taker fees of its fills.
        volume_u6: Price x size of its fills.
        fills: How many, without those that failed.
        drawdown_u6: Deepest fall within the period.
    """

    name: str
    start_u6: int
    pnl_u6: int
    external_u6: int = 0
    fees_u6: int = 0
    volume_u6: int = 0
    fills: int = 0
    drawdown_u6: int = 0

    @property
    def end_u6(self) -> int:
        """Equity at the end."""
        return self.start_u6 + self.pnl_u6 + self.external_u6

    @property
    def rate(self) -> Fraction | None:
        """PnL of the equity at the beginning; ``None`` when that is not positive."""
        return Fraction(self.pnl_u6, self.start_u6) if self.start_u6 > 0 else None


def day_of(ts_ns: int) -> str:
    """Return the UTC day of an instant: ``2026-04-16``."""
    return _date(ts_ns // _DAY_NS)


@cache
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def month_of(ts_ns: int) -> str:
    """Return the UTC month of an instant: ``2026-04``."""
    return day_of(ts_ns)[:7]


def hour_of(ts_ns: int) -> str:
    """Return the UTC hour of an instant: ``2026-04-16T07``."""
    return f"{day_of(ts_ns)}T{ts_ns // _HOUR_NS % 24:02}"


def periods(
    name_of: Callable[[int], str],
    start_u6: int,
    net_u6: int,
    marks: Sequence[Mark],
    fills: Sequence[FillLine],
    moves: Moves = (),
) -> tuple[Period, ...]:
    """Cut a session into hours, days or months; only those with a mark, a fill or a cash move are listed.

    A period ends with its last mark, the last one with the session. Fills and cash belong to the period in which the
    desk heard of them.

    Args:
        name_of: ``hour_of``, ``day_of`` or ``month_of``.
        start_u6: Equity at the start of the session.
        net_u6: PnL of the whole session, matched.
        marks: The equity curve.
        fills: All fills; failed ones are left out.
        moves: Other cash.
    """
    earned_in: dict[str, list[int]] = {}
    fills_in: dict[str, list[Fill]] = {}
    moved_in: dict[str, int] = {}
    for mark in marks:
        earned_in.setdefault(name_of(mark.ts_ns), []).append(mark.earned_u6)
    for line in fills:
        if line.status != "failed":
            fills_in.setdefault(name_of(line.fill.ts_ns), []).append(line.fill)
    for ts_ns, amount in moves:
        name = name_of(ts_ns)
        moved_in[name] = moved_in.get(name, 0) + amount
    names = sorted({*earned_in, *fills_in, *moved_in})
    found: list[Period] = []
    earned, external = start_u6, 0
    for name in names:
        values = earned_in.get(name, [])
        last = start_u6 + net_u6 if name == names[-1] else values[-1] if values else earned
        mine = fills_in.get(name, [])
        found.append(
            Period(
                name, earned + external, last - earned, moved_in.get(name, 0), sum(fill.fee_u6 for fill in mine),
                sum(proceeds_u6(fill.price_g4, fill.size_u6) for fill in mine), len(mine),
                _deepest([earned, *values, last]),
            )
        )  # fmt: skip
        earned, external = last, external + moved_in.get(name, 0)
    return tuple(found)


def _deepest(values: Sequence[int]) -> int:
    falling = Falling(values[0])
    for value in values:
        falling.see(value)
    return falling.depth_u6
