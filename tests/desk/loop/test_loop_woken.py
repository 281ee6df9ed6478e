"""When a strategy is asked, and what it is shown of a fill then; docs/adding-a-strategy.md says it in words."""

import msgspec
import pytest

from loop_bench import compare
from made import T0, market, to_rows
from polydesk.desk import DeskConfig
from polydesk.exchange import ExchangeConfig
from polydesk.model.orders import Side, Term
from polydesk.model.reasons import Hold
from polydesk.model.rows import RowKind
from polydesk.signals import ExitRules, Quote, Quotes, Strategy, StrategyParams, Wait
from polydesk.tape import TapeWriter, open_tape

MS, SHARE = 10**6, 10**6
CHANGE, PRINT, TICK = RowKind.CHANGE, RowKind.PRINT, RowKind.TICK
BID = Quotes((Quote(0, Side.BUY, 4800, 10 * SHARE, (Term("bid", 0.48),)),))


class Diary(Strategy[StrategyParams, msgspec.Struct]):
    """Bids at 0.48 until it holds something, and writes down what it is shown."""

    name = "diary"
    state_type = msgspec.defstruct("Nothing", [])

    def __init__(self, pages):
        super().__init__(StrategyParams(exits=ExitRules(max_hold_s=0, before_end_s=0)))
        self.pages = pages

    def decide(self, view, state):
        orders = [order.left_u6 // SHARE for order in view.orders]
        ms, touch = (view.ts_ns - T0) // MS, (view.bid_g4, view.ask_g4)
        self.pages.append((ms, touch, view.held[0].shares_u6 // SHARE, orders))
        return Wait(Hold.SMALL_DEVIATION) if view.held[0].shares_u6 else BID


BEFORE = (
    (0, (CHANGE, 1, 4800, 50), (CHANGE, 1, 4700, 50), (CHANGE, -1, 5000, 50)),
    (1000, (CHANGE, 1, 4700, 70)),  # behind the touch
    (2000, (CHANGE, -1, 5000, 20)),  # the touch's size, not its price
    (3000, (CHANGE, -1, 4900, 5), (CHANGE, -1, 4900, 0)),  # there and back within one message
    (4000, (PRINT, -1, 4800, 1)),  # a print that moves no price and does not get through the queue
)
PRINTED = (5000, (PRINT, -1, 4700, 20), (CHANGE, 1, 4800, 0))
CROSSED = (5000, (CHANGE, 1, 4800, 0), (CHANGE, -1, 4750, 20))
AFTER = (
    (6000, (CHANGE, 1, 4800, 5), (CHANGE, -1, 4750, 0)),  # there and back in two messages
    (7000, (CHANGE, 1, 4800, 0)),
    (8000, (TICK, 0, 10, 0)),  # the same prices on another grid
    (9000, (CHANGE, 1, 4700, 80)),
)
FIRST, LOWER, LOW = (4800, 5000), (4700, 5000), (4700, 4750)


def told(folder, *messages):
    rows = [
        (T0 + ms * MS, 0, kind, side, price, size * SHARE, int(place + 1 == len(message)))
        for ms, *message in messages
        for place, (kind, side, price, size) in enumerate(message)
    ]
    found = to_rows(rows)
    ticks = found["kind"] == TICK
    found["aux"][ticks], found["price_g4"][ticks] = 10, 0
    with TapeWriter(folder, "venue", constructed=True) as writer:
        writer.append(found)
        writer.finish([market()], [], ())
    return open_tape(folder)


@pytest.mark.parametrize(
    ("message", "answer_ms", "during"),
    [
        # The message that fills the bid moves the touch: that is shown first, with the bid as if it still stood, and
        # the fill once the venue's answer is there.
        (PRINTED, 25, [(5000, LOWER, 0, [10]), (5025, LOWER, 10, [])]),
        (CROSSED, 25, [(5000, LOW, 0, [10]), (5025, LOW, 10, [])]),
        # So it is with an answer that takes no time where the book has to be whole before it fills.
        (CROSSED, 0, [(5000, LOW, 0, [10]), (5000, LOW, 10, [])]),
        # A print fills before the rest of its message moves the touch.
        (PRINTED, 0, [(5000, FIRST, 10, []), (5000, LOWER, 10, [])]),
    ],
)
def test_a_strategy_is_asked_when_the_touch_ends_elsewhere_and_when_it_hears_of_a_fill(
    message, answer_ms, during, tmp_path
):
    pages = []

    def diary():
        pages.append([])
        return Diary(pages[-1])

    exchange = ExchangeConfig(order_latency_ms=10, answer_latency_ms=answer_ms, jitter=0, confirm_s=100)
    tape = told(tmp_path / "t", *BEFORE, message, *AFTER)
    compare(tape, DeskConfig(), exchange, strategies={"diary": diary})
    interpreted, compiled = pages
    assert compiled == interpreted
    after = [(6000, FIRST, 10, []), (7000, LOWER, 10, []), (8000, LOWER, 10, [])]
    assert interpreted == [(0, FIRST, 0, []), *during, *after]
