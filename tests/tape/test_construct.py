"""Constructed tapes: the draws, the fair values, sameness, labels, and that healthy markets are healthy."""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from constructed_rows import ONE, TokenBook, all_rows, messages
from hypothesis import given, settings
from hypothesis import strategies as st

from polydesk.model.errors import TapeError
from polydesk.model.market import Origin
from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape import open_tape, verify
from polydesk.tape.construct import KINDS, STORY, construct_tape, read_story
from polydesk.tape.construct.dice import Dice
from polydesk.tape.construct.fair import ONE_E12, diffuse, from_g4, multiply_odds, wander, wander_together

HEALTHY = [name for name in KINDS if name != "crossed-feed"]


def small(kind, seed, out, **more):
    return construct_tape(kind, seed, out, minutes=KINDS[kind].minutes.low, **more)


# --- draws ------------------------------------------------------------------------------------------------------------


def test_draws_are_those_of_the_published_generator():
    dice = Dice.of_state(1_234_567)
    assert [dice.bits() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_draws_have_names_of_their_own():
    assert Dice("a", 1).bits() == Dice("a", 1).bits()
    assert len({Dice(*names).bits() for names in (("a", 1), ("a", 2), ("b", 1), ("a", "1", ""))}) == 4


@given(st.integers(0, 2**64 - 1), st.integers(1, 10**12))
def test_even_draws_stay_in_range(state, count):
    dice = Dice.of_state(state)
    assert all(0 <= dice.below(count) < count for _ in range(10))
    assert 5 <= dice.between(5, 5) <= 5


def test_waiting_times_have_their_mean_and_an_exponential_spread():
    dice = Dice("waiting")
    waits = np.array([dice.waiting(1_000) for _ in range(20_000)])
    assert waits.min() >= 1
    assert abs(waits.mean() - 1_000) < 25
    assert abs(waits.std() - 1_000) < 60


def test_bell_draws_have_unit_spread():
    dice = Dice("bell")
    draws = np.array([dice.quarter_sigmas() for _ in range(20_000)]) / 4
    assert abs(draws.mean()) < 0.03
    assert abs(draws.std() - 1) < 0.02


# --- fair values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [500, 3_000, 5_000, 9_700])
def test_a_fair_value_is_a_fair_game(first):
    """Over many paths the value on average stays where it began, also near the ends."""
    ends = [wander(Dice("game", first, n), first, 60_000, 0, 60 * 10**9).last_e12() for n in range(600)]
    moves = (np.array(ends, float) - from_g4(first)) / ONE_E12
    assert moves.std() > 0.01
    assert abs(moves.mean()) < 4 * moves.std() / len(moves) ** 0.5


@given(st.integers(from_g4(1), from_g4(9_999)), st.integers(0, 10**6), st.integers(0, 1_000))
def test_a_fair_value_never_leaves_zero_to_one(p, sigma, name):
    assert 0 < diffuse(p, sigma, Dice(name)) < ONE_E12


@given(st.integers(from_g4(10), from_g4(9_990)), st.integers(1, 9))
def test_news_multiplies_the_odds(p, strength):
    up = multiply_odds(p, strength, 1)
    assert up >= p
    odds = up / (ONE_E12 - up) / (p / (ONE_E12 - p))
    assert odds == pytest.approx(strength, rel=1e-6)
    assert abs(multiply_odds(up, 1, strength) - p) <= 100


@given(st.lists(st.integers(1, 1_000), min_size=3, max_size=12), st.integers(0, 1_000))
@settings(max_examples=25)
def test_outcomes_that_exclude_each_other_always_add_up_to_one(weights, name):
    shares = [ONE_E12 * weight // sum(weights) for weight in weights]
    shares[0] += ONE_E12 - sum(shares)
    paths = wander_together(Dice(name), shares, 20_000, 0, 30 * 10**9)
    assert {sum(values) for values in zip(*(path.values_e12 for path in paths), strict=True)} == {ONE_E12}
    assert all(value > 0 for path in paths for value in path.values_e12)


# --- sameness ---------------------------------------------------------------------------------------------------------

PINNED = {
    "calm": "63b50de58e9965ec",
    "thin": "b6461d5def3b04a3",
    "deep": "c2daefacdd64a793",
    "news": "a5a69eb32fe87df3",
    "tick-change": "8ba56e9bcbe24fac",
    "neg-risk": "f5b59fc92ae65ba0",
    "dispute": "c6775f1bfa35c998",
    "settlement-mix": "b0e38749e7ebfe72",
    "crossed-feed": "4fd41aac63ef35bf",
    "two-venues": "e390325a74eaa1f4",
}
"""SHA-256 over the rows of each kind at seed 1 and its shortest length. They change only with ``GENERATOR``."""


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_the_same_on_every_machine(kind, tmp_path):
    tape, _ = small(kind, 1, tmp_path / "t")
    assert hashlib.sha256(all_rows(tape).tobytes()).hexdigest()[:16] == PINNED[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_tape_and_another_seed_another(kind, tmp_path):
    one, two, three = (small(kind, seed, tmp_path / str(n))[0] for n, seed in enumerate((5, 5, 6)))
    assert one.manifest.sha256 == two.manifest.sha256 != three.manifest.sha256
    assert (one.path / STORY).read_bytes() == (two.path / STORY).read_bytes()


def test_more_markets_leave_the_first_ones_as_they_are(tmp_path):
    few, _ = construct_tape("calm", 3, tmp_path / "few", markets=1, minutes=2)
    many, _ = construct_tape("calm", 3, tmp_path / "many", markets=4, minutes=2)
    rows = all_rows(many)
    names = [name for name in rows.dtype.names if name != "seq"]
    assert np.array_equal(all_rows(few)[names], rows[rows["market"] == 0][names])


# --- labels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_tape_says_that_it_is_constructed(kind, tmp_path):
    tape, story = small(kind, 7, tmp_path / "t")
    manifest = tape.manifest
    assert manifest.constructed
    (source,) = manifest.sources
    assert source.format == f"constructed:{kind}"
    for told in ("seed=7", f"markets={len(manifest.markets)}", f"minutes={story.minutes}", "generator="):
        assert told in source.name
    assert all(market.slug.startswith("constructed-") for market in manifest.markets)
    assert len({market.slug for market in manifest.markets}) == len(manifest.markets)
    assert all(market.condition_id.startswith("constructed:") for market in manifest.markets)
    assert {end.origin for end in manifest.resolutions} <= {Origin.ASSUMED}
    for facts in manifest.assumed().values():
        assert {"tick_g4", "min_size_u6", "fees", "end_ns", "neg_risk", "category", "taker_delay_ns"} <= set(facts)
        assert all("constructed" in text for name, text in facts.items() if not name.startswith("token"))
    assert read_story(tape.path) == story
    assert story.kind == kind


def test_the_flag_is_part_of_the_hash(tmp_path):
    tape, _ = small("calm", 1, tmp_path / "t")
    manifest = tmp_path / "t" / "manifest.json"
    content = json.loads(manifest.read_bytes())
    content["constructed"] = False
    manifest.write_text(json.dumps(content))
    with pytest.raises(TapeError, match="the tape was changed"):
        open_tape(tape.path).check_hash()


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("storm", {}, "KIND 'storm': unknown; choose one of calm"),
        ("calm", {"seed": -1}, "--seed -1: must not be negative"),
        ("calm", {"minutes": 1}, "--minutes 1: kind calm takes 2 to 1440"),
        ("neg-risk", {"markets": 2}, "--markets 2: kind neg-risk takes 3 to 40"),
        ("two-venues", {"markets": 3}, "--markets 3: kind two-venues takes multiples of 2"),
    ],
)
def test_bad_input_names_the_option_and_the_bounds(kind, more, told, tmp_path):
    with pytest.raises(TapeError, match=told):
        construct_tape(kind, **{"seed": 1, **more}, out=tmp_path / "t")
    assert not list(tmp_path.iterdir())


def test_a_used_folder_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TapeError, match="not an empty folder"):
        construct_tape("calm", 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_missing_or_damaged_story_is_named(tmp_path):
    with pytest.raises(TapeError, match=r"constructed\.json: cannot be read"):
        read_story(tmp_path)
    (tmp_path / STORY).write_text("{}")
    with pytest.raises(TapeError, match=r"constructed\.json: .*construct the tape again"):
        read_story(tmp_path)


# --- healthy markets --------------------------------------------------------------------------------------------------


def check_health(tape):
    """Walk all rows; return how many prints and changes were checked."""
    rows = all_rows(tape)
    books, received, prints, changes = {}, {}, 0, 0
    ticks = {market.index: market.tick_g4.value for market in tape.manifest.markets}
    for message in messages(rows):
        head = message[0]
        market, kind = int(head["market"]), int(head["kind"])
        assert len(set(message["ts_ns"])) == len(set(message["market"])) == len(set(message["kind"])) == 1
        assert head["ts_ns"] == head["venue_ns"] <= head["recv_ns"]
        assert head["ts_ns"] % 10**6 == 0
        if kind in (RowKind.STATUS, RowKind.NEWS):
            continue
        assert head["recv_ns"] >= received.get(market, 0)
        received[market] = int(head["recv_ns"])
        if kind == RowKind.TICK:
            ticks[market] = int(head["aux"])
            continue
        pair = books.setdefault(market, (TokenBook(), TokenBook()))
        if kind == RowKind.PRINT:
            (row,) = message
            book, side = pair[row["token"]], int(row["side"])
            assert 0 < row["size_u6"] <= book.levels[-side][int(row["price_g4"])]
            best = book.ask if side > 0 else book.bid
            assert (row["price_g4"] - best) * side >= 0
            prints += 1
            continue
        for row in message:
            pair[row["token"]].take(row)
            changes += 1
            if row["size_u6"]:
                assert row["price_g4"] % ticks[market] == 0
        if kind == RowKind.SNAPSHOT and message["token"][0] == 0:
            continue  # the other token's book follows
        assert pair[0].levels == pair[1].mirrored()
        assert 0 < pair[0].bid < pair[0].ask < ONE
        if kind == RowKind.CHANGE:
            assert [(int(r["bid_g4"]), int(r["ask_g4"])) for r in message[-2:]] == [(b.bid, b.ask) for b in pair]
    return prints, changes


@pytest.mark.parametrize("kind", HEALTHY)
def test_healthy_kinds_verify_as_good_data(kind, tmp_path):
    tape, _ = construct_tape(kind, 2, tmp_path / "t", minutes=6)
    prints, changes = check_health(tape)
    assert prints > 20
    assert changes > 500
    found = verify(tape)
    assert found.ok, found.problems
    assert (found.mismatched, found.snapshots_differ, found.duplicates, found.clock_reversals) == (0, 0, 0, 0)
    assert found.compared > 300
    assert found.snapshots_checked > 10


@given(st.sampled_from(HEALTHY), st.integers(0, 2**40))
@settings(max_examples=15)
def test_healthy_books_never_cross_and_prints_never_exceed_what_is_shown(kind, seed):
    with tempfile.TemporaryDirectory() as folder:
        tape, _ = small(kind, seed, Path(folder) / "t", markets=max(2, KINDS[kind].markets.low))
        prints, changes = check_health(tape)
    assert prints > 0
    assert changes > 100


def test_every_message_ends(tmp_path):
    rows = all_rows(small("news", 4, tmp_path / "t")[0])
    assert rows["flags"][-1] & RowFlag.LAST
