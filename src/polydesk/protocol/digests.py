"""Digests of typed data (EIP-712) and the 32-byte words they are made of."""

from Crypto.Hash import keccak

_WORD = 32
_ADDRESS = 20


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 digest that Ethereum uses, 32 bytes."""
    return keccak.new(digest_bits=256, data=data).digest()


def word(number: int) -> bytes:
    """Return an unsigned whole number as a word.

    Raises:
        OverflowError: It is negative or does not fit into 256 bits.
    """
    return number.to_bytes(_WORD, "big")


def address_bytes(address: str) -> bytes:
    """Return the 20 bytes of an address written as ``0x`` and 40 hexadecimal digits, in any case.

    Raises:
        ValueError: It is written otherwise.
    """
    try:
        found = bytes.fromhex(address.removeprefix("0x")) if address.startswith("0x") else b""
    except ValueError:
        found = b""
    if len(found) != _ADDRESS:
        raise ValueError(f"{address!r} is no address: 0x and 40 hexadecimal digits are needed")
    return found


def address_word(address: str) -> bytes:
    """Return an address as a word, zeros in front."""
    return address_bytes(address).rjust(_WORD, b"\0")


def checksummed(address: bytes) -> str:
    """Return an address as text with the mixed case that proves it was typed right (EIP-55)."""
    digits = address.hex()
    proof = keccak256(digits.encode()).hex()
    return "0x" + "".join(d.upper() if int(p, 16) > 7 else d for d, p in zip(digits, proof, strict=False))


def text_word(text: str) -> bytes:
    """Return what stands for a string inside typed data: its digest."""
    return keccak256(text.encode())


_DOMAIN = text_word("EIP712Domain(string name,string version,uint256 chainId)")
_DOMAIN_OF_CONTRACT = text_word("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def domain_separator(name: str, version: str, chain_id: int, contract: str | None = None) -> bytes:
    """Return the digest of a signing domain; without a contract its field is absent, as the venue's log-in has it."""
    fields = text_word(name) + text_word(version) + word(chain_id)
    if contract is None:
        return keccak256(_DOMAIN + fields)
    return keccak256(_DOMAIN_OF_CONTRACT + fields + address_word(contract))


def typed_digest(separator: bytes, struct_hash: bytes) -> bytes:
    """Return what is signed: the digest of a struct within its domain."""
    return keccak256(b"\x19\x01" + separator + struct_hash)
