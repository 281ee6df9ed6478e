import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from l2tables import mirrored_books
from random_tapes import messages, rows_of, write_tape
from recordings import all_rows

from polydesk.model.grid import NS_PER_S
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import ensure_sample, import_tape, open_tape
from polydesk.tape.construct import KINDS, construct_tape
from polydesk.tape.convert import convert_tape


def round_trip(tape, folder, **options):
    convert_tape(tape, "l2table", folder / "l", **options)
    return import_tape([folder / "l" / "events.parquet"], folder / "again")


def same_messages(one, two):
    """Compare everything but the order of levels inside a snapshot and the positions."""
    assert len(one) == len(two)
    names = [name for name in one.dtype.names if name != "seq"]
    for name in names:
        rows = [rows[rows["kind"] != RowKind.SNAPSHOT] for rows in (one, two)]
        assert rows[0][name].tolist() == rows[1][name].tolist(), name


@given(messages)
@settings(max_examples=60, deadline=None)
def test_the_same_books_at_every_message(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("l2")
    rows = rows_of(told)
    again = round_trip(write_tape(folder / "t", rows), folder)
    found = all_rows(again)
    found["market"] = np.array([int(market.condition_id, 16) for market in again.manifest.markets])[found["market"]]
    same_messages(rows, found)
    assert list(mirrored_books(rows)) == list(mirrored_books(found))
    assert again.manifest.constructed
    assert not again.manifest.defects


@pytest.mark.slow
def test_the_sample_comes_back_with_its_facts(sample, tmp_path):
    tape = open_tape(sample.path)
    again = round_trip(tape, tmp_path)
    rows, found = all_rows(tape), all_rows(again)
    same_messages(rows, found)
    assert np.count_nonzero(found["flags"] & RowFlag.DERIVED) == np.count_nonzero(rows["flags"] & RowFlag.DERIVED)
    assert again.manifest.markets == tape.manifest.markets
    assert not again.manifest.constructed
    ends = [[(end.market, end.payout_g4, end.at_ns) for end in told.manifest.resolutions] for told in (tape, again)]
    assert ends[0] == ends[1]


def test_one_market_of_the_sample_comes_back_with_its_facts(sample, tmp_path):
    tape = open_tape(sample.path)
    market = next(one for one in tape.manifest.markets if all(token.recorded for token in one.tokens))
    again = round_trip(tape, tmp_path, market=market.slug)
    rows = all_rows(tape)
    rows = rows[rows["market"] == market.index]
    rows["market"] = 0
    same_messages(rows, all_rows(again))
    (found,) = again.manifest.markets
    assert msgspec.structs.replace(found, index=market.index) == market
    assert not again.manifest.constructed
    due = [(end.payout_g4, end.at_ns) for end in tape.manifest.resolutions if end.market == market.index]
    assert [(end.payout_g4, end.at_ns) for end in again.manifest.resolutions] == due


def test_one_market_and_one_token_are_enough(sample, tmp_path):
    slug = sample.manifest.markets[3].slug
    again = round_trip(sample, tmp_path, market=slug, tokens="1")
    assert [market.slug for market in again.manifest.markets] == [slug]
    rows = all_rows(sample)
    assert again.manifest.rows == int(np.count_nonzero((rows["market"] == 3) & (rows["token"] == 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_constructed_tape_comes_back_with_its_facts_and_its_label(tmp_path, kind):
    tape, _ = construct_tape(kind, 7, tmp_path / "t", minutes=KINDS[kind].minutes.low)
    again = round_trip(tape, tmp_path)
    assert again.manifest.constructed
    assert len(again.manifest.markets) == len(tape.manifest.markets)
    told = {market.condition_id: market for market in again.manifest.markets}
    for market in tape.manifest.markets:
        found = told[market.condition_id]
        names = ("slug", "question", "tokens", "tick_g4", "min_size_u6", "neg_risk", "start_ns", "end_ns")
        assert [getattr(found, name) for name in names] == [getattr(market, name) for name in names]
        assert found.fees.origin == Origin.ASSUMED
    ends = [
        {manifest.markets[end.market].slug: (end.payout_g4, end.at_ns, end.origin) for end in manifest.resolutions}
        for manifest in (tape.manifest, again.manifest)
    ]
    assert ends[0] == ends[1]
    assert {origin for _, _, origin in ends[1].values()} == {Origin.ASSUMED}


def test_a_payout_known_long_after_the_end_stays_so(tmp_path):
    tape = ensure_sample(tmp_path / "samples", "trade-engine")
    again = round_trip(tape, tmp_path)
    assert again.manifest.resolutions == tape.manifest.resolutions
    assert any(end.at_ns > tape.manifest.last_ts_ns + 3_600 * NS_PER_S for end in again.manifest.resolutions)
