import gzip

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import CONDITION, DOWN, SLUG, T0_MS, UP, all_rows, book, cronos_line, write_cronos, write_lines

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import NS_PER_MS, NS_PER_S
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import import_tape, verify
from polydesk.tape.importers.snapshots import SNAPSHOT_EVERY_NS
from polydesk.tape.ladders import Book

prices = st.integers(1, 99).map(lambda cents: f"{cents / 100:.2f}")
sizes = st.integers(1, 10**10).map(lambda micros: f"{micros / 1e6:.6f}")
sides = st.dictionaries(prices, sizes, max_size=6).map(lambda side: sorted(side.items()))
steps = st.integers(0, 40_000)


def replay(rows):
    """Yield (ts_ns, token, book) after every message."""
    books = {}
    for row in rows:
        token = int(row["token"])
        if row["flags"] & RowFlag.FIRST:
            books[token] = Book()
        if not row["flags"] & RowFlag.EMPTY:
            books[token].put(int(row["side"]), int(row["price_g4"]), int(row["size_u6"]))
        if row["flags"] & RowFlag.LAST:
            yield int(row["ts_ns"]), token, dict(books[token].bids), dict(books[token].asks)


def exact(side):
    return {round(float(price) * 10_000): round(float(size) * 1_000_000) for price, size in side}


