"""Ids of conditions, collections and positions, worked out as the contracts do.

Source: the conditional-token contracts (``CTHelpers``); positions of protocol V2 carry their outcome in the last byte.
"""

from polydesk.protocol.digests import address_bytes, keccak256, word

_P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Prime of the curve alt_bn128, y^2 = x^3 + 3."""
_ODD_Y = 1 << 254
_V2_FREE = ((1 << 64) - 1) << 40
"""Bits that are zero in every position of protocol V2, and by chance in one of 2**64 tokens of others."""


def condition_id(oracle: str, question: bytes, outcomes: int = 2) -> bytes:
    """Return the id of a question put to an oracle, 32 bytes."""
    return keccak256(address_bytes(oracle) + question + word(outcomes))


def collection_id(condition: bytes, index_set: int) -> bytes:
    """Return the id of some of a condition's outcomes, one bit each: a point of a curve, squeezed into a word."""
    start = int.from_bytes(keccak256(condition + word(index_set)), "big")
    odd, x = start >> 255, start
    while True:
        x = (x + 1) % _P
        square = (pow(x, 3, _P) + 3) % _P
        y = pow(square, (_P + 1) // 4, _P)
        if y * y % _P == square:
            break
    if y % 2 != odd:
        y = _P - y
    return word(x ^ _ODD_Y if y % 2 else x)


def position_id(collateral: str, collection: bytes) -> int:
    """Return the token of outcomes held against a collateral."""
    return int.from_bytes(keccak256(address_bytes(collateral) + collection), "big")


def outcome_tokens(collateral: str, condition: bytes) -> tuple[int, int]:
    """Return both tokens of a condition with two outcomes."""
    first, second = (position_id(collateral, collection_id(condition, 1 << outcome)) for outcome in range(2))
    return first, second


def is_v2_position(asset_id: int) -> bool:
    """Return whether an asset is a position of protocol V2, and so traded at its exchange."""
    return asset_id & _V2_FREE == 0


def v2_position(asset_id: int) -> tuple[bytes, int]:
    """Return the condition, 31 bytes, and the outcome of a position of protocol V2.

    Raises:
        ValueError: The asset is none.
    """
    if not is_v2_position(asset_id):
        raise ValueError(f"asset {asset_id} is no position of protocol V2")
    return word(asset_id)[:31], asset_id & 0xFF
