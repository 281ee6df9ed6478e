from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from made import market
from made_orders import fill, intent
from polydesk.desk import DeskConfig
from polydesk.exchange import ExchangeConfig
from polydesk.model.fees import assumed_schedule
from polydesk.model.ids import intent_id
from polydesk.model.market import Fact, Market, Origin, RewardTerms, Token
from polydesk.model.orders import Check, OrderState, Side, Term, book_price_g4, book_side
from polydesk.model.params import Params, milliseconds_ns, param, seconds_ns
from polydesk.model.records import (
    HASHED,
    INPUTS,
    BalanceTold,
    CancelRejected,
    CancelSent,
    CashMoved,
    Command,
    Decision,
    FillStatus,
    Input,
    Marked,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Output,
    Record,
    Refused,
    SentinelBroke,
    SessionEnded,
    SessionHalted,
    SessionMark,
    SessionResumed,
    SessionStarted,
    Settled,
    SourceChanged,
    StrategyFailed,
    TimerFired,
    is_input,
)
from polydesk.model.rows import ROW_DTYPE, empty_rows

ORDER = intent(7, token=1, side=Side.SELL, why=(Term("mid", 0.5), Term("held", 3.0, "shares")))
CHECKS = (Check("stale_feed", 5, 10, "ns", passed=True), Check("cash", -1, 10, "u6 pUSD", passed=False))
ONE_OF_EACH = (
    OrderAck(1, 2, intent_id(1), "live"),
    OrderRejected(1, 2, intent_id(1), "breaks_tick", "Price (0.505) breaks minimum tick size rule: 0.01"),
    OrderDone(1, 2, intent_id(1), "cancelled"),
    CancelRejected(1, 2, intent_id(1), "not_found"),
    OrderLost(1, 2, intent_id(1)),
    fill(3, token=1, side=Side.SELL, fee=10, taker=True),
    FillStatus(1, 2, fill(3).id, confirmed=False),
    Settled(1, 2, 0, (10_000, 0), "venue"),
    TimerFired(1, 2),
    Command(1, 2, "stop", "SIGINT"),
    SourceChanged(1, 2, "gap"),
    CashMoved(1, 2, "reward", -5, "note"),
    BalanceTold(1, 2, 7, {"0/1": 5}),
    StrategyFailed(1, 2, "maker", 0, "ValueError: x", disabled=True),
    Decision(1, 2, "maker", 0, "hold", "spread", -1, 0.25, -0.01, 5, (Term("a", 1.5),)),
    Refused(1, 2, ORDER, "cash", CHECKS),
    OrderSent(1, 2, ORDER, CHECKS),
    CancelSent(1, 2, intent_id(1), "requote"),
    Marked(1, 2, (5, 6), (7, 8), 9),
    SentinelBroke(1, 2, "matched", "matched: cash ..."),
    SessionStarted("s", 1, "paper", 3, "tape", "00", (0, 10), "{}", {"cpu": "x"}, 9),
    SessionResumed({"cpu": "x"}, 9),
    SessionHalted("disk_full", 9),
    SessionEnded("tape_end", "00", 9, 10),
)


def test_there_is_a_sample_of_every_record_type():
    assert {type(record) for record in ONE_OF_EACH} == set(get_args(Record))
    assert set(get_args(Record)) == {*get_args(Input), *get_args(Output), *get_args(SessionMark)}


@pytest.mark.parametrize("codec", [msgspec.msgpack, msgspec.json], ids=["msgpack", "json"])
@pytest.mark.parametrize("record", ONE_OF_EACH, ids=lambda record: type(record).__name__)
def test_records_survive_as_the_tagged_union(record, codec):
    back = codec.decode(codec.encode(record), type=Record)
    assert back == record
    assert type(back) is type(record)


def test_which_records_are_inputs_and_hashed():
    assert {type(r) for r in ONE_OF_EACH if is_input(r)} == set(INPUTS) == set(get_args(Input))
    outside = {type(r) for r in ONE_OF_EACH} - set(HASHED)
    assert outside == {Marked, SentinelBroke, *get_args(SessionMark)}


# --- orders in one book -----------------------------------------------------------------------------------------------


@given(st.sampled_from((0, 1)), st.sampled_from(Side), st.integers(0, 10_000))
def test_both_tokens_meet_in_one_book(token, side, price):
    mirrored = (1 - token, Side(-side), 10_000 - price)
    assert book_side(token, side) is book_side(mirrored[0], mirrored[1])
    assert book_price_g4(token, price) == book_price_g4(mirrored[0], mirrored[2])


def test_terminal_states():
    assert {state for state in OrderState if state.terminal} == {
        OrderState.MATCHED, OrderState.CANCELLED, OrderState.REJECTED,
    }  # fmt: skip


