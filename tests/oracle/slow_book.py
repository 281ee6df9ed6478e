"""One market's recorded book, kept the slow way: a dictionary of levels in the price of token 0.

Written from the rules alone (mirrored tokens, newest venue time wins level by level, what we took stays taken while the
level shows it); it shares no code with the kernel.
"""

from dataclasses import dataclass

ONE = 10_000
BID, ASK = 1, -1


@dataclass
class Level:
    """What the recording says of one price of one side, and what we took of it."""

    size: int = 0
    stamp: int = -1
    taken: int = 0
    cleared_ns: int = -1


class SlowBook:
    """Levels of one market by ``(side, price)``."""

    def __init__(self, tick, impact="kept"):
        self.tick, self.impact = tick, impact
        self.levels = {}
        self.snapshot_ns = -1

    def level(self, side, price):
        return self.levels.setdefault((side, price), Level())

    def set(self, token, side, price, size, at):
        """Apply one absolute size; return ``(side, price, before, after)`` in book space, or ``None`` when too old."""
        if token:
            side, price = -side, ONE - price
        level = self.level(side, price)
        if at < max(level.stamp, self.snapshot_ns):
            return None
        before = level.size
        if before == 0 and level.cleared_ns != at:
            level.taken = 0  # it was gone and comes back whole; a snapshot of the same moment restates it
        level.size, level.stamp = size, at
        level.taken = 0 if self.impact == "until_change" and size != before else min(level.taken, size)
        return side, price, before, size

    def clear(self, at):
        """Begin a snapshot: everything not written later than it is gone unless the snapshot states it again."""
        for level in self.levels.values():
            if level.stamp <= at:
                if level.size:
                    level.cleared_ns = at
                level.size, level.stamp = 0, at
        self.snapshot_ns = max(self.snapshot_ns, at)

    def shown(self, side, price):
        return self.levels[side, price].size if (side, price) in self.levels else 0

    def prices(self, side):
        """Prices of a side with a size shown, best first."""
        return sorted((p for (s, p), level in self.levels.items() if s == side and level.size), reverse=side == BID)

    def crossed(self):
        """Whether the recorded book itself is crossed or locked."""
        bids, asks = self.prices(BID), self.prices(ASK)
        return bool(bids and asks and bids[0] >= asks[0])

    def within(self, side, limit):
        """Return ``(price, size)`` of what a taker of ``side`` finds up to its limit, best first, less what we took."""
        found = []
        for price in self.prices(-side):
            level = self.levels[-side, price]
            if (limit - price) * side >= 0 and level.size > level.taken:
                found.append((price, level.size - level.taken))
        return found

    def consume(self, side, price, size):
        """Mark what a taker of ``side`` took at one price."""
        if self.impact != "none":
            self.levels[-side, price].taken += size