@given(st.lists(st.tuples(steps, sides, sides, st.sampled_from([UP, DOWN])), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_every_recorded_book_is_rebuilt(tmp_path_factory, recorded):
    folder = tmp_path_factory.mktemp("cronos")
    now, messages, truth, last = T0_MS, [], [], {}
    tokens = list(dict.fromkeys(asset for *_, asset in recorded))
    for step, bids, asks, asset in recorded:
        now += step
        messages.append(book(now, bids, asks, asset))
        full = (exact(bids), exact(asks))
        if last.get(asset) != full:
            truth.append((now * NS_PER_MS, tokens.index(asset), *full))
        last[asset] = full
    tape = import_tape([write_cronos(folder / "r", messages)], folder / "t")
    assert without_repeats(replay(all_rows(tape))) == without_repeats(truth)
    found = verify(tape)
    assert found.hash_ok
    assert found.derived_differ == 0
    assert found.ok or found.crossed_minutes


def without_repeats(states):
    """A full snapshot right behind the changes that lead to it is the same state again."""
    return list(dict.fromkeys((ts, token, *map(frozenset, map(dict.items, sides))) for ts, token, *sides in states))


def one_book(ms, size="5"):
    return book(ms, [("0.40", size)], [("0.60", "7")])


def test_first_book_is_a_snapshot_then_derived_changes_and_a_snapshot_again_after_a_minute(tmp_path):
    later = T0_MS + SNAPSHOT_EVERY_NS // NS_PER_MS
    messages = [one_book(T0_MS), one_book(T0_MS + 100), one_book(T0_MS + 200, "6"), one_book(later, "8")]
    tape = import_tape([write_cronos(tmp_path / "r", messages)], tmp_path / "t")
    rows = all_rows(tape)
    kinds = [RowKind(kind).name for kind in rows["kind"].tolist()]
    assert kinds == ["SNAPSHOT", "SNAPSHOT", "CHANGE", "CHANGE", "SNAPSHOT", "SNAPSHOT"]
    first, last, derived = RowFlag.FIRST, RowFlag.LAST, RowFlag.DERIVED
    assert rows["flags"].tolist() == [first, last, last | derived, last | derived, first, last]
    assert tape.manifest.counts["unchanged_books"] == 1
    assert verify(tape).snapshots_checked == 1


def test_the_token_that_was_not_recorded_is_derived(tmp_path):
    tape = import_tape([write_cronos(tmp_path / "r", [one_book(T0_MS)])], tmp_path / "t")
    (market,) = tape.manifest.markets
    assert market.condition_id == CONDITION
    assert [(token.id, token.recorded, token.origin) for token in market.tokens] == [
        (DOWN, True, Origin.VENUE),
        (f"derived:{DOWN}", False, Origin.DERIVED),
    ]
    assert market.slug == SLUG
    assert market.category.value == "crypto"
    assert (market.start_ns.value, market.end_ns.value) == (1_776_323_400 * NS_PER_S, 1_776_323_700 * NS_PER_S)
    assert market.tick_g4.origin is Origin.ASSUMED
    assert market.tokens[0].outcome is None


def test_tick_comes_from_the_first_message_and_finer_prices_are_counted(tmp_path):
    messages = [
        book(T0_MS, [("0.4", "5")], [("0.6", "5")], tick_size="0.01", last_trade_price="0.5"),
        book(T0_MS + 1, [("0.4", "5")], [("0.999", "5"), ("0.6", "5")]),
    ]
    tape = import_tape([write_cronos(tmp_path / "r", messages)], tmp_path / "t")
    assert tape.manifest.markets[0].tick_g4.value == 100
    assert tape.manifest.markets[0].tick_g4.origin is Origin.VENUE
    assert tape.manifest.defects == {"finer_than_tick": 1}


def test_a_changed_tick_is_an_epoch_told_once_for_both_tokens(tmp_path):
    messages = [
        book(T0_MS, [("0.4", "5")], [], tick_size="0.01"),
        book(T0_MS, [("0.4", "5")], [], UP, tick_size="0.01"),
        book(T0_MS + 2, [("0.401", "5")], [], tick_size="0.001"),
        book(T0_MS + 2, [("0.401", "5")], [], UP, tick_size="0.001"),
        book(T0_MS + 1, [("0.4", "5")], [], tick_size="0.01"),
        book(T0_MS + 3, [("0.402", "5")], [], tick_size="0.001"),
    ]
    tape = import_tape([write_cronos(tmp_path / "r", messages)], tmp_path / "t")
    rows = all_rows(tape)
    (at,) = np.flatnonzero(rows["kind"] == RowKind.TICK).tolist()
    assert (rows["aux"][at], rows["flags"][at], rows["ts_ns"][at]) == (10, RowFlag.LAST, (T0_MS + 2) * NS_PER_MS)
    assert rows["kind"][:at].tolist() == [RowKind.SNAPSHOT] * 2
    assert tape.manifest.markets[0].tick_g4.value == 100
    assert tape.manifest.defects == {"late_books": 1}


def test_one_foreign_token_is_a_defect_and_many_are_refused(tmp_path):
    lines = [cronos_line(book(T0_MS + i, [("0.4", str(i + 1))], [], (UP, DOWN)[i % 2])) for i in range(200)]
    lines[150] = lines[150].replace(UP, UP[:-1] + "x")
    tape = import_tape([write_lines(tmp_path / "r", lines)], tmp_path / "t")
    assert tape.manifest.defects == {"foreign_tokens": 1}
    assert tape.manifest.sources[0].first_defect == "line 151: foreign_tokens"
    lines[100:110] = [line.replace(UP, "777") for line in lines[100:110]]
    with pytest.raises(ImportFailed, match=r"s: line 101: market .* third token id 777 .*6 in 200 messages"):
        import_tape([write_lines(tmp_path / "s", lines)], tmp_path / "u")


def test_a_markets_file_beside_the_recording_labels_tokens_up_first(tmp_path):
    (tmp_path / "markets.csv").write_text(
        "slug,condition_id,token_id_down,token_id_up,start_ts,end_ts,n_messages,winner_inferred\n"
        f"{SLUG},{CONDITION},{DOWN},,1776323400,1776323700,9,Down\n"
        f"other-slug,0xcd,333,,1776323700,1776324000,9,unclear\n"
    )
    notes = []
    tape = import_tape([write_cronos(tmp_path / "r", [one_book(T0_MS)])], tmp_path / "t", note=notes.append)
    (market,) = tape.manifest.markets
    assert [token.outcome for token in market.tokens] == ["Up", "Down"]
    assert [token.recorded for token in market.tokens] == [False, True]
    assert market.tokens[0].id == f"derived:{DOWN}"
    assert set(all_rows(tape)["token"].tolist()) == {1}
    (resolution,) = tape.manifest.resolutions
    assert resolution.payout_g4 == (0, 10_000)
    assert resolution.at_ns == 1_776_323_700 * NS_PER_S
    assert resolution.origin is Origin.DERIVED
    assert len(notes) == 2
    assert "markets.csv" in notes[0]
    assert "n_messages" in notes[1]


def test_books_older_than_the_book_before_are_left_out(tmp_path):
    messages = [one_book(T0_MS + 100), one_book(T0_MS, "9"), one_book(T0_MS + 200, "6")]
    tape = import_tape([write_cronos(tmp_path / "r", messages)], tmp_path / "t")
    assert tape.manifest.defects == {"late_books": 1}
    assert tape.manifest.counts["clamped_times"] == 1
    assert all_rows(tape)["size_u6"].tolist() == [5_000_000, 7_000_000, 6_000_000]
    found = verify(tape)
    assert not found.ok
    assert "out of order" in found.problems[0]


def test_malformed_lines_are_counted_and_the_first_is_named(tmp_path):
    good = [cronos_line(one_book(T0_MS + i, str(i + 1))) for i in range(4)]
    lines = [good[0], good[1][:50], good[2], good[3].replace('"0.40"', '"cheap"')]
    tape = import_tape([write_lines(tmp_path / "r", lines)], tmp_path / "t")
    assert tape.manifest.defects == {"malformed_lines": 2}
    assert tape.manifest.sources[0].first_defect == "line 2: malformed_lines"
    assert tape.manifest.sources[0].records == 4
    with pytest.raises(ImportFailed, match="3 of 5 lines"):
        import_tape([write_lines(tmp_path / "s", [*lines, "{"])], tmp_path / "u")


def test_a_time_far_ahead_of_the_recorder_is_a_defect_not_the_clock(tmp_path):
    wrong = cronos_line(one_book(T0_MS + 1, "6")).replace(f'"{T0_MS + 1}"', f'"{T0_MS + 10**9}"')
    lines = [cronos_line(one_book(T0_MS)), wrong, cronos_line(one_book(T0_MS + 2, "7"))]
    tape = import_tape([write_lines(tmp_path / "r", lines)], tmp_path / "t")
    assert tape.manifest.defects == {"implausible_times": 1}
    assert tape.manifest.sources[0].first_defect == "line 2: implausible_times"
    assert tape.manifest.last_ts_ns == (T0_MS + 2) * NS_PER_MS


def test_levels_without_size_and_repeated_levels_are_counted(tmp_path):
    message = book(T0_MS, [("0.4", "5"), ("0.40", "6"), ("0.3", "0")], [])
    tape = import_tape([write_cronos(tmp_path / "r", [message])], tmp_path / "t")
    assert tape.manifest.defects == {"empty_levels": 1, "repeated_levels": 1}
    assert all_rows(tape)["size_u6"].tolist() == [6_000_000]


def test_packing_makes_no_difference(tmp_path):
    plain = write_cronos(tmp_path / "r", [one_book(T0_MS + i, str(i + 1)) for i in range(50)])
    raw = plain.read_bytes()
    half = len(raw) // 2
    (tmp_path / "z").write_bytes(
        zstandard.ZstdCompressor().compress(raw[:half]) + zstandard.ZstdCompressor().compress(raw[half:])
    )
    (tmp_path / "g").write_bytes(gzip.compress(raw))
    hashes = {import_tape([tmp_path / name], tmp_path / f"t{name}").manifest.sha256 for name in "rzg"}
    assert len(hashes) == 1


def test_an_empty_book_is_one_clearing_row(tmp_path):
    messages = [book(T0_MS, [], []), one_book(T0_MS + 1)]
    rows = all_rows(import_tape([write_cronos(tmp_path / "r", messages)], tmp_path / "t"))
    assert rows["flags"][0] == RowFlag.FIRST | RowFlag.LAST | RowFlag.EMPTY
    assert np.all(rows["bid_g4"] == -1)
    assert len(rows) == 3