def test_rows_are_one_cache_line():
    assert ROW_DTYPE.itemsize == 64
    rows = empty_rows(3)
    assert (rows["bid_g4"] == -1).all()
    assert (rows["size_u6"] == 0).all()


# --- assumed facts ----------------------------------------------------------------------------------------------------


def test_a_market_the_venue_described_assumes_nothing():
    assert market().assumed() == {}


@pytest.mark.parametrize(
    "name", ["category", "tick_g4", "min_size_u6", "start_ns", "end_ns", "neg_risk", "taker_delay_ns"]
)
def test_every_assumed_fact_is_told(name):
    made = market()
    guessed = Fact(getattr(made, name).value, Origin.ASSUMED, "a guess")
    told = msgspec.structs.replace(made, **{name: guessed}).assumed()
    assert list(told) == [name]
    assert told[name].endswith(": a guess")


def test_assumed_fees_and_tokens_are_told():
    made = market()
    tokens = (made.tokens[0], Token(made.tokens[1].id, "No", Origin.ASSUMED, recorded=False))
    told = msgspec.structs.replace(made, fees=assumed_schedule("crypto"), tokens=tokens).assumed()
    assert set(told) == {"fees", "token_1"}


def test_derived_facts_are_not_assumed():
    made = market()
    assert msgspec.structs.replace(made, tick_g4=Fact(100, Origin.DERIVED, "from prices")).assumed() == {}


def test_market_knows_nothing_of_its_resolution():
    assert not {"payout", "payout_g4", "resolution", "winner"} & set(Market.__struct_fields__)


# --- parameters -------------------------------------------------------------------------------------------------------


def every_field(model, path=""):
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from every_field(kind, f"{path}{name}.")
        yield f"{path}{name}", field, kind


ALL_FIELDS = [*every_field(DeskConfig), *every_field(ExchangeConfig)]


@pytest.mark.parametrize(("path", "field", "kind"), ALL_FIELDS, ids=[path for path, _, _ in ALL_FIELDS])
def test_every_parameter_is_declared_in_full(path, field, kind):
    assert field.description
    assert not field.is_required()
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        assert issubclass(kind, Params)
    else:
        assert isinstance(field.json_schema_extra["unit"], str)
        assert field.json_schema_extra["unit"]
        assert isinstance(field.json_schema_extra["tunable"], bool)


def test_the_walk_reaches_every_room():
    paths = {path for path, _, _ in ALL_FIELDS}
    assert {
        "risk.collar", "ensemble.signal_floor", "cost.risk_premium", "sizing.smallest", "orders.retry_s",
        "strategies.mean_reversion.exits.stop_loss", "strategies.inventory_maker.half_spread", "jitter",
    } <= paths  # fmt: skip


class Sample(Params):
    speed: float = param(1.0, "1", "a number", low=0, high=2)


@pytest.mark.parametrize(
    "wrong", [{"sped": 1}, {"speed": 3}, {"speed": -1}, {"speed": "fast"}, {"speed": float("nan")}]
)
def test_unknown_keys_and_bad_values_are_errors(wrong):
    with pytest.raises(ValidationError, match=r"sped|speed"):
        Sample(**wrong)


def test_endless_values_are_errors():
    with pytest.raises(ValidationError, match="finite"):
        DeskConfig(mark_interval_s=float("inf"))


def test_parameters_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Sample().speed = 2


def test_caps_and_volatilities_must_nest():
    with pytest.raises(ValidationError, match="max_order_notional <= max_market_exposure"):
        DeskConfig(risk={"max_order_notional": 300, "max_market_exposure": 250})
    with pytest.raises(ValidationError, match="medium_volatility"):
        DeskConfig(sizing={"medium_volatility": 0.2, "high_volatility": 0.1})


@given(st.integers(0, 10**10))
def test_configured_times_are_exact(micros):
    assert seconds_ns(micros / 1_000_000) == micros * 1_000
    assert milliseconds_ns(micros / 1_000) == micros * 1_000


def test_reward_terms_are_optional_and_leave_older_manifests_as_they_are() -> None:
    plain = market(0)
    raw = msgspec.json.encode(plain)
    assert b"rewards" not in raw, "the content hash of a tape without terms does not change"
    assert msgspec.json.decode(raw, type=Market) == plain
    terms = Fact(RewardTerms(100_000_000, 50_000_000, 300), Origin.ASSUMED, "configured: report.rewards")
    paying = msgspec.structs.replace(plain, rewards=terms)
    assert msgspec.json.decode(msgspec.json.encode(paying), type=Market) == paying
    assert paying.assumed() == {"rewards": "configured: report.rewards"}
