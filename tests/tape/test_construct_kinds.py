"""What each kind of constructed tape is for, shown from its rows alone."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from constructed_rows import MINUTE, ONE, SECOND, TokenBook, all_rows, messages, mids, touches

from polydesk.model.market import winners_of_events
from polydesk.model.rows import RowKind
from polydesk.tape import verify
from polydesk.tape.construct import KINDS, OracleState, construct_tape
from polydesk.tape.construct.plan import START_NS


def made(kind, seed, folder, **more):
    tape, story = construct_tape(kind, seed, folder / f"{kind}-{seed}", **more)
    return tape, story, all_rows(tape)


def spread(sampled):
    return sampled[:, 2] - sampled[:, 1]


def minute_text(ts_ns):
    return str(np.datetime64(ts_ns // MINUTE * MINUTE, "ns"))[:16] + "Z"


# --- calm, thin, deep -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_calm_hardly_moves(seed, tmp_path):
    tape, story, rows = made("calm", seed, tmp_path)
    assert story.events == ()
    for market in tape.manifest.markets:
        _, mid = mids(rows, market.index)
        assert np.ptp(mid) < 800
        assert len(set(mid.tolist())) > 3


@pytest.mark.parametrize("seed", range(3))
def test_thin_shows_a_few_shares_and_deep_more_than_anybody_needs(seed, tmp_path):
    thin, _, thin_rows = made("thin", seed, tmp_path)
    _, _, deep_rows = made("deep", seed, tmp_path)
    shown = {name: _depth(rows) for name, rows in (("thin", thin_rows), ("deep", deep_rows))}
    assert shown["thin"].max() < 60
    assert shown["deep"].min() > 20_000
    assert np.median(spread(touches(thin_rows, 0))) >= 400
    assert np.median(spread(touches(deep_rows, 0))) <= 200
    assert thin.manifest.counts["gaps"] > 50


def _depth(rows):
    """Return the shares on the bid side of market 0 after each message."""
    book, out = TokenBook(), []
    for message in messages(rows[rows["market"] == 0]):
        for row in message[message["token"] == 0]:
            book.take(row)
        out.append(sum(book.levels[1].values()) / 1e6)
    return np.array(out)


# --- news -------------------------------------------------------------------------------------------------------------


def test_news_moves_the_price_its_way_and_quiet_phases_do_not(tmp_path):
    jumps, quiet, agreeing, neutral = [], [], 0, 0
    for seed in range(4):
        tape, story, rows = made("news", seed, tmp_path)
        items = rows[rows["kind"] == RowKind.NEWS]
        assert items["aux"].tolist() == list(range(len(items)))
        assert [event.at_ns for event in story.events if event.what == "news"] == items["ts_ns"].tolist()
        assert np.all(items["recv_ns"] > items["venue_ns"])
        for market in tape.manifest.markets:
            times, mid = mids(rows, market.index)
            mine = items[items["market"] == market.index]
            for item in mine:
                at = np.searchsorted(times, item["ts_ns"])
                if at + 10 >= len(mid) or not 1_000 < mid[at - 1] < 9_000:
                    continue  # near the ends even strong news moves little
                move = mid[at + 10] - mid[at - 1]
                if item["side"]:
                    jumps.append(abs(move))
                    agreeing += move * int(item["side"]) > 0
                else:
                    neutral += 1
                    quiet.append(abs(move))
            for first, second in pairwise(mine["ts_ns"].tolist()):
                calm = mid[(times > first + 20 * SECOND) & (times < second)]
                quiet += np.abs(calm[10:] - calm[:-10]).tolist()
    assert len(jumps) > 20
    assert neutral > 3
    assert agreeing / len(jumps) > 0.95
    assert np.median(jumps) > 800
    assert np.quantile(quiet, 0.99) <= 200


# --- tick change ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_tick_becomes_fine_beyond_096_and_004_and_coarse_again(seed, tmp_path):
    tape, story, rows = made("tick-change", seed, tmp_path, markets=2)
    assert sorted(event.at_ns for event in story.events) == rows["ts_ns"][rows["kind"] == RowKind.TICK].tolist()
    for market in tape.manifest.markets:
        mine = rows[rows["market"] == market.index]
        ticks = mine[mine["kind"] == RowKind.TICK]
        assert (market.tick_g4.value, ticks["aux"].tolist()) == (100, [10, 100])
        fine, coarse = ticks["ts_ns"].tolist()
        levels = mine[(mine["kind"] == RowKind.CHANGE) & (mine["size_u6"] > 0)]
        off = levels["price_g4"] % 100 != 0
        during = (levels["ts_ns"] > fine) & (levels["ts_ns"] < coarse)
        assert np.count_nonzero(off & during) > 100
        assert not np.any(off & ~during)
        times, mid = mids(rows, market.index)
        edge = np.minimum(mid, ONE - mid)[(times > fine + 5 * SECOND) & (times < coarse)]
        assert edge.min() < 400
        assert np.all(np.minimum(mid, ONE - mid)[times < fine - 5 * SECOND] > 350)


# --- neg-risk ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_outcomes_of_one_event_sum_near_one_but_for_the_mispriced_seconds(seed, tmp_path):
    tape, story, rows = made("neg-risk", seed, tmp_path)
    markets = tape.manifest.markets
    assert len(markets) == 11
    assert all(market.neg_risk.value for market in markets)
    assert {market.event for market in markets} == {f"constructed:neg-risk-{seed}"}
    assert winners_of_events(tape.manifest.markets, tape.manifest.resolutions) == {}
    loser = next(end for end in tape.manifest.resolutions if end.payout_g4[0] == 0)
    won_too = msgspec.structs.replace(loser, payout_g4=(ONE, 0))
    ends = tuple(won_too if end is loser else end for end in tape.manifest.resolutions)
    assert winners_of_events(markets, ends) == {markets[0].event: 2}
    assert sorted(end.payout_g4 for end in tape.manifest.resolutions) == [(0, ONE)] * 10 + [(ONE, 0)]
    sampled = [touches(rows, market.index) for market in markets]
    seconds = min(len(one) for one in sampled)
    bids = sum(one[:seconds, 1] for one in sampled)
    asks = sum(one[:seconds, 2] for one in sampled)
    assert np.all(np.abs((bids + asks) / 2 - ONE) < 1_000)
    assert np.median(np.abs((bids + asks) / 2 - ONE)) < 50
    violated = (bids > ONE) | (asks < ONE)
    mispriced = np.zeros(seconds, bool)
    for event in story.events:
        at = (event.at_ns - START_NS) // SECOND
        mispriced[at : at + 35] = True
    assert 10 < np.count_nonzero(violated) < 0.3 * seconds
    assert not np.any(violated & ~mispriced)
    dust = sampled[-1]
    assert dust[:, 2].max() < 120
    assert dust[:, 1].min() >= 10


# --- dispute ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_an_outcome_is_proposed_challenged_and_paid_hours_later(seed, tmp_path):
    tape, story, rows = made("dispute", seed, tmp_path, markets=4, minutes=5)
    states = rows[rows["kind"] == RowKind.STATUS]
    assert not np.any(states["side"])
    payouts = []
    for market, end in zip(tape.manifest.markets, tape.manifest.resolutions, strict=True):
        mine = states[states["market"] == market.index]
        words = [OracleState(int(aux)) for aux in mine["aux"]]
        assert words[0] is OracleState.PROPOSED
        assert words[-1] is OracleState.RESOLVED
        assert OracleState.RESOLVED not in words[:-1]
        assert (mine["ts_ns"][-1], mine["price_g4"][-1]) == (end.at_ns, end.payout_g4[0])
        assert end.at_ns >= market.end_ns.value + 2 * 60 * MINUTE
        last_row = rows[(rows["market"] == market.index) & (rows["kind"] != RowKind.STATUS)]["ts_ns"][-1]
        assert market.end_ns.value + 60 * MINUTE < last_row < end.at_ns
        payouts.append((end.payout_g4[0], words[1], int(mine["price_g4"][0])))
        # A proposal moves the price towards it within two minutes, a challenge back from it.
        times, mid = mids(rows, market.index, 10 * SECOND)
        after = {
            word: mid[np.searchsorted(times, at) + 12] for word, at in zip(words[:-1], mine["ts_ns"], strict=False)
        }
        proposed = int(mine["price_g4"][0])
        assert abs(after[OracleState.PROPOSED] - proposed) < 1_200
        if OracleState.CHALLENGED in after:
            assert abs(after[OracleState.CHALLENGED] - proposed) > 1_500
    assert sorted(payouts) == [
        (0, OracleState.CHALLENGED, ONE),
        (0, OracleState.RESOLVED, 0),
        (5_000, OracleState.CHALLENGED, ONE),
        (ONE, OracleState.CHALLENGED, ONE),
    ]
    told = [event.at_ns for event in story.events if event.what != "tick"]
    assert told == states["ts_ns"].tolist()


# --- settlement mix ---------------------------------------------------------------------------------------------------


def test_markets_end_one_after_the_other_and_pay_in_every_way(tmp_path):
    tape, _, rows = made("settlement-mix", 1, tmp_path)
    ends = [market.end_ns.value for market in tape.manifest.markets]
    assert ends == sorted(set(ends))
    for market in tape.manifest.markets:
        mine = rows[rows["market"] == market.index]
        assert mine["ts_ns"][-1] < market.end_ns.value < mine["ts_ns"][-1] + 30 * SECOND
    paid = {end.market: end for end in tape.manifest.resolutions}
    assert {end.payout_g4 for end in paid.values()} == {(ONE, 0), (0, ONE), (5_000, 5_000), (3_000, 7_000)}
    assert set(paid) == {0, 1, 2, 3, 4}
    assert paid[3].at_ns - ends[3] == 360 * MINUTE


# --- crossed feed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_verify_calls_a_broken_feed_bad_and_names_the_very_minutes(seed, tmp_path):
    tape, story, rows = made("crossed-feed", seed, tmp_path)
    starts = {
        what: {minute_text(event.at_ns) for event in story.events if event.what == what}
        for what in ("lost", "crossed", "frozen", "repeated")
    }
    assert all(starts.values())
    found = verify(tape)
    assert not found.ok
    assert set(found.bad_minutes) == starts["lost"] | starts["crossed"]
    assert starts["crossed"] <= set(found.crossed_minutes) <= starts["crossed"] | starts["lost"]
    assert all(minute in found.problems[0] for minute in found.bad_minutes)
    assert found.hash_ok
    frozen = {minute_text(gap.to_ns) for gap in found.gaps if gap.market >= 0 and gap.to_ns - gap.from_ns > 45 * SECOND}
    assert frozen == starts["frozen"]
    _check_repeats(rows, found.duplicates, starts["repeated"])
    _check_status(story, rows)


def _check_repeats(rows, counted, minutes):
    prints = rows[rows["kind"] == RowKind.PRINT]
    names = ["venue_ns", "market", "token", "price_g4", "size_u6", "side"]
    same = np.array([a == b for a, b in pairwise(prints[names].tolist())])
    repeated = prints["ts_ns"][1:][same]
    assert len(repeated) > 5
    assert {minute_text(ts) for ts in repeated.tolist()} == minutes
    assert counted >= len(repeated)


def _check_status(story, rows):
    status = rows[rows["kind"] == RowKind.STATUS]
    frozen = [event.at_ns for event in story.events if event.what == "frozen"]
    assert status["market"].tolist() == [-1, -1] * len(frozen)
    assert status["side"].tolist() == [-1, 1] * len(frozen)
    for at, down, up in zip(frozen, status["ts_ns"][::2].tolist(), status["ts_ns"][1::2].tolist(), strict=True):
        assert (down - at, up - at) == (5 * SECOND, 50 * SECOND)
        between = (rows["ts_ns"] > at) & (rows["ts_ns"] < up)
        assert rows["kind"][between].tolist() == [RowKind.STATUS]


def test_books_are_whole_again_after_each_recovery(tmp_path):
    tape, story, _ = made("crossed-feed", 1, tmp_path)
    found = verify(tape)
    broken = set(found.bad_minutes)
    fine = [minute for minute in found.minutes if minute.start not in broken]
    assert len(fine) >= 8
    assert sum(minute.mismatched + minute.crossed for minute in fine) == 0
    assert sum(event.what == "recovered" for event in story.events) >= 4


# --- two venues -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_second_venue_follows_late_and_wider_and_pays_the_same(seed, tmp_path):
    tape, story, rows = made("two-venues", seed, tmp_path, markets=4)
    markets, paid = tape.manifest.markets, {end.market: end for end in tape.manifest.resolutions}
    assert sum(event.what == "pair" for event in story.events) == 2
    for here, there in ((0, 1), (2, 3)):
        assert markets[here].question == markets[there].question
        assert markets[here].slug.startswith("constructed-venue-a-")
        assert markets[there].slug.startswith("constructed-venue-b-")
        assert markets[here].fees.rates != markets[there].fees.rates
        assert paid[here].payout_g4 == paid[there].payout_g4
        assert paid[here].at_ns != paid[there].at_ns
        one, two = touches(rows, here, SECOND // 2), touches(rows, there, SECOND // 2)
        assert spread(two).mean() > spread(one).mean()
        mid_one, mid_two = one[:, 1] + one[:, 2], two[:, 1] + two[:, 2]
        together = {lag: _moves_together(mid_one, mid_two, lag) for lag in (-4, 0, 4, 12)}
        assert together[4] > 0.35
        assert together[4] > 0.2 + max(together[lag] for lag in (-4, 0, 12))
        assert np.abs(mid_one[100:-100] - mid_two[100 : len(mid_one) - 100]).mean() / 2 < 350
        delays = [np.median((rows["recv_ns"] - rows["venue_ns"])[rows["market"] == market]) for market in (here, there)]
        assert delays[1] > delays[0] + 50 * 10**6


def _moves_together(one, two, lag):
    """Return the correlation of moves over 2 s, the second one ``lag`` half seconds later."""
    count = min(len(one), len(two)) - 30
    shifted = one[20:count], two[20 + lag : count + lag]
    return float(np.corrcoef(*(values[4:] - values[:-4] for values in shifted))[0, 1])


def test_every_kind_is_tested_here():
    assert set(KINDS) == {
        "calm", "thin", "deep", "news", "tick-change", "neg-risk", "dispute", "settlement-mix", "crossed-feed",
        "two-venues",
    }  # fmt: skip
