"""The exchange's own idea of our balance: an independent check on the desk's."""

import msgspec

from polydesk.kernel import MarketFact, Tally, Venue


class Balance(msgspec.Struct, frozen=True):
    """Cash and shares of the one account, with what open orders reserve.

    Attributes:
        cash_u6: Micro-pUSD.
        shares_u6: Micro-shares by ``market/token``; tokens without shares are absent.
        reserved_u6: Cash reserved by resting buys.
        offered_u6: Shares offered by resting sells, likewise.
    """

    cash_u6: int
    shares_u6: dict[str, int]
    reserved_u6: int
    offered_u6: dict[str, int]


def balance_of(venue: Venue) -> Balance:
    """Return the account of a venue."""
    return Balance(
        int(venue.count[Tally.CASH_U6]),
        _by_token(venue, MarketFact.SHARES_U6),
        int(venue.count[Tally.RESERVED_U6]),
        _by_token(venue, MarketFact.OFFERED_U6),
    )


def _by_token(venue: Venue, first: int) -> dict[str, int]:
    return {
        f"{market}/{token}": size
        for market, sizes in enumerate(venue.markets[:, first : first + 2].tolist())
        for token, size in enumerate(sizes)
        if size
    }
