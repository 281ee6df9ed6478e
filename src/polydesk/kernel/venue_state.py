"""The simulated venue's state: arrays, the names of their columns, and its compiled type.

Everything the venue knows is here, so that a checkpoint is a copy of the arrays. Rows of finished orders and of things
that have happened are used again: memory follows what is open, not how long a session runs.
"""

from enum import IntEnum

import numpy as np

from polydesk.kernel.arrays import Arrays, array
from polydesk.kernel.state import FILL_ROOM, I64
from polydesk.model.market import Origin
from polydesk.model.orders import OrderType
from polydesk.model.reasons import Reject
from polydesk.model.records import MAKER_REBATE

GROW = -1
"""Answer of a compiled venue function that lacks room: nothing was changed; call ``grow`` and ask again."""
LEGS = 4
"""Latencies: order, cancel, answer, feed."""
EVENT_ROOM = 3 * FILL_ROOM + 256
"""Free rows of the event table that anything which may match needs: three per fill, one per level of a book."""
KNOWN_SHIFT = 5
KNOWN_MASK = (1 << KNOWN_SHIFT) - 1
"""A number of ``Venue.known`` has a bit for each of 32 orders."""
LARGEST_EXPONENT = 3
"""Of a fee curve: the widest that the compiled fee arithmetic holds."""
FINE_U6 = 100
"""Micro-shares in 0.0001 shares, the precision of what a FOK or FAK buy receives."""
TYPES = tuple(OrderType)
"""Column ``OrderFact.TYPE`` is the position in this tuple."""
REJECTS = tuple(Reject)
"""Column ``News.CODE`` of rejections and endings is the position in this tuple + 1."""
STATUSES = ("", "live", "matched", "delayed")
"""Column ``News.CODE`` of an acknowledgement is the position in this tuple."""
ORIGINS = tuple(Origin)
"""Column ``News.CODE`` of a settlement is the position in this tuple."""
CASH_KINDS = ("", MAKER_REBATE)
"""Column ``News.CODE`` of a cash movement is the position in this tuple."""


class NewsKind(IntEnum):
    """Column ``News.KIND``: what the desk is told."""

    ACK = 1
    REJECTED = 2
    DONE = 3
    CANCEL_REJECTED = 4
    FILL = 5
    FILL_STATUS = 6
    SETTLED = 7
    CASH = 8


class Due(IntEnum):
    """The same column for what happens at the venue itself; nobody is told."""

    ARRIVE = 16
    """An order reaches the venue; ``News.SLOT`` is its row in the order table."""
    HELD = 17
    """The venue's taker delay of an order is over."""
    CANCEL = 18
    EXPIRE = 19
    RESOLVE = 20
    """A market pays out; ``News.SLOT`` is the row of ``Venue.resolutions``."""
    REBATES = 21
    """Midnight UTC: accrued maker rebates are paid."""
    FAIL = 22
    """A match fails to settle; the columns are its fill's."""


class News(IntEnum):
    """Columns of ``Venue.news`` and of ``Venue.events``; what a kind does not need is 0."""

    KIND = 0
    TS_NS = 1
    """When it happens, or when the desk hears of it."""
    ORDER = 2
    """The order's number; also of the order a fill or its status belongs to."""
    MARKET = 3
    TOKEN = 4
    SIDE = 5
    """1 buy, -1 sell, of that token."""
    PRICE_G4 = 6
    """Price of that token; of a settlement what one share of token 0 pays."""
    SIZE_U6 = 7
    """Micro-shares; of a settlement what one share of token 1 pays (g4); of a cash movement signed micro-pUSD."""
    FEE_U6 = 8
    TAKER = 9
    """1 when we took, 0 when we made."""
    CAUSE = 10
    """``FillCause``."""
    MATCHED_NS = 11
    """When the venue matched it."""
    FILL = 12
    """Number of the fill, from 1."""
    CODE = 13
    """``REJECTS`` of rejections and endings, ``STATUSES`` of acknowledgements, 1 confirmed or 0 failed of a fill's
    status, ``ORIGINS`` of settlements, ``CASH_KINDS`` of cash."""
    SLOT = 14
    """What ``Due`` says; of an unused row of ``Venue.events`` the next unused one + 1, 0 for none."""
    SEQ = 15
    """Row of the tape after which the desk hears of it; only in ``Venue.news``."""


class OrderFact(IntEnum):
    """Columns of ``Venue.orders``."""

    ORDER = 0
    """Number; 0 for an unused row."""
    MARKET = 1
    TOKEN = 2
    SIDE = 3
    TYPE = 4
    POST_ONLY = 5
    PRICE_G4 = 6
    SIZE_U6 = 7
    LEFT_U6 = 8
    EXPIRES_NS = 9
    BUDGET_U6 = 10
    """What a FOK or FAK buy may still spend, micro-pUSD; 0 for every other order."""
    NEXT_FREE = 11
    """Of an unused row: the next unused one + 1, 0 for none."""


