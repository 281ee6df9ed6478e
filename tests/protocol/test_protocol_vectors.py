"""The wire against vectors made with the venue's official clients: digests, signatures, codes, addresses, cursors."""

import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signed_orders import order_of

from polydesk.protocol.auth import (
    Credentials,
    builder_headers,
    log_in_digest,
    log_in_headers,
    request_code,
    request_headers,
)
from polydesk.protocol.book_hash import book_hash
from polydesk.protocol.cursors import FIRST, LAST, cursor_of, offset_of
from polydesk.protocol.digests import address_bytes, checksummed
from polydesk.protocol.key import Key
from polydesk.protocol.orders import (
    Exchange,
    SignatureType,
    digest_to_sign,
    order_id,
    sign_order,
    sign_with_session,
)
from polydesk.protocol.wallets import WalletFactories, proxy_of, safe_of

SECRET = "0x" + "11" * 32


def test_orders_have_the_ids_and_signatures_of_the_official_clients(vectors):
    cases = vectors("order_signing_v2")["cases"]
    kinds = set()
    for case in cases:
        order = order_of(case)
        exchange = Exchange(case["verifying_contract"], case["domain_version"], case["chain_id"])
        key = Key(case["private_key"])
        assert key.address == case["signer_eoa"]
        assert "0x" + exchange.separator().hex() == case["domain_separator"], case["id"]
        assert "0x" + order.struct_hash().hex() == case["struct_hash"], case["id"]
        assert order_id(order, exchange) == case["order_hash"], case["id"]
        assert "0x" + digest_to_sign(order, exchange).hex() == case["digest_signed"], case["id"]
        assert "0x" + sign_order(key, order, exchange).hex() == case["signature"], case["id"]
        kinds.add((order.signature_type, exchange.version, case["exchange_name"]))
    assert {kind for kind, _, _ in kinds} == set(SignatureType)
    assert {version for _, version, _ in kinds} == {"2", "3"}


def test_session_keys_sign_as_the_official_client_does(vectors):
    cases = vectors("order_signing_v2")["session_key_cases"]
    assert len(cases) == 3
    for case in cases:
        order = order_of(case)
        exchange = Exchange(case["verifying_contract"], case["domain_version"], case["chain_id"])
        key = Key(case["session_private_key"])
        assert key.address == case["session_signer"]
        assert "0x" + sign_order(key, order, exchange).hex() == case["inner_1271_signature"]
        assert "0x" + sign_with_session(key, order, exchange).hex() == case["signature"]


def test_logging_in_is_signed_as_the_official_clients_do(vectors):
    for case in vectors("l1_clob_auth")["cases"]:
        key = Key(case["private_key"])
        given_case = int(case["timestamp"]), int(case["nonce"]), case["chain_id"]
        assert "0x" + log_in_digest(key.address, *given_case).hex() == case["digest"]
        assert log_in_headers(key, *given_case) == case["headers"]


def test_requests_carry_the_codes_of_the_official_clients(vectors):
    found = vectors("l2_hmac")
    for case in found["cases"]:
        code = request_code(case["secret"], case["timestamp"], case["method"], case["path"], case["body"] or "")
        assert code == case["signature"]
    for case in found["edge_cases"]:
        if case.get("polymarket_client"):
            code = request_code(case["secret"], case["timestamp"], case["method"], case["path"], case["body"] or "")
            assert code == case["polymarket_client"], case["note"]
    full = found["full_headers"]
    mine = Credentials(full["api_key"], full["secret"], full["passphrase"])
    for case in full["requests"]:
        made = request_headers(
            full["address"], mine, full["timestamp"], case["method"], case["path"], case["body"] or ""
        )
        assert made == case["headers"]
    one = found["builder_headers"]
    builder = Credentials(one["key"], one["secret"], one["passphrase"])
    assert builder_headers(builder, one["timestamp"], one["method"], one["path"], one["body"]) == one["headers"]


def test_wallets_of_an_account_have_the_addresses_of_the_official_client(vectors):
    for case in vectors("wallet_derivation")["cases"]:
        assert Key(case["private_key"]).address == case["eoa"]
        assert proxy_of(case["eoa"], WalletFactories()) == case["proxy"]
        assert safe_of(case["eoa"], WalletFactories()) == case["safe"]


def test_whole_books_have_the_hash_of_the_official_client(vectors):
    for case in vectors("book_hash")["cases"]:
        assert book_hash(case["book"]) == case["sha1"]


def test_cursors_are_those_of_the_official_clients(vectors):
    found = vectors("cursors")
    assert (found["start"], found["end"]) == (FIRST, LAST)
    for case in found["cases"]:
        assert cursor_of(case["offset"]) == case["cursor"]
        assert offset_of(case["cursor"]) == case["offset"]
    assert offset_of(LAST) == -1


@given(st.integers(0, 10**9))
def test_a_cursor_leads_back_to_its_offset(offset):
    assert offset_of(cursor_of(offset)) == offset


@pytest.mark.parametrize("cursor", ["", "x", "MA", "eA==", "é"])
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(ValueError, match="is no cursor of a list"):
        offset_of(cursor)


@given(st.binary(min_size=20, max_size=20))
def test_a_checksummed_address_is_the_same_address(raw):
    assert address_bytes(checksummed(raw)) == raw


@pytest.mark.parametrize("text", ["", "0x", "0x12", "12" * 20, "0x" + "12" * 21, "0x" + "zz" * 20])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="is no address"):
        address_bytes(text)


@pytest.mark.parametrize("secret", ["", "0x", "11" * 31, "11" * 33, "zz" * 32, "00" * 32, "ff" * 32])
def test_what_is_no_key_is_refused_and_not_repeated(secret):
    with pytest.raises(ValueError, match="no private key") as found:
        Key(secret)
    assert not secret or len(secret) < 4 or secret not in str(found.value)
    assert found.value.__cause__ is None


def test_secrets_do_not_show_themselves():
    key, mine = Key(SECRET), Credentials("name", "c2VjcmV0", "pass-phrase")
    for shown in (repr(key), str(key), f"{key!r:>80}", repr(mine), str(mine), repr([mine]), repr({"key": key})):
        assert SECRET[2:] not in shown
        assert "c2VjcmV0" not in shown
        assert "pass-phrase" not in shown
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        msgspec.json.encode(key)


@given(st.binary(min_size=32, max_size=32))
def test_a_signature_is_repeatable_and_low(digest):
    key = Key(SECRET)
    made = key.sign(digest)
    assert made == key.sign(digest)
    assert len(made) == 65
    assert made[64] in (27, 28)
    # Half the order of the group: the exchange takes no other form of the same signature.
    assert int.from_bytes(made[32:64], "big") <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
