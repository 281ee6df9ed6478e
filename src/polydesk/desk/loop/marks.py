"""Sentinels and marks: identities after every event, and the portfolio at the bid once per interval."""

from numba import int64, void

from polydesk.desk.loop.cancels import cancel_all
from polydesk.desk.loop.columns import Limit, Link, Now, Pos, Total
from polydesk.desk.loop.day import judge_day_by, value
from polydesk.desk.loop.emit import emit, emit_mark
from polydesk.desk.loop.outputs import CancelCause, Out, Row, Sentinel
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, Books
from polydesk.kernel.venue_state import VENUE, MarketFact, Tally, Venue

_BODY = int(Row.BODY)


@kernel(void(LOOP, VENUE, int64, int64, int64, int64, int64), inline=False)
def broke(loop: Loop, venue: Venue, sentinel: int, one: int, two: int, three: int, four: int) -> None:
    """Stop entries because an identity does not hold; only the first one is told."""
    if loop.now[Now.BROKEN]:
        return
    loop.now[Now.BROKEN] = sentinel
    row = loop.out[emit(loop, Out.SENTINEL)]
    row[_BODY] = sentinel
    row[_BODY + 1] = one
    row[_BODY + 2] = two
    row[_BODY + 3] = three
    row[_BODY + 4] = four
    cancel_all(loop, venue, CancelCause.SENTINEL, 0)


@kernel(void(LOOP, VENUE), inline=False)
def check_identities(loop: Loop, venue: Venue) -> None:
    """Check the running totals of both columns."""
    for column in range(2):
        total = loop.total[column]
        held = total[Total.CASH_U6] + total[Total.COST_U6] + total[Total.FEES_U6] + total[Total.DUST_U6]
        given = total[Total.DEPOSITS_U6] + total[Total.EXTERNAL_U6] + total[Total.REALISED_U6]
        if held != given:
            broke(loop, venue, Sentinel.IDENTITY, column, held, given, 0)
            return


@kernel(void(LOOP, VENUE))
def _check_totals(loop: Loop, venue: Venue) -> None:
    for column in range(2):
        cost = fees = dust = realised = 0
        short = -1
        for index in range(loop.now[Now.POSITIONS]):
            place = loop.made[index]
            position = loop.position[column, place]
            cost += position[Pos.COST_U6]
            fees += position[Pos.FEES_U6]
            dust += position[Pos.DUST_U6]
            realised += position[Pos.REALISED_U6]
            # Less than nothing is owed only where a purchase failed after its shares were sold.
            if position[Pos.SHARES_U6] < 0 and not loop.link[place, Link.FAILED] and short < 0:
                short = place
        total = loop.total[column]
        if cost != total[Total.COST_U6]:
            broke(loop, venue, Sentinel.SUM, column, 0, total[Total.COST_U6], cost)
        elif fees != total[Total.FEES_U6]:
            broke(loop, venue, Sentinel.SUM, column, 1, total[Total.FEES_U6], fees)
        elif dust != total[Total.DUST_U6]:
            broke(loop, venue, Sentinel.SUM, column, 2, total[Total.DUST_U6], dust)
        elif realised != total[Total.REALISED_U6]:
            broke(loop, venue, Sentinel.SUM, column, 3, total[Total.REALISED_U6], realised)
        elif short >= 0:
            broke(loop, venue, Sentinel.OWED, column, short, loop.position[column, short, Pos.SHARES_U6], 0)


@kernel(void(LOOP, BOOKS, VENUE), inline=False)
def _mark_now(loop: Loop, books: Books, venue: Venue) -> None:
    now = loop.now
    now[Now.MARKED_NS] = now[Now.NOW_NS]
    matched, confirmed = value(loop, books, 0), value(loop, books, 1)
    _check_totals(loop, venue)
    judge_day_by(loop, books, venue, matched)
    emit_mark(loop, matched, confirmed, loop.total[0, Total.COST_U6] + now[Now.RESERVED_U6])
    equity = loop.total[0, Total.CASH_U6] + matched - loop.total[0, Total.EXTERNAL_U6]
    now[Now.PEAK_U6] = max(now[Now.PEAK_U6], equity)
    now[Now.FALL_U6] = max(now[Now.FALL_U6], now[Now.PEAK_U6] - equity)


@kernel(void(LOOP, BOOKS, VENUE, int64))
def mark(loop: Loop, books: Books, venue: Venue, force: int) -> None:
    """Mark the portfolio after money moved, and otherwise at most once per interval; judge the day's loss by it."""
    if force or loop.now[Now.NOW_NS] - loop.now[Now.MARKED_NS] >= loop.limit[Limit.MARK_NS]:
        _mark_now(loop, books, venue)


@kernel(int64(LOOP, VENUE, int64))
def _our_shares(loop: Loop, venue: Venue, token: int) -> int:
    shares = 0
    for strategy in range(loop.slot.shape[0]):
        shares += loop.position[0, strategy * loop.market.shape[0] * 2 + token, Pos.SHARES_U6]
    return shares


@kernel(void(LOOP, BOOKS, VENUE), inline=False)
def compare_balance(loop: Loop, books: Books, venue: Venue) -> None:
    """Compare the account with the venue's, when nothing is on its way."""
    if venue.count[Tally.UNTOLD]:
        return
    loop.now[Now.SEQ] = loop.now[Now.ROW_SEQ]
    head = emit(loop, Out.BALANCE)
    loop.out[head, _BODY] = venue.count[Tally.CASH_U6]
    told = 0
    wrong = -1
    for token in range(2 * loop.market.shape[0]):
        shares = venue.markets[token // 2, MarketFact.SHARES_U6 + token % 2]
        if shares != _our_shares(loop, venue, token) and wrong < 0:
            wrong = token
        if shares and loop.now[Now.TELL]:
            row = loop.out[emit(loop, Out.SHARES)]
            row[_BODY] = token
            row[_BODY + 1] = shares
            told += 1
    loop.out[head, _BODY + 1] = told
    if venue.count[Tally.CASH_U6] != loop.total[0, Total.CASH_U6]:
        broke(loop, venue, Sentinel.BALANCE_CASH, venue.count[Tally.CASH_U6], loop.total[0, Total.CASH_U6], 0, 0)
    elif wrong >= 0:
        theirs = venue.markets[wrong // 2, MarketFact.SHARES_U6 + wrong % 2]
        broke(loop, venue, Sentinel.BALANCE_SHARES, wrong, theirs, _our_shares(loop, venue, wrong), 0)
    else:
        check_identities(loop, venue)
    mark(loop, books, venue, 0)
