"""One market's mirrored book in plain dicts, by the kernel's rules, telling what each message changed.

It is written apart from the kernel on purpose: a conversion that agrees with the kernel has been computed twice.
"""

from polydesk.model.grid import PRICE_ONE_G4

BID, ASK = 0, 1
Level = tuple[int, int, int]
"""Half (0 bids, 1 asks), price and size of a level, in the price of token 0."""


def mirrored(token: int, level: Level) -> Level:
    """Return a level in the price of ``token``."""
    half, price, size = level
    return (1 - half, PRICE_ONE_G4 - price, size) if token else level


class MirroredBook:
    """Levels of a market in the price of token 0; the newest venue time wins level by level."""

    def __init__(self) -> None:
        self.sizes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._stamps: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._cleared_ns = 0
        self._before: dict[tuple[int, int], int] = {}
        self._restated = False

    def clear(self, at_ns: int) -> None:
        """Empty every level last written at or before ``at_ns``: a snapshot begins."""
        if at_ns < self._cleared_ns:
            return
        self._cleared_ns = at_ns
        self._restated = True
        for half in (BID, ASK):
            stamps = self._stamps[half]
            for price in [price for price in self.sizes[half] if stamps[price] <= at_ns]:
                self._write(half, price, 0, at_ns)

    def put(self, token: int, side: int, price: int, size: int, at_ns: int) -> None:
        """Set a level of one token to an absolute size unless it was written by newer venue time."""
        half = (ASK if side < 0 else BID) ^ token
        if token:
            price = PRICE_ONE_G4 - price
        if not 0 < price < PRICE_ONE_G4 or size < 0 or not side:
            return
        if at_ns >= max(self._stamps[half].get(price, 0), self._cleared_ns):
            self._write(half, price, size, at_ns)

    def _write(self, half: int, price: int, size: int, at_ns: int) -> None:
        sizes = self.sizes[half]
        self._before.setdefault((half, price), sizes.get(price, 0))
        self._stamps[half][price] = at_ns
        if size:
            sizes[price] = size
        else:
            sizes.pop(price, None)

    def end_message(self) -> tuple[bool, list[Level]]:
        """Return whether a snapshot restated the book since the last call, and the levels that differ now.

        What shrank comes before what grew, so that no step in between is crossed when book and message are not.
        """
        restated, self._restated = self._restated, False
        changed = [
            (half, price, self.sizes[half].get(price, 0), before)
            for (half, price), before in self._before.items()
            if self.sizes[half].get(price, 0) != before
        ]
        self._before.clear()
        changed.sort(key=lambda level: level[2] > level[3])
        return restated, [level[:3] for level in changed]

    def touch(self) -> tuple[int, int]:
        """Return best bid and best ask; 0 and 10 000 when the side is empty."""
        return max(self.sizes[BID], default=0), min(self.sizes[ASK], default=PRICE_ONE_G4)

    def levels(self) -> list[Level]:
        """Return the whole book: bids from the best down, then asks from the best up."""
        bids = [(BID, price, self.sizes[BID][price]) for price in sorted(self.sizes[BID], reverse=True)]
        return bids + [(ASK, price, self.sizes[ASK][price]) for price in sorted(self.sizes[ASK])]
