"""Applying recorded rows until the desk has to look: the loop of every backtest, paper and live session."""

from typing import Any

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from polydesk.kernel.books import clear, set_level, set_tick
from polydesk.kernel.given import check_rows
from polydesk.kernel.jit import entry, kernel
from polydesk.kernel.matching import is_watching, match_print, trade_through
from polydesk.kernel.queue import move_queues
from polydesk.kernel.state import BOOKS, FILLS, OWN, ROWS, SLOTS, WAKE, Books, Count, Fact, Fills, Own, Wake, WakeBit
from polydesk.model.errors import InvariantBroken, TapeError
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.rows import NO_WITNESS, RowFlag, RowKind

_ONE = PRICE_ONE_G4
_SNAPSHOT, _CHANGE, _PRINT = int(RowKind.SNAPSHOT), int(RowKind.CHANGE), int(RowKind.PRINT)
_TICK, _WITNESS, _REFERENCE = int(RowKind.TICK), int(RowKind.WITNESS), int(RowKind.REFERENCE)
_NEWS, _STATUS = int(RowKind.NEWS), int(RowKind.STATUS)
_LAST, _FIRST, _EMPTY = int(RowFlag.LAST), int(RowFlag.FIRST), int(RowFlag.EMPTY)
_NO_WITNESS = NO_WITNESS
_INVALID, _PRINTS, _CROSSED = int(Count.INVALID), int(Count.PRINTS), int(Count.CROSSED)
_WITNESS_SAME, _WITNESS_DIFFERENT = int(Count.WITNESS_SAME), int(Count.WITNESS_DIFFERENT)
_SEQ, _OTHER = int(Fact.SEQ), int(Fact.OTHER_NS)
_BOOK, _MOVED = int(Fact.BOOK_NS), int(Fact.MOVED)
_PRINT_PRICE, _PRINT_TS, _PRINT_SIZE = int(Fact.PRINT_PRICE), int(Fact.PRINT_TS_NS), int(Fact.PRINT_SIZE)
_ON_TOUCH, _ON_MID, _ON_PRINT, _ON_OWN = (
    int(WakeBit.TOUCH), int(WakeBit.MID), int(WakeBit.PRINT), int(WakeBit.OWN),
)  # fmt: skip
_AT_LAST = 1  # beside the wake bits of an event, which has none of the touch: the row ends a message
_EVENTS = 0xFE
_ON_REFERENCE, _ON_STATUS, _ON_TICK = int(WakeBit.REFERENCE), int(WakeBit.STATUS), int(WakeBit.TICK)


@kernel(int64(BOOKS, OWN, FILLS, ROWS, uint64))
def _apply_print(books: Books, own: Own, fills: Fills, rows: NDArray[Any], index: np.uint64) -> int:
    row = rows[index]
    market = row["market"]
    price = int(row["price_g4"])
    side = int(row["side"])
    size = row["size_u6"]
    if row["token"] == 1:
        price = _ONE - price
        side = -side
    if price <= 0 or price >= _ONE or size <= 0 or row["token"] > 1:
        books.count[market, _INVALID] += 1
        return 0
    books.count[market, _PRINTS] += 1
    books.last[market, _PRINT_PRICE] = price
    books.last[market, _PRINT_TS] = row["ts_ns"]
    books.last[market, _PRINT_SIZE] = size
    if own.open[market] > 0:
        match_print(own, fills, market, side, price, size, row["seq"])
    return _ON_PRINT


@kernel(int64(BOOKS, ROWS, uint64))
def _compare_witness(books: Books, rows: NDArray[Any], index: np.uint64) -> int:
    row = rows[index]
    market = row["market"]
    bid, ask = int(row["bid_g4"]), int(row["ask_g4"])
    if _NO_WITNESS in (bid, ask):
        return 0
    if row["token"] == 1:
        bid, ask = _ONE - ask, _ONE - bid
    agrees = bid == books.touch[market, 0] and ask == books.touch[market, 1]
    books.count[market, _WITNESS_SAME if agrees else _WITNESS_DIFFERENT] += 1
    return 0


