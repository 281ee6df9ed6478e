"""Bodies of requests that change something. The code over a request covers these very bytes, so they are made once."""

from collections.abc import Sequence
from typing import Any

import msgspec

from polydesk.model.orders import OrderType
from polydesk.protocol.orders import Order

BATCH = 15
"""Most orders of one request."""
CANCELS = 1_000
"""Most orders that one request cancels by id."""
_SIDES = ("BUY", "SELL")


class Placing(msgspec.Struct, frozen=True):
    """An order with what stands beside it, unsigned, in the request.

    Attributes:
        order: What is signed.
        signature: As ``sign_order`` returned it.
        kind: How long it rests.
        expires_s: Unix time; for GTD only, otherwise 0.
        post_only: Refuse rather than take.
    """

    order: Order
    signature: bytes
    kind: OrderType
    expires_s: int = 0
    post_only: bool = False

    def __post_init__(self) -> None:
        """Refuse what the venue would.

        Raises:
            ValueError: An expiry without GTD or GTD without one, or post-only of an order that fills at once.
        """
        if (self.kind is OrderType.GTD) is not (self.expires_s > 0):
            raise ValueError(f"{self.kind} with expiry {self.expires_s}: GTD needs one, and nothing else has one")
        if self.post_only and self.kind not in (OrderType.GTC, OrderType.GTD):
            raise ValueError(f"{self.kind} cannot be post-only: only orders that rest can")


def place_body(placing: Placing, api_key: str) -> bytes:
    """Return the body of ``POST /order``."""
    return msgspec.json.encode(_placed(placing, api_key))


def place_many_body(placings: Sequence[Placing], api_key: str) -> bytes:
    """Return the body of ``POST /orders``.

    Raises:
        ValueError: There are none, or more than ``BATCH``.
    """
    if not 0 < len(placings) <= BATCH:
        raise ValueError(f"{len(placings)} orders in one request: the venue takes 1 to {BATCH}")
    return msgspec.json.encode([_placed(placing, api_key) for placing in placings])


def cancel_body(order_id: str) -> bytes:
    """Return the body of ``DELETE /order``."""
    return msgspec.json.encode({"orderID": order_id})


def cancel_many_body(order_ids: Sequence[str]) -> bytes:
    """Return the body of ``DELETE /orders``.

    Raises:
        ValueError: There are none, or more than ``CANCELS``.
    """
    if not 0 < len(order_ids) <= CANCELS:
        raise ValueError(f"{len(order_ids)} cancels in one request: the venue takes 1 to {CANCELS}")
    return msgspec.json.encode(list(order_ids))


def _placed(placing: Placing, api_key: str) -> dict[str, Any]:
    order = placing.order
    return {
        "order": {
            "salt": order.salt,
            "maker": order.maker,
            "signer": order.signer,
            "tokenId": str(order.token_id),
            "makerAmount": str(order.maker_amount),
            "takerAmount": str(order.taker_amount),
            "side": _SIDES[order.side],
            "expiration": str(placing.expires_s),
            "signatureType": int(order.signature_type),
            "timestamp": str(order.timestamp_ms),
            "metadata": "0x" + order.metadata.hex(),
            "builder": "0x" + order.builder.hex(),
            "signature": "0x" + placing.signature.hex(),
        },
        "owner": api_key,
        "orderType": placing.kind.value,
        "deferExec": False,
        "postOnly": placing.post_only,
    }
