"""What a table is, and how a long one is cut."""

from collections.abc import Sequence

import msgspec

from polydesk.report.quantities import count
from polydesk.report.words import ENGLISH, Words

MANY = 200
"""Most rows of a list that a report shows in full; the exports have all."""


class Table(msgspec.Struct, frozen=True):
    """A table of text cells.

    Attributes:
        title: What it shows, with the unit where all numbers share one.
        columns: Headings; a leading ``>`` aligns the column to the right, a ``~`` lets a narrow terminal leave it out,
            a ``#`` says that its cells are names and codes, the same in every language.
        rows: Cells.
        total: Last row, set apart; empty for none.
        note: A sentence below the table; empty for none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    note: str = ""

    @property
    def headings(self) -> tuple[str, ...]:
        """The column names without their marks."""
        return tuple(column.lstrip(">~#") for column in self.columns)


def capped(table: Table, most: int, words: Words = ENGLISH, *, last: bool = False) -> Table:
    """Return the table with its first (or last) ``most`` rows and a sentence that says so."""
    whole = len(table.rows)
    if whole <= most:
        return table
    rows = table.rows[whole - most :] if last else table.rows[:most]
    said = words("cut.last_rows" if last else "cut.first_rows", shown=count(most), whole=count(whole))
    return msgspec.structs.replace(
        table, rows=rows, note=words("sentence_gap").join(part for part in (said, table.note) if part)
    )


def cut_note(shown: int, whole: int, export: str, words: Words, *, first: bool = False) -> str:
    """Return the sentence below a list that shows only its last (or first) lines; empty when it shows all."""
    if shown >= whole:
        return ""
    return words(
        "cut.export_first" if first else "cut.export", shown=count(shown), whole=count(whole), file=f"reports/{export}"
    )


def some(names: Sequence[str], words: Words) -> str:
    """Return one or two names, or the first and how many more."""
    if len(names) <= 2:
        return words("list_gap").join(names)
    return words("and_more", first=names[0], n=count(len(names) - 1))
