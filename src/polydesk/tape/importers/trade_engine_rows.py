"""The lines of a trade-engine log as rows."""

from collections.abc import Callable
from typing import Any

import msgspec

from polydesk.model.errors import NumberError
from polydesk.model.grid import NS_PER_MS, NS_PER_S, PRICE_ONE_G4, reference_e8, reference_text
from polydesk.model.market import Origin, Resolution
from polydesk.model.references import Reference, ReferenceKind
from polydesk.model.rows import RowKind
from polydesk.tape.importers.batch import NO_MARKET, Batch, Sides, Stamp
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.snapshots import BookDiffer, count_flaws, one_side
from polydesk.tape.importers.tally import Clock, Tally, plausible
from polydesk.tape.importers.ticks import derive_tick
from polydesk.tape.importers.wire import Number, level_price, level_size

_CLOCK_SLACK_NS = NS_PER_S
_Pairs = list[tuple[Number, Number]]


class Slot(msgspec.Struct, frozen=True):
    """The bot takes up a market, or leaves it."""

    action: str
    slug: str
    end_ms: int = msgspec.field(name="endTime", default=0)


class Ladder(msgspec.Struct, frozen=True):
    """One outcome's book, best first."""

    bids: _Pairs
    asks: _Pairs


class Books(msgspec.Struct, frozen=True):
    """Both outcomes' books; ``None`` while the bot knows none."""

    up: Ladder | None
    down: Ladder | None


class Prices(msgspec.Struct, frozen=True):
    """The last price of each feed; ``asset`` is what the bot trades by, the venue's Chainlink stream."""

    asset: Number | None = msgspec.field(name="assetPrice", default=None)
    binance: Number | None = msgspec.field(name="binancePrice", default=None)
    coinbase: Number | None = msgspec.field(name="coinbasePrice", default=None)


class Beat(msgspec.Struct, frozen=True):
    """The price to beat."""

    strike: Number | None = msgspec.field(name="priceToBeat", default=None)


class Left(msgspec.Struct, frozen=True):
    """Time left until the end, as the bot reckons."""

    seconds: float


class End(msgspec.Struct, frozen=True):
    """How the market ended."""

    direction: str
    open: Number | None = msgspec.field(name="openPrice", default=None)
    close: Number | None = msgspec.field(name="closePrice", default=None)


LINES: dict[str, msgspec.json.Decoder[Any]] = {
    "slot": msgspec.json.Decoder(Slot),
    "orderbook_snapshot": msgspec.json.Decoder(Books),
    "ticker": msgspec.json.Decoder(Prices),
    "market_price": msgspec.json.Decoder(Beat),
    "remaining": msgspec.json.Decoder(Left),
    "resolution": msgspec.json.Decoder(End),
}
"""How a line is read, by its ``type``."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line: its type, content (``None`` for a type that is not read), time and number."""

    kind: str
    content: Any
    told_ns: int
    number: int
    recv_ns: int = 0

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"line {self.number}"


