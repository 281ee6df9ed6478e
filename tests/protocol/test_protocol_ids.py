"""Ids against those of real markets, and the exchange that follows from them."""

import pytest

from polydesk.protocol.contracts import EXCHANGE, NEG_RISK_EXCHANGE, POSITION_EXCHANGE, exchange_of
from polydesk.protocol.ids import collection_id, is_v2_position, outcome_tokens, v2_position

TOKEN = 71321045679252212594626385532706912750332728571942532289631379312455583992563
POSITION = 755628523515574437047200361729489104556293277923091296010366019140627464192


def test_tokens_of_real_markets_are_worked_out(vectors):
    cases = vectors("ids")["ctf"]
    assert {case["neg_risk"] for case in cases} >= {True, False}
    for case in cases:
        condition = bytes.fromhex(case["condition_id"][2:])
        made = ["0x" + collection_id(condition, 1 << outcome).hex() for outcome in range(2)]
        assert made == case["collection_ids"], case["slug"]
        assert list(map(str, outcome_tokens(case["collateral"], condition))) == case["position_ids"], case["slug"]


def test_positions_of_the_newer_protocol_are_told_apart(vectors):
    for case in vectors("ids")["v2_ids"]:
        asset = int(case["position_or_token_id"])
        assert is_v2_position(asset) is case["is_v2_position_id"]
        if is_v2_position(asset):
            condition, outcome = v2_position(asset)
            assert "0x" + condition.hex() == case["condition_id_bytes31"]
            assert outcome == case["outcome_index"]


def test_an_asset_trades_at_one_exchange():
    for neg_risk, contract in ((False, EXCHANGE), (True, NEG_RISK_EXCHANGE)):
        found = exchange_of(TOKEN, neg_risk=neg_risk)
        assert (found.contract, found.version, found.chain_id) == (contract, "2", 137)
        assert exchange_of(POSITION, neg_risk=neg_risk).contract == POSITION_EXCHANGE
        assert exchange_of(POSITION, neg_risk=neg_risk).version == "3"


def test_a_token_is_no_position():
    with pytest.raises(ValueError, match="no position of protocol V2"):
        v2_position(TOKEN)
