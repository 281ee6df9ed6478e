"""Makers and takers around a fair value: the messages of one healthy market.

Makers keep a ladder around the fair value they know, which is a little old. Takers know the present one: they take a
best price that has become wrong, and otherwise trade either way. Every taker prints what it takes, level by level and
never more than is shown, and the book shrinks by it.
"""

from collections.abc import Iterator

from polydesk.model.grid import LOT_U6, NS_PER_MS, PRICE_ONE_G4, SHARE_U6, ceil_to, floor_to
from polydesk.tape.construct.dice import Dice
from polydesk.tape.construct.facts import tick_for
from polydesk.tape.construct.plan import Course
from polydesk.tape.construct.venue_book import ASK, BID, Level, Message, Row, VenueBook, printed, ticked

SNAPSHOT_NS = 60_000 * NS_PER_MS
"""The venue repeats its full books this often."""

_STALE_HASTE = 4
"""How much faster events follow each other while a best price is wrong."""

_DEEPEST_TAKE = 3
_MIN_LEVEL_U6 = 5 * SHARE_U6


class _Market:
    """One market while its messages are made."""

    def __init__(self, course: Course, dice: Dice) -> None:
        self.course = course
        self.dice = dice
        self.book = VenueBook()
        self.tick_g4 = course.market.tick_g4.value
        self.style = course.phases[0].style
        self._received_ns = 0

    def message(self, at_ns: int, rows: tuple[Row, ...]) -> Message:
        """Return a message with the time it is recorded; one connection never reorders."""
        least, more = self.style.delay_ms
        delay_ns = (least * 1_000 + self.dice.below(more * 1_000 + 1)) * (NS_PER_MS // 1_000)
        self._received_ns = max(self._received_ns, at_ns + delay_ns)
        return Message(at_ns, self._received_ns, self.course.market.index, rows)

    def full_books(self, at_ns: int) -> Iterator[Message]:
        """Tell both tokens' books."""
        yield self.message(at_ns, self.book.snapshot(0))
        yield self.message(at_ns, self.book.snapshot(1))

    def wrong(self, fair_g4: int) -> int:
        """Return 1 when the best ask is below the fair value, -1 when the best bid is above it, else 0."""
        return int(fair_g4 > self.book.ask) - int(fair_g4 < self.book.bid)

    def makers(self, at_ns: int) -> Iterator[Message]:
        """Move the quotes, and change the size of one level."""
        seen = self.course.fair.at_g4(at_ns - self.style.reaction_ms * NS_PER_MS)
        levels = self.requote(seen)
        side = self.dice.between(0, 1)
        shown = sorted((self.book.bids, self.book.asks)[side])
        gone = {price for which, price, size in levels if which == (BID, ASK)[side] and not size}
        price = shown[self.dice.below(len(shown))] if shown else 0
        if price and price not in gone:
            levels.append(((BID, ASK)[side], price, self._size(0)))
        if levels:
            yield self.message(at_ns, self.book.change(levels))

    def requote(self, fair_g4: int) -> list[Level]:
        """Return the changes that put the ladder around a fair value: what leaves first, so that it never crosses."""
        tick = self.tick_g4
        half = self.style.half_spread_g4 + self.dice.below(self.style.spread_noise_g4 + 1)
        half = min(half, max(tick // 2, min(fair_g4, PRICE_ONE_G4 - fair_g4) // 3))
        bid = min(max(floor_to(fair_g4 - half, tick), tick), PRICE_ONE_G4 - 2 * tick)
        ask = max(min(ceil_to(fair_g4 + half, tick), PRICE_ONE_G4 - tick), bid + tick)
        span = range(self.style.levels)
        bids = [price for price in (bid - tick * i for i in span) if price >= tick]
        asks = [price for price in (ask + tick * i for i in span) if price <= PRICE_ONE_G4 - tick]
        gone = [(BID, price, 0) for price in sorted(self.book.bids) if price not in set(bids)]
        gone += [(ASK, price, 0) for price in sorted(self.book.asks) if price not in set(asks)]
        new = [(BID, price, self._size(i)) for i, price in enumerate(bids) if price not in self.book.bids]
        new += [(ASK, price, self._size(i)) for i, price in enumerate(asks) if price not in self.book.asks]
        return gone + new

    def _size(self, depth: int) -> int:
        mean = self.style.size_u6 * (100 + self.style.growth_percent * depth) // 100
        return max(_MIN_LEVEL_U6, floor_to(mean // 2 + self.dice.below(mean), LOT_U6))

    def taker(self, at_ns: int, side: int) -> Iterator[Message]:
        """Let somebody buy (1) or sell (-1) token 0, or do the same by way of token 1."""
        levels = self.book.asks if side > 0 else self.book.bids
        prices = sorted(levels, reverse=side < 0)
        low, high = self.style.take_u6
        left = floor_to(self.dice.between(low, high), LOT_U6)
        token = self.dice.below(2)
        taken: list[Level] = []
        for price in prices[:_DEEPEST_TAKE]:
            # The last level is never emptied: a one-sided book is another story.
            free = levels[price] if price != prices[-1] else floor_to(levels[price] // 2, LOT_U6)
            size = min(left, free)
            if size:
                taken.append((-side, price, levels[price] - size))
                yield self.message(at_ns, printed(side, price, size, token))
            left -= size
            if size < free or not left:
                break
        if taken:
            yield self.message(at_ns, self.book.change(taken))

    def wanted_tick(self, at_ns: int) -> int:
        """Return the tick the venue wants now."""
        if not self.course.moving_tick:
            return self.tick_g4
        return tick_for(self.course.fair.at_g4(at_ns), self.tick_g4)

    def change_tick(self, at_ns: int, tick_g4: int) -> Iterator[Message]:
        """Change the tick; off-tick quotes leave before a coarser one."""
        coarser = tick_g4 > self.tick_g4
        self.tick_g4 = tick_g4
        if coarser:
            yield self.message(at_ns, self.book.change(self.requote(self.course.fair.at_g4(at_ns))))
        yield self.message(at_ns, ticked(tick_g4))


def market_messages(course: Course, dice: Dice) -> Iterator[Message]:
    """Yield every message of one market in order of venue time, whole milliseconds apart but for one event's own."""
    market = _Market(course, dice)
    at_ns = course.start_ns
    for level in market.requote(course.fair.at_g4(at_ns)):
        market.book.put(level)
    yield from market.full_books(at_ns)
    next_books_ns = at_ns + SNAPSHOT_NS
    for phase in course.phases:
        market.style = phase.style
        while True:
            fair = course.fair.at_g4(at_ns)
            gap_ms = phase.style.gap_ms // (_STALE_HASTE if market.wrong(fair) else 1)
            later_ns = at_ns + dice.waiting(max(1, gap_ms)) * NS_PER_MS
            if later_ns >= phase.until_ns:
                break
            at_ns = later_ns
            tick = market.wanted_tick(at_ns)
            if tick != market.tick_g4:
                yield from market.change_tick(at_ns, tick)
            elif at_ns >= next_books_ns:
                next_books_ns += ((at_ns - next_books_ns) // SNAPSHOT_NS + 1) * SNAPSHOT_NS
                yield from market.full_books(at_ns)
            elif dice.chance(phase.style.taker_percent):
                yield from market.taker(at_ns, market.wrong(course.fair.at_g4(at_ns)) or 2 * dice.below(2) - 1)
            else:
                yield from market.makers(at_ns)
