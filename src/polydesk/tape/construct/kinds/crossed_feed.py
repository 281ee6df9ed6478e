"""Crossed feed: a healthy market behind a recorder that loses, invents, misses and repeats messages, and recovers."""

from polydesk.model.grid import NS_PER_S
from polydesk.tape.construct.faults import Fault, FaultKind
from polydesk.tape.construct.kinds.calm import steady
from polydesk.tape.construct.plan import MINUTE_NS, START_NS, Event, Kind, Plan, Range, Spec, Style

_SIGMA_PPM = 15_000
_STYLE = Style(gap_ms=250)
_BEGINS_S, _ENDS_S = 5, 55
_ORDER = (FaultKind.LOST, FaultKind.CROSSED, FaultKind.FROZEN, FaultKind.REPEATED)
_SAYS = {
    FaultKind.LOST: "six in ten level changes are lost",
    FaultKind.CROSSED: "a bid above the best ask arrives and stays",
    FaultKind.FROZEN: "nothing arrives; noticed after 5 s",
    FaultKind.REPEATED: "every message arrives twice",
}


def _plan(spec: Spec) -> Plan:
    faults = _faults(spec)
    plan = steady(spec, _STYLE, _SIGMA_PPM, "Can the feed be trusted? (constructed)")
    events = []
    for fault in faults:
        seconds = (fault.to_ns - fault.from_ns) // NS_PER_S
        events.append(Event(fault.from_ns, -1, fault.kind.value, f"{_SAYS[fault.kind]}, for {seconds} s"))
        events.append(Event(fault.to_ns, -1, "recovered", "full books of every market"))
    return Plan(plan.courses, plan.resolutions, events=tuple(events), faults=faults)


def _faults(spec: Spec) -> tuple[Fault, ...]:
    """Return one fault in every second minute from the second on, each within its minute, in a drawn order."""
    dice = spec.dice("order")
    kinds: list[FaultKind] = []
    faults = []
    for minute in range(1, spec.minutes - 1, 2):
        kinds = kinds or list(_ORDER)
        at_ns = START_NS + minute * MINUTE_NS
        kind = kinds.pop(dice.below(len(kinds)))
        faults.append(Fault(kind, at_ns + _BEGINS_S * NS_PER_S, at_ns + _ENDS_S * NS_PER_S))
    return tuple(faults)


CROSSED_FEED = Kind(
    "crossed-feed", "a feed that loses, invents, misses and repeats messages for a minute each, and recovers", _plan,
    minutes=Range(12, 10, 1_440),
)  # fmt: skip