@kernel(int64(BOOKS, OWN, FILLS, ROWS, uint64), inline=False)
def _apply_other(books: Books, own: Own, fills: Fills, rows: NDArray[Any], index: np.uint64) -> int:
    # Every kind that is not a level; returns the wake bit of the event.
    kind = rows[index]["kind"]
    market = rows[index]["market"]
    if kind == _PRINT:
        return _apply_print(books, own, fills, rows, index)
    if kind == _TICK and rows[index]["aux"] > 0:
        set_tick(books, market, rows[index]["aux"])
        return _ON_TICK
    if kind == _WITNESS:
        books.last[market, _BOOK] = rows[index]["ts_ns"]
        return _compare_witness(books, rows, index)
    if kind in (_REFERENCE, _NEWS):
        return _ON_REFERENCE
    if kind == _STATUS:
        if rows[index]["side"] < 0:
            books.last[market, _BOOK] = 0
        return _ON_STATUS
    books.count[market, _INVALID] += 1
    return 0


@kernel(int64(BOOKS, WAKE, int64, int64))
def _reasons(books: Books, wake: Wake, market: int, event: int) -> int:
    mask = wake.mask[market]
    bits: int = mask & event & _EVENTS
    if mask & (_ON_TOUCH | _ON_MID):
        bid, ask = int(books.touch[market, 0]), int(books.touch[market, 1])
        was_bid, was_ask = int(wake.seen[market, 0]), int(wake.seen[market, 1])
        if bid != was_bid or ask != was_ask:
            bits |= mask & _ON_TOUCH
            if abs(bid + ask - was_bid - was_ask) >= wake.step[market]:
                bits |= mask & _ON_MID
    return bits


@kernel(int64(BOOKS, WAKE, int64, int64, int64))
def _source_wide(books: Books, wake: Wake, market: int, kind: int, side: int) -> int:
    # A reference price, a news item or a source status may concern no single market: -1. Returns -1 for a bad row.
    if market != -1 or kind < _REFERENCE or kind > _STATUS:
        return -1
    if kind == _STATUS and side < 0:
        for other in range(wake.mask.shape[0]):
            books.last[other, _OTHER] = max(books.last[other, _OTHER], books.last[other, _BOOK])
            books.last[other, _BOOK] = 0
    bit = _ON_STATUS if kind == _STATUS else _ON_REFERENCE
    for other in range(wake.mask.shape[0]):
        if wake.mask[other] & bit:
            return bit
    return 0


@kernel(int64(BOOKS, int64))
def _attention(books: Books, market: int) -> int:
    # Events that need `_message_end` now, as a mask: the end of a message while `Fact.MOVED` is 1, which is `_AT_LAST`.
    # No branches: whether a row ends a message is a coin flip to the CPU, so it is tested only with something rare.
    return int(_EVENTS | books.last[market, _MOVED])


@kernel(int64(BOOKS, OWN, FILLS, WAKE, int64, int64, int64), inline=False)
def _message_end(books: Books, own: Own, fills: Fills, wake: Wake, market: int, event: int, before: int) -> int:
    # Not inlined, like the other rare branches: what they keep in registers the loop over the rows would lack.
    # Returns the market's reasons to wake, 0 for none; `before` is the number of fills when the call began.
    if event & _AT_LAST:
        if books.touch[market, 0] >= books.touch[market, 1]:
            books.count[market, _CROSSED] += 1
        if own.open[market] > 0:
            move_queues(books, own, market)
            trade_through(books, own, fills, market, books.last[market, _SEQ])
    bits = _ON_OWN if fills.n[0] != before else 0
    if wake.mask[market] != 0:
        bits |= _reasons(books, wake, market, event)
    bid, ask = books.touch[market, 0], books.touch[market, 1]
    if bits & ~_ON_OWN:
        wake.seen[market, 0] = bid
        wake.seen[market, 1] = ask
    if event & _AT_LAST:
        # A crossed book is counted with every message, a move that woke nobody yet may still add up to one, and own
        # orders may have to be looked at again.
        waits = wake.mask[market] != 0 and (bid != wake.seen[market, 0] or ask != wake.seen[market, 1])
        books.last[market, _MOVED] = waits or bid >= ask or is_watching(books, own, market) != 0
    return bits


