"""One look at one market: statistics, exits, then every strategy's quotes; ``desk.evaluate`` over arrays."""

from numba import int64, void

from polydesk.desk.loop.account import place_of
from polydesk.desk.loop.ask import ask, ask_entry
from polydesk.desk.loop.cancels import cancel, left_u6, row_of
from polydesk.desk.loop.columns import (
    ASKED,
    SIGNALS,
    WORD_HOLD,
    WORD_QUOTE,
    Closing,
    Facts,
    Feature,
    Kind,
    Limit,
    Now,
    Order,
    Pos,
    Rule,
    Slot,
    State,
    Total,
    Why,
)
from polydesk.desk.loop.day import size_factor
from polydesk.desk.loop.emit import emit_decision
from polydesk.desk.loop.exits import close_positions
from polydesk.desk.loop.outputs import CancelCause
from polydesk.desk.loop.permits import submit, submit_apart
from polydesk.desk.loop.plain import next_variance
from polydesk.desk.loop.state import LOOP, Loop
from polydesk.kernel.bits import next_level
from polydesk.kernel.jit import kernel
from polydesk.kernel.state import BOOKS, Books, Fact, Level
from polydesk.kernel.venue_state import VENUE, Venue
from polydesk.model.grid import LOT_U6, PRICE_ONE_G4
from polydesk.signals.compiled import QUOTES, Feel, Sight, Target
from polydesk.strategies.compiled import decide

_ONE = PRICE_ONE_G4


@kernel(void(LOOP, BOOKS, int64))
def _observe(loop: Loop, books: Books, market: int) -> None:
    bid, ask = int(books.touch[market, 0]), int(books.touch[market, 1])
    if not 0 < bid < ask < _ONE:
        return
    now_ns, mid = loop.now[Now.NOW_NS], (bid + ask) / 20_000
    feature, facts = loop.feature[market], loop.market[market]
    if facts[Facts.SAMPLES]:
        elapsed = (now_ns - facts[Facts.SEEN_NS]) / 1e9
        if elapsed > 0:
            variance, change = feature[Feature.VARIANCE_PER_S], mid - feature[Feature.MID]
            feature[Feature.VARIANCE_PER_S] = next_variance(variance, change, elapsed)
            feature[Feature.AGE_S] += elapsed
            facts[Facts.SEEN_NS] = now_ns
            feature[Feature.MID] = mid
    else:
        facts[Facts.SEEN_NS] = now_ns
        feature[Feature.MID] = mid
    facts[Facts.SAMPLES] += 1


@kernel(void(LOOP, BOOKS, int64, int64))
def _copy_ladder(loop: Loop, books: Books, market: int, half: int) -> None:
    step = 1 if half else -1
    price = int(books.touch[market, half])
    found = 0
    depth = loop.ladder.shape[1]
    while found < depth and 0 < price < _ONE:
        loop.ladder[half, found, 0] = price
        loop.ladder[half, found, 1] = books.level[market, half, price, Level.SIZE]
        found += 1
        price = next_level(books, market, half, price + step)
    for rest in range(found, depth):
        loop.ladder[half, rest, 0] = 0
        loop.ladder[half, rest, 1] = 0


@kernel(void(LOOP, BOOKS, int64))
def _look(loop: Loop, books: Books, market: int) -> None:
    sight, feel, total = loop.sight, loop.feel, loop.total[0]
    sight[Sight.TS_NS] = loop.now[Now.NOW_NS]
    sight[Sight.BID_G4] = books.touch[market, 0]
    sight[Sight.ASK_G4] = books.touch[market, 1]
    sight[Sight.TICK_G4] = books.last[market, Fact.TICK]
    sight[Sight.MIN_SIZE_U6] = loop.market[market, Facts.MIN_SIZE_U6]
    sight[Sight.END_NS] = loop.market[market, Facts.END_NS]
    sight[Sight.EQUITY_U6] = total[Total.CASH_U6] + total[Total.COST_U6]
    feel[Feel.VARIANCE_PER_S] = loop.feature[market, Feature.VARIANCE_PER_S]
    feel[Feel.AGE_S] = loop.feature[market, Feature.AGE_S]
    _copy_ladder(loop, books, market, 0)
    _copy_ladder(loop, books, market, 1)


@kernel(int64(LOOP, int64, int64, int64))
def _held(loop: Loop, strategy: int, market: int, token: int) -> int:
    shares: int = loop.position[0, place_of(loop, strategy, market, token), Pos.SHARES_U6]
    return shares if shares >= LOT_U6 else 0


@kernel(void(LOOP, int64, int64, int64))
def _say(loop: Loop, strategy: int, market: int, answer: int) -> None:
    word = WORD_QUOTE if answer == QUOTES else WORD_HOLD + answer
    if loop.slot[strategy, market, Slot.WORD] != word:
        loop.slot[strategy, market, Slot.WORD] = word
        emit_decision(loop, strategy, market, -1, answer, 0, 0)


