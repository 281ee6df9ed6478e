"""Own resting orders of one market, the slow way: a list in order of arrival.

An order moves forward by prints, and, under the models that say so, by what is cancelled before it. It fills from
prints that reach it and from the depth of the recorded book that crosses it, each unit once.
"""

from dataclasses import dataclass

from slow_book import ASK, BID

Q30 = 1 << 30


@dataclass
class Waiting:
    """A resting order in book space.

    ``ahead`` is what stands before it; ``shown`` what its level showed at the last look; ``printed`` the prints at its
    price that no shrinking of the level has accounted for yet; ``lost`` the shrinking that no print has accounted for,
    ``lost_ahead`` what of it was taken from before us.
    """

    name: str
    side: int
    price: int
    left: int
    ahead: int
    shown: int
    printed: int = 0
    lost: int = 0
    lost_ahead: int = 0


def moved_ahead(model, power, ahead, behind, decrease):
    """Return how much of a decrease by cancels stood before us, rounded down.

    Proportional: in proportion to the two queues. Probability: f(ahead) / (f(ahead) + f(behind)) with f(x) = x ^ power,
    the ratio of the smaller queue to the larger held in 1/2**30, rounded down at each step.
    """
    if model in {"pessimistic", "clipped"} or not ahead or not decrease:
        return 0
    if model == "proportional":
        return decrease * ahead // (ahead + behind)
    ratio = Q30 * min(ahead, behind) // max(ahead, behind)
    small = Q30
    for _ in range(power):
        small = small * ratio // Q30
    return min(ahead, decrease * (Q30 if ahead >= behind else small) // (Q30 + small))


class SlowQueue:
    """Own orders resting in one ``SlowBook``."""

    def __init__(self, book, rules):
        self.book, self.model, self.power = book, rules.queue, rules.queue_power
        self.whole_through, self.prints_count_once = rules.whole_through, rules.prints_count_once
        self.orders = []

    def rest(self, name, side, price, size):
        shown = self.book.shown(side, price)
        self.orders.append(Waiting(name, side, price, size, shown, shown))

    def remove(self, name):
        self.orders = [order for order in self.orders if order.name != name]

    def by_priority(self, side):
        """Orders of one side: better price first, earlier arrival first at the same price (sorting is stable)."""
        return sorted((o for o in self.orders if o.side == side), key=lambda o: -o.price * side)

    def print(self, taker, price, size):
        """Return ``(name, price, size)`` for each fill; an unknown taker (0) may have hit bids, then asks."""
        fills = []
        for side in (BID, ASK) if taker == 0 else (-taker,):
            size = self._print_side(side, price, size, fills)
        self._drop_filled()
        return fills

    def _print_side(self, side, price, size, fills):
        # Each printed unit goes either to somebody recorded before us or to us; returns what is left of the print.
        queue_gone, whole = 0, size
        for order in self.by_priority(side):
            better = (order.price - price) * side
            if better < 0:
                continue
            if not self.prints_count_once:
                queue_gone, size = 0, whole
            if better == 0:
                self._explain(order, whole)
                step = min(size, max(0, order.ahead - queue_gone))
                size -= step
                queue_gone += step
                order.ahead = max(0, order.ahead - queue_gone)
            elif size:
                order.ahead = 0  # the print passed its price: nobody was left there
            filled = min(size, order.left) if order.ahead == 0 else 0
            if size and better > 0 and self.whole_through:
                filled = order.left
            if filled:
                order.left -= filled
                size -= min(filled, size)
                fills.append((order.name, order.price, filled))
        return size

    def _explain(self, order, size):
        """Set a print at an order's price against earlier shrinking of its level: those were no cancels."""
        if self.model in {"pessimistic", "clipped"}:
            return
        explained = min(size, order.lost)
        if explained:
            kept = order.lost_ahead * (order.lost - explained) // order.lost
            order.ahead += order.lost_ahead - kept
            order.lost -= explained
            order.lost_ahead = kept
        order.printed += size - explained

    def look(self):
        """Move the queues by what the levels lost since the last look, when a message is complete."""
        if self.model == "pessimistic":
            return
        for order in self.orders:
            before, now = order.shown, self.book.shown(order.side, order.price)
            order.shown = now
            if now >= before:
                continue
            explained = min(order.printed, before - now)
            order.printed -= explained
            stood, was = before - explained, order.ahead
            ahead = min(was, stood)
            moved = moved_ahead(self.model, self.power, ahead, stood - ahead, stood - now)
            order.ahead = min(ahead - moved, now)
            order.lost += stood - now
            order.lost_ahead += was - order.ahead

    def through(self):
        """Return the fills by recorded depth that crosses own orders; none while the recording itself is crossed."""
        fills = []
        if self.orders and not self.book.crossed():
            for order in [*self.by_priority(BID), *self.by_priority(ASK)]:
                total = 0
                for price, size in self.book.within(order.side, order.price):
                    filled = order.left if self.whole_through else min(size, order.left)
                    self.book.consume(order.side, price, min(filled, size))
                    order.left -= filled
                    total += filled
                if total:
                    order.ahead = 0  # recorded asks at its price: the recorded bids there are gone, and vice versa
                    fills.append((order.name, order.price, total))
        self._drop_filled()
        return fills

    def within(self, side, limit):
        """Own orders that a taker of ``side`` reaches, in the order in which they trade."""
        return [order for order in self.by_priority(-side) if (limit - order.price) * side >= 0]

    def take(self, order, size):
        """Fill one resting order by a taker."""
        order.left -= size
        self._drop_filled()

    def _drop_filled(self):
        self.orders = [order for order in self.orders if order.left]
