"""The exported reports say what the journal says, with every token at its own price."""

import json
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from session_samples import MARKETS, NOON_NS, SHARES, fill, generated, header, intent, scripted, write_session
from sqlalchemy import func, select

from polydesk.model.errors import JournalError, LedgerError
from polydesk.model.records import FillStatus, OrderSent, StrategyFailed
from polydesk.store import open_ledger, rebuild, tables, write_exports


def lines(reports, name):
    return [json.loads(line) for line in (reports / name).read_text().splitlines()]


@pytest.fixture
def reports(tmp_path):
    write_session(tmp_path / "s-1", scripted())
    assert write_exports(tmp_path / "s-1" / "journal.pdj", MARKETS, tmp_path / "reports") == {
        "orders.jsonl": 15, "trades.jsonl": 6, "fills.jsonl": 6, "decisions.jsonl": 10, "risk_audit.jsonl": 7,
        "realized_exits.jsonl": 2, "open_positions.json": 1, "pipeline_status.json": 1,
    }  # fmt: skip
    return tmp_path / "reports"


def test_orders_go_through_their_states(reports):
    told = lines(reports, "orders.jsonl")
    assert [(line["order_id"][-1], line["event"], line["status"]) for line in told] == [
        ("1", "submit", "pending"), ("1", "partial", "live"), ("1", "filled", "matched"),
        ("2", "submit", "pending"), ("4", "submit", "pending"), ("2", "filled", "matched"),
        ("4", "partial", "live"), ("4", "partial", "live"), ("4", "cancel", "cancelled"),
        ("3", "submit", "pending"), ("3", "filled", "matched"),
        ("5", "submit", "pending"), ("5", "unknown", "unknown"),
        ("7", "submit", "pending"), ("7", "reject", "rejected"),
    ]  # fmt: skip
    assert told[0] == {
        "timestamp": "2026-04-16T12:00:00.002000Z", "event": "submit", "order_id": "ord-000001",
        "market_id": MARKETS[0].condition_id, "slug": "btc-up-1", "token_id": "001", "outcome": "Up", "action": "yes",
        "direction": "buy", "size": 4.8, "shares": 10, "price": 0.48, "reason": "",
        "metadata": {"type": "GTC", "post_only": False, "purpose": "entry", "why": [
            {"name": "deviation", "value": 0.02, "unit": "price"}, {"name": "cost", "value": -0.005, "unit": "price"},
        ]},
        "strategies": ["mean_reversion"], "runtime_mode": "paper", "status": "pending", "source": "desk",
    }  # fmt: skip
    assert (told[-1]["reason"], told[1]["filled_shares"], told[1]["fill_price"]) == ("breaks_tick", 4, 0.48)


def test_trades_are_increments_and_failed_ones_are_marked(reports):
    told = lines(reports, "trades.jsonl")
    assert [(t["fill_id"][-1], t["filled_shares"], t["average_price"], t["notional"]) for t in told] == [
        ("1", 4, 0.48, 1.92), ("2", 6, 0.47, 2.82), ("3", 10, 0.521, 5.21), ("4", 3, 0.47, 1.41), ("5", 2, 0.47, 0.94),
        ("6", 20, 0.2999, 5.998),
    ]  # fmt: skip
    assert [t["status"] for t in told] == ["partial", "filled", "filled", "partial", "partial", "filled"]
    assert [t["settlement_status"] for t in told] == ["confirmed"] * 4 + ["failed", "confirmed"]
    assert {t["execution_mode"] for t in told} == {"simulation"}


