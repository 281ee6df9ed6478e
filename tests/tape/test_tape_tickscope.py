import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import T0_MS, all_rows, tick, write_tickscope

from polydesk.model.errors import ImportFailed
from polydesk.model.grid import NS_PER_MS
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import import_tape

A, B, C, D, LONELY = "91", "100", "300", "200", "55"


def pair(ms, first, second, side, cents, size):
    """One venue change as the recorder writes it: a row per token."""
    other = "ASK" if side == "BID" else "BID"
    return [
        tick(ms, first, side, cents / 100, size, bid=0.4, ask=0.6),
        tick(ms, second, other, (100 - cents) / 100, size, bid=0.4, ask=0.6),
    ]


def imported(tmp_path, rows, name="r.parquet"):
    return import_tape([write_tickscope(tmp_path / name, rows)], tmp_path / f"tape-{name}")


def test_tokens_pair_by_mirrored_neighbours(tmp_path):
    rows = []
    for i in range(6):
        rows += pair(T0_MS + i, A, B, "BID", 40 + i, 10 + i)
        rows += pair(T0_MS + i, C, D, "ASK", 40 + i, 20 + i)
    rows += [tick(T0_MS + 9, A, "BID", 0.3, 7.0), tick(T0_MS + 9, C, "ASK", 0.7, 7.0)]
    rows.append(tick(T0_MS + 10, LONELY, "BID", 0.2, 3.0))
    markets = imported(tmp_path, rows).manifest.markets
    assert [[token.id for token in market.tokens] for market in markets] == [
        [A, B],
        [D, C],
        [LONELY, f"derived:{LONELY}"],
    ]
    assert [market.condition_id for market in markets] == [f"derived:{A}", f"derived:{D}", f"derived:{LONELY}"]
    assert [token.recorded for market in markets for token in market.tokens] == [True] * 5 + [False]
    assert all(token.outcome is None for market in markets for token in market.tokens)
    assert all(market.tick_g4.origin is Origin.DERIVED for market in markets)


def test_rows_are_changes_with_witness_and_prints(tmp_path):
    rows = [
        *pair(T0_MS, A, B, "BID", 40, 10.5),
        tick(T0_MS + 1, A, "ASK", 0.4, 2.25, 0.0, 0.0, "LAST_TRADE"),
        tick(T0_MS + 2, A, "BID", 0.4, 0.0, 0.39, 0.6),
    ]
    got = all_rows(imported(tmp_path, rows))
    assert got["kind"].tolist() == [RowKind.CHANGE, RowKind.CHANGE, RowKind.PRINT, RowKind.CHANGE]
    assert got["flags"].tolist() == [RowFlag.LAST] * 4
    assert got["bid_g4"].tolist() == [4_000, 4_000, -1, 3_900]
    assert got["ask_g4"].tolist() == [6_000, 6_000, -1, 6_000]
    assert got["side"].tolist() == [1, -1, -1, 1]
    assert got["size_u6"].tolist() == [10_500_000, 10_500_000, 2_250_000, 0]
    assert got["price_g4"].tolist() == [4_000, 6_000, 4_000, 4_000]


