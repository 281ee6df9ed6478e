"""What the loop is asked, why it stops, and the columns of the rows it puts out."""

from enum import IntEnum


class Task(IntEnum):
    """What the loop is asked to do."""

    ROWS = 0
    """Apply rows, and let everything happen that is due before or at each of them."""
    BOTH = 1
    """The same with feed latency: rows reach the desk later than the venue."""
    DRAIN = 2
    """Let everything that is still on its way arrive."""
    STOP = 3
    """Take the operator's stop: cancel everything and end once nothing works any more."""
    END = 4
    """Take the end of the recording: nothing is decided or sent any more."""
    BALANCE = 5
    """Compare the account with the venue's."""


class Stop(IntEnum):
    """Why the loop returned."""

    ROWS = 0
    """Every row given is applied, or the task is done."""
    ROOM = 1
    """Something is full: write the rows out, make room, call again."""
    ENDED = 2
    """Stopping, and nothing works any more."""


class Out(IntEnum):
    """Kinds of rows the loop puts out; the first columns are the same for all."""

    NEWS = 1
    TIMER = 2
    BALANCE = 3
    SHARES = 4
    DECISION = 5
    REFUSED = 6
    SENT = 7
    CANCEL = 8
    MARK = 9
    SENTINEL = 10
    KEPT = 11
    """A record that Python has made already."""


class Row(IntEnum):
    """Columns of ``out``: the common ones, then those of each kind."""

    KIND = 0
    SEQ = 1
    TS_NS = 2
    BODY = 3
    """News: the venue's row as it is. Balance: cash, tokens that follow. Shares: market, token, shares. Cancel:
    order, cause, exit number. Mark: cash, cash, value, value, exposure. Sentinel: which, its numbers. Kept: its place
    among the records kept."""
    # Decisions, refusals and orders.
    STRATEGY = 3
    MARKET = 4
    TOKEN = 5
    ANSWER = 6
    """Decision: the hold's number, 0 for quotes, minus the exit's number for an exit."""
    SIZE_U6 = 7
    SIDE = 8
    PRICE_G4 = 9
    NUMBER = 10
    PURPOSE = 11
    EXIT = 12
    CODE = 13
    OBSERVED = 14


class Seen(IntEnum):
    """What the permit checks look at, as columns from ``Row.OBSERVED``; in the order of ``risk.Observed``."""

    STOPPED = 0
    KILLED = 1
    UNKNOWN = 2
    BROKEN = 3
    LIVE_ASSUMED = 4
    ENDED = 5
    TO_END_NS = 6
    FEED_AGE_NS = 7
    CROSSED = 8
    TICK_G4 = 9
    OPPOSITE_G4 = 10
    MARKET_EXPOSURE_U6 = 11
    TOTAL_EXPOSURE_U6 = 12
    CASH_U6 = 13
    SHARES_U6 = 14
    ORDERS_LAST_MINUTE = 15
    OPEN_ORDERS = 16
    DUPLICATES = 17
    SINCE_ENTRY_NS = 18
    SELF_CROSSING = 19
    FEE_U6 = 20


WIDTH = Row.OBSERVED + len(Seen) + 1
"""Columns of ``out``; the last one is spare."""


class CancelCause(IntEnum):
    """Why a cancel was sent."""

    REQUOTE = 0
    WITHDRAW = 1
    OVERTAKEN = 2
    EXIT = 3
    STOPPED = 4
    SENTINEL = 5
    KILL_SWITCH = 6


class Sentinel(IntEnum):
    """What a sentinel found; 0 is nothing."""

    FILL_ORDER = 1
    FILL_LIMIT = 2
    FEE_NEGATIVE = 3
    FEE = 4
    IDENTITY = 5
    SUM = 6
    OWED = 7
    PAYOUTS = 8
    BALANCE_CASH = 9
    BALANCE_SHARES = 10
