"""The account: two columns over arrays, ``portfolio.account`` with a memory that stays flat.

Only fills that are not final are kept. The released ones live on in the column of what is final but never paid out;
a failed fill is taken back by starting from there and booking the pending ones again.
"""

from numba import int64, void

from polydesk.desk.loop.booking import make, settle, take_back, trade
from polydesk.desk.loop.columns import Column, Facts, Link, Now, Pend, PendState, Pos
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.jit import kernel

_MATCHED, _CONFIRMED, _FINAL = int(Column.MATCHED), int(Column.CONFIRMED), int(Column.FINAL)


@kernel(int64(LOOP, int64, int64, int64))
def place_of(loop: Loop, strategy: int, market: int, token: int) -> int:
    """Return the place of a position."""
    place: int = (strategy * loop.market.shape[0] + market) * 2 + token
    return place


@kernel(int64(LOOP, int64))
def market_of(loop: Loop, place: int) -> int:
    """Return the market of a position."""
    market: int = (place // 2) % loop.market.shape[0]
    return market


@kernel(int64(LOOP, int64))
def strategy_of(loop: Loop, place: int) -> int:
    """Return the strategy of a position."""
    strategy: int = (place // 2) // loop.market.shape[0]
    return strategy


@kernel(void(LOOP, int64, int64), inline=False)
def _pay_if_resolved(loop: Loop, column: int, place: int) -> None:
    market = market_of(loop, place)
    if loop.market[market, Facts.SETTLED]:
        token = place % 2
        settle(loop, column, place, market * 2 + token, loop.market[market, Facts.PAYOUT_0_G4 + token])


@kernel(void(LOOP, int64, int64, int64))
def _book(loop: Loop, column: int, place: int, row: int) -> None:
    entry = loop.pending[row]
    trade(
        loop, column, place, entry[Pend.SIDE], entry[Pend.PRICE_G4], entry[Pend.SIZE_U6], entry[Pend.FEE_U6],
        entry[Pend.TS_NS],
    )  # fmt: skip


@kernel(void(LOOP, int64, int64, int64, int64, int64, int64, int64))
def book_fill(loop: Loop, fill: int, place: int, side: int, price: int, size: int, fee: int, ts_ns: int) -> None:
    """Book a reported fill in the matched column and keep it until it is final; its row must be free."""
    row = fill & (loop.pending.shape[0] - 1)
    entry = loop.pending[row]
    entry[Pend.FILL] = fill
    entry[Pend.POSITION] = place
    entry[Pend.SIDE] = side
    entry[Pend.PRICE_G4] = price
    entry[Pend.SIZE_U6] = size
    entry[Pend.FEE_U6] = fee
    entry[Pend.TS_NS] = ts_ns
    entry[Pend.STATE] = PendState.OPEN
    entry[Pend.NEXT] = 0
    last = loop.link[place, Link.TAIL]
    if last:
        loop.pending[last & (loop.pending.shape[0] - 1), Pend.NEXT] = fill
    else:
        loop.link[place, Link.HEAD] = fill
    loop.link[place, Link.TAIL] = fill
    loop.now[Now.PENDING] += 1
    make(loop, _MATCHED, place)
    _book(loop, _MATCHED, place, row)
    _pay_if_resolved(loop, _MATCHED, place)


@kernel(void(LOOP, int64), inline=False)
def _replay_matched(loop: Loop, place: int) -> None:
    take_back(loop, place, market_of(loop, place) * 2 + place % 2)
    fill = loop.link[place, Link.HEAD]
    while fill:
        row = fill & (loop.pending.shape[0] - 1)
        if loop.pending[row, Pend.STATE] != PendState.FAILED:
            _book(loop, _MATCHED, place, row)
        fill = loop.pending[row, Pend.NEXT]
    _pay_if_resolved(loop, _MATCHED, place)


@kernel(void(LOOP, int64))
def _release(loop: Loop, place: int) -> None:
    # Fills of one position become final in order of matching, so the confirmed column never sells what it lacks.
    fill = loop.link[place, Link.HEAD]
    while fill:
        row = fill & (loop.pending.shape[0] - 1)
        entry = loop.pending[row]
        if entry[Pend.STATE] == PendState.OPEN:
            break
        if entry[Pend.STATE] == PendState.CONFIRMED:
            make(loop, _CONFIRMED, place)
            _book(loop, _FINAL, place, row)
            _book(loop, _CONFIRMED, place, row)
            _pay_if_resolved(loop, _CONFIRMED, place)
        fill = entry[Pend.NEXT]
        entry[Pend.FILL] = 0
    loop.link[place, Link.HEAD] = fill
    if not fill:
        loop.link[place, Link.TAIL] = 0


@kernel(int64(LOOP, int64, int64))
def book_status(loop: Loop, fill: int, confirmed: int) -> int:
    """Make a fill final or take it back; return its position, or -1 when it was final already."""
    row = fill & (loop.pending.shape[0] - 1)
    entry = loop.pending[row]
    if entry[Pend.FILL] != fill or entry[Pend.STATE] != PendState.OPEN:
        return -1
    place = int(entry[Pend.POSITION])
    entry[Pend.STATE] = PendState.CONFIRMED if confirmed else PendState.FAILED
    loop.now[Now.PENDING] -= 1
    if not confirmed:
        loop.link[place, Link.FAILED] = 1
        _replay_matched(loop, place)
    _release(loop, place)
    return place


@kernel(void(LOOP, int64, int64, int64), inline=False)
def book_settled(loop: Loop, market: int, payout_0: int, payout_1: int) -> None:
    """Pay out a resolved market in both columns, positions of a token in the order in which they came to be."""
    loop.market[market, Facts.SETTLED] = 1
    loop.market[market, Facts.PAYOUT_0_G4] = payout_0
    loop.market[market, Facts.PAYOUT_1_G4] = payout_1
    for column in range(2):
        for token in range(2):
            done = 0
            while True:
                next_place = -1
                made = 0
                for strategy in range(loop.slot.shape[0]):
                    place = place_of(loop, strategy, market, token)
                    one = loop.position[column, place, Pos.MADE]
                    if one > done and (next_place < 0 or one < made):
                        next_place = place
                        made = one
                if next_place < 0:
                    break
                settle(loop, column, next_place, market * 2 + token, payout_0 if token == 0 else payout_1)
                done = made
