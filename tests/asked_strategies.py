"""Strategies in Python for the compiled loop to ask: makers, signallers, one that closes, one that fails."""

import random
from functools import partial

import msgspec

from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Exit, Hold
from polydesk.signals import ExitRules, Quote, Quotes, Signal, Strategy, StrategyParams, Wait
from polydesk.strategies.inventory_maker import InventoryMaker, InventoryMakerParams
from polydesk.strategies.mean_reversion import MeanReversion, MeanReversionParams

SHARE, ONE = 1_000_000, 10_000
REASONS = (Exit.STOP.value, Exit.TARGET.value, "tired", "")


class Count(msgspec.Struct):
    """How often it was asked, and one sum over everything it was shown."""

    asked: int = 0
    seen: int = 0


class Asked(Strategy[StrategyParams, Count]):
    """What they share: everything shown goes into the memory, so that views are compared too."""

    name = "asked"
    state_type = Count

    def __init__(self, params, name):
        super().__init__(params)
        self.name = name

    def look(self, view, state):
        state.asked += 1
        shown = (
            view.ts_ns, view.market.index, view.bid_g4, view.ask_g4, view.tick_g4, view.equity_u6, view.size_factor,
            *(getattr(view.features, name) for name in view.features.__struct_fields__),
            *(getattr(held, name) for held in view.held for name in held.__struct_fields__),
            *(getattr(order, name) for order in view.orders for name in order.__struct_fields__),
            *view.levels(0, Side.BUY, 2), *view.levels(1, Side.SELL, 3),
        )  # fmt: skip
        state.seen = hash((state.seen, shown))


class Touch(Asked):
    """Joins the touch: bids for both tokens, and offers what it holds instead."""

    def decide(self, view, state):
        self.look(view, state)
        if not view.two_sided or view.crossed:
            return Wait(Hold.ONE_SIDED)
        quotes = []
        # The ask of the one book first: the order in which quotes are given must not matter.
        for token in (1, 0):
            bid, _ = view.touch(token)
            held = view.held[1 - token].shares_u6
            if held >= view.market.min_size_u6.value:
                _, other = view.touch(1 - token)
                quotes.append(Quote(1 - token, Side.SELL, other, held - held % 10_000, (Term("ask", other / ONE),)))
            elif state.asked % 7:
                lean = state.asked % 3 * view.tick_g4
                price = bid - lean
                why = (Term("bid", bid / ONE), Term("lean", -lean / ONE))
                quotes.append(Quote(token, Side.BUY, price, (5 + state.asked % 4) * SHARE, why))
        return Quotes(tuple(quotes))


class Closer(Touch):
    """The same with exits of its own, for reasons of its own."""

    def closes(self, view, state, token):
        self.look(view, state)
        return REASONS[(state.asked + token) % len(REASONS)]


class Signaller(Asked):
    """Signals for the token that its dice like, so that votes of several agree and disagree."""

    def decide(self, view, state):
        self.look(view, state)
        if not view.two_sided or view.crossed:
            return Wait(Hold.CROSSED)
        dice = random.Random(f"{self.name}/{state.asked}/{view.market.index}")
        if dice.random() < 0.3:
            return Wait(Hold.SMALL_DEVIATION, (Term("roll", dice.random(), "1"),))
        edge = dice.random() * 0.2
        return Signal(
            dice.randrange(2), dice.random(), edge, dice.random(), (Term("edge", edge),), exclusive=dice.random() < 0.05
        )


class Faulty(Touch):
    """Raises now and then, and answers what nobody can act on."""

    def decide(self, view, state):
        answer = super().decide(view, state)
        if state.asked % 97 == 50:
            raise ZeroDivisionError("no depth")
        if state.asked == 1:
            return None
        if state.asked % 97 == 70:
            return Quotes((*answer.quotes, Quote(2, Side.BUY, 100, SHARE, ()))) if isinstance(answer, Quotes) else None
        return answer

    def closes(self, view, state, token):
        state.asked += 1
        if state.asked % 13 == 5:
            raise KeyError(token)
        return 7 if state.asked % 13 == 9 else ""


class OtherMaker(InventoryMaker):
    """The compiled maker with a decision of its own on top: it must be asked, whatever number it inherits."""

    name = "other_maker"

    def decide(self, view, state):
        answer = super().decide(view, state)
        return Wait(Hold.SPREAD) if view.ts_ns // 1_000_000_000 % 5 == 0 else answer


QUICK = {"warm_up_s": 1, "half_spread": 0.005, "max_spread": 0.2, "widening": 0.1}
EAGER = {"warm_up_s": 1, "half_life_s": 20, "min_deviation": 0.02, "min_confidence": 0.0, "sensitivity": 0.1}


def some_strategies(dice):
    """Return makers of strategies by name, in a drawn order: Python ones, among them sometimes a compiled one."""

    def rules():
        pick = dice.choice
        return ExitRules(
            max_hold_s=pick([0, 3, 20]), stop_loss=pick([0, 0.01, 0.05]), take_profit=pick([0, 0.02]),
            before_end_s=pick([0, 30]), slippage=pick([0, 0.02]),
        )  # fmt: skip

    def made(kind, name):
        return partial(kind, StrategyParams(exits=rules()), name)

    known = {
        "touch": made(Touch, "touch"),
        "closer": made(Closer, "closer"),
        "faulty": made(Faulty, "faulty"),
        "yes": made(Signaller, "yes"),
        "no": made(Signaller, "no"),
        "maybe": made(Signaller, "maybe"),
        "mean_reversion": partial(MeanReversion, MeanReversionParams(**EAGER)),
        "inventory_maker": partial(InventoryMaker, InventoryMakerParams(**QUICK)),
        "other_maker": partial(OtherMaker, InventoryMakerParams(**QUICK)),
    }
    names = dice.sample(sorted(known), dice.choice([1, 1, 2, 3, 5]))
    return {name: known[name] for name in names}
