"""Orders as the desk names them, before and after the venue has seen them."""

from enum import IntEnum, StrEnum

import msgspec

from polydesk.model.grid import complement_g4
from polydesk.model.ids import IntentId


class Side(IntEnum):
    """Direction of an order or of a taker; the sign of the share change."""

    BUY = 1
    SELL = -1


class OrderType(StrEnum):
    """The venue's order types."""

    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"


class Purpose(StrEnum):
    """What an order is for; exits skip the checks that only guard entries."""

    ENTRY = "entry"
    EXIT = "exit"
    QUOTE = "quote"


class OrderState(StrEnum):
    """Life of an order as far as the desk knows it."""

    PENDING = "pending"
    LIVE = "live"
    CANCELLING = "cancelling"
    UNKNOWN = "unknown"
    MATCHED = "matched"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def terminal(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in _TERMINAL


_TERMINAL = frozenset({OrderState.MATCHED, OrderState.CANCELLED, OrderState.REJECTED})


class Term(msgspec.Struct, frozen=True, gc=False):
    """One named part of a decision's number; the terms of a ``why`` add up to it.

    Attributes:
        name: What it is (``mid``, ``inventory_skew``, ...).
        value: In ``unit``.
        unit: ``price`` (collateral per share), ``shares``, ``pUSD`` or ``1``.
    """

    name: str
    value: float
    unit: str = "price"


class Intent(msgspec.Struct, frozen=True, gc=False):
    """An order the desk wants, named and priced on the grid.

    Attributes:
        id: Deterministic name within the session.
        strategy: Who asked for it.
        market: Index of the market.
        token: 0 or 1.
        side: Buy or sell of that token.
        type: Venue order type.
        post_only: Reject rather than take.
        price_g4: Limit, in the price of the token.
        size_u6: Micro-shares.
        purpose: Entry, exit or quote.
        reason: Exit reason code for exits, otherwise empty.
        expires_ns: For GTD; 0 otherwise.
        why: Named terms that add up to the price (quotes) or the expected edge (signals).
    """

    id: IntentId
    strategy: str
    market: int
    token: int
    side: Side
    type: OrderType
    post_only: bool
    price_g4: int
    size_u6: int
    purpose: Purpose
    reason: str
    expires_ns: int
    why: tuple[Term, ...]


class Check(msgspec.Struct, frozen=True, gc=False):
    """One risk check with the numbers that made it.

    Attributes:
        name: The refusal code this check would give.
        observed: What was seen, in ``unit``.
        limit: What is allowed.
        unit: Unit of both numbers.
        passed: Whether the order may go on.
    """

    name: str
    observed: int
    limit: int
    unit: str
    passed: bool


def book_side(token: int, side: Side) -> Side:
    """Return the side an order takes in the market's one book: buying token 1 is selling token 0."""
    if token == 0:
        return side
    return Side.SELL if side is Side.BUY else Side.BUY


def book_price_g4(token: int, price_g4: int) -> int:
    """Return a token's price in the market's one book (the price of token 0)."""
    return price_g4 if token == 0 else complement_g4(price_g4)
