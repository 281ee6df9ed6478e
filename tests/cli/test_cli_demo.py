"""``polydesk demo`` from outside: everything it tells is in the session it has run."""

import json
import re
from pathlib import Path

import pytest
from command_walk import understood
from pseudo_terminal import Terminal
from typer.testing import CliRunner

from made import made_tape
from polydesk.cli.app import app
from polydesk.model.records import Fill, OrderSent, Refused, Settled
from polydesk.report.session import find_sessions, read_session

LIVELY = [
    "--set=desk.strategies.mean_reversion.warm_up_s=5",
    "--set=desk.strategies.mean_reversion.half_life_s=10",
    "--set=desk.strategies.mean_reversion.min_deviation=0.01",
    "--set=desk.strategies.mean_reversion.min_confidence=0.05",
    "--set=desk.risk.entry_cooldown_s=5",
]
STEPS = [
    "tape", "verification", "session", "decision", "permit", "order", "fill", "exit", "columns", "refusal", "quote",
    "settlement", "result", "proof",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    made_tape(folder / "tape", seed=3)
    return folder


def arguments(home: Path, data: str, *more: str) -> list[str]:
    return ["demo", "--tape", str(home / "tape"), "--data-dir", str(home / data), *LIVELY, *more]


@pytest.fixture(scope="module")
def told(home: Path):
    found = CliRunner().invoke(app, arguments(home, "json", "--json"))
    assert found.exit_code == 0, found.stderr
    (line,) = found.stdout.splitlines()
    return json.loads(line)


@pytest.fixture(scope="module")
def printed(home: Path) -> str:
    found = CliRunner().invoke(app, arguments(home, "text"), env={"COLUMNS": "80"})
    assert found.exit_code == 0, found.stderr
    return found.stdout


def facts(told: dict, name: str) -> dict:
    return next(step["facts"] for step in told["steps"] if step["name"] == name)


def test_the_story_has_every_step(told) -> None:
    assert [step["name"] for step in told["steps"]] == STEPS
    assert told["identical"] is True
    assert facts(told, "proof")["journal_sha256"] == told["journal_sha256"]


def test_every_number_is_the_session_s_own(home: Path, told) -> None:
    (folder,) = find_sessions(home / "json")
    assert folder.name == told["session"]
    _, records = read_session(folder)
    sent = {r.intent.id: r for r in records if isinstance(r, OrderSent)}
    order = facts(told, "decision")
    assert sent[order["order"]].intent.size_u6 == order["size_u6"]
    assert len(facts(told, "permit")["checks"]) == len(sent[order["order"]].checks)
    fills = [r for r in records if isinstance(r, Fill) and r.intent == order["order"]]
    assert [f["fill"] for f in facts(told, "fill")["fills"]] == [f.id for f in fills]
    assert facts(told, "fill")["fee_u6"] == sum(f.fee_u6 for f in fills)
    refused = next(r for r in records if isinstance(r, Refused))
    assert (facts(told, "refusal")["order"], facts(told, "refusal")["code"]) == (refused.intent.id, refused.code)
    assert facts(told, "settlement")["settlements"] == sum(isinstance(r, Settled) for r in records)
    quote = facts(told, "quote")
    assert quote["fill"] in {r.id for r in records if isinstance(r, Fill) and r.liquidity == "maker"}
    exit_ = facts(told, "exit")
    assert sent[exit_["order"]].intent.reason == exit_["reason"]
    assert sent[exit_["order"]].seq > sent[order["order"]].seq


def test_the_two_columns_are_the_account_s(told) -> None:
    before, matched, confirmed = facts(told, "columns")["moments"]
    fills = facts(told, "fill")["fills"]
    bought = sum(fill["size_u6"] for fill in fills)
    paid = sum(-(-fill["price_g4"] * fill["size_u6"] // 10_000) + fill["fee_u6"] for fill in fills)
    assert matched["shares_u6"][0] - before["shares_u6"][0] == bought
    assert before["cash_u6"][0] - matched["cash_u6"][0] == paid
    assert matched["cash_u6"][1] == before["cash_u6"][1]
    assert confirmed["shares_u6"][1] - matched["shares_u6"][1] == bought


def test_the_text_is_plain_in_a_pipe_and_fits(printed: str) -> None:
    assert "\x1b" not in printed
    for line in printed.splitlines():
        # Commands are for copying and are never broken.
        assert len(line) <= 80 or line.startswith(("$ ", "The session stays in")), line
    for number, title in enumerate(("The tape", "Can the recording be trusted?", "A session", "A decision"), 1):
        assert f"\n{number}  {title}" in printed
    assert "CONSTRUCTED" in printed
    assert "identical" in printed
    assert "< our limit" in printed


def test_every_command_it_prints_is_understood_and_shows_the_same(home: Path, printed: str) -> None:
    commands = [line[2:] for line in printed.splitlines() if line.startswith("$ ")]
    assert len(commands) >= len(STEPS)
    for command in commands:
        assert understood(command).startswith("polydesk "), command
    explain = next(command for command in commands if " explain " in command)
    shown = CliRunner().invoke(app, explain.partition("#")[0].split()[1:])
    assert shown.exit_code == 0, shown.stderr
    assert "Risk checks" in shown.stdout
    verify = next(command for command in commands if "--verify" in command)
    assert CliRunner().invoke(app, verify.split()[1:]).stdout == "identical\n"


def test_the_command_of_the_session_runs_the_same_session(printed: str, told) -> None:
    run = next(line[2:] for line in printed.splitlines() if line.startswith("$ polydesk run"))
    found = CliRunner().invoke(app, [*run.split()[1:], "--json"])
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout.splitlines()[-1])["journal_sha256"] == told["journal_sha256"]
    assert told["journal_sha256"] in printed


def test_the_session_is_in_the_ledger_and_reported(home: Path, told) -> None:
    assert (home / "json" / "ledger.db").is_file()
    found = CliRunner().invoke(app, ["report", told["session"], "--data-dir", str(home / "json"), "--json"])
    report = json.loads(found.stdout.splitlines()[-1])
    later = {"verdict", "guards", "statistics", "study"}  # what the report adds; the demo tells the session itself
    assert later < report.keys()
    assert {key: told[key] for key in report if key not in later} == {k: v for k, v in report.items() if k not in later}


def test_a_quiet_session_is_told_as_one(home: Path) -> None:
    off = [f"--set=desk.strategies.{name}.enabled=false" for name in ("mean_reversion", "inventory_maker")]
    found = CliRunner().invoke(app, arguments(home, "quiet", *off, "--json"))
    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert told["orders"] == 0
    texts = {step["name"]: " ".join(step["text"]) for step in told["steps"]}
    assert "No order was sent" in texts["decision"]
    assert "Risk refused no order" in texts["refusal"]
    assert "no strategy at all" in texts["session"]
    assert told["identical"] is True


def test_on_a_terminal_enter_goes_on_and_ctrl_c_leaves(home: Path) -> None:
    terminal = Terminal(arguments(home, "tty"), home)
    terminal.until("Enter goes on at once")
    for title in ("The tape", "trusted?", "A session", "A decision"):
        terminal.until(title)
        terminal.type("\n")
    terminal.until("A permit")
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.text
    assert "Traceback" not in terminal.text
    (folder,) = find_sessions(home / "tty")
    assert f"polydesk report {folder.name}" in terminal.text
    assert read_session(folder)[1][-1].reason == "tape_end"


def test_colour_is_left_out_on_request(home: Path) -> None:
    terminal = Terminal(arguments(home, "grey", "--fast"), home, {"NO_COLOR": "1"})
    assert terminal.end() == 0, terminal.text
    colours = {code for found in re.findall(r"\x1b\[([\d;]*)m", terminal.text) for code in found.split(";") if code}
    assert not {code for code in colours if 30 <= int(code) <= 49 or 90 <= int(code) <= 107}
