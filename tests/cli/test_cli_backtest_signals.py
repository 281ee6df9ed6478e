"""Stored signals on the command line: tables in, a ledger out, and what is wrong with a table."""

from pathlib import Path

import pytest
from in_process import last_json, polydesk


def test_signals_of_a_table(tmp_path: Path) -> None:
    signals, shots = tmp_path / "s.csv", tmp_path / "m.csv"
    signals.write_text("ts,strategy,market_id,side,price,size\n2026-02-01T12:00:00Z,s1,m,buy,0.4,10\n")
    shots.write_text("ts,market_id,yes,no,liquidity\n2026-02-01T11:00:00Z,m,0.4,0.6,500\n")
    found = polydesk(
        "backtest", "signals", signals, "--snapshots", shots, "--strategies", "s1,s2", "--partial-fill",
        "--slippage-bps", 100, "--fee-bps", 10, "--out-dir", tmp_path / "out", "--json",
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    assert "--strategies 's2': the source holds no signal of it; it has s1" in found.stderr
    told = last_json(found)
    entry = told["replay"][0]
    assert (entry["executed_qty"], entry["fill_price"], entry["fill_ratio"]) == (5.0, 0.404, 0.5)
    assert entry["fee"] == 0.00202
    assert [row["strategy"] for row in told["attribution"]["strategy"]] == ["s1", "s2"]
    assert (
        polydesk("backtest", "verify", tmp_path / "out" / "backtest.json", tmp_path / "out" / "event.csv").exit_code
        == 0
    )
    old = polydesk(
        "backtest", "signals", signals, "--snapshots", shots, "--schema", 1, "--out-json", tmp_path / "v1.json"
    )
    assert old.exit_code == 0, old.stderr
    moved = polydesk(
        "backtest", "migrate-v1-to-v2", "--in", tmp_path / "v1.json", "--out", tmp_path / "v2.json", "--json"
    )
    assert (moved.exit_code, last_json(moved)["to_schema"]) == (0, "2.0")
    assert polydesk("backtest", "verify", tmp_path / "v2.json").exit_code == 0
    assert "# Replay of signals" in polydesk("backtest", "show", tmp_path / "v2.json").stdout
    twice = polydesk("backtest", "migrate-v1-to-v2", "--in", tmp_path / "v2.json", "--out", tmp_path / "v3.json")
    assert (twice.exit_code, "schema major 2" in twice.stderr) == (2, True)


def test_side_cars_can_be_left_out(tmp_path: Path) -> None:
    signals, shots = tmp_path / "s.csv", tmp_path / "m.csv"
    signals.write_text("ts,strategy,market_id,side,price,size\n2026-02-01T12:00:00Z,s1,m,buy,0.4,10\n")
    shots.write_text("ts,market_id,yes,no,liquidity\n2026-02-01T11:00:00Z,m,0.4,0.6,500\n")
    command = ("backtest", "signals", signals, "--snapshots", shots, "--out-dir")
    with_them, without = "--with-csv-digest-sidecar", "--no-csv-digest-sidecar"
    for place, more, cars in (("a", (), 3), ("b", (with_them,), 3), ("c", (without,), 0)):
        assert polydesk(*command, tmp_path / place, *more).exit_code == 0
        assert len(list((tmp_path / place).glob("*.sha256"))) == cars
    both = polydesk(*command, tmp_path / "d", with_them, without)
    assert (both.exit_code, "contradict each other" in both.stderr) == (2, True)


def test_the_reason_is_readable_in_80_columns(tmp_path: Path) -> None:
    signals, shots = tmp_path / "s.csv", tmp_path / "m.csv"
    names = [("mean_reversion", "btc-updown-5m-1776323400"), ("a_longer_name_of_one", "fed-decision-in-january")]
    lines = [f"2026-02-01T12:00:0{at}Z,{who},m{at},buy,0.4,1000.5,{what}" for at, (who, what) in enumerate(names)]
    signals.write_text("\n".join(["ts,strategy,market_id,side,price,size,event_id", *lines]) + "\n")
    shots.write_text("ts,market_id,yes,no,liquidity\n2026-02-01T11:00:00Z,m0,0.4,0.6,500\n")
    command = ["backtest", "signals", str(signals), "--snapshots", str(shots), "--data-dir", str(tmp_path)]
    told = polydesk(*command, COLUMNS="80").stdout
    ledger = told[told.index("Replay ledger") :]
    assert max(len(line) for line in told.splitlines()) <= 80
    assert "reason" in ledger
    assert "order_notiona" in ledger, "wrapped where need be, never cut off"
    assert "no_snapshot" in ledger
    assert "all on 2026-02-01" in ledger


@pytest.mark.parametrize(
    ("signals", "shots", "more", "told"),
    [
        ("", "", (), "s.csv: has no field ts; needed are ts, strategy, market_id, side, price, size"),
        ("ts,strategy,market_id,side,price\n", "", (), "s.csv: has no field size"),
        ("ts,strategy,market_id,side,price,size\n", "", (), "holds no signals"),
        ("GOOD,buy,40,10\n", "", (), "s.csv line 2: field price is 40; expected pUSD per share, 0 to 1"),
        ("GOOD,hold,0.4,10\n", "", (), "s.csv line 2: field side is 'hold'; expected buy or sell"),
        ("GOOD,buy,0.4,10\n", "ts,market_id,price\n", (), "m.csv: has no field yes; needed are ts, market_id, yes"),
        ("GOOD,buy,0.4,10\n", "ts,market_id,yes\n", ("--from", "2026-02-02", "--to", "2026-02-01"),
         "--from 2026-02-02 --to 2026-02-01: the end lies before the begin; the signals go from 2026-02-01"),
        ("GOOD,buy,0.4,10\n", "ts,market_id,yes\n", ("--from", "2026-02-02"), "the end lies before the begin"),
    ],
)  # fmt: skip
def test_wrong_tables_of_signals_are_told(tmp_path: Path, signals: str, shots: str, more, told: str) -> None:
    heading = "ts,strategy,market_id,side,price,size\n2026-02-01T12:00:00Z,s,m,"
    (tmp_path / "s.csv").write_text(signals.replace("GOOD,", heading))
    (tmp_path / "m.csv").write_text(shots or "ts,market_id,yes,no,liquidity\n")
    found = polydesk(
        "backtest", "signals", tmp_path / "s.csv", "--snapshots", tmp_path / "m.csv", "--data-dir", tmp_path, *more
    )
    assert found.exit_code == 2, found.output
    assert told in " ".join(found.stderr.split())
