"""Two venues: the same event at this venue and at a slower, dearer one, as two markets of one tape.

The second venue is a market of its own and not a reference price, because a cross-venue strategy needs its book: depth,
tick, fee and settlement of both sides.
"""

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4, SHARE_U6
from polydesk.tape.construct.facts import COARSE_G4, constructed_market, pays
from polydesk.tape.construct.fair import Path, comes_true, from_g4, wander
from polydesk.tape.construct.plan import MINUTE_NS, START_NS, Course, Event, Kind, Phase, Plan, Range, Spec, Style

_SIGMA_PPM = 25_000
_LAG_NS = 3 * NS_PER_S // 2
_BASIS_G4 = 150
_HERE = Style()
_THERE = Style(
    levels=5,
    half_spread_g4=90,
    spread_noise_g4=80,
    size_u6=60 * SHARE_U6,
    gap_ms=800,
    reaction_ms=400,
    delay_ms=(120, 60),
)
_THERE_RATE_PPM = 70_000
_HERE_PAYS, _THERE_PAYS = 120 * MINUTE_NS, 60 * MINUTE_NS


def _plan(spec: Spec) -> Plan:
    courses, ends, events = [], [], []
    for pair in range(spec.markets // 2):
        here, there = _pair(spec, pair)
        courses += [here, there]
        yes = comes_true(spec.dice("outcome", pair), here.fair.last_e12())
        payout = PRICE_ONE_G4 if yes else 0
        ends.append(pays(2 * pair, payout, spec.end_ns + _HERE_PAYS))
        ends.append(pays(2 * pair + 1, payout, spec.end_ns + _THERE_PAYS))
        same = f"{here.market.slug} and {there.market.slug} are the same event"
        events.append(Event(START_NS, 2 * pair, "pair", same))
    return Plan(tuple(courses), tuple(ends), events=tuple(events))


def _pair(spec: Spec, pair: int) -> tuple[Course, Course]:
    first = spec.dice("first", pair).between(3_500, 6_500)
    fair = wander(spec.dice("fair", pair), first, _SIGMA_PPM, START_NS, spec.end_ns)
    question = f"Does event {pair + 1} happen? (constructed)"
    here = constructed_market(
        spec, 2 * pair, first_g4=first, end_ns=spec.end_ns, question=question, name=f"venue-a-event-{pair + 1}"
    )
    there = constructed_market(
        spec, 2 * pair + 1, first_g4=first, end_ns=spec.end_ns, question=question, name=f"venue-b-event-{pair + 1}",
        category="second-venue", tick_g4=COARSE_G4, min_size_u6=SHARE_U6, rate_ppm=_THERE_RATE_PPM,
    )  # fmt: skip
    late = _late(spec, pair, fair)
    return (
        Course(here, fair, (Phase(spec.end_ns, _HERE),)),
        Course(there, late, (Phase(spec.end_ns, _THERE),), moving_tick=False),
    )


def _late(spec: Spec, pair: int, fair: Path) -> Path:
    """Return the other venue's idea of the value: a little old, and off by a basis that comes and goes in minutes."""
    dice = spec.dice("basis", pair)
    basis, values = 0, []
    for at_ns in fair.times_ns:
        basis = basis * 995 // 1_000 + from_g4(_BASIS_G4) * dice.quarter_sigmas() // 40
        value = fair.at_e12(at_ns - _LAG_NS) + basis
        values.append(min(max(value, from_g4(COARSE_G4)), from_g4(PRICE_ONE_G4 - COARSE_G4)))
    return Path(fair.times_ns, values)


TWO_VENUES = Kind(
    "two-venues", "the same event at two venues: the second one slower, wider, with its own tick, fee and payout time",
    _plan, markets=Range(2, 2, 40, multiple=2),
)  # fmt: skip
