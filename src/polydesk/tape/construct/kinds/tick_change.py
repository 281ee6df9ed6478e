"""Tick change: prices that run beyond 0.96 and 0.04 and come back; the venue refines the tick and takes it back."""

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.tape.construct.facts import constructed_market
from polydesk.tape.construct.fair import along
from polydesk.tape.construct.kinds.calm import paid
from polydesk.tape.construct.plan import START_NS, Course, Kind, Phase, Plan, Spec, Style

_POINTS = ((0, 8_500), (30, 9_760), (55, 9_850), (75, 9_000), (100, 8_800))
"""Percent of the way, and price of token 0; every second market runs the other way."""

_WIGGLE_G4 = 60


def _plan(spec: Spec) -> Plan:
    courses = []
    for index in range(spec.markets):
        points = [
            (START_NS + (spec.end_ns - START_NS) * percent // 100, price if index % 2 == 0 else PRICE_ONE_G4 - price)
            for percent, price in _POINTS
        ]
        fair = along(spec.dice("fair", index), points, _WIGGLE_G4)
        market = constructed_market(
            spec, index, first_g4=points[0][1], end_ns=spec.end_ns, category="sports",
            question="Does the home side win? (constructed)",
        )  # fmt: skip
        courses.append(Course(market, fair, (Phase(spec.end_ns, Style()),)))
    return Plan(tuple(courses), tuple(paid(spec, course) for course in courses))


TICK_CHANGE = Kind("tick-change", "prices cross 0.96 and 0.04 and return: tick 0.01, 0.001 and 0.01 again", _plan)
