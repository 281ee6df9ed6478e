"""Assumptions of the simulated exchange; all of them are told in every report."""

from decimal import Decimal

from polydesk.model.params import Params, param

FILL_RULE = (
    "Takers walk the recorded book level by level; what we took stays taken while the level shows it. Resting orders "
    "queue behind everything shown when they arrive; only prints advance the queue. They fill from prints that reach "
    "them, or when the recorded book crosses them, up to the depth that crossed, each unit once; never from size "
    "refreshes."
)
"""The fill rule in words."""


class ExchangeConfig(Params):
    """Latencies and settlement of the simulated exchange."""

    order_latency_ms: float = param(50.0, "ms", "from sending an order to the venue having it", low=0)
    cancel_latency_ms: float = param(50.0, "ms", "from sending a cancel to the venue acting on it", low=0)
    answer_latency_ms: float = param(25.0, "ms", "from the venue acting to the desk hearing of it", low=0)
    jitter: float = param(0.2, "fraction", "seeded spread around each latency", low=0, high=1)
    confirm_s: float = param(4.0, "s", "from match to confirmation", low=0)
    failure_rate: float = param(0.0, "fraction", "of matches that fail to settle and are reversed", low=0, high=1)
    settle_s: float = param(60.0, "s", "from a market's end to its payout", low=0)
    min_marketable: Decimal = param(Decimal(1), "pUSD", "smallest marketable buy", low=0)
