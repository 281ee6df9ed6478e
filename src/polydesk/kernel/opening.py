"""A venue before its first order, and the same venue with more room."""

from itertools import chain
from typing import NamedTuple

import numpy as np

from polydesk.kernel.draw import chance_q31, draw_q31
from polydesk.kernel.schedule import schedule_new
from polydesk.kernel.state import I64
from polydesk.kernel.table import index_order
from polydesk.kernel.venue_state import (
    EVENT_ROOM,
    KNOWN_SHIFT,
    LARGEST_EXPONENT,
    LEGS,
    ORIGINS,
    Due,
    FeeFact,
    Leg,
    LegFact,
    MarketFact,
    Model,
    News,
    OrderFact,
    Tally,
    Venue,
)
from polydesk.model.errors import ConfigError
from polydesk.model.market import Market, Resolution

_KNOWN_BITS = 1 << KNOWN_SHIFT


class Latency(NamedTuple):
    """One leg: a constant spread evenly over +- ``spread_ns``, or measured ``samples_ns`` drawn alike."""

    base_ns: int
    spread_ns: int = 0
    samples_ns: tuple[int, ...] = ()


class VenueTerms(NamedTuple):
    """The assumptions of a venue, in whole numbers.

    Attributes:
        seed: Of every draw, 0 to 2**63 - 1.
        cash_u6: Micro-pUSD at the start.
        order: Latency from sending an order to the venue having it.
        cancel: Likewise of a cancel.
        answer: From the venue acting to the desk hearing of it.
        feed: From the market's event to the desk seeing it.
        confirm_ns: From match to confirmation.
        failure: Probability that a match fails.
        settle_ns: From a market's outcome to its payout.
        dispute: Probability that an outcome is disputed.
        dispute_ns: How much later a disputed market pays.
        min_marketable_u6: Smallest marketable buy, micro-pUSD.
        rebates: Whether makers are paid rebates.
        spends: Whether a FOK or FAK buy spends its whole cost.
    """

    seed: int
    cash_u6: int
    order: Latency
    cancel: Latency
    answer: Latency
    feed: Latency
    confirm_ns: int
    failure: float
    settle_ns: int
    dispute: float
    dispute_ns: int
    min_marketable_u6: int
    rebates: bool
    spends: bool = False


def new_venue(
    terms: VenueTerms,
    markets: tuple[Market, ...],
    resolutions: tuple[Resolution, ...],
    *,
    orders: int = 1024,
    events: int = 2 * EVENT_ROOM,
) -> Venue:
    """Return a venue without orders; payouts are scheduled.

    Args:
        terms: Assumptions.
        markets: In order of their index.
        resolutions: How they end.
        orders: Room for orders before ``grow`` is needed.
        events: Room for things due.

    Raises:
        ConfigError: A fee curve has an exponent the kernel does not compute.
    """
    legs, samples = _legs((terms.order, terms.cancel, terms.answer, terms.feed))
    events = max(events, EVENT_ROOM + len(resolutions))
    venue = Venue(
        orders=np.zeros((orders, len(OrderFact)), np.int64),
        index=np.zeros((_index_length(orders), 2), np.int64),
        known=np.zeros(1024, np.int64),
        heap=np.zeros((events, 3), np.int64),
        events=np.zeros((events, len(News)), np.int64),
        news=np.zeros((1, len(News)), np.int64),
        count=np.zeros(len(Tally), np.int64),
        markets=_facts(markets),
        fees=_fees(markets),
        resolutions=np.zeros((len(resolutions), 5), np.int64),
        samples=samples,
        legs=legs,
        model=np.zeros(len(Model), np.int64),
    )
    venue.model[Model.SEED] = terms.seed
    venue.model[Model.CONFIRM_NS] = terms.confirm_ns
    venue.model[Model.FAILURE_Q31] = chance_q31(terms.failure)
    venue.model[Model.MIN_MARKETABLE_U6] = terms.min_marketable_u6
    venue.model[Model.REBATES] = terms.rebates
    venue.model[Model.SPENDS] = terms.spends
    venue.count[Tally.CASH_U6] = terms.cash_u6
    _schedule_payouts(venue, terms, resolutions)
    return venue


