"""One market written the obvious way: dictionaries, lists, one micro-share at a time: the oracle of the tests."""

from collections import Counter
from dataclasses import dataclass, field

BID, ASK = 0, 1


@dataclass
class Level:
    size: int = 0
    stamp: int = 0
    writer: int = -1
    taken: int = 0

    @property
    def free(self) -> int:
        return max(self.size - self.taken, 0)


@dataclass
class Order:
    handle: int
    side: int
    price: int
    left: int
    ahead: int


@dataclass
class PlainMarket:
    levels: dict[tuple[int, int], Level] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    fills: list[tuple[int, int, int, str]] = field(default_factory=list)
    count: Counter = field(default_factory=Counter)
    cleared_ns: int = 0

    def best(self, half: int) -> int:
        shown = [price for (side, price), level in self.levels.items() if side == half and level.size > 0]
        if half == BID:
            return max(shown, default=0)
        return min(shown, default=10_000)

    def set_level(self, token: int, side: int, price: int, size: int, at: int) -> None:
        half = BID if side > 0 else ASK
        if token == 1:
            half, price = 1 - half, 10_000 - price
        level = self.levels.setdefault((half, price), Level())
        if at < level.stamp or at < self.cleared_ns:
            self.count["late"] += 1
            return
        if at == level.stamp and level.writer == 1 - token:
            self.count["same" if level.size == size else "different"] += 1
        was_there = level.size > 0 or at == level.stamp
        level.taken = min(level.taken, size) if was_there else 0
        level.size, level.stamp, level.writer = size, at, token

    def clear(self, token: int, at: int) -> None:
        if at < self.cleared_ns:
            return
        self.cleared_ns = at
        for level in self.levels.values():
            if level.size > 0 and level.stamp <= at:
                level.size, level.stamp, level.writer = 0, at, token

    def place(self, handle: int, side: int, price: int, size: int) -> None:
        ahead = self.levels.get((BID if side > 0 else ASK, price), Level()).size
        self.orders.append(Order(handle, side, price, size, ahead))

    def cancel(self, handle: int) -> int:
        for order in self.orders:
            if order.handle == handle:
                self.orders.remove(order)
                return order.left
        return -1

    def within(self, side: int, limit: int) -> list[int]:
        """Opposite prices a taker of `side` may reach, best first, that still have something."""
        half = ASK if side > 0 else BID
        prices = [p for (h, p), level in self.levels.items() if h == half and level.free and (limit - p) * side >= 0]
        return sorted(prices, reverse=side < 0)

    def depth(self, side: int, limit: int) -> int:
        half = ASK if side > 0 else BID
        return sum(self.levels[half, price].free for price in self.within(side, limit))

    def take(self, handle: int, side: int, limit: int, size: int) -> int:
        taken: dict[int, int] = {}
        while sum(taken.values()) < size and (prices := self.within(side, limit)):
            self.levels[ASK if side > 0 else BID, prices[0]].taken += 1
            taken[prices[0]] = taken.get(prices[0], 0) + 1
        self.fills += [(handle, price, units, "book") for price, units in taken.items()]
        return sum(taken.values())

    def in_priority(self, side: int) -> list[Order]:
        return sorted((o for o in self.orders if o.side == side), key=lambda o: -o.price * o.side)

    def print(self, side: int, price: int, size: int) -> None:
        got: dict[int, int] = {}
        for _ in range(size):
            used = side <= 0 and self.print_one(1, price, got)
            if not used and side >= 0:
                self.print_one(-1, price, got)
        self.book_fills(got, "print")

    def print_one(self, side: int, price: int, got: dict[int, int]) -> bool:
        """Give one printed unit to our best order or to the queue before it; False when it reaches neither."""
        for order in self.in_priority(side):
            if order.left == 0 or (order.price - price) * side < 0:
                continue
            if order.price == price and order.ahead > 0:
                for other in self.orders:
                    if (other.side, other.price) == (side, price):
                        other.ahead = max(other.ahead - 1, 0)
                return True
            order.left -= 1
            order.ahead = 0
            got[order.handle] = got.get(order.handle, 0) + 1
            return True
        return False

    def trade_through(self) -> None:
        if self.best(BID) >= self.best(ASK):
            return
        got: dict[int, int] = {}
        for side in (1, -1):
            for order in self.in_priority(side):
                while order.left and (prices := self.within(side, order.price)):
                    self.levels[ASK if side > 0 else BID, prices[0]].taken += 1
                    order.left -= 1
                    order.ahead = 0
                    got[order.handle] = got.get(order.handle, 0) + 1
        self.book_fills(got, "through")

    def book_fills(self, got: dict[int, int], cause: str) -> None:
        price_of = {order.handle: order.price for order in self.orders}
        self.fills += [(handle, price_of[handle], units, cause) for handle, units in got.items()]
        self.orders = [order for order in self.orders if order.left > 0]
