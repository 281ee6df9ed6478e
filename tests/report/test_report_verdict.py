"""Deploy, paper or no: every rule can turn the answer, and the strictest one is named."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.report.config import VerdictLimits
from polydesk.report.study.answer import Answer
from polydesk.report.study.verdict import Evidence, judge, worst_other_queue
from polydesk.report.tables.verdict import demanded_text, observed_text
from polydesk.report.words import ENGLISH, Language, words_of

GOOD = Evidence(
    broken="", guards="", backed=True, data_ok=True, constructed=False, net_u6=10**8, confirmed_u6=10**8, days=60,
    fills=900, markets=40, best_day=("2026-04-16", 10**7), best_market=("one", 10**7), low_u6=10**6, blocks=200,
    tried=5, luck=0.01, other_queue=("probability", 10**6), drawdown=0.1, failed=0.01, assumed=0,
)  # fmt: skip

TURNS = [
    ("accounts", {"broken": "cash: off by 1"}, Answer.NO),
    ("backed", {"backed": False}, Answer.PAPER),
    ("believable", {"guards": "sharpe: 40"}, Answer.NO),
    ("data", {"data_ok": False}, Answer.NO),
    ("data", {"data_ok": None}, Answer.PAPER),
    ("recorded", {"constructed": True}, Answer.PAPER),
    ("recorded", {"constructed": None}, Answer.PAPER),
    ("facts", {"assumed": 1}, Answer.PAPER),
    ("profit", {"net_u6": 0}, Answer.NO),
    ("profit", {"net_u6": None}, Answer.NO),
    ("profit_confirmed", {"confirmed_u6": -1}, Answer.PAPER),
    ("drawdown", {"drawdown": 0.2501}, Answer.NO),
    ("settlement", {"failed": 0.06}, Answer.PAPER),
    ("days", {"days": 29}, Answer.PAPER),
    ("fills", {"fills": 299}, Answer.PAPER),
    ("markets", {"markets": 9}, Answer.PAPER),
    ("best_day", {"best_day": ("2026-04-16", -1)}, Answer.PAPER),
    ("best_day", {"best_day": ("2026-04-16", None)}, Answer.PAPER),
    ("best_market", {"best_market": ("one", 0)}, Answer.PAPER),
    ("bootstrap", {"low_u6": -1}, Answer.PAPER),
    ("bootstrap", {"low_u6": None}, Answer.PAPER),
    ("tries", {"luck": 0.06}, Answer.PAPER),
    ("tries", {"luck": None}, Answer.PAPER),
    ("other_queue", {"other_queue": ("probability", -5)}, Answer.PAPER),
    ("other_queue", {"other_queue": ("", None)}, Answer.PAPER),
]


def test_when_every_rule_holds_it_deploys() -> None:
    judged = judge(GOOD, VerdictLimits())
    assert (judged.answer, judged.binding) == (Answer.DEPLOY, "")
    assert {rule.name for rule in judged.rules} == {name for name, _, _ in TURNS}, "every rule is tried below"


@pytest.mark.parametrize(("name", "change", "answer"), TURNS)
def test_each_rule_turns_the_answer_and_is_named(name: str, change, answer: Answer) -> None:
    judged = judge(msgspec.structs.replace(GOOD, **change), VerdictLimits())
    assert (judged.answer, judged.binding) == (answer, name)
    assert [rule.name for rule in judged.rules if not rule.passed] == [name]


@given(st.lists(st.sampled_from(TURNS), max_size=6))
def test_the_strictest_failing_rule_decides(turns) -> None:
    evidence = GOOD
    for _, change, _ in turns:
        evidence = msgspec.structs.replace(evidence, **change)
    judged = judge(evidence, VerdictLimits())
    failing = [rule for rule in judged.rules if not rule.passed]
    strictest = {rule.failing for rule in failing}
    expected = Answer.NO if Answer.NO in strictest else Answer.PAPER if strictest else Answer.DEPLOY
    assert judged.answer is expected
    if failing:
        assert judged.binding == next(rule.name for rule in failing if rule.failing is expected)


def test_constructed_data_never_deploys_whatever_it_earned() -> None:
    rich = msgspec.structs.replace(GOOD, constructed=True, net_u6=10**15, confirmed_u6=10**15, low_u6=10**14)
    assert judge(rich, VerdictLimits()).answer is Answer.PAPER


def test_limits_are_configurable() -> None:
    strict = VerdictLimits(min_days=61, max_drawdown=0.05)
    judged = judge(GOOD, strict)
    assert {rule.name for rule in judged.rules if not rule.passed} == {"days", "drawdown"}
    by_name = {rule.name: rule for rule in judged.rules}
    assert (observed_text(by_name["days"]), demanded_text(by_name["days"])) == ("60", "≥ 61")
    assert (observed_text(by_name["drawdown"]), demanded_text(by_name["drawdown"])) == ("10.00 %", "≤ 5.00 %")
    assert demanded_text(by_name["profit"]) == "> 0"
    assert demanded_text(by_name["facts"]) == "≤ 0"


def test_the_worst_other_queue_rule_counts() -> None:
    assert worst_other_queue([("a", 5), ("b", -2)]) == ("b", -2)
    assert worst_other_queue([("a", 5), ("b", None)]) == ("b", None), "a void run is the worst"
    assert worst_other_queue([]) == ("", None)


@pytest.mark.parametrize("language", list(Language))
def test_every_rule_and_reason_has_words(language: Language) -> None:
    words = words_of(language)
    for rule in judge(GOOD, VerdictLimits()).rules:
        assert words(f"rule.{rule.name}")
        assert words(f"why.{rule.name}", observed="1", demanded="2", detail="3")
    assert ENGLISH("verdict.deploy") == "DEPLOY"
