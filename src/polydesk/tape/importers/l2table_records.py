"""Rows of a table file, whatever its packing: Parquet, CSV, or JSON lines, as ``{column: cell}``."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.errors import ImportFailed
from polydesk.tape.importers.source import MAX_LINE, NOT_JSON, Head, Progress, damaged, read_lines

_PARQUET_ROWS = 4_096

Cells = dict[str, Any]
Record = tuple[int, Cells | None]
"""A row's number from 1 and its cells; ``None`` for one that cannot be read."""


def kind_of(head: Head) -> str:
    """Return ``parquet``, ``jsonl`` or ``csv``, told by a file's first bytes."""
    if head.packing == "parquet":
        return "parquet"
    first = next((line.strip() for line in head.lines if line.strip()), b"")
    return "jsonl" if first[:1] in (b"{", b"[") else "csv"


def columns_of(head: Head) -> list[str]:
    """Return a table's column names: Parquet columns, the CSV header, or the keys of the first JSON lines."""
    kind = kind_of(head)
    if kind == "parquet":
        return list(head.columns)
    if kind == "csv":
        return _header(head.lines)
    names: dict[str, None] = {}
    for line in head.lines:
        for cells in _objects(line):
            names.update(dict.fromkeys(cells or ()))
    return list(names)


def every_column(head: Head) -> list[str]:
    """Return the columns of a whole table; JSON lines may bring further ones at any place."""
    if kind_of(head) != "jsonl":
        return columns_of(head)
    names: dict[str, None] = {}
    for _, cells in _jsonl(head.path, None):
        names.update(dict.fromkeys(cells or ()))
    return list(names)


def has_column(columns: Sequence[str], name: str) -> bool:
    """Return whether a column is there, as a whole or as the outermost part of a dotted path."""
    return name in columns or name.partition(".")[0] in columns


def cell(cells: Cells, name: str) -> Any:
    """Return the cell of a column, following dots into nested objects; ``None`` when it is not there."""
    value: Any = cells.get(name)
    if value is not None or "." not in name or name in cells:
        return value
    value = cells
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def read_records(path: Path, kind: str, columns: Sequence[str], progress: Progress | None = None) -> Iterator[Record]:
    """Read the rows of a table.

    Args:
        path: The file.
        kind: As ``kind_of`` tells.
        columns: Columns that are needed; others may be left unread.
        progress: Told how far the file is read.

    Raises:
        ImportFailed: The file is damaged.
    """
    if kind == "parquet":
        return _parquet(path, columns, progress)
    return _csv(path, progress) if kind == "csv" else _jsonl(path, progress)


def _parquet(path: Path, columns: Sequence[str], progress: Progress | None) -> Iterator[Record]:
    number, size = 0, path.stat().st_size
    try:
        with pq.ParquetFile(path) as file:
            there = file.schema_arrow.names
            wanted = [name for name in there if any(name in (need, need.partition(".")[0]) for need in columns)]
            for batch in file.iter_batches(_PARQUET_ROWS, columns=wanted):
                lists = [_cells(batch.column(place)) for place in range(batch.num_columns)]
                names = batch.schema.names
                for row in zip(*lists, strict=True):
                    number += 1
                    yield number, dict(zip(names, row, strict=True))
                if progress:
                    progress(path.name, size * number // file.metadata.num_rows, size)
    except (OSError, pa.ArrowException) as err:
        raise damaged(path, "Parquet", err) from err


def _cells(column: pa.Array) -> list[Any]:
    """Return a column as Python values: timestamps as ns, single precision as the shortest text that means it."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("ns", tz=kind.tz)).cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return [None if value is None else _shortest(value, kind) for value in column.to_pylist()]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = kind.value_type
        if pa.types.is_float32(inner) or pa.types.is_float16(inner):
            return [row and [_shortest(value, inner) for value in row] for row in column.to_pylist()]
    return column.to_pylist()  # type: ignore[no-any-return]


def _shortest(value: float | None, kind: pa.DataType) -> str | None:
    return None if value is None else str(kind.to_pandas_dtype()(np.float64(value)))


def _header(lines: Sequence[bytes]) -> list[str]:
    return [name.strip() for name in (_split(lines[0]) if lines else None) or ()]


def _csv(path: Path, progress: Progress | None) -> Iterator[Record]:
    """Read a CSV file line by line: a quote that is never closed costs its own line and no other."""
    csv.field_size_limit(MAX_LINE)
    lines = read_lines(path, progress)
    header = [name.strip() for name in _split(next(lines, b"")) or ()]
    if len(set(header)) < len(header):
        repeated = next(name for name in header if header.count(name) > 1)
        raise ImportFailed(f"{path}: line 1: column {repeated!r} stands twice in the header; rename one of them")
    number = 0
    for line in lines:
        row = _split(line)
        if row != []:
            number += 1
            yield number, dict(zip(header, row, strict=True)) if row and len(row) == len(header) else None


def _split(line: bytes) -> list[str] | None:
    """Return the cells of a CSV line; ``None`` for one that is none."""
    try:
        return next(csv.reader([line.decode("utf-8").removesuffix("\r")], strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return None


def _jsonl(path: Path, progress: Progress | None) -> Iterator[Record]:
    number = 0
    for line in read_lines(path, progress):
        if line.strip():
            for cells in _objects(line):
                number += 1
                yield number, cells


def _objects(line: bytes) -> list[Cells | None]:
    """Return the objects of a JSON line, which is one or a list of them."""
    try:
        content = msgspec.json.decode(line)
    except NOT_JSON:
        return [None] if line.strip() else []
    found = content if isinstance(content, list) else [content]
    return [item if isinstance(item, dict) else None for item in found]
