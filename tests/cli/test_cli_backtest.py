"""``polydesk backtest`` and its commands from outside, on a made tape."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from command_walk import understood
from in_process import last_json, polydesk

from made import made_tape
from polydesk.cli.backtest_rolling import show
from polydesk.research import rolling
from polydesk.research.rolling_result import Rolling, WindowEntry

MAKER = "inventory_maker"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    made_tape(folder / "tape", seed=3, markets=3)
    return folder


@pytest.fixture(scope="module")
def ran(home: Path):
    found = polydesk(
        "backtest", "--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--strategy",
        "mean_reversion", "--from", 500, "--to", 4000, "--markets", "made-1,2", "--out-dir", home / "out", "--json",
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    return found


def test_a_backtest_tells_its_window_and_writes_its_files(home: Path, ran) -> None:
    told = last_json(ran)
    assert told["mode"] == "backtest"
    assert told["complete"] is True
    assert told["window"]["rows"] == [500, 4000]
    assert told["window"]["markets"] == ["made-1", "made-2"]
    assert told["window"]["warm_up"]["rows"] == 500
    assert told["events"] == 3500
    assert {Path(path).name for path in told["files"]} == {
        "backtest.json", "replay.csv", "strategy.csv", "event.csv", "summary.md",
    }  # fmt: skip
    found = polydesk("backtest", "verify", *told["files"][:4], "--json")
    assert (found.exit_code, last_json(found)["ok"]) == (0, True)
    assert "note: constructed data" in ran.stderr
    assert str(home / "out" / "backtest.json") in ran.stderr


def test_the_same_command_gives_the_same_session(home: Path, ran) -> None:
    again = polydesk(
        "backtest", "--tape", home / "tape", "--data-dir", home / "more", "--strategy", "mean_reversion", "--strategy",
        MAKER, "--from", 500, "--to", 4000, "--markets", "1", "--markets", "made-2", "--json",
    )  # fmt: skip
    assert last_json(again)["journal_sha256"] == last_json(ran)["journal_sha256"]
    session = last_json(again)["session"]
    verified = polydesk("replay", session, "--verify", "--data-dir", home / "more")
    assert (verified.exit_code, verified.stdout) == (0, "identical\n")
    one, two = home / "out", home / "more" / "sessions" / session / "backtest"
    for name in ("replay.csv", "strategy.csv", "event.csv"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_list_show_and_compare(home: Path, ran) -> None:
    session = last_json(ran)["session"]
    found = polydesk("backtest", "list", "--data-dir", home / "data", "--json")
    listed = last_json(found)["backtests"]
    assert [item["session"] for item in listed] == [session]
    assert listed[0]["summary"]["total"] > 0
    shown = polydesk("backtest", "show", home / "out", "--replay", 3)
    assert "| inventory_maker |" in shown.stdout
    assert "3 of " in shown.stdout
    assert (
        last_json(polydesk("backtest", "show", session, "--data-dir", home / "data", "--json"))["journal_sha256"]
        == (last_json(ran)["journal_sha256"])
    )
    other = polydesk("backtest", "--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--json")
    refused = polydesk("backtest", "compare", home / "out", "latest", "--data-dir", home / "data")
    assert refused.exit_code == 2
    assert "not of the same data" in refused.stderr
    both = polydesk("backtest", "compare", home / "out", last_json(other)["session"], "--data-dir", home / "data",
                    "--any-data", "--json")  # fmt: skip
    assert (both.exit_code, last_json(both)["same_data"]) == (0, False)
    same = polydesk("backtest", "compare", home / "out", home / "out" / "backtest.json")
    assert "All did exactly the same" in same.stdout


def test_a_session_is_found_by_every_place_it_has(home: Path, ran, tmp_path: Path, monkeypatch) -> None:
    session = last_json(ran)["session"]
    folder = home / "data" / "sessions" / session
    elsewhere = tmp_path / "nothing"
    told = {}
    shutil.copytree(folder, tmp_path / "one" / "sessions" / session)
    for place in (folder, folder / "backtest", folder / "backtest" / "backtest.json", folder / "journal.pdj",
                  tmp_path / "one"):  # fmt: skip
        for command in (["report", place], ["explain", 1, "--session", place], ["replay", place, "--verify"]):
            found = polydesk(*command, "--data-dir", elsewhere, "--json")
            assert found.exit_code == 0, found.stderr
            # What else was tried beside it differs from place to place.
            last = {name: value for name, value in last_json(found).items() if name not in {"study", "verdict"}}
            told.setdefault(command[0], set()).add(json.dumps(last))
    assert {name: len(texts) for name, texts in told.items()} == {"report": 1, "explain": 1, "replay": 1}
    # The files of a run elsewhere name their session, which is in the data folder.
    for place in (home / "out", home / "out" / "backtest.json"):
        assert last_json(polydesk("report", place, "--data-dir", home / "data", "--json"))["session"] == session
    lost = polydesk("report", home / "out", "--data-dir", elsewhere)
    assert (lost.exit_code, f"is of session '{session}', which is not in" in " ".join(lost.stderr.split())) == (2, True)
    monkeypatch.chdir(folder.parent)
    for command in (["backtest", "show", session], ["backtest", "show", folder], ["backtest", "show", home / "out"]):
        found = polydesk(*command, "--data-dir", elsewhere, "--json")
        assert last_json(found)["meta"]["session"] == session
    both = polydesk("backtest", "compare", folder, home / "out", "--data-dir", elsewhere, "--json")
    assert last_json(both)["same_journal"] is True
    for place, count in ((folder, 1), (home / "out", 4), (home / "out" / "replay.csv", 1)):
        found = polydesk("backtest", "verify", place, "--data-dir", elsewhere, "--json")
        assert (found.exit_code, len(last_json(found)["files"])) == (0, count)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda at: at.mkdir(), "neither a session nor a result; a session has journal.pdj, a run has backtest.json"),
        (lambda at: None, "there is no such folder; give the path of a session or run, or a session's name"),
        (lambda at: at.write_text("x"), "neither a session nor a result"),
        (lambda at: (at.mkdir(), (at / "backtest.json").write_text("{}")), "names no session"),
    ],
)
def test_places_without_a_session_are_told(tmp_path: Path, make, told: str) -> None:
    place = tmp_path / "place"
    make(place)
    found = polydesk("report", place, "--data-dir", tmp_path)
    assert found.exit_code == 2
    assert told in " ".join(found.stderr.split())


def test_the_schema_is_one_object_on_one_line_when_asked(home: Path) -> None:
    plain, one = polydesk("backtest", "schema"), polydesk("backtest", "schema", "--json")
    assert (plain.exit_code, one.exit_code, len(one.stdout.splitlines())) == (0, 0, 1)
    assert json.loads(plain.stdout) == json.loads(one.stdout)
    assert len(plain.stdout.splitlines()) > 100


def test_a_changed_file_fails(home: Path, ran, tmp_path: Path) -> None:
    assert ran.exit_code == 0
    text = (home / "out" / "backtest.json").read_text()
    (tmp_path / "b.json").write_text(text.replace('"fills": ', '"fills": 1', 1))
    found = polydesk("backtest", "verify", tmp_path / "b.json")
    assert found.exit_code == 1
    assert "FAILED" in found.stdout
    assert "was changed" in found.stdout
    for command in (["show", tmp_path / "b.json"], ["compare", home / "out", tmp_path / "b.json"]):
        refused = polydesk("backtest", *command)
        assert (refused.exit_code, "the file was changed" in refused.stderr) == (2, True)


def test_verify_tells_every_file(home: Path, ran, tmp_path: Path) -> None:
    assert ran.exit_code == 0
    table = tmp_path / "event.csv"
    table.write_bytes((home / "out" / "event.csv").read_bytes())
    found = polydesk("backtest", "verify", home / "out" / "backtest.json", table, "--json")
    assert found.exit_code == 1
    assert [file["ok"] for file in last_json(found)["files"]] == [True, False]
    assert "there is no event.csv.sha256 beside it" in found.stderr


@pytest.fixture(scope="module")
def rolled(home: Path):
    return polydesk(
        "backtest", "rolling", "--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--markets",
        0, "--window-hours", "0.04", "--step-hours", "0.04", "--workers", 1, "--out-dir", home / "rolled", "--json",
        "--tuned-until", "2026-04-16T07:13:00Z",
    )  # fmt: skip


def test_windows_without_rows_are_counted_and_not_listed(home: Path, rolled, capsys) -> None:
    assert rolled.exit_code == 0, rolled.stderr
    found = msgspec.json.decode((home / "rolled" / "rolling.json").read_bytes(), type=Rolling)
    silent = [WindowEntry(index=7 + n, from_ts="2026-02-01", to_ts="", rows=0, state="empty") for n in range(500)]
    totals = msgspec.structs.replace(found.summary, run_count=503, empty_window_count=500, coverage_ratio=0.02)
    show(msgspec.structs.replace(found, windows=[*found.windows, *silent], summary=totals), as_json=False)
    told = capsys.readouterr().out
    flat = " ".join(told.split())
    assert flat.count("500 of 503 windows hold no row of the tape and are not listed") == 1
    assert "of 3 windows with data made a profit" in flat
    assert " 2.0 % of " in flat
    assert " h lie in windows with data" in flat
    assert "100.0 % of the time was gone through" in flat
    assert "empty" not in told
    assert len(told.splitlines()) < 40


def test_rolling_writes_a_summary(home: Path, rolled) -> None:
    found = rolled
    assert found.exit_code == 0, found.stderr
    told = last_json(found)
    assert (told["overlap_mode"], told["summary"]["coverage_label"]) == ("tiled", "full")
    assert told["kind"] == "backtest_rolling_summary"
    assert polydesk("backtest", "verify", home / "rolled" / "rolling.json").exit_code == 0
    for place in (home / "rolled", home / "rolled" / "rolling.json"):
        assert "In and out of sample" in polydesk("backtest", "show", place).stdout
        assert last_json(polydesk("backtest", "show", place, "--json"))["kind"] == "backtest_rolling_summary"
    many = polydesk("report", home / "rolled")
    assert (many.exit_code, "holds 3 sessions; give one of them" in " ".join(many.stderr.split())) == (2, True)
    assert "3 of 3 windows" in found.stderr
    assert (told["split"]["in_sample"]["windows"], told["split"]["out_of_sample"]["windows"]) == (1, 1)
    assert "Fewer than 10 windows out of sample prove little." in " ".join(found.stderr.split())


def test_the_migration_map(tmp_path: Path) -> None:
    found = polydesk("backtest", "migration-map")
    assert "13 rows, 12 reversible." in found.stdout
    told = polydesk(
        "backtest", "migration-map", "--format", "json", "--out-json", tmp_path / "map.json", "--with-checksum"
    )
    assert last_json(told)["summary"]["reversible_fields"] == 12
    assert polydesk("backtest", "verify", tmp_path / "map.json").exit_code == 0


def test_cycle_and_nightly_point_to_the_newest(home: Path) -> None:
    common = ("--tape", home / "tape", "--data-dir", home / "data", "--strategy", MAKER, "--out-dir", home / "night")
    first = polydesk("backtest", "cycle", *common, "--to", 3000, "--engine", "python", "--json")
    assert first.exit_code == 0, first.stderr
    other = polydesk("backtest", "cycle", *common, "--to", 3000, "--engine", "compiled", "--json")
    assert last_json(other)["journal_sha256"] == last_json(first)["journal_sha256"]
    documents = [json.loads((Path(last_json(found)["run"]) / "backtest.json").read_text()) for found in (first, other)]
    assert [document["meta"]["engine"] for document in documents] == ["python", "compiled"]
    hours = ("--window-hours", "0.05", "--step-hours", "0.05", "--rolling-reject-top-k", 0, "--workers", 1)
    second = polydesk("backtest", "nightly", *common, *hours, "--lookback-hours", "0.06", "--engine", "python")
    assert second.exit_code == 0, second.stderr
    newest = json.loads((home / "night" / "latest-run.json").read_text())
    run = (home / "night" / "latest").resolve()
    assert run.name == newest["run"] != Path(last_json(first)["run"]).name
    assert {"backtest.json", "rolling.json", "summary.txt", "summary.md", "replay.csv.sha256"} <= set(newest["files"])
    line = (run / "summary.txt").read_text()
    assert line == second.stdout
    assert "rolling_reject_top=disabled" in line
    assert newest["summary_line"] == line.strip()
    assert json.loads((run / "backtest.json").read_text())["meta"]["engine"] == "python"


def test_a_night_whose_windows_were_cut_off_is_not_complete(home: Path, tmp_path: Path, monkeypatch) -> None:
    run_rolling = rolling.run_rolling
    monkeypatch.setattr(
        rolling, "run_rolling", lambda *args: msgspec.structs.replace(run_rolling(*args), complete=False)
    )
    found = polydesk(
        "backtest", "nightly", "--tape", home / "tape", "--data-dir", tmp_path, "--strategy", MAKER, "--to", 1000,
        "--engine", "python", "--workers", 1, "--json",
    )  # fmt: skip
    assert found.exit_code == 130, found.stderr
    told = last_json(found)
    newest = json.loads((tmp_path / "nightly" / "latest-run.json").read_text())
    assert (told["complete"], newest["complete"], told["rolling_complete"]) == (False, False, False)
    assert "complete=false" in told["summary_line"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--strategy", "inventory_makr"], "did you mean 'inventory_maker'"),
        (["--from", "soon"], "--from 'soon': expected a row number or a time"),
        (["--from", "5", "--to", "5"], "no row of the tape lies between them"),
        (["--markets", "other"], "--markets 'other' names no market"),
        (["--out-dir", "/proc/nowhere"], "results cannot be written there"),
        (["rolling", "--out-dir", "/proc/nowhere"], "results cannot be written there"),
        (["--engine", "fast"], "--engine 'fast': choose auto, compiled, python"),
        (["--seed", "-1"], "--seed: run.seed = -1"),
        (["--set", "desk.nothing=1"], "unknown key 'desk.nothing'"),
        (["--set", "desk.strategies.inventory_maker.enabled=false", "--set",
          "desk.strategies.mean_reversion.enabled=false"], "no strategy is enabled"),
        (["--sample", "default", "--seed", "1", "list"], "stands before 'list'"),
        (["show", "nosuch"], "no sessions here"),
        (["compare", "x.json", "y.json"], "x.json: cannot be read"),
        (["verify", "x.json"], "x.json: cannot be read"),
        (["migrate-v1-to-v2", "--in", "x.json", "--out", "y.json"], "x.json: cannot be read"),
        (["migration-map", "--format", "xml"], "--format 'xml'"),
        (["rolling", "--window-hours", "0"], "--window-hours 0: must be more than 0"),
        (["nightly", "--step-hours", "-1"], "--step-hours -1: must be more than 0"),
        (["rolling", "--engine", "fast"], "--engine 'fast': choose auto, compiled, python"),
        (["cycle", "--engine", "fast"], "--engine 'fast': choose auto, compiled, python"),
        (["nightly", "--engine", "fast"], "--engine 'fast': choose auto, compiled, python"),
        (["lookahead", "--strategy", "mean_reversion", "--sample", "resolvedkit"], "leave one out"),
        (["rolling", "--tuned-until", "soon"], "--tuned-until 'soon': expected a time such as"),
        (["rolling", "--tuned-until", "2020-01-01"], "--tuned-until 2020-01-01T00:00:00.000000Z: needs a window"),
        (["rolling", "--window-hours", "nan"], "--window-hours nan: must be more than 0"),
        (["rolling", "--out-json", "/proc/nowhere/r.json"], "results cannot be written there"),
        (["nightly", "--window-hours", "inf"], "--window-hours inf: must be more than 0 and at most"),
        (["cycle", "--lookback-hours", "0"], "--lookback-hours 0: must be more than 0"),
        (["cycle", "--lookback-hours", "inf"], "--lookback-hours inf: must be more than 0 and at most"),
        (["signals", "nothing.csv"], "there is no such file"),
        (["signals", "nothing.csv", "--snapshots", "m.csv"], "nothing.csv: there is no such file"),
        (["signals", "nothing.csv", "--slippage-bps", "-5"], '--slippage-bps: slippage_bps = "-5"'),
        (["sensitivity", "--html", "/proc/nowhere/g.html"], "results cannot be written there"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(home: Path, tmp_path: Path, args, told: str) -> None:
    lone = {"verify", "migrate-v1-to-v2", "migration-map"}
    where = [] if args[0] in lone or args[-1] == "list" else ["--data-dir", str(tmp_path)]
    tape = (
        [] if args[0] in lone | {"show", "compare", "signals"} or args[-1] == "list" else ["--tape", str(home / "tape")]
    )
    found = polydesk("backtest", *args, *where, *tape)
    assert found.exit_code == 2, found.output
    assert told in " ".join(found.stderr.split())
    assert [path for path in tmp_path.rglob("*") if path.is_dir()] == [], "no empty folders stay behind"


def test_ctrl_c_as_the_second_queue_rule_starts_leaves_the_result_of_the_first(home: Path, tmp_path: Path) -> None:
    program = "from polydesk.cli import main; main()"
    command = [
        sys.executable, "-c", program, "backtest", "--tape", str(home / "tape"), "--data-dir", str(tmp_path),
        "--strategy", MAKER, "--out-dir", str(tmp_path / "out"), "--engine", "python", "--json",
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy())
    for line in child.stderr:
        if "again under the probability queue rule" in line:
            child.send_signal(signal.SIGINT)
            break
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    told = json.loads(out.splitlines()[-1])
    assert (told["complete"], told["fills"] > 0) == (False, True)
    assert "before the second queue rule was done" in told["partial"]
    assert told["study"]["reruns"] == []
    document = json.loads((tmp_path / "out" / "backtest.json").read_text())
    assert document["meta"]["complete"] is True, "its window was run to the end"
    assert document["meta"]["notes"][0].startswith("partial: stopped before the second queue rule")
    assert polydesk("backtest", "verify", tmp_path / "out" / "backtest.json").exit_code == 0


def test_ctrl_c_while_results_are_written_does_not_cost_them(home: Path, tmp_path: Path, monkeypatch) -> None:
    from polydesk.run import finish

    def interrupted(*_):
        os.kill(os.getpid(), signal.SIGINT)
        return []

    monkeypatch.setattr(finish, "publish_results", interrupted)
    found = polydesk(
        "backtest", "--tape", home / "tape", "--data-dir", tmp_path, "--strategy", MAKER, "--no-other-queue", "--json"
    )
    assert found.exit_code == 130, found.stderr
    assert last_json(found)["fills"] > 0
    assert "writing the results" in found.stderr


STOPPED_AT_ONCE = """
import os, signal
from polydesk.cli import main
from polydesk.run.publish import Publisher

