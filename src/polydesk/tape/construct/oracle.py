"""How a tape tells what the oracle says of a market before it pays out.

A ``RowKind.STATUS`` row of one market with ``side`` 0 (the source neither went nor came back) carries the state in
``aux`` and the payout of token 0 that it is about in ``price_g4``. The kernel treats it as a status: it wakes whoever
asked for ``WakeBit.STATUS`` and leaves the book alone. What finally pays is the manifest's ``Resolution`` alone.

Source: venue documentation, resolution: proposed with a bond, two hours to challenge; the first challenge asks the
question again, the second one goes to a vote.
"""

from enum import IntEnum

from polydesk.model.rows import NO_WITNESS, RowKind
from polydesk.tape.construct.venue_book import Message, Row, ended


class OracleState(IntEnum):
    """Values of ``aux`` in a market's status row; the words are the venue's."""

    PROPOSED = 1
    """Somebody named the outcome; it stands unless challenged."""
    CHALLENGED = 2
    """Challenged for the first time: the question is asked again."""
    REPROPOSED = 3
    DISPUTED = 4
    """Challenged again: a vote decides."""
    RESOLVED = 5
    """Final; the market pays out."""


def told(at_ns: int, market: int, state: OracleState, payout_g4: int) -> Message:
    """Return the message of a state; everybody can see it at once.

    Args:
        at_ns: When the oracle says so.
        market: Index.
        state: The state.
        payout_g4: What a share of token 0 is to pay by the proposal it is about.
    """
    row = Row(0, payout_g4, NO_WITNESS, NO_WITNESS, int(state), int(RowKind.STATUS), 0, 0, 0)
    return Message(at_ns, at_ns, market, ended([row]))