def test_fills_and_exits_use_the_price_of_the_token_traded(reports):
    told = lines(reports, "fills.jsonl")
    assert [fill["event"] for fill in told] == ["entry", "entry", "exit", "entry", "entry", "entry"]
    assert (told[2]["exit_price"], told[2]["exit_yes"]) == (0.521, 0.521)
    assert told[2]["pnl"] == 0.47
    assert told[2]["pnl_after_fees"] == pytest.approx(0.47 - 0.17452 - 0.17469, abs=1e-12)
    assert told[5]["entry_price"] == 0.2999
    assert "entry_yes" not in told[5], "token 1 has no price of token 0"
    assert (told[5]["side"], told[5]["outcome"], told[5]["matched_at"]) == ("no", "Down", "2026-04-16T12:00:00.018999Z")
    sold, settled = lines(reports, "realized_exits.jsonl")
    assert (sold["reason"], sold["shares"], sold["notional"], sold["entry_yes"]) == ("take_profit", 10, 4.74, 0.474)
    assert sold["pnl_pct"] == pytest.approx(100 * (0.47 - 0.34921) / 4.74, abs=1e-5)
    assert (sold["opened_at"], sold["holding_seconds"]) == ("2026-04-16T12:00:00.004000Z", 0.006)
    assert (settled["reason"], settled["exit_price"], settled["resolved_winner"]) == ("settlement", 1, "Down")
    assert (settled["pnl"], settled["entry_price"], settled["status"]) == (14.002, 0.2999, "settled")


def test_decisions_and_the_audit_tell_every_check(reports):
    told = lines(reports, "decisions.jsonl")
    assert [line["type"] for line in told] == [
        "hold", "propose", "approve", "reject", "approve", "approve", "approve", "approve", "approve",
        "error",
    ]  # fmt: skip
    assert (told[-1]["reason"], told[-1]["error"], told[-1]["slug"]) == (
        "strategy_error",
        "KeyError: 'mid'",
        "btc-up-2",
    )
    assert (told[0]["reason"], told[1]["edge"], told[3]["reason"]) == ("warming_up", 0.015, "total_exposure")
    refused = next(line for line in lines(reports, "risk_audit.jsonl") if not line["approved"])
    assert (refused["size"], refused["risk"]["rejections"]) == (450, ["total_exposure"])
    assert refused["risk"]["factors"]["total_exposure"] == {
        "observed": 4_800_000, "limit": 50_000_000, "unit": "pUSD u6", "passed": False,
    }  # fmt: skip


def test_the_standing_at_the_end(reports):
    positions = json.loads((reports / "open_positions.json").read_text())
    position = positions[f"{MARKETS[0].condition_id}/yes"]
    assert (position["shares"], position["notional"], position["entry_price"]) == (3, 1.41, 0.47)
    assert position["strategies"] == ["inventory_maker"]
    assert [order["order_id"] for order in position["open_orders"]] == ["ord-000005"]
    status = json.loads((reports / "pipeline_status.json").read_text())
    assert status["risk_audit"] == {"approved": 6, "rejected": 1, "reasons": {"total_exposure": 1}}
    assert status["hold_reasons"] == {"warming_up": 1}
    assert status["realized"] == {"matched": 14.472, "confirmed": 14.472}
    assert status["fees_paid"]["matched"] == 0.64314
    assert status["fees"] == {
        "taker": {"crypto": {"rate": 0.07, "exponent": 1}}, "maker": 0, "source": {"crypto": "venue"},
    }  # fmt: skip
    assert status["venue_balance"] == {
        "cash": 990, "shares": {"0/0": 3}, "as_of": "2026-04-16T12:00:00.030000Z",
    }  # fmt: skip
    assert status["strategy_readiness"]["mean_reversion"]["errors"] == 1
    assert (status["state"], status["sentinels"], status["open_positions"]) == ("ended", "ok", 1)
    assert status["exposure"]["current"] == 0.000005
    assert (status["exposure"]["allowed"], status["exposure"]["remaining"]) == (None, None), "no limits were recorded"


def test_the_status_tells_limits_and_strategies_of_the_recorded_configuration(tmp_path):
    strategies = {"mean_reversion": {"enabled": True, "lookback_s": 60}, "inventory_maker": {"enabled": False}}
    config = {"desk": {"risk": {"max_total_exposure": "3500"}, "strategies": strategies}}
    batches = scripted()
    batches[0][0] = header(config=json.dumps(config))
    batches[-1].insert(0, StrategyFailed(31, NOON_NS + 31_000_000, "mean_reversion", 0, "ValueError: x", True))
    write_session(tmp_path / "s-1", batches)
    write_exports(tmp_path / "s-1" / "journal.pdj", MARKETS, tmp_path / "reports")
    status = json.loads((tmp_path / "reports" / "pipeline_status.json").read_text())
    assert (status["exposure"]["allowed"], status["exposure"]["remaining"]) == (3500, 3499.999995)
    assert status["exposure"]["balance"] == 0.000001
    assert status["strategy_config"] == strategies
    assert status["strategy_readiness"] == {
        "mean_reversion": {"state": "disabled", "errors": 2, "last_error": "ValueError: x"},
    }


