"""Raw recordings: JSON lines of market-channel messages, bare or wrapped with a receive time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.rows import RowKind
from polydesk.tape.importers import wire
from polydesk.tape.importers.batch import Batch, Stamp
from polydesk.tape.importers.envelope import Envelope, is_market_message, open_envelope
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.snapshots import read_sides
from polydesk.tape.importers.source import Head, Progress, read_lines
from polydesk.tape.importers.tally import Clock, Tally

LOOKS_FOR = (
    "JSON lines of market-channel messages (event_type book, price_change, last_trade_price, ...), bare, in arrays, "
    "or under payload/msg/message/data/raw beside a receive time"
)


def sniff(head: Head) -> int:
    """Return the venue time of the first market message if there is one among the first lines, else 0; ns."""
    for line in head.lines:
        try:
            envelope = open_envelope(line)
            for message in envelope.messages:
                if is_market_message(message) and _from_venue(envelope):
                    return wire.venue_time(str(message.get("timestamp", ""))) or envelope.recv_ns
        except (msgspec.DecodeError, UnicodeDecodeError, NumberError):
            continue
    return 0


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read a recording as batches of rows, in order of arrival.

    Args:
        path: Plain, gzip or zstandard lines.
        registry: Learns markets, tokens, ticks, minimums and resolutions.
        tally: Counts messages and defects; a malformed line is one defect and the import goes on.
        progress: Told how far the file is read.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (venue, clamped), ending at a message end, ``seq`` 0.

    Raises:
        ImportFailed: The file is damaged, more than half of its lines are malformed, or it has no market messages.
    """
    reader = _Reader(registry, tally)
    market_lines = bad_lines = 0
    for line in read_lines(path, progress):
        tally.records += 1
        try:
            market_lines += reader.line(line, f"line {tally.records}")
        except (msgspec.DecodeError, UnicodeDecodeError, NumberError):
            tally.defect("malformed_lines", f"line {tally.records}")
            bad_lines += 1
        if reader.batch.full:
            yield reader.batch.take()
    if 2 * bad_lines > tally.records:
        raise ImportFailed(
            f"{path}: {bad_lines} of {tally.records} lines are malformed ({tally.first_defect}); "
            "check the file or name another --format"
        )
    if not market_lines:
        raise ImportFailed(f"{path}: no market-channel messages; looked for {LOOKS_FOR}")
    if len(reader.batch):
        yield reader.batch.take()


def _from_venue(envelope: Envelope) -> bool:
    """Return whether a line of a log of several sources is the venue's market channel."""
    source = envelope.source.lower()
    return not source or "clob" in source or source in ("polymarket", "market")


