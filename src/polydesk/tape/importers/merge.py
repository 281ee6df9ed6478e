"""Several time-ordered streams of rows as one."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from polydesk.model.rows import empty_rows


class Stream(NamedTuple):
    """One stream to merge.

    Attributes:
        first_ns: About when its first row is; it is opened when the others have come that far.
        open: Starts reading it, as arrays of rows in order of ``ts_ns`` that end at a message end.
        held: Told how many of its rows were held because others had come further already.
    """

    first_ns: int
    open: Callable[[], Iterator[np.ndarray]]
    held: Callable[[int], None] = lambda _count: None


class _Head:
    """A stream that was opened; ``left`` are the rows of it that were read and not handed on yet."""

    def __init__(self, stream: Stream) -> None:
        self._rows = stream.open()
        self._held = stream.held
        self.left = empty_rows(0)

    def fetch(self, now: int) -> bool:
        """Read on if nothing is left, hold rows before ``now`` there, and return whether there are rows."""
        if not len(self.left):
            self.left = next(self._rows, self.left)
            early = int(np.searchsorted(self.left["ts_ns"], now))
            if early:
                self.left["ts_ns"][:early] = now
                self._held(early)
        return len(self.left) > 0

    def take(self, bound: int) -> np.ndarray:
        """Return the rows up to and including ``bound``."""
        cut = int(np.searchsorted(self.left["ts_ns"], bound, side="right"))
        rows, self.left = self.left[:cut], self.left[cut:]
        return rows


def merge(streams: list[Stream]) -> Iterator[np.ndarray]:
    """Merge streams by virtual time.

    Messages stay whole: the rows of a message have one time and lie in one array. At equal times the stream that was
    named first comes first as far as its array goes; what its next array has for that time may come behind others. A
    stream is opened only when time reaches ``first_ns``, so disjoint recordings are read one by one. Should its first
    rows be older than what was already handed on, they are held at that time and counted.

    Args:
        streams: In order of ``first_ns``.

    Yields:
        Arrays of rows in order of ``ts_ns``.
    """
    waiting = list(streams)
    heads: list[_Head] = []
    now = 0
    while True:
        heads = [head for head in heads if head.fetch(now)]
        bound = min((int(head.left["ts_ns"][-1]) for head in heads), default=None)
        if waiting and (bound is None or waiting[0].first_ns <= bound):
            heads.append(_Head(waiting.pop(0)))
        elif bound is None:
            return
        else:
            yield _in_order([head.take(bound) for head in heads])
            now = bound


def _in_order(pieces: list[np.ndarray]) -> np.ndarray:
    pieces = [piece for piece in pieces if len(piece)]
    if len(pieces) == 1:
        return pieces[0]
    together = np.concatenate(pieces)
    return together[np.argsort(together["ts_ns"], kind="stable")]
