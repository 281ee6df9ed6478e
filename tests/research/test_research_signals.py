"""Replays of stored signals: sources, order of things, risk as live, honest books of what happened."""

import json
import sqlite3
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made import made_tape
from polydesk.model.errors import ConfigError, SessionError
from polydesk.model.grid import CASH_ONE_U6
from polydesk.model.orders import Purpose, Side
from polydesk.model.records import OrderSent, Refused
from polydesk.report.session import read_session
from polydesk.research import run_backtest
from polydesk.research.fill_model import FillModel, fill_price_g4, slippage_bps
from polydesk.research.ledger_lines import cells
from polydesk.research.migration import migrate, restore_v1, validate
from polydesk.research.result import Result
from polydesk.research.result_files import as_document
from polydesk.research.session_signals import read_orders
from polydesk.research.signal_account import Books, intent_of
from polydesk.research.signal_replay import SignalPlan, as_v1, replay_signals
from polydesk.research.signal_sources import read_source
from polydesk.research.stored_signals import Snapshot, Snapshots, Stored, StoredSignal, in_order
from polydesk.risk import Denial, decide
from polydesk.risk.limits import RiskLimits
from polydesk.run.settings import load_settings

S = 10**9
FREE = RiskLimits(
    max_order_notional=Decimal(10_000), max_market_exposure=Decimal(10_000), max_total_exposure=Decimal(10_000),
    entry_cooldown_s=0, stale_feed_s=1e9, collar=1, daily_loss_fraction=0,
)  # fmt: skip
EXACT = FillModel(slippage_bps=Decimal(0))


def signal(n, ts, price="0.5", size=10, side=Side.BUY, token=0, market="m", strategy="s1", event="e"):
    target = None if price is None else Fraction(price)
    return StoredSignal(str(n), ts * S, strategy, event, market, token, side, target, size * 1_000_000)


def snapshot(ts, yes=5000, no=5000, liquidity=1000):
    return Snapshot(ts * S, (yes, no), None if liquidity is None else liquidity * CASH_ONE_U6)


def replay(signals, snapshots, model=EXACT, limits=FREE, strategies=(), begin=0, end=1000, cash=10_000, seed=1):
    stored = Stored("made", "0" * 64, in_order(list(signals)), Snapshots(snapshots))
    plan = SignalPlan(stored, begin * S, end * S, strategies, model, limits, cash * CASH_ONE_U6, seed)
    return replay_signals(plan)


def test_a_round_trip_with_slippage_and_fees_by_hand():
    model = FillModel(slippage_bps=Decimal(100), fee_bps=Decimal(20))
    result, ledger = replay([signal(1, 10, "0.4"), signal(2, 20, "0.6", side=Side.SELL)], {"m": [snapshot(5)]}, model)
    buy, sell = ledger
    # buy 10 at 0.404 with 0.00808 fee, sell 10 at 0.594 with 0.01188 fee: 5.94 - 4.04 - 0.01996
    assert (buy.fill_price, buy.fee, buy.realized_change, buy.slippage_bps_applied) == (0.404, 0.00808, -0.00808, 100.0)
    assert (sell.fill_price, sell.fee, sell.realized_change) == (0.594, 0.01188, 1.88812)
    assert result.summary.pnl == 1.88004
    row = result.attribution.strategy[0]
    assert (row.trade_count, row.wins, row.winrate, row.pnl) == (1, 1, 1.0, 1.88004)
    assert (result.summary.total, result.summary.executed, result.summary.rejected) == (2, 2, 0)


