"""The questions of `polydesk init`: what is suggested, what is refused and why."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from polydesk.model.errors import ConfigError
from polydesk.run.settings import Settings
from polydesk.run.settings_write import chosen_settings
from polydesk.run.wizard import ASSUMPTIONS, CAPS, MARKET, ORDER, TOTAL, begin, questions
from polydesk.strategies import STRATEGIES


def asked(interview, key):
    return next(question for question in interview.open_questions() if key in question.keys)


def test_taking_every_suggestion_gives_the_defaults():
    interview = begin([])
    for question in interview.open_questions():
        assert interview.answer(question, "\n") == ""
    assert chosen_settings(interview.finished()) == Settings()
    assert chosen_settings(begin([]).finished()) == Settings()


def test_every_key_of_a_question_exists_and_is_asked_once():
    keys = [key for question in questions() for key in question.keys]
    assert len(keys) == len(set(keys))
    chosen_settings({key: text for key, text in begin([]).finished().items() if key in keys})


@pytest.mark.parametrize(
    ("key", "answer", "reason"),
    [
        ("desk.cash", "much", 'desk.cash = "much": expected a number in pUSD, at least 1'),
        ("desk.cash", "0", 'desk.cash = "0": expected a number in pUSD, at least 1'),
        ("desk.risk.daily_loss_fraction", "2", "expected a fraction, at least 0, at most 1"),
        ("run.speed", "fast", "expected one of max, auto or a number above 0"),
        ("run.seed", "-1", "expected a whole number, at least 0"),
        ("run.seed", "[", "not valid YAML"),
        (MARKET, "5000", "expected at most 1000, which is desk.risk.max_total_exposure"),
        ("exchange.jitter", "lucky", "'lucky': expected one of optimistic, normal, pessimistic"),
        ("desk.strategies.mean_reversion.enabled", "mean_reversal", "did you mean 'mean_reversion'?"),
    ],
)
def test_a_wrong_answer_is_refused_with_the_reason_and_changes_nothing(key, answer, reason):
    interview = begin([f"{TOTAL}=1000"])
    before = dict(interview.answers)
    assert reason in interview.answer(asked(interview, key), answer)
    assert interview.answers == before


def test_strategies_are_chosen_by_name():
    interview = begin([])
    question = asked(interview, "desk.strategies.mean_reversion.enabled")
    assert question.suggest({}) == ", ".join(STRATEGIES)
    assert interview.answer(question, " inventory_maker ") == ""
    enabled = {
        name: getattr(chosen_settings(interview.finished()).desk.strategies, name).enabled for name in STRATEGIES
    }
    assert enabled == {name: name == "inventory_maker" for name in STRATEGIES}
    assert interview.answer(question, "none") == ""
    assert {interview.finished()[key] for key in question.keys} == {"false"}


@pytest.mark.parametrize("preset", ASSUMPTIONS)
def test_a_preset_sets_every_key_it_speaks_of(preset):
    interview = begin([])
    assert interview.answer(asked(interview, "exchange.jitter"), preset) == ""
    exchange = chosen_settings(interview.finished()).exchange
    default = Settings().exchange
    for name in ASSUMPTIONS["pessimistic"]:
        told = ASSUMPTIONS[preset].get(name)
        assert getattr(exchange, name) == (getattr(default, name) if told is None else float(told))


def test_what_is_given_is_not_asked():
    interview = begin(["desk.cash=500", "exchange.jitter=0.1", "desk.ensemble.signal_floor=0.3"])
    keys = {key for question in interview.open_questions() for key in question.keys}
    assert "desk.cash" not in keys
    assert not any(key.startswith("exchange.") for key in keys)
    finished = chosen_settings(interview.finished())
    assert (finished.desk.cash, finished.exchange.jitter, finished.desk.ensemble.signal_floor) == (500, 0.1, 0.3)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["desk.cash"], "write section.key=value"),
        (["desk.csh=1"], "did you mean 'desk.cash'?"),
        ([f"{MARKET}=50", f"{ORDER}=60"], "need max_order_notional <= max_market_exposure"),
    ],
)
def test_what_is_given_is_checked_before_the_first_question(given, reason):
    with pytest.raises(ConfigError, match=reason.replace("?", r"\?")):
        begin(given)


@given(st.dictionaries(st.sampled_from(CAPS), st.integers(0, 10_000), max_size=3))
def test_suggested_caps_always_nest(caps):
    """Whatever caps are given that can hold together, the suggestions for the others hold with them."""
    known = [caps[cap] for cap in CAPS if cap in caps]
    texts = [f"{cap}={amount}" for cap, amount in caps.items()]
    if known != sorted(known, reverse=True):
        with pytest.raises(ConfigError):
            begin(texts)
        return
    risk = chosen_settings(begin(texts).finished()).desk.risk
    assert risk.max_order_notional <= risk.max_market_exposure <= risk.max_total_exposure
    for cap, amount in caps.items():
        assert getattr(risk, cap.rpartition(".")[2]) == amount


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=3))
@hypothesis_settings(max_examples=40)
def test_caps_answered_one_after_the_other_nest_or_are_refused(amounts):
    interview = begin([])
    for cap, amount in zip(CAPS, amounts, strict=True):
        question = asked(interview, cap)
        reason = interview.answer(question, str(amount))
        wider = [float(interview.answers[c]) for c in CAPS[: CAPS.index(cap)]]
        assert bool(reason) == any(amount > number for number in wider)
        if reason:
            assert interview.answer(question, "") == ""
    risk = chosen_settings(interview.finished()).desk.risk
    assert risk.max_order_notional <= risk.max_market_exposure <= risk.max_total_exposure
