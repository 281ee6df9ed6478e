"""Names of the columns of the loop's arrays."""

from enum import IntEnum


class Now(IntEnum):
    """Columns of ``now``: what changes and exists once."""

    SEQ = 0
    """Last tape row the desk has seen; -1 before the first."""
    NOW_NS = 1
    ROW_SEQ = 2
    """Last row applied and its time; the desk learns of it at its next event."""
    ROW_NS = 3
    INTENTS = 4
    MARKED_NS = 5
    STOPPED = 6
    STOPPING = 7
    BROKEN = 8
    OVER = 9
    OPEN = 10
    """Orders that are not terminal."""
    RESERVED_U6 = 11
    """What all open buys may still cost."""
    SENT_HEAD = 12
    SENT_TAIL = 13
    DAY = 14
    DAY_START_U6 = 15
    DAY_STATE = 16
    DAY_TRIPPED_NS = 17
    DAY_LOW_U6 = 18
    DAY_PNL_U6 = 19
    DAY_UNKNOWN = 20
    POSITIONS = 21
    """Positions that exist, in ``made``."""
    DUES = 22
    """Positions with a time to act, in ``due``."""
    DUE_RANK = 23
    DUE_NS = 24
    """The earliest of them; ``FAR_NS`` when there is none."""
    PENDING = 25
    """Fills that are not final."""
    UNTOLD_NEWS = 26
    """Whether the venue's news buffer holds something the desk has not been told, because there was no room."""
    OUT = 27
    """Rows in ``out``."""
    TELL = 28
    """Whether rows are put out at all."""
    WAKES = 29
    ORDERS = 30
    CANCELS = 31
    FILLS = 32
    VOLUME_U6 = 33
    NOTIONAL_U6 = 34
    REBATES_U6 = 35
    PEAK_U6 = 36
    """Highest matched equity at a mark, and the deepest fall below it."""
    FALL_U6 = 37
    MAKER_FILLS = 38
    BUSY = 39
    """Rows of ``order`` that cannot be used again yet."""
    FEES_EVER_U6 = 40
    """Fees of all fills ever reported."""
    NEED = 41
    """Orders and cancels for which room was last looked for, and the rows."""
    NEED_ROWS = 42
    LOOK = 43
    """Market to look at because of what was just heard; -1 for none."""
    ASK = 44
    """Address of what answers for strategies that are Python."""
    ANSWER = 45
    """What it answered last; ``UNANSWERED`` before it does."""
    WORTH_U6 = 46
    """What the matched shares are worth at the bid, when an entry is asked for."""
    FEE_U6 = 47
    """Most taker fee that the entry in ``targets[0]`` can cost."""
    LATE = 48
    """Matched orders of which more may be heard, and until when; see ``Order.LATE``."""
    LATE_NS = 49


class DayState(IntEnum):
    """The daily loss switch."""

    NORMAL = 0
    TRIPPED = 1
    RECOVERY = 2
    LOCKED = 3


class Limit(IntEnum):
    """Columns of ``limit``: the configuration as whole numbers."""

    MARK_NS = 0
    TOLERANCE_G4 = 1
    RETRY_NS = 2
    REFUSED_NS = 3
    PAUSE_NS = 4
    """How far back a venue's reject dates a refusal, so that the slot waits ``orders.retry_s`` only."""
    STALE_NS = 5
    END_NS = 6
    RATE = 7
    OPEN = 8
    COLLAR_G4 = 9
    ORDER_U6 = 10
    MARKET_U6 = 11
    TOTAL_U6 = 12
    DAY_HOUR_NS = 13
    DAY_LOSS_U6 = 14
    DAY_SECOND_U6 = 15
    DAY_COOLDOWN_NS = 16
    DAY_BY_BID = 17
    STRATEGIES = 18
    COOLDOWN_NS = 19


class Facts(IntEnum):
    """Columns of ``market``: facts, then what changes."""

    END_NS = 0
    """``FAR_NS`` when none is known."""
    MIN_SIZE_U6 = 1
    SETTLED = 2
    PAYOUT_0_G4 = 3
    PAYOUT_1_G4 = 4
    SAMPLES = 5
    SEEN_NS = 6
    LIVE = 7
    """Open orders, in ``live``."""


class Feature(IntEnum):
    """Columns of ``feature``."""

    MID = 0
    VARIANCE_PER_S = 1
    AGE_S = 2


class Order(IntEnum):
    """Columns of ``order``; a row is reused once nothing can be heard of its order any more."""

    NUMBER = 0
    """0 is a free row."""
    MARKET = 1
    TOKEN = 2
    SIDE = 3
    PRICE_G4 = 4
    SIZE_U6 = 5
    FILLED_U6 = 6
    STATE = 7
    EPOCH = 8
    CANCELS = 9
    PURPOSE = 10
    STRATEGY = 11
    ACKED = 12
    DONE_NS = 13
    RESERVED_U6 = 14
    SENT_NS = 15
    SPENT_U6 = 16
    """What the fills of a buy cost."""
    LATE = 17
    """1 for a matched buy that spends its whole cost: it has its shares and may get more for what is left of it."""


class State(IntEnum):
    """``OrderState`` as a number; the terminal ones last."""

    PENDING = 0
    LIVE = 1
    CANCELLING = 2
    UNKNOWN = 3
    MATCHED = 4
    CANCELLED = 5
    REJECTED = 6


class Why(IntEnum):
    """``Purpose`` as a number."""

    QUOTE = 0
    EXIT = 1
    ENTRY = 2


