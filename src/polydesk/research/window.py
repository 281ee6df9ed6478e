"""Which part of a tape a backtest covers: a stretch of its rows, and some of its markets."""

import difflib
from fnmatch import fnmatchcase

import msgspec
import numpy as np

from polydesk.model.errors import ConfigError
from polydesk.model.grid import NS_PER_S
from polydesk.model.market import Market
from polydesk.model.rows import RowKind
from polydesk.research.coverage import MOST_HOURS
from polydesk.research.times import iso, time_ns
from polydesk.run.begin import settled_before
from polydesk.run.settings import Settings
from polydesk.tape import Tape

_NEAR = 3


class WarmUp(msgspec.Struct, frozen=True):
    """What the books knew when the window began.

    Attributes:
        rows: Tape rows before the window; they filled the books, nothing was decided on them.
        warm: Chosen markets that had a book, by index.
        cold: Chosen markets whose first row of a book comes within the window, or never.
        paid_out: Markets that had paid out before the window; they are not traded.
    """

    rows: int
    warm: tuple[int, ...]
    cold: tuple[int, ...]
    paid_out: tuple[int, ...]


def stretch(tape: Tape, begin: str | None, end: str | None) -> Tape:
    """Return the stretch of ``tape`` between two moments.

    Args:
        tape: The whole tape.
        begin: A row number, or a time in ISO 8601 (UTC unless it says otherwise): the first row at or after it.
        end: Likewise; the row to stop before.

    Raises:
        ConfigError: Not a row or time, or no row lies between them; the message names the option and the tape's span.
    """
    manifest = tape.manifest
    first = 0 if begin is None else _row(tape, "--from", begin)
    stop = manifest.rows if end is None else _row(tape, "--to", end)
    if first >= stop:
        raise ConfigError(
            f"--from {begin or 'start'} --to {end or 'end'}: no row of the tape lies between them; it has rows 0 to "
            f"{manifest.rows} from {iso(manifest.first_ts_ns)} to {iso(manifest.last_ts_ns)}"
        )
    return tape.between(first, stop)


def last_hours(tape: Tape, hours: float) -> Tape:
    """Return the rows of the last hours of a tape's span.

    Raises:
        ConfigError: The hours are not a number above 0, or too many.
    """
    if not 0 < hours <= MOST_HOURS:
        raise ConfigError(f"--lookback-hours {hours:g}: must be more than 0 and at most {MOST_HOURS:,} hours")
    first, stop = tape.span
    last_ns = next(int(rows["ts_ns"][0]) for rows in tape.batches(stop - 1, stop))
    return tape.between(max(first, tape.row_at(last_ns - round(hours * 3_600 * NS_PER_S))), stop)


def chosen_markets(markets: tuple[Market, ...], patterns: list[str]) -> tuple[int, ...]:
    """Return the indices of the markets that any pattern names, in order; empty without patterns.

    A pattern is an index, a slug with ``*`` and ``?``, or a condition or token id; commas separate several.

    Raises:
        ConfigError: A pattern names no market of the tape.
    """
    found: set[int] = set()
    for pattern in [part.strip() for text in patterns for part in text.split(",") if part.strip()]:
        named = [market.index for market in markets if _names(pattern, market)]
        if not named:
            slugs = [market.slug for market in markets]
            near = difflib.get_close_matches(pattern, slugs, n=_NEAR, cutoff=0.3) or slugs[:_NEAR]
            raise ConfigError(
                f"--markets {pattern!r} names no market of the tape; give an index from 0 to {len(markets) - 1}, a "
                f"slug (with * for any text), a condition id or a token id; there are for example {', '.join(near)}"
            )
        found.update(named)
    return tuple(sorted(found))


def warm_up(tape: Tape, markets: tuple[int, ...], settings: Settings) -> WarmUp:
    """Tell what the rows before the window left in the books.

    Args:
        tape: With the span of the window.
        markets: The markets chosen; all when empty.
        settings: Of the backtest.
    """
    chosen = set(markets) or set(range(len(tape.manifest.markets)))
    booked: set[int] = set()
    for rows in tape.whole().batches(0, tape.span[0]):
        levels = rows["market"][(rows["kind"] == RowKind.SNAPSHOT) | (rows["kind"] == RowKind.CHANGE)]
        booked.update(np.unique(levels).tolist())
    paid = {resolution.market for resolution in settled_before(tape, settings.exchange)} & chosen
    open_ = chosen - paid
    return WarmUp(tape.span[0], tuple(sorted(open_ & booked)), tuple(sorted(open_ - booked)), tuple(sorted(paid)))


def _row(tape: Tape, option: str, text: str) -> int:
    if text.isdecimal():
        return min(int(text), tape.manifest.rows)
    return tape.row_at(time_ns(text, option, "a row number or a time"))


def _names(pattern: str, market: Market) -> bool:
    if pattern.isdecimal() and int(pattern) == market.index:
        return True
    ids = (market.condition_id, *(token.id for token in market.tokens))
    return pattern in ids or fnmatchcase(market.slug, pattern)
