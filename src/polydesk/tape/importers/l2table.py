"""L2 tables: one row per event, as public archives and data vendors write them, or as a schema file describes.

Source of the common shape: the venue's market channel with its fields as columns (event types ``book``,
``price_change``, ``last_trade_price``, ``tick_size_change``).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.model.rows import RowFlag
from polydesk.tape.importers.foreign import ForeignTokens
from polydesk.tape.importers.l2table_columns import LOOKS_FOR, infer
from polydesk.tape.importers.l2table_messages import TableMessages
from polydesk.tape.importers.l2table_order import in_order, survey
from polydesk.tape.importers.l2table_records import columns_of, every_column, has_column, kind_of, read_records
from polydesk.tape.importers.message_rows import MessageRows
from polydesk.tape.importers.plausible import without_implausible
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.schema import TableSchema, TimeColumn
from polydesk.tape.importers.source import Head, Progress, read_head
from polydesk.tape.importers.tally import Tally
from polydesk.tape.importers.tickscope_columns import COLUMNS as TICKSCOPE

__all__ = [
    "CONSTRUCTED",
    "LOOKS_FOR",
    "clock",
    "constructed",
    "fitting",
    "misfits",
    "missing_columns",
    "rows",
    "rows_by_schema",
    "sniff",
    "sniff_by_schema",
]

CONSTRUCTED = "polydesk.constructed"
"""Key of a Parquet file's metadata: ``true`` when what it holds was generated and not recorded."""

_DERIVED = int(RowFlag.DERIVED)


def sniff(head: Head) -> int:
    """Return the first time of an L2 table in ns, 0 for anything else.

    JSON lines count only with columns that raw recordings do not have.

    Raises:
        ImportFailed: The columns are those of an L2 table, but not all that is needed can be told from their names.
    """
    columns = columns_of(head)
    found = infer(columns)
    if not found.deep and (found.schema is None or kind_of(head) == "jsonl"):
        return 0
    found = infer(every_column(head))
    if found.schema is not None and found.schema.book is None and set(TICKSCOPE) <= set(columns):
        return 0  # changes and trades alone: the tickscope importer also pairs the tokens of such a recording
    if found.schema is None:
        raise ImportFailed(
            f"{head.path}: an L2 table whose columns are not all understood: {'; '.join(found.problems)}; understood: "
            f"{found.told()}; describe the table in a schema file and name it with --schema"
        )
    return sniff_by_schema(found.schema, head)


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read an L2 table by the names of its columns; see ``rows_by_schema``."""
    found = infer(every_column(read_head(path)))
    if found.schema is None:
        raise ImportFailed(f"{path}: {'; '.join(found.problems)}; describe the table in a schema file (--schema)")
    return rows_by_schema(found.schema, path, registry, tally, progress, found.unread)


def missing_columns(schema: TableSchema, head: Head) -> list[str]:
    """Return the columns a schema names that a table does not have; a wrong format is one as well."""
    if schema.format not in ("auto", kind_of(head)):
        return [f"format {schema.format}"]
    columns = columns_of(head)
    needed = schema.columns() if kind_of(head) != "jsonl" else schema.told_in_every_row()
    return [name for name in needed if not has_column(columns, name)]


def constructed(head: Head) -> bool:
    """Return whether a table was converted from a constructed tape, which its metadata then says."""
    if head.packing != "parquet":
        return False
    told = pq.read_schema(head.path).metadata or {}
    return bool(told.get(CONSTRUCTED.encode()) == b"true")


def clock(head: Head, schema: TableSchema | None = None) -> str:
    """Return whose clock a table that was recognised has, as ``Source.clock`` names it."""
    schema = schema or infer(every_column(head)).schema
    return "venue" if schema is None else survey(head.path, kind_of(head), schema).clock


def fitting(schemas: Sequence[TableSchema], head: Head) -> TableSchema | None:
    """Return the schema whose columns a recording has, ``None`` when there is none.

    Raises:
        ImportFailed: Several fit or share a name, or the one that fits finds no time in any row.
    """
    names = [schema.name for schema in schemas]
    if len(set(names)) < len(names):
        raise ImportFailed(f"--schema: two files are named {max(names, key=names.count)!r}; rename one of them")
    fits = [schema for schema in schemas if not missing_columns(schema, head)]
    if len(fits) > 1:
        told = " and ".join(schema.name for schema in fits)
        raise ImportFailed(f"{head.path}: schemas {told} both fit its columns; import the recordings one by one")
    if fits and not sniff_by_schema(fits[0], head):
        column = (fits[0].time.venue or fits[0].time.receive or TimeColumn(column="?")).column
        raise ImportFailed(f"{head.path}: no row has a time in {column}; check key time of schema {fits[0].name}")
    return fits[0] if fits else None


def misfits(schemas: Sequence[TableSchema], head: Head) -> str:
    """Return in words what each schema misses in a recording."""
    missing = {schema.name: missing_columns(schema, head) for schema in schemas}
    return "; ".join(f"schema {name} misses {', '.join(columns)}" for name, columns in missing.items())


def sniff_by_schema(schema: TableSchema, head: Head) -> int:
    """Return the first time of a table that has all columns of a schema, else 0; ns."""
    if missing_columns(schema, head):
        return 0
    return survey(head.path, kind_of(head), schema).first_ns


def rows_by_schema(
    schema: TableSchema,
    path: Path,
    registry: Registry,
    tally: Tally,
    progress: Progress | None = None,
    unread: Mapping[str, str] = {},
) -> Iterator[np.ndarray]:
    """Read a table as batches of rows, in order of arrival.

    Args:
        schema: How to read it.
        path: The file.
        registry: Learns markets, tokens and ticks.
        tally: Counts rows and defects; a malformed row is one defect and the import goes on.
        progress: Told how far the file is read.
        unread: Words for events that the schema has no columns for; such a row is malformed and not merely unknown.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (venue, clamped), ending at a message end, ``seq`` 0.

    Raises:
        ImportFailed: The file is damaged, more than half of its rows are malformed, or more than a few name foreign
            tokens.
    """
    kind = kind_of(read_head(path))
    order = survey(path, kind, schema)
    if order.by != "file":
        tally.counts[f"rows_sorted_by_{order.by}_time"] += order.rows
    foreign = ForeignTokens(path, tally)
    reader, table = MessageRows(registry, tally, foreign), TableMessages(schema, tally, unread)
    records = in_order(read_records(path, kind, schema.columns(), progress), schema, order)
    derived: list[slice] = []
    messages = 0
    for message in without_implausible(table.read(records), tally):
        messages += 1
        before = len(reader.batch)
        try:
            reader.add(message)
        except (msgspec.ValidationError, NumberError) as err:
            table.wrong(message.where, err)
        if message.derived:
            derived.append(slice(before, len(reader.batch)))
        if reader.batch.full:
            yield _take(reader, derived)
    if 2 * table.malformed > tally.records:
        raise ImportFailed(
            f"{path}: {table.malformed} of {tally.records} rows are malformed ({tally.first_defect}); check units and "
            "columns, or describe the table in another schema file"
        )
    foreign.check(messages)
    if len(reader.batch):
        yield _take(reader, derived)


def _take(reader: MessageRows, derived: list[slice]) -> np.ndarray:
    taken = reader.batch.take()
    for part in derived:
        taken["flags"][part] |= _DERIVED
    derived.clear()
    return taken
