"""How a constructed tape tells what the oracle says of a market before it pays out; see ``RowKind.STATUS``."""

from polydesk.model.rows import NO_WITNESS, OracleState, RowKind
from polydesk.tape.construct.venue_book import Message, Row, ended


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