def test_an_order_completed_by_a_fill_that_fails_later_is_filled_and_owes_nothing(tmp_path):
    wanted = intent(1)
    one, two = (fill(n, wanted, n + 1, price=4800, size=5 * SHARES) for n in (1, 2))
    final = [FillStatus(9, NOON_NS, one.id, confirmed=False), FillStatus(9, NOON_NS, two.id, confirmed=True)]
    write_session(tmp_path / "s-1", [[header(), OrderSent(1, NOON_NS, wanted, ())], [one, two, one, *final]])
    write_exports(tmp_path / "s-1" / "journal.pdj", MARKETS, tmp_path / "reports")
    told = [(line["event"], line["status"]) for line in lines(tmp_path / "reports", "orders.jsonl")]
    assert told == [("submit", "pending"), ("partial", "live"), ("filled", "matched")]
    position = json.loads((tmp_path / "reports" / "open_positions.json").read_text())[f"{MARKETS[0].condition_id}/yes"]
    assert (position["shares"], position["open_orders"]) == (5, [])
    status = json.loads((tmp_path / "reports" / "pipeline_status.json").read_text())
    assert status["order_store"] == [
        {"order_id": "ord-000001", "remaining_notional": 0, "remaining_shares": 0, "status": "matched"}
    ]


@given(generated())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exports_agree_with_the_ledger_whatever_fails(tmp_path_factory, tmp_path, batches):
    directory = tmp_path_factory.mktemp("s")
    write_session(directory, batches)
    write_exports(directory / "journal.pdj", MARKETS, directory / "reports")
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        rebuild(ledger, directory)
        with ledger.reading() as connection:
            exits = tables.realised_exits
            count, realised = connection.execute(select(func.count(), func.sum(exits.c.realised_u6))).one()
            held = connection.execute(
                select(func.count(func.distinct(tables.positions.c.market * 2 + tables.positions.c.token))).where(
                    tables.positions.c.matched_shares_u6 != 0
                )
            ).scalar()
    told = lines(directory / "reports", "realized_exits.jsonl")
    assert len(told) == count
    assert round(sum(line["pnl"] for line in told) * 1_000_000) == (realised or 0)
    assert len(json.loads((directory / "reports" / "open_positions.json").read_text())) == held


def test_writing_again_replaces_and_an_error_leaves_the_old_files(reports, tmp_path):
    journal = tmp_path / "s-1" / "journal.pdj"
    before = {file.name: file.read_bytes() for file in reports.iterdir()}
    assert len(before) == 8
    write_exports(journal, MARKETS, reports)
    assert {file.name: file.read_bytes() for file in reports.iterdir()} == before
    with pytest.raises(LedgerError, match="market 1 is not in the manifest"):
        write_exports(journal, MARKETS[:1], reports)
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 1
    journal.write_bytes(content)
    with pytest.raises(JournalError, match="damaged"):
        write_exports(journal, MARKETS, reports)
    assert {file.name: file.read_bytes() for file in reports.iterdir()} == before


def test_a_running_session_can_be_exported(tmp_path):
    writer = write_session(tmp_path / "s-1", scripted()[:5], close=False)
    counts = write_exports(tmp_path / "s-1" / "journal.pdj", MARKETS, tmp_path / "reports")
    writer.close()
    assert counts["fills.jsonl"] == 2
    assert json.loads((tmp_path / "reports" / "pipeline_status.json").read_text())["state"] == "running"


def test_a_full_or_missing_place_is_named(tmp_path):
    write_session(tmp_path / "s-1", scripted())
    journal = tmp_path / "s-1" / "journal.pdj"
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="reports cannot be written"):
        write_exports(journal, MARKETS, tmp_path / "file" / "reports")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("cannot mount a small file system here: exporting to a full disk is NOT tested")
    try:
        with pytest.raises(LedgerError, match="No space left"):
            write_exports(journal, MARKETS, disk)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
