"""Blocks that add up, a seeded bootstrap with the right spread, and parts left out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_sessions import make_session, prices

from polydesk.report.money import PnlLine
from polydesk.report.periods import Period
from polydesk.report.study.robust import blocks, bootstrap, without_best_day, without_best_market
from polydesk.report.summary import summarise


def test_blocks_add_up_to_the_markets() -> None:
    session = make_session()
    summary = summarise(session, prices(session).bids)
    found = blocks(summary.performance.trades, summary.by_market, summary.span_ns[1])
    assert sum(found.values()) == sum(line.net_u6 for line in summary.by_market)
    for line in summary.by_market:
        assert sum(pnl for (market, _), pnl in found.items() if market == int(line.key)) == line.net_u6


def test_the_bootstrap_has_the_spread_of_a_sum_of_draws() -> None:
    """The sum of n draws from n blocks has mean sum(x) and variance n times that of the blocks."""
    values = {(0, at): (at * 7_919 % 1_000) * 1_000 - 300_000 for at in range(200)}
    total = sum(values.values())
    mean = total / 200
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values.values()))
    found = bootstrap(values, seed=3, draws=20_000)
    assert found.low_u6 == pytest.approx(total - 1.96 * deviation, abs=0.1 * deviation)
    assert found.high_u6 == pytest.approx(total + 1.96 * deviation, abs=0.1 * deviation)
    expected = 0.5 * math.erfc(-total / deviation / math.sqrt(2))
    assert found.positive == pytest.approx(expected, abs=0.02)


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(-(10**9), 10**9), min_size=20, max_size=40))
def test_the_same_seed_gives_the_same_interval_in_any_order(seed: int, values: list[int]) -> None:
    named = {(at, 0): value for at, value in enumerate(values)}
    turned = dict(reversed(named.items()))
    found = bootstrap(named, seed=seed, draws=100)
    assert found == bootstrap(turned, seed=seed, draws=100)
    assert len(values) * min(values) - 1 <= found.low_u6 <= found.high_u6 <= len(values) * max(values) + 1


def test_few_blocks_give_no_interval() -> None:
    found = bootstrap({(0, at): 1 for at in range(19)}, seed=1)
    assert (found.blocks, found.low_u6, found.high_u6, found.positive) == (19, None, None, None)


def test_best_parts_left_out() -> None:
    days = [Period("a", 100, 5), Period("b", 105, 30), Period("c", 135, -7)]
    assert (without_best_day(days).name, without_best_day(days).rest_u6) == ("b", -2)
    assert without_best_day(days[:1]).rest_u6 is None
    assert without_best_day([]) is None
    lines = [PnlLine("0", realised_u6=4), PnlLine("1", realised_u6=9)]
    assert (without_best_market(lines).name, without_best_market(lines).rest_u6) == ("1", 4)
    assert without_best_market([*lines, PnlLine("2", unrealised_u6=None)]) is None
