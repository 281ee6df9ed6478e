"""Neg-risk: one event, many outcomes, exactly one of which wins; prices that add up to one, most of the time."""

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.tape.construct.facts import FINE_G4, constructed_market, pays
from polydesk.tape.construct.fair import ONE_E12, Path, from_g4, wander_together
from polydesk.tape.construct.plan import MINUTE_NS, START_NS, Course, Event, Kind, Phase, Plan, Range, Spec, Style

_SIGMA_PPM = 3_000
_STYLE = Style(half_spread_g4=15, spread_noise_g4=15, gap_ms=900)
_DUST_G4 = 25
_FLOOR_G4 = 120
_MISPRICED_S = (15, 30)
_MISPRICED_G4 = (600, 900)
_EVERY_S = (90, 200)
_PAYS_AFTER_NS = 2 * MINUTE_NS


def _plan(spec: Spec) -> Plan:
    fairs = wander_together(spec.dice("fair"), _shares(spec), _SIGMA_PPM, START_NS, spec.end_ns)
    shown, events = _mispriced(spec, fairs)
    markets = [
        constructed_market(
            spec, index, first_g4=fair.at_g4(START_NS), end_ns=spec.end_ns, category="politics", tick_g4=FINE_G4,
            neg_risk=True, question=f"Does candidate {index + 1} of {spec.markets} win? (constructed)",
        )
        for index, fair in enumerate(shown)
    ]  # fmt: skip
    phases = (Phase(spec.end_ns, _STYLE),)
    courses = [Course(market, fair, phases, moving_tick=False) for market, fair in zip(markets, shown, strict=True)]
    winner = _winner(spec, fairs)
    ends = [
        pays(index, PRICE_ONE_G4 if index == winner else 0, spec.end_ns + _PAYS_AFTER_NS)
        for index in range(spec.markets)
    ]
    return Plan(tuple(courses), tuple(ends), events=events)


def _shares(spec: Spec) -> list[int]:
    """Return the first probabilities: a few favourites, a floor for the rest, and the last outcome dust."""
    dice = spec.dice("shares")
    weights = [dice.between(1, 1_000) ** 2 for _ in range(spec.markets - 1)]
    floor, dust = from_g4(_FLOOR_G4), from_g4(_DUST_G4)
    left = ONE_E12 - dust - floor * len(weights)
    shares = [floor + left * weight // sum(weights) for weight in weights]
    shares[0] += ONE_E12 - dust - sum(shares)
    return [*shares, dust]


def _mispriced(spec: Spec, fairs: tuple[Path, ...]) -> tuple[list[Path], tuple[Event, ...]]:
    """Return the paths the books follow: now and then one outcome's makers are wrong for some seconds."""
    dice = spec.dice("mispriced")
    shown = [Path(fair.times_ns, list(fair.values_e12)) for fair in fairs]
    events = []
    at_ns = START_NS + dice.between(30, 60) * NS_PER_S
    while at_ns < spec.end_ns - _MISPRICED_S[1] * NS_PER_S:
        until_ns = at_ns + dice.between(*_MISPRICED_S) * NS_PER_S
        off_g4 = dice.between(*_MISPRICED_G4) * (2 * dice.below(2) - 1)
        index = _likely(fairs, at_ns, dice.below(ONE_E12))
        if fairs[index].at_g4(at_ns) + off_g4 < _FLOOR_G4:
            off_g4 = -off_g4
        for step, time in enumerate(shown[index].times_ns):
            if at_ns <= time < until_ns:
                shown[index].values_e12[step] += from_g4(off_g4)
        word = "dear" if off_g4 > 0 else "cheap"
        detail = f"too {word} by {abs(off_g4)} g4 for {(until_ns - at_ns) // NS_PER_S} s"
        events.append(Event(at_ns, index, "mispriced", detail))
        at_ns = until_ns + dice.between(*_EVERY_S) * NS_PER_S
    return shown, tuple(events)


def _likely(fairs: tuple[Path, ...], at_ns: int, draw_e12: int) -> int:
    """Return the outcome into whose share of the whole a draw falls."""
    for index, fair in enumerate(fairs):
        draw_e12 -= fair.at_e12(at_ns)
        if draw_e12 < 0:
            return index
    return len(fairs) - 1


def _winner(spec: Spec, fairs: tuple[Path, ...]) -> int:
    return _likely(fairs, spec.end_ns, spec.dice("outcome").below(ONE_E12))


NEG_RISK = Kind(
    "neg-risk", "one event, many outcomes of which one wins: prices near one in sum, mispriced now and then, one dust",
    _plan, markets=Range(11, 3, 40),
)  # fmt: skip
