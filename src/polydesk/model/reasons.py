"""Reason codes: every hold, refusal, reject and exit names one of these, never prose."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why risk did not permit an order. The first check that says no gives the code."""

    ENTRIES_STOPPED = "entries_stopped"
    KILL_SWITCH = "kill_switch"
    RISK_UNKNOWN = "risk_unknown"
    SENTINEL_BROKEN = "sentinel_broken"
    ASSUMED_FACT = "assumed_fact"
    MARKET_ENDED = "market_ended"
    MARKET_ENDING = "market_ending"
    STALE_FEED = "stale_feed"
    CROSSED_BOOK = "crossed_book"
    OFF_TICK = "off_tick"
    BELOW_MINIMUM = "below_minimum"
    PRICE_COLLAR = "price_collar"
    ORDER_NOTIONAL = "order_notional"
    MARKET_EXPOSURE = "market_exposure"
    TOTAL_EXPOSURE = "total_exposure"
    CASH = "cash"
    SHARES = "shares"
    ORDER_RATE = "order_rate"
    OPEN_ORDERS = "open_orders"
    DUPLICATE = "duplicate"
    COOLDOWN = "cooldown"
    SELF_TRADE = "self_trade"


class Hold(StrEnum):
    """Why a strategy, the ensemble, a gate or the sizing step asks for nothing."""

    WARMING_UP = "warming_up"
    ONE_SIDED = "one_sided"
    CROSSED = "crossed"
    EXTREME_PRICE = "extreme_price"
    SPREAD = "spread"
    SMALL_DEVIATION = "small_deviation"
    LOW_CONFIDENCE = "low_confidence"
    AGAINST_MOMENTUM = "against_momentum"
    WEAK_SIGNAL = "weak_signal"
    NO_CONSENSUS = "no_consensus"
    COST = "cost"
    SIZE_BELOW_MINIMUM = "size_below_minimum"
    POSITION_OPEN = "position_open"
    NEAR_END = "near_end"
    STRATEGY_ERROR = "strategy_error"


class Exit(StrEnum):
    """Why a position is closed."""

    TIME = "time"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    TARGET = "target"
    SETTLEMENT = "settlement"
    QUOTE = "quote"
    """An inventory reducing fill of a resting quote, not an exit decision."""
    STOPPED = "stopped"


class Reject(StrEnum):
    """Why the venue refused or ended an order."""

    POST_ONLY_CROSSES = "post_only_would_cross"
    FOK_NOT_FILLED = "fok_not_filled"
    FAK_NOT_FILLED = "fak_not_filled"
    BREAKS_TICK = "breaks_tick"
    BELOW_MINIMUM = "below_minimum"
    NOT_ENOUGH_BALANCE = "not_enough_balance"
    DUPLICATED = "duplicated"
    MARKET_CLOSED = "market_closed"
    ALREADY_DONE = "already_canceled_or_matched"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    MARKET_RESOLVED = "market_resolved"
    CANCELLED = "cancelled"
    REMAINDER_KILLED = "remainder_killed"
    MARKETABLE_MINIMUM = "marketable_minimum"
    TOO_MANY_ORDERS = "too_many_orders"
    POST_ONLY_TYPE = "post_only_type"
    """FOK and FAK cannot be post-only."""
    INVALID_AMOUNTS = "invalid_amounts"
    """More decimals than the venue takes in an order of this type."""
