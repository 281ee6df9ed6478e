"""What hftbacktest and nautilus files say, read by their documented layouts, against the compiled kernel."""

import io
import json
import zipfile

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tapes import MARKETS, kernel_books, messages, rows_of, write_tape
from recordings import write_lines
from snapshot_recordings import T0_MS as BOT_T0_MS
from snapshot_recordings import snapshot, write

from polydesk.model.errors import TapeError
from polydesk.tape import import_tape, open_tape
from polydesk.tape.convert import FORMATS, convert_tape, hftbacktest, nautilus
from polydesk.tape.convert.mirror import MirroredBook

ONE = 10_000


def seen_from(token, bids, asks):
    if not token:
        return bids, asks
    return {ONE - price: size for price, size in asks.items()}, {ONE - price: size for price, size in bids.items()}


def expected(rows, token):
    """Return ``{market: {local time: (bids, asks)}}`` by the kernel."""
    local, states = [0] * MARKETS, [{} for _ in range(MARKETS)]
    for ts_ns, latency, index, bids, asks in kernel_books(rows):
        local[index] = max(local[index], ts_ns + latency)
        states[index][local[index]] = seen_from(token, bids, asks)
    return states


def agrees(found, states):
    """Compare books by time with the kernel's; where a file is silent its book stays as it was."""
    assert set(found) <= set(states)
    book = ({}, {})
    for at in sorted(states):
        book = found.get(at, book)
        assert book == states[at], at


def event_books(data):
    """Apply depth events as hftbacktest documents them and return ``{local time: (bids, asks)}``."""
    sides, found = ({}, {}), {}
    for ev, _, local, px, qty, *_ in data.tolist():
        kind, half = ev & 0xFF, 0 if ev & hftbacktest.BUY else 1
        assert ev & hftbacktest.EXCHANGE
        assert ev & hftbacktest.LOCAL
        if kind == hftbacktest.CLEAR:
            sides[half].clear()
        elif kind != hftbacktest.TRADE:
            sides[half][round(px * ONE)] = round(qty * 1_000_000)
            if not qty:
                del sides[half][round(px * ONE)]
        found[local] = (dict(sides[0]), dict(sides[1]))
    return found


