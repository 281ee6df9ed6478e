"""Impossible numbers are kept back, and the report says which guard did."""

import msgspec
import pytest
from made_up_sessions import make_session, prices

from polydesk.report.build import with_study
from polydesk.report.config import GuardLimits, ReportConfig
from polydesk.report.final_json import result
from polydesk.report.periods import Period
from polydesk.report.study.backing import Backing
from polydesk.report.study.build import conclude
from polydesk.report.study.guards import guards
from polydesk.report.summary import Summary, summarise
from polydesk.report.tables import pnl_table, statistics_table, verdict_text

GOOD = Backing(9, 0, 0, 0, 0, "", 10, 5, ())


@pytest.fixture(scope="module")
def summary() -> Summary:
    session = make_session()
    return summarise(session, prices(session).bids)


def tripped(summary: Summary, backing: Backing | None = GOOD, **changes):
    parts = {"fills": summary.fills, "days": summary.days, "made": summary.performance, "found": summary.statistics}
    return guards(**(parts | changes), backing=backing, limits=GuardLimits())


def test_a_lawful_session_trips_nothing(summary: Summary) -> None:
    assert tripped(summary) == ()
    assert tripped(summary, None) == ()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("no_print", {"without_print": 2}),
        ("no_cross", {"without_cross": 1}),
        ("no_depth", {"without_depth": 1}),
        ("over_behind", {"over": 1}),
        ("volume", {"over_markets": (4,)}),
    ],
)
def test_fills_that_the_tape_does_not_back(summary: Summary, name: str, change) -> None:
    (guard,) = tripped(summary, msgspec.structs.replace(GOOD, **change))
    assert (guard.name, guard.figures) == (name, ())


def test_fees_of_the_wrong_sign(summary: Summary) -> None:
    maker = next(line for line in summary.fills if line.fill.liquidity.value == "maker")
    for fee in (-10, 10):
        wrong = msgspec.structs.replace(maker, fill=msgspec.structs.replace(maker.fill, fee_u6=fee))
        (guard,) = tripped(summary, fills=[wrong])
        assert (guard.name, guard.where) == ("fee_sign", maker.fill.id)


def test_absurd_days_and_ratios(summary: Summary) -> None:
    (day,) = tripped(summary, days=[Period("2026-04-16", 3_000, 172_000)])
    assert (day.name, day.where, day.figures) == ("day_return", "2026-04-16", ())
    rich = msgspec.structs.replace(summary.statistics, annual_rate=58.0, sortino=-40.0)
    yearly, ratio = tripped(summary, found=rich)
    assert (yearly.name, yearly.figures) == ("annual_return", ("annual", "calmar"))
    assert (ratio.name, ratio.observed) == ("sharpe", 40.0)


def test_a_refused_ratio_is_not_shown_anywhere(summary: Summary) -> None:
    session = make_session()
    rich = msgspec.structs.replace(
        summary, statistics=msgspec.structs.replace(summary.statistics, annual_rate=58.0, calmar=3.0)
    )
    told = with_study(rich, conclude(session, rich, None, ReportConfig()))
    rows = {row[0]: row for row in statistics_table(told).rows}
    assert rows["annual return"][1:] == (
        "n/a",
        "refused by a guard: an annual return of 5,800 %, at most 1,000 % is believable",
    )
    assert rows["Calmar ratio"][1] == "n/a"
    assert result(told)["statistics"]["annual_rate"] is None
    assert result(told)["statistics"]["calmar"] is None
    assert "a ratio cannot be" in verdict_text(told)


def test_a_voided_session_prints_no_money(summary: Summary) -> None:
    session = make_session()
    rich = msgspec.structs.replace(summary, days=(Period("2026-04-16", 3_000, 172_000),))
    told = with_study(rich, conclude(session, rich, None, ReportConfig()))
    cells = {cell for row in (*pnl_table(told).rows, pnl_table(told).total) for cell in row[1:]}
    assert all(cell.startswith("broken: a day's return of ") for cell in cells)
    money = [row for row in statistics_table(told).rows if row[0] in {"best trade", "highest equity", "annual return"}]
    assert {row[1] for row in money} == {"broken"}
