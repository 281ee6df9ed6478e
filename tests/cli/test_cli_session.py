"""The commands around one session, from outside, on a made tape."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from made import made_tape
from polydesk.cli.app import app


def polydesk(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    made_tape(folder / "tape", seed=3)
    return folder


@pytest.fixture(scope="module")
def ran(home: Path):
    return polydesk("run", "--tape", home / "tape", "--data-dir", home / "data", "--speed", "max", "--json")


def last_json(found) -> dict:
    return json.loads(found.stdout.splitlines()[-1])


def test_run_ends_with_one_json_object(ran) -> None:
    assert ran.exit_code == 0, ran.stderr
    final = last_json(ran)
    assert len(ran.stdout.splitlines()) == 1
    assert final["mode"] == "paper"
    assert final["sentinels"] == "ok"
    assert final["events"] > 0
    assert "PnL by strategy" in ran.stderr


def test_report_repeats_the_final_json(home: Path, ran) -> None:
    page = home / "r.html"
    found = polydesk("report", "latest", "--data-dir", home / "data", "--html", page, "--json")
    assert found.exit_code == 0, found.stderr
    assert last_json(found) == last_json(ran)
    assert page.read_text().startswith("<!doctype html>")
    words = polydesk("report", last_json(ran)["session"], "--data-dir", home / "data")
    assert "PnL by strategy" in words.stdout


def test_verify_says_identical(home: Path, ran) -> None:
    found = polydesk("replay", last_json(ran)["session"], "--verify", "--data-dir", home / "data")
    assert (found.exit_code, found.stdout) == (0, "identical\n"), found.stderr
    found = polydesk("replay", "latest", "--verify", "--json", "--data-dir", home / "data")
    assert last_json(found)["identical"] is True


def test_what_if_lists_the_differences(home: Path, ran) -> None:
    assert ran.exit_code == 0
    args = ("replay", "latest", "--data-dir", home / "data", "--set", "desk.strategies.mean_reversion.enabled=false")
    found = polydesk(*args)
    assert found.exit_code == 0, found.stderr
    assert "desk.strategies.mean_reversion.enabled" in found.stdout
    assert "enabled" in str(last_json(polydesk(*args, "--json"))["changed"])
    assert polydesk("replay", "latest", "--data-dir", home / "data").exit_code == 2


def test_explain_an_order(home: Path, ran) -> None:
    assert last_json(ran)["orders"] > 0
    found = polydesk("explain", "ord-000001", "--data-dir", home / "data")
    assert found.exit_code == 0, found.stderr
    assert "Why this order" in found.stdout
    assert "What happened" in found.stdout
    data = last_json(polydesk("explain", "1", "--data-dir", home / "data", "--json"))
    assert data["order"] == "ord-000001"
    missing = polydesk("explain", "ord-999999", "--data-dir", home / "data")
    assert missing.exit_code == 2
    assert "ord-000001 to" in missing.stderr


def test_backtest_of_one_strategy(home: Path) -> None:
    args = ("backtest", "--tape", home / "tape", "--data-dir", home / "more", "--strategy")
    found = polydesk(*args, "inventory_maker", "--json")
    assert found.exit_code == 0, found.stderr
    assert last_json(found)["mode"] == "backtest"
    assert "mean_reversion" not in found.stderr.split("PnL by strategy")[1].split("PnL by market")[0]
    wrong = polydesk(*args, "inventory_makr")
    assert wrong.exit_code == 2
    assert "inventory_maker" in wrong.stderr


@pytest.mark.slow
def test_backtest_without_a_tape_takes_the_bundled_recordings(tmp_path: Path) -> None:
    found = polydesk("backtest", "--strategy", "mean_reversion", "--data-dir", tmp_path, "--json")
    assert found.exit_code == 0, found.stderr
    assert "cronos" in last_json(found)["source"]


def test_ledger_rebuild_fills_a_new_ledger(home: Path, ran) -> None:
    name, file = last_json(ran)["session"], home / "data" / "ledger.db"
    one = polydesk("ledger", "rebuild", name, "--data-dir", home / "data", "--json")
    assert one.exit_code == 0, one.stderr
    assert (last_json(one)["sessions"], last_json(one)["kept"]) == (1, "")
    file.write_bytes(b"damaged " * 1000)
    wrong = polydesk("ledger", "rebuild", "latest", "--data-dir", home / "data")
    assert wrong.exit_code == 2
    assert f"polydesk ledger rebuild --all --data-dir {home / 'data'}" in wrong.stderr
    told = polydesk("ledger", "rebuild", "--all", "--data-dir", home / "data")
    assert told.exit_code == 0, told.stderr
    assert told.stdout == f"{file}: 1 sessions, {last_json(one)['records']} records\n"
    assert "it is kept as" in told.stderr
    (home / "data" / "sessions" / name / "manifest.json").rename(home / "manifest.json")
    try:
        gone = polydesk("ledger", "rebuild", name, "--data-dir", home / "data", "--json")
    finally:
        (home / "manifest.json").rename(home / "data" / "sessions" / name / "manifest.json")
    assert gone.exit_code == 1
    assert "manifest.json is missing" in last_json(gone)["problems"][0]
    for args in ([], [name, "--all"]):
        assert polydesk("ledger", "rebuild", *args, "--data-dir", home / "data").exit_code == 2
    assert polydesk("ledger", "rebuild", "--all", "--data-dir", home / "none").exit_code == 2


def test_unknown_session_and_tape(home: Path, ran) -> None:
    found = polydesk("report", "nosuch", "--data-dir", home / "data")
    assert found.exit_code == 2
    assert last_json(ran)["session"] in found.stderr
    found = polydesk("run", "--tape", home / "nosuch", "--data-dir", home / "data")
    assert found.exit_code == 2
    assert str(home / "nosuch") in found.stderr
