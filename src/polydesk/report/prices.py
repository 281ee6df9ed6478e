"""Prices of the traded markets, read again from the tape: for charts, for markouts and for the last bids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.model.records import Fill
from polydesk.tape.reader import Tape

if TYPE_CHECKING:
    from polydesk.kernel import Books

POINTS = 400
"""Most samples of one market's chart."""

HORIZONS_S = (1, 5, 30, 60)
"""Seconds after a fill at which its markout is read."""

_LEAD = 0.05
_LEAST_LEAD_NS = 20 * NS_PER_S

Sample = tuple[int, int, int]
"""Time, best bid and best ask of token 0 on the grid; 0 and 10 000 where a side is empty."""


@dataclass(frozen=True)
class BookCounts:
    """What the kernel counted while it built one market's book.

    Attributes:
        market: Index.
        rows: Rows applied, of every kind.
        late: Level rows left out because newer venue time had written the level.
        mirrored: Level rows that the other token's frame of the same venue time had told already.
        mirror_different: Those that said something else.
        crossed: Messages that left the book crossed or locked.
        witnesses: Best prices told by the venue beside the book.
        witness_different: Those that disagree with the book.
        invalid: Rows without a usable price, size, side or token, left out.
    """

    market: int
    rows: int
    late: int
    mirrored: int
    mirror_different: int
    crossed: int
    witnesses: int
    witness_different: int
    invalid: int


@dataclass(frozen=True)
class Prices:
    """What the replay saw.

    Attributes:
        series: Samples by market, in order of time.
        bids: Best bid at the end of the session by market and token.
        after: Doubled mid of the fill's token on the grid, by fill id and horizon in seconds, 0 for the moment
            before the fill; missing where the book was one-sided or the tape had ended.
        books: Counters of every market with rows.
    """

    series: Mapping[int, Sequence[Sample]]
    bids: Mapping[tuple[int, int], int]
    after: Mapping[tuple[str, int], int]
    books: Sequence[BookCounts] = ()


@dataclass(frozen=True)
class _Ask:
    """One moment at which one market is looked at; ``fill`` is empty for chart samples."""

    ts_ns: int
    market: int
    fill: str
    token: int
    horizon_s: int


def replay_prices(tape: Tape, tape_range: tuple[int, int], fills: Iterable[Fill], stop: int | None = None) -> Prices:
    """Replay the tape through the kernel's books: look at the traded markets, count what does not fit.

    Args:
        tape: The session's tape.
        tape_range: First and last row of the session, half open.
        fills: The session's fills; they say which markets, when, and what to mark out.
        stop: Row after which the session ended early; the end of the range when omitted.

    Raises:
        TapeError: The tape is damaged.
    """
    from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake, touch  # noqa: PLC0415 - numba

    fills = list(fills)
    markets = tape.manifest.markets
    asks = sorted(_asks(fills), key=lambda ask: ask.ts_ns)
    last = tape_range[1] if stop is None else min(stop, tape_range[1])
    books = new_books(len(markets), np.array([market.tick_g4.value for market in markets], np.int32))
    own, sink, wake = new_own(len(markets)), new_fills(), new_wake(len(markets))
    series: dict[int, list[Sample]] = {fill.market: [] for fill in fills}
    after: dict[tuple[str, int], int] = {}
    at = 0
    for rows in tape.batches(tape_range[0], last):
        index = 0
        end_ns = int(rows[-1]["ts_ns"])
        while at < len(asks) and asks[at].ts_ns <= end_ns:
            index = advance(books, own, sink, wake, rows, index, len(rows), asks[at].ts_ns)
            bid, ask = touch(books, asks[at].market, 0)
            _note(asks[at], bid, ask, series, after)
            at += 1
        advance(books, own, sink, wake, rows, index, len(rows), end_ns + 1)
    for market, samples in series.items():
        if samples:
            samples.append((samples[-1][0] + 1, *touch(books, market, 0)))
    bids = {(market, token): touch(books, market, token)[0] for market in series for token in (0, 1)}
    return Prices(series, bids, after, _book_counts(books))


def _book_counts(books: "Books") -> tuple[BookCounts, ...]:
    from polydesk.kernel import Count  # noqa: PLC0415 - numba

    out = []
    for market, row in enumerate(books.count.tolist()):
        counts = dict(zip(Count, row, strict=True))
        if counts[Count.APPLIED]:
            out.append(
                BookCounts(
                    market,
                    rows=counts[Count.APPLIED],
                    late=counts[Count.LATE],
                    mirrored=counts[Count.MIRROR_SAME] + counts[Count.MIRROR_DIFFERENT],
                    mirror_different=counts[Count.MIRROR_DIFFERENT],
                    crossed=counts[Count.CROSSED],
                    witnesses=counts[Count.WITNESS_SAME] + counts[Count.WITNESS_DIFFERENT],
                    witness_different=counts[Count.WITNESS_DIFFERENT],
                    invalid=counts[Count.INVALID],
                )
            )
    return tuple(out)


def _note(ask: _Ask, bid: int, offer: int, series: dict[int, list[Sample]], after: dict[tuple[str, int], int]) -> None:
    if not ask.fill:
        series[ask.market].append((ask.ts_ns, bid, offer))
    elif 0 < bid < offer < PRICE_ONE_G4:
        doubled = bid + offer
        after[ask.fill, ask.horizon_s] = doubled if ask.token == 0 else 2 * PRICE_ONE_G4 - doubled


def _asks(fills: Sequence[Fill]) -> Iterable[_Ask]:
    spans: dict[int, tuple[int, int]] = {}
    for fill in fills:
        first, final = spans.get(fill.market, (fill.ts_ns, fill.ts_ns))
        spans[fill.market] = (min(first, fill.ts_ns), max(final, fill.ts_ns))
        yield _Ask(fill.matched_ns, fill.market, fill.id, fill.token, 0)
        for horizon in HORIZONS_S:
            yield _Ask(fill.matched_ns + horizon * NS_PER_S, fill.market, fill.id, fill.token, horizon)
    for market, (first, final) in spans.items():
        lead = max(_LEAST_LEAD_NS, int((final - first) * _LEAD))
        step = max(1, (final - first + 2 * lead) // (POINTS - 1))
        for point in range(POINTS):
            yield _Ask(first - lead + point * step, market, "", 0, 0)
