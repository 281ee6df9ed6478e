"""The daily loss kill switch.

``normal`` -> loss reaches the limit -> ``tripped`` -> after the cooldown -> ``recovery`` (smaller sizes) -> a second,
smaller loss -> ``locked`` until the next day. Exits are never blocked. The limit is the tighter of the fraction and the
amount. It fails closed: an unknown PnL keeps entries stopped.
"""

import msgspec

from polydesk.model.grid import NS_PER_S, cash_u6
from polydesk.model.params import seconds_ns
from polydesk.risk.limits import RiskLimits

_DAY_NS = 86_400 * NS_PER_S
_HOUR_NS = 3_600 * NS_PER_S


class DailyLoss(msgspec.Struct):
    """State of the switch.

    Attributes:
        day: Number of the trading day since the epoch.
        start_u6: PnL at the start of the day, micro-pUSD.
        state: ``normal``, ``tripped``, ``recovery`` or ``locked``.
        tripped_ns: When it tripped last.
        low_u6: Day PnL when recovery began.
        pnl_u6: Day PnL at the last look.
        unknown: Whether it cannot be told if the limit is reached, because shares have no bid.
    """

    day: int = -1
    start_u6: int = 0
    state: str = "normal"
    tripped_ns: int = 0
    low_u6: int = 0
    pnl_u6: int = 0
    unknown: bool = False

    @property
    def stopped(self) -> bool:
        """Whether entries are stopped."""
        return self.state in {"tripped", "locked"}


def loss_limit_u6(limits: RiskLimits, deposits_u6: int) -> int:
    """Return the loss that trips the switch in micro-pUSD: the tighter of fraction and amount, 0 when both are off."""
    by_fraction = int(deposits_u6 * round(limits.daily_loss_fraction * 1_000_000) // 1_000_000)
    by_amount = cash_u6(limits.daily_loss_amount)
    given = [limit for limit in (by_fraction, by_amount) if limit > 0]
    return min(given) if given else 0


def look(
    switch: DailyLoss, limits: RiskLimits, ts_ns: int, pnl_u6: int, deposits_u6: int, unpriced_u6: int = 0
) -> bool:
    """Update the switch with the PnL since the session began; return whether its state changed.

    Args:
        switch: Changed in place.
        limits: The configured limits.
        ts_ns: Virtual time.
        pnl_u6: Net PnL since the session began in micro-pUSD, with or without open losses as configured.
        deposits_u6: Starting cash.
        unpriced_u6: Cost of shares without a bid, counted as worth nothing in ``pnl_u6``. The switch trips when the
            loss is certain even if they kept their cost; while it is only possible, ``unknown`` stops entries.
    """
    before = switch.state
    day = (ts_ns - limits.day_starts_hour * _HOUR_NS) // _DAY_NS
    if day != switch.day:
        switch.start_u6 = pnl_u6 if switch.day < 0 else switch.start_u6 + switch.pnl_u6
        switch.day = day
        switch.state = "normal"
    switch.pnl_u6 = pnl_u6 - switch.start_u6
    limit = loss_limit_u6(limits, deposits_u6)
    switch.unknown = limit > 0 and switch.pnl_u6 <= -limit < switch.pnl_u6 + unpriced_u6
    if limit and not switch.unknown:
        _transition(switch, limits, ts_ns, limit)
    return switch.state != before


def _transition(switch: DailyLoss, limits: RiskLimits, ts_ns: int, limit_u6: int) -> None:
    if switch.state == "normal" and switch.pnl_u6 <= -limit_u6:
        switch.state = "tripped"
        switch.tripped_ns = ts_ns
    elif switch.state == "tripped" and ts_ns - switch.tripped_ns >= seconds_ns(limits.daily_loss_cooldown_s):
        switch.state = "recovery"
        switch.low_u6 = switch.pnl_u6
    elif switch.state == "recovery":
        if switch.pnl_u6 > -limit_u6:
            switch.state = "normal"
        elif switch.low_u6 - switch.pnl_u6 >= round(limit_u6 * limits.daily_loss_second):
            switch.state = "locked"
