"""The loop's state: arrays and their compiled type."""

import numpy as np
from numpy.typing import NDArray

from polydesk.desk.loop.columns import (
    DENIALS,
    OWN_COLUMNS,
    Closing,
    Column,
    Facts,
    Feature,
    Limit,
    Link,
    Now,
    Order,
    Pend,
    Pos,
    Rule,
    RuleFloat,
    Shown,
    ShownFloat,
    Slot,
    Total,
)
from polydesk.desk.loop.outputs import WIDTH
from polydesk.kernel.arrays import Arrays, array
from polydesk.model.grid import FAR_NS
from polydesk.signals.compiled import MEMORY, TERMS, Feel, Sight, Target

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
PARAMS = 32
"""Most parameters of a compiled strategy."""
LIVE = 4
"""Most open orders of one strategy in one market: a quote on each side and an exit of each token."""


class Loop(Arrays):
    """A desk of S strategies over M markets.

    Attributes:
        now: Columns ``Now``.
        limit: Columns ``Limit``.
        market: Columns ``Facts``, (M, 8).
        feature: Columns ``Feature``, (M, 3).
        order: Orders, columns ``Order``; the row of an order is its number modulo the rows, a power of two.
        live: Numbers of each market's open orders in order of sending, (M, LIVE x S + 1): one may be an entry.
        position: Columns ``Pos``; (3, S x M x 2, 10).
        total: Columns ``Total``; (3, 8), the third one unused.
        redeemed: Shares and cash paid out per column and token, (2, M x 2, 2).
        link: Columns ``Link``; (S x M x 2, 7).
        made: Positions in the order in which they came to be, (S x M x 2,).
        due: Positions with a time to act, in no order, same shape.
        firing: Scratch: positions whose time has come.
        pending: Fills that are not released, columns ``Pend``; rows a power of two.
        sent: Times of the orders of the last minute, a ring; a power of two.
        slot: Columns ``Slot``; (S, M, 10).
        memory: What strategies remember, (S, M, MEMORY).
        rule: Columns ``Rule``, (S, 6).
        rule_float: Columns ``RuleFloat``, (S, 5).
        params: Parameters of the strategies, (S, PARAMS).
        sight: Scratch of ``signals.compiled``, and so are the next four.
        seen: Scratch: what the permit checks observe, columns ``Seen``.
        closing: Scratch: exits wanted, columns ``Closing``.
        shown: Scratch: what a strategy that is Python is shown, columns ``Shown``.
        shown_float: Likewise, columns ``ShownFloat``.
        own: Likewise, its open orders one after another, ``OWN_COLUMNS`` numbers each.
        refusals: Refusals so far, by position in ``Refusal``.
        out: Rows put out, columns ``Row``.
        out_float: Terms of each row.
    """

    now: I64 = array(np.int64, len(Now))
    limit: I64 = array(np.int64, len(Limit))
    market: I64 = array(np.int64, None, len(Facts))
    feature: F64 = array(np.float64, None, len(Feature))
    order: I64 = array(np.int64, None, len(Order))
    live: I64 = array(np.int64, None, None)
    position: I64 = array(np.int64, len(Column), None, len(Pos))
    total: I64 = array(np.int64, len(Column), len(Total))
    redeemed: I64 = array(np.int64, 2, None, 2)
    link: I64 = array(np.int64, None, len(Link))
    made: I64 = array(np.int64, None)
    due: I64 = array(np.int64, None)
    firing: I64 = array(np.int64, None)
    pending: I64 = array(np.int64, None, len(Pend))
    sent: I64 = array(np.int64, None)
    slot: I64 = array(np.int64, None, None, len(Slot) - 1 + DENIALS)
    memory: I64 = array(np.int64, None, None, MEMORY)
    rule: I64 = array(np.int64, None, len(Rule))
    rule_float: F64 = array(np.float64, None, len(RuleFloat))
    params: F64 = array(np.float64, None, PARAMS)
    sight: I64 = array(np.int64, len(Sight))
    feel: F64 = array(np.float64, len(Feel))
    ladder: I64 = array(np.int64, 2, None, 2)
    targets: I64 = array(np.int64, 2, len(Target))
    terms: F64 = array(np.float64, 2, TERMS)
    seen: I64 = array(np.int64, WIDTH)
    closing: I64 = array(np.int64, None, len(Closing))
    shown: I64 = array(np.int64, len(Shown))
    shown_float: F64 = array(np.float64, len(ShownFloat))
    own: I64 = array(np.int64, None)
    refusals: I64 = array(np.int64, 32)
    out: I64 = array(np.int64, None, WIDTH)
    out_float: F64 = array(np.float64, None, TERMS)


LOOP = Loop.numba_type


def empty_loop(
    markets: int, strategies: int, depth: int, *, orders: int = 1024, pending: int = 1024, rows: int = 8192
) -> Loop:
    """Return a loop of zeros; ``pack.new_loop`` fills in what is configured."""
    places = strategies * markets * 2
    loop = Loop.zeros(
        market=markets, feature=markets, order=orders, live=(markets, LIVE * strategies + 1), position=places,
        redeemed=2 * markets, link=places, made=places, due=places, firing=places, pending=pending, sent=1024,
        slot=(strategies, markets), memory=(strategies, markets), rule=strategies, rule_float=strategies,
        params=strategies, ladder=depth, closing=2 * strategies, own=OWN_COLUMNS * (LIVE * strategies + 1), out=rows,
        out_float=rows,
    )  # fmt: skip
    loop.slot[:, :, Slot.ENTRY_NS :] = -FAR_NS
    loop.link[:, Link.EXIT_NS] = -FAR_NS
    loop.link[:, Link.DUE_PLACE] = -1
    loop.now[Now.SEQ] = loop.now[Now.ROW_SEQ] = -1
    loop.now[Now.MARKED_NS] = -FAR_NS
    loop.now[Now.DAY] = -1
    loop.now[Now.DUE_NS] = FAR_NS
    return loop