@given(
    st.lists(
        st.tuples(st.integers(1, 9_999), st.integers(0, 10**12), st.integers(0, 9_999), st.integers(1, 9_999)),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=40, deadline=None)
def test_doubles_become_exact_numbers(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("scope")
    rows = [
        tick(T0_MS + i, A, "BID", price / 10_000, size / 1_000_000, bid / 10_000, ask / 10_000)
        for i, (price, size, bid, ask) in enumerate(numbers)
    ]
    got = all_rows(imported(folder, rows))
    columns = zip(*(got[name].tolist() for name in ("price_g4", "size_u6", "bid_g4", "ask_g4")), strict=True)
    assert list(columns) == numbers


def test_exact_repeats_are_counted_and_kept_out_but_not_a_level_set_again(tmp_path):
    change = tick(T0_MS, A, "BID", 0.4, 10.0)
    away = tick(T0_MS, A, "BID", 0.4, 0.0)
    other = tick(T0_MS, A, "BID", 0.3, 1.0)
    tape = imported(tmp_path, [change, other, change, away, change, change])
    assert tape.manifest.counts["duplicates"] == 2
    assert all_rows(tape)["size_u6"].tolist() == [10_000_000, 1_000_000, 0, 10_000_000]


def test_tick_is_the_finest_step_of_the_markets_first_minute(tmp_path):
    rows = [*pair(T0_MS, A, B, "BID", 40, 1.0), tick(T0_MS, C, "BID", 0.4, 1.0), tick(T0_MS, C, "BID", 0.405, 1.0)]
    rows.append(tick(T0_MS + 59_999, A, "BID", 0.41, 1.0))
    tape = imported(tmp_path, rows)
    assert [market.tick_g4.value for market in tape.manifest.markets] == [100, 50]
    assert all(market.tick_g4.origin is Origin.DERIVED for market in tape.manifest.markets)
    assert "tick" not in tape.manifest.counts


def test_a_finer_step_later_is_an_epoch_from_then_on(tmp_path):
    later = T0_MS + 60_000
    rows = [
        tick(T0_MS, C, "BID", 0.25, 1.0),
        *pair(T0_MS, A, B, "BID", 40, 1.0),
        tick(later, B, "ASK", 0.6, 2.0),
        tick(later + 1, B, "ASK", 0.55, 1.0),
        tick(later + 2, A, "BID", 0.455, 2.0),
        tick(later + 3, A, "BID", 0.4551, 2.0, event="LAST_TRADE"),
        tick(later + 4, A, "BID", 0.46, 2.0),
        tick(later + 5, A, "BID", 0.4611, 2.0),
        tick(later + 6, C, "BID", 0.3, 2.0),
    ]
    tape = imported(tmp_path, rows)
    got = all_rows(tape)
    assert [market.tick_g4.value for market in tape.manifest.markets] == [500, 1_000]
    epochs = np.flatnonzero(got["kind"] == RowKind.TICK)
    assert got["aux"][epochs].tolist() == [500, 50, 1]
    assert got["market"][epochs].tolist() == [1, 1, 1]
    assert got["token"][epochs].tolist() == got["token"][epochs + 1].tolist()
    assert set(got["flags"][epochs].tolist()) == {RowFlag.LAST | RowFlag.DERIVED}
    assert got["price_g4"][epochs + 1].tolist() == [5_500, 4_550, 4_611]
    for name in ("ts_ns", "venue_ns"):
        assert got[name][epochs].tolist() == got[name][epochs + 1].tolist()


def test_what_comes_late_does_not_change_the_ticks_before(tmp_path):
    rows = [tick(T0_MS + 1_000 * i, A, "BID", (40 + i % 3) / 100, 1.0 + i) for i in range(200)]
    before = all_rows(imported(tmp_path, rows, "a"))
    after = all_rows(imported(tmp_path, [*rows, tick(T0_MS + 300_000, A, "BID", 0.4321, 1.0)], "b"))
    assert after[: len(before)].tobytes() == before.tobytes()
    assert after["kind"][len(before) :].tolist() == [RowKind.TICK, RowKind.CHANGE]


def test_the_tick_in_force_goes_on_in_the_next_file_and_a_stated_one_is_believed(tmp_path):
    first = [tick(T0_MS + i, A, "BID", 0.41, 1.0 + i) for i in range(3)]
    second = [tick(T0_MS + 10 + i, A, "BID", 0.411, 1.0 + i) for i in range(3)]
    paths = [write_tickscope(tmp_path / "1", first), write_tickscope(tmp_path / "2", second)]
    tape = import_tape(paths, tmp_path / "t")
    assert tape.manifest.markets[0].tick_g4.value == 100
    assert all_rows(tape)["aux"].tolist() == [0, 0, 0, 10, 0, 0, 0]
    (tmp_path / "markets.json").write_text(f'[{{"slug": "x", "tokens": ["{A}", ""], "tick_size": 0.001}}]')
    tape = import_tape(paths, tmp_path / "u")
    assert (tape.manifest.markets[0].tick_g4.value, tape.manifest.markets[0].tick_g4.origin) == (10, Origin.VENUE)
    assert "tick" not in tape.manifest.counts


def test_out_of_order_times_are_held_and_counted(tmp_path):
    rows = [tick(T0_MS + ms, A, "BID", 0.4, 1.0 + ms) for ms in (0, 5, 2, 7)]
    tape = imported(tmp_path, rows)
    got = all_rows(tape)
    assert (got["ts_ns"] // NS_PER_MS - T0_MS).tolist() == [0, 5, 5, 7]
    assert (got["venue_ns"] // NS_PER_MS - T0_MS).tolist() == [0, 5, 2, 7]
    assert tape.manifest.counts["clamped_times"] == 1


def test_trades_are_compared_with_the_change_before_them_of_their_own_token(tmp_path):
    """The lonely trade has none before it; between the other and its change stands another token's."""
    rows = [
        tick(T0_MS, LONELY, "BID", 0.6, 1.0, 0.0, 0.0, "LAST_TRADE"),
        tick(T0_MS + 1, A, "BID", 0.4, 1.0, 0.4, 0.6),
        tick(T0_MS + 2, C, "BID", 0.4, 3.0, 0.7, 0.8),
        tick(T0_MS + 3, A, "BID", 0.6, 2.0, 0.0, 0.0, "LAST_TRADE"),
        tick(T0_MS + 4, C, "BID", 0.7, 2.0, 0.0, 0.0, "LAST_TRADE"),
        tick(T0_MS + 5, LONELY, "BID", 0.4, 1.0, 0.4, 0.6),
    ]
    counts = imported(tmp_path, rows).manifest.counts
    assert (counts["print_sides_confirmed"], counts["print_sides_contradicted"]) == (1, 1)


@pytest.mark.parametrize(("said", "sign"), [("taker", 1), ("maker", 0)])
def test_the_side_of_trades_is_believed_only_if_prices_do_not_contradict_it(tmp_path, said, sign):
    rows = []
    for i in range(30):
        rows.append(tick(T0_MS + 2 * i, A, "BID", 0.4, 1.0 + i, 0.4, 0.6))
        taker = "BID" if i % 2 else "ASK"
        price = 0.6 if taker == "BID" else 0.4
        side = taker if said == "taker" else ("ASK" if taker == "BID" else "BID")
        rows.append(tick(T0_MS + 2 * i + 1, A, side, price, 2.0, 0.0, 0.0, "LAST_TRADE"))
    tape = imported(tmp_path, rows)
    got = all_rows(tape)
    prints = got[got["kind"] == RowKind.PRINT]
    assert prints["side"].tolist() == [sign * (1 if i % 2 else -1) for i in range(30)]
    confirmed = "print_sides_confirmed" if said == "taker" else "print_sides_contradicted"
    assert tape.manifest.counts[confirmed] == 30
    assert tape.manifest.defects == ({} if said == "taker" else {"print_sides_unknown": 30})


BAD = {
    "inexact_prices": tick(T0_MS, A, "BID", 0.12345, 1.0),
    "inexact_sizes": tick(T0_MS, A, "BID", 0.1, 1.00000005),
    "inexact_best_prices": tick(T0_MS, A, "BID", 0.1, 1.0, 0.12345),
    "implausible_times": tick(0, A, "BID", 0.1, 1.0),
    "malformed_rows": tick(T0_MS, A, "MID", 0.1, 1.0),
}


@pytest.mark.parametrize("name", BAD)
def test_an_unusable_row_is_a_named_defect(tmp_path, name):
    good = [tick(T0_MS + i, A, "BID", 0.4, 1.0 + i) for i in range(3)]
    tape = imported(tmp_path, [*good[:2], BAD[name], good[2]])
    assert tape.manifest.defects == {name: 1}
    assert tape.manifest.sources[0].first_defect == f"row 2: {name}"
    assert tape.manifest.rows == 3


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -0.1, 0.0, 1.0, 1.5])
def test_prices_where_no_order_can_rest_are_defects(tmp_path, value):
    good = [tick(T0_MS + i, A, "BID", 0.4, 1.0 + i) for i in range(3)]
    tape = imported(tmp_path, [*good, tick(T0_MS + 5, A, "BID", value, 1.0)])
    assert tape.manifest.defects == {"inexact_prices": 1}


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -1.0, 100_000_001.0, 1e18])
def test_sizes_that_are_none_are_defects(tmp_path, value):
    good = [tick(T0_MS + i, A, "BID", 0.4, 1.0 + i) for i in range(3)]
    largest = tick(T0_MS + 4, A, "BID", 0.4, 100_000_000.0)
    tape = imported(tmp_path, [*good, tick(T0_MS + 3, A, "BID", 0.4, value), largest])
    assert tape.manifest.defects == {"inexact_sizes": 1}
    assert int(all_rows(tape)["size_u6"].max()) == 10**14


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.int64(), pa.dictionary(pa.int8(), pa.string())])
def test_token_ids_of_any_type(tmp_path, kind):
    path = write_tickscope(tmp_path / "r", pair(T0_MS, A, B, "BID", 40, 1.0) + pair(T0_MS + 1, A, B, "ASK", 45, 1.0))
    table = pq.read_table(path)
    ids = table["asset_id"].cast(pa.string()).combine_chunks()
    ids = ids.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else ids.cast(kind)
    pq.write_table(table.set_column(7, "asset_id", ids), path)
    (market,) = import_tape([path], tmp_path / "t").manifest.markets
    assert [token.id for token in market.tokens] == [A, B]