def test_what_is_held_is_worth_its_own_tokens_last_price_at_the_end():
    shots = [snapshot(5, 5000, 4000), snapshot(50, 7000, 2000), snapshot(99, 9000, 500)]
    result, _ = replay([signal(1, 10, "0.4", token=1)], {"m": shots}, end=60)
    # NO bought at 0.4; at the end NO itself is 0.20, not 1 - 0.70
    assert result.summary.unrealized == -2.0
    assert result.summary.pnl == -2.0
    row = result.attribution.strategy[0]
    assert (row.open_positions, row.open_wins, row.winrate_mark_to_market, row.winrate) == (1, 0, 0.0, None)
    unknown, _ = replay([signal(1, 10, "0.4", token=1)], {"m": [snapshot(5, 5000, 4000), snapshot(50, 7000, None)]})
    assert unknown.summary.pnl is None
    assert "no price of its own token" in unknown.meta.notes[1]


def test_a_signal_without_an_earlier_snapshot_does_not_fill():
    result, ledger = replay([signal(1, 10), signal(2, 20)], {"m": [snapshot(15)]})
    assert [(e.kind, e.risk_reason, e.executed_qty) for e in ledger] == [
        ("unfilled", "no_snapshot", 0.0),
        ("fill", "", 10.0),
    ]
    assert result.summary.reject_reasons == {"no_snapshot": 1}


def test_later_snapshots_change_nothing_that_was_decided_before():
    signals = [signal(n, 10 * n, "0.5", n) for n in range(1, 6)]
    model = FillModel(partial_fill=True, fill_probability=True, dynamic_slippage=True)
    early = [snapshot(5, liquidity=300), snapshot(25, 4000, 5500, 700)]
    _, one = replay(signals, {"m": early}, model, end=30)
    _, two = replay(signals, {"m": [*early, snapshot(31, 9000, 100, 5)]}, model, end=30)
    assert one == two


def test_reasons_are_codes_and_only_risk_counts_as_rejected():
    thin = {"m": [snapshot(1, liquidity=0)]}
    none = FillModel(partial_fill=True, min_fill_ratio=Decimal(0))
    _, ledger = replay([signal(1, 10), signal(2, 11, None), signal(3, 12, size=0)], thin, none)
    assert [e.risk_reason for e in ledger] == ["no_liquidity", "no_price", "no_size"]
    assert all(e.risk_rejections_before == 0 and e.risk_allowed for e in ledger)
    draw = FillModel(fill_probability=True, fill_draw=True)
    many = [signal(n, n, size=1) for n in range(1, 60)]
    result, ledger = replay(many, thin, draw)
    assert set(result.summary.reject_reasons) == {"not_drawn"}
    assert {e.executed_qty for e in ledger} == {0.0, 1.0}
    assert result.summary.executed + result.summary.unfilled == 59
    assert [e.executed_qty for e in replay(many, thin, draw)[1]] == [e.executed_qty for e in ledger]
    assert [e.executed_qty for e in replay(many, thin, draw, seed=2)[1]] != [e.executed_qty for e in ledger]


def test_exposure_reserves_what_is_asked_and_keeps_what_was_filled():
    caps = FREE.model_copy(update={"max_market_exposure": Decimal(10)})
    half = FillModel(slippage_bps=Decimal(0), partial_fill=True, liquidity_full_fill=Decimal(2000))
    _, ledger = replay([signal(n, n, "0.5", 12) for n in (1, 2, 3)], {"m": [snapshot(0)]}, half, caps)
    # Each asks for 6 pUSD and fills 3: 6 <= 10, 3 + 6 <= 10, 6 + 6 > 10.
    assert [(e.kind, e.risk_event_notional_before) for e in ledger] == [("fill", 0.0), ("fill", 3.0), ("refused", 6.0)]
    assert ledger[2].risk_reason == "market_exposure"
    assert ledger[2].risk_notional == 6.0


def test_signals_that_share_an_id_are_each_booked():
    same = [signal(1, 10, "0.4"), signal(1, 20, "0.4")]
    result, ledger = replay([*same, signal(2, 30, "0.6", size=20, side=Side.SELL)], {"m": [snapshot(5)]})
    assert [entry.kind for entry in ledger] == ["fill", "fill", "fill"]
    assert result.summary.pnl == 4.0


