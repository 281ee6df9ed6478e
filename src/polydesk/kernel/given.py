"""Rows, feed times and cursors given to compiled code, looked at once for each window of rows.

Compiled code reads and writes them without looking at bounds, so that one that is too short would damage memory. Types
alone are checked when it is called; what it may reach is checked here, outside of it, because that costs nothing there.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from polydesk.kernel.state import I64
from polydesk.model.errors import InvariantBroken
from polydesk.model.rows import ROW_DTYPE

SEEN_COLUMNS, PLACES = 3, 3
"""Numbers of a row in what ``feed_times`` fills in, and of a cursor: the venue's next row, the view's next row, and the
first row known to wake the desk."""


def check_rows(rows: NDArray[Any], seen: I64 | None = None) -> None:
    """Refuse rows that are not a tape's, and times that are not theirs.

    Args:
        rows: ``ROW_DTYPE``, one dimension, contiguous.
        seen: With feed latency what ``feed_times`` fills in: whole numbers, (rows, 3), contiguous, writeable.

    Raises:
        InvariantBroken: They are something else; names the array and what is wrong with it.
    """
    if rows.dtype != ROW_DTYPE or rows.ndim != 1 or not rows.flags.c_contiguous:
        raise InvariantBroken(f"rows: {_told(rows)}; needed are the rows of a tape, one after another")
    if seen is None:
        return
    if not _whole_numbers(seen) or seen.shape != (len(rows), SEEN_COLUMNS):
        needed = f"({len(rows)}, {SEEN_COLUMNS})"
        raise InvariantBroken(
            f"seen: {_told(seen)}; needed are contiguous int64 of shape {needed}, one line for each row"
        )


def check_cursor(rows: NDArray[Any], cursor: I64) -> None:
    """Refuse a cursor that does not point into these rows.

    Args:
        rows: Of the window.
        cursor: Whole numbers, (3,), contiguous, writeable; the venue's row may lie behind the end.

    Raises:
        InvariantBroken: It is something else; names what is wrong with it.
    """
    if not _whole_numbers(cursor) or cursor.shape != (PLACES,):
        raise InvariantBroken(f"cursor: {_told(cursor)}; needed are {PLACES} contiguous int64")
    venue, view, first = cursor.tolist()
    if venue < 0 or not 0 <= view <= len(rows) or not -1 <= first < max(1, len(rows)):
        raise InvariantBroken(f"cursor: {[venue, view, first]} does not point into the {len(rows)} rows of its window")


def _whole_numbers(found: NDArray[Any]) -> bool:
    return found.dtype == np.int64 and found.flags.c_contiguous and found.flags.writeable


def _told(found: NDArray[Any]) -> str:
    lacks = [name for name in ("c_contiguous", "writeable") if not getattr(found.flags, name)]
    dtype = "records" if found.dtype.names else str(found.dtype)
    return f"{dtype} of shape {found.shape}" + "".join(f", not {name.removeprefix('c_')}" for name in lacks)
