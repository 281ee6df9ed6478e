"""Closing positions, and when time alone asks for it: ``desk.exits`` over arrays."""

from numba import int64, void

from polydesk.desk.loop.account import market_of, place_of, strategy_of
from polydesk.desk.loop.ask import ask
from polydesk.desk.loop.cancels import cancel, row_of
from polydesk.desk.loop.columns import (
    WORD_EXIT,
    Closing,
    Facts,
    Kind,
    Limit,
    Link,
    Now,
    Order,
    Pos,
    Rule,
    RuleFloat,
    Slot,
    State,
    Why,
)
from polydesk.desk.loop.day import bid_of
from polydesk.desk.loop.emit import emit_decision
from polydesk.desk.loop.outputs import CancelCause
from polydesk.desk.loop.permits import crosses, denial_slot, feed_age_ns, refused_lately, submit_apart
from polydesk.desk.loop.plain import exit_number
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.exact import proceeds
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, Books, Fact
from polydesk.kernel.venue_state import VENUE, Venue
from polydesk.model.grid import FAR_NS, LOT_U6
from polydesk.model.reasons import Exit
from polydesk.signals.compiled import Target
from polydesk.signals.exits import EXITS

_TIME = EXITS.index(Exit.TIME) + 1


@kernel(void(LOOP), inline=False)
def _find_earliest(loop: Loop) -> None:
    earliest = FAR_NS
    for index in range(loop.now[Now.DUES]):
        earliest = min(earliest, loop.link[loop.due[index], Link.DUE_NS])
    loop.now[Now.DUE_NS] = earliest


@kernel(void(LOOP, int64, int64), inline=False)
def set_due(loop: Loop, place: int, when_ns: int) -> None:
    """Ask for a timer for a position; a changed time keeps the position's rank among those of the same time."""
    link = loop.link[place]
    if link[Link.DUE_PLACE] < 0:
        count = int(loop.now[Now.DUES])
        loop.due[count] = place
        link[Link.DUE_PLACE] = count
        loop.now[Now.DUES] = count + 1
        loop.now[Now.DUE_RANK] += 1
        link[Link.DUE_RANK] = loop.now[Now.DUE_RANK]
        link[Link.DUE_NS] = FAR_NS
    before = link[Link.DUE_NS]
    link[Link.DUE_NS] = when_ns
    if when_ns < loop.now[Now.DUE_NS]:
        loop.now[Now.DUE_NS] = when_ns
    elif before == loop.now[Now.DUE_NS]:
        _find_earliest(loop)


@kernel(void(LOOP, int64), inline=False)
def clear_due(loop: Loop, place: int) -> None:
    """Ask for no timer any more."""
    at = int(loop.link[place, Link.DUE_PLACE])
    if at < 0:
        return
    last = int(loop.now[Now.DUES]) - 1
    moved = loop.due[last]
    loop.due[at] = moved
    loop.link[moved, Link.DUE_PLACE] = at
    loop.link[place, Link.DUE_PLACE] = -1
    loop.now[Now.DUES] = last
    if loop.link[place, Link.DUE_NS] == loop.now[Now.DUE_NS]:
        _find_earliest(loop)


@kernel(void(LOOP, int64), inline=False)
def note_due(loop: Loop, place: int) -> None:
    """Note when time alone will next close a position."""
    due = FAR_NS
    position = loop.position[0, place]
    if position[Pos.SHARES_U6] >= LOT_U6:
        rule = loop.rule[strategy_of(loop, place)]
        now_ns = loop.now[Now.NOW_NS]
        end = loop.market[market_of(loop, place), Facts.END_NS]
        hold = rule[Rule.MAX_HOLD_NS]
        if hold >= 0 and position[Pos.OPENED_NS] + hold > now_ns:
            due = min(due, position[Pos.OPENED_NS] + hold)
        before = rule[Rule.BEFORE_END_NS]
        if before >= 0 and end != FAR_NS and end - before > now_ns:
            due = min(due, end - before)
    if due == FAR_NS:
        clear_due(loop, place)
    else:
        set_due(loop, place, due)


