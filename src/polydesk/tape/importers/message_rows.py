"""Messages of the market channel as rows."""

from collections.abc import Callable
from typing import Any

import msgspec

from polydesk.model.errors import NumberError
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.market import Origin
from polydesk.model.rows import RowKind
from polydesk.tape.importers import wire
from polydesk.tape.importers.batch import NO_MARKET, Batch, Stamp
from polydesk.tape.importers.envelope import Envelope
from polydesk.tape.importers.foreign import ForeignTokens
from polydesk.tape.importers.reference_feeds import read_reference
from polydesk.tape.importers.registry import Ended, ForeignToken, Registry
from polydesk.tape.importers.snapshots import read_sides
from polydesk.tape.importers.tally import Clock, Tally
from polydesk.tape.importers.ticks import state_tick

KINDS = frozenset(("book", "price_change", "last_trade_price", "tick_size_change", "best_bid_ask", "market_resolved"))
"""``event_type`` of the messages that say something about books, trades or markets."""

REFERENCE = "reference"
"""What a message with reference prices is called here; it has no ``event_type``."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message of a recording.

    Attributes:
        kind: Its ``event_type``, one of ``KINDS``, or ``REFERENCE``.
        content: The message.
        envelope: What it came in.
        told_ns: Its own time, else the recorder's; 0 when neither is a time.
        line: Line number, from 1.
    """

    kind: str
    content: dict[str, object]
    envelope: Envelope
    told_ns: int
    line: int

    @property
    def recv_ns(self) -> int:
        """The recorder's clock; 0 when not stated."""
        return self.envelope.recv_ns

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"line {self.line}"


class MessageRows:
    """Turns the messages of one recording into rows, collected in ``batch``."""

    def __init__(self, registry: Registry, tally: Tally, foreign: ForeignTokens) -> None:
        self.batch = Batch()
        self._registry = registry
        self._tally = tally
        self._foreign = foreign
        self._clock = Clock(tally)
        self._handlers: dict[str, Callable[[dict[str, object], Envelope, str], None]] = {
            "book": self._book,
            "price_change": self._price_change,
            "last_trade_price": self._trade,
            "tick_size_change": self._tick,
            "best_bid_ask": self._best,
            "market_resolved": self._resolved,
            REFERENCE: self._reference,
        }

    def add(self, message: Message) -> None:
        """Add one message.

        Raises:
            msgspec.ValidationError: A field is missing or has a wrong type.
            NumberError: A field is not the number it should be.
        """
        try:
            self._handlers[message.kind](message.content, message.envelope, message.where)
        except ForeignToken as found:
            self._foreign.note(found, message.where)
            return
        self._tally.counts[f"{message.kind}_messages"] += 1

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
            state_tick(self.batch, self._registry, at, tick)
        if min_size:
            self._registry.note_min_size(at.market, min_size)
        if book.neg_risk is not None:
            self._registry.note_neg_risk(at.market, neg_risk=book.neg_risk)
        self.batch.add_snapshot(at, sides)

    def _price_change(self, message: dict[str, object], envelope: Envelope, where: str) -> None:
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
        rows = len(self.batch)
        for asset_id, side, price, size, best in levels:
            try:
                at = Stamp(*times, *self._registry.token(asset_id, change.market, envelope.slug))
            except ForeignToken as found:
                self._foreign.note(found, where)
                continue
            self.batch.add(at, RowKind.CHANGE, side=side, price=price, size=size, best=best, last=False)
        if len(self.batch) > rows:
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
        origin = Origin.DERIVED if message.get("derived") else Origin.VENUE
        if old and not self._registry.tick_told(at.market):
            self._registry.note_tick(at.market, old, origin)
        state_tick(self.batch, self._registry, at, tick, origin, new=True)

    def _best(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        best = msgspec.convert(message, wire.BestMessage, strict=False)
        stated = wire.best_price(best.best_bid, 0), wire.best_price(best.best_ask, PRICE_ONE_G4)
        at = self._stamp(best, envelope)
        self.batch.add(at, RowKind.WITNESS, best=stated)

    def _reference(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        told = read_reference(message)
        if not told.prices:
            raise NumberError("a reference message without prices")
        ts_ns = self._clock.at(told.sent_ns, envelope.recv_ns)
        if not ts_ns:
            raise NumberError("neither the message nor the recorder states a time")
        for quoted in told.prices:
            at = Stamp(ts_ns, quoted.at_ns, envelope.recv_ns, NO_MARKET, 0)
            series = self._registry.reference(quoted.reference)
            self.batch.add(at, RowKind.REFERENCE, size=quoted.price_e8, aux=series, last=False)
        self.batch.end_message()

    def _resolved(self, message: dict[str, object], envelope: Envelope, _where: str) -> None:
        resolved = msgspec.convert(message, wire.ResolvedMessage, strict=False)
        at_ns = wire.venue_time(resolved.timestamp) or envelope.recv_ns
        if resolved.winning_asset_id and at_ns:
            ended = Ended(resolved.winning_asset_id, at_ns, resolved.market, tuple(resolved.assets_ids))
            self._registry.note_resolution(ended, self._tally.counts)
