"""Rows of one source, collected message by message into arrays."""

import msgspec
import numpy as np

from polydesk.model.rows import NO_WITNESS, ROW_DTYPE, RowFlag, RowKind

BATCH_ROWS = 16_384
"""A batch is handed on at the first message end after this many rows."""

LAST, FIRST, DERIVED, EMPTY = (int(flag) for flag in (RowFlag.LAST, RowFlag.FIRST, RowFlag.DERIVED, RowFlag.EMPTY))
BID, ASK = 1, -1
NO_MARKET = -1
"""Market of a row that concerns none or all of them."""
Sides = tuple[dict[int, int], dict[int, int]]
"""Bids and asks of one token as ``{price_g4: size_u6}``."""


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """When and where a message belongs: its times, market index and token number."""

    ts_ns: int
    venue_ns: int
    recv_ns: int
    market: int
    token: int


class Batch:
    """Collects rows; every ``add_*`` call is one venue message and ends with ``RowFlag.LAST``."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def full(self) -> bool:
        """Whether it is time to hand the rows on."""
        return len(self._rows) >= BATCH_ROWS

    def take(self) -> np.ndarray:
        """Return the collected rows as an array of ``ROW_DTYPE`` and start afresh."""
        rows = np.array(self._rows, ROW_DTYPE)
        self._rows = []
        return rows

    def add_snapshot(self, at: Stamp, sides: Sides, flags: int = 0) -> None:
        """Add a full book."""
        levels = [(BID, price, size) for price, size in sides[0].items()]
        levels += [(ASK, price, size) for price, size in sides[1].items()]
        if not levels:
            self.add(at, RowKind.SNAPSHOT, flags=flags | FIRST | EMPTY)
            return
        self._levels(at, RowKind.SNAPSHOT, levels, flags)
        first = len(self._rows) - len(levels)
        self._rows[first] = (*self._rows[first][:-1], self._rows[first][-1] | FIRST)

    def add_derived(self, at: Stamp, changes: list[tuple[int, int, int]]) -> None:
        """Add level changes ``(side, price_g4, size_u6)`` that were computed from two books."""
        self._levels(at, RowKind.CHANGE, changes, DERIVED)

    def _levels(self, at: Stamp, kind: RowKind, levels: list[tuple[int, int, int]], flags: int) -> None:
        head = (0, at.ts_ns, at.venue_ns, at.recv_ns)
        number, market, token = int(kind), at.market, at.token
        self._rows += [
            (*head, size, market, price, NO_WITNESS, NO_WITNESS, 0, number, side, token, flags)
            for side, price, size in levels
        ]
        self.end_message()

    def add(
        self,
        at: Stamp,
        kind: RowKind,
        *,
        side: int = 0,
        price: int = 0,
        size: int = 0,
        best: tuple[int, int] = (NO_WITNESS, NO_WITNESS),
        aux: int = 0,
        flags: int = 0,
        last: bool = True,
    ) -> None:
        """Add one row; with ``last`` false the message goes on."""
        flags |= LAST if last else 0
        self._rows.append(
            (0, at.ts_ns, at.venue_ns, at.recv_ns, size, at.market, price, *best, aux, int(kind), side, at.token, flags)
        )

    def end_message(self) -> None:
        """Mark the row added last as the end of its message."""
        self._rows[-1] = (*self._rows[-1][:-1], self._rows[-1][-1] | LAST)
