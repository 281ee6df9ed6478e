"""What the numbers rest on: reason codes, failures, books, recordings, assumed facts, configuration."""

from collections.abc import Iterable, Mapping, Sequence

from polydesk.report.assumed import assumed_facts
from polydesk.report.prices import BookCounts
from polydesk.report.quantities import NONE, count, share_of, utc
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import MANY, Table, cut_note, some
from polydesk.report.words import ENGLISH, Words


def counts_table(title: str, group: str, counts: Mapping[str, int], words: Words = ENGLISH) -> Table:
    """Reason codes, what they mean and how often.

    Args:
        title: Of the table.
        group: Where the catalogue explains the codes: ``refusal``, ``reject``, ``hold`` or ``cancel``.
        counts: By code.
        words: Language.
    """
    whole = sum(counts.values())
    rows = tuple((code, words.meaning(group, code) or NONE, count(n), share_of(n, whole)) for code, n in counts.items())
    total = (words("total"), "", count(whole), "") if len(rows) > 1 else ()
    return Table(title, words.columns("#code", "~meaning", ">count", ">of_all"), rows, total)


def failure_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Errors of strategies."""
    rows = tuple(
        (
            f.strategy, count(f.errors), words("failure.no_longer" if f.disabled else "failure.still"),
            summary.market_name(f.market), utc(f.last_ns), f.error,
        )
        for f in summary.failures
    )  # fmt: skip
    columns = words.columns("#strategy", ">errors", "asked", "~#last_in", "~#last_at", "#last_error")
    return Table(words("failure.title"), columns, rows)


_BOOK_LINES = (
    ("late", "rows", "late", "rows"),
    ("mirror", "rows", "mirror_different", "mirrored"),
    ("witness", "rows", "witness_different", "witnesses"),
    ("crossed", "messages", "crossed", ""),
    ("invalid", "rows", "invalid", "rows"),
)
"""What is counted, its unit, the counter, and the counter it is a share of."""


def book_table(summary: Summary, books: Sequence[BookCounts], words: Words = ENGLISH) -> Table:
    """What of the recording did not fit into the books, over all markets."""
    rows = []
    for name, unit, field, base in _BOOK_LINES if books else ():
        number = sum(getattr(book, field) for book in books)
        whole = sum(getattr(book, base) for book in books) if base else 0
        most = max(books, key=lambda book: getattr(book, field))
        where = f"{summary.market_name(most.market)}: {count(getattr(most, field))}" if number else NONE
        compared = words("book.share", share=share_of(number, whole), whole=count(whole)) if whole else NONE
        shown = count(number) if whole or not base else NONE
        rows.append((words(f"book.{name}"), shown, words(f"book.{unit}"), compared, where))
    columns = words.columns("", ">count", "unit", ">~share", "~#most_in")
    return Table(words("book.title"), columns, tuple(rows), note=words("book.note", none=NONE))


def tape_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """The recordings behind the tape: format, records, time, defects and hash."""
    sources = summary.manifest.sources if summary.manifest else ()
    rows = tuple(
        (
            s.name, s.format, count(s.records), utc(s.first_ts_ns), utc(s.last_ts_ns), count(sum(s.defects.values())),
            s.sha256,
        )
        for s in sources[:many]
    )  # fmt: skip
    columns = words.columns("#recording", "#format", ">records", "#first_utc", "#last_utc", ">defects", "#sha256")
    note = cut_note(len(rows), len(sources), "../manifest.json", words, first=True)
    return Table(words("tape.title"), columns, rows, note=note)


def assumed_table(summary: Summary, words: Words = ENGLISH, many: int = MANY) -> Table:
    """Facts nobody stated."""
    found = assumed_facts(summary.markets, words)
    rows = tuple((words.named("fact", a.fact), a.value, some(a.markets, words)) for a in found[:many])
    cut = cut_note(len(rows), len(found), "../manifest.json", words, first=True)
    note = words("sentence_gap").join(part for part in (cut, words("assumed.note")) if part)
    return Table(words("assumed.title"), words.columns("fact", "assumed", "#markets"), rows, note=note)


def settings_table(summary: Summary, sections: Iterable[str], words: Words = ENGLISH) -> Table:
    """The effective configuration of some sections, one dotted key per row."""
    rows: list[tuple[str, str]] = []
    for section in sections:
        _flatten(section, summary.config.get(section), rows)
    return Table(words("settings.title"), words.columns("#key", ">#value_of"), tuple(rows))


def _flatten(key: str, value: object, rows: list[tuple[str, str]]) -> None:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            _flatten(f"{key}.{name}", inner, rows)
    elif value is not None:
        rows.append((key, str(value).lower() if isinstance(value, bool) else str(value)))