@kernel(int64(LOOP, BOOKS, int64, int64, int64, int64))
def _why(loop: Loop, books: Books, strategy: int, market: int, place: int, bid: int) -> int:
    # Returns the exit's number, its terms in `terms[0]`.
    position, rule = loop.position[0, place], loop.rule_float[strategy]
    now_ns, end = loop.now[Now.NOW_NS], loop.market[market, Facts.END_NS]
    held_s = (now_ns - position[Pos.OPENED_NS]) / 1e9
    held_cost = position[Pos.COST_U6]
    pnl = proceeds(bid, position[Pos.SHARES_U6]) - held_cost - position[Pos.HELD_FEES_U6]
    gain = pnl / held_cost if held_cost else 0.0
    before = loop.rule[strategy, Rule.BEFORE_END_NS]
    leave = end - before if before >= 0 and end != FAR_NS else FAR_NS
    loop.terms[0, 0] = gain
    loop.terms[0, 1] = held_s
    number = exit_number(
        gain, held_s, now_ns, leave, rule[RuleFloat.STOP_LOSS], rule[RuleFloat.TAKE_PROFIT],
        rule[RuleFloat.MAX_HOLD_S], rule[RuleFloat.MIN_HOLD_S],
    )  # fmt: skip
    book_bid, book_ask = int(books.touch[market, 0]), int(books.touch[market, 1])
    crossed = book_bid > 0 and book_ask < 10_000 and book_bid >= book_ask
    if crossed:
        return number if number == _TIME else 0
    if number == 0 and loop.rule[strategy, Rule.CLOSES]:
        return int(ask(loop, books, Kind.CLOSES, strategy, market, place % 2))
    return int(number)


@kernel(void(LOOP, BOOKS, int64, int64))
def _retry_later(loop: Loop, books: Books, place: int, market: int) -> None:
    # The older the book, the later, so that a long silence costs little.
    age = feed_age_ns(loop, books, market)
    pause = loop.limit[Limit.RETRY_NS]
    if age > loop.limit[Limit.STALE_NS]:
        pause = max(pause, age)
    set_due(loop, place, loop.now[Now.NOW_NS] + pause)


@kernel(int64(LOOP, VENUE, int64, int64, int64, int64, int64))
def _way_is_clear(loop: Loop, venue: Venue, strategy: int, market: int, token: int, price: int, number: int) -> int:
    clear = 1
    for index in range(loop.market[market, Facts.LIVE]):
        row = row_of(loop, loop.live[market, index])
        order = loop.order[row]
        ours = order[Order.STRATEGY] == strategy
        quotes = order[Order.PURPOSE] == Why.QUOTE
        in_the_way = crosses(loop, row, token, -1, price) or (
            ours and (quotes or (order[Order.SIDE] < 0 and order[Order.TOKEN] == token))
        )
        if in_the_way:
            clear = 0
            if quotes and order[Order.STATE] <= State.LIVE:
                cancel(loop, venue, order[Order.NUMBER], CancelCause.EXIT, number)
    return clear


@kernel(void(LOOP, BOOKS, VENUE, int64, int64, int64, int64, int64), inline=False)
def _close(
    loop: Loop, books: Books, venue: Venue, strategy: int, market: int, token: int, number: int, wanted: int
) -> None:
    place = place_of(loop, strategy, market, token)
    tick = books.last[market, Fact.TICK]
    bid = bid_of(loop, books, place)
    up = bid - loop.rule[strategy, Rule.SLIPPAGE_G4]
    price = max(tick, min(up + -up % tick, bid - bid % tick))
    loop.closing[wanted, Closing.STRATEGY] = strategy
    loop.closing[wanted, Closing.TOKEN] = token
    loop.closing[wanted, Closing.PRICE_G4] = price
    _retry_later(loop, books, place, market)
    if not _way_is_clear(loop, venue, strategy, market, token, price, number):
        return
    now_ns = loop.now[Now.NOW_NS]
    if now_ns - loop.link[place, Link.EXIT_NS] < loop.limit[Limit.RETRY_NS]:
        return
    if refused_lately(loop, strategy, market, denial_slot(token, -1, Why.EXIT)):
        return
    shares = loop.position[0, place, Pos.SHARES_U6]
    size = shares - shares % LOT_U6
    loop.slot[strategy, market, Slot.WORD] = WORD_EXIT
    emit_decision(loop, strategy, market, token, -number, size, 2)
    loop.link[place, Link.EXIT_NS] = now_ns
    target = loop.targets[0]
    target[Target.TOKEN] = token
    target[Target.SIDE] = -1
    target[Target.PRICE_G4] = price
    target[Target.SIZE_U6] = size
    submit_apart(loop, books, venue, strategy, market, Why.EXIT, number)


@kernel(int64(LOOP, BOOKS, VENUE, int64, int64, int64))
def close_positions(loop: Loop, books: Books, venue: Venue, strategy: int, market: int, wanted: int) -> int:
    """Close what the rules say is over for one strategy; return how many exits are wanted, ``wanted`` included."""
    for token in range(2):
        place = place_of(loop, strategy, market, token)
        if loop.position[0, place, Pos.SHARES_U6] < LOT_U6:
            continue
        bid = bid_of(loop, books, place)
        if bid <= 0:
            continue
        number = _why(loop, books, strategy, market, place, bid)
        if number:
            _close(loop, books, venue, strategy, market, token, number, wanted)
            wanted += 1
    return wanted
