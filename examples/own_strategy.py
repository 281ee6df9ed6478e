"""A strategy of your own, backtested on the bundled recordings without touching the package.

The strategy buys the favourite: the token whose bid is above a threshold. To keep it, move the class to
``src/polydesk/strategies/`` and name it there (docs/adding-a-strategy.md): that gives it a configuration section and
flags. Here it takes the place of ``mean_reversion`` in one desk only.
"""

import tempfile
from pathlib import Path

import msgspec

from polydesk.desk import Woken, step
from polydesk.kernel import WakeBit, advance
from polydesk.model.orders import Term
from polydesk.model.params import param
from polydesk.model.reasons import Hold
from polydesk.model.records import OrderSent
from polydesk.run.machine import new_machine
from polydesk.run.settings import load_settings
from polydesk.signals import Signal, Strategy, StrategyParams, View, Wait
from polydesk.tape import ensure_sample


class FavouriteParams(StrategyParams):
    """Parameters of the favourite."""

    above: float = param(0.70, "price", "buy the token whose bid is above this", low=0.5, high=1)
    worth: float = param(0.05, "price", "what it is taken to be worth beyond its mid", low=0, high=1)


class Memory(msgspec.Struct):
    """Nothing to remember."""


class Favourite(Strategy[FavouriteParams, Memory]):
    """Buy what is likely."""

    name = "mean_reversion"
    state_type = Memory

    def decide(self, view: View, state: Memory) -> Signal | Wait:
        """Compare both bids with the threshold."""
        if not view.two_sided or view.crossed:
            return Wait(Hold.ONE_SIDED)
        for token in (0, 1):
            bid, _ = view.touch(token)
            if bid / 10_000 > self.params.above:
                return Signal(token, 0.5, self.params.worth, 0.5, (Term("worth", self.params.worth),))
        return Wait(Hold.SMALL_DEVIATION)


def main(folder: Path) -> int:
    """Return how many entries the favourite would have sent in the first 100 000 rows."""
    settings = load_settings(None, {}, ["desk.strategies.inventory_maker.enabled=false"]).settings
    tape = ensure_sample(folder)
    machine = new_machine(tape.manifest, settings.desk, settings.exchange, seed=0)
    machine.desk.strategies["mean_reversion"] = Favourite(FavouriteParams())
    sent = 0
    for rows in tape.batches(stop=100_000):
        index = 0
        while index < len(rows):
            index = advance(machine.books, machine.own, machine.fills, machine.wake, rows, index, len(rows), 1 << 62)
            market, reasons = int(machine.wake.out[0]), int(machine.wake.out[1]) & ~WakeBit.OWN
            if market >= 0 and reasons:
                last = rows[index - 1]
                outputs = step(machine.desk, Woken(int(last["seq"]), int(last["ts_ns"]), market, reasons))
                sent += sum(isinstance(output, OrderSent) for output in outputs)
    return sent


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(f"{main(Path(name))} entries")
