"""``polydesk backtest sensitivity`` and what ``polydesk report`` judges by, through the command line."""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from made import made_tape
from made_grids import made_grid
from polydesk.cli.app import app
from polydesk.model.errors import PolydeskError
from polydesk.report.study.grid import read_grid, write_grid

RUN = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cli-sensitivity")
    made_tape(made / "tape", seed=3)
    return made


def test_a_grid_runs_is_written_and_shown_again(folder: Path) -> None:
    out, html = folder / "grid.json", folder / "grid.html"
    options = ["--strategy", "inventory_maker", "--tape", str(folder / "tape"), "--data-dir", str(folder)]
    few = ["--latency-ms", "50", "--queue", "pessimistic", "--fee-scale", "1,2", "--workers", "1"]
    few += ["--from", "100", "--to", "2500", "--markets", "made-0", "--engine", "python"]
    done = RUN.invoke(
        app, ["backtest", "sensitivity", *options, *few, "--out", str(out), "--html", str(html), "--json"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.splitlines()[-1])
    assert [cell["at"] for cell in told["cells"]] == [[0, 0, 0], [0, 0, 1]]
    assert told["complete"]
    assert (told["rows"], told["markets"]) == ([100, 2500], ["made-0"])
    assert "2,400 tape rows" in html.read_text(encoding="utf-8")
    assert msgspec.json.decode(msgspec.json.encode(read_grid(out))) == told
    assert "constructed data" in html.read_text(encoding="utf-8")
    again = RUN.invoke(app, ["backtest", "sensitivity", "--from-file", str(out), "--html", str(html), "--lang", "zh"])
    assert again.exit_code == 0, again.output
    assert "结果的敏感性" in html.read_text(encoding="utf-8")
    assert "All combinations" in again.stdout


def test_an_unfinished_grid_can_be_shown(folder: Path) -> None:
    path = folder / "partial.json"
    write_grid(path, made_grid(complete=False))
    shown = RUN.invoke(
        app, ["backtest", "sensitivity", "--from-file", str(path), "--html", str(folder / "partial.html")]
    )
    assert shown.exit_code == 0, shown.output
    assert "10 of 12 combinations were run" in (folder / "partial.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--queue", "hopeful"], "--queue: exchange.queue_model"),
        (["--size", "0"], "whole multiples"),
        (["--latency-ms", "soon"], "--latency-ms 'soon': not a number"),
        (["--from", "soon"], "--from 'soon': expected a row number or a time"),
        (["--markets", "other"], "--markets 'other' names no market"),
        (["--sample", "resolvedkit"], "--tape and --sample both name recordings"),
        (["--engine", "fast"], "--engine 'fast'"),
        (["--from-file", "grid.json", "--strategy", "x"], "--strategy: --from-file shows a grid"),
        (["--strategy", "none_such"], "none_such"),
        (["--from-file", "absent.json"], "absent.json"),
    ],
)
def test_wrong_options_are_refused(folder: Path, options: list[str], text: str) -> None:
    tape = [] if "--from-file" in options else ["--tape", str(folder / "tape")]
    done = RUN.invoke(app, ["backtest", "sensitivity", *options, *tape, "--data-dir", str(folder)])
    assert done.exit_code != 0
    assert text in f"{done.output}{done.exception}"
    assert done.exception is None or isinstance(done.exception, SystemExit | PolydeskError)


def test_a_report_judges_by_the_configuration_and_leaves_with_its_verdict(folder: Path) -> None:
    began = ["backtest", "--strategy", "mean_reversion", "--tape", str(folder / "tape"), "--data-dir", str(folder)]
    assert RUN.invoke(app, began).exit_code == 0
    base = ["report", "latest", "--data-dir", str(folder)]
    plain = RUN.invoke(app, [*base, "--json"])
    assert plain.exit_code == 0, plain.output
    told = json.loads(plain.stdout.splitlines()[-1])
    assert told["verdict"]["answer"] in {"no", "paper"}, "constructed data never deploys"
    assert told["study"]["market"]["rewards"] == []
    assert RUN.invoke(app, [*base, "--require", "deploy"]).exit_code == 1
    assert RUN.invoke(app, [*base, "--require", "no"]).exit_code == 0
    strict = RUN.invoke(app, [*base, "--set", "report.verdict.min_days=77", "--json"])
    rules = json.loads(strict.stdout.splitlines()[-1])["verdict"]["rules"]
    assert next(rule["limit"] for rule in rules if rule["name"] == "days") == 77
    marks = folder / "markouts.csv"
    assert RUN.invoke(app, [*base, "--markouts", str(marks)]).exit_code == 0
    lines = marks.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("fill,order,strategy,")
    assert len(lines) == told["fills"] + 1
