"""Writing decisions down: once, and again only when a strategy changes its mind."""

from polydesk.desk.state import Desk
from polydesk.model.orders import Term
from polydesk.model.reasons import Hold
from polydesk.model.records import Decision
from polydesk.signals import Answer, Quotes, Signal

_BUYS = ("buy/0", "buy/1")
_HOLDS = {reason: f"hold/{reason}" for reason in Hold}


def say(desk: Desk, name: str, market: int, answer: Answer) -> None:
    """Write down an answer unless it repeats the strategy's last word on this market."""
    if isinstance(answer, Quotes):
        said = "quote"
    elif isinstance(answer, Signal):
        said = _BUYS[answer.token]
    else:
        said = _HOLDS[answer.reason]
    key = f"{name}/{market}"
    if desk.state.last_word.get(key) != said:
        desk.state.last_word[key] = said
        _append(desk, name, market, *_facts(answer))


def _facts(answer: Answer) -> tuple[str, str, int, float, float, int, tuple[Term, ...]]:
    if isinstance(answer, Signal):
        return "buy", "", answer.token, answer.confidence, answer.edge, 0, answer.why
    if isinstance(answer, Quotes):
        return "quote", "", -1, 0.0, 0.0, 0, ()
    return "hold", answer.reason.value, -1, 0.0, 0.0, 0, answer.why


def write(
    desk: Desk, name: str, market: int, action: str, reason: str, token: int, confidence: float, edge: float,
    size_u6: int, why: tuple[Term, ...],
) -> None:  # fmt: skip
    """Write down a decision that leads to an order, whatever was said before."""
    desk.state.last_word[f"{name}/{market}"] = f"{action}/{token}/{reason}"
    _append(desk, name, market, action, reason, token, confidence, edge, size_u6, why)


def _append(
    desk: Desk, name: str, market: int, action: str, reason: str, token: int, confidence: float, edge: float,
    size_u6: int, why: tuple[Term, ...],
) -> None:  # fmt: skip
    state = desk.state
    desk.out.append(
        Decision(state.seq, state.now_ns, name, market, action, reason, token, confidence, edge, size_u6, why)
    )
