"""Asking a strategy that is Python: what it is shown is laid out in arrays, then Python is called; see ``asker``."""

from numba import int64, void

from polydesk.desk.loop.account import place_of
from polydesk.desk.loop.cancels import left_u6, row_of
from polydesk.desk.loop.columns import (
    OWN_COLUMNS,
    UNANSWERED,
    Facts,
    Feature,
    Kind,
    Now,
    Order,
    Pos,
    Shown,
    ShownFloat,
    Slot,
    State,
    Total,
    Why,
)
from polydesk.desk.loop.day import size_factor, value
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.callback import call_address
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, Books, Fact
from polydesk.model.errors import Unanswered


@kernel(void(LOOP, int64, int64))
def _show_held(loop: Loop, place: int, column: int) -> None:
    position = loop.position[0, place]
    loop.shown[column] = position[Pos.SHARES_U6]
    loop.shown[column + 1] = position[Pos.COST_U6]
    loop.shown[column + 2] = position[Pos.HELD_FEES_U6]
    loop.shown[column + 3] = position[Pos.OPENED_NS]


@kernel(void(LOOP, int64, int64))
def _show_orders(loop: Loop, strategy: int, market: int) -> None:
    count = 0
    for index in range(loop.market[market, Facts.LIVE]):
        row = row_of(loop, loop.live[market, index])
        order = loop.order[row]
        if order[Order.STRATEGY] == strategy:
            at = count * OWN_COLUMNS
            loop.own[at] = order[Order.TOKEN]
            loop.own[at + 1] = order[Order.SIDE]
            loop.own[at + 2] = order[Order.PRICE_G4]
            loop.own[at + 3] = left_u6(loop, row)
            loop.own[at + 4] = order[Order.STATE] in (State.CANCELLING, State.UNKNOWN)
            count += 1
    loop.shown[Shown.ORDERS] = count


@kernel(void(LOOP, BOOKS, int64, int64), inline=False)
def _show(loop: Loop, books: Books, strategy: int, market: int) -> None:
    shown, floats, total = loop.shown, loop.shown_float, loop.total[0]
    shown[Shown.SEQ] = loop.now[Now.SEQ]
    shown[Shown.TS_NS] = loop.now[Now.NOW_NS]
    shown[Shown.BID_G4] = books.touch[market, 0]
    shown[Shown.ASK_G4] = books.touch[market, 1]
    shown[Shown.TICK_G4] = books.last[market, Fact.TICK]
    shown[Shown.SEEN_NS] = loop.market[market, Facts.SEEN_NS]
    shown[Shown.SAMPLES] = loop.market[market, Facts.SAMPLES]
    shown[Shown.EQUITY_U6] = total[Total.CASH_U6] + total[Total.COST_U6]
    shown[Shown.WORD] = loop.slot[strategy, market, Slot.WORD]
    _show_held(loop, place_of(loop, strategy, market, 0), Shown.SHARES_0_U6)
    _show_held(loop, place_of(loop, strategy, market, 1), Shown.SHARES_1_U6)
    _show_orders(loop, strategy, market)
    floats[ShownFloat.MID] = loop.feature[market, Feature.MID]
    floats[ShownFloat.VARIANCE_PER_S] = loop.feature[market, Feature.VARIANCE_PER_S]
    floats[ShownFloat.AGE_S] = loop.feature[market, Feature.AGE_S]
    floats[ShownFloat.SIZE_FACTOR] = size_factor(loop)


@kernel(int64(LOOP, int64, int64, int64, int64), inline=False)
def _call(loop: Loop, kind: int, strategy: int, market: int, argument: int) -> int:
    loop.now[Now.ANSWER] = UNANSWERED
    call_address(loop.now[Now.ASK], kind, strategy, market, argument)
    answer: int = loop.now[Now.ANSWER]
    if answer == UNANSWERED:
        raise Unanswered("a call from the compiled loop into Python was cut off")
    return answer


@kernel(int64(LOOP, BOOKS, int64, int64, int64, int64), inline=False)
def ask(loop: Loop, books: Books, kind: int, strategy: int, market: int, argument: int) -> int:
    """Ask a strategy that is Python; see ``Kind`` for questions and answers.

    Raises:
        Unanswered: Python could not answer; the driver raises what it met.
    """
    _show(loop, books, strategy, market)
    return int(_call(loop, kind, strategy, market, argument))


@kernel(int64(LOOP, BOOKS, int64), inline=False)
def ask_entry(loop: Loop, books: Books, market: int) -> int:
    """Ask what the signals of this look come to: the owner's number plus 1, its order in ``targets[0]``, or 0.

    Raises:
        Unanswered: Python could not answer; the driver raises what it met.
    """
    entering = 0
    for index in range(loop.market[market, Facts.LIVE]):
        if loop.order[row_of(loop, loop.live[market, index]), Order.PURPOSE] == Why.ENTRY:
            entering = 1
    loop.now[Now.WORTH_U6] = value(loop, books, 0)
    return int(_call(loop, Kind.ENTER, 0, market, entering))
