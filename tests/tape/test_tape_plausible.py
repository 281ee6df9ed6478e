"""A single wrong time must not hold virtual time; silences, late rows and old books must stay legal."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recordings import (
    DOWN,
    T0_MS,
    UP,
    all_rows,
    book,
    change,
    cronos_line,
    tick,
    write_cronos,
    write_lines,
    write_raw,
    write_tickscope,
)

from polydesk.model.grid import NS_PER_MS, NS_PER_S
from polydesk.tape import import_tape
from polydesk.tape.importers.plausible import AHEAD_NS, DAY_NS, FOLLOWERS, implausible, without_implausible
from polydesk.tape.importers.tally import Tally

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START = T0_MS * NS_PER_MS


class Told(msgspec.Struct, frozen=True):
    told_ns: int
    recv_ns: int = 0
    where: str = ""


def left_out(seconds, recv=None):
    """Positions of the times, in seconds from the start, that are left out."""
    times = [START + second * NS_PER_S for second in seconds]
    recv = [0] * len(times) if recv is None else [START + second * NS_PER_S for second in recv]
    messages = [Told(ns, at, str(i)) for i, (ns, at) in enumerate(zip(times, recv, strict=True))]
    tally = Tally()
    kept = {int(message.where) for message in without_implausible(messages, tally)}
    wrong = [i for i in range(len(times)) if i not in kept]
    assert tally.defects["implausible_times"] == len(wrong)
    if not any(recv):
        assert np.flatnonzero(implausible(np.array(times, np.int64))).tolist() == wrong
    return wrong


FAR = 300 * 86_400


@pytest.mark.parametrize(
    ("seconds", "wrong"),
    [
        ([0, 1, 2, 3], []),
        ([0, 1, FAR, 2, 3], [2]),
        ([0, 1, 1_000, 2, 3], [2]),
        ([0, 1, 200, 2, 3], []),
        ([FAR, 0, 1, 2], [0]),
        ([0, 1, 2, FAR], [3]),
        ([0, 1, FAR, 2 * FAR, 2, 3], [2, 3]),
        ([0, 1, FAR, 2, 3, 2 * FAR, 4], [2, 5]),
        ([0], []),
        ([0, FAR], [1]),
        ([], []),
    ],
)
def test_a_time_ahead_of_all_around_it_is_left_out(seconds, wrong):
    assert left_out(seconds) == wrong


@pytest.mark.parametrize(
    "seconds",
    [
        [0, 1, 7_200, 7_201],
        [0, 1, 30 * 86_400, 30 * 86_400 + 5],
        [0, 4_000, 8_000, 12_000, 16_000],
        [0, 2 * 86_400, 4 * 86_400, 6 * 86_400, 6 * 86_400 + 7_200],
        [0, 1, 2, 7_200],
        [0, 1, 7_200, 3, 7_201],
        [-7_200, -9_000, 0, -3_600, -8_000, 1, 2],
        [0, *[-7_200] * (FOLLOWERS - 1), 1],
    ],
)
def test_silences_late_rows_and_old_books_are_legal(seconds):
    assert left_out(seconds) == []


def test_the_recorders_clock_speaks_for_a_fresh_book_among_old_ones_but_not_for_damage():
    assert left_out([-7_200, 0, -9_000, -9_000], recv=[0, 1, 2, 3]) == []
    assert left_out([0, 1, 72_000, 3], recv=[0, 1, 2, 3]) == [2]
    slow = [second - 30 * 86_400 for second in range(4)]
    assert left_out([0, 1, 2, 3], recv=slow) == []
    assert left_out([0, 1, 72_000, 3], recv=slow) == [2]


steps = st.one_of(st.integers(0, 100), st.integers(-10_000, 10_000), st.integers(0, 3 * 86_400))


@given(st.lists(steps, max_size=60), st.lists(st.tuples(st.integers(0, 59), st.integers(-FAR, FAR)), max_size=6))
@settings(max_examples=150, deadline=None)
def test_both_ways_of_judging_agree_whatever_comes(walk, damaged):
    seconds = np.cumsum(walk).tolist()
    for at, by in damaged:
        if at < len(seconds):
            seconds[at] += by
    left_out(seconds)


@given(st.integers(2, 40), st.integers(0, 39), st.integers(AHEAD_NS // NS_PER_S + 100, FAR))
@example(2, 1, DAY_NS // NS_PER_S)
@example(2, 1, DAY_NS // NS_PER_S - 1)
@settings(max_examples=100, deadline=None)
def test_one_damaged_time_in_a_steady_recording_is_always_found(count, at, by):
    seconds = list(range(count))
    seconds[at % count] += by
    is_last = at % count == count - 1
    found = left_out(seconds)
    leap = by + 1  # from the message before it, a second earlier
    assert found == ([] if is_last and leap <= DAY_NS // NS_PER_S else [at % count])


def changes(count):
    return [change(T0_MS + i, (UP, "BUY", "0.41", str(i), "0.41", "0.6")) for i in range(count)]


def test_bare_lines(tmp_path):
    messages = changes(20)
    messages[7]["timestamp"] = str(T0_MS + 300 * DAY_MS)
    tape = import_tape([write_raw(tmp_path / "r", messages)], tmp_path / "t")
    assert tape.manifest.defects == {"implausible_times": 1}
    assert tape.manifest.sources[0].first_defect == "line 8: implausible_times"
    assert tape.manifest.rows == 19
    assert tape.manifest.last_ts_ns == (T0_MS + 19) * NS_PER_MS


def test_wrapped_lines(tmp_path):
    messages = changes(20)
    messages[7]["timestamp"] = str(T0_MS + 20 * HOUR_MS)
    lines = [json.dumps({"recv_ms": T0_MS + i + 3, "payload": message}) for i, message in enumerate(messages)]
    tape = import_tape([write_lines(tmp_path / "r", lines)], tmp_path / "t")
    assert tape.manifest.defects == {"implausible_times": 1}
    assert tape.manifest.last_ts_ns == (T0_MS + 19) * NS_PER_MS


def test_a_first_time_that_is_wrong_does_not_move_the_recording(tmp_path):
    """The first time also says when a recording is opened among others."""
    first = changes(20)
    first[0]["timestamp"] = str(T0_MS + 300 * DAY_MS)
    ticks = [tick(T0_MS + i, "70", "BID", 0.4, 1.0 + i) for i in range(20)]
    ticks[0] = (T0_MS + 300 * DAY_MS, *ticks[0][1:])
    books = [cronos_line(book(T0_MS + i, [("0.4", str(i + 1))], [], DOWN)) for i in range(20)]
    books[0] = books[0].replace(f'"{T0_MS}"', f'"{T0_MS + 300 * DAY_MS}"')
    paths = [
        write_raw(tmp_path / "a", first),
        write_tickscope(tmp_path / "b", ticks),
        write_lines(tmp_path / "c", books),
    ]
    tape = import_tape(paths, tmp_path / "t")
    assert tape.manifest.defects == {"implausible_times": 3}
    assert tape.manifest.last_ts_ns == (T0_MS + 19) * NS_PER_MS
    assert "clamped_times" not in tape.manifest.counts


def test_tickscope_rows(tmp_path):
    rows = [tick(T0_MS + i, "70", "BID", 0.4, 1.0 + i) for i in range(9_000)]
    for at in (5_000, 8_000):
        rows[at] = (T0_MS + 400 * DAY_MS + at, *rows[at][1:])
    tape = import_tape([write_tickscope(tmp_path / "r", rows)], tmp_path / "t")
    assert tape.manifest.defects == {"implausible_times": 2}
    assert tape.manifest.sources[0].first_defect == "row 5000: implausible_times"
    assert tape.manifest.last_ts_ns == (T0_MS + 8_999) * NS_PER_MS


@pytest.mark.parametrize("form", ["raw", "cronos", "tickscope"])
def test_a_pause_of_hours_is_kept(tmp_path, form):
    times = [T0_MS, T0_MS + 1, T0_MS + 9 * HOUR_MS, T0_MS + 9 * HOUR_MS + 1]
    path = tmp_path / "r"
    if form == "raw":
        write_raw(path, [change(ms, (UP, "BUY", "0.41", "1", "0.41", "0.6")) for ms in times])
    elif form == "cronos":
        write_cronos(path, [book(ms, [("0.4", str(i + 1))], []) for i, ms in enumerate(times)])
    else:
        write_tickscope(path, [tick(ms, "70", "BID", 0.4, 1.0 + i) for i, ms in enumerate(times)])
    tape = import_tape([path], tmp_path / "t")
    assert tape.manifest.defects == {}
    assert sorted(set((all_rows(tape)["ts_ns"] // NS_PER_MS).tolist())) == times
