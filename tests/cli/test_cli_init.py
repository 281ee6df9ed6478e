"""``polydesk init`` from outside: with and without questions, and leaving nothing behind when it ends early."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from typer.testing import CliRunner

from polydesk.cli.app import app
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load


def polydesk(*args: str, cwd: Path):
    clean = {name: None for name in os.environ if name.startswith("POLYDESK")}
    with contextlib.chdir(cwd):
        return CliRunner().invoke(app, args, env=clean)


def test_without_questions_it_writes_the_defaults_and_they_check(tmp_path: Path) -> None:
    found = polydesk("init", "--yes", "--json", cwd=tmp_path)
    assert found.exit_code == 0, found.stderr
    (line,) = found.stdout.splitlines()
    told = json.loads(line)
    assert told["file"] == "polydesk.yaml"
    assert told["keys"]["desk.cash"] == 10_000
    assert load(Settings, tmp_path / "polydesk.yaml", {}, ()).settings == Settings()
    assert polydesk("config", "check", "polydesk.yaml", cwd=tmp_path).stdout == "ok\n"
    assert polydesk("config", "check", cwd=tmp_path).stdout == "ok\n"
    shown = json.loads(polydesk("config", "explain", "desk.cash", "--json", cwd=tmp_path).stdout)
    assert shown["desk.cash"]["origin"].startswith("polydesk.yaml:")


def test_answers_beforehand_and_the_next_commands(tmp_path: Path) -> None:
    found = polydesk("init", "my desk.yaml", "--defaults", "--set", "desk.risk.max_market_exposure=50", cwd=tmp_path)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith("wrote my desk.yaml: ")
    assert "polydesk run --config 'my desk.yaml'" in found.stderr
    risk = load(Settings, tmp_path / "my desk.yaml", {}, ()).settings.desk.risk
    assert (risk.max_market_exposure, risk.max_order_notional) == (50, 50)


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "polydesk.yaml").write_text("run:\n  seed: 1\n")
    found = polydesk("init", "--yes", cwd=tmp_path)
    assert found.exit_code == 2
    assert "polydesk.yaml: is there already" in found.stderr
    assert (tmp_path / "polydesk.yaml").read_text() == "run:\n  seed: 1\n"
    assert polydesk("init", "--yes", "--force", "--set", "run.seed=2", cwd=tmp_path).exit_code == 0
    assert load(Settings, tmp_path / "polydesk.yaml", {}, ()).settings.run.seed == 2


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((), "stdin is not a terminal; give --yes"),
        (("--yes", "--set", "desk.csh=1"), "did you mean 'desk.cash'?"),
        (("--yes", "--set", "desk.cash"), "write section.key=value"),
        (("nowhere/desk.yaml", "--yes"), "nowhere/desk.yaml: cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_done_is_one_error_and_no_file(tmp_path: Path, args: tuple[str, ...], told: str) -> None:
    found = polydesk("init", *args, "--json", cwd=tmp_path)
    assert found.exit_code == 2
    assert told in found.stderr
    assert json.loads(found.stdout)["error"]["exit_code"] == 2
    assert os.listdir(tmp_path) == []


def test_questions_on_a_terminal_ask_again_with_the_reason(tmp_path: Path) -> None:
    terminal = Terminal(["init"], tmp_path)
    terminal.until("[polydesk-data] ")
    terminal.type("\n")
    terminal.until("[10000] ")
    terminal.type("lots\n")
    terminal.until("expected a number in pUSD, at least 1")
    terminal.until("[10000] ")
    terminal.type("500\n")
    terminal.until("[mean_reversion, inventory_maker] ")
    terminal.type("mean_reversion\n")
    terminal.until("[3500] ")
    terminal.type("200\n")
    terminal.until("[200] ")
    terminal.type("300\n")
    terminal.until("expected at most 200")
    terminal.type("80\n")
    terminal.until("[80] ")
    terminal.type("\n\n")
    terminal.until("[normal] ")
    terminal.type("pessimistic\n7\nmax\n")
    assert terminal.end() == 0, terminal.text
    assert "wrote polydesk.yaml" in terminal.text
    settings = load(Settings, tmp_path / "polydesk.yaml", {}, ()).settings
    assert settings.desk.cash == 500
    assert not settings.desk.strategies.inventory_maker.enabled
    risk = settings.desk.risk
    assert (risk.max_total_exposure, risk.max_market_exposure, risk.max_order_notional) == (200, 80, 80)
    assert settings.exchange.order_latency_ms == 250
    assert (settings.run.seed, settings.run.speed) == (7, "max")
    assert os.listdir(tmp_path) == ["polydesk.yaml"]


@pytest.mark.parametrize(("key", "told"), [("\x03", "interrupted"), ("\x04", "nothing was written")])
def test_ctrl_c_and_the_end_of_input_leave_nothing_behind(tmp_path: Path, key: str, told: str) -> None:
    terminal = Terminal(["init"], tmp_path)
    terminal.until("[polydesk-data] ")
    terminal.type("elsewhere\n")
    terminal.until("[10000] ")
    terminal.type(key)
    assert terminal.end() == 130, terminal.text
    assert told in terminal.text
    assert "Traceback" not in terminal.text
    assert os.listdir(tmp_path) == []