def test_selling_what_is_not_held_is_refused():
    _, ledger = replay([signal(1, 10, side=Side.SELL)], {"m": [snapshot(5)]})
    assert (ledger[0].kind, ledger[0].risk_reason) == ("refused", "shares")


def test_the_daily_loss_stops_entries_and_not_exits():
    caps = FREE.model_copy(update={"daily_loss_amount": Decimal(2)})
    shots = [snapshot(5), snapshot(15, 2000, 8000)]
    signals = [signal(1, 10, "0.5"), signal(2, 20, "0.2"), signal(3, 30, "0.2", side=Side.SELL)]
    _, ledger = replay(signals, {"m": shots}, EXACT, caps)
    assert [(e.kind, e.risk_reason) for e in ledger] == [("fill", ""), ("refused", "kill_switch"), ("fill", "")]
    assert ledger[1].risk_max_daily_loss == 2.0


@settings(max_examples=60)
@given(
    st.integers(1, 9999), st.integers(1, 400), st.sampled_from(Side), st.integers(1, 9999), st.integers(0, 120),
    st.integers(1, 300), st.integers(0, 60), st.integers(0, 30),
)  # fmt: skip
def test_risk_answers_as_the_live_check_does(price, size, side, shown, age, cap, cooldown, since):
    """The same state and limits give the same answer as the function of paper and live sessions."""
    limits = RiskLimits(
        max_order_notional=Decimal(cap), max_market_exposure=Decimal(cap), max_total_exposure=Decimal(cap),
        entry_cooldown_s=cooldown, stale_feed_s=60,
    )  # fmt: skip
    first = signal(1, 200, Fraction(shown, 10_000), 1)
    second = signal(2, 200 + since, Fraction(price, 10_000), size, side)
    snapshots = {"m": [snapshot(200 - age, shown, 10_000 - shown)]}
    _, ledger = replay([first, second], snapshots, EXACT, limits)
    books = Books(Snapshots(snapshots), limits, 10_000 * CASH_ONE_U6)
    market = books.market_of(second)
    if ledger[0].kind == "fill":
        intent = intent_of(first, market, fill_price_g4(first.price, first.side, Fraction(0)))
        books.sent(first)
        books.book(intent, first.ts_ns, intent.price_g4, intent.size_u6, 0)
    books.look(second.ts_ns)
    intent = intent_of(second, market, fill_price_g4(second.price, side, Fraction(0)))
    answer = decide(intent, market, books.observed(intent, second, snapshots["m"][0], 0), limits)
    assert ledger[1].risk_reason == (answer.code.value if isinstance(answer, Denial) else "")


def test_strategies_and_windows_choose_signals():
    signals = [signal(1, 10), signal(2, 20, strategy="s2", event="e2"), signal(3, 30)]
    result, ledger = replay(signals, {"m": [snapshot(5)]}, strategies=("s2", "s9"), begin=5, end=25)
    assert [e.strategy for e in ledger] == ["s2"]
    assert [row.strategy for row in result.attribution.strategy] == ["s2", "s9"]
    assert result.attribution.event[0].event_id == "e2"


def test_events_add_up_and_the_document_is_whole():
    signals = [
        signal(n, n, f"0.{n % 7 + 2}", n % 5 + 1, Side.SELL if n % 3 == 0 else Side.BUY, n % 2, f"m{n % 3}",
               f"s{n % 2}", f"e{n % 3}")
        for n in range(1, 80)
    ]  # fmt: skip
    shots = {
        f"m{m}": [snapshot(t, 4000 + 10 * t, 5500 - 9 * t, 100 * m + t) for t in range(0, 90, 7)] for m in range(3)
    }
    result, ledger = replay(signals, shots, FillModel(partial_fill=True, fee_bps=Decimal(7)))
    rows, events = result.attribution.strategy, result.attribution.event
    assert round(sum(r.pnl for r in rows), 6) == round(result.summary.pnl, 6)
    for row in rows:
        assert round(sum(e.pnl for e in events if e.strategy == row.strategy), 6) == row.pnl
    document = as_document(result)
    assert validate(document, "f") == 2
    assert msgspec.convert(json.loads(json.dumps(document)), Result) == result
    old = as_v1(result)
    assert validate(old, "f") == 1
    assert restore_v1(migrate(old, "f")) == old
    assert all(cells(entry)["risk_circuit_breaker_rejections"] == "0" for entry in ledger)