@kernel(int64(BOOKS, OWN, FILLS, ROWS, uint64))
def _apply(books: Books, own: Own, fills: Fills, rows: NDArray[Any], index: np.uint64) -> int:
    # Returns the event's wake bit, with `_AT_LAST` when the row ends a message.
    row = rows[index]
    market = row["market"]
    kind = row["kind"]
    flags = row["flags"]
    token = int(row["token"])
    at_ns = row["ts_ns"]
    venue_ns = row["venue_ns"]
    books.last[market, _SEQ] = row["seq"]
    event = 0
    if kind in (_CHANGE, _SNAPSHOT):
        books.last[market, _BOOK] = at_ns
        if venue_ns != 0:
            at_ns = venue_ns
        if flags & (_FIRST | _EMPTY):
            clear(books, market, token, at_ns)
        if not flags & _EMPTY:
            set_level(books, market, token, int(row["side"]), int(row["price_g4"]), row["size_u6"], at_ns)
    else:
        books.last[market, _OTHER] = at_ns
        event = _apply_other(books, own, fills, rows, index)
    return event | int(flags & _LAST)


@kernel(int64(BOOKS, OWN, FILLS, WAKE, ROWS, int64, int64))
def apply_row(books: Books, own: Own, fills: Fills, wake: Wake, rows: NDArray[Any], index: int, before: int) -> int:
    """Apply one row; return the reasons to wake, which ``wake.out`` then holds, or -1 for a row of no known market.

    Args:
        books: State.
        own: State.
        fills: Receives the fills.
        wake: Masks; what was seen last.
        rows: ``ROW_DTYPE``.
        index: The row.
        before: Fills in the buffer when the caller began.
    """
    at = np.uint64(index)
    market = int(rows[at]["market"])
    bits = 0
    if 0 <= market < books.touch.shape[0]:
        event = _apply(books, own, fills, rows, at)
        if event & _attention(books, market):
            bits = _message_end(books, own, fills, wake, market, event, before)
    else:
        bits = _source_wide(books, wake, market, rows[at]["kind"], int(rows[at]["side"]))
        market = -1
    if bits > 0:
        wake.out[0] = market
        wake.out[1] = bits
    return bits


@kernel(int64(BOOKS, OWN, FILLS, WAKE, ROWS, int64, int64, int64), inline=False)
def advance_rows(
    books: Books, own: Own, fills: Fills, wake: Wake, rows: NDArray[Any], start: int, stop: int, horizon_ns: int
) -> int:
    """Compiled body of ``advance``; returns ``-1 - index`` for a row that names a market outside the books."""
    before = fills.n[0]
    if fills.rows.shape[0] - before < 2 * SLOTS:
        raise InvariantBroken("advance: fills has no room for one message; read fills.rows and set fills.n[0] = 0")
    wake.out[0] = -1
    wake.out[1] = 0
    index = max(start, 0)
    stop = min(stop, rows.shape[0])
    bits = 0
    while index < stop and bits == 0 and rows[np.uint64(index)]["ts_ns"] < horizon_ns:
        bits = apply_row(books, own, fills, wake, rows, index, before)
        if bits < 0:
            return -1 - index
        index += 1
    wake.out[2] = index - 1 if index > start else -1
    return index


_advance_rows = entry(advance_rows)


def advance(
    books: Books, own: Own, fills: Fills, wake: Wake, rows: NDArray[Any], start: int, stop: int, horizon_ns: int
) -> int:
    """Apply rows in order until the desk has to look.

    Stops right after a message that filled own orders or that a market's wake mask asks for, before the first row at
    or after the horizon, or at ``stop``. ``wake.out`` says which: market, reason bits, last row applied.

    Args:
        books: State.
        own: State.
        fills: Receives the fills of the last message; needs room for 128 rows.
        wake: Masks, and the answer in ``out``.
        rows: ``ROW_DTYPE``, one dimension, contiguous, ``ts_ns`` never decreasing.
        start: First row to apply.
        stop: Row to stop before.
        horizon_ns: Virtual time to stop before.

    Returns:
        Index of the next row.

    Raises:
        TapeError: A row names a market outside the books; the rows before it are applied.
        InvariantBroken: ``fills`` is nearly full, the caller did not read it; or ``rows`` are not tape rows.
    """
    check_rows(rows)
    index: int = _advance_rows(books, own, fills, wake, rows, start, stop, horizon_ns)
    if index < 0:
        raise foreign_row(books, rows, -1 - index)
    return index


def foreign_row(books: Books, rows: NDArray[Any], row: int) -> TapeError:
    """Return the error for a row whose market is outside the books."""
    known = books.touch.shape[0]
    return TapeError(f"row {row}: market {rows[row]['market']} is outside the {known} of the tape; verify the tape")