class LogRows:
    """Turns the lines of one log into rows, collected in ``batch``."""

    def __init__(self, registry: Registry, tally: Tally) -> None:
        self.batch = Batch()
        self._registry = registry
        self._tally = tally
        self._clock = Clock(tally)
        self._differ = BookDiffer(self.batch, tally)
        self._slug = ""
        self._market = NO_MARKET
        self._up = 0
        self._end_ns = 0
        self._after_end = False
        self._started: set[int] = set()
        self._last: dict[int, dict[int, int]] = {}
        self._handlers: dict[str, Callable[[Any, Entry], None]] = {
            "slot": self._slot,
            "orderbook_snapshot": self._books,
            "ticker": self._prices,
            "market_price": self._beat,
            "remaining": self._left,
            "resolution": self._resolved,
        }

    def add(self, entry: Entry) -> None:
        """Add one line.

        Raises:
            NumberError: A number is not what it should be.
        """
        if entry.kind == "order":
            self._tally.counts["bot_orders_left_out"] += 1
        elif entry.kind not in self._handlers:
            self._tally.counts["other_lines"] += 1
        elif self._market == NO_MARKET and entry.kind != "slot":
            self._tally.defect("lines_before_a_slot", entry.where)
        else:
            self._handlers[entry.kind](entry.content, entry)

    def _stamp(self, entry: Entry, market: int, token: int = 0) -> Stamp:
        return Stamp(self._clock.at(0, entry.told_ns), 0, entry.told_ns, market, token)

    def _slot(self, slot: Slot, entry: Entry) -> None:
        if slot.action == "end":
            self._tally.counts["slot_ends"] += 1
            if self._market != NO_MARKET and not self._after_end:
                self.batch.add(self._stamp(entry, self._market), RowKind.STATUS, side=-1)
            return
        if slot.action != "start" or not slot.slug:
            raise NumberError("a slot that neither starts nor ends")
        self._tally.counts["slot_starts"] += 1
        self._slug = slot.slug
        self._market, self._up = self._registry.up_down(slug=slot.slug)
        end_ns = slot.end_ms * NS_PER_MS
        if plausible(end_ns):
            self._registry.note_end(self._market, end_ns, "endTime of the bot's slot")
        elif end_ns:
            self._tally.defect("implausible_ends", entry.where)
        self._end_ns = self._registry.end_of(self._market) or 0
        self._after_end = 0 < self._end_ns < entry.told_ns
        self._tally.counts["slot_starts_after_end"] += self._after_end
        if self._market in self._started and not self._after_end:
            self.batch.add(self._stamp(entry, self._market), RowKind.STATUS, side=1)
        self._started.add(self._market)

    def _books(self, books: Books, entry: Entry) -> None:
        if self._left_out("books_after_end_left_out"):
            return
        if books.up is None or books.down is None:
            self._tally.counts["books_not_known"] += 1
            return
        read = [(token, self._sides(ladder, entry.where)) for token, ladder in self._by_token(books.up, books.down)]
        for token, sides in read:
            at = self._stamp(entry, self._market, token)
            derive_tick(self.batch, self._registry, at, sides)
            count_flaws(sides, self._tally, entry.where)
            self._tally.counts["books"] += 1
            self._differ.add(at, sides, self._registry.tick_in_force(self._market), entry.where)

    def _by_token(self, up: Ladder, down: Ladder) -> list[tuple[int, Ladder]]:
        return [(self._up, up), (1 - self._up, down)]

    def _sides(self, ladder: Ladder, where: str) -> Sides:
        bids, asks = (
            one_side([(level_price(price), level_size(size)) for price, size in levels], self._tally, where)
            for levels in (ladder.bids, ladder.asks)
        )
        return bids, asks

    def _prices(self, prices: Prices, entry: Entry) -> None:
        if self._left_out("prices_after_end_left_out"):
            return
        coin = self._slug.partition("-")[0].upper()
        feeds = (
            (
                prices.asset,
                "chainlink",
                "USD",
                "assetPrice of the bot's log, by its source the venue's Chainlink stream",
            ),
            (
                prices.binance,
                "binance",
                "USDT",
                "binancePrice of the bot's log, by its source the 24 h ticker's last price",
            ),
            (prices.coinbase, "coinbase", "USD", "coinbasePrice of the bot's log, by its source the ticker"),
        )
        read = [
            (reference_e8(price), Reference(ReferenceKind.PRICE, source, f"{coin}/{unit}", unit, Origin.DERIVED, note))
            for price, source, unit, note in feeds
            if price is not None
        ]
        for price, series in read:
            self._reference(series, price, NO_MARKET, entry)

    def _beat(self, beat: Beat, entry: Entry) -> None:
        if beat.strike is None or self._left_out("prices_after_end_left_out"):
            return
        coin = self._slug.partition("-")[0].upper()
        note = "priceToBeat of the bot's log"
        series = Reference(ReferenceKind.STRIKE, "polymarket", f"{coin}/USD", "USD", Origin.DERIVED, note)
        self._reference(series, reference_e8(beat.strike), self._market, entry)

    def _reference(self, series: Reference, price: int, market: int, entry: Entry) -> None:
        """Add a price that differs from the one before it; the log repeats all of them in every round."""
        number = self._registry.reference(series)
        last = self._last.setdefault(number, {})
        if last.get(market) == price:
            self._tally.counts["unchanged_references"] += 1
            return
        last[market] = price
        self.batch.add(self._stamp(entry, market), RowKind.REFERENCE, size=price, aux=number)

    def _left(self, left: Left, entry: Entry) -> None:
        self._tally.counts["remaining_lines"] += 1
        reckoned_ns = entry.told_ns + left.seconds * NS_PER_S
        if self._end_ns and abs(reckoned_ns - self._end_ns) > _CLOCK_SLACK_NS:
            self._tally.defect("seconds_left_contradict_the_end", entry.where)

    def _resolved(self, end: End, entry: Entry) -> None:
        self._tally.counts["resolutions"] += 1
        direction = end.direction.upper()
        if direction not in ("UP", "DOWN"):
            raise NumberError(f"direction {end.direction!r} is neither UP nor DOWN")
        note = f"direction {direction} of the bot's log"
        if end.open is not None and end.close is not None:
            start, stop = reference_e8(end.open), reference_e8(end.close)
            note += f": closing price {reference_text(stop)}, price to beat {reference_text(start)}"
            if (stop >= start) != (direction == "UP"):
                self._tally.defect("resolutions_contradict_prices", entry.where)
        winner = self._up if direction == "UP" else 1 - self._up
        payout = (PRICE_ONE_G4, 0) if winner == 0 else (0, PRICE_ONE_G4)
        at_ns = max(entry.told_ns, self._end_ns)
        if not self._registry.note_payout(Resolution(self._market, payout, at_ns, Origin.DERIVED, note)):
            self._tally.defect("contradicting_resolutions", entry.where)

    def _left_out(self, what: str) -> bool:
        self._tally.counts[what] += self._after_end
        return self._after_end
