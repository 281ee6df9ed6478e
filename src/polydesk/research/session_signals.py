"""The entries and exits a session's strategies wanted, as stored signals, with what its books showed at each."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from polydesk.kernel import Books, advance, levels, new_books, new_fills, new_own, new_wake, touch
from polydesk.model.errors import SessionError
from polydesk.model.grid import FAR_NS, PRICE_ONE_G4, proceeds_u6
from polydesk.model.market import Market
from polydesk.model.orders import Intent, Purpose
from polydesk.model.records import OrderSent, Refused
from polydesk.report.session import read_session, session_tape
from polydesk.research.stored_signals import Snapshot, Snapshots, Stored, StoredSignal
from polydesk.tape import Tape
from polydesk.tape.journal import journal_hash

LEVELS = 10
"""Levels of each side whose price x size counts as a market's liquidity."""


def read_orders(folder: Path) -> Stored:
    """Return every entry and exit of a session, sent or refused, as a signal, with a snapshot of its book at that row.

    Prices of a snapshot are the mids of the two tokens; its liquidity is the pUSD shown on the best levels of both
    sides. A one-sided book has no mid and therefore no prices.

    Raises:
        SessionError: There is no such session, its tape is gone, or it only quoted.
        JournalError: Its journal is damaged.
    """
    header, records = read_session(folder)
    tape = session_tape(header)
    markets = tape.manifest.markets
    orders = [record for record in records if isinstance(record, OrderSent | Refused)]
    wanted = [record for record in orders if record.intent.purpose is not Purpose.QUOTE]
    if not wanted:
        raise SessionError(
            f"session {header.session} has no signals to replay: {len(orders)} orders, all of them quotes; whether a "
            "quote fills depends on its queue, run `polydesk backtest` instead"
        )
    signals = tuple(_signal(record.intent, record.ts_ns, markets) for record in wanted)
    moments = sorted({(record.seq, record.ts_ns, record.intent.market) for record in wanted})
    snapshots = Snapshots(_snapshots(tape, moments, markets))
    return Stored(header.session, journal_hash(records, header.tape_sha256), signals, snapshots)


def _signal(intent: Intent, ts_ns: int, markets: tuple[Market, ...]) -> StoredSignal:
    market = markets[intent.market]
    return StoredSignal(
        id=intent.id,
        ts_ns=ts_ns,
        strategy=intent.strategy,
        event=market.slug,
        market=market.condition_id,
        token=intent.token,
        side=intent.side,
        price=Fraction(intent.price_g4, PRICE_ONE_G4),
        size_u6=intent.size_u6,
    )


def _snapshots(
    tape: Tape, moments: Sequence[tuple[int, int, int]], markets: tuple[Market, ...]
) -> dict[str, list[Snapshot]]:
    books = new_books(len(markets), np.array([market.tick_g4.value for market in markets], np.int64))
    own, fills, wake = new_own(len(markets)), new_fills(), new_wake(len(markets))
    found: dict[str, list[Snapshot]] = {}
    at = 0
    for rows in tape.whole().batches():
        index, base = 0, int(rows["seq"][0])
        while at < len(moments) and moments[at][0] < base + len(rows):
            seq, ts_ns, market = moments[at]
            stop = max(index, seq + 1 - base)
            while index < stop:
                index = advance(books, own, fills, wake, rows, index, stop, FAR_NS)
            found.setdefault(markets[market].condition_id, []).append(_look(books, market, ts_ns))
            at += 1
        if at == len(moments):
            break
        while index < len(rows):
            index = advance(books, own, fills, wake, rows, index, len(rows), FAR_NS)
    return found


def _look(books: Books, market: int, ts_ns: int) -> Snapshot:
    bid, ask = touch(books, market, 0)
    shown = 0
    for side in (1, -1):
        prices, sizes = levels(books, market, 0, side, LEVELS)
        shown += sum(proceeds_u6(price, size) for price, size in zip(prices.tolist(), sizes.tolist(), strict=True))
    if not 0 < bid < ask < PRICE_ONE_G4:
        return Snapshot(ts_ns, (None, None), shown)
    mid = (bid + ask) // 2
    return Snapshot(ts_ns, (mid, PRICE_ONE_G4 - mid), shown)
