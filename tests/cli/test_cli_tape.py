import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from polydesk.cli.tape import app
from polydesk.model.errors import ImportFailed, TapeError
from polydesk.tape.sample import RECORDINGS, SAMPLES, data_folder

runner = CliRunner()


@pytest.fixture(scope="module")
def hockey():
    return data_folder() / RECORDINGS[1]


@pytest.fixture(scope="module")
def tape(tmp_path_factory, hockey):
    out = tmp_path_factory.mktemp("cli") / "t"
    assert runner.invoke(app, ["import", str(hockey), "--out", str(out)]).exit_code == 0
    return out


def told(*arguments, exit_code=0):
    result = runner.invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == exit_code
    (line,) = result.stdout.splitlines()
    return json.loads(line), result.stderr


def test_import_tells_what_it_made(tmp_path, hockey):
    content, errors = told("import", hockey, "--out", tmp_path / "t")
    assert content["rows"] == 88_861
    assert content["sources"][0]["format"] == "tickscope"
    assert content["counts"]["duplicates"] == 41
    assert "resolutions" not in content
    assert "min_size_u6" in next(iter(content["assumed"].values()))
    assert "markets.yaml" in errors
    assert errors.splitlines()[-1] == f"check it: polydesk tape verify {tmp_path / 't'}"


def test_info_says_the_same_later(tape):
    content, _ = told("info", tape)
    assert content["rows"] == 88_861
    text = runner.invoke(app, ["info", str(tape)]).stdout
    assert "sports (derived)" in text
    assert "assumed for 6 of 6 markets: min_size_u6" in text


def test_head_shows_rows_from_anywhere(tape):
    content, _ = told("head", tape, "-n", 3, "--start", 70_000)
    assert [row["seq"] for row in content["rows"]] == [70_000, 70_001, 70_002]
    assert set(content["rows"][0]) >= {"time", "kind", "price", "size", "best_bid"}
    assert len(runner.invoke(app, ["head", str(tape), "-n", "4"]).stdout.splitlines()) == 5
    with pytest.raises(TapeError, match="--start 99999999"):
        runner.invoke(app, ["head", str(tape), "--start", "99999999"], catch_exceptions=False)


def test_verify_says_yes(tape):
    content, _ = told("verify", tape)
    assert content["ok"] is True
    assert content["bad_minutes"] == []
    assert runner.invoke(app, ["verify", str(tape)]).stdout.splitlines()[-1] == "ok"


def test_verify_keeps_its_verdict_beside_the_tape(tape):
    content, _ = told("verify", tape)
    verdict = json.loads((tape / "verdict.json").read_text())
    assert verdict["sha256"] == json.loads((tape / "manifest.json").read_text())["sha256"]
    assert {name: verdict[name] for name in ("ok", "compared", "mismatched")} == {
        "ok": True, "compared": content["compared"], "mismatched": content["mismatched"],
    }  # fmt: skip
    assert (verdict["minutes"], content["judged_minutes"]) == (8, 8)


@pytest.mark.parametrize(
    ("best", "says"),
    [
        ({}, "ok: nothing contradicts itself, but the recording states no best prices to compare with"),
        (
            {"best_bid": "0.4", "best_ask": "1"},
            "ok: nothing contradicts itself, but the recording is too short to compare its best prices",
        ),
    ],
)
def test_verify_says_when_there_was_nothing_to_compare(tmp_path, best, says):
    entry = {"asset_id": "1", "side": "BUY", "price": "0.4", "size": "1", **best}
    message = {"event_type": "price_change", "market": "0xab", "timestamp": "1776323400000", "price_changes": [entry]}
    (tmp_path / "r").write_text(json.dumps(message) + "\n")
    assert runner.invoke(app, ["import", str(tmp_path / "r"), "--out", str(tmp_path / "t")]).exit_code == 0
    found = runner.invoke(app, ["verify", str(tmp_path / "t")])
    assert found.exit_code == 0
    assert found.stdout.splitlines()[-1] == says


