"""The contract of a strategy: parameters, a state it gets back each time, and one pure decision."""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import msgspec
from pydantic import model_validator

from polydesk.model.orders import Term
from polydesk.model.params import Params, param
from polydesk.model.reasons import Hold
from polydesk.orders.reconcile import Quote
from polydesk.signals.view import View


class Signal(msgspec.Struct, frozen=True, gc=False):
    """A wish to be long one token.

    Attributes:
        token: 0 (up) or 1 (down).
        confidence: 0 to 1.
        edge: Expected value less the token's mid, in price units, before costs.
        size_hint: 0 to 1.
        exclusive: Whether it stands alone, without a vote.
        why: Named terms that add up to ``edge``.
    """

    token: int
    confidence: float
    edge: float
    size_hint: float
    why: tuple[Term, ...]
    exclusive: bool = False


class Quotes(msgspec.Struct, frozen=True, gc=False):
    """Resting orders the strategy wants; an empty tuple withdraws all."""

    quotes: tuple[Quote, ...]


class Wait(msgspec.Struct, frozen=True, gc=False):
    """Nothing to do, with the reason; a quoting strategy that waits withdraws its quotes."""

    reason: Hold
    why: tuple[Term, ...] = ()


Answer = Signal | Quotes | Wait


class ExitRules(Params):
    """When a position of the strategy is closed; each rule is off at 0."""

    max_hold_s: float = param(0.0, "s", "longest time a position is held", low=0, tunable=True)
    stop_loss: float = param(0.0, "fraction", "loss of the position's cost that closes it", low=0, high=1, tunable=True)
    take_profit: float = param(0.0, "fraction", "gain on the position's cost that closes it", low=0, tunable=True)
    min_hold_s: float = param(0.0, "s", "take profit and time do not close a younger position", low=0)
    before_end_s: float = param(0.0, "s", "close this long before the market's end", low=0)
    slippage: float = param(0.02, "price", "how far below the bid a closing order may sell", low=0, high=0.2)

    @model_validator(mode="after")
    def _holding_times_agree(self) -> "ExitRules":
        if self.max_hold_s and self.min_hold_s > self.max_hold_s:
            raise ValueError("min_hold_s must not exceed max_hold_s")
        return self


class StrategyParams(Params):
    """Parameters every strategy has."""

    enabled: bool = param(True, "-", "whether the desk runs the strategy")
    exits: ExitRules = param(ExitRules(), "-", "when positions are closed")


P = TypeVar("P", bound=StrategyParams)
S = TypeVar("S", bound=msgspec.Struct)


class Strategy(ABC, Generic[P, S]):
    """A strategy over one market at a time.

    Attributes:
        name: Unique name, used in configuration, journal and reports.
        state_type: The plain record kept per market between decisions; checkpointed and replayed.
    """

    name: ClassVar[str]
    state_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, params: P) -> None:
        self.params = params

    @abstractmethod
    def decide(self, view: View, state: S) -> Answer:
        """Return what to do now. No clock, no randomness, no input but ``view`` and ``state``."""

    def closes(self, view: View, state: S, token: int) -> str:
        """Return an exit reason when the strategy's own view says that its position in ``token`` is over, or ``""``."""
        return ""