class _Reader:
    """Turns messages into rows; one per recording."""

    def __init__(self, registry: Registry, tally: Tally) -> None:
        self.batch = Batch()
        self._registry = registry
        self._tally = tally
        self._clock = Clock(tally)
        self._handlers: dict[str, Callable[[dict[str, object], Envelope, str], None]] = {
            "book": self._book,
            "price_change": self._price_change,
            "last_trade_price": self._trade,
            "tick_size_change": self._tick,
            "best_bid_ask": self._best,
            "market_resolved": self._resolved,
        }

    def line(self, line: bytes, where: str) -> bool:
        """Add the messages of one line and return whether there was any of the market channel."""
        envelope = open_envelope(line)
        counts = self._tally.counts
        if envelope.control:
            counts["control_frames"] += 1
            return False
        if not _from_venue(envelope):
            counts["other_sources"] += 1
            return False
        seen = False
        for message in envelope.messages:
            if not is_market_message(message):
                counts["other_messages"] += 1
                continue
            kind = str(message.get("event_type", "book"))
            handler = self._handlers.get(kind)
            if handler is None:
                counts[f"{kind}_messages" if kind == "new_market" else "other_messages"] += 1
                continue
            handler(message, envelope, where)
            counts[f"{kind}_messages"] += 1
            seen = True
        return seen

    def _times(self, message: Any, envelope: Envelope) -> tuple[int, int, int]:
        venue_ns = wire.venue_time(message.timestamp)
        ts_ns = self._clock.at(venue_ns, envelope.recv_ns)
        if not ts_ns:
            raise NumberError("neither the message nor the recorder states a time")
        return ts_ns, venue_ns, envelope.recv_ns

    def _stamp(self, message: Any, envelope: Envelope) -> Stamp:
        times = self._times(message, envelope)
        return Stamp(*times, *self._registry.token(message.asset_id, message.market, envelope.slug))

    def _book(self, message: dict[str, object], envelope: Envelope, where: str) -> None:
        book = msgspec.convert(message, wire.BookMessage, strict=False)
        sides = read_sides(book, self._tally, where)
        tick = wire.level_price(book.tick_size) if book.tick_size else 0
        min_size = wire.level_size(book.min_order_size) if book.min_order_size else 0
        at = self._stamp(book, envelope)
        if tick:
            self._new_tick(at, tick)
        if min_size:
            self._registry.note_min_size(at.market, min_size)
        if book.neg_risk is not None:
            self._registry.note_neg_risk(at.market, neg_risk=book.neg_risk)
        self.batch.add_snapshot(at, sides)

    def _price_change(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        change = msgspec.convert(message, wire.PriceChangeMessage, strict=False)
        entries = change.price_changes or change.changes or [msgspec.convert(message, wire.Entry, strict=False)]
        levels = [
            (
                entry.asset_id or change.asset_id,
                wire.side_sign(entry.side),
                wire.level_price(entry.price),
                wire.level_size(entry.size),
                (wire.best_price(entry.best_bid, 0), wire.best_price(entry.best_ask, PRICE_ONE_G4)),
            )
            for entry in entries
        ]
        if not levels or any(not asset_id or not side for asset_id, side, *_ in levels):
            raise NumberError("a price change without levels, asset or side")
        times = self._times(change, envelope)
        for asset_id, side, price, size, best in levels:
            at = Stamp(*times, *self._registry.token(asset_id, change.market, envelope.slug))
            self.batch.add(at, RowKind.CHANGE, side=side, price=price, size=size, best=best, last=False)
        self.batch.end_message()

    def _trade(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        trade = msgspec.convert(message, wire.TradeMessage, strict=False)
        price, size = wire.level_price(trade.price), wire.level_size(trade.size)
        at = self._stamp(trade, envelope)
        self.batch.add(at, RowKind.PRINT, side=wire.side_sign(trade.side), price=price, size=size)

    def _tick(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        change = msgspec.convert(message, wire.TickMessage, strict=False)
        tick = wire.level_price(change.new_tick_size)
        old = wire.level_price(change.old_tick_size) if change.old_tick_size else 0
        at = self._stamp(change, envelope)
        if old and not self._registry.tick_known(at.market):
            self._registry.note_tick(at.market, old)
        self._new_tick(at, tick)

    def _new_tick(self, at: Stamp, tick: int) -> None:
        """Begin a new epoch once, although the venue tells it for both tokens."""
        known = self._registry.tick_known(at.market)
        if self._registry.note_tick(at.market, tick) and known:
            self.batch.add(at, RowKind.TICK, aux=tick)

    def _best(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        best = msgspec.convert(message, wire.BestMessage, strict=False)
        stated = wire.best_price(best.best_bid, 0), wire.best_price(best.best_ask, PRICE_ONE_G4)
        at = self._stamp(best, envelope)
        self.batch.add(at, RowKind.WITNESS, best=stated)

    def _resolved(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        resolved = msgspec.convert(message, wire.ResolvedMessage, strict=False)
        at_ns = wire.venue_time(resolved.timestamp) or envelope.recv_ns
        if resolved.winning_asset_id and at_ns:
            self._registry.note_resolution(resolved.winning_asset_id, at_ns)
