"""Every compiled strategy behind one number, and the way the interpreted desk asks one.

A function given as an argument misses the cache of compiled code in every process, so the loop knows its strategies by
number. To add one: write its ``decide``, number it, and name it here.
"""

from typing import Any

import msgspec
import numpy as np
from numba import int64
from numpy.typing import NDArray

from polydesk.kernel.jit import entry, kernel
from polydesk.model.grid import FAR_NS
from polydesk.model.orders import Side
from polydesk.signals import Quote, Quotes, View, Wait
from polydesk.signals.compiled import MEMORY, QUOTES, TERMS, Compiled, Feel, Sight, Target, hold_of, quote_terms
from polydesk.strategies import inventory_maker_kernel
from polydesk.strategies.compiled_types import FLOAT1, FLOAT2, LONG1, LONG2, LONG3
from polydesk.strategies.numbers import INVENTORY_MAKER

UNKNOWN_STRATEGY = -1


@kernel(int64(int64, FLOAT1, LONG1, FLOAT1, LONG3, LONG1, LONG2, FLOAT2))
def decide(
    number: int, params: NDArray[Any], sight: NDArray[Any], feel: NDArray[Any], ladder: NDArray[Any],
    memory: NDArray[Any], targets: NDArray[Any], terms: NDArray[Any],
) -> int:  # fmt: skip
    """Ask the strategy with this number; ``UNKNOWN_STRATEGY`` when there is none. See ``signals.compiled``."""
    if number == INVENTORY_MAKER:
        return int(inventory_maker_kernel.decide(params, sight, feel, ladder, memory, targets, terms))
    return UNKNOWN_STRATEGY


class ByView:
    """Asks a compiled strategy with a view, as the interpreted desk does; keeps the arrays between two calls."""

    def __init__(self, strategy: Compiled) -> None:
        self._number, self._names, self._depth = strategy.number, strategy.terms, strategy.depth
        self._params = np.array(strategy.packed(), np.float64)
        self._decide = entry(decide)
        self._sight, self._feel = np.zeros(len(Sight), np.int64), np.zeros(len(Feel), np.float64)
        self._ladder = np.zeros((2, self._depth, 2), np.int64)
        self._memory = np.zeros(MEMORY, np.int64)
        self._targets, self._terms = np.zeros((2, len(Target)), np.int64), np.zeros((2, TERMS), np.float64)

    def decide(self, view: View, state: msgspec.Struct) -> Quotes | Wait:
        """Return the compiled answer; ``state`` holds whole numbers and is changed in place."""
        self._look(view)
        fields = state.__struct_fields__
        for index, name in enumerate(fields):
            self._memory[index] = getattr(state, name)
        answer = self._decide(
            self._number, self._params, self._sight, self._feel, self._ladder, self._memory, self._targets, self._terms
        )
        for index, name in enumerate(fields):
            setattr(state, name, self._memory.item(index))
        return Wait(hold_of(answer)) if answer != QUOTES else Quotes(tuple(self._quotes()))

    def _look(self, view: View) -> None:
        end = view.market.end_ns.value
        self._sight[:] = (
            view.ts_ns, view.bid_g4, view.ask_g4, view.tick_g4, view.market.min_size_u6.value,
            FAR_NS if end is None else end, view.held[0].shares_u6, view.held[1].shares_u6, view.equity_u6,
        )  # fmt: skip
        self._feel[:] = view.size_factor, view.features.variance_per_s, view.features.age_s
        for half, side in enumerate((Side.BUY, Side.SELL)):
            found = view.levels(0, side, self._depth)
            self._ladder[half, : len(found)] = found or np.empty((0, 2), np.int64)
            self._ladder[half, len(found) :] = 0

    def _quotes(self) -> list[Quote]:
        quotes = []
        for half, (token, side, price_g4, size_u6) in enumerate(self._targets.tolist()):
            if size_u6:
                why = quote_terms(self._names, self._terms[half, : len(self._names)].tolist(), token)
                quotes.append(Quote(token, Side(side), price_g4, size_u6, why))
        return quotes
