"""What stood behind fills: a real session's are backed, and each kind of wrong fill is found."""

from pathlib import Path

import msgspec
import pytest

from made import made_tape
from polydesk.model.orders import Side
from polydesk.model.records import Cause, Fill
from polydesk.report.build import build_report, with_study
from polydesk.report.config import ReportConfig
from polydesk.report.final_json import result
from polydesk.report.session import open_session
from polydesk.report.study.backing import Backed, Backing, ask_backing, backed, capacity, judge_backing, reaching_u6
from polydesk.report.study.build import conclude
from polydesk.report.tape_pass import Print, Questions, walk
from polydesk.run.session import SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> SessionResult:
    folder = tmp_path_factory.mktemp("backing")
    tape = made_tape(folder / "tape", seed=3)
    settings = load(Settings, None, {}, [f"data_dir={folder}", "run.speed=max"]).settings
    return run_session(settings, tape, "paper", lambda *_: None)


def judged(path: Path, fills: list[Fill]) -> Backing:
    session = open_session(path)
    questions = Questions()
    asked = ask_backing(questions, fills)
    answers = walk(session.tape, 0, session.header.tape_range[1], questions)
    return judge_backing(backed(asked, answers), dict(enumerate(answers.printed_u6.tolist())))


def test_every_fill_of_a_real_session_is_backed(ended: SessionResult) -> None:
    found = build_report(ended.path).summary
    backing = found.study.market.backing
    causes = {line.fill.cause for line in found.fills}
    assert causes >= {Cause.BOOK, Cause.TRADE_THROUGH}
    assert backing.checked == len(found.fills) > 0
    assert (backing.without_print, backing.without_cross, backing.without_depth, backing.over) == (0, 0, 0, 0)
    assert backing.first == ""
    assert found.study.guards == ()


@pytest.mark.parametrize(
    "rules",
    [
        [
            "exchange.order_latency_ms=0",
            "exchange.cancel_latency_ms=0",
            "exchange.answer_latency_ms=0",
            "exchange.jitter=0",
        ],
        ["exchange.queue_model=proportional", "exchange.feed_latency_ms=120"],
        ["exchange.queue_model=probability", "exchange.failure_rate=0.3", "exchange.order_latency_ms=900"],
    ],
)
@pytest.mark.parametrize("seed", [5, 6])
def test_no_lawful_session_trips_a_guard(tmp_path: Path, rules: list[str], seed: int) -> None:
    tape = made_tape(tmp_path / "tape", seed=seed)
    busy = [
        "desk.strategies.mean_reversion.enabled=true", "desk.strategies.inventory_maker.enabled=true",
        "desk.strategies.inventory_maker.half_spread=0.0", "desk.strategies.inventory_maker.quote_shares=40",
    ]  # fmt: skip
    told = [f"data_dir={tmp_path}", "run.speed=max", *busy, *rules]
    settings = load(Settings, None, {}, told).settings
    found = build_report(run_session(settings, tape, "backtest", lambda *_: None).path).summary
    assert found.study.market.backing.checked == len(found.fills) > 20
    assert found.study.guards == ()
    assert found.broken == ()


@pytest.mark.parametrize(
    ("cause", "counter", "change"),
    [
        (Cause.PRINT, "without_print", {"matched_ns": 7}),
        (Cause.TRADE_THROUGH, "without_cross", {"matched_ns": 7}),
        (Cause.BOOK, "without_depth", {"price_g4": 9_950, "side": Side.BUY}),
        (Cause.BOOK, "over", {"size_u6": 10**15}),
    ],
)
def test_each_kind_of_wrong_fill_is_found(ended: SessionResult, cause: Cause, counter: str, change) -> None:
    fills = [line.fill for line in build_report(ended.path).summary.fills]
    mine = next((fill for fill in fills if fill.cause is cause), msgspec.structs.replace(fills[0], cause=cause))
    wrong = msgspec.structs.replace(mine, **change)
    backing = judged(ended.path, [fill for fill in fills if fill.id != mine.id] + [wrong])
    assert getattr(backing, counter) == 1
    assert backing.first == wrong.id


def test_a_fill_behind_which_nothing_stood_voids_the_result(ended: SessionResult) -> None:
    report = build_report(ended.path)
    session, summary = open_session(ended.path), report.summary
    bad = Backing(9, 1, 0, 0, 0, "fill-000007", 10, 5, ())
    facts = msgspec.structs.replace(summary.study.market, backing=bad)
    told = with_study(summary, conclude(session, summary, facts, ReportConfig()))
    assert told.broken == ("guard no_print: 1 where at most 0 can be (fill-000007)",)
    assert result(told)["pnl"]["matched"].startswith("broken: guard no_print")
    assert "statistics" not in result(told)
    assert told.study.judgement.binding == "accounts"


def test_prints_reach_by_side_and_price() -> None:
    prints = [Print(4_800, -1, 5), Print(4_800, 1, 7), Print(4_900, -1, 9), Print(4_700, 0, 2)]
    assert reaching_u6(prints, 1, 4_800) == 5 + 2
    assert reaching_u6(prints, -1, 4_800) == 7
    assert reaching_u6(prints, -1, 4_700) == 7 + 2


def test_capacity_by_hand() -> None:
    """10 of 30 and 20 of 25: three times as much gets 30 of 30 and 25 of 60."""
    groups = (Backed(0, Cause.PRINT, ("a",), 10, 30), Backed(0, Cause.BOOK, ("b",), 20, 25))
    one, three = capacity(groups, (1, 3))
    assert (one.wanted_u6, one.fillable_u6, one.used) == (30, 30, 30 / 55)
    assert (three.wanted_u6, three.fillable_u6, three.used) == (90, 55, 1.0)
    assert capacity(()) == ()


def test_more_filled_than_printed_is_told_by_market() -> None:
    groups = (Backed(1, Cause.PRINT, ("a",), 10, 30), Backed(2, Cause.PRINT, ("b",), 20, 25))
    assert judge_backing(groups, {1: 9, 2: 20}).over_markets == (1,)
