"""Strategies that raised errors: how often, the last one, and since when the desk no longer asks them."""

from collections.abc import Iterable

import msgspec

from polydesk.model.records import Record, StrategyFailed
from polydesk.report.quantities import utc
from polydesk.report.words import ENGLISH, Words


class Failure(msgspec.Struct, frozen=True):
    """The errors of one strategy.

    Attributes:
        strategy: Its name.
        errors: How many.
        error: The last one.
        market: Market in which that was, by index.
        last_ns: When that was, virtual time.
        disabled: Whether the strategy is no longer asked since.
    """

    strategy: str
    errors: int
    error: str
    market: int
    last_ns: int
    disabled: bool


def failures(records: Iterable[Record]) -> tuple[Failure, ...]:
    """Return the strategies that failed, in the order of their first error."""
    found: dict[str, Failure] = {}
    for record in records:
        if isinstance(record, StrategyFailed):
            before = found.get(record.strategy)
            errors = 1 + (before.errors if before else 0)
            found[record.strategy] = Failure(
                record.strategy, errors, record.error, record.market, record.ts_ns, record.disabled
            )
    return tuple(found.values())


def failure_text(failure: Failure, words: Words = ENGLISH) -> str:
    """Tell one strategy's errors in a sentence."""
    return words(
        "failure.disabled" if failure.disabled else "failure.enabled",
        strategy=failure.strategy,
        times=words.number("n.times", failure.errors),
        when=utc(failure.last_ns),
        error=failure.error,
    )