def grow(venue: Venue, room: int = 1) -> Venue:
    """Return the same venue with room for what a compiled function answered ``GROW`` to.

    The arrays that were full are replaced; whoever kept the old tuple must take the new one.

    Args:
        venue: What is too small; ``Tally.WANTED`` is the largest order number to come.
        room: Orders or cancels that must fit at once. Arrays double, so ask again where that is not enough.
    """
    orders, events, known = venue.orders, venue.events, venue.known
    if len(orders) - venue.count[Tally.ORDERS_USED] < room:
        orders = _longer(orders, 2 * len(orders))
    if len(events) - venue.count[Tally.HEAP] <= EVENT_ROOM + room:
        events = _longer(events, 2 * len(events))
    wanted = int(venue.count[Tally.WANTED]) // _KNOWN_BITS + 1
    if len(known) < wanted:
        known = _longer(known, max(2 * len(known), wanted))
    grown = venue.replaced(
        orders=orders,
        events=events,
        known=known,
        heap=_longer(venue.heap, len(events)),
        index=np.zeros((_index_length(len(orders)), 2), np.int64),
    )
    for number, row in venue.index[venue.index[:, 0] != 0].tolist():
        index_order(grown, number, row - 1)
    return grown


def _longer(array: I64, length: int) -> I64:
    longer = np.zeros((length, *array.shape[1:]), np.int64)
    longer[: len(array)] = array
    return longer


def _index_length(orders: int) -> int:
    return 1 << (4 * orders - 1).bit_length()


def _facts(markets: tuple[Market, ...]) -> I64:
    facts = np.zeros((len(markets), MarketFact.END), np.int64)
    stop = 0
    for row, market in zip(facts, markets, strict=True):
        row[MarketFact.MIN_SIZE_U6] = market.min_size_u6.value
        row[MarketFact.TAKER_DELAY_NS] = market.taker_delay_ns.value
        row[MarketFact.FEE_FIRST] = stop
        stop += len(market.fees.rates)
        row[MarketFact.FEE_STOP] = stop
    return facts


def _fees(markets: tuple[Market, ...]) -> I64:
    rates = []
    for market in markets:
        for rate in market.fees.rates:
            if not 0 <= rate.exponent <= LARGEST_EXPONENT:
                raise ConfigError(
                    f"market {market.slug}: its fee curve has exponent {rate.exponent}; this exchange computes 0 to "
                    f"{LARGEST_EXPONENT}, correct the schedule in the tape's manifest"
                )
            rates.append((rate.from_ns, rate.rate_ppm, rate.exponent, rate.rebate_ppm))
    return np.array(rates, np.int64).reshape(-1, len(FeeFact))


def _legs(latencies: tuple[Latency, ...]) -> tuple[I64, I64]:
    legs = np.zeros((LEGS, len(LegFact)), np.int64)
    first = 0
    for row, leg in zip(legs, latencies, strict=True):
        row[LegFact.BASE_NS], row[LegFact.SPREAD_NS] = leg.base_ns, leg.spread_ns
        row[LegFact.FIRST], row[LegFact.SAMPLES] = first, len(leg.samples_ns)
        row[LegFact.LONGEST_NS] = max(leg.samples_ns) if leg.samples_ns else leg.base_ns + leg.spread_ns
        first += len(leg.samples_ns)
    samples = list(chain.from_iterable(sorted(leg.samples_ns) for leg in latencies))
    return legs, np.array(samples, np.int64)


def _schedule_payouts(venue: Venue, terms: VenueTerms, resolutions: tuple[Resolution, ...]) -> None:
    chance = chance_q31(terms.dispute)
    for number, one in enumerate(resolutions):
        disputed = draw_q31(terms.seed, one.market, int(Leg.DISPUTE), 0) < chance
        due_ns = one.at_ns + terms.settle_ns + (terms.dispute_ns if disputed else 0)
        venue.resolutions[number] = (one.market, *one.payout_g4, due_ns, ORIGINS.index(one.origin))
        slot = schedule_new(venue, due_ns, int(Due.RESOLVE))
        venue.events[slot, News.SLOT] = number
        venue.events[slot, News.MARKET] = one.market
