"""Help: every command in its group, with examples that the program understands, on wide and narrow terminals."""

import pytest
from command_walk import every_command, root, understood
from typer.testing import CliRunner

from polydesk.cli.app import app
from polydesk.cli.output import EXIT_CODES

NAMES = [name for name, _ in every_command()]
COMMANDS = dict(every_command())
GROUPS = ("Start here", "Look", "Test ideas", "Data", "Set up")


def lines(epilog: str) -> list[str]:
    return [line for line in epilog.split("\n\n") if line.startswith("polydesk ")]


def shown(name: str, width: int):
    found = CliRunner().invoke(app, [*name.split()[1:], "--help"], env={"COLUMNS": str(width), "NO_COLOR": "1"})
    assert found.exit_code == 0
    return found.stdout


def test_the_walk_finds_late_groups_and_their_commands() -> None:
    assert {"polydesk demo", "polydesk init", "polydesk tape import", "polydesk config check"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_examples_that_are_understood(name: str) -> None:
    epilog = COMMANDS[name].epilog
    assert "Examples:" in epilog
    assert epilog.endswith(EXIT_CODES)
    assert lines(epilog)
    for line in lines(epilog):
        assert understood(line).startswith("polydesk "), line
    if getattr(COMMANDS[name], "commands", None) is None:
        assert any(understood(line) == name for line in lines(epilog))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [44, 80, 140])
def test_help_fits_the_terminal_and_loses_no_example(name: str, width: int) -> None:
    text = shown(name, width)
    assert max(len(line) for line in text.splitlines()) <= width
    joined = "".join(text.split())
    for line in lines(COMMANDS[name].epilog):
        assert "".join(line.split()) in joined
    if width >= 80:
        assert "…" not in text, "a name or a text was cut"
        for line in lines(COMMANDS[name].epilog):
            # As it is shown it can be copied: a line that goes on says so to the shell.
            assert all(f" {part}" in text for part in line.splitlines())
            assert all(part.endswith(" \\") for part in line.splitlines()[:-1])


def test_paragraphs_of_help_are_as_wide_as_the_terminal() -> None:
    told = "The rows before --from fill the books and nothing else. Positions held at --to are worth their bid."
    assert told in shown("polydesk backtest", 140)
    for text in ("polydesk backtest", "polydesk backtest rolling", "polydesk tape import"):
        assert all("\n" not in paragraph for paragraph in COMMANDS[text].help.split("\n\n"))


def test_an_example_with_an_unknown_option_would_be_noticed() -> None:
    with pytest.raises(Exception, match="--sped"):
        understood("polydesk run --sped max")
    with pytest.raises(Exception, match="bogus"):
        understood("polydesk tape bogus")


def test_the_root_help_groups_every_command_with_one_line_each() -> None:
    text = shown("polydesk", 100)
    places = [text.index(f"─ {group} ─") for group in GROUPS]
    assert places == sorted(places)
    assert "─ Commands ─" not in text
    command, context = root()
    listed = {line.split()[1] for line in text[places[0] :].splitlines() if line.startswith("│ ") and line[2] != " "}
    assert listed == set(command.list_commands(context))


def test_no_command_offers_to_install_completion() -> None:
    assert "--install-completion" not in shown("polydesk tape", 100)


def test_alone_it_prints_the_help_as_wrong_usage() -> None:
    found = CliRunner().invoke(app, [], env={"COLUMNS": "100"})
    assert found.exit_code == 2
    assert "Start here" in found.stdout + found.stderr
