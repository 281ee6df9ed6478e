"""The digest that the venue puts beside a whole book."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

_KEYS = (
    "market", "asset_id", "timestamp", "hash", "bids", "asks", "min_order_size", "tick_size", "neg_risk",
    "last_trade_price",
)  # fmt: skip


def book_hash(book: Mapping[str, Any]) -> str:
    """Return the SHA-1 of a book's compact JSON, in the order of keys and levels of the venue, without its own hash.

    Args:
        book: As the venue sends it: strings, and ``neg_risk`` true or false. The hash inside price changes is another.

    Raises:
        KeyError: A field is missing.
    """
    told = {key: "" if key == "hash" else book[key] for key in _KEYS}
    for side in ("bids", "asks"):
        told[side] = [{"price": level["price"], "size": level["size"]} for level in book[side]]
    return hashlib.sha1(msgspec.json.encode(told), usedforsecurity=False).hexdigest()