look = Publisher.look
def first_look(*args):
    Publisher.look = look
    look(*args)
    os.kill(os.getpid(), signal.SIGINT)
Publisher.look = first_look
main()
"""
"""The command, with a Ctrl-C as soon as the session has shown itself once."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_ctrl_c_leaves_a_partial_result_that_says_so(tmp_path: Path, engine: str) -> None:
    made_tape(tmp_path / "tape", seed=4, markets=3, steps=60_000)
    command = [
        sys.executable, "-c", STOPPED_AT_ONCE, "backtest", "--tape", str(tmp_path / "tape"), "--data-dir",
        str(tmp_path / "data"), "--out-dir", str(tmp_path / "out"), "--engine", engine, "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 130, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["complete"] is False
    document = json.loads((tmp_path / "out" / "backtest.json").read_text())
    assert document["meta"]["complete"] is False
    assert document["tape"]["applied"] < document["tape"]["rows"][1]
    assert polydesk("backtest", "verify", tmp_path / "out" / "backtest.json").exit_code == 0


def test_every_command_line_of_the_documentation_is_understood() -> None:
    text = (Path(__file__).parents[2] / "docs" / "backtesting.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("polydesk ")]
    assert len(lines) > 10
    for line in lines:
        assert understood(line).startswith("polydesk backtest"), line
