"""The fixed-width record of a tape: one market event per row, one cache line per row."""

from enum import IntEnum, IntFlag

import numpy as np

ROW_DTYPE = np.dtype(
    [
        ("seq", "<i8"),  # position on the tape, from 0
        ("ts_ns", "<i8"),  # virtual time, never decreasing
        ("venue_ns", "<i8"),  # the venue's own time; 0 when not stated
        ("recv_ns", "<i8"),  # the recorder's clock; 0 when not stated
        ("size_u6", "<i8"),  # level: new absolute size; print: traded size; reference: its price in 1/10**8
        ("market", "<i4"),  # index into the manifest's markets; -1 for what concerns none or all of them
        ("price_g4", "<i4"),  # level or print price, in the price of the token named by `token`
        ("bid_g4", "<i4"),  # the venue's own best bid of that token after this row; -1 when not stated
        ("ask_g4", "<i4"),  # likewise best ask
        ("aux", "<i4"),  # tick change: the new tick on the grid; reference: index into the manifest's references
        ("kind", "u1"),  # RowKind
        ("side", "i1"),  # 1 bid or buying taker, -1 ask or selling taker, 0 not stated
        ("token", "u1"),  # 0 or 1, index into the market's tokens
        ("flags", "u1"),  # RowFlag
    ]
)
"""64 bytes. Times are nanoseconds UTC, prices are on the grid of 1/10 000, sizes are micro-shares."""

NO_WITNESS = -1
"""Value of ``bid_g4``/``ask_g4`` when the recording states no best price.

A stated but empty side is 0 for the bid and 10 000 for the ask, as the venue writes it.
"""


class RowKind(IntEnum):
    """What a row says."""

    SNAPSHOT = 1
    """One level of a full book; the first row of a snapshot carries ``RowFlag.FIRST``."""
    CHANGE = 2
    """The new absolute size of one level."""
    PRINT = 3
    """A trade; ``side`` is the taker's."""
    TICK = 4
    """The tick size changed; a new epoch begins."""
    WITNESS = 5
    """The venue's best bid and ask, without a change."""
    REFERENCE = 6
    """A reference price: ``size_u6`` is the price in whole 1/100 000 000 of the quote currency (``_e8``), ``aux`` the
    index of its series in the manifest's references. ``ts_ns`` is when it was told, ``venue_ns`` the time its source
    gives the price, which is earlier; 0 when not stated. ``market`` is -1; a strike (the price to beat) names its
    market, and is on the tape from the moment it was told, so that nobody knows it before.
    """
    NEWS = 7
    """A news item: ``aux`` is its number, ``side`` what its source says it means for token 0 (1 better, -1 worse, 0
    nothing said), ``market`` the market it is about, -1 when it names none. Its text is not in the rows.
    """
    STATUS = 8
    """The source went or was found broken (``side`` -1) or came back (1); ``market`` -1 means all markets.

    With ``side`` 0 it is what the oracle says of one market: ``aux`` is an ``OracleState``, ``price_g4`` the payout of
    token 0 it is about. What finally pays is the manifest's ``Resolution`` alone.
    """


class OracleState(IntEnum):
    """Values of ``aux`` in a market's status row, in the venue's words.

    Source: venue documentation, resolution: proposed with a bond, two hours to challenge; the first challenge asks the
    question again, the second one goes to a vote.
    """

    PROPOSED = 1
    """Somebody named the outcome; it stands unless challenged."""
    CHALLENGED = 2
    """Challenged for the first time: the question is asked again."""
    REPROPOSED = 3
    DISPUTED = 4
    """Challenged again: a vote decides."""
    RESOLVED = 5
    """Final; the market pays out."""


class RowFlag(IntFlag):
    """Bits of ``flags``."""

    LAST = 1
    """Last row of one venue message: the book is consistent after it."""
    FIRST = 2
    """First row of a snapshot: the token's book is cleared before it."""
    DERIVED = 4
    """Computed from the recording (for example by differencing snapshots), not stated by the venue."""
    EMPTY = 8
    """A snapshot of an empty book: the row clears and carries no level."""


def empty_rows(count: int) -> np.ndarray:
    """Return ``count`` zeroed rows without witness, shape ``(count,)`` of ``ROW_DTYPE``."""
    rows = np.zeros(count, ROW_DTYPE)
    rows["bid_g4"] = NO_WITNESS
    rows["ask_g4"] = NO_WITNESS
    return rows
