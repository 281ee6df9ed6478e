"""``polydesk backtest`` and its commands from outside, on a made tape."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from command_walk import understood
from typer.testing import CliRunner

from made import made_tape
from polydesk.cli.app import app
from polydesk.cli.backtest_rolling import show
from polydesk.research.rolling import Rolling, WindowEntry

MAKER = "inventory_maker"


def polydesk(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def last_json(found) -> dict:
    return json.loads(found.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    made_tape(folder / "tape", seed=3, markets=3)
    return folder


@pytest.fixture(scope="module")
def ran(home: Path):
    found = polydesk(
        "backtest", "--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--strategy",
        "mean_reversion", "--from", 500, "--to", 4000, "--markets", "made-1,2", "--out-dir", home / "out", "--json",
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    return found


def test_a_backtest_tells_its_window_and_writes_its_files(home: Path, ran) -> None:
    told = last_json(ran)
    assert told["mode"] == "backtest"
    assert told["complete"] is True
    assert told["window"]["rows"] == [500, 4000]
    assert told["window"]["markets"] == ["made-1", "made-2"]
    assert told["window"]["warm_up"]["rows"] == 500
    assert told["events"] == 3500
    assert {Path(path).name for path in told["files"]} == {
        "backtest.json", "replay.csv", "strategy.csv", "event.csv", "summary.md",
    }  # fmt: skip
    found = polydesk("backtest", "verify", *told["files"][:4], "--json")
    assert (found.exit_code, last_json(found)["ok"]) == (0, True)
    assert "note: constructed data" in ran.stderr
    assert str(home / "out" / "backtest.json") in ran.stderr


def test_the_same_command_gives_the_same_session(home: Path, ran) -> None:
    again = polydesk(
        "backtest", "--tape", home / "tape", "--data-dir", home / "more", "--strategy", "mean_reversion", "--strategy",
        MAKER, "--from", 500, "--to", 4000, "--markets", "1", "--markets", "made-2", "--json",
    )  # fmt: skip
    assert last_json(again)["journal_sha256"] == last_json(ran)["journal_sha256"]
    session = last_json(again)["session"]
    verified = polydesk("replay", session, "--verify", "--data-dir", home / "more")
    assert (verified.exit_code, verified.stdout) == (0, "identical\n")
    one, two = home / "out", home / "more" / "sessions" / session / "backtest"
    for name in ("replay.csv", "strategy.csv", "event.csv"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_list_show_and_compare(home: Path, ran) -> None:
    session = last_json(ran)["session"]
    found = polydesk("backtest", "list", "--data-dir", home / "data", "--json")
    listed = last_json(found)["backtests"]
    assert [item["session"] for item in listed] == [session]
    assert listed[0]["summary"]["total"] > 0
    shown = polydesk("backtest", "show", home / "out", "--replay", 3)
    assert "| inventory_maker |" in shown.stdout
    assert "3 of " in shown.stdout
    assert (
        last_json(polydesk("backtest", "show", session, "--data-dir", home / "data", "--json"))["journal_sha256"]
        == (last_json(ran)["journal_sha256"])
    )
    other = polydesk("backtest", "--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--json")
    refused = polydesk("backtest", "compare", home / "out", "latest", "--data-dir", home / "data")
    assert refused.exit_code == 2
    assert "not of the same data" in refused.stderr
    both = polydesk("backtest", "compare", home / "out", last_json(other)["session"], "--data-dir", home / "data",
                    "--any-data", "--json")  # fmt: skip
    assert (both.exit_code, last_json(both)["same_data"]) == (0, False)
    same = polydesk("backtest", "compare", home / "out", home / "out" / "backtest.json")
    assert "All did exactly the same" in same.stdout


def test_a_changed_file_fails(home: Path, ran, tmp_path: Path) -> None:
    assert ran.exit_code == 0
    text = (home / "out" / "backtest.json").read_text()
    (tmp_path / "b.json").write_text(text.replace('"fills": ', '"fills": 1', 1))
    found = polydesk("backtest", "verify", tmp_path / "b.json")
    assert found.exit_code == 1
    assert "FAILED" in found.stdout
    assert "was changed" in found.stdout
    for command in (["show", tmp_path / "b.json"], ["compare", home / "out", tmp_path / "b.json"]):
        refused = polydesk("backtest", *command)
        assert (refused.exit_code, "the file was changed" in refused.stderr) == (2, True)


def test_verify_tells_every_file(home: Path, ran, tmp_path: Path) -> None:
    assert ran.exit_code == 0
    table = tmp_path / "event.csv"
    table.write_bytes((home / "out" / "event.csv").read_bytes())
    found = polydesk("backtest", "verify", home / "out" / "backtest.json", table, "--json")
    assert found.exit_code == 1
    assert [file["ok"] for file in last_json(found)["files"]] == [True, False]
    assert "there is no event.csv.sha256 beside it" in found.stderr


@pytest.fixture(scope="module")
def rolled(home: Path):
    return polydesk(
        "backtest", "rolling", "--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--markets",
        0, "--window-hours", "0.04", "--step-hours", "0.04", "--workers", 2, "--out-dir", home / "rolled", "--json",
    )  # fmt: skip


def test_windows_without_rows_are_counted_and_not_listed(home: Path, rolled, capsys) -> None:
    assert rolled.exit_code == 0, rolled.stderr
    found = msgspec.json.decode((home / "rolled" / "rolling.json").read_bytes(), type=Rolling)
    silent = [WindowEntry(index=7 + n, from_ts="2026-02-01", to_ts="", rows=0, state="empty") for n in range(500)]
    show(msgspec.structs.replace(found, windows=[*found.windows, *silent]), as_json=False)
    told = capsys.readouterr().out
    assert " ".join(told.split()).count("500 windows hold no row of the tape and are not listed") == 1
    assert "empty" not in told
    assert len(told.splitlines()) < 40


def test_rolling_writes_a_summary(home: Path, rolled) -> None:
    found = rolled
    assert found.exit_code == 0, found.stderr
    told = last_json(found)
    assert (told["overlap_mode"], told["summary"]["coverage_label"]) == ("tiled", "full")
    assert told["kind"] == "backtest_rolling_summary"
    assert polydesk("backtest", "verify", home / "rolled" / "rolling.json").exit_code == 0
    assert "3 of 3 windows" in found.stderr


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


def test_the_migration_map(tmp_path: Path) -> None:
    found = polydesk("backtest", "migration-map")
    assert "13 rows, 12 reversible." in found.stdout
    told = polydesk(
        "backtest", "migration-map", "--format", "json", "--out-json", tmp_path / "map.json", "--with-checksum"
    )
    assert last_json(told)["summary"]["reversible_fields"] == 12
    assert polydesk("backtest", "verify", tmp_path / "map.json").exit_code == 0


def test_cycle_and_nightly_point_to_the_newest(home: Path) -> None:
    common = ("--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--out-dir", home / "night")
    first = polydesk("backtest", "cycle", *common, "--to", 3000, "--json")
    assert first.exit_code == 0, first.stderr
    hours = ("--window-hours", "0.05", "--step-hours", "0.05", "--rolling-reject-top-k", 0)
    second = polydesk("backtest", "nightly", *common, *hours, "--lookback-hours", "0.06")
    assert second.exit_code == 0, second.stderr
    newest = json.loads((home / "night" / "latest-run.json").read_text())
    run = (home / "night" / "latest").resolve()
    assert run.name == newest["run"] != Path(last_json(first)["run"]).name
    assert {"backtest.json", "rolling.json", "summary.txt", "summary.md", "replay.csv.sha256"} <= set(newest["files"])
    line = (run / "summary.txt").read_text()
    assert line == second.stdout
    assert "rolling_reject_top=disabled" in line
    assert newest["summary_line"] == line.strip()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--strategy", "inventory_makr"], "did you mean 'inventory_maker'"),
        (["--from", "soon"], "--from 'soon': expected a row number or a time"),
        (["--from", "5", "--to", "5"], "no row of the tape lies between them"),
        (["--markets", "other"], "--markets 'other' names no market"),
        (["--out-dir", "/proc/nowhere"], "results cannot be written there"),
        (["rolling", "--out-dir", "/proc/nowhere"], "results cannot be written there"),
        (["--engine", "fast"], "--engine 'fast': choose auto, compiled, python"),
        (["--seed", "-1"], "--seed: run.seed = -1"),
        (["--set", "desk.nothing=1"], "unknown key 'desk.nothing'"),
        (["--set", "desk.strategies.inventory_maker.enabled=false", "--set",
          "desk.strategies.mean_reversion.enabled=false"], "no strategy is enabled"),
        (["--sample", "default", "--seed", "1", "list"], "stands before 'list'"),
        (["show", "nosuch"], "no sessions here"),
        (["compare", "x.json", "y.json"], "x.json: cannot be read"),
        (["verify", "x.json"], "x.json: cannot be read"),
        (["migrate-v1-to-v2", "--in", "x.json", "--out", "y.json"], "x.json: cannot be read"),
        (["migration-map", "--format", "xml"], "--format 'xml'"),
        (["rolling", "--window-hours", "0"], "--window-hours 0: must be more than 0"),
        (["nightly", "--step-hours", "-1"], "--step-hours -1: must be more than 0"),
        (["rolling", "--window-hours", "nan"], "--window-hours nan: must be more than 0"),
        (["rolling", "--out-json", "/proc/nowhere/r.json"], "results cannot be written there"),
        (["nightly", "--window-hours", "inf"], "--window-hours inf: must be more than 0 and at most"),
        (["cycle", "--lookback-hours", "0"], "--lookback-hours 0: must be more than 0"),
        (["cycle", "--lookback-hours", "inf"], "--lookback-hours inf: must be more than 0 and at most"),
        (["signals", "nothing.csv"], "there is no such file"),
        (["signals", "nothing.csv", "--snapshots", "m.csv"], "nothing.csv: there is no such file"),
        (["signals", "nothing.csv", "--slippage-bps", "-5"], '--slippage-bps: slippage_bps = "-5"'),
        (["sensitivity", "--html", "/proc/nowhere/g.html"], "results cannot be written there"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(home: Path, tmp_path: Path, args, told: str) -> None:
    lone = {"verify", "migrate-v1-to-v2", "migration-map"}
    where = [] if args[0] in lone or args[-1] == "list" else ["--data-dir", str(tmp_path)]
    tape = (
        [] if args[0] in lone | {"show", "compare", "signals"} or args[-1] == "list" else ["--tape", str(home / "tape")]
    )
    found = polydesk("backtest", *args, *where, *tape)
    assert found.exit_code == 2, found.output
    assert told in " ".join(found.stderr.split())


@pytest.mark.slow
def test_ctrl_c_leaves_a_partial_result_that_says_so(tmp_path: Path) -> None:
    made_tape(tmp_path / "tape", seed=4, markets=3, steps=60_000)
    program = "from polydesk.cli import main; main()"
    command = [
        sys.executable, "-c", program, "backtest", "--tape", str(tmp_path / "tape"), "--data-dir",
        str(tmp_path / "data"), "--out-dir", str(tmp_path / "out"), "--json",
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy())
    until = time.monotonic() + 120
    while not list((tmp_path / "data").glob("sessions/*/live.state")) and time.monotonic() < until:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.02)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    assert json.loads(out.splitlines()[-1])["complete"] is False
    document = json.loads((tmp_path / "out" / "backtest.json").read_text())
    assert document["meta"]["complete"] is False
    assert document["tape"]["applied"] < document["tape"]["rows"][1]
    assert polydesk("backtest", "verify", tmp_path / "out" / "backtest.json").exit_code == 0


def test_every_command_line_of_the_documentation_is_understood() -> None:
    text = (Path(__file__).parents[2] / "docs" / "backtesting.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("polydesk ")]
    assert len(lines) > 10
    for line in lines:
        assert understood(line).startswith("polydesk backtest"), line
