"""Full books of one token, one after another, as level changes with a full snapshot now and then."""

from collections.abc import Sequence

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.tape.importers.batch import ASK, BID, Batch, Sides, Stamp
from polydesk.tape.importers.tally import Tally
from polydesk.tape.importers.wire import BookMessage, Level, level_price, level_size

SNAPSHOT_EVERY_NS = 60 * NS_PER_S
"""After this much virtual time a token's book is written in full again, behind the changes that lead to it."""


def read_sides(book: BookMessage, tally: Tally, where: str) -> Sides:
    """Return bids and asks of a book message on the grid.

    Levels without size and repeated levels are counted; the last of a repeated level counts.

    Raises:
        NumberError: A level that is not a price and a size.
    """
    return _side(book.bids, tally, where), _side(book.asks, tally, where)


def _side(levels: list[Level], tally: Tally, where: str) -> dict[int, int]:
    return one_side([(level_price(level.price), level_size(level.size)) for level in levels], tally, where)


def one_side(levels: Sequence[tuple[int, int]], tally: Tally, where: str) -> dict[int, int]:
    """Return levels ``(price_g4, size_u6)`` as a side of a book; count those without size and repeated ones."""
    side = dict(levels)
    if len(side) != len(levels):
        tally.defect("repeated_levels", where, len(levels) - len(side))
    if 0 in side.values():
        full = {price: size for price, size in side.items() if size}
        tally.defect("empty_levels", where, len(side) - len(full))
        return full
    return side


def count_flaws(sides: Sides, tally: Tally, where: str) -> None:
    """Count a book that is crossed or locked as a defect, and one with an empty side."""
    best_bid, best_ask = max(sides[0], default=0), min(sides[1], default=PRICE_ONE_G4)
    tally.defect("crossed_books", where, int(best_bid >= best_ask))
    tally.counts["one_sided_books"] += not (sides[0] and sides[1])


class BookDiffer:
    """Writes consecutive full books of each token as derived changes."""

    def __init__(self, batch: Batch, tally: Tally) -> None:
        self._batch = batch
        self._tally = tally
        self._known: dict[tuple[int, int], tuple[Sides, int, int]] = {}

    def late(self, at: Stamp) -> bool:
        """Return whether a book is older by venue time than the one before it of the same token."""
        known = self._known.get((at.market, at.token))
        return known is not None and at.venue_ns < known[1]

    def add(self, at: Stamp, sides: Sides, tick_g4: int, where: str) -> None:
        """Add the next book of a token.

        The first is written in full. A later one becomes derived changes; every ``SNAPSHOT_EVERY_NS`` the full book
        follows them, which also checks the changes. An unchanged book gives no rows, a late one is left out as a
        defect.
        """
        token = (at.market, at.token)
        known = self._known.get(token)
        if known is None:
            self._count_fine(sides, tick_g4, where)
            self._batch.add_snapshot(at, sides)
            self._known[token] = (sides, at.venue_ns, at.ts_ns)
            return
        before, _, full_ns = known
        if self.late(at):
            self._tally.defect("late_books", where)
            return
        changes = _changed(before[0], sides[0], BID) + _changed(before[1], sides[1], ASK)
        if not changes:
            self._tally.counts["unchanged_books"] += 1
            return
        self._tally.defect("finer_than_tick", where, sum(1 for _, price, _ in changes if price % tick_g4))
        self._batch.add_derived(at, changes)
        if at.ts_ns - full_ns >= SNAPSHOT_EVERY_NS:
            self._batch.add_snapshot(at, sides)
            full_ns = at.ts_ns
        self._known[token] = (sides, at.venue_ns, full_ns)

    def _count_fine(self, sides: Sides, tick_g4: int, where: str) -> None:
        fine = sum(1 for side in sides for price in side if price % tick_g4)
        self._tally.defect("finer_than_tick", where, fine)


def _changed(before: dict[int, int], after: dict[int, int], side: int) -> list[tuple[int, int, int]]:
    """Return ``(side, price, new size)`` of the levels that differ, removed levels first."""
    changes = [(side, price, 0) for price in before if price not in after]
    changes += [(side, price, size) for price, size in after.items() if before.get(price) != size]
    return changes
