"""Orders as the exchange contracts know them: struct, id, signature.

An order's id is its digest, so it is known before the order is sent. What is not signed (expiry, type, post-only)
stands in the request's body only.
"""

from enum import IntEnum
from functools import lru_cache

import msgspec

from polydesk.protocol.digests import (
    address_bytes,
    address_word,
    domain_separator,
    keccak256,
    text_word,
    typed_digest,
    word,
)
from polydesk.protocol.key import Key

NAME = "Polymarket CTF Exchange"
ORDER_TYPE = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    "uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
ZERO = bytes(32)
_ORDER = text_word(ORDER_TYPE)
_WRAPPED = text_word(
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    + ORDER_TYPE
)
_WALLET_NAME, _WALLET_VERSION = text_word("DepositWallet"), text_word("1")
_SESSION_END = bytes.fromhex("6492" * 16)


class SignatureType(IntEnum):
    """Whose wallet pays, and so how an order is signed."""

    EOA = 0
    PROXY = 1
    SAFE = 2
    DEPOSIT = 3
    """A deposit wallet; it is the order's signer itself, and its owner's signature is wrapped (ERC-7739)."""


class Exchange(msgspec.Struct, frozen=True):
    """The contract that settles an order.

    Attributes:
        contract: Its address.
        version: Of its signing domain: ``2`` for CTF markets, ``3`` for markets of protocol V2.
        chain_id: 137 for Polygon.
    """

    contract: str
    version: str
    chain_id: int = 137

    def separator(self) -> bytes:
        """Return the digest of its signing domain."""
        return _separator(self)


@lru_cache(maxsize=16)
def _separator(exchange: Exchange) -> bytes:
    # One for each contract, and every order needs it once or twice.
    return domain_separator(NAME, exchange.version, exchange.chain_id, exchange.contract)


class Order(msgspec.Struct, frozen=True):
    """What is signed.

    Attributes:
        salt: With the timestamp makes the order unique; below 2**53, because it is a number in JSON.
        maker: The wallet that pays.
        signer: The account that signs; for a deposit wallet the wallet.
        token_id: Outcome token or position.
        maker_amount: Micro-pUSD of a buy, micro-shares of a sale: what is paid.
        taker_amount: What is wanted for it.
        side: 0 buys, 1 sells.
        signature_type: Kind of wallet.
        timestamp_ms: When it was made; no expiry.
        metadata: 32 bytes.
        builder: Likewise: whom the order is credited to.
    """

    salt: int
    maker: str
    signer: str
    token_id: int
    maker_amount: int
    taker_amount: int
    side: int
    signature_type: SignatureType
    timestamp_ms: int
    metadata: bytes = ZERO
    builder: bytes = ZERO

    def struct_hash(self) -> bytes:
        """Return the digest of its fields."""
        return keccak256(
            _ORDER + word(self.salt) + address_word(self.maker) + address_word(self.signer) + word(self.token_id)
            + word(self.maker_amount) + word(self.taker_amount) + word(self.side) + word(self.signature_type)
            + word(self.timestamp_ms) + self.metadata + self.builder
        )  # fmt: skip


def order_id(order: Order, exchange: Exchange) -> str:
    """Return the id by which the venue will know the order."""
    return "0x" + typed_digest(exchange.separator(), order.struct_hash()).hex()


def digest_to_sign(order: Order, exchange: Exchange) -> bytes:
    """Return what the key signs: the order's id, or for a deposit wallet the digest of the order within the wallet."""
    struct = order.struct_hash()
    if order.signature_type == SignatureType.DEPOSIT:
        struct = keccak256(
            _WRAPPED + struct + _WALLET_NAME + _WALLET_VERSION + word(exchange.chain_id)
            + address_word(order.signer) + ZERO
        )  # fmt: skip
    return typed_digest(exchange.separator(), struct)


def sign_order(key: Key, order: Order, exchange: Exchange) -> bytes:
    """Return the signature that goes with the order: 65 bytes, or those wrapped for a deposit wallet."""
    signature = key.sign(digest_to_sign(order, exchange))
    if order.signature_type != SignatureType.DEPOSIT:
        return signature
    kind = ORDER_TYPE.encode()
    return signature + exchange.separator() + order.struct_hash() + kind + len(kind).to_bytes(2, "big")


def sign_with_session(key: Key, order: Order, exchange: Exchange) -> bytes:
    """Return the signature of a session key that a deposit wallet has admitted."""
    inner = sign_order(key, order, exchange)
    padded = inner + bytes(-len(inner) % 32)
    head = address_bytes(key.address).rjust(32, b"\0") + ZERO + word(96) + word(len(inner))
    return head + padded + _SESSION_END
