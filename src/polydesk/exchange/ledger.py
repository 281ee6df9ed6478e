"""The exchange's own idea of our balance: an independent check on the desk's."""

import msgspec

from polydesk.model.grid import cost_u6, proceeds_u6
from polydesk.model.orders import Intent, Side


class Balance(msgspec.Struct):
    """Cash and shares of the one account, with what open orders reserve.

    Attributes:
        cash_u6: Micro-pUSD.
        shares_u6: Micro-shares by ``market/token``.
        reserved_u6: Cash reserved by resting buys.
        offered_u6: Shares offered by resting sells, by ``market/token``.
    """

    cash_u6: int
    shares_u6: dict[str, int] = msgspec.field(default_factory=dict)
    reserved_u6: int = 0
    offered_u6: dict[str, int] = msgspec.field(default_factory=dict)

    def covers(self, intent: Intent, fee_u6: int) -> bool:
        """Return whether the free balance covers the whole order and its fee."""
        if intent.side is Side.BUY:
            return self.cash_u6 - self.reserved_u6 >= cost_u6(intent.price_g4, intent.size_u6) + fee_u6
        token = token_key(intent.market, intent.token)
        return self.shares_u6.get(token, 0) - self.offered_u6.get(token, 0) >= intent.size_u6

    def reserve(self, intent: Intent, before_u6: int, after_u6: int) -> None:
        """Change what an order reserves as its open size goes from ``before_u6`` to ``after_u6``."""
        if intent.side is Side.BUY:
            self.reserved_u6 += cost_u6(intent.price_g4, after_u6) - cost_u6(intent.price_g4, before_u6)
        else:
            token = token_key(intent.market, intent.token)
            self.offered_u6[token] = self.offered_u6.get(token, 0) + after_u6 - before_u6

    def trade(
        self, market: int, token: int, side: Side, price_g4: int, size_u6: int, fee_u6: int, sign: int = 1
    ) -> None:
        """Book a match, or take it back with ``sign`` -1."""
        key = token_key(market, token)
        self.shares_u6[key] = self.shares_u6.get(key, 0) + sign * int(side) * size_u6
        moved = -cost_u6(price_g4, size_u6) if side is Side.BUY else proceeds_u6(price_g4, size_u6)
        self.cash_u6 += sign * (moved - fee_u6)

    def settle(self, market: int, payout_g4: tuple[int, int]) -> None:
        """Redeem every share of a resolved market."""
        for token in (0, 1):
            shares = self.shares_u6.pop(token_key(market, token), 0)
            self.cash_u6 += proceeds_u6(payout_g4[token], shares)


def token_key(market: int, token: int) -> str:
    """Return the key of a token's balance."""
    return f"{market}/{token}"
