"""Venue times that lead far away for one message and come back: damaged text, not the time."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

from polydesk.model.grid import NS_PER_S
from polydesk.tape.importers.tally import Tally

AHEAD_NS = 300 * NS_PER_S
"""A venue time this far ahead of all before it, and of the recorder's clock, must be borne out by what follows."""

FOLLOWERS = 256
"""How many messages may bear a time out. Few would not do: on subscribing the venue sends one book after another,
each with the time of its own last change, and a fresh one can stand among hundreds of old ones."""

DAY_NS = 86_400 * NS_PER_S

_CHUNK = 4_096


class Timed(Protocol):
    """What ``without_implausible`` needs to know of a message."""

    @property
    def told_ns(self) -> int:
        """The message's time; 0 when it states none."""

    @property
    def recv_ns(self) -> int:
        """The recorder's clock; 0 when not stated."""

    @property
    def where(self) -> str:
        """Its place in the recording, for people."""


M = TypeVar("M", bound=Timed)


def without_implausible(messages: Iterable[M], tally: Tally) -> Iterator[M]:
    """Pass messages on in their order, leaving out those whose time is implausible.

    A time that leaps ahead by more than ``AHEAD_NS`` would hold virtual time until the venue caught up, so it is
    believed only if the recorder's clock agrees or one of the next ``FOLLOWERS`` messages is about as late or up to a
    day later. A silence of hours passes: what follows it is late as well.

    Args:
        messages: In order of arrival; at most ``FOLLOWERS`` are held back.
        tally: Counts ``implausible_times`` with the place of the first.
    """
    source = iter(messages)
    held: deque[M] = deque()
    now = 0
    while (message := held.popleft() if held else next(source, None)) is not None:
        told = message.told_ns
        if told > now + AHEAD_NS and not 0 < told <= message.recv_ns + AHEAD_NS:
            while len(held) < FOLLOWERS and (follower := next(source, None)) is not None:
                held.append(follower)
            if not _borne_out(told, [follower.told_ns for follower in held if follower.told_ns], now):
                tally.defect("implausible_times", message.where)
                continue
        now = max(now, told)
        yield message


def implausible(times: np.ndarray) -> np.ndarray:
    """Return which times of a recording are implausible, by the rule of ``without_implausible``.

    Args:
        times: ns in order of arrival, shape ``(n,)``, without a recorder's clock beside them.

    Returns:
        A mask of shape ``(n,)``.
    """
    wrong = np.zeros(len(times), bool)
    now = low = 0
    while low < len(times):
        latest = np.maximum.accumulate(np.append(now, times[low : low + _CHUNK]))
        leaps = np.flatnonzero(np.diff(latest) > AHEAD_NS)
        if not len(leaps):
            now, low = int(latest[-1]), low + _CHUNK
            continue
        leap = int(leaps[0])
        now, at = int(latest[leap]), low + leap
        wrong[at] = not _borne_out(int(times[at]), times[at + 1 : at + 1 + FOLLOWERS].tolist(), now)
        now, low = now if wrong[at] else int(times[at]), at + 1
    return wrong


def _borne_out(told: int, followers: Sequence[int], now: int) -> bool:
    """Return whether the times that follow agree with a leap; with none to ask, a leap of up to a day is believed."""
    late = [time for time in followers if time >= told - AHEAD_NS]
    if any(time <= told + DAY_NS for time in late):
        return True
    contradicted = len(late) < len(followers)
    return not contradicted and (bool(late) or not now or told <= now + DAY_NS)
