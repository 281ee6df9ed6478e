"""Every answer of the one pass over a tape against a slow book made from the same rows."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from made import T0, S, made_tape
from polydesk.model.rows import RowKind
from polydesk.report.study.rewards import score
from polydesk.report.tape_pass import CROSSING, REWARD, SHOWN, TOUCH, Questions, walk
from polydesk.tape import Tape

LEAST, SPREAD = 20_000_000, 400


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return made_tape(tmp_path_factory.mktemp("pass") / "tape", seed=11)


@pytest.fixture(scope="module")
def rows(tape: Tape) -> np.ndarray:
    return np.concatenate(list(tape.batches()))


def slow_book(rows: np.ndarray, market: int, stop: int) -> dict[tuple[int, int], int]:
    book: dict[tuple[int, int], int] = {}
    for row in rows[:stop]:
        if row["market"] == market and row["kind"] <= RowKind.CHANGE:
            book[int(row["side"]), int(row["price_g4"])] = int(row["size_u6"])
    return {key: size for key, size in book.items() if size}


def slow_touch(book: dict[tuple[int, int], int], least: int = 1) -> tuple[int, int]:
    bids = [price for (side, price), size in book.items() if side == 1 and size >= least]
    asks = [price for (side, price), size in book.items() if side == -1 and size >= least]
    return max(bids, default=0), min(asks, default=10_000)


def slow_answer(book: dict[tuple[int, int], int], kind: int, a: int, b: int) -> list[float]:
    bid, ask = slow_touch(book)
    if kind == TOUCH:
        return [bid, ask]
    if kind == CROSSING:
        other = [size for (side, price), size in book.items() if side == -a and (b - price) * a >= 0]
        return [sum(other) if bid < ask else 0]
    if kind == SHOWN:
        return [book.get((-a, b), 0)]
    bid, ask = slow_touch(book, a)
    if bid == 0 or ask == 10_000 or bid >= ask:
        return [math.nan] * 3
    middle = (bid + ask) / 2
    sums = [0.0, 0.0]
    for (side, price), size in book.items():
        if size >= a:
            sums[0 if side == 1 else 1] += score(b, abs(price - middle)) * size / 1_000_000
    return [*sums, bid + ask]


LOOKS = st.one_of(
    st.tuples(st.just(TOUCH), st.just(0), st.just(0)),
    st.tuples(st.sampled_from((CROSSING, SHOWN)), st.sampled_from((1, -1)), st.integers(10, 90).map(lambda c: 100 * c)),
    st.tuples(st.just(REWARD), st.integers(1, 150).map(lambda n: n * 1_000_000), st.sampled_from((150, 300, 700))),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    by_time=st.lists(st.tuples(st.integers(-5 * S, 300 * S), st.integers(0, 1), LOOKS), max_size=6),
    by_row=st.lists(st.tuples(st.integers(-1, 2_000), st.integers(0, 1), LOOKS), max_size=6),
)
def test_looks_agree_with_a_slow_book(tape: Tape, rows: np.ndarray, by_time, by_row) -> None:
    questions = Questions()
    numbered = [
        (questions.before(T0 + at, market, *look), int(np.searchsorted(rows["ts_ns"], T0 + at)), market, look)
        for at, market, look in by_time
    ] + [(questions.after_row(seq, market, *look), seq + 1, market, look) for seq, market, look in by_row]
    answers = walk(tape, 0, len(rows), questions)
    for number, stop, market, look in numbered:
        if rows["ts_ns"][-1] > T0 + 290 * S and stop > len(rows):
            continue
        expected = slow_answer(slow_book(rows, market, stop), *look)
        got = answers.seen[number, : len(expected)]
        ended = stop >= len(rows) and np.isnan(got).all()
        assert ended or got == pytest.approx(expected, nan_ok=True)


def test_prints_and_volumes_are_those_of_the_rows(tape: Tape, rows: np.ndarray) -> None:
    some = rows[rows["kind"] == RowKind.PRINT]
    wanted = [(int(row["market"]), int(row["ts_ns"])) for row in some[::5]]
    answers = walk(tape, 0, len(rows), Questions(prints=set(wanted)))
    assert set(answers.prints) == set(wanted)
    for market, ts_ns in wanted:
        mine = some[(some["market"] == market) & (some["ts_ns"] == ts_ns)]
        assert [p.size_u6 for p in answers.prints[market, ts_ns]] == mine["size_u6"].tolist()
    for market in (0, 1):
        assert answers.printed_u6[market] == some["size_u6"][some["market"] == market].sum()
        mine = rows["ts_ns"][rows["market"] == market]
        assert answers.open_ns[market].tolist() == [mine[0], mine[-1]]


def test_rows_before_the_session_fill_the_books_and_count_no_volume(tape: Tape, rows: np.ndarray) -> None:
    questions = Questions()
    asked = questions.after_row(len(rows) - 1, 0)
    whole, late = (walk(tape, first, len(rows), questions) for first in (0, 900))
    assert late.touch(asked) == whole.touch(asked)
    prints = rows[900:][rows[900:]["kind"] == RowKind.PRINT]
    assert late.printed_u6.sum() == prints["size_u6"].sum() < whole.printed_u6.sum()


def test_a_tape_in_small_parts_gives_the_same_answers(
    tape: Tape, rows: np.ndarray, monkeypatch, tmp_path: Path
) -> None:
    questions = Questions()
    for at in range(0, 280, 7):
        questions.before(T0 + at * S, at % 2, REWARD, LEAST, SPREAD)
        questions.after_row(at * 5, at % 2)
    for row in rows[rows["kind"] == RowKind.PRINT][:9]:
        questions.ends[int(row["market"]), int(row["ts_ns"])] = [(CROSSING, 1, 5_000)]
    whole = walk(tape, 0, len(rows), questions)
    batches = tape.batches
    monkeypatch.setattr(tape, "batches", lambda start, stop: batches(start, stop, 37))
    parts = walk(tape, 0, len(rows), questions)
    assert np.array_equal(whole.seen, parts.seen, equal_nan=True)
    assert whole.ends == parts.ends
    assert len(whole.ends) == 9
