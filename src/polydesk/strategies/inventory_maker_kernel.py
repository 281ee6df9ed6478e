"""The inventory maker's decision, compiled; see ``inventory_maker`` for what it does and ``signals.compiled`` for how.

The order of the float operations is part of the result: a session replays to the same bytes.
"""

import math
from enum import IntEnum
from typing import Any

from numba import float64, int64, void
from numpy.typing import NDArray

from polydesk.kernel.jit import kernel
from polydesk.model.grid import FAR_NS, LOT_U6, PRICE_ONE_G4, SHARE_U6
from polydesk.model.reasons import Hold
from polydesk.signals.compiled import QUOTES, Feel, Sight, Target, hold_number
from polydesk.strategies.compiled_types import FLOAT1, FLOAT2, LONG1, LONG2, LONG3

_ONE = PRICE_ONE_G4
_CROSSED, _ONE_SIDED = hold_number(Hold.CROSSED), hold_number(Hold.ONE_SIDED)
_NEAR_END, _WARMING_UP = hold_number(Hold.NEAR_END), hold_number(Hold.WARMING_UP)
_EXTREME, _SPREAD = hold_number(Hold.EXTREME_PRICE), hold_number(Hold.SPREAD)
_TOO_SMALL = hold_number(Hold.SIZE_BELOW_MINIMUM)
_KNOWN_AGE_S = 30.0


class Param(IntEnum):
    """Columns of ``params``, in the order of ``InventoryMaker.packed``."""

    HALF_SPREAD = 0
    IMBALANCE_WEIGHT = 1
    DEPTH_LEVELS = 2
    INVENTORY_SKEW = 3
    WIDENING = 4
    QUOTE_SHARES = 5
    MAX_INVENTORY = 6
    MAX_SPREAD = 7
    EXTREME = 8
    WARM_UP_S = 9
    STOP_BEFORE_END_S = 10
    REQUOTE_MOVE = 11
    REQUOTE_S = 12


class Kept(IntEnum):
    """Columns of ``memory``, in the order of ``inventory_maker.Memory``."""

    FIRST_NS = 0
    FAIR_N9 = 1
    BID_N9 = 2
    ASK_N9 = 3
    MOVED_NS = 4


_N9 = 1_000_000_000
_G4 = _N9 // PRICE_ONE_G4


@kernel(int64(FLOAT1, LONG1, LONG1, int64))
def _hold(params: NDArray[Any], sight: NDArray[Any], memory: NDArray[Any], size: int) -> int:
    ts_ns, bid, ask = sight[Sight.TS_NS], sight[Sight.BID_G4], sight[Sight.ASK_G4]
    two_sided = bid > 0 and ask < _ONE
    if two_sided and bid >= ask:
        return _CROSSED
    if not two_sided:
        return _ONE_SIDED
    if memory[Kept.FIRST_NS] == 0:
        memory[Kept.FIRST_NS] = ts_ns
    end = sight[Sight.END_NS]
    if end != FAR_NS and (end - ts_ns) / 1e9 < params[Param.STOP_BEFORE_END_S]:
        return _NEAR_END
    if (ts_ns - memory[Kept.FIRST_NS]) / 1e9 < params[Param.WARM_UP_S]:
        return _WARMING_UP
    mid = (bid + ask) / 20_000
    if mid < params[Param.EXTREME] or mid > 1 - params[Param.EXTREME]:
        return _EXTREME
    if (ask - bid) / 10_000 > params[Param.MAX_SPREAD]:
        return _SPREAD
    return _TOO_SMALL if size < sight[Sight.MIN_SIZE_U6] else QUOTES


@kernel(int64(LONG1, int64, int64, int64, int64, LONG1))
def _on_token(sight: NDArray[Any], half: int, book_g4: int, size: int, held: int, target: NDArray[Any]) -> int:
    # A wish in the book of token 0 (half 0 buys) as a sale of what is held of the other kind, or as a purchase.
    sells = held > 0 and held >= sight[Sight.MIN_SIZE_U6]
    token = (1 - half) if sells else half
    target[Target.TOKEN] = token
    target[Target.SIDE] = -1 if sells else 1
    target[Target.PRICE_G4] = book_g4 if token == 0 else _ONE - book_g4
    target[Target.SIZE_U6] = held if sells else size
    return QUOTES


@kernel(int64(FLOAT1))
def _stands(params: NDArray[Any]) -> int:
    return 1 if params[Param.REQUOTE_MOVE] > 0 or params[Param.REQUOTE_S] > 0 else 0


