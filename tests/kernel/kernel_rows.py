"""Short ways to write rows and a one-market kernel state in tests."""

from typing import Any

import numpy as np

from polydesk.kernel import Books, Fills, Own, Wake, advance, new_books, new_fills, new_own, new_wake
from polydesk.model.rows import RowFlag, RowKind, empty_rows

LAST, FIRST, EMPTY = RowFlag.LAST, RowFlag.FIRST, RowFlag.EMPTY
FAR = 1 << 62


def row(kind: RowKind, at: int = 1, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "ts_ns": at, "venue_ns": at, "flags": LAST, **fields}


def change(side: int, price: int, size: int, at: int = 1, **fields: Any) -> dict[str, Any]:
    return row(RowKind.CHANGE, at, side=side, price_g4=price, size_u6=size, **fields)


def snapshot(side: int, price: int, size: int, at: int = 1, **fields: Any) -> dict[str, Any]:
    return row(RowKind.SNAPSHOT, at, side=side, price_g4=price, size_u6=size, **fields)


def printed(side: int, price: int, size: int, at: int = 1, **fields: Any) -> dict[str, Any]:
    return row(RowKind.PRINT, at, side=side, price_g4=price, size_u6=size, **fields)


def as_rows(given: list[dict[str, Any]]) -> np.ndarray:
    rows = empty_rows(len(given))
    for index, fields in enumerate(given):
        rows[index]["seq"] = index
        for name, value in fields.items():
            rows[index][name] = value
    return rows


class Desk:
    """The kernel's four tables and the fills read so far."""

    def __init__(self, markets: int = 1) -> None:
        self.books: Books = new_books(markets, np.full(markets, 100))
        self.own: Own = new_own(markets)
        self.fills: Fills = new_fills()
        self.wake: Wake = new_wake(markets)

    def run(self, *given: dict[str, Any]) -> None:
        """Apply rows to the end, however often the kernel stops."""
        rows = as_rows(list(given))
        index = 0
        while index < len(rows):
            index = advance(self.books, self.own, self.fills, self.wake, rows, index, len(rows), FAR)

    def filled(self) -> list[tuple[int, int, int, int]]:
        """Read and empty the fill buffer: handle, book price, size, cause."""
        rows = self.fills.rows[: self.fills.n[0]]
        read = [(int(r[0]), int(r[2]), int(r[3]), int(r[4])) for r in rows]
        self.fills.n[0] = 0
        return read
