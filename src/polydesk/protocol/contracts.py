"""The venue's contracts that settle orders, and which of them an asset trades at.

Contracts have been replaced before: whoever trades compares these with the venue's own list first.
"""

from polydesk.protocol.ids import is_v2_position
from polydesk.protocol.orders import Exchange

POLYGON = 137
EXCHANGE = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE = "0xe2222d279d744050d28e00520010520000310F59"
POSITION_EXCHANGE = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
"""Of protocol V2: one for all kinds of markets."""


def exchange_of(asset_id: int, *, neg_risk: bool) -> Exchange:
    """Return where an asset trades.

    Args:
        asset_id: Token, or position of protocol V2.
        neg_risk: Whether its market belongs to a negative-risk event; of no matter for positions of protocol V2.
    """
    if is_v2_position(asset_id):
        return Exchange(POSITION_EXCHANGE, "3", POLYGON)
    return Exchange(NEG_RISK_EXCHANGE if neg_risk else EXCHANGE, "2", POLYGON)
