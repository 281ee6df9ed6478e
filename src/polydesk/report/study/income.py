"""Money beside the trades: maker rebates, fills that failed, and inventory that a resolution paid out."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from polydesk.model.fees import taker_fee_u6
from polydesk.model.grid import cost_u6
from polydesk.model.market import Market
from polydesk.model.records import Liquidity
from polydesk.report.money import FillLine, SettledLine
from polydesk.report.periods import day_of

_PPM = 1_000_000
REBATES = frozenset({"maker_rebate", "rebate"})
"""Kinds of booked cash that are rebates."""


class RebateDay(msgspec.Struct, frozen=True):
    """What maker fills of one market earned on one UTC day by the published rule, micro-pUSD, and on how many."""

    market: int
    day: str
    fills: int
    due_u6: int


class Rebates(msgspec.Struct, frozen=True):
    """Maker rebates, apart from the trading PnL.

    Attributes:
        days: By market and day.
        due_u6: Their sum.
        booked_u6: What the session's cash received as rebates; a part of equity.
    """

    days: tuple[RebateDay, ...]
    due_u6: int
    booked_u6: int


class Failed(msgspec.Struct, frozen=True):
    """Fills that were matched and then not settled.

    Attributes:
        fills: How many.
        of: Fills that came to an end, confirmed or failed.
        notional_u6: Price x size of the failed ones, micro-pUSD.
    """

    fills: int
    of: int
    notional_u6: int


class Inventory(msgspec.Struct, frozen=True):
    """Shares that were still held when their market resolved.

    Attributes:
        positions: How many.
        shares_u6: Micro-shares.
        cost_u6: What they had cost, micro-pUSD.
        gained_u6: Sum over those that paid more than their cost.
        lost_u6: Sum over those that paid less, as a positive number.
    """

    positions: int
    shares_u6: int
    cost_u6: int
    gained_u6: int
    lost_u6: int


def rebates(
    fills: Iterable[FillLine], markets: Sequence[Market], external: Mapping[str, int], fee_scale: float = 1.0
) -> Rebates:
    """Return the rebates due for maker fills: fee equivalent x rebate share, per market and UTC day.

    Each fill is rounded down to a micro-pUSD, as the simulated exchange accrues it, so that what is due and what was
    booked can be compared. Source: venue documentation, section "Maker rebates"; the fee equivalent is what the taker
    of the fill pays.

    Args:
        fills: Failed and taker fills are left out.
        markets: With their fee schedules.
        external: Booked cash by kind, micro-pUSD.
        fee_scale: What the session multiplied all rates by.
    """
    sums: dict[tuple[int, str], list[int]] = {}
    for line in fills:
        fill = line.fill
        if line.status == "failed" or fill.liquidity is not Liquidity.MAKER or fill.market >= len(markets):
            continue
        rate = markets[fill.market].fees.at(fill.matched_ns)
        equivalent = taker_fee_u6(fill.price_g4, fill.size_u6, round(rate.rate_ppm * fee_scale), rate.exponent)
        sums.setdefault((fill.market, day_of(fill.matched_ns)), []).append(equivalent * rate.rebate_ppm // _PPM)
    days = tuple(RebateDay(*key, len(due), sum(due)) for key, due in sorted(sums.items()) if sum(due))
    booked = sum(amount for kind, amount in external.items() if kind in REBATES)
    return Rebates(days, sum(day.due_u6 for day in days), booked)


def fee_scale_of(config: Mapping[str, object]) -> float:
    """Return what a session's configuration multiplies all fee rates by."""
    found = config.get("exchange")
    return float(found.get("fee_scale", 1.0)) if isinstance(found, dict) else 1.0


def failed_fills(fills: Iterable[FillLine]) -> Failed:
    """Count the fills that failed to settle."""
    ended = [line for line in fills if line.status != "matched"]
    lost = [line.fill for line in ended if line.status == "failed"]
    return Failed(len(lost), len(ended), sum(cost_u6(fill.price_g4, fill.size_u6) for fill in lost))


def inventory(settled: Iterable[SettledLine]) -> Inventory:
    """Sum up what was held into resolutions."""
    lines = list(settled)
    worth = [cost_u6(line.payout_g4, line.shares_u6) for line in lines]
    return Inventory(
        len(lines),
        sum(line.shares_u6 for line in lines),
        sum(paid - line.realised_u6 for paid, line in zip(worth, lines, strict=True)),
        sum(max(0, line.realised_u6) for line in lines),
        sum(max(0, -line.realised_u6) for line in lines),
    )
