"""Is a tape good data? Its own books against the venue's word, minute by minute."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import numpy as np

from polydesk.model.grid import NS_PER_S
from polydesk.model.market import winners_of_events
from polydesk.model.rows import RowKind
from polydesk.tape.ladders import MINUTE_NS, WARM_UP_NS, Ladders, MinuteCount
from polydesk.tape.manifest import Gap, Manifest, content_hash
from polydesk.tape.reader import Tape

SUSPECT_SHARE = 0.01
BAD_SHARE = 0.05
"""A minute is suspect above 1 % of witnesses that contradict the rebuilt book, bad above 5 %."""

_STARTS_SHOWN = 3

LATE_NS = NS_PER_S
LATE_SHARE = 0.01
"""A recording is out of order when more than 1 % of its changes and prints come over a second late."""


class Minute(msgspec.Struct, frozen=True):
    """One UTC minute with books.

    Attributes:
        start: ISO text, UTC.
        status: ``ok``, ``suspect`` or ``bad``.
        compared: Rows that state a best price, after the warm-up.
        mismatched: Of those, rows where the rebuilt best bid or ask differs.
        crossed: Rows after which a token's own book was crossed or locked.
    """

    start: str
    status: str
    compared: int
    mismatched: int
    crossed: int


class Verification(msgspec.Struct, frozen=True):
    """What a check of a tape found.

    Attributes:
        ok: No bad minute, hash as promised, in order, derived changes agree with their snapshots, and of the best
            prices that the recording states some could be compared.
        problems: Why not, in words.
        witness: ``best_prices`` when the recording states best prices, else ``none``; also ``none`` when all of it is
            shorter than the warm-up, so that nothing can be said.
        rows: Rows read.
        hash_ok: Rows and facts match the manifest's content hash.
        compared: Rows compared with the venue's best prices.
        mismatched: Of those, how many differ.
        warming_up: Rows with a witness that came too early to compare.
        minutes: Every minute with books.
        judged_minutes: How many of them could be judged: best prices were compared, or they are bad without.
        bad_minutes: Starts of the bad ones.
        suspect_minutes: Starts of the suspect ones.
        crossed_minutes: Starts of minutes in which a token's own book was crossed or locked after a message.
        one_sided: Messages after which a token that had both sides had only one.
        snapshots_checked: Full books compared with the book rebuilt by the changes before them.
        snapshots_differ: Of those, how many differ.
        derived_differ: Of those that differ, how many follow changes derived by the import, which must agree.
        duplicates: Rows that repeat the row before them of the same token.
        clock_reversals: Rows whose venue time is before the row before them of the same market.
        worst_reversal_ns: How far back at most.
        late_rows: Changes and prints more than a second behind virtual time.
        gaps: The longest silences.
        gap_count: How many silences there were.
        defects: What the import counted.
    """

    ok: bool
    problems: tuple[str, ...]
    witness: str
    rows: int
    hash_ok: bool
    compared: int
    mismatched: int
    warming_up: int
    minutes: tuple[Minute, ...]
    judged_minutes: int
    bad_minutes: tuple[str, ...]
    suspect_minutes: tuple[str, ...]
    crossed_minutes: tuple[str, ...]
    one_sided: int
    snapshots_checked: int
    snapshots_differ: int
    derived_differ: int
    duplicates: int
    clock_reversals: int
    worst_reversal_ns: int
    late_rows: int
    gaps: tuple[Gap, ...]
    gap_count: int
    defects: dict[str, int]


def verify(tape: Tape, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Check a tape against itself and against the venue's own best prices.

    Every token's book is rebuilt from its own rows alone. After each message that states best prices they are compared
    with the rebuilt ones, once the token has warmed up: with its first full book, or without one a minute after its
    first row and once both sides were seen.

    Args:
        tape: The tape.
        progress: Called with rows read and rows in all.

    Raises:
        TapeError: A file of the tape is damaged.
    """
    ladders, digest, late = Ladders(), hashlib.sha256(), 0
    for rows in tape.whole().batches():
        digest.update(rows.data)
        ladders.replay(rows)
        late += _late(rows)
        if progress:
            progress(ladders.rows, tape.manifest.rows)
    manifest = tape.manifest
    found = content_hash(
        digest.digest(),
        manifest.markets,
        manifest.resolutions,
        manifest.clock,
        constructed=manifest.constructed,
        references=manifest.references,
    )
    minutes = tuple(_minute(start, count) for start, count in sorted(ladders.minutes.items()))
    problems = _problems(ladders, minutes, manifest, late, hash_ok=found == manifest.sha256)
    compared = sum(minute.compared for minute in minutes)
    blind = ladders.warming_up and not compared and not _too_short(manifest)
    if blind:
        problems.append(
            f"nothing could be compared: the recording states {ladders.warming_up} best prices, but no book had a "
            "snapshot, or both sides and a minute to fill: record for longer or from a snapshot on"
        )
    return Verification(
        ok=not problems,
        problems=tuple(problems),
        witness="best_prices" if compared or blind else "none",
        rows=ladders.rows,
        hash_ok=found == manifest.sha256,
        compared=compared,
        mismatched=sum(minute.mismatched for minute in minutes),
        warming_up=ladders.warming_up,
        minutes=minutes,
        judged_minutes=_judged(minutes),
        bad_minutes=_starts(minutes, "bad"),
        suspect_minutes=_starts(minutes, "suspect"),
        crossed_minutes=tuple(minute.start for minute in minutes if minute.crossed),
        one_sided=ladders.one_sided,
        snapshots_checked=ladders.snapshots_checked,
        snapshots_differ=ladders.snapshots_differ,
        derived_differ=ladders.derived_differ,
        duplicates=ladders.duplicates,
        clock_reversals=ladders.clock_reversals,
        worst_reversal_ns=ladders.worst_reversal_ns,
        late_rows=late,
        gaps=manifest.gaps,
        gap_count=manifest.counts.get("gaps", 0),
        defects=manifest.defects,
    )


