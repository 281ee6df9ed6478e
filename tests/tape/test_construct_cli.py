"""``polydesk tape construct`` as a command."""

import json

import pytest
import typer
from typer.testing import CliRunner

from polydesk.cli import construct as command
from polydesk.model.errors import TapeError
from polydesk.tape import open_tape
from polydesk.tape.construct import KINDS

app = typer.Typer()
app.command("construct", epilog=command.EPILOG)(command.construct)
runner = CliRunner()


def test_json_is_the_last_line_and_tells_tape_and_story(tmp_path):
    out = tmp_path / "t"
    result = runner.invoke(app, ["tick-change", "--seed", "4", "--out", str(out), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["constructed"] is True
    assert told["sha256"] == open_tape(out).manifest.sha256
    story = told["story"]
    assert (story["kind"], story["seed"], story["markets"], story["minutes"]) == ("tick-change", 4, 2, 20)
    assert [event["what"] for event in story["events"]] == ["tick"] * 4
    assert story["events"][0]["at"].startswith("2026-06-01T12:")


def test_text_says_constructed_and_what_happens(tmp_path):
    result = runner.invoke(app, ["crossed-feed", "--out", str(tmp_path / "t")], catch_exceptions=False)
    assert result.exit_code == 0
    for told in ("constructed: rows were generated", "constructed:", "crossed", "recovered", "lost"):
        assert told in result.stdout


def test_help_lists_every_kind_with_examples():
    result = runner.invoke(app, ["--help"], terminal_width=200)
    text = " ".join(result.stdout.split())
    assert all(f"{kind.name}: {kind.says}" in text for kind in KINDS.values())
    assert "polydesk tape construct neg-risk --seed 7" in text
    assert "Exit codes: 0 done" in text


def test_bad_input_is_an_error_of_the_program(tmp_path):
    with pytest.raises(TapeError, match="choose one of calm"):
        runner.invoke(app, ["storm", "--out", str(tmp_path / "t")], catch_exceptions=False)


def test_without_a_folder_the_recipe_names_it_and_it_is_made_once(tmp_path):
    asked = ["thin", "--seed", "5", "--minutes", "5", "--data-dir", str(tmp_path), "--json"]
    first, second = (runner.invoke(app, asked, catch_exceptions=False) for _ in range(2))
    told = json.loads(first.stdout.splitlines()[-1])
    assert told["tape"] == str(tmp_path / "tapes" / "constructed-thin-seed5-v1-5minutes")
    assert json.loads(second.stdout.splitlines()[-1]) == told
    assert "is there already" in second.stderr
    assert "is there already" not in first.stderr
