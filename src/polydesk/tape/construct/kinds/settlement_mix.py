"""Settlement mix: markets that end one after the other and pay in every way, one of them not at all."""

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.market import Resolution
from polydesk.tape.construct.facts import constructed_market, pays
from polydesk.tape.construct.fair import wander
from polydesk.tape.construct.plan import MINUTE_NS, START_NS, Course, Event, Kind, Phase, Plan, Range, Spec, Style

_SIGMA_PPM = 12_000
_WAYS: tuple[tuple[str, int | None, int], ...] = (
    ("token 0 wins", PRICE_ONE_G4, 1),
    ("token 1 wins", 0, 1),
    ("split in half", PRICE_ONE_G4 // 2, 30),
    ("token 0 wins, six hours late", PRICE_ONE_G4, 360),
    ("split 0.3 to 0.7", 3_000, 90),
    ("never resolved on this tape", None, 0),
)
"""What happens, what a share of token 0 pays, and minutes from the end to the payout."""


def _plan(spec: Spec) -> Plan:
    courses: list[Course] = []
    ends: list[Resolution] = []
    events: list[Event] = []
    for index in range(spec.markets):
        words, payout, after = _WAYS[index % len(_WAYS)]
        # The first ends half-way, the last with the tape.
        half_ns = (spec.end_ns - START_NS) // 2
        end_ns = START_NS + half_ns + half_ns * (index + 1) // spec.markets
        first = spec.dice("first", index).between(3_500, 6_500)
        fair = wander(spec.dice("fair", index), first, _SIGMA_PPM, START_NS, end_ns)
        market = constructed_market(
            spec, index, first_g4=first, end_ns=end_ns, category="crypto", outcomes=("Up", "Down"),
            question="Up or down? (constructed)",
        )  # fmt: skip
        courses.append(Course(market, fair, (Phase(end_ns, Style()),)))
        events.append(Event(end_ns, index, "end", words))
        if payout is not None:
            ends.append(pays(index, payout, end_ns + after * MINUTE_NS, words))
    return Plan(tuple(courses), tuple(ends), events=tuple(events))


SETTLEMENT_MIX = Kind(
    "settlement-mix", "markets that win, lose, split, pay hours late and never pay, whatever their prices said", _plan,
    markets=Range(6, 1, 60),
)  # fmt: skip