def database(path, signals, snapshots, columns="yes_price, no_price"):
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE signals (id INTEGER PRIMARY KEY, strategy, market_id, event_id, side, score, confidence,"
            " target_price, size_hint, rationale, payload_json, status, created_at, updated_at)"
        )
        made.execute(
            f"CREATE TABLE market_snapshots (source, market_id, event_id, {columns}, mid, liquidity, volume,"
            " captured_at)"
        )
        made.executemany(
            "INSERT INTO signals (strategy, market_id, event_id, side, target_price, size_hint, payload_json,"
            " created_at) VALUES (?,?,?,?,?,?,?,?)",
            signals,
        )
        made.executemany(
            f"INSERT INTO market_snapshots (market_id, {columns}, liquidity, captured_at) VALUES (?,?,?,?,?)",  # noqa: S608
            snapshots,
        )
    made.close()
    return path


LEG = json.dumps({"primary_leg": {"token": "NO", "market": "m2", "qty": 4.5, "price": 0.81}, "tail_hedge": None})


@pytest.mark.parametrize("columns", ["yes_price, no_price", "yes, no"])
def test_a_monomarket_database(tmp_path, columns):
    file = database(
        tmp_path / "mono.db",
        [
            ("s8", "m1", "e1", "buy", 0.2, 3.0, LEG, "2026-02-01T12:00:00+00:00"),
            ("s1", "m1", "e1", "sell", 0.305, 2.5, None, "2026-02-01 11:00:00"),
        ],
        [("m1", 0.3, 0.7, 500.5, "2026-02-01T10:00:00+00:00"), ("m2", 0.2, None, None, "2026-02-01T10:00:00+00:00"),
         ("unused", 0.2, 0.8, 1, "2026-02-01T10:00:00+00:00")],
        columns,
    )  # fmt: skip
    before = file.read_bytes()
    stored = read_source(tmp_path, str(file), None)
    assert file.read_bytes() == before
    late, early = stored.signals[1], stored.signals[0]
    assert (early.strategy, early.token, early.side, early.price, early.size_u6) == (
        "s1",
        0,
        Side.SELL,
        Fraction("0.305"),
        2_500_000,
    )
    assert (late.market, late.token, late.price, late.size_u6, late.event) == (
        "m2",
        1,
        Fraction("0.81"),
        4_500_000,
        "e1",
    )
    assert late.ts_ns - early.ts_ns == 3600 * S
    assert stored.snapshots.count() == 2
    shown = stored.snapshots.at("m1", late.ts_ns)
    assert (shown.prices_g4, shown.liquidity_u6) == ((3000, 7000), 500_500_000)
    assert stored.snapshots.at("m2", late.ts_ns).prices_g4 == (2000, None)


