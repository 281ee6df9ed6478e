"""What a kind of constructed tape consists of, before any row is made."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from polydesk.model.grid import NS_PER_S, SHARE_U6
from polydesk.model.market import Market, Resolution
from polydesk.tape.construct.dice import Dice
from polydesk.tape.construct.fair import Path
from polydesk.tape.construct.faults import Fault
from polydesk.tape.construct.venue_book import Message

START_NS = 1_780_315_200 * NS_PER_S
"""Every constructed tape begins at 2026-06-01 12:00:00 UTC: a round time that no recording can be mistaken for."""

MINUTE_NS = 60 * NS_PER_S


class Event(msgspec.Struct, frozen=True):
    """Something the generator made happen on purpose, for people and tests; no desk sees it.

    Attributes:
        at_ns: When it begins.
        market: Index; -1 for all markets.
        what: A word, for example ``tick`` or ``proposed``.
        detail: The rest, in words.
    """

    at_ns: int
    market: int
    what: str
    detail: str


@dataclass(frozen=True)
class Style:
    """How a market's book is kept and traded.

    Attributes:
        levels: Price levels per side.
        half_spread_g4: Distance of the best prices from fair value, before rounding away to a tick.
        spread_noise_g4: Added evenly on top, drawn for each new quote.
        size_u6: Mean size of the best level.
        growth_percent: How much larger each level behind it is.
        gap_ms: Mean time between two events.
        taker_percent: Share of events that are takers; the others are makers.
        take_u6: Smallest and largest taker.
        reaction_ms: How old the fair value is that makers quote around; takers know the present one.
        delay_ms: Least time from the venue to the recorder, and the most on top of it.
    """

    levels: int = 8
    half_spread_g4: int = 60
    spread_noise_g4: int = 60
    size_u6: int = 100 * SHARE_U6
    growth_percent: int = 25
    gap_ms: int = 400
    taker_percent: int = 12
    take_u6: tuple[int, int] = (5 * SHARE_U6, 120 * SHARE_U6)
    reaction_ms: int = 250
    delay_ms: tuple[int, int] = (25, 15)


@dataclass(frozen=True)
class Phase:
    """A style and the time it lasts to."""

    until_ns: int
    style: Style


@dataclass(frozen=True)
class Course:
    """One market from its first snapshot to its last row.

    Attributes:
        market: Its facts.
        fair: What it is worth.
        phases: Ascending; the last one ends the market's rows.
        moving_tick: Whether the venue changes the tick near 0 and 1.
        start_ns: Its first snapshot.
    """

    market: Market
    fair: Path
    phases: tuple[Phase, ...]
    moving_tick: bool = True
    start_ns: int = START_NS


@dataclass(frozen=True)
class Plan:
    """One constructed tape.

    Attributes:
        courses: Its markets, in order of their index.
        resolutions: How they end.
        events: What happens on purpose, in order of time; ticks are added when the rows are made.
        told: Further messages, such as news, in order of time.
        faults: What goes wrong between venue and recorder.
    """

    courses: tuple[Course, ...]
    resolutions: tuple[Resolution, ...]
    events: tuple[Event, ...] = ()
    told: tuple[Message, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Spec:
    """What was asked for."""

    kind: str
    seed: int
    markets: int
    minutes: int

    @property
    def end_ns(self) -> int:
        """End of the tape's regular part."""
        return START_NS + self.minutes * MINUTE_NS

    def dice(self, *names: str | int) -> Dice:
        """Return draws for one purpose."""
        return Dice("polydesk", self.kind, self.seed, *names)


@dataclass(frozen=True)
class Range:
    """A whole number a kind takes: its default and its bounds, both included."""

    default: int
    low: int
    high: int
    multiple: int = 1


@dataclass(frozen=True)
class Kind:
    """One kind of constructed tape.

    Attributes:
        name: What it is called.
        says: One sentence on what it shows.
        plan: Makes its plan.
        markets: How many markets.
        minutes: How long the regular part lasts.
    """

    name: str
    says: str
    plan: Callable[[Spec], Plan]
    markets: Range = field(default=Range(2, 1, 50))
    minutes: Range = field(default=Range(20, 2, 1_440))
