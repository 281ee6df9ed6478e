"""Hours that add up, a seeded block bootstrap with the right spread, and parts left out."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_sessions import made_study, make_days, make_session, prices

from polydesk.model.grid import NS_PER_S
from polydesk.report.money import PnlLine
from polydesk.report.periods import Period, hour_of
from polydesk.report.study.robust import bootstrap, without_best_day, without_best_market
from polydesk.report.summary import summarise
from polydesk.report.tables import robust_table
from polydesk.report.words import ENGLISH, Language, words_of


def test_the_hours_add_up_to_the_result() -> None:
    session = make_session()
    summary = summarise(session, prices(session).bids)
    assert sum(hour.pnl_u6 for hour in summary.hours) == summary.matched.net_u6
    assert len({hour.name for hour in summary.hours}) == len(summary.hours) > 1
    assert {hour.name[:10] for hour in summary.hours} == {day.name for day in summary.days}


def test_hours_have_names() -> None:
    assert hour_of(1_776_323_400 * NS_PER_S) == "2026-04-16T07"
    assert hour_of(0) == "1970-01-01T00"


def test_independent_hours_have_the_spread_of_a_sum_of_draws() -> None:
    """The sum of n draws from n hours has mean sum(x) and variance n times that of the hours."""
    values = [(at * 7_919 % 1_000) * 1_000 - 300_000 for at in range(1_000)]
    random.Random(5).shuffle(values)
    total = sum(values)
    mean = total / 1_000
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values))
    found = bootstrap(values, seed=3, draws=20_000)
    assert (found.hours, found.block_hours, found.blocks) == (1_000, 10, 100)
    assert found.low_u6 == pytest.approx(total - 1.96 * deviation, abs=0.2 * deviation)
    assert found.high_u6 == pytest.approx(total + 1.96 * deviation, abs=0.2 * deviation)


def test_markets_of_one_hour_are_one_draw() -> None:
    """Ten markets that do the same have an interval ten times as wide as one, not the square root of ten."""
    chance = random.Random(1)
    one = [chance.randrange(-1_000_000, 1_100_000) for _ in range(400)]
    alone, ten = bootstrap(one, seed=7), bootstrap([10 * pnl for pnl in one], seed=7)
    assert ten.high_u6 - ten.low_u6 == pytest.approx(10 * (alone.high_u6 - alone.low_u6), abs=20)


def test_hours_that_resemble_the_next_widen_the_interval() -> None:
    """The true total lies outside the interval about as rarely as it says, where single hours would be far too sure."""
    met = single = 0
    runs = 120
    for run in range(runs):
        chance, drift, hours = random.Random(run), 0.0, []
        for _ in range(512):
            drift = 0.6 * drift + chance.gauss(0, 1)
            hours.append(round(1e6 * drift))
        found = bootstrap(hours, seed=run, draws=400)
        met += found.low_u6 <= 0 <= found.high_u6
        mean = sum(hours) / 512
        reach = 1.96 * math.sqrt(sum((hour - mean) ** 2 for hour in hours))
        single += abs(sum(hours)) <= reach
    assert met >= 0.82 * runs
    assert single < 0.75 * runs


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(-(10**9), 10**9), min_size=100, max_size=140))
def test_the_same_seed_gives_the_same_interval(seed: int, values: list[int]) -> None:
    found = bootstrap(values, seed=seed, draws=100, least=1)
    assert found == bootstrap(values, seed=seed, draws=100, least=1)
    if found.low_u6 is not None:
        assert len(values) * min(values) - 1 <= found.low_u6 <= found.high_u6 <= len(values) * max(values) + 1


@pytest.mark.parametrize("value", [7, -3])
def test_hours_that_are_all_equal_leave_no_doubt(value: int) -> None:
    found = bootstrap([value] * 130, seed=1)
    assert (found.low_u6, found.high_u6) == (130 * value, 130 * value)


def test_few_blocks_give_no_interval() -> None:
    found = bootstrap([1] * 76, seed=1)
    assert (found.hours, found.block_hours, found.blocks, found.low_u6, found.positive) == (76, 4, 19, None, None)
    assert bootstrap([1] * 77, seed=1).low_u6 == 77
    assert bootstrap([], seed=1).low_u6 is None


def test_idle_hours_are_no_blocks() -> None:
    busy_once_a_day = [5 if hour % 24 == 0 else 0 for hour in range(24 * 15)]
    found = bootstrap(busy_once_a_day, seed=1)
    assert (found.hours, found.blocks, found.low_u6) == (360, 15, None)


def test_the_report_names_method_and_blocks_or_says_too_few() -> None:
    few = _told(make_days([1_776_323_400 * NS_PER_S]))
    assert "too few: a bootstrap of fewer than 20 would be noise" in few
    many = _told(make_days([(1_776_323_400 + 3_600 * hour) * NS_PER_S for hour in range(24 * 12)]))
    assert "blocks of 7 hours, 2,000 seeded samples" in many
    assert "all markets of an hour together" in many


def _told(session) -> str:
    summary = made_study(session, summarise(session), prices(session))
    chinese = robust_table(summary, words_of(Language.ZH))
    assert "同一小时的所有市场一并抽取" in chinese.note
    table = robust_table(summary, ENGLISH)
    return " ".join((*(cell for row in table.rows for cell in row), table.note))


def test_best_parts_left_out() -> None:
    days = [Period("a", 100, 5), Period("b", 105, 30), Period("c", 135, -7)]
    assert (without_best_day(days).name, without_best_day(days).rest_u6) == ("b", -2)
    assert without_best_day(days[:1]).rest_u6 is None
    assert without_best_day([]) is None
    lines = [PnlLine("0", realised_u6=4), PnlLine("1", realised_u6=9)]
    assert (without_best_market(lines).name, without_best_market(lines).rest_u6) == ("1", 4)
    assert without_best_market([*lines, PnlLine("2", unrealised_u6=None)]) is None