def test_what_is_wrong_with_a_source_is_said(tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as made:
        made.execute("CREATE TABLE things (a)")
    made.close()
    broken = database(tmp_path / "b.db", [("s1", "m", "e", "hold", 0.1, 1, None, "2026-02-01")], [])
    csv_file, text = tmp_path / "s.csv", tmp_path / "s.jsonl"
    csv_file.write_text("ts,strategy,market_id,side,price,size\n2026-02-01,s1,m,buy,abc,1\n")
    text.write_text('{"ts": 1, "strategy": "s1", "market_id": "m", "side": "buy"}\nnope\n')
    for source, told in (
        (other, "there is no table signals"),
        (broken, "table signals row 1: field side is 'hold'; expected buy or sell"),
        (csv_file, r"s\.csv line 2: field price is 'abc'; expected a number"),
        (text, r"s\.jsonl line 2: not a JSON object"),
        (tmp_path / "no.csv", "there is no such file"),
    ):
        with pytest.raises(ConfigError, match=told):
            read_source(tmp_path, str(source), None)
    whole = {"ts": 1, "strategy": "s1", "market_id": "m", "side": "buy"}
    for field, wrong in (
        ("ts", "nan"), ("ts", "inf"), ("ts", ""), ("ts", [1]), ("market_id", {"a": 1}), ("token", [1]), ("side", {}),
        ("price", "nan"), ("size", [2]),
    ):  # fmt: skip
        text.write_text(json.dumps({**whole, field: wrong}) + "\n")
        with pytest.raises(ConfigError, match=rf"s\.jsonl line 1: field {field} is"):
            read_source(tmp_path, str(text), None)
    with pytest.raises(ConfigError, match="--snapshots belongs to a table"):
        read_source(tmp_path, str(broken), csv_file)
    with pytest.raises(SessionError):
        read_source(tmp_path, "latest", None)


def test_tables_with_snapshots(tmp_path):
    signals, shots = tmp_path / "s.jsonl", tmp_path / "m.csv"
    lines = [
        {"ts": "2026-02-01T12:00:00Z", "strategy": "s", "market_id": "m", "side": "buy", "price": 0.33335, "size": 1.5},
        {"ts": 1769940000, "strategy": "s", "market_id": "m", "event_id": "e", "token": "NO", "side": "SELL",
         "price": 0.1, "size": 1, "id": "x"},
    ]  # fmt: skip
    signals.write_text("\n".join(map(json.dumps, lines)) + "\n")
    shots.write_text("ts,market_id,yes,no,liquidity\n2026-02-01,m,0.33,,\n2026-02-01T13:00:00Z,m,0.4,0.6,12.5\n")
    stored = read_source(tmp_path, str(signals), shots)
    assert [(s.id, s.token, s.event) for s in stored.signals] == [("x", 1, "e"), ("1", 0, "m")]
    assert stored.snapshots.at("m", stored.signals[1].ts_ns).prices_g4 == (3300, None)
    assert stored.sha256 != "0" * 64


def test_the_entries_of_a_session_with_its_books(tmp_path):
    tape = made_tape(tmp_path / "t", seed=3, markets=2)
    about = {"warm_up_s": 5, "half_life_s": 10, "min_deviation": 0.01, "min_confidence": 0.05}
    lively = [f"desk.strategies.mean_reversion.{name}={value}" for name, value in about.items()]
    config = load_settings(None, {}, [f"data_dir={tmp_path}", *lively]).settings
    ended = run_backtest(config, tape, "mean_reversion", lambda _m, _p: None)
    stored = read_orders(ended.path)
    _, records = read_session(ended.path)
    orders = [r for r in records if isinstance(r, OrderSent | Refused)]
    assert len(stored.signals) == len(orders) > 3
    for found, record in zip(stored.signals, orders, strict=True):
        shown = stored.snapshots.at(found.market, found.ts_ns)
        assert shown.ts_ns == found.ts_ns
        mid = shown.prices_g4[found.token]
        assert abs(mid - record.intent.price_g4) < 1500
        assert shown.liquidity_u6 > 0
        assert sum(shown.prices_g4) == 10_000
        assert slippage_bps(EXACT, shown) == 0
    both = run_backtest(config, tape, "inventory_maker", lambda _m, _p: None)
    wanted = [r.intent for r in read_session(both.path)[1] if isinstance(r, OrderSent | Refused)]
    assert 0 < len(read_orders(both.path).signals) == sum(i.purpose is not Purpose.QUOTE for i in wanted) < len(wanted)
    quoting = run_backtest(config, tape.between(0, 300), "inventory_maker", lambda _m, _p: None)
    with pytest.raises(SessionError, match="all of them quotes"):
        read_orders(quoting.path)
