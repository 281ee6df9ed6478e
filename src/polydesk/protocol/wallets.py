"""Addresses of the smart wallets that belong to an account: they follow from it (CREATE2), deployed or not."""

import msgspec

from polydesk.protocol.digests import address_bytes, address_word, checksummed, keccak256

_CLONE = bytes.fromhex("3d3d606380380380913d393d73")
_CLONE_BY = bytes.fromhex("5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73")
_CLONE_OF = bytes.fromhex("5af43d82803e903d91602b57fd5bf352e831dd") + (32).to_bytes(32, "big") + bytes(32)
"""The code a proxy is made with names the factory and what it forwards to."""


class WalletFactories(msgspec.Struct, frozen=True):
    """Contracts that make wallets; they have moved before, so that they are configuration.

    Attributes:
        proxy_factory: Of proxy wallets.
        proxy_implementation: What these forward to.
        safe_factory: Of Safes.
        safe_code_hash: Digest of the code a Safe is made with, 32 bytes.
    """

    proxy_factory: str = "0xaB45c5A4B0c941a2F231C04C3f49182e1A254052"
    proxy_implementation: str = "0x44e999d5c2F66Ef0861317f9A4805AC2e90aEB4f"
    safe_factory: str = "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b"
    safe_code_hash: bytes = bytes.fromhex("2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf")


def create2(factory: str, salt: bytes, code_hash: bytes) -> str:
    """Return the address at which a factory makes a contract of a code with a salt, 32 bytes each (EIP-1014)."""
    return checksummed(keccak256(b"\xff" + address_bytes(factory) + salt + code_hash)[-20:])


def proxy_of(owner: str, factories: WalletFactories) -> str:
    """Return the proxy wallet of an account."""
    factory, target = address_bytes(factories.proxy_factory), address_bytes(factories.proxy_implementation)
    code = _CLONE + factory + _CLONE_BY + target + _CLONE_OF
    return create2(factories.proxy_factory, keccak256(address_bytes(owner)), keccak256(code))


def safe_of(owner: str, factories: WalletFactories) -> str:
    """Return the Safe of an account."""
    return create2(factories.safe_factory, keccak256(address_word(owner)), factories.safe_code_hash)
