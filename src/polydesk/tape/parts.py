"""Rows as Parquet columns and back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polydesk.model.errors import TapeError
from polydesk.model.rows import ROW_DTYPE

GROUP_ROWS = 65_536
"""Rows in a Parquet row group: what a reader holds in memory at once (4 MiB)."""

_STORED = tuple(name for name in ROW_DTYPE.names or () if name != "seq")
SCHEMA = pa.schema([pa.field(name, pa.from_numpy_dtype(ROW_DTYPE[name]), nullable=False) for name in _STORED])
"""The columns of a part: every field of a row except ``seq``, which is the position on the tape."""

_TIMES = {"ts_ns": "DELTA_BINARY_PACKED", "venue_ns": "DELTA_BINARY_PACKED", "recv_ns": "DELTA_BINARY_PACKED"}


def new_part(path: Path) -> pq.ParquetWriter:
    """Open a Parquet file for rows: zstd, page checksums, times delta encoded."""
    return pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        compression_level=6,
        use_dictionary=[name for name in _STORED if name not in _TIMES],
        column_encoding=_TIMES,
        write_page_checksum=True,
        store_schema=False,
    )


def to_table(rows: np.ndarray) -> pa.Table:
    """Return rows of ``ROW_DTYPE`` as a table of ``SCHEMA``."""
    return pa.Table.from_arrays([pa.array(np.ascontiguousarray(rows[name])) for name in _STORED], schema=SCHEMA)


def read_part(path: Path, rows: int, skip: int = 0) -> Iterator[np.ndarray]:
    """Read a part, one row group at a time.

    Args:
        path: The Parquet file.
        rows: How many rows the manifest promises.
        skip: Rows to leave out at the start; whole row groups among them are not read.

    Yields:
        Arrays of ``ROW_DTYPE``, C-contiguous, with ``seq`` left at 0.

    Raises:
        TapeError: The file is missing, damaged or not what the manifest promises.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as part:
            _check(path, part, rows)
            for group in range(part.num_row_groups):
                count = part.metadata.row_group(group).num_rows
                if skip >= count:
                    skip -= count
                    continue
                yield _to_rows(part.read_row_group(group, columns=list(_STORED)))[skip:]
                skip = 0
    except FileNotFoundError as err:
        raise TapeError(f"{path}: this part of the tape is missing; import the recording again") from err
    except (OSError, pa.ArrowException) as err:
        raise TapeError(f"{path}: damaged ({err}); import the recording again") from err


def _check(path: Path, part: pq.ParquetFile, rows: int) -> None:
    if part.schema_arrow.names != list(_STORED):
        raise TapeError(f"{path}: columns are {part.schema_arrow.names}, not a tape's; import the recording again")
    if part.metadata.num_rows != rows:
        raise TapeError(
            f"{path}: has {part.metadata.num_rows} rows, the manifest says {rows}; import the recording again"
        )


def _to_rows(table: pa.Table) -> np.ndarray:
    rows = np.zeros(table.num_rows, ROW_DTYPE)
    for name in _STORED:
        rows[name] = table.column(name).to_numpy()
    return rows