class Column(IntEnum):
    """First index of ``position`` and ``total``: the two columns, and what is final but never paid out."""

    MATCHED = 0
    CONFIRMED = 1
    FINAL = 2
    """Final fills alone, without payouts: where a failed fill is replayed from."""


class Pos(IntEnum):
    """Columns of ``position``; the second index is ``(strategy x markets + market) x 2 + token``."""

    SHARES_U6 = 0
    COST_U6 = 1
    FEES_U6 = 2
    DUST_U6 = 3
    REALISED_U6 = 4
    OPENED_NS = 5
    HELD_FEES_U6 = 6
    REDEEMED_U6 = 7
    REDEEMED_CASH_U6 = 8
    MADE = 9
    """Place in the order in which the column's positions came to be, from 1; 0 is a position that is not there."""


class Link(IntEnum):
    """Columns of ``link``: per position, what belongs to neither column."""

    HEAD = 0
    """First and last fill that is not released yet; 0 for none."""
    TAIL = 1
    FAILED = 2
    """Whether a fill of it ever failed."""
    DUE_NS = 3
    DUE_RANK = 4
    DUE_PLACE = 5
    """Place in ``due``, or -1."""
    EXIT_NS = 6
    """Last exit order; ``-FAR_NS`` before the first."""


class Total(IntEnum):
    """Columns of ``total``."""

    CASH_U6 = 0
    COST_U6 = 1
    FEES_U6 = 2
    DUST_U6 = 3
    REALISED_U6 = 4
    DEPOSITS_U6 = 5
    EXTERNAL_U6 = 6
    MADE = 7
    """Positions of the column so far."""


class Pend(IntEnum):
    """Columns of ``pending``; the row of a fill is its number modulo the rows."""

    FILL = 0
    """0 is a free row."""
    POSITION = 1
    SIDE = 2
    PRICE_G4 = 3
    SIZE_U6 = 4
    FEE_U6 = 5
    TS_NS = 6
    STATE = 7
    NEXT = 8


class PendState(IntEnum):
    """States of a fill that is not released."""

    OPEN = 0
    CONFIRMED = 1
    FAILED = 2


class Slot(IntEnum):
    """Columns of ``slot``: per strategy and market."""

    WORD = 0
    """The last decision."""
    ENTRY_NS = 1
    """The last entry; ``-FAR_NS`` before the first."""
    DENIED_NS = 2
    """First of eight times of the last refusal: quotes on token 0 and 1, buy and sell, then exits of token 0 and 1,
    then entries."""


DENIALS = 8
DENIED_EXITS = 4
"""Of those eight, the first of exits and of entries."""
DENIED_ENTRIES = 6
WORD_QUOTE = 1
"""Words of ``Slot.WORD``; 0 is nothing said. A hold is ``WORD_HOLD`` plus its number, anything else an exit. Strategies
that are Python keep their words there; of theirs only exits are noted here."""
WORD_HOLD = 100
WORD_EXIT = 1000


class Rule(IntEnum):
    """Columns of ``rule``: exit rules of each strategy, whole numbers."""

    NUMBER = 0
    MAX_HOLD_NS = 1
    """-1 is off, and so it is for the next."""
    BEFORE_END_NS = 2
    SLIPPAGE_G4 = 3
    DEPTH = 4
    CLOSES = 5
    """Whether a strategy that is Python has exits of its own."""


ASKED = -1
"""``Rule.NUMBER`` of a strategy that is Python."""


class RuleFloat(IntEnum):
    """Columns of ``rule_float``."""

    MAX_HOLD_S = 0
    STOP_LOSS = 1
    TAKE_PROFIT = 2
    MIN_HOLD_S = 3
    RECOVERY = 4
    """Size factor while the desk recovers from a daily loss."""


class Closing(IntEnum):
    """Columns of ``closing``: exits wanted in this look at a market."""

    STRATEGY = 0
    TOKEN = 1
    PRICE_G4 = 2


class Kind(IntEnum):
    """What Python is asked."""

    DECIDE = 0
    """What a strategy wants; the argument is whether an exit of it is wanted already."""
    CLOSES = 1
    """Why it closes its position in the token that the argument names."""
    ENTER = 2
    """What the signals of this look come to; the argument is whether an entry works in the market already."""


UNANSWERED = -1
QUOTES_NOTHING = 1
"""Answers to ``DECIDE`` beside ``QUOTES``: nothing is to be quoted, and the same with a signal that counts. ``CLOSES``
is answered with an exit's number or 0, ``ENTER`` with the owner's number plus 1 or 0."""
SIGNALS = 2


class Shown(IntEnum):
    """Columns of ``shown``: what a strategy that is Python is shown, whole numbers; ``ask`` writes, ``asker`` reads."""

    SEQ = 0
    TS_NS = 1
    BID_G4 = 2
    ASK_G4 = 3
    TICK_G4 = 4
    SEEN_NS = 5
    SAMPLES = 6
    EQUITY_U6 = 7
    WORD = 8
    SHARES_0_U6 = 9
    """What is held of token 0, and then of token 1: four columns each."""
    COST_0_U6 = 10
    FEES_0_U6 = 11
    OPENED_0_NS = 12
    SHARES_1_U6 = 13
    COST_1_U6 = 14
    FEES_1_U6 = 15
    OPENED_1_NS = 16
    ORDERS = 17
    """Its open orders in the market, in ``own``."""


class ShownFloat(IntEnum):
    """Columns of ``shown_float``."""

    MID = 0
    VARIANCE_PER_S = 1
    AGE_S = 2
    SIZE_FACTOR = 3


OWN_COLUMNS = 5
"""Numbers of an order in ``own``: token, side, price, what is left, whether its cancel is on its way."""
