"""What was tried is counted, and the more was tried the better a result must be."""

import math
import random
import statistics

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_sessions import make_session, prices
from test_report_verdict import GOOD

from made import made_tape
from polydesk.report.build import build_report
from polydesk.report.config import ReportConfig, VerdictLimits
from polydesk.report.final_json import result
from polydesk.report.session import read_session
from polydesk.report.statistics import sharpe_probability
from polydesk.report.study.build import conclude
from polydesk.report.study.tries import Counted, best_of, count_tries, tries
from polydesk.report.study.verdict import judge
from polydesk.report.summary import summarise
from polydesk.report.tables import robust_table, verdict_text
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings

MAKER = ("desk.strategies.mean_reversion.enabled=false", "desk.strategies.inventory_maker.enabled=true")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("tries")


def run(home, tape, *more, markets=()):
    chosen = load_settings(None, {}, [f"data_dir={home}", "run.speed=max", *MAKER, *more]).settings
    return run_session(chosen, tape.between(0, 400), "backtest", lambda *_: None, markets).path


def test_sessions_over_the_same_recording_are_counted(home):
    tape, other = made_tape(home / "tape", seed=3), made_tape(home / "other", seed=4)
    first = run(home, tape)
    header, _ = read_session(first)
    assert count_tries(first, header) == (1, 1, 0)
    run(home, tape, "run.seed=9", "exchange.order_latency_ms=200")
    assert count_tries(first, header) == (2, 1, 0), "assumptions about the venue and seeds are no configurations"
    run(home, tape, "desk.strategies.inventory_maker.half_spread=0.02")
    run(home, tape, markets=(1,))
    run(home, other)
    assert count_tries(first, header) == (4, 3, 0)
    run(home / "rolling" / "run-1", tape, "desk.strategies.inventory_maker.half_spread=0.03")
    run(home / "nightly" / "run-1" / "windows", tape, "desk.strategies.inventory_maker.half_spread=0.04")
    assert count_tries(first, header) == (6, 5, 0)
    (home / "sessions" / "damaged").mkdir()
    (home / "sessions" / "damaged" / "journal.pdj").write_bytes(b"nothing")
    assert count_tries(first, header) == (7, 6, 1), "a try that nobody can read any more was a try"
    (home / "sessions" / "cut").mkdir()
    (home / "sessions" / "cut" / "journal.pdj").write_bytes((first / "journal.pdj").read_bytes()[:40])
    assert count_tries(first, header) == (8, 7, 2)
    summary = build_report(first).summary
    told = summary.study.tries
    assert (told.sessions, told.configurations, told.unreadable) == (8, 7, 2)
    assert result(summary)["study"]["tries"]["unreadable"] == 2
    rows = {row[0]: row for row in robust_table(summary).rows}
    assert rows["configurations tried"][1] == "7"
    assert rows["configurations tried"][2].startswith("in 8 sessions of this results folder, 2 of them unreadable")
    assert build_report(first, count=False).summary.study.tries is None


def test_the_best_of_many_draws_is_as_large_as_said():
    chance = random.Random(1)
    for number in (2, 10, 100):
        drawn = statistics.mean(max(chance.gauss(0, 1) for _ in range(number)) for _ in range(4_000))
        # The approximation is a few per cent off for very few draws.
        assert best_of(number) == pytest.approx(drawn, abs=0.07)
    assert best_of(1) == 0


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_more_was_tried_the_more_luck(number, positive):
    one = tries(Counted(number, number), positive, 2_000, []).luck
    more = tries(Counted(number + 1, number + 1), positive, 2_000, []).luck
    assert 0 < one <= more <= 1
    alone = (round((1 - positive) * 2_000) + 1) / 2_001
    assert one == pytest.approx(1 - (1 - alone) ** number, abs=1e-9)
    assert tries(Counted(1, 1), None, 2_000, []).luck is None


def test_a_ratio_of_many_tries_is_deflated():
    chance = random.Random(2)
    rates = [chance.gauss(0.002, 0.01) for _ in range(60)]
    plain = sharpe_probability(rates)
    assert tries(Counted(1, 1), None, 1, rates).deflated_sharpe == plain
    found = [tries(Counted(n, n), None, 1, rates).deflated_sharpe for n in (2, 10, 100)]
    assert plain > found[0] > found[1] > found[2] > 0
    assert found[1] == sharpe_probability(rates, best_of(10) / math.sqrt(59))
    assert tries(Counted(12, 10, 3), None, 1, rates).deflated_sharpe == found[1], "unreadable ones are among them"
    assert tries(Counted(5, 5), None, 1, rates[:29]).deflated_sharpe is None


def test_the_verdict_names_luck():
    lucky = judge(msgspec.structs.replace(GOOD, tried=40, luck=0.31), VerdictLimits())
    assert lucky.binding == "tries"
    uncounted = judge(msgspec.structs.replace(GOOD, tried=None, luck=None), VerdictLimits())
    assert "tries" not in {rule.name for rule in uncounted.rules}
    session = make_session()
    summary = summarise(session, prices(session).bids)
    study = conclude(session, summary, None, ReportConfig(), Counted(50, 40))
    told = msgspec.structs.replace(summary, study=msgspec.structs.replace(study, judgement=lucky))
    assert "the best of 40 configurations without skill looks as good with a chance of 31.00 %" in verdict_text(told)