def test_verify_says_no_with_exit_code_1(tape, tmp_path):
    manifest = (tape / "manifest.json").read_text()
    other = tmp_path / "t"
    other.mkdir()
    for part in tape.glob("day=*"):
        (other / part.name).symlink_to(part)
    (other / "manifest.json").write_text(manifest.replace('"sports"', '"crypto"'))
    content, _ = told("verify", other, exit_code=1)
    assert content["ok"] is False
    assert content["hash_ok"] is False
    assert "content hash" in runner.invoke(app, ["verify", str(other)]).stdout


def test_bad_input_is_an_error_of_the_tree(tmp_path, hockey):
    with pytest.raises(ImportFailed) as failed:
        runner.invoke(app, ["import", str(tmp_path / "no"), "--out", str(tmp_path / "t")], catch_exceptions=False)
    assert failed.value.exit_code == 2
    with pytest.raises(TapeError) as failed:
        runner.invoke(app, ["verify", str(tmp_path)], catch_exceptions=False)
    assert failed.value.exit_code == 2
    assert runner.invoke(app, ["import", str(hockey)]).exit_code == 2


@pytest.mark.parametrize("command", ["import", "info", "head", "verify"])
def test_help_has_examples_and_exit_codes(command):
    text = " ".join(runner.invoke(app, [command, "--help"]).stdout.split())
    assert f"Examples: polydesk tape {command} " in text
    assert "Exit codes: 0 done; 1 the check says no; 2 bad input or usage" in text


def test_the_help_of_the_group_has_exit_codes():
    assert "Exit codes: 0 done" in " ".join(runner.invoke(app, ["--help"]).stdout.split())


def test_ctrl_c_leaves_nothing_behind(tmp_path):
    pipe = tmp_path / "pipe"
    line = b'{"event_type":"book","market":"0xab","asset_id":"1","bids":[],"asks":[],"timestamp":"1776323400000"}\n'
    pipe.write_bytes(line * 400_000)
    (tmp_path / "out").mkdir()
    script = "import sys; from polydesk.cli.tape import app; app()"
    arguments = ["import", str(pipe), "--out", str(tmp_path / "out" / "t")]
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not any((tmp_path / "out").glob(".t.partial-*")) and time.monotonic() < deadline:
            assert process.poll() is None, process.stderr.read()
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) != 0
    assert list((tmp_path / "out").iterdir()) == []


def test_reference_prices_are_shown_in_dollars_with_their_source(tmp_path):
    recording = data_folder("trade-engine") / SAMPLES["trade-engine"].recordings[0]
    assert runner.invoke(app, ["import", str(recording), "--out", str(tmp_path / "t")]).exit_code == 0
    content, _ = told("head", tmp_path / "t", "-n", 4)
    assert [(row["about"], row["price"], row["size"]) for row in content["rows"][:3]] == [
        ("chainlink BTC/USD", "77638.28888", ""),
        ("binance BTC/USDT", "77614.98", ""),
        ("coinbase BTC/USD", "77646.31", ""),
    ]
    assert content["rows"][3]["about"] == ""
    shown = runner.invoke(app, ["head", str(tmp_path / "t")]).stdout
    assert "chainlink BTC/USD" in shown
    assert "…" not in shown
    facts, _ = told("info", tmp_path / "t")
    assert facts["clock"] == "receive"
    assert {series["kind"] for series in facts["references"]} == {"price", "strike"}
    text = runner.invoke(app, ["info", str(tmp_path / "t")]).stdout
    assert "reference 3  strike BTC/USD in USD (derived)" in text
    assert "note  Times are the bot's clock" in text


def test_a_tape_of_prices_alone_can_be_looked_at(tmp_path):
    trade = {"e": "trade", "E": 1_776_323_400_000, "s": "BTCUSDT", "p": "76177.85", "T": 1_776_323_400_000}
    (tmp_path / "r").write_text(json.dumps(trade) + "\n")
    _, errors = told("import", tmp_path / "r", "--out", tmp_path / "t")
    assert "no market" in errors
    assert "no markets: reference prices only" in runner.invoke(app, ["info", str(tmp_path / "t")]).stdout
    content, _ = told("verify", tmp_path / "t")
    assert content["ok"] is True
