"""A private key: its address, and signatures made by native code. It never shows itself."""

from coincurve import PrivateKey

from polydesk.protocol.digests import checksummed, keccak256

_V = 27
_BYTES = 32


class Key:
    """A secp256k1 key of an externally owned account.

    Args:
        secret: ``0x`` and 64 hexadecimal digits, or the digits alone.

    Attributes:
        address: Its account, checksummed.

    Raises:
        ValueError: The secret is no private key; the message does not repeat it.
    """

    def __init__(self, secret: str) -> None:
        try:
            raw = bytes.fromhex(secret.removeprefix("0x"))
            if len(raw) != _BYTES:
                raise ValueError
            self._key = PrivateKey(raw)
        except ValueError:
            # Not even the cause: it would quote what it could not read.
            raise ValueError("this is no private key: 0x and 64 hexadecimal digits are needed, not all zero") from None
        public = self._key.public_key.format(compressed=False)[1:]
        self.address: str = checksummed(keccak256(public)[-20:])

    def __repr__(self) -> str:
        """Return its address; the secret is told to nobody."""
        return f"Key(address={self.address})"

    def __reduce__(self) -> str:
        """Refuse to be written anywhere.

        Raises:
            TypeError: Always.
        """
        raise TypeError("a private key is not written anywhere")

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a 32-byte digest: r, s and v (27 or 28), 65 bytes; the same for the same digest."""
        found: bytes = self._key.sign_recoverable(digest, hasher=None)
        return found[:64] + bytes([found[64] + _V])
