import itertools
import json

import msgspec
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from recordings import T0_MS, UP, all_rows, book, change, write_raw

from made import T0, S, market, walk_rows
from polydesk.model.market import Fact, Origin, Resolution
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import TapeWriter, import_tape, open_tape, verify
from polydesk.tape.manifest import FILE_NAME
from polydesk.tape.sample import RECORDINGS, data_folder

MINUTE_MS = 60_000


def walk(count, seed=1, step_ms=500):
    """A recorded random walk: a book, then changes that state the best prices they lead to."""
    rng = np.random.default_rng(seed)
    bids, asks = {40: 10, 39: 10}, {60: 10, 61: 10}
    messages = [book(T0_MS, [("0.40", 10), ("0.39", 10)], [("0.60", 10), ("0.61", 10)], UP)]
    for i in range(count):
        side, cents = ("BUY", int(rng.integers(30, 45))) if rng.random() < 0.5 else ("SELL", int(rng.integers(55, 70)))
        levels = bids if side == "BUY" else asks
        size = int(rng.integers(0, 3))
        levels[cents] = size
        bid = max((price for price, held in bids.items() if held), default=0)
        ask = min((price for price, held in asks.items() if held), default=100)
        best = (str(bid / 100), str(ask / 100))
        messages.append(change(T0_MS + (i + 1) * step_ms, (UP, side, str(cents / 100), str(size), *best)))
    return messages


def tape_of(folder, messages, name="r"):
    return import_tape([write_raw(folder / name, messages)], folder / f"tape-{name}")


def test_a_whole_recording_is_ok(tmp_path):
    found = verify(tape_of(tmp_path, walk(600)))
    assert found.ok
    assert found.problems == ()
    assert (found.compared, found.mismatched, found.warming_up) == (600, 0, 0)
    assert found.witness == "best_prices"
    assert {minute.status for minute in found.minutes} == {"ok"}
    assert json.loads(msgspec.json.encode(found))["ok"] is True


@pytest.mark.parametrize(("lost", "status"), [(2, "suspect"), (40, "bad")])
def test_lost_messages_are_noticed_in_their_minute(tmp_path, lost, status):
    messages = walk(1_200)
    first = next(i for i in range(500, 1_200) if int(messages[i]["timestamp"]) >= T0_MS + 5 * MINUTE_MS)
    broken = [change(int(messages[first + i]["timestamp"]), (UP, "BUY", "0.01", "1", "0.99", "1")) for i in range(lost)]
    messages[first : first + lost] = broken
    found = verify(tape_of(tmp_path, messages))
    named = found.bad_minutes if status == "bad" else found.suspect_minutes
    assert named[0] == "2026-04-16T07:15Z"
    assert found.ok == (status == "suspect")
    assert all(minute.status == "ok" for minute in found.minutes[:5])
    if status == "bad":
        assert "2026-04-16T07:15Z" in found.problems[0]


def test_without_a_book_a_token_warms_up_for_a_minute(tmp_path):
    messages = walk(600)[1:]
    found = verify(tape_of(tmp_path, messages))
    assert found.warming_up == MINUTE_MS // 500
    assert found.compared == 600 - found.warming_up
    assert found.minutes[0].compared == 0


def test_a_recording_too_short_to_warm_up_has_no_witness(tmp_path):
    found = verify(tape_of(tmp_path, walk(100)[1:]))
    assert found.ok
    assert found.witness == "none"
    assert (found.compared, found.warming_up) == (0, 100)


def test_best_prices_of_which_none_could_be_compared_are_a_problem(tmp_path):
    """Nothing but bids, for two minutes: no book ever has both sides."""
    messages = [change(T0_MS + i * 500, (UP, "BUY", "0.4", str(i + 1), "0.4", "1")) for i in range(300)]
    found = verify(tape_of(tmp_path, messages))
    assert not found.ok
    assert found.witness == "best_prices"
    assert (found.compared, found.warming_up) == (0, 300)
    assert "nothing could be compared: the recording states 300 best prices" in found.problems[0]


def test_many_markets_are_watched_like_each_alone(tmp_path):
    rng = np.random.default_rng(3)
    messages, worst = [], {}
    for i in range(400):
        market, ms = int(rng.integers(0, 7)), T0_MS + i * 2_000 + int(rng.integers(-3_000, 3_000))
        messages.append(change(ms, (str(market), "BUY", "0.4", str(i + 1), "0.4", "0.6"), market=f"0x{market}"))
        worst.setdefault(market, []).append(ms)
    found = verify(tape_of(tmp_path, messages))
    backs = [max(0, before - after) for times in worst.values() for before, after in itertools.pairwise(times)]
    assert found.clock_reversals == sum(back > 0 for back in backs) > 0
    assert found.worst_reversal_ns == max(backs) * 1_000_000
    whole = list(itertools.accumulate((int(message["timestamp"]) for message in messages), max))
    held = {market: [] for market in worst}
    for message, ms in zip(messages, whole, strict=True):
        held[int(message["market"][2:])].append(ms)
    silences = [after - before for times in held.values() for before, after in itertools.pairwise(times)]
    assert found.gap_count == sum(silence > 5_000 for silence in silences) > 0


