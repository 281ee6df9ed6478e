"""Rebates, failed fills and inventory at resolution by hand."""

import msgspec

from made import T0, S, market
from made_orders import SHARE, fill
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.report.money import FillLine, SettledLine
from polydesk.report.study.income import failed_fills, inventory, rebates


def line(number: int, status: str = "confirmed", **facts) -> FillLine:
    return FillLine(fill(number, ts_ns=T0, **facts), "maker", status, "", None)


def paying(rebate_ppm: int):
    return msgspec.structs.replace(market(0), fees=FeeSchedule((FeeRate(0, 70_000, 1, rebate_ppm),), "venue"))


def test_a_rebate_is_the_takers_fee_times_the_share() -> None:
    """10 shares at 0.50: fee 10 x 0.07 x 0.25 = 0.175; a fifth of it is 0.035 pUSD per fill."""
    fills = [line(1), line(2), line(3, taker=True), line(4, "failed")]
    found = rebates(fills, [paying(200_000)], {"maker_rebate": 40_000, "deposit": 7})
    assert [(day.market, day.day, day.fills, day.due_u6) for day in found.days] == [(0, "2026-04-16", 2, 70_000)]
    assert (found.due_u6, found.booked_u6) == (70_000, 40_000)
    assert rebates(fills, [paying(200_000)], {}, fee_scale=2.0).due_u6 == 140_000
    assert rebates(fills, [paying(0)], {}).days == ()


def test_failed_fills_are_of_those_that_ended() -> None:
    found = failed_fills([line(1), line(2, "failed", size=3 * SHARE), line(3, "matched")])
    assert (found.fills, found.of, found.notional_u6) == (1, 2, 1_500_000)


def test_inventory_at_resolution() -> None:
    """10 shares that cost 6 pay 10, 5 shares that cost 2 pay nothing."""
    lines = [
        SettledLine(T0 + S, "m", 0, 0, 10 * SHARE, 10_000, 4 * SHARE, "venue"),
        SettledLine(T0 + S, "m", 0, 1, 5 * SHARE, 0, -2 * SHARE, "venue"),
    ]
    found = inventory(lines)
    assert (found.positions, found.shares_u6, found.cost_u6) == (2, 15 * SHARE, 8 * SHARE)
    assert (found.gained_u6, found.lost_u6) == (4 * SHARE, 2 * SHARE)
