"""Names of things. Bare strings are not ids."""

from typing import NewType

ConditionId = NewType("ConditionId", str)
"""A market's condition id: bytes32 as lower-case hex with ``0x``, or ``derived:...`` when no recording states it."""

TokenId = NewType("TokenId", str)
"""An outcome token's id: uint256 in decimal, or ``derived:...`` when it is only known as the mirror of the other."""

IntentId = NewType("IntentId", str)
"""The desk's own name of an order, ``ord-000001`` in order of creation within a session."""

FillId = NewType("FillId", str)
"""One trade of one of our orders, as the venue names it."""

SessionId = NewType("SessionId", str)


def intent_id(number: int) -> IntentId:
    """Return the deterministic name of the ``number``-th order of a session, counted from 1."""
    return IntentId(f"ord-{number:06d}")
