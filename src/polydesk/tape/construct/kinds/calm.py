"""Calm: the boring control. Nothing happens on purpose."""

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.market import Resolution
from polydesk.tape.construct.facts import constructed_market, pays
from polydesk.tape.construct.fair import comes_true, wander
from polydesk.tape.construct.plan import MINUTE_NS, START_NS, Course, Kind, Phase, Plan, Spec, Style

SIGMA_PPM = 2_000
_PAYS_AFTER_NS = 2 * MINUTE_NS


def steady(spec: Spec, style: Style, sigma_ppm: int, question: str) -> Plan:
    """Return a plan of markets that only diffuse, all with one style, and end by their last fair value."""
    courses = []
    for index in range(spec.markets):
        first = spec.dice("first", index).between(3_500, 6_500)
        fair = wander(spec.dice("fair", index), first, sigma_ppm, START_NS, spec.end_ns)
        market = constructed_market(spec, index, first_g4=first, end_ns=spec.end_ns, question=question)
        courses.append(Course(market, fair, (Phase(spec.end_ns, style),)))
    return Plan(tuple(courses), tuple(paid(spec, course) for course in courses))


def paid(spec: Spec, course: Course, after_ns: int = _PAYS_AFTER_NS) -> Resolution:
    """Return how a market ends: drawn by its last fair value, so that no price of the tape was a bargain."""
    index, end_ns = course.market.index, course.phases[-1].until_ns
    yes = comes_true(spec.dice("outcome", index), course.fair.last_e12())
    return pays(index, PRICE_ONE_G4 if yes else 0, end_ns + after_ns)


def _plan(spec: Spec) -> Plan:
    return steady(spec, Style(), SIGMA_PPM, "Does anything happen? (constructed)")


CALM = Kind("calm", "the control: ordinary books, prices that hardly move, nothing on purpose", _plan)