def test_best_prices_are_compared_after_the_message_not_within(tmp_path):
    both = [(UP, "BUY", "0.40", "0", "0.39", "0.6"), (UP, "BUY", "0.39", "9", "0.39", "0.6")]
    found = verify(tape_of(tmp_path, [*walk(0), change(T0_MS + 1, *reversed(both)), change(T0_MS + 2, *both)]))
    assert (found.compared, found.mismatched) == (2, 0)


def test_crossed_books_without_witness_are_bad(tmp_path):
    messages = [book(T0_MS + i, [("0.6" if i % 2 else "0.4", "5")], [("0.5", "5")], UP) for i in range(20)]
    found = verify(tape_of(tmp_path, messages))
    assert not found.ok
    assert found.witness == "none"
    assert found.crossed_minutes == found.bad_minutes == ("2026-04-16T07:10Z",)


def test_a_derived_change_that_is_wrong_is_found_by_the_next_snapshot(tmp_path):
    source = tape_of(tmp_path, walk(0))
    rows = np.concatenate([all_rows(source)] * 2)
    wrong = rows[:1].copy()
    wrong["kind"], wrong["flags"], wrong["size_u6"] = RowKind.CHANGE, RowFlag.LAST | RowFlag.DERIVED, 1
    with TapeWriter(tmp_path / "t") as writer:
        writer.append(np.concatenate([rows[:4], wrong, rows[4:]]))
        writer.finish(source.manifest.markets, [], [])
    found = verify(open_tape(tmp_path / "t"))
    assert (found.snapshots_checked, found.snapshots_differ, found.derived_differ) == (1, 1, 1)
    assert not found.ok


def test_rows_far_out_of_order_are_a_problem(tmp_path):
    messages = walk(200)
    found = verify(tape_of(tmp_path, [messages[0], *reversed(messages[1:])]))
    assert not found.ok
    assert "out of order by more than a second" in " ".join(found.problems)
    assert found.late_rows == 197
    assert found.clock_reversals == 199


def test_a_changed_manifest_is_a_problem(tmp_path):
    tape = tape_of(tmp_path, walk(10))
    path = tape.path / FILE_NAME
    path.write_text(path.read_text().replace('"clock": "venue"', '"clock": "receive"'))
    found = verify(open_tape(tape.path))
    assert not found.ok
    assert not found.hash_ok


def test_one_sided_books_and_duplicates_are_counted(tmp_path):
    same = change(T0_MS + 1, (UP, "SELL", "0.7", "1", "0.4", "0.6"))
    empty = book(T0_MS + 2, [("0.4", "1")], [], UP)
    found = verify(tape_of(tmp_path, [*walk(0), same, same, empty]))
    assert (found.duplicates, found.one_sided) == (1, 1)
    assert found.ok


@pytest.fixture(scope="module")
def hockey():
    return data_folder() / RECORDINGS[1]


def test_the_bundled_recording_with_witness_is_ok(tmp_path, hockey):
    found = verify(import_tape([hockey], tmp_path / "t"))
    assert found.ok
    assert found.witness == "best_prices"
    assert (found.compared, found.mismatched) == (76_896, 72)
    assert len(found.minutes) == 9
    assert found.gap_count == 50


def test_the_bundled_recording_with_bursts_missing_is_caught(tmp_path, hockey):
    """The same loss as in the rest of the original: all rows of 100 ms in every second, from minute 4 on."""
    table = pq.read_table(hockey)
    times = table["timestamp"].cast("int64").to_numpy()
    lost = (times - times[0] > 4 * MINUTE_MS) & (times % 1_000 < 100)
    assert 0.02 < lost.mean() < 0.2
    pq.write_table(table.filter(pc.invert(lost.tolist())), tmp_path / "r")
    found = verify(import_tape([tmp_path / "r"], tmp_path / "t"))
    assert not found.ok
    assert found.bad_minutes[0] >= "2026-06-07T01:34Z"
    assert {minute.status for minute in found.minutes[:4]} == {"ok"}
    assert len(found.bad_minutes) >= 3


def test_two_winners_of_one_neg_risk_event_are_told(tmp_path):
    def outcome(index, *, one_of_many):
        said = Fact(one_of_many, Origin.VENUE)
        return msgspec.structs.replace(market(index), event="0xevent", neg_risk=said)

    ends = tuple(Resolution(index, (10_000, 0), T0 + 400 * S, Origin.VENUE) for index in range(2))
    for one_of_many in (True, False):
        with TapeWriter(tmp_path / str(one_of_many), "venue") as writer:
            writer.append(walk_rows(3))
            writer.finish(tuple(outcome(index, one_of_many=one_of_many) for index in range(2)), ends, ())
        told = [text for text in verify(open_tape(tmp_path / str(one_of_many))).problems if "0xevent" in text]
        assert len(told) == int(one_of_many)
        assert not told or told[0].startswith("2 outcomes of neg-risk event 0xevent paid in full")