def test_mostly_unusable_files_are_refused(tmp_path):
    rows = [tick(T0_MS, A, "BID", 0.4, 1.0), *[BAD["inexact_prices"]] * 2]
    with pytest.raises(ImportFailed, match=r"2 of 3 rows are unusable \(row 1: inexact_prices\)"):
        imported(tmp_path, rows)
    assert [path.name for path in tmp_path.iterdir()] == ["r.parquet"]


@pytest.mark.parametrize("unit", ["ms", "us", "ns", "integer", "naive"])
def test_times_of_any_type(tmp_path, unit):
    path = write_tickscope(tmp_path / "r.parquet", [tick(T0_MS, A, "BID", 0.4, 1.0)])
    table = pq.read_table(path)
    kind = {"integer": pa.int64(), "naive": pa.timestamp("ms")}.get(unit) or pa.timestamp(unit, tz="UTC")
    times = table["timestamp"].cast(kind)
    pq.write_table(table.set_column(0, "timestamp", times), path)
    assert all_rows(import_tape([path], tmp_path / "t"))["ts_ns"].tolist() == [T0_MS * NS_PER_MS]


def test_text_where_numbers_belong_is_refused(tmp_path):
    path = write_tickscope(tmp_path / "r.parquet", [tick(T0_MS, A, "BID", 0.4, 1.0)])
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "price", pa.array(["cheap"])), path)
    with pytest.raises(ImportFailed, match=r"r\.parquet: a column has an unexpected type"):
        import_tape([path], tmp_path / "t")


def test_files_of_one_recording_are_one_stream(tmp_path):
    first = [row for i in range(5) for row in pair(T0_MS + i, A, B, "BID", 40, 10 + i)]
    second = [tick(T0_MS + 5 + i, B, "ASK", 0.6, 20.0 + i) for i in range(5)]
    paths = [write_tickscope(tmp_path / "2.parquet", second), write_tickscope(tmp_path / "1.parquet", first)]
    tape = import_tape(paths, tmp_path / "t")
    assert [source.name for source in tape.manifest.sources] == ["1.parquet", "2.parquet"]
    assert len(tape.manifest.markets) == 1
    rows = all_rows(tape)
    assert np.all(np.diff(rows["ts_ns"]) >= 0)
    assert rows["token"].tolist()[-5:] == [1] * 5
