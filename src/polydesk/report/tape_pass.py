"""One pass over a session's tape that answers every question a report has about the market."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from polydesk.model.errors import TapeError
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.rows import RowKind
from polydesk.tape.reader import Tape

if TYPE_CHECKING:
    from polydesk.kernel import Books

TOUCH, CROSSING, SHOWN, REWARD = range(4)
"""What is looked at: the values of ``kernel.sampling.Look``, which is slow to import."""

Moment = tuple[int, int]
"""A market and an instant."""


@dataclass(frozen=True)
class Print:
    """One printed trade in the market's one book: price of token 0, the taker's side there (0 when not told)."""

    price_g4: int
    side: int
    size_u6: int


@dataclass
class Questions:
    """What to look at during the pass; each question gets a number, under which its answer is found.

    Attributes:
        prints: Moments whose prints are wanted.
        ends: Moments at which every message end is looked at, with the looks: kind, ``a``, ``b``.
    """

    prints: set[Moment] = field(default_factory=set)
    ends: dict[Moment, list[tuple[int, int, int]]] = field(default_factory=dict)
    _at: list[int] = field(default_factory=list)
    _by_row: list[bool] = field(default_factory=list)
    _looks: list[tuple[int, int, int, int]] = field(default_factory=list)

    def before(self, ts_ns: int, market: int, kind: int = TOUCH, a: int = 0, b: int = 0) -> int:
        """Ask for the book just before an instant: after every row with an earlier time."""
        return self._ask(ts_ns, market, kind, a, b, by_row=False)

    def after_row(self, seq: int, market: int, kind: int = TOUCH, a: int = 0, b: int = 0) -> int:
        """Ask for the book after tape row ``seq``."""
        return self._ask(seq, market, kind, a, b, by_row=True)

    def _ask(self, at: int, market: int, kind: int, a: int, b: int, *, by_row: bool) -> int:
        self._at.append(at)
        self._by_row.append(by_row)
        self._looks.append((market, kind, a, b))
        return len(self._at) - 1

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return moments or rows, which of them are rows, and the looks (market, kind, a, b)."""
        looks = np.array(self._looks, np.int64).reshape(-1, 4)
        return np.array(self._at, np.int64), np.array(self._by_row, bool), looks


@dataclass(frozen=True)
class Answers:
    """What the pass saw.

    Attributes:
        seen: Up to three numbers per question, (N, 3); not a number where the tape ended before or nothing was there.
        prints: Prints of the wanted moments, in order.
        ends: The largest first number of each look at a moment's message ends; absent when there was no such end.
        books: The books after the last row.
        rows: Rows per market.
        open_ns: Time of each market's first and last row; 0 without rows.
        printed_u6: Micro-shares printed per market.
    """

    seen: np.ndarray
    prints: Mapping[Moment, list[Print]]
    ends: Mapping[tuple[Moment, int], float]
    books: "Books"
    rows: np.ndarray
    open_ns: np.ndarray
    printed_u6: np.ndarray

    def touch(self, question: int) -> tuple[int, int] | None:
        """Return best bid and ask of token 0; ``None`` when the tape had ended."""
        bid, ask = self.seen[question, 0], self.seen[question, 1]
        return None if np.isnan(bid) else (int(bid), int(ask))

    def doubled_mid(self, question: int, token: int = 0) -> int | None:
        """Return bid + ask of a token on the grid; ``None`` where the book was one-sided, crossed or the tape ended."""
        found = self.touch(question)
        if found is None or not 0 < found[0] < found[1] < PRICE_ONE_G4:
            return None
        doubled = found[0] + found[1]
        return doubled if token == 0 else 2 * PRICE_ONE_G4 - doubled


