"""A tape as steps: what each message changed in a market's book, and what it printed."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator

import msgspec
import numpy as np

from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape.convert.mirror import Level, MirroredBook
from polydesk.tape.reader import Tape

WORST_LATENCY_NS = 10 * NS_PER_S
"""A receive time further behind the venue's is a recorder's clock that was off, not a latency."""

_FIRST, _LAST, _EMPTY = int(RowFlag.FIRST), int(RowFlag.LAST), int(RowFlag.EMPTY)
_LEVELS = (int(RowKind.SNAPSHOT), int(RowKind.CHANGE))
_PRINT = int(RowKind.PRINT)
_FIELDS = ("seq", "ts_ns", "venue_ns", "recv_ns", "size_u6", "market", "price_g4", "kind", "side", "token", "flags")

Print = tuple[int, int, int]
"""Price, taker's side (1 buys, -1 sells, 0 not stated) and size, in the price of token 0."""


def mirrored_print(token: int, print_: Print) -> Print:
    """Return a trade in the price of ``token``."""
    price, side, size = print_
    return (PRICE_ONE_G4 - price, -side, size) if token else print_


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one venue message did to one market, in the price of token 0.

    Attributes:
        market: Index.
        seq: ``seq`` of the message's last row.
        ts_ns: Virtual time.
        local_ns: When the recorder had it: virtual time, later by the latency its clock tells, never before a message
            that came earlier.
        restated: Whether the whole book is told again in ``levels``: it was, or it stopped being crossed, which
            readers that cannot hold a crossed book must be told.
        levels: Changed levels, those that shrank first; with ``restated`` every level of the book.
        prints: Trades.
    """

    market: int
    seq: int
    ts_ns: int
    local_ns: int
    restated: bool
    levels: list[Level]
    prints: list[Print]


class _State:
    """One market while its messages go by."""

    def __init__(self) -> None:
        self.book = MirroredBook()
        self.prints: list[Print] = []
        self.local_ns = 0
        self.told = self.crossed = self.touched = False


def steps(
    tape: Tape, markets: Collection[int], counts: Counter[str], progress: Callable[[int], None] = lambda _: None
) -> Iterator[Step]:
    """Read a tape as steps of some of its markets; memory does not grow with the tape.

    Both tokens' rows make one mirrored book, as in the kernel. A snapshot that restates the book as it stands, and a
    row that changes nothing because the other token told it before, give no step.

    Args:
        tape: The tape.
        markets: Indices.
        counts: Gets ``crossed_messages``, ``snapshots``, ``prints``, ``prints_without_side`` and
            ``rows_<kind>_left_out`` for what is neither book nor print.
        progress: Told how many rows were read.
    """
    states = {market: _State() for market in markets}
    touched: list[int] = []
    done = 0
    for rows in tape.batches():
        _count_left_out(rows, states, counts)
        for seq, ts_ns, venue_ns, recv_ns, *row in zip(*(rows[name].tolist() for name in _FIELDS), strict=True):
            market, flags = row[1], row[6]
            state = states.get(market)
            if state is not None:
                if not state.touched:
                    state.touched = True
                    touched.append(market)
                _apply(state, row, venue_ns or ts_ns)
            if flags & _LAST and touched:
                latency = recv_ns - venue_ns if venue_ns and recv_ns else 0
                latency = latency if 0 <= latency <= WORST_LATENCY_NS else 0
                for index in touched:
                    state = states[index]
                    state.local_ns = max(state.local_ns, ts_ns + latency)
                    step = _end(state, counts, (index, seq, ts_ns, state.local_ns))
                    if step is not None:
                        yield step
                touched.clear()
        done += len(rows)
        progress(done)


def _apply(state: _State, row: list[int], at_ns: int) -> None:
    size, _, price, kind, side, token, flags = row
    if kind in _LEVELS:
        if flags & (_FIRST | _EMPTY):
            state.book.clear(at_ns)
        if not flags & _EMPTY:
            state.book.put(token, side, price, size, at_ns)
    elif kind == _PRINT and size > 0:
        state.prints.append(mirrored_print(token, (price, side, size)))


def _end(state: _State, counts: Counter[str], head: tuple[int, int, int, int]) -> Step | None:
    state.touched = False
    snapshot, levels = state.book.end_message()
    counts["snapshots"] += snapshot
    counts["prints"] += len(state.prints)
    counts["prints_without_side"] += sum(1 for _, side, _ in state.prints if not side)
    was_crossed = state.crossed
    if levels:
        bid, ask = state.book.touch()
        state.crossed = bid >= ask
    counts["crossed_messages"] += state.crossed
    uncrossed = was_crossed and not state.crossed
    restated = (bool(levels) and (snapshot or uncrossed)) or (snapshot and not state.told)
    state.told = state.told or snapshot
    prints, state.prints = state.prints, []
    if not levels and not prints and not restated:
        return None
    return Step(*head, restated, state.book.levels() if restated else levels, prints)


def _count_left_out(rows: np.ndarray, states: Collection[int], counts: Counter[str]) -> None:
    here = np.isin(rows["market"], np.array([*states, -1]))
    kinds, numbers = np.unique(rows["kind"][here], return_counts=True)
    for kind, number in zip(kinds.tolist(), numbers.tolist(), strict=True):
        if kind not in (*_LEVELS, _PRINT):
            counts[f"rows_{RowKind(kind).name.lower()}_left_out"] += number
