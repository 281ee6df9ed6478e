"""The contract of compiled strategies: arrays in, at most two target quotes out.

A compiled strategy is one function over scalars and arrays. The interpreted desk calls it through ``Strategy.decide``,
the compiled loop calls it directly, so both get the same numbers. This file names the columns; nothing here needs the
compiler, because a configuration is read without it.

``decide(params, sight, feel, ladder, memory, targets, terms) -> int`` with

- ``params``: float64, shape (P,), what ``packed`` of the strategy returns;
- ``sight``: int64, columns ``Sight``;
- ``feel``: float64, columns ``Feel``;
- ``ladder``: int64, shape (2, depth, 2): bids and asks of token 0, best first, columns price (grid) and size
  (micro-shares), zeros where there are fewer levels;
- ``memory``: int64, shape (``MEMORY``,), one number per field of the strategy's ``state_type``; changed in place;
- ``targets``: int64, shape (2, 4): the quote wanted on the bid and on the ask side of the market's one book, columns
  ``Target``; ``SIZE_U6`` 0 wants none;
- ``terms``: float64, shape (2, ``TERMS``): per target the numbers that add up to its price in the book of token 0.

It returns ``QUOTES``, or ``hold_number`` of the reason why it wants nothing.
"""

from enum import IntEnum
from typing import ClassVar, Protocol, runtime_checkable

from polydesk.model.orders import Term
from polydesk.model.reasons import Hold

MEMORY = 6
"""Most numbers a compiled strategy remembers per market."""
TERMS = 8
"""Most terms of one quote, the mirror's ``one`` not counted."""
QUOTES = 0
"""Answer of a compiled strategy that filled in its targets."""

HOLDS = tuple(Hold)


class Sight(IntEnum):
    """Columns of ``sight``: what is seen of one market, whole numbers."""

    TS_NS = 0
    BID_G4 = 1
    """Best bid of token 0; 0 when there is none."""
    ASK_G4 = 2
    """Best ask of token 0; 10 000 when there is none."""
    TICK_G4 = 3
    MIN_SIZE_U6 = 4
    END_NS = 5
    """The market's scheduled end; ``FAR_NS`` when none is known."""
    HELD_0_U6 = 6
    """Micro-shares of token 0 the strategy holds; less than a lot counts as nothing."""
    HELD_1_U6 = 7
    EQUITY_U6 = 8
    """Cash and positions at cost."""


class Feel(IntEnum):
    """Columns of ``feel``: statistics, floats."""

    SIZE_FACTOR = 0
    """Below 1 while the desk recovers from a daily loss."""
    VARIANCE_PER_S = 1
    """Of the mid, price units squared per second."""
    AGE_S = 2
    """Seconds of history behind the variance."""


class Target(IntEnum):
    """Columns of ``targets``."""

    TOKEN = 0
    SIDE = 1
    """1 buys, -1 sells that token."""
    PRICE_G4 = 2
    """At the token's price."""
    SIZE_U6 = 3


@runtime_checkable
class Compiled(Protocol):
    """What a strategy declares beside ``decide`` so that the compiled loop can run it.

    Attributes:
        name: Unique name.
        number: Its place in ``strategies.compiled.decide``.
        terms: Names of the terms of a quote, in the order in which they are written; they may depend on its
            parameters.
    """

    name: ClassVar[str]
    number: ClassVar[int]
    terms: tuple[str, ...]

    @property
    def depth(self) -> int:
        """Levels per side it looks at."""

    def packed(self) -> list[float]:
        """Return its parameters as ``decide`` reads them."""


def hold_number(reason: Hold) -> int:
    """Return what a compiled strategy answers when it holds for this reason; above 0."""
    return HOLDS.index(reason) + 1


def hold_of(number: int) -> Hold:
    """Return the reason behind a compiled answer other than ``QUOTES``."""
    return HOLDS[number - 1]


def quote_terms(names: tuple[str, ...], values: list[float], token: int) -> tuple[Term, ...]:
    """Return a quote's terms at its own token's price; on token 1 the mirror: one, less each term."""
    if token == 0:
        return tuple(Term(name, value) for name, value in zip(names, values, strict=True))
    mirrored = (Term(name, -value) for name, value in zip(names, values, strict=True))
    return (Term("one", 1.0), *mirrored)
