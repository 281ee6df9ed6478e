"""Dispute: markets whose outcome is proposed, challenged and decided hours later, not always as first proposed."""

from typing import NamedTuple

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4, price_text
from polydesk.model.rows import OracleState
from polydesk.tape.construct.facts import constructed_market, pays
from polydesk.tape.construct.fair import along, wander
from polydesk.tape.construct.oracle import told
from polydesk.tape.construct.plan import MINUTE_NS, START_NS, Course, Event, Kind, Phase, Plan, Range, Spec, Style

_YES, _NO, _HALF = PRICE_ONE_G4, 0, PRICE_ONE_G4 // 2
_SLOW_STEP_NS = 15 * NS_PER_S
_SIGMA_PPM = 8_000
_WIGGLE_G4 = 80
_TRADING = Style()
_WAITING = Style(gap_ms=20_000, size_u6=60_000_000, half_spread_g4=100, spread_noise_g4=150, reaction_ms=5_000)


class _Step(NamedTuple):
    """What the oracle says, how many minutes after the market's end, and the price of token 0 from then on."""

    minute: int
    state: OracleState
    payout_g4: int
    price_g4: int


_COURSES: tuple[tuple[_Step, ...], ...] = (
    (  # the first proposal was wrong
        _Step(10, OracleState.PROPOSED, _YES, 9_500),
        _Step(70, OracleState.CHALLENGED, _YES, 4_000),
        _Step(130, OracleState.REPROPOSED, _NO, 800),
        _Step(250, OracleState.RESOLVED, _NO, 0),
    ),
    (  # nobody can tell: a vote splits it
        _Step(15, OracleState.PROPOSED, _YES, 9_300),
        _Step(100, OracleState.CHALLENGED, _YES, 6_500),
        _Step(160, OracleState.REPROPOSED, _NO, 3_000),
        _Step(220, OracleState.DISPUTED, _NO, 4_700),
        _Step(600, OracleState.RESOLVED, _HALF, 0),
    ),
    (  # undisputed: two hours later it stands
        _Step(12, OracleState.PROPOSED, _NO, 400),
        _Step(132, OracleState.RESOLVED, _NO, 0),
    ),
    (  # challenged in vain
        _Step(20, OracleState.PROPOSED, _YES, 9_400),
        _Step(90, OracleState.CHALLENGED, _YES, 7_500),
        _Step(150, OracleState.REPROPOSED, _YES, 9_500),
        _Step(270, OracleState.RESOLVED, _YES, 0),
    ),
)


def _plan(spec: Spec) -> Plan:
    courses, ends, events, messages = [], [], [], []
    for index in range(spec.markets):
        # The seed decides where the list of courses begins: no strategy may learn that market 0 is the wrong one.
        steps = _COURSES[(index + spec.seed) % len(_COURSES)]
        courses.append(_course(spec, index, steps))
        for step in steps:
            at_ns = spec.end_ns + step.minute * MINUTE_NS
            word = step.state.name.lower()
            events.append(Event(at_ns, index, word, f"a share of token 0 pays {price_text(step.payout_g4)}"))
            messages.append(told(at_ns, index, step.state, step.payout_g4))
        ends.append(pays(index, steps[-1].payout_g4, spec.end_ns + steps[-1].minute * MINUTE_NS, _story(steps)))
    messages.sort(key=lambda message: message.at_ns)
    return Plan(tuple(courses), tuple(ends), events=tuple(events), told=tuple(messages))


def _course(spec: Spec, index: int, steps: tuple[_Step, ...]) -> Course:
    dice = spec.dice("fair", index)
    first = dice.between(4_500, 6_500)
    last_ns = spec.end_ns + steps[-1].minute * MINUTE_NS
    before = wander(dice, first, _SIGMA_PPM, START_NS, spec.end_ns)
    times = [spec.end_ns + step.minute * MINUTE_NS for step in steps]
    prices = [before.at_g4(spec.end_ns), *(step.price_g4 for step in steps)]
    after = [
        along(dice, [(from_ns, price), (to_ns, price)], _WIGGLE_G4, _SLOW_STEP_NS)
        for from_ns, to_ns, price in zip([spec.end_ns, *times], times, prices, strict=False)
    ]
    fair = before._replace(
        times_ns=before.times_ns + [at for path in after for at in path.times_ns],
        values_e12=before.values_e12 + [value for path in after for value in path.values_e12],
    )
    market = constructed_market(
        spec, index, first_g4=first, end_ns=spec.end_ns, category="politics",
        question="Was the deal signed in time? (constructed)",
    )  # fmt: skip
    return Course(market, fair, (Phase(spec.end_ns, _TRADING), Phase(last_ns, _WAITING)))


def _story(steps: tuple[_Step, ...]) -> str:
    return ", ".join(f"{step.state.name.lower()} {price_text(step.payout_g4)}" for step in steps)


DISPUTE = Kind(
    "dispute", "outcomes proposed, challenged and paid hours after the end: reversed, split, upheld, undisputed", _plan,
    markets=Range(3, 1, 20),
)  # fmt: skip
