"""Bodies of requests against the official clients'."""

import json

import pytest
from signed_orders import order_of

from polydesk.model.orders import OrderType
from polydesk.protocol.orders import Order, SignatureType
from polydesk.protocol.requests import (
    BATCH,
    CANCELS,
    Placing,
    cancel_body,
    cancel_many_body,
    place_body,
    place_many_body,
)

ORDER = Order(1, "0x" + "11" * 20, "0x" + "11" * 20, 7, 5_000_000, 10_000_000, 0, SignatureType.EOA, 1_793_577_600_000)


def test_orders_are_placed_with_the_bodies_of_the_official_clients(vectors):
    for case in vectors("order_signing_v2")["cases"]:
        expected = json.loads(case["post_order_body_py_clob_client_v2"])
        placing = Placing(
            order_of(case), bytes.fromhex(case["signature"][2:]), OrderType(expected["orderType"]),
            int(case["expiration_unsigned"]),
        )  # fmt: skip
        body = place_body(placing, expected["owner"])
        assert json.loads(body) == expected, case["id"]
        assert b" " not in body
        assert json.loads(place_many_body([placing, placing], expected["owner"])) == [expected] * 2
        other = json.loads(case["post_order_body_polymarket_client"])
        assert {key: json.loads(body)[key] for key in other} == other, case["id"]


def test_cancels_name_their_orders():
    assert cancel_body("0xab") == b'{"orderID":"0xab"}'
    assert cancel_many_body(["0xab", "0xcd"]) == b'["0xab","0xcd"]'


@pytest.mark.parametrize(
    ("kind", "expires_s", "post_only", "told"),
    [
        (OrderType.GTC, 1, False, "GTC with expiry 1"), (OrderType.GTD, 0, False, "GTD with expiry 0"),
        (OrderType.FOK, 9, False, "FOK with expiry 9"), (OrderType.FOK, 0, True, "FOK cannot be post-only"),
        (OrderType.FAK, 0, True, "FAK cannot be post-only"),
    ],
)  # fmt: skip
def test_what_the_venue_would_refuse_is_not_built(kind, expires_s, post_only, told):
    with pytest.raises(ValueError, match=told):
        Placing(ORDER, b"", kind, expires_s, post_only)


def test_requests_have_the_size_the_venue_takes():
    placing = Placing(ORDER, bytes(65), OrderType.GTC, post_only=True)
    assert len(json.loads(place_many_body([placing] * BATCH, "key"))) == BATCH
    assert len(json.loads(cancel_many_body(["0x1"] * CANCELS))) == CANCELS
    for count in (0, BATCH + 1):
        with pytest.raises(ValueError, match=f"{count} orders in one request"):
            place_many_body([placing] * count, "key")
    for count in (0, CANCELS + 1):
        with pytest.raises(ValueError, match=f"{count} cancels in one request"):
            cancel_many_body(["0x1"] * count)
