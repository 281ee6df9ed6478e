"""The resolvedkit importer on tiny tables and, snapshot by snapshot, on the bundled recording."""

from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rebuilt import assert_rebuilt, books_by_time
from recordings import CONDITION, SLUG, T0_MS, all_rows, write_lines
from snapshot_recordings import LISTS, snapshot, write

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import NS_PER_MS
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import ensure_sample, import_tape, verify
from polydesk.tape.sample import data_folder

OTHER = "0x" + "cd" * 32


def facts(**more):
    return {
        "market_id": CONDITION, "slug": SLUG, "question": "Up or down?", "category": "crypto", "timeframe": "5m",
        "start_ts": T0_MS, "end_ts": T0_MS + 300_000, "outcome_up": "Up", "outcome_down": "Down",
        "payout_up": 1.0, "payout_down": 0.0, **more,
    }  # fmt: skip


def sides_of(book):
    """Grid levels of a recorded book, by decimal arithmetic."""
    numbers = [[Decimal(repr(number)) for number in numbers or ()] for numbers in book]
    bids, asks = (dict(zip(numbers[place], numbers[place + 1], strict=True)) for place in (0, 2))
    return tuple(
        {int(p * 10_000): int((s * 1_000_000).to_integral_value()) for p, s in side.items()} for side in (bids, asks)
    )


def test_both_outcomes_with_the_facts_beside_them(tmp_path):
    folder = write(tmp_path / "r", [snapshot(T0_MS), snapshot(T0_MS, "DOWN", ([0.4], [9.0], [0.6], [5.0]))], [facts()])
    notes = []
    tape = import_tape([folder], tmp_path / "t", note=notes.append)
    (market,), (end,) = tape.manifest.markets, tape.manifest.resolutions
    assert (market.slug, market.condition_id, market.question) == (SLUG, CONDITION, "Up or down?")
    assert [token.outcome for token in market.tokens] == ["Up", "Down"]
    assert all(token.recorded and token.origin is Origin.DERIVED for token in market.tokens)
    assert (end.payout_g4, end.at_ns, end.origin) == ((10_000, 0), (T0_MS + 300_000) * NS_PER_MS, Origin.DERIVED)
    assert "markets.parquet" in notes[0]
    assert tape.manifest.clock == tape.manifest.sources[0].clock == "receive"
    assert "not stated" in tape.manifest.sources[0].note
    rows = all_rows(tape)
    assert rows["token"].tolist() == [0, 0, 0, 1, 1]
    assert rows["recv_ns"].tolist() == rows["ts_ns"].tolist() == [T0_MS * NS_PER_MS] * 5
    assert not rows["venue_ns"].any()
    same = import_tape([folder / "books.parquet"], tmp_path / "u")
    assert same.manifest.sha256 == tape.manifest.sha256


def test_without_facts_nothing_is_made_up(tmp_path):
    notes = []
    folder = write(tmp_path / "r", [snapshot(T0_MS)])
    tape = import_tape([folder], tmp_path / "t", note=notes.append)
    (market,) = tape.manifest.markets
    assert tape.manifest.resolutions == ()
    assert market.end_ns.value is None
    assert market.end_ns.origin is Origin.ASSUMED
    assert market.category.origin is Origin.ASSUMED
    assert len(notes) == 1
    assert "never settle" in notes[0]
    assert "--markets" in notes[0]


@pytest.mark.parametrize("pays", [(0.5, 0.5), (0.25, 0.75)])
def test_a_split_pays_both(tmp_path, pays):
    folder = write(tmp_path / "r", [snapshot(T0_MS)], [facts(payout_up=pays[0], payout_down=pays[1])])
    (end,) = import_tape([folder], tmp_path / "t").manifest.resolutions
    assert end.payout_g4 == (round(pays[0] * 10_000), round(pays[1] * 10_000))


def test_an_undecided_market_has_no_end(tmp_path):
    markets = [facts(payout_up=None, payout_down=None), facts(market_id=OTHER, slug="other")]
    tape = import_tape([write(tmp_path / "r", [snapshot(T0_MS)], markets)], tmp_path / "t")
    assert tape.manifest.resolutions == ()


