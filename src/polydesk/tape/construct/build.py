"""From a plan to a tape on disk."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from polydesk.model.errors import TapeError
from polydesk.model.grid import NS_PER_S, price_text
from polydesk.model.rows import ROW_DTYPE, RowKind
from polydesk.tape.construct.faults import FaultyFeed
from polydesk.tape.construct.flow import market_messages
from polydesk.tape.construct.kinds import KINDS
from polydesk.tape.construct.plan import Event, Kind, Plan, Range, Spec
from polydesk.tape.construct.venue_book import Message
from polydesk.tape.manifest import Source
from polydesk.tape.reader import Tape, open_tape
from polydesk.tape.writer import TapeWriter

GENERATOR = 1
"""Version of the generator: the same version, kind, seed and parameters give the same rows."""

STORY = "constructed.json"
"""File in a constructed tape's folder that says what was made to happen; no session reads it."""

_CHUNK_ROWS = 16_384


class Story(msgspec.Struct, frozen=True):
    """What a constructed tape shows, for people and tests.

    Attributes:
        kind: Its kind.
        seed: Its seed.
        markets: How many markets.
        minutes: Length of the regular part.
        generator: Version of the generator.
        says: What the kind shows.
        events: What happens on purpose, in order of time.
    """

    kind: str
    seed: int
    markets: int
    minutes: int
    generator: int
    says: str
    events: tuple[Event, ...]


def construct_tape(
    kind: str, seed: int, out: Path, *, markets: int | None = None, minutes: int | None = None
) -> tuple[Tape, Story]:
    """Make a constructed tape.

    Args:
        kind: One of ``KINDS``.
        seed: Any whole number from 0; the same seed gives the same content hash on every machine.
        out: The tape's folder; must not exist or be empty.
        markets: How many markets; the kind's default when omitted.
        minutes: Length of the regular part; the kind's default when omitted.

    Returns:
        The tape, and what was made to happen on it.

    Raises:
        TapeError: An unknown kind, a number outside its bounds, or a folder that cannot be written.
    """
    made = KINDS.get(kind)
    if made is None:
        raise TapeError(f"KIND {kind!r}: unknown; choose one of {', '.join(KINDS)}")
    if seed < 0:
        raise TapeError(f"--seed {seed}: must not be negative")
    spec = Spec(
        kind, seed, _inside("--markets", kind, markets, made.markets), _inside("--minutes", kind, minutes, made.minutes)
    )
    plan = made.plan(spec)
    feed = _Feed(spec, plan)
    with TapeWriter(out, constructed=True) as writer:
        for rows in feed.arrays():
            writer.append(rows)
        source = _source(spec, feed, writer.first_ts_ns, writer.last_ts_ns)
        writer.finish([course.market for course in plan.courses], plan.resolutions, [source])
    story = _story(made, spec, (*plan.events, *feed.ticks))
    _write_story(out, story)
    return open_tape(out), story


def read_story(folder: Path) -> Story:
    """Read what was made to happen on the constructed tape in ``folder``.

    Raises:
        TapeError: The file is missing or damaged.
    """
    try:
        return msgspec.json.decode((folder / STORY).read_bytes(), type=Story)
    except OSError as err:
        raise TapeError(f"{folder / STORY}: cannot be read ({err.strerror}); construct the tape again") from err
    except msgspec.DecodeError as err:
        raise TapeError(f"{folder / STORY}: {err}; construct the tape again") from err


class _Feed:
    """The rows of a plan, in order of time.

    Attributes:
        ticks: Tick changes met so far.
        messages: Messages recorded so far.
        counts: The same by kind, and what faults did to messages.
    """

    def __init__(self, spec: Spec, plan: Plan) -> None:
        self._plan = plan
        self.ticks: list[Event] = []
        self.messages = 0
        self.counts: Counter[str] = Counter()
        self._faulty = FaultyFeed(plan.faults, spec.dice("faults"))
        self._streams = [market_messages(course, spec.dice("market", course.market.index)) for course in plan.courses]

    def arrays(self) -> Iterator[np.ndarray]:
        """Yield arrays of ``ROW_DTYPE`` that end at message ends."""
        venue = heapq.merge(*self._streams, self._plan.told, key=lambda message: message.at_ns)
        recorded: Iterable[Message] = self._faulty.record(venue) if self._plan.faults else venue
        held: list[tuple[int, ...]] = []
        for message in recorded:
            self._count(message)
            head = (0, message.at_ns, message.at_ns, message.recv_ns)
            held += [(*head, row.size_u6, message.market, *row[1:]) for row in message.rows]
            if len(held) >= _CHUNK_ROWS:
                yield np.array(held, ROW_DTYPE)
                held = []
        if held:
            yield np.array(held, ROW_DTYPE)
        self.counts.update(self._faulty.counts)

    def _count(self, message: Message) -> None:
        kind = RowKind(message.rows[0].kind)
        self.messages += 1
        self.counts[f"{kind.name.lower()}_messages"] += 1
        if kind is RowKind.TICK:
            tick = price_text(message.rows[0].aux)
            self.ticks.append(Event(message.at_ns, message.market, "tick", f"the venue changes the tick to {tick}"))


def _inside(option: str, kind: str, value: int | None, allowed: Range) -> int:
    if value is None:
        return allowed.default
    if not allowed.low <= value <= allowed.high:
        raise TapeError(f"{option} {value}: kind {kind} takes {allowed.low} to {allowed.high}")
    if value % allowed.multiple:
        raise TapeError(f"{option} {value}: kind {kind} takes multiples of {allowed.multiple}")
    return value


def _source(spec: Spec, feed: _Feed, first_ns: int, last_ns: int) -> Source:
    recipe = f"seed={spec.seed} markets={spec.markets} minutes={spec.minutes} generator={GENERATOR}"
    return Source(
        name=recipe,
        format=f"constructed:{spec.kind}",
        sha256=sha256(f"{spec.kind} {recipe}".encode()).hexdigest(),
        bytes=0,
        records=feed.messages,
        first_ts_ns=first_ns,
        last_ts_ns=last_ns,
        counts=dict(sorted(feed.counts.items())),
        defects={},
    )


def _story(made: Kind, spec: Spec, events: Iterable[Event]) -> Story:
    ordered = tuple(sorted(events, key=lambda event: (event.at_ns, event.market)))
    return Story(spec.kind, spec.seed, spec.markets, spec.minutes, GENERATOR, made.says, ordered)


def _write_story(folder: Path, story: Story) -> None:
    draft = folder / f"{STORY}.partial"
    try:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(story), indent=2) + b"\n")
        draft.replace(folder / STORY)
    except OSError as err:
        raise TapeError(f"{folder / STORY}: cannot be written ({err.strerror}); free some space and repeat") from err


def told_events(story: Story) -> list[dict[str, Any]]:
    """Return the events with readable times."""
    return [
        {
            "at": datetime.fromtimestamp(event.at_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "market": event.market,
            "what": event.what,
            "detail": event.detail,
        }
        for event in story.events
    ]