class Tally(IntEnum):
    """Columns of ``Venue.count``: what changes as the venue runs."""

    HEAP = 0
    """Things due."""
    SCHEDULED = 1
    """Things ever scheduled: the order of what is due at the same time."""
    RECEIVED = 2
    """Orders and cancels ever sent; they come before everything else due at the same time."""
    FILLS = 3
    UNTOLD = 4
    """Matches, failures and payments that the desk has not heard of yet."""
    EVENT_HIGH = 5
    """Rows of ``events`` ever used."""
    EVENT_FREE = 6
    """First unused row below that + 1, 0 for none."""
    ORDER_HIGH = 7
    ORDER_FREE = 8
    ORDERS_USED = 9
    """Rows of ``orders`` in use: on their way or open."""
    CASH_U6 = 10
    RESERVED_U6 = 11
    """Cash reserved by resting buys."""
    TOLD_NS = 12
    """When the last answer reaches the desk: answers never overtake one another."""
    COLLECTED = 13
    """Rows of ``Fills`` that the last call turned into news; they stay readable until the next call."""
    REBATES_DUE = 14
    """1 while a payment of rebates is scheduled."""
    WANTED = 15
    """Order number that ``grow`` must make room for."""
    MATCHES = 16
    """Matches ever: two own orders that meet are one match with two fills."""


class MarketFact(IntEnum):
    """Columns of ``Venue.markets``."""

    MIN_SIZE_U6 = 0
    TAKER_DELAY_NS = 1
    RESOLVED = 2
    FEE_FIRST = 3
    """First row of ``Venue.fees``."""
    FEE_STOP = 4
    SHARES_U6 = 5
    """Of token 0; the next column is token 1."""
    OFFERED_U6 = 7
    """Shares offered by resting sells; two columns."""
    REBATE_U6 = 9
    """Maker rebates accrued and not paid."""
    REDEEMED_U6 = 10
    """Shares paid out at the resolution; two columns, negative for shares sold whose purchase failed."""
    PAYOUT_G4 = 12
    """What one share paid; two columns."""
    END = 14
    """Columns in all."""


class FeeFact(IntEnum):
    """Columns of ``Venue.fees``."""

    FROM_NS = 0
    RATE_PPM = 1
    EXPONENT = 2
    REBATE_PPM = 3


class Leg(IntEnum):
    """What a draw is for. The first four are latencies and rows of ``Venue.legs``."""

    ORDER = 0
    CANCEL = 1
    ANSWER = 2
    FEED = 3
    FAILURE = 4
    DISPUTE = 5


class LegFact(IntEnum):
    """Columns of ``Venue.legs``."""

    BASE_NS = 0
    SPREAD_NS = 1
    FIRST = 2
    """First of the leg's rows of ``Venue.samples``."""
    SAMPLES = 3
    """How many; 0 for a constant latency with its spread."""
    LONGEST_NS = 4


class Model(IntEnum):
    """Columns of ``Venue.model``: assumptions that never change."""

    SEED = 0
    CONFIRM_NS = 1
    FAILURE_Q31 = 2
    """Probability in 1/2**31."""
    MIN_MARKETABLE_U6 = 3
    REBATES = 4
    """1 when makers are paid rebates."""
    SPENDS = 5
    """1 when a FOK or FAK buy spends its whole cost: a better price buys more shares."""


class Venue(Arrays):
    """One venue for one account in M markets.

    Attributes:
        orders: Orders on their way or open, columns ``OrderFact``.
        index: Where an accepted order is: number and row + 1; open addressing, a power of two long, (H, 2).
        known: One bit for each order number ever accepted, 32 in each word.
        heap: What is due: time, order among equals, row of ``events``; (E, 3).
        events: Columns ``News``, kinds ``NewsKind`` and ``Due``.
        news: What the last ``venue_happen`` tells the desk, (1, 16).
        count: Columns ``Tally``.
        markets: Columns ``MarketFact``, (M, ``MarketFact.END``).
        fees: Dated fee rates of all markets, columns ``FeeFact``.
        resolutions: Market, payout of token 0 and 1, when it pays, origin; (R, 5).
        samples: Measured latencies, ns, grouped by leg.
        legs: Columns ``LegFact``, (4, 5).
        model: Columns ``Model``.
    """

    orders: I64 = array(np.int64, None, len(OrderFact))
    index: I64 = array(np.int64, None, 2)
    known: I64 = array(np.int64, None)
    heap: I64 = array(np.int64, None, 3)
    events: I64 = array(np.int64, None, len(News))
    news: I64 = array(np.int64, 1, len(News))
    count: I64 = array(np.int64, len(Tally))
    markets: I64 = array(np.int64, None, MarketFact.END)
    fees: I64 = array(np.int64, None, len(FeeFact))
    resolutions: I64 = array(np.int64, None, 5)
    samples: I64 = array(np.int64, None)
    legs: I64 = array(np.int64, LEGS, len(LegFact))
    model: I64 = array(np.int64, len(Model))


VENUE = Venue.numba_type


def reject_code(reason: Reject) -> int:
    """Return the code of a rejection or ending, positive."""
    return REJECTS.index(reason) + 1
