import json

import pytest
from typer.testing import CliRunner

from polydesk.cli.tape import app
from polydesk.model.errors import ImportFailed, TapeError

runner = CliRunner()

SCHEMA = """
name: cents
event: {all: book}
time: {venue: {column: at, unit: s}}
token: {constant: "111"}
book: {layout: lists, bid_prices: bp, bid_sizes: bs, ask_prices: ap, ask_sizes: as}
units: {price_per_dollar: 100}
"""


def told(*arguments):
    result = runner.invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture
def tape(tmp_path):
    (tmp_path / "r.csv").write_text('at,bp,bs,ap,as\n1776323400.5,"[40,39]","[5,1]","[60]","[7.5]"\n')
    (tmp_path / "s.yaml").write_text(SCHEMA)
    told("import", tmp_path / "r.csv", "--schema", tmp_path / "s.yaml", "--out", tmp_path / "t")
    return tmp_path / "t"


def test_import_with_a_schema_names_it(tape):
    found = told("info", tape)
    assert found["sources"][0]["format"] == "schema:cents"
    assert [row["price"] for row in told("head", tape)["rows"]] == ["0.4", "0.39", "0.6"]


def test_a_wrong_schema_is_bad_input(tmp_path):
    (tmp_path / "s.yaml").write_text(SCHEMA.replace("units", "unit"))
    arguments = ["import", str(tmp_path / "r.csv"), "--schema", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "t")]
    with pytest.raises(ImportFailed, match="unknown key 'unit'; did you mean 'units'") as failed:
        runner.invoke(app, arguments, catch_exceptions=False)
    assert failed.value.exit_code == 2


@pytest.mark.parametrize("to", ["hftbacktest", "nautilus", "l2table"])
def test_convert_tells_what_it_wrote(tape, tmp_path, to):
    found = told("convert", tape, "--to", to, "--out", tmp_path / to)
    assert found["format"] == to
    assert [market["token"] for market in found["markets"]] == [0, 1]
    assert found == {"out": str(tmp_path / to)} | json.loads((tmp_path / to / "conversion.json").read_text())
    text = runner.invoke(app, ["convert", str(tape), "--to", to, "--token", "1", "--out", str(tmp_path / "one")]).stdout
    assert f"{to}, 1 token" in text


def test_convert_never_overwrites(tape, tmp_path):
    with pytest.raises(TapeError, match="exists"):
        runner.invoke(app, ["convert", str(tape), "--to", "l2table", "--out", str(tmp_path)], catch_exceptions=False)


def test_help_has_examples_and_exit_codes():
    text = " ".join(runner.invoke(app, ["convert", "--help"]).stdout.split())
    assert "Examples: polydesk tape convert " in text
    assert "Exit codes: 0 done; 1 the check says no; 2 bad input or usage" in text


def test_without_a_folder_the_result_lies_beside_the_tape(tape):
    result = runner.invoke(app, ["convert", str(tape), "--to", "l2table", "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    made = tape.with_name(f"{tape.name}-l2table")
    assert made.is_dir()
    assert any(made.iterdir())
