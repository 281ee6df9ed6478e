"""How commands end when something is wrong: one line, one exit code, one JSON object, never a trace."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from made import made_tape
from polydesk.cli.app import Boundary, app
from polydesk.model.errors import JournalFull, SessionInterrupted, TapeError
from polydesk.report.session import read_session
from polydesk.run.replay import verify_session
from polydesk.tape.journal import read_journal

PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'polydesk'; from polydesk.cli import main; main()"]


def failing(error: BaseException) -> typer.Typer:
    program = typer.Typer(cls=Boundary, pretty_exceptions_enable=False)

    @program.callback()
    def root() -> None: ...

    @program.command()
    def fail(as_json: bool = typer.Option(False, "--json")) -> None:
        assert as_json in {True, False}
        raise error

    return program


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (TapeError("x:\n  y"), "TapeError", 2),
        (JournalFull("x: y"), "JournalFull", 3),
        (KeyboardInterrupt(), "Interrupted", 130),
    ],
)
def test_with_json_an_error_is_one_object_as_well(error: BaseException, kind: str, code: int) -> None:
    found = CliRunner().invoke(failing(error), ["fail", "--json"])
    assert found.exit_code == code
    (line,) = found.stdout.splitlines()
    told = json.loads(line)["error"]
    assert (told["kind"], told["exit_code"]) == (kind, code)
    assert found.stderr == f"error: {told['message']}\n"
    plain = CliRunner().invoke(failing(error), ["fail"])
    assert (plain.exit_code, plain.stdout, plain.stderr) == (code, "", found.stderr)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["report", "nosuch", "--data-dir", "nowhere", "--json"], "no sessions here"),
        (["run", "--speed", "0", "--json"], "run.speed = 0"),
        (["run", "--bogus", "--json"], "--bogus"),
        (["report", "--json"], "SESSION"),
        (["run", "--seed", "x", "--json"], "--seed"),
        (["tape", "info", "nowhere", "--json"], "not a tape"),
        (["tape", "bogus", "--json"], "bogus"),
        (["bogus", "--json"], "bogus"),
        (["--json"], "--json"),
    ],
)
def test_every_command_line_that_is_wrong_says_so_in_json(args: list[str], told: str) -> None:
    found = CliRunner().invoke(app, args)
    assert found.exit_code == 2
    error = json.loads(found.stdout.splitlines()[-1])["error"]
    assert told in error["message"]
    assert error["exit_code"] == 2


def test_backtest_blames_the_option_that_is_wrong() -> None:
    found = CliRunner().invoke(app, ["backtest", "--strategy", "inventory_maker", "--seed", "-4"])
    assert found.stderr.startswith("error: --seed: run.seed = -4: expected")


def test_a_session_cut_off_tells_how_to_continue(tmp_path: Path) -> None:
    folder = tmp_path / "my desk" / "sessions" / "paper-1"
    found = CliRunner().invoke(failing(SessionInterrupted(folder)), ["fail", "--json"])
    command = f"polydesk run --resume paper-1 --data-dir '{tmp_path / 'my desk'}'"
    assert found.exit_code == 130
    assert found.stderr.endswith(f"continue it with: {command}\n")
    assert json.loads(found.stdout)["error"]["message"].endswith(command)


@pytest.mark.parametrize("args", [["--help"], ["run", "--help"], ["--version"], ["config", "show"]])
def test_a_full_disk_behind_stdout_is_told_in_words(args: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run([*PROGRAM, *args], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (found.returncode, found.stderr) == (
        2,
        "error: output: cannot be read or written (No space left on device)\n",
    )


@pytest.mark.parametrize(
    "args", [["config", "show"], ["--help"], ["run", "--help"], ["tape", "import", "--help"], ["tape", "info"]]
)
def test_nobody_reading_the_output_is_no_error(args: list[str], tmp_path: Path) -> None:
    if args == ["tape", "info"]:
        args = [*args, str(made_tape(tmp_path / "t", seed=1).path)]
    reading, writing = os.pipe()
    os.close(reading)
    found = subprocess.run([*PROGRAM, *args], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (found.returncode, found.stderr) == (141, "")


def test_the_second_interruption_cuts_the_session_off_and_tells_how_to_continue(tmp_path: Path) -> None:
    """The first one lets the session end in order; the driver is held there so that a second one can come."""
    tape = made_tape(tmp_path / "tape", seed=3)
    code = (
        "import signal, sys\n"
        "from polydesk.run import driver\n"
        "from polydesk.cli import main\n"
        "def stop(self, why):\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    print('held', file=sys.stderr, flush=True)\n"
        "driver.Driver.stop = stop\n"
        "main()\n"
    )
    args = ["run", "--tape", str(tape.path), "--data-dir", str(tmp_path / "data"), "--speed", "20", "--json"]
    child = subprocess.Popen(
        [sys.executable, "-c", code, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journals: list[Path] = []
    while child.poll() is None and not (journals and sum(1 for _ in read_journal(journals[0])) > 20):
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.05)
        journals = list(tmp_path.glob("data/sessions/*/journal.pdj"))
    child.send_signal(signal.SIGINT)
    assert child.stderr is not None
    assert any(line == "held\n" for line in child.stderr)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    folder = journals[0].parent
    command = f"polydesk run --resume {folder.name} --data-dir {tmp_path / 'data'}"
    assert err.splitlines()[-1].endswith(f"nothing is lost, continue it with: {command}")
    assert json.loads(out.splitlines()[-1])["error"]["kind"] == "Interrupted"
    resumed = CliRunner().invoke(app, [*command.split()[1:], "--speed", "max", "--json"])
    assert resumed.exit_code == 0, resumed.stderr
    assert read_session(folder)[1][-1].reason == "tape_end"
    assert verify_session(folder).identical


def test_a_terminal_that_cannot_show_a_sign_gets_a_question_mark() -> None:
    script = (
        "from polydesk.cli.output import emit_line; "
        "from polydesk.cli.app import app, main; app.command('sign')(lambda: emit_line('±20 %')); main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, "sign"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, b"?20 %\n", b"")
