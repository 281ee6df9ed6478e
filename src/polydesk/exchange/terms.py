"""From the configured assumptions to what the compiled venue counts with."""

from pathlib import Path

import msgspec

from polydesk.exchange.config import ExchangeConfig
from polydesk.exchange.measured import read_latencies
from polydesk.kernel import Latency, QueueModel, VenueTerms
from polydesk.model.fees import FeeSchedule
from polydesk.model.grid import cash_u6
from polydesk.model.market import Market
from polydesk.model.params import milliseconds_ns, seconds_ns

_QUEUES = {
    "pessimistic": QueueModel.PESSIMISTIC,
    "proportional": QueueModel.PROPORTIONAL,
    "probability": QueueModel.PROBABILITY,
}


def venue_terms(config: ExchangeConfig, seed: int, cash: int) -> VenueTerms:
    """Return the venue's terms.

    Args:
        config: Assumptions.
        seed: Of the session.
        cash: Micro-pUSD at the start.

    Raises:
        ConfigError: The latency file cannot be used.
    """
    measured = read_latencies(Path(config.latency_file), config.latency_sha256) if config.latency_file else {}

    def leg(name: str, base_ms: float, jitter: float) -> Latency:
        base = milliseconds_ns(base_ms)
        return Latency(base, round(base * jitter), measured.get(name, ()))

    return VenueTerms(
        seed=seed,
        cash_u6=cash,
        order=leg("order", config.order_latency_ms, config.jitter),
        cancel=leg("cancel", config.cancel_latency_ms, config.jitter),
        answer=leg("answer", config.answer_latency_ms, 0.0),
        feed=leg("feed", config.feed_latency_ms, config.jitter),
        confirm_ns=seconds_ns(config.confirm_s),
        failure=config.failure_rate,
        settle_ns=seconds_ns(config.settle_s),
        dispute=config.dispute_rate,
        dispute_ns=seconds_ns(config.dispute_s),
        min_marketable_u6=cash_u6(config.min_marketable),
        rebates=config.maker_rebates,
        spends=config.buys_spend,
    )


def queue_rule(config: ExchangeConfig) -> tuple[QueueModel, int]:
    """Return the queue model and its power, for ``new_own``."""
    return _QUEUES[config.queue_model], config.queue_power


def assumed_markets(markets: tuple[Market, ...], config: ExchangeConfig) -> tuple[Market, ...]:
    """Return the markets with their fee rates times ``fee_scale``; desk and venue must both be given these."""
    if config.fee_scale == 1:
        return markets
    return tuple(msgspec.structs.replace(one, fees=_scaled(one.fees, config.fee_scale)) for one in markets)


def _scaled(fees: FeeSchedule, scale: float) -> FeeSchedule:
    rates = tuple(msgspec.structs.replace(rate, rate_ppm=round(rate.rate_ppm * scale)) for rate in fees.rates)
    return FeeSchedule(rates, "assumed", f"rates of {fees.origin} times {scale:g} (exchange.fee_scale)")
