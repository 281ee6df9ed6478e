"""The root command: help, version, errors and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from polydesk import __version__
from polydesk.cli import main
from polydesk.cli.app import Boundary
from polydesk.cli.app import app as root_app
from polydesk.cli.run import run
from polydesk.model.errors import (
    ConfigError,
    InvariantBroken,
    JournalFull,
    PolydeskError,
    SafetyRefusal,
    TapeError,
)

BIN = Path(sys.executable).parent / "polydesk"
COMMANDS = (
    ["run"], ["backtest"], ["replay"], ["report"], ["explain"], ["config", "show"], ["config", "explain"],
    ["config", "check"], ["ledger", "rebuild"],
)  # fmt: skip


def polydesk(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if name not in {"ENABLE_LIVE_TRADING", "COLUMNS"}}
    return subprocess.run(
        [BIN, *args], capture_output=True, text=True, env=base | {"COLUMNS": "100"} | env, timeout=120, check=False
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_examples_and_exit_codes(command: list[str]) -> None:
    found = CliRunner().invoke(root_app, [*command, "--help"], env={"COLUMNS": "100"})
    assert found.exit_code == 0
    text = " ".join(found.stdout.split())
    assert f"polydesk {' '.join(command)}" in text
    assert "Examples:" in text
    assert "Exit codes: 0 done; 1 the check says no; 2 bad input or usage; 3 refused by a safety rule" in text


def test_root_help_is_light_and_lists_every_command() -> None:
    code = (
        "import sys, contextlib, io\n"
        "from polydesk.cli.app import app\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    app(['--help'])\n"
        "heavy = {'numba', 'numpy', 'pyarrow', 'sqlalchemy', 'pydantic', 'jinja2'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
        "print(all(f' {name} ' in out.getvalue() for name in "
        "('run', 'backtest', 'replay', 'report', 'explain', 'tape', 'ledger', 'config')))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["[]", "True"]


def test_version() -> None:
    assert polydesk("--version").stdout == f"polydesk {__version__}\n"


def test_tape_group_is_loaded_when_asked_for() -> None:
    assert "verify" in polydesk("tape", "--help").stdout


@pytest.mark.parametrize("args", [["--bogus"], ["bogus"], ["run", "--bogus"], ["report"], ["run", "--seed", "x"]])
def test_wrong_usage_is_2(args: list[str]) -> None:
    assert CliRunner().invoke(root_app, args).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("a\n  b"), 2), (TapeError("a b"), 2), (SafetyRefusal("a b"), 3), (JournalFull("a b"), 3),
        (InvariantBroken("a b"), 1),
    ],
)  # fmt: skip
def test_every_own_error_is_one_line_and_its_exit_code(error: PolydeskError, code: int) -> None:
    app = typer.Typer(cls=Boundary)

    @app.callback()
    def root() -> None: ...

    @app.command()
    def fail() -> None:
        raise error

    found = CliRunner().invoke(app, ["fail"])
    assert found.exit_code == code
    assert found.stderr == "error: a b\n"
    assert found.stdout == ""


def test_interrupt_is_130_and_a_bug_keeps_its_trace() -> None:
    app = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None: ...

    @app.command()
    def interrupted() -> None:
        raise KeyboardInterrupt

    @app.command()
    def bug() -> None:
        raise ZeroDivisionError

    assert CliRunner().invoke(app, ["interrupted"]).exit_code == 130
    assert isinstance(CliRunner().invoke(app, ["bug"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(("more", "lines"), [((), 0), (("--json",), 1)])
def test_ctrl_c_while_the_command_line_is_loaded_is_told_as_any_other(monkeypatch, capsys, more, lines) -> None:
    class Interrupting:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "polydesk.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "polydesk.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["polydesk", "backtest", *more])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    out, err = capsys.readouterr()
    assert err == "error: interrupted\n"
    told = [json.loads(line) for line in out.splitlines()]
    assert told == [{"error": {"kind": "Interrupted", "message": "interrupted", "exit_code": 130}}] * lines


def test_live_mode_is_refused_with_what_is_missing() -> None:
    for env in ({}, {"ENABLE_LIVE_TRADING": "true"}):
        found = polydesk("run", "--mode", "live", **env)
        assert found.returncode == 3
        assert "no gateway to the venue" in found.stderr
        assert ("ENABLE_LIVE_TRADING" in found.stderr) == (not env)
    assert polydesk("run", "--mode", "demo").returncode == 2


def test_resume_takes_no_tape() -> None:
    with pytest.raises(ConfigError, match="--resume takes tape and seed"):
        run(tape=Path("x"), resume="latest")