@kernel(int64(LOOP, int64, int64))
def _stands_in(loop: Loop, half: int, wanted: int) -> int:
    # Whether a new quote would trade with a wanted exit; half 0 bids in the market's one book.
    token, price = loop.targets[half, Target.TOKEN], loop.targets[half, Target.PRICE_G4]
    if token == 1:
        price = _ONE - price
    for index in range(wanted):
        limit = loop.closing[index, Closing.PRICE_G4]
        exit_token = loop.closing[index, Closing.TOKEN]
        if exit_token == 1:
            limit = _ONE - limit
        # A sale of token 0 stands on the ask side of the one book, a sale of token 1 on the bid side.
        opposite = 1 - exit_token
        if half != opposite and (price >= limit if half == 0 else price <= limit):
            return 1
    return 0


@kernel(int64(LOOP, int64, int64, int64))
def _good(loop: Loop, row: int, half: int, min_size: int) -> int:
    order, target = loop.order[row], loop.targets[half]
    size = target[Target.SIZE_U6]
    if size == 0 or order[Order.TOKEN] != target[Target.TOKEN]:
        return 0
    if abs(order[Order.PRICE_G4] - target[Target.PRICE_G4]) > loop.limit[Limit.TOLERANCE_G4]:
        return 0
    left = left_u6(loop, row)
    return 1 if left <= size and (left >= min_size or left == size) else 0


@kernel(void(LOOP, BOOKS, VENUE, int64, int64))
def _requote(loop: Loop, books: Books, venue: Venue, strategy: int, market: int) -> None:
    targets = loop.targets
    wants = targets[0, Target.SIZE_U6] or targets[1, Target.SIZE_U6]
    cause = CancelCause.REQUOTE if wants else CancelCause.WITHDRAW
    epoch, min_size = books.last[market, Fact.EPOCH], loop.market[market, Facts.MIN_SIZE_U6]
    busy = 0
    for index in range(loop.market[market, Facts.LIVE]):
        row = row_of(loop, loop.live[market, index])
        order = loop.order[row]
        if order[Order.STRATEGY] != strategy or order[Order.PURPOSE] != Why.QUOTE:
            continue
        # A buy of token 0 and a sale of token 1 bid in the market's one book.
        half = 0 if (order[Order.SIDE] > 0) == (order[Order.TOKEN] == 0) else 1
        busy |= 1 << half
        if order[Order.STATE] in (State.CANCELLING, State.UNKNOWN):
            continue
        if order[Order.EPOCH] != epoch or not _good(loop, row, half, min_size):
            cancel(loop, venue, order[Order.NUMBER], cause, 0)
    for half in range(2):
        if targets[half, Target.SIZE_U6] and not busy & (1 << half):
            submit(loop, books, venue, strategy, market, half, Why.QUOTE, 0)


@kernel(int64(LOOP, int64, int64))
def _closing(loop: Loop, strategy: int, wanted: int) -> int:
    # Whether an exit of a strategy is wanted in this look.
    for index in range(wanted):
        if loop.closing[index, Closing.STRATEGY] == strategy:
            return 1
    return 0


@kernel(int64(LOOP, int64, int64))
def _decide(loop: Loop, strategy: int, market: int) -> int:
    loop.sight[Sight.HELD_0_U6] = _held(loop, strategy, market, 0)
    loop.sight[Sight.HELD_1_U6] = _held(loop, strategy, market, 1)
    loop.feel[Feel.SIZE_FACTOR] = size_factor(loop)
    answer: int = decide(
        loop.rule[strategy, Rule.NUMBER], loop.params[strategy], loop.sight, loop.feel, loop.ladder,
        loop.memory[strategy, market], loop.targets, loop.terms,
    )  # fmt: skip
    _say(loop, strategy, market, answer)
    return answer


@kernel(void(LOOP, BOOKS, VENUE, int64))
def evaluate(loop: Loop, books: Books, venue: Venue, market: int) -> None:
    """Ask every strategy about a market and act on the answers; a market that is over is left alone."""
    if loop.market[market, Facts.SETTLED] or loop.now[Now.OVER]:
        return
    _observe(loop, books, market)
    _look(loop, books, market)
    wanted = 0
    for strategy in range(loop.slot.shape[0]):
        wanted = close_positions(loop, books, venue, strategy, market, wanted)
    signals = 0
    for strategy in range(loop.slot.shape[0]):
        closing = _closing(loop, strategy, wanted)
        if loop.rule[strategy, Rule.NUMBER] == ASKED:
            answer = ask(loop, books, Kind.DECIDE, strategy, market, closing)
            signals |= answer == SIGNALS
        else:
            answer = _decide(loop, strategy, market)
        if answer != QUOTES or closing:
            loop.targets[0, Target.SIZE_U6] = loop.targets[1, Target.SIZE_U6] = 0
        for half in range(2):
            if loop.targets[half, Target.SIZE_U6] and _stands_in(loop, half, wanted):
                loop.targets[half, Target.SIZE_U6] = 0
        _requote(loop, books, venue, strategy, market)
    if signals:
        owner = ask_entry(loop, books, market)
        if owner:
            submit_apart(loop, books, venue, owner - 1, market, Why.ENTRY, 0)


@kernel(void(LOOP, BOOKS, VENUE, int64), inline=False)
def evaluate_apart(loop: Loop, books: Books, venue: Venue, market: int) -> None:
    """The same, not inlined: for callers that seldom need it."""
    evaluate(loop, books, venue, market)
