"""Which importer a recording belongs to, told by its content and never by its name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed
from polydesk.tape.importers import cronos, l2table, raw, resolvedkit, tickscope, trade_engine
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.schema import TableSchema
from polydesk.tape.importers.source import Head, Progress, read_head
from polydesk.tape.importers.tally import Tally

Rows = Callable[[Path, Registry, Tally, Progress | None], Iterator[np.ndarray]]


class Importer(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        looks_for: What makes a recording one of this format, for messages.
        sniff: First time of a recording of this format, ns; 0 when it is not one.
        rows: Reads one recording.
        prepare: Looks at all recordings of this format before the first is read.
        clock: Whose clock its virtual time is, see ``Source.clock``.
        note: What a reader of its rows must know, for the manifest.
        facts_from: Name of the markets file that belongs to the recording; empty when there is none.
    """

    looks_for: str
    sniff: Callable[[Head], int]
    rows: Rows
    prepare: Callable[[list[Path], Registry], None] | None = None
    clock: str = "venue"
    note: str = ""
    facts_from: str = ""


IMPORTERS: dict[str, Importer] = {
    "cronos": Importer(cronos.LOOKS_FOR, cronos.sniff, cronos.rows),
    "l2table": Importer(l2table.LOOKS_FOR, l2table.sniff, l2table.rows),
    "tickscope": Importer(tickscope.LOOKS_FOR, tickscope.sniff, tickscope.rows, tickscope.prepare),
    "resolvedkit": Importer(
        resolvedkit.LOOKS_FOR,
        resolvedkit.sniff,
        resolvedkit.rows,
        clock="receive",
        note=resolvedkit.NOTE,
        facts_from="markets.parquet",
    ),
    "trade-engine": Importer(
        trade_engine.LOOKS_FOR, trade_engine.sniff, trade_engine.rows, clock="receive", note=trade_engine.NOTE
    ),
    "raw": Importer(raw.LOOKS_FOR, raw.sniff, raw.rows),
}
"""In the order they are tried: the particular before the general."""


class Recognised(msgspec.Struct, frozen=True):
    """A recording with its format, who reads it, its first time, and whether it says that it was generated."""

    first_ns: int
    path: Path
    format: str
    importer: Importer
    constructed: bool = False


def recognise(path: Path, name: str = "auto", schemas: Sequence[TableSchema] = ()) -> Recognised:
    """Return a recording's format.

    Args:
        path: The recording.
        name: A format to insist on, or ``auto``.
        schemas: Descriptions of tables; one that fits a recording's columns goes before every format.

    Raises:
        ImportFailed: No importer knows it, or not the one asked for (the message lists what each looked for), or both a
            format and schemas are named.
    """
    if name not in ("auto", *IMPORTERS):
        raise ImportFailed(f"--format {name}: unknown; use auto, {', '.join(IMPORTERS)}")
    if schemas and name != "auto":
        raise ImportFailed(f"--format {name}: reads recordings without a schema; leave out --format or --schema")
    head = read_head(path)
    constructed = l2table.constructed(head)
    schema = l2table.fitting(schemas, head) if name == "auto" else None
    if schema is not None:
        sniff, rows = partial(l2table.sniff_by_schema, schema), partial(l2table.rows_by_schema, schema)
        clock = l2table.clock(head, schema)
        importer = Importer("", sniff, rows, clock=clock, note=f"schema sha256 {schema.sha256()}")
        return Recognised(sniff(head), path, f"schema:{schema.name}", importer, constructed)
    candidates = IMPORTERS if name == "auto" else {name: IMPORTERS[name]}
    try:
        found, first_ns = _sniffed(head, candidates)
    except ImportFailed as err:
        if not schemas:
            raise
        raise ImportFailed(f"{err}; {l2table.misfits(schemas, head)}") from err
    importer = IMPORTERS[found]
    if found == "l2table":
        importer = msgspec.structs.replace(importer, clock=l2table.clock(head))
    return Recognised(first_ns, path, found, importer, constructed)


def _sniffed(head: Head, candidates: Mapping[str, Importer]) -> tuple[str, int]:
    for found, importer in candidates.items():
        first_ns = importer.sniff(head)
        if first_ns:
            return found, first_ns
    told = f"{head.path}: not a recording that can be imported; found {head.found()}"
    if len(candidates) > 1:
        raise ImportFailed(
            f"{told}; none of {', '.join(candidates)} fits: --format NAME tells what that one looks for, --schema FILE "
            "maps a table of another kind (docs/importing.md)"
        )
    looked = "; ".join(f"{known} looks for {importer.looks_for}" for known, importer in candidates.items())
    raise ImportFailed(f"{told}; {looked}")
