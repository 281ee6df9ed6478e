"""The fill model for stored signals, against the formulas worked out by hand and in floating point."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.errors import ConfigError
from polydesk.model.orders import Side
from polydesk.research.fill_model import (
    FillModel,
    check_model,
    drawn,
    executed_u6,
    fee_u6,
    fill_price_g4,
    fill_probability,
    fill_ratio,
    slippage_bps,
)
from polydesk.research.stored_signals import Snapshot, Snapshots

ALL = FillModel(partial_fill=True, fill_probability=True, dynamic_slippage=True)


def snap(liquidity=None, yes=5000, no=5000):
    return Snapshot(0, (yes, no), None if liquidity is None else liquidity * 1_000_000)


def test_defaults_are_those_of_the_options():
    told = FillModel().model_dump()
    assert told == {
        "slippage_bps": 5, "fee_bps": 0, "partial_fill": False, "liquidity_full_fill": 1000,
        "min_fill_ratio": Decimal("0.1"), "fill_probability": False, "min_fill_probability": Decimal("0.05"),
        "dynamic_slippage": False, "spread_slippage_weight_bps": 50, "liquidity_slippage_weight_bps": 25,
        "slippage_liquidity_reference": 1000, "fill_draw": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "side", "bps", "price"),
    [
        ("0.5", Side.BUY, 0, 5000), ("0.5", Side.BUY, 5, 5003), ("0.5", Side.SELL, 5, 4997),
        ("0.4", Side.BUY, 100, 4040), ("0.4", Side.SELL, 100, 3960), ("0.99", Side.BUY, 50, 9900),
        ("1", Side.BUY, 0, 9900), ("0", Side.SELL, 0, 100), ("0.01", Side.SELL, 500, 100),
        ("0.33333", Side.BUY, 0, 3334), ("0.33333", Side.SELL, 0, 3333),
    ],
)  # fmt: skip
def test_prices_are_clipped_slipped_and_rounded_against_us(target, side, bps, price):
    assert fill_price_g4(Fraction(target), side, Fraction(bps)) == price


@pytest.mark.parametrize(
    ("snapshot", "bps"),
    [
        (snap(1000), 5), (snap(2000), 5), (snap(0), 30), (snap(500), 17.5), (snap(1000, 5000, 5400), 7),
        (snap(1000, 4000, 4000), 15), (snap(1000, 5000, None), 5), (snap(None), 30),
    ],
)  # fmt: skip
def test_dynamic_slippage(snapshot, bps):
    assert slippage_bps(ALL, snapshot) == Fraction(bps)
    assert slippage_bps(FillModel(), snapshot) == 5


@pytest.mark.parametrize(
    ("liquidity", "ratio", "chance"),
    [
        (2000, 1, 1), (1000, 1, 1), (999, Fraction(999, 1000), Fraction(9, 10)),
        (800, Fraction(8, 10), Fraction(9, 10)),
        (799, Fraction(799, 1000), Fraction(3, 4)), (500, Fraction(1, 2), Fraction(3, 4)),
        (200, Fraction(1, 5), Fraction(55, 100)), (199, Fraction(199, 1000), Fraction(35, 100)),
        (50, Fraction(1, 10), Fraction(35, 100)), (0, Fraction(1, 10), Fraction(35, 100)), (None, 1, Fraction(35, 100)),
    ],
)  # fmt: skip
def test_ratio_and_probability_by_liquidity(liquidity, ratio, chance):
    assert fill_ratio(ALL, snap(liquidity)) == ratio
    assert fill_probability(ALL, snap(liquidity), Side.SELL) == chance
    assert fill_probability(ALL, snap(liquidity), Side.BUY) == Fraction(95, 100) * chance
    assert executed_u6(ALL, 10_000_000, Fraction(ratio), Fraction(chance), 1, "s") == int(10_000_000 * ratio * chance)
    assert fill_ratio(FillModel(), snap(liquidity)) == 1
    assert fill_probability(FillModel(), snap(liquidity), Side.BUY) == 1


def test_the_floor_of_the_probability():
    model = FillModel(fill_probability=True, min_fill_probability=Decimal("0.5"))
    assert fill_probability(model, snap(0), Side.BUY) == Fraction(1, 2)


@given(
    st.integers(1, 9999), st.sampled_from(Side), st.integers(0, 3_000), st.integers(0, 10_000), st.integers(0, 10_000),
    st.integers(0, 10**9),
)  # fmt: skip
def test_grid_arithmetic_follows_the_formulas(target_g4, side, liquidity, yes, no, size):
    snapshot = snap(liquidity, yes, no)
    apart, thin = abs(1 - (yes + no) / 1e4), min(1, max(0, 1 - liquidity / 1000))
    bps = 5 + apart * 50 + thin * 25
    assert float(slippage_bps(ALL, snapshot)) == pytest.approx(bps)
    px = min(0.99, max(0.01, target_g4 / 1e4))
    exact = min(0.99, px * (1 + bps / 1e4)) if side is Side.BUY else max(0.01, px * (1 - bps / 1e4))
    price = fill_price_g4(Fraction(target_g4, 10_000), side, slippage_bps(ALL, snapshot))
    assert abs(price / 1e4 - exact) < 1.0001e-4
    assert (price / 1e4 - exact) * side >= -1e-12
    assert 100 <= price <= 9900
    ratio, chance = fill_ratio(ALL, snapshot), fill_probability(ALL, snapshot, side)
    got = executed_u6(ALL, size, ratio, chance, 0, "x")
    assert 0 <= got <= size
    assert got == pytest.approx(size * float(ratio * chance), abs=1.01)


@given(st.integers(1, 9999), st.integers(0, 10**12), st.integers(0, 500))
def test_fees_round_up(price, size, bps):
    fee = fee_u6(FillModel(fee_bps=Decimal(bps)), price, size)
    assert 0 <= fee - Fraction(price * size * bps, 10**8) < 1


def test_draws_depend_on_seed_and_name_alone_and_meet_their_probability():
    model = FillModel(fill_probability=True, fill_draw=True)
    chance = Fraction(55, 100)
    names = [str(n) for n in range(4000)]
    one = {name: executed_u6(model, 7, Fraction(1), chance, 3, name) for name in names}
    two = {name: executed_u6(model, 7, Fraction(1), chance, 3, name) for name in reversed(names)}
    assert one == two
    assert set(one.values()) == {0, 7}
    assert sum(size > 0 for size in one.values()) / len(names) == pytest.approx(0.55, abs=0.03)
    assert drawn(3, "a") != drawn(4, "a")


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="--fill-draw draws by the fill probability"):
        check_model(FillModel(fill_draw=True))
    with pytest.raises(ConfigError, match="--liquidity-full-fill 0"):
        check_model(FillModel(liquidity_full_fill=Decimal(0)))


@given(st.lists(st.integers(0, 50)), st.integers(-1, 51))
def test_a_snapshot_is_never_of_the_future(times, ts_ns):
    snapshots = Snapshots({"m": [Snapshot(at, (at, None), None) for at in times]})
    found = snapshots.at("m", ts_ns)
    known = [at for at in times if at <= ts_ns]
    assert (found.ts_ns if found else None) == (max(known) if known else None)
    assert snapshots.at("other", ts_ns) is None
