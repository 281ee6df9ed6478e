"""``polydesk config`` from outside."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from polydesk.cli.app import app


def polydesk(*args: str, cwd: Path, **env: str):
    clean = {name: None for name in os.environ if name.startswith("POLYDESK")}
    with contextlib.chdir(cwd):
        return CliRunner().invoke(app, args, env=clean | env)


def test_show_loads_back(tmp_path: Path) -> None:
    shown = polydesk("config", "show", "--set", "run.seed=7", cwd=tmp_path)
    assert shown.exit_code == 0
    (tmp_path / "polydesk.yaml").write_text(shown.stdout)
    found = polydesk("config", "show", "--json", cwd=tmp_path)
    assert json.loads(found.stdout.splitlines()[-1])["run"]["seed"] == 7


def test_example_is_the_committed_file(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "config.example.yaml"
    assert polydesk("config", "show", "--example", cwd=tmp_path).stdout == example.read_text()


def test_explain_names_the_origin(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("desk:\n  risk:\n    max_order_notional: 12.5\n")
    key = "desk.risk.max_order_notional"
    env = {"POLYDESK_CONFIG": "c.yaml", "POLYDESK__RUN__SPEED": "max"}
    found = polydesk("config", "explain", "--json", cwd=tmp_path, **env)
    data = json.loads(found.stdout)
    assert data[key]["value"] == 12.5
    assert data[key]["origin"] == "c.yaml:3"
    assert data[key]["unit"] == "pUSD"
    assert data["run.speed"]["origin"] == "environment POLYDESK__RUN__SPEED"
    text = polydesk("config", "explain", key, cwd=tmp_path, **env).stdout
    assert f"{key} = 12.5 pUSD  (c.yaml:3)" in text
    near = polydesk("config", "explain", "desk.risk.max_order_notion", cwd=tmp_path)
    assert near.exit_code == 2
    assert key in near.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("run:\n  sed: 1\n", "polydesk.yaml:2: unknown key 'run.sed'; did you mean 'run.seed'?"),
        ("run:\n  seed: x\n", 'polydesk.yaml:2: run.seed = "x": expected a whole number'),
        ("run:\n  seed: 1\n  seed: 2\n", "polydesk.yaml:3: key 'run.seed' is written twice"),
        ("desk:\n  risk:\n    max_order_notional: 500\n", "max_order_notional <= max_market_exposure"),
    ],
)
def test_bad_configuration_is_refused_everywhere(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "polydesk.yaml").write_text(text)
    for args in (["config", "check"], ["config", "show"], ["run", "--exit-when-done"]):
        found = polydesk(*args, cwd=tmp_path)
        assert found.exit_code == 2, args
        assert found.stderr.splitlines()[-1].startswith("error: "), args
        assert told in found.stderr, args
    checked = json.loads(polydesk("config", "check", "--json", cwd=tmp_path).stdout)
    assert checked["ok"] is False
    assert told in checked["problems"][0]


def test_check_of_a_good_configuration(tmp_path: Path) -> None:
    assert polydesk("config", "check", cwd=tmp_path).stdout == "ok\n"
    found = polydesk("config", "check", "--json", cwd=tmp_path)
    assert json.loads(found.stdout) == {"ok": True, "problems": []}


def test_the_configured_data_dir_counts_for_every_command(tmp_path: Path) -> None:
    """A configuration named by the environment tells `report` where to look, as it tells `run` where to write."""
    (tmp_path / "desk.yaml").write_text(f"data_dir: {tmp_path / 'elsewhere'}\n")
    found = polydesk("report", "latest", cwd=tmp_path, POLYDESK_CONFIG="desk.yaml")
    assert found.exit_code == 2
    assert str(tmp_path / "elsewhere" / "sessions") in found.stderr
