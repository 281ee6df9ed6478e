"""The fill model for stored signals: prices, partial fills, probabilities and fees, where no book was recorded.

All of it is exact: fractions until a price, a size or a fee is rounded to its grid, each time against us.
"""

import hashlib
from decimal import Decimal
from fractions import Fraction

from polydesk.model.errors import ConfigError
from polydesk.model.grid import CASH_ONE_U6, PRICE_ONE_G4
from polydesk.model.orders import Side
from polydesk.model.params import Params, param
from polydesk.research.stored_signals import Snapshot

LOWEST, HIGHEST = Fraction(1, 100), Fraction(99, 100)
"""Prices a fill can have."""

_BPS = 10_000
_TIERS = ((1000, Fraction(1)), (800, Fraction(9, 10)), (500, Fraction(3, 4)), (200, Fraction(11, 20)))
_THIN = Fraction(7, 20)
_BUYS = Fraction(19, 20)


class FillModel(Params):
    """Parameters of the fill model; names and defaults are those of the command's options."""

    slippage_bps: Decimal = param(Decimal(5), "bps", "worse than the target, always", low=0)
    fee_bps: Decimal = param(Decimal(0), "bps", "fee on price x size", low=0)
    partial_fill: bool = param(False, "-", "whether thin markets fill only a part")
    liquidity_full_fill: Decimal = param(Decimal(1000), "pUSD", "liquidity from which all is filled", low=0)
    min_fill_ratio: Decimal = param(Decimal("0.1"), "fraction", "part that is always filled", low=0, high=1)
    fill_probability: bool = param(False, "-", "whether thin markets fill with a probability below 1")
    min_fill_probability: Decimal = param(Decimal("0.05"), "fraction", "lowest probability", low=0, high=1)
    dynamic_slippage: bool = param(False, "-", "whether thin and incoherent markets slip further")
    spread_slippage_weight_bps: Decimal = param(Decimal(50), "bps", "for YES and NO that add up to 0 or 2", low=0)
    liquidity_slippage_weight_bps: Decimal = param(Decimal(25), "bps", "for a market without liquidity", low=0)
    slippage_liquidity_reference: Decimal = param(Decimal(1000), "pUSD", "liquidity from which nothing is added", low=0)
    fill_draw: bool = param(False, "-", "draw whether a signal fills instead of filling its expectation")


def check_model(model: FillModel) -> FillModel:
    """Return the model when its parts fit together.

    Raises:
        ConfigError: A divisor is 0, or a draw has no probability to draw by.
    """
    for name in ("liquidity_full_fill", "slippage_liquidity_reference"):
        if getattr(model, name) <= 0:
            raise ConfigError(f"--{name.replace('_', '-')} {getattr(model, name)}: must be more than 0")
    if model.fill_draw and not model.fill_probability:
        raise ConfigError("--fill-draw draws by the fill probability; give --fill-probability as well")
    return model


def slippage_bps(model: FillModel, snapshot: Snapshot) -> Fraction:
    """Return fixed and dynamic slippage in bps.

    Dynamic: ``|1 - (yes + no)|`` times the spread weight, plus ``clip(1 - liquidity / reference)`` times the liquidity
    weight. A missing NO price adds nothing; unknown liquidity counts as none.
    """
    fixed = Fraction(model.slippage_bps)
    if not model.dynamic_slippage:
        return fixed
    yes, no = snapshot.prices_g4
    apart = Fraction(0) if yes is None or no is None else abs(1 - Fraction(yes + no, PRICE_ONE_G4))
    liquidity = _liquidity(snapshot) or Fraction(0)
    thin = min(Fraction(1), max(Fraction(0), 1 - liquidity / Fraction(model.slippage_liquidity_reference)))
    return (
        fixed
        + apart * Fraction(model.spread_slippage_weight_bps)
        + thin * Fraction(model.liquidity_slippage_weight_bps)
    )


def fill_price_g4(target: Fraction, side: Side, bps: Fraction) -> int:
    """Return the price of a fill on the grid: the target within 0.01 to 0.99, made worse by ``bps``, kept in there."""
    price = min(HIGHEST, max(LOWEST, target))
    if side is Side.BUY:
        worse = min(HIGHEST, price * (1 + bps / _BPS))
        return -int(-worse * PRICE_ONE_G4 // 1)
    worse = max(LOWEST, price * (1 - bps / _BPS))
    return int(worse * PRICE_ONE_G4 // 1)


def fill_ratio(model: FillModel, snapshot: Snapshot) -> Fraction:
    """Return the part that a market of this liquidity fills; all of it when the liquidity is unknown."""
    liquidity = _liquidity(snapshot)
    if not model.partial_fill or liquidity is None:
        return Fraction(1)
    share = min(Fraction(1), liquidity / Fraction(model.liquidity_full_fill))
    return max(Fraction(model.min_fill_ratio), share)


def fill_probability(model: FillModel, snapshot: Snapshot, side: Side) -> Fraction:
    """Return the probability of a fill: by tiers of liquidity, a little less for buys; unknown counts as thin."""
    if not model.fill_probability:
        return Fraction(1)
    liquidity = _liquidity(snapshot) or Fraction(0)
    chance = next((chance for least, chance in _TIERS if liquidity >= least), _THIN)
    if side is Side.BUY:
        chance *= _BUYS
    return max(Fraction(model.min_fill_probability), chance)


def executed_u6(model: FillModel, size_u6: int, ratio: Fraction, chance: Fraction, seed: int, name: str) -> int:
    """Return the micro-shares that fill, rounded down.

    Args:
        model: Tells whether the expectation is filled, or all or nothing is drawn.
        size_u6: Asked for.
        ratio: As ``fill_ratio``.
        chance: As ``fill_probability``.
        seed: Of the draw.
        name: Of the signal: its draw depends on nothing but seed and name.
    """
    if not model.fill_draw:
        return int(size_u6 * ratio * chance)
    return int(size_u6 * ratio) if drawn(seed, name) < chance else 0


def drawn(seed: int, name: str) -> Fraction:
    """Return a number from 0 up to 1 that depends on seed and name alone."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return Fraction(int.from_bytes(digest[:8], "big"), 1 << 64)


def fee_u6(model: FillModel, price_g4: int, size_u6: int) -> int:
    """Return the fee in micro-pUSD, rounded up."""
    fee = Fraction(price_g4 * size_u6, PRICE_ONE_G4) * Fraction(model.fee_bps) / _BPS
    return -int(-fee // 1)


def _liquidity(snapshot: Snapshot) -> Fraction | None:
    return None if snapshot.liquidity_u6 is None else Fraction(snapshot.liquidity_u6, CASH_ONE_U6)