@pytest.mark.parametrize("pays", [(1.0, 1.0), (0.0, 0.0), (1.0, None), (2.0, -1.0)])
def test_payouts_that_are_none_are_refused(tmp_path, pays):
    folder = write(tmp_path / "r", [snapshot(T0_MS)], [facts(payout_up=pays[0], payout_down=pays[1])])
    with pytest.raises(ImportFailed, match=r"markets\.parquet: market 1: field payout_(up|down) is"):
        import_tape([folder], tmp_path / "t")


def test_payouts_need_an_end(tmp_path):
    folder = write(tmp_path / "r", [snapshot(T0_MS)], [facts(end_ts=None, slug="some-market")])
    with pytest.raises(ImportFailed, match="has payouts but no end time; add end_ts"):
        import_tape([folder], tmp_path / "t")


def test_markets_of_one_file_are_put_in_order_of_time(tmp_path):
    first = [snapshot(T0_MS), snapshot(T0_MS + 9_000, book=([0.5], [1.0], [0.6], [1.0]))]
    second = [snapshot(T0_MS + 4_000, market=OTHER)]
    tape = import_tape([write(tmp_path / "r", [*first, *second])], tmp_path / "t")
    rows = all_rows(tape)
    assert rows["market"][rows["flags"] & RowFlag.LAST > 0].tolist() == [0, 1, 0]


def test_a_finer_price_is_a_derived_tick(tmp_path):
    fine = ([0.972, 0.97], [1.0, 1.0], [0.98], [1.0])
    tape = import_tape([write(tmp_path / "r", [snapshot(T0_MS), snapshot(T0_MS + 1_000, book=fine)])], tmp_path / "t")
    (market,) = tape.manifest.markets
    assert (market.tick_g4.value, market.tick_g4.origin) == (100, Origin.DERIVED)
    (tick,) = all_rows(tape)[all_rows(tape)["kind"] == RowKind.TICK]
    assert (int(tick["aux"]), int(tick["ts_ns"])) == (10, (T0_MS + 1_000) * NS_PER_MS)
    assert tick["flags"] & RowFlag.DERIVED
    assert tape.manifest.defects == {}


def test_every_flaw_is_counted_and_nothing_else_lost(tmp_path):
    good = [snapshot(T0_MS + second * 1_000, book=([0.4], [5.0 + second], [0.6], [9.0])) for second in range(20)]
    flaws = [
        snapshot(T0_MS + 500, book=([0.4, 0.3], [5.0], [0.6], [9.0])),
        snapshot(T0_MS + 500, book=([0.40001], [5.0], [0.6], [9.0])),
        snapshot(T0_MS + 500, book=([0.4], [float("nan")], [0.6], [9.0])),
        snapshot(T0_MS + 500, "SIDEWAYS"),
        snapshot(0),
    ]
    crossed = snapshot(T0_MS + 1_500, book=([0.6], [5.0], [0.6], [9.0]))
    one_sided = snapshot(T0_MS + 2_500, book=([], [], None, None))
    repeated = snapshot(T0_MS + 3_500, book=([0.4, 0.4], [5.0, 6.0], [0.6, 0.7], [0.0, 1.0]))
    recorded = [*good, *flaws, crossed, one_sided, repeated]
    tape = import_tape([write(tmp_path / "r", recorded)], tmp_path / "t")
    assert tape.manifest.defects == {
        "malformed_rows": 4, "implausible_times": 1, "crossed_books": 1, "repeated_levels": 1, "empty_levels": 1,
    }  # fmt: skip
    assert tape.manifest.counts["books"] == 23
    assert tape.manifest.counts["one_sided_books"] == 1
    assert tape.manifest.sources[0].first_defect == "row 24: implausible_times"
    (last,) = [book for _, _, book in books_by_time(all_rows(tape))][-1:]
    assert (last.bids, last.asks) == ({4_000: 24_000_000}, {6_000: 9_000_000})


def test_a_file_of_something_else_is_named(tmp_path):
    folder = write(tmp_path / "r", [snapshot(T0_MS, "LEFT"), snapshot(T0_MS, "RIGHT"), snapshot(T0_MS)])
    with pytest.raises(ImportFailed, match="2 of 3 rows are unusable"):
        import_tape([folder], tmp_path / "t")
    path = folder / "books.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ImportFailed, match="truncated or damaged"):
        import_tape([folder], tmp_path / "t")
    write_lines(folder / "books.parquet", ["hello"])
    with pytest.raises(ImportFailed, match="resolvedkit looks for Parquet with columns market_id, ts, side"):
        import_tape([folder], tmp_path / "t", name="resolvedkit")


