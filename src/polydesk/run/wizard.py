"""The few questions that make a configuration: what is asked, what is suggested, and why an answer will not do."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from polydesk.model.errors import ConfigError
from polydesk.run.settings import Settings
from polydesk.run.settings_keys import Key, leaf_keys
from polydesk.run.settings_text import plain
from polydesk.run.settings_write import chosen_settings
from polydesk.strategies import STRATEGIES

Answers = dict[str, str]
"""Text by dotted key, as ``--set`` takes it."""

TOTAL, MARKET, ORDER = (f"desk.risk.max_{name}" for name in ("total_exposure", "market_exposure", "order_notional"))
CAPS = (TOTAL, MARKET, ORDER)
"""Each cap lies within the one before it, so they are asked from the widest to the narrowest."""

ASSUMPTIONS: dict[str, dict[str, str]] = {
    "optimistic": {"order_latency_ms": "10", "cancel_latency_ms": "10", "answer_latency_ms": "5", "jitter": "0"},
    "normal": {},
    "pessimistic": {
        "order_latency_ms": "250", "cancel_latency_ms": "250", "answer_latency_ms": "100", "jitter": "0.5",
        "failure_rate": "0.02",
    },
}  # fmt: skip
"""What the simulated exchange assumes; what a preset does not name keeps its default."""

_ASSUMED = tuple(f"exchange.{name}" for name in ASSUMPTIONS["pessimistic"])
_CLOSE = 0.5


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        text: What is asked.
        about: What a person needs to know to answer: meaning, unit and range.
        keys: Keys that the answer decides.
        suggest: The answer in brackets, from the answers so far.
        read: The keys' texts from an answer; raises ``ConfigError`` with the reason when it will not do.
    """

    text: str
    about: str
    keys: tuple[str, ...]
    suggest: Callable[[Mapping[str, str]], str]
    read: Callable[[str, Mapping[str, str]], Answers]


@dataclass
class Interview:
    """What has been answered so far.

    Attributes:
        answers: Texts given and answered.
        given: Keys that were answered before the first question.
    """

    answers: Answers
    given: frozenset[str] = field(default_factory=frozenset)

    def open_questions(self) -> list[Question]:
        """Return the questions that nothing given has answered."""
        return [question for question in questions() if not self.given.intersection(question.keys)]

    def answer(self, question: Question, text: str) -> str:
        """Take an answer; an empty one takes the suggestion. Returns why it will not do, empty when it was taken."""
        try:
            read = question.read(text.strip() or question.suggest(self.answers), self.answers)
            chosen_settings(_complete({**self.answers, **read}))
        except ConfigError as err:
            return str(err).removeprefix("--set: ")
        self.answers |= read
        return ""

    def finished(self) -> Answers:
        """Return every key that a question decides or that was given; what nobody answered takes the suggestion."""
        return _complete(self.answers)


def begin(given: list[str]) -> Interview:
    """Begin with the answers given as ``KEY=VALUE``.

    Raises:
        ConfigError: One of them names no key, has a wrong value or contradicts another.
    """
    answers: Answers = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text!r}: write section.key=value")
        answers[key.strip()] = value
    chosen_settings(_complete(answers))
    return Interview(answers, frozenset(answers))


def questions() -> tuple[Question, ...]:
    """Return every question in order."""
    names = ", ".join(STRATEGIES)
    return (
        _plain("data_dir", "Where may the desk keep its data?"),
        _plain("desk.cash", "How much paper money does a session start with?"),
        Question(
            "Which strategies run?",
            f"names separated by commas: {names}; or none",
            tuple(_enabled(name) for name in STRATEGIES),
            lambda _: names,
            _read_strategies,
        ),
        _plain(TOTAL, "How much may be at stake in all markets together?"),
        _plain(MARKET, "How much in one market?"),
        _plain(ORDER, "How much in one order?"),
        _plain("desk.risk.daily_loss_fraction", "After losing which part of the starting cash do entries stop?"),
        Question(
            "How does the simulated exchange treat you?",
            "optimistic: answers within 15 ms; normal: 75 ms; pessimistic: 350 ms, and 2 % of matches fail; an "
            "assumption, told in every report",
            _ASSUMED,
            lambda _: "normal",
            _read_assumption,
        ),
        _plain("run.seed", "Which seed?"),
        _plain("run.speed", "At which pace do recordings play?"),
    )


def _plain(key: str, text: str) -> Question:
    known = _keys()[key]

    def read(answer: str, answers: Mapping[str, str]) -> Answers:
        if key in CAPS:
            _within(key, answer, answers)
        return {key: answer}

    return Question(text, f"{known.help}; {known.expected}", (key,), lambda answers: _suggested(key, answers), read)


def _suggested(key: str, answers: Mapping[str, str]) -> str:
    """Return the default, moved as little as the caps around it demand."""
    default = str(plain(_keys()[key].default))
    if key not in CAPS:
        return default
    place = CAPS.index(key)
    wider = [number for cap in CAPS[:place] if (number := _number(answers.get(cap, ""))) is not None]
    narrower = [number for cap in CAPS[place + 1 :] if (number := _number(answers.get(cap, ""))) is not None]
    value = max([Decimal(default), *narrower])
    return f"{min([value, *wider]):f}"


def _within(key: str, answer: str, answers: Mapping[str, str]) -> None:
    number = _number(answer)
    place = CAPS.index(key)
    for at, cap in enumerate(CAPS):
        other = _number(answers.get(cap, ""))
        if number is None or other is None:
            continue
        if at < place and number > other:
            raise ConfigError(f"{key} = {answer}: expected at most {other:f}, which is {cap}")
        if at > place and number < other:
            raise ConfigError(f"{key} = {answer}: expected at least {other:f}, which is {cap}")


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _read_strategies(text: str, _answers: Mapping[str, str]) -> Answers:
    named = [] if text == "none" else [name.strip() for name in text.split(",") if name.strip()]
    for name in named:
        if name not in STRATEGIES:
            close = difflib.get_close_matches(name, STRATEGIES, n=1, cutoff=_CLOSE)
            hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(STRATEGIES)}"
            raise ConfigError(f"no strategy {name!r}{hint}")
    return {_enabled(name): "true" if name in named else "false" for name in STRATEGIES}


def _read_assumption(text: str, _answers: Mapping[str, str]) -> Answers:
    if text not in ASSUMPTIONS:
        raise ConfigError(f"{text!r}: expected one of {', '.join(ASSUMPTIONS)}")
    chosen = {f"exchange.{name}": value for name, value in ASSUMPTIONS[text].items()}
    return {key: chosen.get(key, str(plain(_keys()[key].default))) for key in _ASSUMED}


def _complete(answers: Mapping[str, str]) -> Answers:
    """Return the answers with the suggestion for every key that a question would decide."""
    whole: Answers = {}
    for question in questions():
        if any(key in answers for key in question.keys):
            whole |= {key: answers[key] for key in question.keys if key in answers}
        else:
            whole |= question.read(question.suggest({**answers, **whole}), {**answers, **whole})
    return {**whole, **answers}


def _enabled(strategy: str) -> str:
    return f"desk.strategies.{strategy}.enabled"


def _keys() -> dict[str, Key]:
    return {key.name: key for key in leaf_keys(Settings).values()}
