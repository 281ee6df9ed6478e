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


def test_unknown_session_and_tape(home: Path, ran) -> None:
    found = polydesk("report", "nosuch", "--data-dir", home / "data")
    assert found.exit_code == 2
    assert last_json(ran)["session"] in found.stderr
    found = polydesk("run", "--tape", home / "nosuch", "--data-dir", home / "data")
    assert found.exit_code == 2
    assert str(home / "nosuch") in found.stderr
