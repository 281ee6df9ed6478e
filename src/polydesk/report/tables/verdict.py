"""The verdict: one sentence, and every rule with its numbers."""

from polydesk.report.faults import fault_text
from polydesk.report.quantities import NONE, count, gain
from polydesk.report.study.answer import Answer
from polydesk.report.study.verdict import Rule
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import Table
from polydesk.report.words import ENGLISH, Words


def verdict_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return the verdict in one sentence with the rule that decides it; empty when there is no study."""
    if summary.study is None:
        return ""
    judged = summary.study.judgement
    binding = next((rule for rule in judged.rules if rule.name == judged.binding), None)
    reason = words("verdict.all") if binding is None else _reason(binding, words)
    return words("verdict.sentence", answer=words(f"verdict.{judged.answer.value}"), reason=reason)


def verdict_style(summary: Summary) -> str:
    """Return the page's style of the verdict: ``good``, ``warn`` or ``bad``; empty when there is none."""
    if summary.study is None:
        return ""
    return {Answer.DEPLOY: "good", Answer.PAPER: "warn", Answer.NO: "bad"}[summary.study.judgement.answer]


def verdict_table(summary: Summary, words: Words = ENGLISH) -> Table:
    """Every rule with what was seen and what is demanded."""
    columns = words.columns("rule", ">observed", ">demanded", "holds")
    if summary.study is None:
        return Table(words("verdict.title"), columns, ())
    judged = summary.study.judgement
    rows = tuple(
        (_name(rule, words), observed_text(rule), demanded_text(rule), _holds(rule, words)) for rule in judged.rules
    )
    return Table(words("verdict.title"), columns, rows, note=words("verdict.note"))


_FAULTS = frozenset({"accounts", "believable"})
_DETAILED = frozenset({"best_day", "best_market", "bootstrap", "tries", "other_queue"})


def _name(rule: Rule, words: Words) -> str:
    name = words(f"rule.{rule.name}")
    if rule.name not in _DETAILED or not rule.detail:
        return name
    return words("rule.detailed", rule=name, detail=_detail(rule, words))


def _detail(rule: Rule, words: Words) -> str:
    if rule.name in _FAULTS:
        return fault_text(rule.detail, words)
    return words.named("queue", rule.detail) if rule.name == "other_queue" else rule.detail


def _holds(rule: Rule, words: Words) -> str:
    if rule.passed:
        return words("verdict.holds")
    return words("verdict.fails", answer=words(f"verdict.{rule.failing.value}"))


def _reason(rule: Rule, words: Words) -> str:
    key = f"why.unknown.{rule.name}"
    if rule.observed is None and key in words.texts:
        return words(key)
    return words(
        f"why.{rule.name}", observed=observed_text(rule), demanded=demanded_text(rule), detail=_detail(rule, words)
    )


def observed_text(rule: Rule) -> str:
    """Write what a rule saw."""
    return NONE if rule.observed is None else _number(rule.observed, rule.unit)


def demanded_text(rule: Rule) -> str:
    """Write what a rule demands."""
    if rule.limit is None:
        return NONE
    sign = {"u6 pUSD": "> ", "fraction": "≤ "}.get(rule.unit, "≤ " if rule.name == "facts" else "≥ ")
    return sign + ("0" if rule.unit == "u6 pUSD" else _number(rule.limit, rule.unit))


def _number(value: float, unit: str) -> str:
    if unit == "u6 pUSD":
        return gain(int(value))
    return f"{100 * value:.2f} %" if unit == "fraction" else count(int(value))
