"""What a strategy may answer; anything else is an error of the strategy, told in one sentence.

A strategy is somebody's code. What it returns is looked at once, before anybody acts on it, so that both desks refuse
the same things and no number leaves the range that orders and records can hold.
"""

import math
from typing import Any

from polydesk.model.errors import StrategyError
from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Hold
from polydesk.orders.reconcile import Quote
from polydesk.signals.strategy import Answer, Quotes, Signal, Wait

LARGEST_U6 = 1 << 48
"""Micro-shares no quote reaches: 280 million shares. Products with a price stay within 64 bits."""
LARGEST_G4 = 1 << 31
"""Prices beyond are no prices; nearer ones that lie off the grid of a market are refused by risk."""
LARGEST_WHOLE = 1 << 63
"""Whole numbers of a journal have 64 bits; NumPy's numbers have no place in it."""


def checked(answer: object) -> Answer:
    """Return a strategy's answer as it is.

    Raises:
        StrategyError: It is none, or one of its fields cannot be acted on.
    """
    if isinstance(answer, Quotes):
        _check_quotes(answer.quotes)
    elif isinstance(answer, Signal):
        _check_signal(answer)
    elif isinstance(answer, Wait):
        if type(answer.reason) is not Hold:
            raise StrategyError(f"Wait.reason is {answer.reason!r}: give a member of Hold")
        _check_why("Wait", answer.why)
    else:
        raise StrategyError(f"decide returned {_shown(answer)}: return Quotes, Signal or Wait")
    return answer


def checked_exit(reason: Any) -> str:
    """Return why a strategy closes a position, or ``""``.

    Raises:
        StrategyError: It is not text.
    """
    if not _is_text(reason):
        raise StrategyError(f"closes returned {_shown(reason)}: return an exit reason as text, or an empty one")
    return str(reason)


def _check_quotes(quotes: Any) -> None:
    if type(quotes) is not tuple:
        raise StrategyError(f"Quotes.quotes is {_shown(quotes)}: give a tuple of Quote")
    bids = asks = 0
    for quote in quotes:
        if type(quote) is not Quote:
            raise StrategyError(f"Quotes.quotes holds {_shown(quote)}: give a tuple of Quote")
        token, side, price, size = quote.token, quote.side, quote.price_g4, quote.size_u6
        if type(token) is not int or token not in (0, 1):
            raise StrategyError(f"Quote.token is {token!r}: give 0 or 1")
        if type(side) is not Side:
            raise StrategyError(f"Quote.side is {side!r}: give Side.BUY or Side.SELL")
        if type(price) is not int or not -LARGEST_G4 < price < LARGEST_G4:
            raise StrategyError(f"Quote.price_g4 is {price!r}: give a whole number of 1/10000")
        if type(size) is not int or not 0 < size < LARGEST_U6:
            raise StrategyError(f"Quote.size_u6 is {size!r}: give a whole number of micro-shares above 0")
        _check_why("Quote", quote.why)
        if (token == 0) is (side is Side.BUY):
            bids += 1
        else:
            asks += 1
    if bids > 1 or asks > 1:
        raise StrategyError(
            f"Quotes.quotes has {bids} bids and {asks} asks of the market's one book: give at most one of each "
            "(a buy of token 0 and a sale of token 1 are both bids)"
        )


def _check_signal(signal: Signal) -> None:
    if type(signal.token) is not int or signal.token not in (0, 1):
        raise StrategyError(f"Signal.token is {signal.token!r}: give 0 or 1")
    for name in ("confidence", "edge", "size_hint"):
        value = getattr(signal, name)
        if not _is_number(value) or not math.isfinite(value):
            raise StrategyError(f"Signal.{name} is {_shown(value)}: give a finite float")
    _check_why("Signal", signal.why)


def _check_why(of: str, why: Any) -> None:
    if type(why) is not tuple:
        raise StrategyError(f"{of}.why is {_shown(why)}: give a tuple of Term")
    for term in why:
        if type(term) is not Term:
            raise StrategyError(f"{of}.why holds {_shown(term)}: give a tuple of Term")
        if not _is_text(term.name) or not _is_text(term.unit):
            raise StrategyError(f"{of}.why: a Term is named {_shown(term.name)} in {_shown(term.unit)}: give text")
        if not _is_number(term.value):
            raise StrategyError(f"{of}.why: Term {term.name!r} is {_shown(term.value)}: give a float")


def _is_number(value: Any) -> bool:
    """Return whether a journal holds a number as it is: a float, or a whole one of 64 bits."""
    return type(value) is float or (type(value) is int and -LARGEST_WHOLE <= value < LARGEST_WHOLE)


def _is_text(value: Any) -> bool:
    """Return whether a journal holds a text as it is; half of a surrogate pair is none."""
    return isinstance(value, str) and (value.isascii() or value == value.encode("utf-8", "replace").decode())


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {value!a:.60}" if value is not None else "None"