def _too_short(manifest: Manifest) -> bool:
    return manifest.last_ts_ns - manifest.first_ts_ns < WARM_UP_NS


def _late(rows: np.ndarray) -> int:
    """Count changes and prints whose venue time lies more than ``LATE_NS`` before the virtual time they came at."""
    moving = (rows["kind"] == RowKind.CHANGE) | (rows["kind"] == RowKind.PRINT)
    behind = (rows["ts_ns"] - rows["venue_ns"] > LATE_NS) & (rows["venue_ns"] > 0)
    return int(np.count_nonzero(moving & behind))


def _minute(start: int, count: MinuteCount) -> Minute:
    wrong = count.mismatched / count.compared if count.compared else 0.0
    share = max(wrong, count.crossed / count.messages if count.messages else 0.0)
    status = "bad" if share > BAD_SHARE else "suspect" if share > SUSPECT_SHARE else "ok"
    text = datetime.fromtimestamp(start * MINUTE_NS // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return Minute(text, status, count.compared, count.mismatched, count.crossed)


def _judged(minutes: tuple[Minute, ...]) -> int:
    return sum(minute.compared > 0 or minute.status == "bad" for minute in minutes)


def _bad_minutes(minutes: tuple[Minute, ...]) -> str:
    """Return what is wrong with the bad minutes, the first of them by name."""
    bad = _starts(minutes, "bad")
    compared, mismatched = (sum(getattr(minute, name) for minute in minutes) for name in ("compared", "mismatched"))
    crossed = sum(minute.crossed for minute in minutes)
    what = (
        f"{mismatched:,} of {compared:,} best prices differ"
        if mismatched
        else f"{crossed:,} messages left a book crossed or locked"
    )
    named = ", ".join((*bad[:_STARTS_SHOWN], *(("...",) if len(bad) > _STARTS_SHOWN else ())))
    return f"{what}, {len(bad)} of {_judged(minutes)} compared minutes are bad: {named}"


def _starts(minutes: tuple[Minute, ...], status: str) -> tuple[str, ...]:
    return tuple(minute.start for minute in minutes if minute.status == status)


def _problems(
    ladders: Ladders, minutes: tuple[Minute, ...], manifest: Manifest, late: int, *, hash_ok: bool
) -> list[str]:
    problems = [
        f"{count} outcomes of neg-risk event {event} paid in full, at most one can: correct its payouts"
        for event, count in winners_of_events(manifest.markets, manifest.resolutions).items()
    ]
    if not hash_ok:
        problems.append("content hash differs from the manifest: the tape was changed, import the recording again")
    if _starts(minutes, "bad"):
        problems.append(_bad_minutes(minutes))
    if ladders.derived_differ:
        problems.append(f"{ladders.derived_differ} derived books differ from the recorded one: import again")
    if late > LATE_SHARE * ladders.rows:
        problems.append(f"{late} rows are out of order by more than a second: order the recording by venue time")
    late_books, books = manifest.defects.get("late_books", 0), manifest.counts.get("books", 0)
    if late_books > LATE_SHARE * books:
        problems.append(f"{late_books} of {books} books came out of order: order the recording by venue time")
    return problems