prices = st.integers(1, 99).map(lambda cents: cents / 100)
amounts = st.integers(1, 10**9).map(lambda micros: micros / 1e6)
ladders = st.dictionaries(prices, amounts, max_size=5).map(lambda side: (list(side), list(side.values())))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["UP", "DOWN"]), ladders, ladders), min_size=1, max_size=25)
)
@settings(max_examples=50)
def test_every_snapshot_is_rebuilt(tmp_path_factory, recorded):
    folder = tmp_path_factory.mktemp("rk")
    now, snapshots, truth = T0_MS, [], {}
    for step, side, (bid_px, bid_sz), (ask_px, ask_sz) in recorded:
        now += step * 1_000
        book = (bid_px, bid_sz, ask_px, ask_sz)
        snapshots.append(snapshot(now, side, book))
        truth[now * NS_PER_MS, side == "DOWN"] = sides_of(book)
    tape = import_tape([write(folder / "r", snapshots)], folder / "t")
    assert_rebuilt(tape, {(0, int(token), ts_ns): book for (ts_ns, token), book in truth.items()})
    found = verify(tape)
    assert found.hash_ok
    assert found.derived_differ == 0


@pytest.fixture(scope="module")
def bundled(shared_dir):
    return ensure_sample(shared_dir / "sample", "resolvedkit")


def test_the_bundled_recording_is_rebuilt_snapshot_by_snapshot_and_pays_as_recorded(bundled):
    recorded = pq.read_table(data_folder("resolvedkit") / "resolvedkit-btc15m-20260928" / "books.parquet").to_pylist()
    index = {market.condition_id: market.index for market in bundled.manifest.markets}
    truth = {
        (index[row["market_id"]], int(row["side"] == "DOWN"), row["ts"] * NS_PER_MS): sides_of(
            [row[name] for name in LISTS]
        )
        for row in recorded
    }
    assert len(truth) == 21_018
    every_seventh = dict(list(truth.items())[::7])
    last = assert_rebuilt(bundled, every_seventh)
    crossed = sum(bool(bids) and bool(asks) and max(bids) >= min(asks) for bids, asks in truth.values())
    assert bundled.manifest.defects == {"crossed_books": crossed} == {"crossed_books": 4}
    assert (
        bundled.manifest.counts["one_sided_books"] == sum(not (bids and asks) for bids, asks in truth.values()) == 1_658
    )
    payouts_agree(bundled, last)


def payouts_agree(bundled, last):
    """Compare payouts with the recorded ones and with the last books, (bids, asks) by market and token."""
    path = data_folder("resolvedkit") / "resolvedkit-btc15m-20260928" / "markets.parquet"
    recorded = {row["market_id"]: row for row in pq.read_table(path).to_pylist()}
    assert len(bundled.manifest.resolutions) == len(bundled.manifest.markets) == len(recorded) == 10
    for end in bundled.manifest.resolutions:
        market = bundled.manifest.markets[end.market]
        row = recorded[market.condition_id]
        assert end.payout_g4 == (row["payout_up"] * 10_000, row["payout_down"] * 10_000)
        assert end.at_ns == row["end_ts"] * NS_PER_MS == market.end_ns.value
        assert market.start_ns.value == row["start_ts"] * NS_PER_MS
        winner = end.payout_g4.index(10_000)
        bids, asks = last[end.market, winner]
        assert max(bids) >= 9_900
        assert not asks
    assert verify(bundled).ok


@pytest.mark.parametrize("scale", [1_000, 10**-3], ids=["us", "s"])
def test_times_that_are_not_ms_are_told_with_their_column(tmp_path, scale):
    folder = write(tmp_path / "r", [snapshot(int((T0_MS + at) * scale)) for at in range(9)])
    with pytest.raises(ImportFailed, match=r"books\.parquet: column ts holds no time in ms"):
        import_tape([folder], tmp_path / "t")
