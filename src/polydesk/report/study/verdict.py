"""Deploy, paper or no: one word, the rule that decides it, and every rule with its numbers."""

from collections.abc import Sequence

import msgspec

from polydesk.report.config import VerdictLimits
from polydesk.report.study.answer import Answer


class Rule(msgspec.Struct, frozen=True):
    """One rule.

    Attributes:
        name: A key of the catalogues, ``rule.NAME``.
        passed: Whether it holds; a rule that could not be judged does not.
        failing: What the answer is at best when it does not hold.
        observed: What was seen, in ``unit``; ``None`` when it is not known.
        limit: What is demanded, in ``unit``; ``None`` where the rule knows no number.
        unit: ``u6 pUSD``, ``fraction``, ``count`` or ``-``.
        detail: A name that explains the observation: a day, a market, a guard, a queue rule.
    """

    name: str
    passed: bool
    failing: Answer
    observed: float | None
    limit: float | None
    unit: str
    detail: str = ""


class Judgement(msgspec.Struct, frozen=True):
    """The verdict.

    Attributes:
        answer: The word.
        binding: The rule that decides it: the first that fails at the strictest level; empty when all hold.
        rules: Every rule.
    """

    answer: Answer
    binding: str
    rules: tuple[Rule, ...]


class Evidence(msgspec.Struct, frozen=True):
    """What the rules look at.

    Attributes:
        broken: The first sentinel or guard that voids the PnL; empty for none.
        guards: The first guard that keeps a ratio back; empty for none.
        backed: Whether the fills could be compared with the tape again.
        data_ok: Whether the tape is good data; ``None`` when not checked.
        constructed: Whether the market was generated; ``None`` when not known.
        net_u6: PnL matched after fees, micro-pUSD.
        confirmed_u6: PnL of confirmed fills only.
        days: UTC days with data.
        fills: Fills that hold.
        markets: Markets with fills.
        best_day: Name of the best day, and the PnL without it (``None`` when there is only one).
        best_market: Likewise.
        low_u6: Lower end of the bootstrap interval; ``None`` when refused.
        blocks: Blocks it was drawn from.
        tried: Configurations tried over the same recording; ``None`` when nobody counted.
        luck: Chance that the best of so many tries without skill looks as good; ``None`` when it is not known.
        other_queue: Label and PnL of the worst other queue rule; an empty label when none was run.
        drawdown: Deepest fall of equity as a share of its high.
        failed: Share of ended fills that failed to settle.
        assumed: Market facts nobody stated.
    """

    broken: str
    guards: str
    backed: bool
    data_ok: bool | None
    constructed: bool | None
    net_u6: int | None
    confirmed_u6: int | None
    days: int
    fills: int
    markets: int
    best_day: tuple[str, int | None]
    best_market: tuple[str, int | None]
    low_u6: int | None
    blocks: int
    tried: int | None
    luck: float | None
    other_queue: tuple[str, int | None]
    drawdown: float
    failed: float
    assumed: int


def judge(seen: Evidence, limits: VerdictLimits) -> Judgement:
    """Apply every rule; the strictest failing one decides."""
    rules = (*_trust(seen), *_money(seen, limits), *_amount(seen, limits), *_endurance(seen, limits))
    for answer in (Answer.NO, Answer.PAPER):
        binding = next((rule.name for rule in rules if not rule.passed and rule.failing is answer), "")
        if binding:
            return Judgement(answer, binding, rules)
    return Judgement(Answer.DEPLOY, "", rules)


def _trust(seen: Evidence) -> list[Rule]:
    return [
        Rule("accounts", not seen.broken, Answer.NO, None, None, "-", seen.broken),
        Rule("backed", seen.backed, Answer.PAPER, None, None, "-"),
        Rule("believable", not seen.guards, Answer.NO, None, None, "-", seen.guards),
        Rule("data", seen.data_ok is True, Answer.PAPER if seen.data_ok is None else Answer.NO, None, None, "-"),
        Rule("recorded", seen.constructed is False, Answer.PAPER, None, None, "-"),
        Rule("facts", seen.assumed == 0, Answer.PAPER, seen.assumed, 0, "count"),
    ]


def _money(seen: Evidence, limits: VerdictLimits) -> list[Rule]:
    return [
        _above("profit", seen.net_u6, Answer.NO),
        _above("profit_confirmed", seen.confirmed_u6, Answer.PAPER),
        Rule(
            "drawdown", seen.drawdown <= limits.max_drawdown, Answer.NO, seen.drawdown, limits.max_drawdown, "fraction"
        ),
        Rule("settlement", seen.failed <= limits.max_failed, Answer.PAPER, seen.failed, limits.max_failed, "fraction"),
    ]


def _amount(seen: Evidence, limits: VerdictLimits) -> list[Rule]:
    pairs = (
        ("days", seen.days, limits.min_days),
        ("fills", seen.fills, limits.min_fills),
        ("markets", seen.markets, limits.min_markets),
    )
    return [Rule(name, number >= least, Answer.PAPER, number, least, "count") for name, number, least in pairs]


def _endurance(seen: Evidence, limits: VerdictLimits) -> list[Rule]:
    return [
        _above("best_day", seen.best_day[1], Answer.PAPER, seen.best_day[0]),
        _above("best_market", seen.best_market[1], Answer.PAPER, seen.best_market[0]),
        _above("bootstrap", seen.low_u6, Answer.PAPER, f"{100 * limits.confidence:g} %"),
        *_tries(seen, limits),
        _above("other_queue", seen.other_queue[1], Answer.PAPER, seen.other_queue[0]),
    ]


def _tries(seen: Evidence, limits: VerdictLimits) -> list[Rule]:
    """Return the rule on luck; there is none where nobody counted what was tried."""
    if seen.tried is None:
        return []
    limit = 1 - limits.confidence
    passed = seen.luck is not None and seen.luck <= limit
    return [Rule("tries", passed, Answer.PAPER, seen.luck, limit, "fraction", f"{seen.tried:,}")]


def _above(name: str, amount_u6: int | None, failing: Answer, detail: str = "") -> Rule:
    return Rule(name, amount_u6 is not None and amount_u6 > 0, failing, amount_u6, 0, "u6 pUSD", detail)


def worst_other_queue(runs: Sequence[tuple[str, int | None]]) -> tuple[str, int | None]:
    """Return label and PnL of the worst run under another queue rule; a run without a PnL is the worst of all."""
    return min(runs, key=lambda run: (run[1] is not None, run[1] or 0), default=("", None))
