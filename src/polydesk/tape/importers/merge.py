"""Several time-ordered streams of rows as one."""

from collections.abc import Callable, Iterator

import numpy as np

Opened = Iterator[np.ndarray]


def merge(streams: list[tuple[int, Callable[[], Opened]]]) -> Iterator[np.ndarray]:
    """Merge streams by virtual time.

    Messages stay whole: rows of one stream with one time are never separated, and at equal times the stream that was
    named first comes first. A stream is opened only when time reaches it, so disjoint recordings are read one by one.

    Args:
        streams: Lower bound of the first time and a function that opens the stream, in order of that bound.

    Yields:
        Arrays of rows in order of ``ts_ns``.
    """
    waiting = list(streams)
    heads: list[tuple[Opened, np.ndarray]] = []
    while waiting or heads:
        if not heads:
            _open_next(waiting, heads)
            continue
        bound = min(int(rows["ts_ns"][-1]) for _, rows in heads)
        if waiting and waiting[0][0] <= bound:
            _open_next(waiting, heads)
            continue
        pieces = []
        left: list[tuple[Opened, np.ndarray]] = []
        for stream, rows in heads:
            cut = int(np.searchsorted(rows["ts_ns"], bound, side="right"))
            pieces.append(rows[:cut])
            rest = rows[cut:] if cut < len(rows) else next(stream, None)
            if rest is not None:
                left.append((stream, rest))
        heads = left
        yield _in_order(pieces)


def _open_next(waiting: list[tuple[int, Callable[[], Opened]]], heads: list[tuple[Opened, np.ndarray]]) -> None:
    stream = waiting.pop(0)[1]()
    first = next(stream, None)
    if first is not None:
        heads.append((stream, first))


def _in_order(pieces: list[np.ndarray]) -> np.ndarray:
    pieces = [piece for piece in pieces if len(piece)]
    if len(pieces) == 1:
        return pieces[0]
    together = np.concatenate(pieces)
    return together[np.argsort(together["ts_ns"], kind="stable")]
