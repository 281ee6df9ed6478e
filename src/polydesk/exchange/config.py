"""Assumptions of the simulated exchange; all of them are told in every report."""

from decimal import Decimal
from typing import Literal

from polydesk.model.params import Params, param

_TAKERS = "Takers walk the recorded book level by level; what we took stays taken while the level shows it."
_QUEUES = {
    "pessimistic": "only prints advance the queue.",
    "proportional": (
        "prints advance the queue, and of what is cancelled at their level the share that the queue before them has of "
        "the level."
    ),
    "probability": (
        "prints advance the queue, and of what is cancelled at their level the share f(front) / (f(front) + f(back)) "
        "with f(x) = x ^ {power}."
    ),
}
_FILLS = (
    "They fill from prints that reach them, or when the recorded book crosses them, up to the depth that crossed, each "
    "unit once; never from size refreshes."
)


class ExchangeConfig(Params):
    """Latencies, queues, fees and settlement of the simulated exchange."""

    order_latency_ms: float = param(50.0, "ms", "from sending an order to the venue having it", low=0)
    cancel_latency_ms: float = param(50.0, "ms", "from sending a cancel to the venue acting on it", low=0)
    answer_latency_ms: float = param(25.0, "ms", "from the venue acting to the desk hearing of it", low=0)
    feed_latency_ms: float = param(0.0, "ms", "from a market event to the desk seeing it", low=0)
    jitter: float = param(0.2, "fraction", "seeded spread around the order, cancel and feed latency", low=0, high=1)
    latency_file: str = param("", "-", "CSV leg,latency_ms of measured latencies to draw from; replaces those legs")
    latency_sha256: str = param("", "-", "hash the latency file must have; a session writes it here, empty: any")
    queue_model: Literal["pessimistic", "proportional", "probability"] = param(
        "pessimistic", "-", "what cancels at our level mean for the queue before us"
    )
    queue_power: int = param(3, "1", "power of the probability queue model", low=1, high=8)
    fee_scale: float = param(1.0, "x", "taker fee rates times this; 1 are the market's own", low=0, high=10)
    maker_rebates: bool = param(True, "-", "whether maker rebates are paid")
    confirm_s: float = param(4.0, "s", "from match to confirmation", low=0)
    failure_rate: float = param(0.0, "fraction", "of matches that fail to settle and are reversed", low=0, high=1)
    settle_s: float = param(60.0, "s", "from a market's end to its payout", low=0)
    dispute_rate: float = param(0.0, "fraction", "of outcomes that are disputed and pay later", low=0, high=1)
    dispute_s: float = param(345_600.0, "s", "how much later a disputed outcome pays", low=0)
    buys_spend: bool = param(
        False, "-", "whether a FOK or FAK buy spends its whole cost, so that a better price buys more shares than asked"
    )
    min_marketable: Decimal = param(Decimal(1), "pUSD", "smallest marketable buy", low=0)


def fill_rule(config: ExchangeConfig) -> str:
    """Return the fill rule in words, as the queue model has it."""
    queue = _QUEUES[config.queue_model].format(power=config.queue_power)
    return f"{_TAKERS} Resting orders queue behind everything shown when they arrive; {queue} {_FILLS}"


FILL_RULE = fill_rule(ExchangeConfig())
"""The fill rule of the default assumptions."""
