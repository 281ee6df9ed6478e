"""The chapters before anything is traded: what a tape is, and whether this one can be trusted."""

from polydesk.report.quantities import count, duration, share_of, utc
from polydesk.run.story.chapter import Chapter
from polydesk.tape import Tape, Verification

_HASH_SHOWN = 16


def tape_chapter(tape: Tape) -> Chapter:
    """Tell what was recorded."""
    manifest = tape.manifest
    assumed = sorted({field for facts in manifest.assumed().values() for field in facts})
    text = [
        "A tape holds the order books as they were recorded: every change of every price level, in order, with the "
        "venue's time. Trading on paper means replaying it: the same books, in the same order, every time.",
        f"This one has {count(manifest.rows)} rows of {count(len(manifest.markets))} markets. Its content hash "
        f"{manifest.sha256[:_HASH_SHOWN]}... goes into the journal of every session that trades on it.",
    ]
    if manifest.constructed:
        text.append("CONSTRUCTED: rows of this tape were generated, not recorded.")
    if assumed:
        text.append(
            f"What no recording stated is assumed and says so: {', '.join(assumed)}. Every report lists it; a live "
            "session would refuse it."
        )
    rows = tuple(
        (
            source.name, source.format, count(source.records), utc(source.first_ts_ns),
            duration(source.last_ts_ns - source.first_ts_ns),
        )
        for source in manifest.sources
    )  # fmt: skip
    return Chapter(
        "tape",
        "The tape: what the market did",
        tuple(text),
        {
            "tape": str(tape.path),
            "rows": manifest.rows,
            "markets": len(manifest.markets),
            "sha256": manifest.sha256,
            "first_ts_ns": manifest.first_ts_ns,
            "last_ts_ns": manifest.last_ts_ns,
            "sources": [source.name for source in manifest.sources],
            "constructed": manifest.constructed,
            "assumed": assumed,
        },
        ("recording", ">format", ">records", ">from (UTC)", ">length"),
        rows,
        commands=(f"polydesk tape info {tape.path}",),
    )


def verification_chapter(tape: Tape, found: Verification) -> Chapter:
    """Tell what checking the tape gave."""
    if found.compared:
        told = (
            f"The books were rebuilt row by row and compared with the best prices the venue itself stated: "
            f"{count(found.compared)} compared, {count(found.mismatched)} differ "
            f"({share_of(found.mismatched, found.compared)})."
        )
    else:
        told = "The recording states no best prices of the venue, so its books cannot be compared with them."
    hash_ = "is the one in its manifest" if found.hash_ok else "is NOT the one in its manifest"
    rest = (
        f"The content hash {hash_}. Silences over 5 s: {count(found.gap_count)}. Minutes with a crossed or locked "
        f"book: {count(len(found.crossed_minutes))} of {count(len(found.minutes))}."
    )
    verdict = "Verdict: ok." if found.ok else "Verdict: not ok. " + ". ".join(found.problems) + "."
    return Chapter(
        "verification",
        "Can the recording be trusted?",
        (told, rest, verdict),
        {
            "ok": found.ok,
            "hash_ok": found.hash_ok,
            "compared": found.compared,
            "mismatched": found.mismatched,
            "gaps": found.gap_count,
            "crossed_minutes": len(found.crossed_minutes),
            "problems": list(found.problems),
        },
        good=found.ok,
        commands=(f"polydesk tape verify {tape.path}",),
    )
