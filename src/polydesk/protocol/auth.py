"""Who asks: level 1 (a signature of the account) and level 2 (an API key and a code over each request).

Source: the venue's documentation and its official clients; see the tests for vectors made with those.
"""

import base64
import hashlib
import hmac

import msgspec

from polydesk.protocol.digests import address_word, domain_separator, keccak256, text_word, typed_digest, word
from polydesk.protocol.key import Key

MESSAGE = "This message attests that I control the given wallet"
_TYPE = text_word("ClobAuth(address address,string timestamp,uint256 nonce,string message)")


class Credentials(msgspec.Struct, frozen=True):
    """What the venue gave for an account; shown without what is secret.

    Attributes:
        key: Name of the API key, a UUID.
        secret: Base64 for URLs; with or without padding.
        passphrase: Sent with every request.
    """

    key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        """Return the key's name alone."""
        return f"Credentials(key={self.key!r})"


def log_in_digest(address: str, timestamp_s: int, nonce: int, chain_id: int) -> bytes:
    """Return what an account signs to prove that it is asking."""
    fields = address_word(address) + text_word(str(timestamp_s)) + word(nonce) + text_word(MESSAGE)
    return typed_digest(domain_separator("ClobAuthDomain", "1", chain_id), keccak256(_TYPE + fields))


def log_in_headers(key: Key, timestamp_s: int, nonce: int, chain_id: int) -> dict[str, str]:
    """Return the headers of level 1: to make or derive API credentials."""
    signature = key.sign(log_in_digest(key.address, timestamp_s, nonce, chain_id))
    return {
        "POLY_ADDRESS": key.address,
        "POLY_SIGNATURE": "0x" + signature.hex(),
        "POLY_TIMESTAMP": str(timestamp_s),
        "POLY_NONCE": str(nonce),
    }


def request_code(secret: str, timestamp_s: int, method: str, path: str, body: str = "") -> str:
    """Return the code over one request.

    Args:
        secret: Of the API key.
        timestamp_s: Unix time.
        method: In capitals.
        path: Without the query.
        body: The very text that is sent.

    Raises:
        ValueError: The secret is no base64.
    """
    padded = secret + "=" * (-len(secret) % 4)
    told = f"{timestamp_s}{method}{path}{body}".encode()
    return base64.urlsafe_b64encode(hmac.digest(base64.urlsafe_b64decode(padded), told, hashlib.sha256)).decode()


def request_headers(
    address: str, credentials: Credentials, timestamp_s: int, method: str, path: str, body: str = ""
) -> dict[str, str]:
    """Return the headers of level 2; ``address`` is the account that signs, never the wallet that pays."""
    return {
        "POLY_ADDRESS": address,
        "POLY_SIGNATURE": request_code(credentials.secret, timestamp_s, method, path, body),
        "POLY_TIMESTAMP": str(timestamp_s),
        "POLY_API_KEY": credentials.key,
        "POLY_PASSPHRASE": credentials.passphrase,
    }


def builder_headers(
    credentials: Credentials, timestamp_s: int, method: str, path: str, body: str = ""
) -> dict[str, str]:
    """Return the headers by which a relayer knows a builder."""
    return {
        "POLY_BUILDER_API_KEY": credentials.key,
        "POLY_BUILDER_PASSPHRASE": credentials.passphrase,
        "POLY_BUILDER_SIGNATURE": request_code(credentials.secret, timestamp_s, method, path, body),
        "POLY_BUILDER_TIMESTAMP": str(timestamp_s),
    }