def walk(tape: Tape, first: int, stop: int, questions: Questions) -> Answers:
    """Replay a tape up to row ``stop`` through the kernel's books and answer the questions.

    Args:
        tape: All of it; the rows before ``first`` only fill the books.
        first: First row of the session.
        stop: Row to stop before.
        questions: What to look at.

    Raises:
        TapeError: The tape is damaged.
    """
    from polydesk.kernel import last_row_ns, new_books, new_fills, new_own, new_wake  # noqa: PLC0415 - numba
    from polydesk.kernel.sampling import look_along  # noqa: PLC0415 - numba

    markets = tape.manifest.markets
    books = new_books(len(markets), np.array([market.tick_g4.value for market in markets], np.int32))
    idle = new_own(len(markets)), new_fills(), new_wake(len(markets))
    at, by_row, looks = questions.arrays()
    times, rows_asked = _sorted(at, ~by_row), _sorted(at, by_row)
    time_values, row_values = at[times], at[rows_asked]
    seen = np.full((len(at), 3), np.nan)
    opened, printed = np.zeros(len(markets), np.int64), np.zeros(len(markets), np.int64)
    prints: dict[Moment, list[Print]] = {}
    ends: dict[tuple[Moment, int], float] = {}
    end_times = np.array(sorted({ts for _, ts in questions.ends}), np.int64)
    counted = np.zeros(len(markets), np.int64)
    done_times = done_rows = 0
    for rows in tape.whole().batches(0, stop):
        till = int(np.searchsorted(time_values, rows["ts_ns"][-1], "right"))
        mine = times[done_times:till]
        until = int(np.searchsorted(row_values, rows["seq"][-1], "right"))
        his = rows_asked[done_rows:until]
        where = np.concatenate((
            np.searchsorted(rows["ts_ns"], time_values[done_times:till], "left"),
            np.maximum(row_values[done_rows:until] - rows["seq"][0] + 1, 0),
        ))  # fmt: skip
        done_times, done_rows = till, until
        extra, names = _message_ends(rows, questions, end_times)
        table = np.concatenate((np.column_stack((where, looks[np.concatenate((mine, his))])), extra))
        order = np.argsort(table[:, 0], kind="stable")
        found = np.full((len(table), 3), np.nan)
        applied = look_along(books, *idle, rows, np.ascontiguousarray(table[order]), found, opened)
        if applied < 0:
            raise TapeError(
                f"row {rows['seq'][-1 - applied]}: its market is outside those of the tape; verify the tape"
            )
        counted += np.bincount(rows["market"][rows["market"] >= 0], minlength=len(markets))
        back = np.empty_like(found)
        back[order] = found
        seen[np.concatenate((mine, his))] = back[: len(where)]
        for name, value in zip(names, back[len(where) :, 0], strict=True):
            ends[name] = max(ends.get(name, 0.0), float(value))
        _collect(rows[max(0, first - int(rows["seq"][0])) :], questions.prints, prints, printed)
    lived = np.column_stack((opened, last_row_ns(books)))
    return Answers(seen, prints, ends, books, counted, lived, printed)


def _sorted(at: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    index = np.flatnonzero(chosen)
    return index[np.argsort(at[index], kind="stable")]


def _message_ends(
    rows: np.ndarray, questions: Questions, times: np.ndarray
) -> tuple[np.ndarray, list[tuple[Moment, int]]]:
    """Return looks at the ends of the wanted moments' messages, and whose they are.

    The flag that ends a message is not relied upon: every row of the market at that instant is looked at.
    """
    looks: list[tuple[int, int, int, int, int]] = []
    names: list[tuple[Moment, int]] = []
    if len(times):
        low = np.searchsorted(rows["ts_ns"], times, "left")
        high = np.searchsorted(rows["ts_ns"], times, "right")
        met = high > low
        for ts_ns, left, right in zip(times[met].tolist(), low[met].tolist(), high[met].tolist(), strict=True):
            for index in range(left, right):
                moment = (int(rows["market"][index]), ts_ns)
                for number, (kind, a, b) in enumerate(questions.ends.get(moment, ())):
                    looks.append((index + 1, moment[0], kind, a, b))
                    names.append((moment, number))
    return np.array(looks, np.int64).reshape(-1, 5), names


def _collect(rows: np.ndarray, wanted: set[Moment], prints: dict[Moment, list[Print]], printed: np.ndarray) -> None:
    some = rows[(rows["kind"] == RowKind.PRINT) & (rows["market"] >= 0)]
    if not len(some):
        return
    np.add.at(printed, some["market"], some["size_u6"])
    if not wanted:
        return
    some = some[np.isin(some["ts_ns"], np.array([ts for _, ts in wanted], np.int64))]
    for row in some:
        moment = (int(row["market"]), int(row["ts_ns"]))
        if moment in wanted:
            mirrored = int(row["token"]) == 1
            price, side = int(row["price_g4"]), int(row["side"])
            told = Print(PRICE_ONE_G4 - price if mirrored else price, -side if mirrored else side, int(row["size_u6"]))
            prints.setdefault(moment, []).append(told)
