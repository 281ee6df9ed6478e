"""Prices and prints of a session's tape up to where the session is, for charts that begin before the page opened."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polydesk.model.errors import TapeError
from polydesk.model.rows import RowKind
from polydesk.tape.reader import Tape, open_tape

POINTS = 400
"""Most samples of one market."""

MOST_ROWS = 30_000_000
"""Longer tapes are not read again for a chart; it then begins when the page is opened."""

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Print:
    """A trade on the tape; ``price_g4`` is that of ``token``, ``side`` the taker's (0 when not told)."""

    ts_ns: int
    token: int
    side: int
    price_g4: int
    size_u6: int


@dataclass(frozen=True)
class History:
    """What one tape holds.

    Attributes:
        touch: By market: time, best bid and best ask of token 0 on the grid, shape (n, 3); 0 and 10 000 for none.
        prints: All prints in order of time: time, market, token, side, price, size; shape (n, 6).
    """

    touch: dict[int, I64]
    prints: I64

    def touch_until(self, market: int, ts_ns: int) -> I64:
        """Return a market's samples at or before ``ts_ns``."""
        samples = self.touch.get(market)
        if samples is None:
            return np.empty((0, 3), np.int64)
        return samples[: int(np.searchsorted(samples[:, 0], ts_ns, side="right"))]

    def prints_until(self, market: int, ts_ns: int, most: int) -> list[Print]:
        """Return a market's last prints at or before ``ts_ns``, the newest first."""
        upto = self.prints[: int(np.searchsorted(self.prints[:, 0], ts_ns, side="right"))]
        mine = upto[upto[:, 1] == market][-most:][::-1]
        return [Print(ts, token, side, price, size) for ts, _, token, side, price, size in mine.tolist()]


def read_history(tape_path: Path, tape_sha256: str) -> History:
    """Replay a tape through the kernel's books and keep what charts need.

    Raises:
        TapeError: It is gone, damaged, another one, or too long.
    """
    tape = open_tape(tape_path)
    if tape.manifest.sha256 != tape_sha256:
        raise TapeError(f"{tape_path}: another tape is in its place")
    if tape.manifest.rows > MOST_ROWS:
        raise TapeError(f"{tape_path}: {tape.manifest.rows:,} rows are too many to read again for a chart")
    spans, prints = _scan(tape)
    return History(_touch(tape, spans), prints)


def _scan(tape: Tape) -> tuple[dict[int, tuple[int, int]], I64]:
    """Return each market's first and last time, and all prints."""
    count = len(tape.manifest.markets)
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.zeros(count, np.int64)
    found = [np.empty((0, 6), np.int64)]
    for rows in tape.batches():
        own = rows[rows["market"] >= 0]
        np.minimum.at(first, own["market"], own["ts_ns"])
        np.maximum.at(last, own["market"], own["ts_ns"])
        prints = own[own["kind"] == RowKind.PRINT]
        names = ("ts_ns", "market", "token", "side", "price_g4", "size_u6")
        found.append(np.stack([prints[name].astype(np.int64) for name in names], axis=1))
    spans = {market: (int(first[market]), int(last[market])) for market in range(count) if last[market]}
    return spans, np.concatenate(found)


def _touch(tape: Tape, spans: dict[int, tuple[int, int]]) -> dict[int, I64]:
    from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake, touch  # noqa: PLC0415 - numba

    markets = tape.manifest.markets
    books = new_books(len(markets), np.array([market.tick_g4.value for market in markets], np.int32))
    own, sink, wake = new_own(len(markets)), new_fills(), new_wake(len(markets))
    asks = sorted(
        (int(ts_ns), market)
        for market, span in spans.items()
        for ts_ns in np.unique(np.linspace(span[0] + 1, span[1] + 1, POINTS, dtype=np.int64))
    )
    samples: dict[int, list[tuple[int, int, int]]] = {market: [] for market in spans}
    at = 0
    for rows in tape.batches():
        index, end_ns = 0, int(rows[-1]["ts_ns"])
        while at < len(asks) and asks[at][0] <= end_ns:
            ts_ns, market = asks[at]
            index = advance(books, own, sink, wake, rows, index, len(rows), ts_ns)
            samples[market].append((ts_ns, *touch(books, market, 0)))
            at += 1
        advance(books, own, sink, wake, rows, index, len(rows), end_ns + 1)
    for ts_ns, market in asks[at:]:
        samples[market].append((ts_ns, *touch(books, market, 0)))
    return {market: np.array(told, np.int64).reshape(-1, 3) for market, told in samples.items()}
