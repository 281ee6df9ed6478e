"""Cells of a table as the market channel would write them: exact numbers, levels, times, words."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from polydesk.model.errors import NumberError
from polydesk.model.grid import NS_PER_S
from polydesk.tape.importers.schema import Unit
from polydesk.tape.importers.source import NOT_JSON
from polydesk.tape.importers.tally import plausible
from polydesk.tape.importers.wire import Number

Cell = Any
"""What a reader gives: None, bool, int, float, Decimal, str, a list or a dict."""

_DIGITS = 9
"""A double is read as the decimal of this many places next to it: more than its error at any price or size that can
occur, less than any step of the grid."""

_LONGEST = 20
"""Most digits of a whole number that can be a time."""

_NS = {"s": NS_PER_S, "ms": 1_000_000, "us": 1_000, "ns": 1}
_ISO = re.compile(r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9})\d*)?\s*(Z|UTC|[+-]\d\d:?(?:\d\d)?)?$")


def number(cell: Cell, per_unit: int = 1) -> Number:
    """Return a number for the grid to convert, divided by how many of the table's units make one.

    Raises:
        NumberError: Empty, not a number, or not finite.
    """
    kind = type(cell)
    if kind is Decimal:
        cell = str(cell)
    elif isinstance(cell, bool) or cell is None or cell == "":
        raise NumberError(f"{'an empty cell' if cell in (None, '') else cell} where a number must stand")
    elif kind is float:
        if not math.isfinite(cell):
            raise NumberError(f"{cell} is not a number")
        cell = repr(round(cell, _DIGITS))
    elif kind is not str and kind is not int:
        raise NumberError(f"{kind.__name__} where a number must stand")
    return cell if per_unit == 1 else _divided(cell, per_unit)


@lru_cache(maxsize=1 << 16)
def _divided(cell: str | int, per_unit: int) -> str:
    try:
        return f"{Decimal(cell) / per_unit:f}"
    except (InvalidOperation, ValueError) as err:
        raise NumberError(f"{cell!r} is not a number") from err


def items(cell: Cell) -> Sequence[Cell]:
    """Return a cell's list: a list, JSON text of one, or text with commas; an empty cell is an empty list.

    Raises:
        NumberError: None of these.
    """
    if cell is None or cell == "":
        return ()
    if isinstance(cell, str):
        if not cell.lstrip().startswith("["):
            return [part.strip() for part in cell.split(",")]
        try:
            cell = msgspec.json.decode(cell)
        except NOT_JSON as err:
            raise NumberError(f"levels are not valid JSON ({err})") from err
    if not isinstance(cell, list | tuple):
        raise NumberError(f"{type(cell).__name__} where a list of levels must stand")
    return cell


def time_ns(cell: Cell, unit: Unit) -> int:
    """Return a time in ns UTC, 0 for an empty cell. Text without a zone is UTC.

    Raises:
        NumberError: Not a time of the years a recording can come from.
    """
    if cell is None or cell in ("", 0, "0"):
        return 0
    ts_ns = _integer_ns(cell, unit) if type(cell) is int else _text_ns(str(cell).strip(), unit)
    if not plausible(ts_ns):
        raise NumberError(f"time {cell!r} is not between 2017 and 2096; check the unit")
    return ts_ns


def _integer_ns(value: int, unit: Unit) -> int:
    if unit in _NS:
        return value * _NS[unit]
    scale = "s" if value < 10**11 else "ms" if value < 10**14 else "us" if value < 10**17 else "ns"
    return value * _NS[scale]


@lru_cache(maxsize=1 << 10)
def _text_ns(text: str, unit: Unit) -> int:
    if unit != "iso":
        try:
            value = Decimal(text)
            # A damaged exponent would take minutes to write out as a whole number.
            whole = int(value) if value.adjusted() <= _LONGEST else 0
        except (InvalidOperation, ValueError, OverflowError):
            pass
        else:
            scale = _integer_ns(whole, unit) // whole if whole else 0
            return int(value * scale)
    return _iso_ns(text)


def _iso_ns(text: str) -> int:
    found = _ISO.match(text)
    if found is None:
        raise NumberError(f"time {text!r} is neither a number nor an ISO time")
    zone = "+00:00" if found[3] in (None, "Z", "UTC") else found[3]
    try:
        moment = datetime.fromisoformat(found[1] + zone)
    except ValueError as err:
        raise NumberError(f"time {text!r} is not a time") from err
    seconds = round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return seconds * NS_PER_S + int((found[2] or "").ljust(9, "0"))


def word(cell: Cell) -> str:
    """Return a cell as text; bytes of fixed length lose their filling."""
    if type(cell) is str:
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bytes):
        return cell.rstrip(b"\0 ").decode("utf-8", "replace")
    return str(cell).strip()