@kernel(void(FLOAT1, LONG1, FLOAT2, int64))
def _stand(params: NDArray[Any], memory: NDArray[Any], terms: NDArray[Any], ts_ns: int) -> None:
    # Keeps the quotes where they are until fair value has moved far enough from where it was when they were made, and
    # they have stood long enough.
    fair = round((terms[0, 0] + terms[0, 1] + terms[0, 2]) * _N9)
    far = abs(fair - memory[Kept.FAIR_N9]) >= round(params[Param.REQUOTE_MOVE] * _N9)
    long = (ts_ns - memory[Kept.MOVED_NS]) / 1e9 >= params[Param.REQUOTE_S]
    if memory[Kept.FAIR_N9] == 0 or (far and long):
        memory[Kept.FAIR_N9] = fair
        memory[Kept.MOVED_NS] = ts_ns
        for half in range(2):
            memory[Kept.BID_N9 + half] = round(_fresh(terms[half]) * _N9)
    for half in range(2):
        terms[half, 5] = (memory[Kept.BID_N9 + half] - round(_fresh(terms[half]) * _N9)) / _N9


@kernel(float64(FLOAT1))
def _fresh(terms: NDArray[Any]) -> float:
    wanted: float = terms[0] + terms[1] + terms[2] + terms[3] + terms[4]
    return wanted


@kernel(int64(FLOAT1, LONG1, LONG1, int64, int64, LONG1, FLOAT1))
def _quote(
    params: NDArray[Any], sight: NDArray[Any], memory: NDArray[Any], half: int, size: int, target: NDArray[Any],
    terms: NDArray[Any],
) -> int:  # fmt: skip
    bid, ask, tick = sight[Sight.BID_G4], sight[Sight.ASK_G4], sight[Sight.TICK_G4]
    stands = _stands(params)
    wanted = _fresh(terms) + (terms[5] if stands else 0.0)
    # Rounded away from the other side and never crossing it. What stands is on a grid of its own: it must be rounded
    # to the same price at every look.
    if half == 0:
        price = memory[Kept.BID_N9] // _G4 if stands else math.floor(wanted * _ONE)
        price = min(price, ask - tick)
        price -= price % tick
    else:
        price = -(-memory[Kept.ASK_N9] // _G4) if stands else -math.floor(-(wanted * _ONE))
        price = max(price, bid + tick)
        price += -price % tick
    if not tick <= price <= _ONE - tick:
        return QUOTES
    terms[6 if stands else 5] = price / _ONE - wanted
    held = min(size, sight[Sight.HELD_1_U6] if half == 0 else sight[Sight.HELD_0_U6])
    return int(_on_token(sight, half, price, size, held - held % LOT_U6, target))


@kernel(int64(FLOAT1, LONG1, FLOAT1, LONG3, LONG1, LONG2, FLOAT2))
def decide(
    params: NDArray[Any], sight: NDArray[Any], feel: NDArray[Any], ladder: NDArray[Any], memory: NDArray[Any],
    targets: NDArray[Any], terms: NDArray[Any],
) -> int:  # fmt: skip
    """Return ``QUOTES`` and fill in the targets, or return why there are none; see ``signals.compiled``."""
    size = round(params[Param.QUOTE_SHARES] * feel[Feel.SIZE_FACTOR] * SHARE_U6)
    size -= size % LOT_U6
    targets[0, Target.SIZE_U6] = targets[1, Target.SIZE_U6] = 0
    hold = _hold(params, sight, memory, size)
    if hold != QUOTES:
        memory[Kept.FAIR_N9] = 0
        return int(hold)
    bids = asks = 0
    for level in range(int(params[Param.DEPTH_LEVELS])):
        bids += ladder[0, level, 1]
        asks += ladder[1, level, 1]
    lean = (bids - asks) / (bids + asks) if bids + asks else 0.0
    bid, ask = sight[Sight.BID_G4], sight[Sight.ASK_G4]
    limit = round(params[Param.MAX_INVENTORY] * SHARE_U6)
    net = sight[Sight.HELD_0_U6] - sight[Sight.HELD_1_U6]
    volatility = math.sqrt(feel[Feel.VARIANCE_PER_S] * 5.0) if feel[Feel.AGE_S] >= _KNOWN_AGE_S else 0.0
    for half in range(2):
        sign = -1.0 if half == 0 else 1.0
        terms[half, 0] = (bid + ask) / 20_000
        terms[half, 1] = params[Param.IMBALANCE_WEIGHT] * lean * ((ask - bid) / 10_000) / 2
        terms[half, 2] = -params[Param.INVENTORY_SKEW] * (net / limit)
        terms[half, 3] = sign * params[Param.HALF_SPREAD]
        terms[half, 4] = sign * (params[Param.WIDENING] * volatility)
    if _stands(params):
        _stand(params, memory, terms, sight[Sight.TS_NS])
    if net + size <= limit:
        _quote(params, sight, memory, 0, size, targets[0], terms[0])
    if net - size >= -limit:
        _quote(params, sight, memory, 1, size, targets[1], terms[1])
    return QUOTES