def delta_books(folder):
    """Apply order book deltas and return ``{ts_init: (bids, asks)}``."""
    sides, found = ({}, {}), {}
    for path in sorted(folder.glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            price, size = (int.from_bytes(row[name], "little") for name in ("price", "size"))
            assert price % 10**12 == size % 10**10 == 0
            if row["action"] == nautilus.CLEAR:
                sides[0].clear()
                sides[1].clear()
            elif row["action"] == nautilus.DELETE:
                del sides[row["side"] - 1][price // 10**12]
            else:
                sides[row["side"] - 1][price // 10**12] = size // 10**10
            found[row["ts_init"]] = (dict(sides[0]), dict(sides[1]))
    return found


@given(messages)
@settings(max_examples=150, deadline=None)
def test_the_plain_mirror_is_the_kernel(told):
    rows = rows_of(told)
    books = [MirroredBook() for _ in range(MARKETS)]
    ends = np.flatnonzero(rows["flags"] & 1)
    truth = kernel_books(rows)
    for part in np.split(rows, ends[:-1] + 1):
        for row in part:
            if row["kind"] in (1, 2):
                book = books[row["market"]]
                if row["flags"] & 10:
                    book.clear(int(row["venue_ns"]))
                if not row["flags"] & 8:
                    level = (int(row[name]) for name in ("token", "side", "price_g4", "size_u6", "venue_ns"))
                    book.put(*level)
        _, _, index, bids, asks = next(truth)
        books[index].end_message()
        assert books[index].sizes == (bids, asks)
        assert books[index].touch() == (max(bids, default=0), min(asks, default=ONE))


@given(messages, st.sampled_from([0, 1]))
@settings(max_examples=60, deadline=None)
def test_both_formats_hold_the_kernels_books_at_every_time(tmp_path_factory, told, token):
    folder = tmp_path_factory.mktemp("convert")
    rows = rows_of(told)
    tape = write_tape(folder / "t", rows)
    states = expected(rows, token)
    found = convert_tape(tape, "hftbacktest", folder / "h", tokens=str(token))
    for index, file in enumerate(found["files"]):
        data = np.load(folder / "h" / file["file"])["data"]
        assert data.dtype == hftbacktest.EVENT_DTYPE
        assert (np.diff(data["exch_ts"]) >= 0).all()
        assert (np.diff(data["local_ts"]) >= 0).all()
        assert (data["local_ts"] >= data["exch_ts"]).all()
        agrees(event_books(data), states[index])
    found = convert_tape(tape, "nautilus", folder / "n", tokens=str(token))
    for index, file in enumerate(found["files"]):
        agrees(delta_books(folder / "n" / "data" / "order_book_deltas" / file["instrument_id"]), states[index])


@given(messages)
@settings(max_examples=60, deadline=None)
def test_no_event_crosses_a_book_that_is_not_crossed_around_it(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("convert")
    rows = rows_of(told)
    convert_tape(write_tape(folder / "t", rows), "hftbacktest", folder / "h", tokens="0")
    crossed = {
        (index, ts_ns)
        for ts_ns, _, index, bids, asks in kernel_books(rows)
        if max(bids, default=0) >= min(asks, default=ONE)
    }
    sides = [({}, {}) for _ in range(MARKETS)]
    for index, path in enumerate(sorted((folder / "h").glob("*.npz"))):
        was = False
        for ev, exch, _, px, qty, *_ in np.load(path)["data"].tolist():
            bids, asks = sides[index]
            kind, mine = ev & 0xFF, (bids if ev & hftbacktest.BUY else asks)
            if kind == hftbacktest.CLEAR:
                mine.clear()
            elif kind != hftbacktest.TRADE:
                mine[px] = qty
                if not qty:
                    del mine[px]
            now = max(bids, default=0) >= min(asks, default=1)
            assert not now or was or (index, exch) in crossed
            was = now


@given(messages)
@settings(max_examples=40, deadline=None)
def test_prints_keep_side_price_and_size(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("convert")
    rows = rows_of(told)
    tape = write_tape(folder / "t", rows)
    prints = rows[(rows["kind"] == 3) & (rows["market"] == 0)]
    mine = [
        (ONE - p if t else p, -s if t else s, q)
        for p, s, q, t in zip(
            *(prints[name].tolist() for name in ("price_g4", "side", "size_u6", "token")), strict=True
        )
    ]
    convert_tape(tape, "hftbacktest", folder / "h", market="0", tokens="1")
    (path,) = (folder / "h").glob("*.npz")
    data = np.load(path)["data"]
    trades = data[data["ev"] & 0xFF == hftbacktest.TRADE]
    signs = (trades["ev"] & hftbacktest.BUY > 0).astype(int) - (trades["ev"] & hftbacktest.SELL > 0)
    found = zip(np.rint(trades["px"] * ONE).astype(int), signs, np.rint(trades["qty"] * 1e6).astype(int), strict=True)
    assert [(ONE - p, -s, q) for p, s, q in found] == mine


@given(st.lists(st.integers(0, 10**14), min_size=1), st.sampled_from([10**10, 10**12]))
def test_raw_numbers_have_128_bits(values, per_unit):
    found = [int.from_bytes(item.as_py(), "little") for item in nautilus.raw(values, per_unit)]
    assert found == [value * per_unit for value in values]


def test_the_npz_is_one_plain_array_and_the_catalog_has_nautilus_names(sample, tmp_path):
    tape = open_tape(sample.path)
    found = convert_tape(tape, "hftbacktest", tmp_path / "h", market="0", tokens="1")
    with zipfile.ZipFile(tmp_path / "h" / found["files"][0]["file"]) as packed:
        assert packed.namelist() == ["data.npy"]
        header = io.BytesIO(packed.read("data.npy")[:200])
        assert np.lib.format.read_magic(header) == (1, 0)
    convert_tape(tape, "nautilus", tmp_path / "n", market="0", tokens="1")
    token = tape.manifest.markets[0].tokens[1].id
    name = f"{tape.manifest.markets[0].condition_id}-{token}.POLYMARKET"
    (instrument,) = (tmp_path / "n" / "data" / "binary_option" / name).iterdir()
    (row,) = pq.read_table(instrument).to_pylist()
    assert (row["id"], row["price_increment"], row["price_precision"], row["outcome"]) == (name, "0.0100", 4, "Down")
    assert json.loads(row["info"])["slug"] == tape.manifest.markets[0].slug
    (deltas,) = (tmp_path / "n" / "data" / "order_book_deltas" / name).iterdir()
    assert deltas.name.startswith("2026-04-16T07-10-04-879000000Z_2026-04-16T07-1")
    metadata = pq.read_schema(deltas).metadata
    assert metadata == {b"instrument_id": name.encode(), b"price_precision": b"4", b"size_precision": b"6"}


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_is_overwritten_and_nothing_half_done_is_left(tmp_path, sample, to, monkeypatch):
    (tmp_path / "there").mkdir()
    with pytest.raises(TapeError, match="exists; choose another --out"):
        convert_tape(sample, to, tmp_path / "there")
    folder = tmp_path / "cut"
    folder.mkdir()

    def stop(_rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_tape(sample, to, folder / "out", progress=stop)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "csv"}, "--to csv: unknown; use hftbacktest, nautilus, l2table"),
        ({"to": "l2table", "market": "no"}, "--market no: not on this tape; it holds 0 btc-updown"),
        ({"to": "l2table", "tokens": "2"}, "--token 2: unknown; write 0, 1 or both"),
    ],
)
def test_wrong_choices_are_errors(tmp_path, sample, options, message):
    with pytest.raises(TapeError, match=message):
        convert_tape(sample, options.pop("to"), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_constructed_tapes_say_so(tmp_path):
    tape = write_tape(tmp_path / "t", rows_of([(0, 0, 0, 0, ("snapshot", 0, {(1, 5_000): 10**6}))]))
    for to in FORMATS:
        assert convert_tape(tape, to, tmp_path / to)["constructed"] is True
        assert json.loads((tmp_path / to / "conversion.json").read_text())["constructed"] is True


def test_slugs_longer_than_a_file_name_keep_their_tokens_apart(tmp_path):
    books = [snapshot(BOT_T0_MS, side, market="0xab") for side in ("UP", "DOWN")]
    end_ts = BOT_T0_MS + 60_000
    facts = {
        "market_id": "0xab",
        "slug": "will-it-rain-" * 20,
        "end_ts": end_ts,
        "outcome_up": "Up",
        "outcome_down": "Down",
    }
    tape = import_tape([write(tmp_path / "r", books, [facts])], tmp_path / "t")
    told = convert_tape(tape, "hftbacktest", tmp_path / "h")
    names = [file["file"] for file in told["files"]]
    assert [name.rpartition("-")[2] for name in names] == ["Up.npz", "Down.npz"]
    assert all((tmp_path / "h" / name).is_file() for name in names)
    with zipfile.ZipFile(tmp_path / "h" / names[0]) as packed:
        events = np.load(io.BytesIO(packed.read("data.npy")))
    assert len(events) == told["files"][0]["events"] > 0


def test_a_tape_of_reference_prices_has_nothing_to_convert(tmp_path):
    trade = ['{"e":"trade","E":1777384376203,"s":"BTCUSDT","p":"75000.1","T":1777384376203}'] * 3
    tape = import_tape([write_lines(tmp_path / "r", trade)], tmp_path / "t")
    for to in FORMATS:
        with pytest.raises(TapeError, match="holds no market, only reference prices"):
            convert_tape(tape, to, tmp_path / to)
        assert not (tmp_path / to).exists()
