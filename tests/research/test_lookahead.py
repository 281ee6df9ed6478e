"""The look-ahead check passes honest strategies and names what is wrong with every cheat."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from made import made_tape
from polydesk.cli.app import app
from polydesk.model.errors import ConfigError, TapeError
from polydesk.research.lookahead import Verdict, check_lookahead, cut_rows
from polydesk.research.lookahead_load import configured, load_strategy, params_type
from polydesk.research.lookahead_text import cut_table, headline
from polydesk.run.settings import load_settings
from polydesk.strategies import STRATEGIES
from polydesk.tape import open_tape

PEEKING = Path(__file__).with_name("peeking.py")
SETTINGS = load_settings(None, {}, ["run.seed=3", "desk.risk.entry_cooldown_s=5"]).settings


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "tape", seed=5, steps=500)


@pytest.fixture(autouse=True)
def where(tape, monkeypatch):
    monkeypatch.setenv("PEEK_AT", str(tape.path))
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[2] / 'src'}")


def check(tape, name, cuts=1):
    return check_lookahead(SETTINGS, tape, f"{PEEKING}:{name}", {}, cuts)


def polydesk(tape, folder, name, *more):
    given = ["backtest", "lookahead", "--strategy", name, "--tape", tape.path, "--data-dir", folder, *more]
    seeded = ["--seed", "3", "--set", "desk.risk.entry_cooldown_s=5"]
    return CliRunner().invoke(app, [str(one) for one in (*given, *seeded)])


def test_an_honest_strategy_passes(tape, tmp_path):
    found = polydesk(tape, tmp_path, f"{PEEKING}:Honest", "--cuts", "2", "--json")
    assert found.exit_code == 0, found.stderr
    verdict = msgspec.json.decode(found.stdout.splitlines()[-1], type=Verdict)
    assert verdict.clean, verdict.reasons
    assert verdict.decisions > 10
    assert [cut.difference for cut in verdict.cuts] == ["", ""]
    assert sum(cut.compared for cut in verdict.cuts) > 10
    assert verdict.warm_up.differ == 0
    assert "does not look ahead" in headline(verdict)
    assert [row[-1] for row in cut_table(verdict).rows] == ["the same", "the same"]


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_comes_with_the_program_passes(tape, name):
    """Their machine code is loaded from files, which is nobody's peeking."""
    verdict = check_lookahead(SETTINGS, tape, name, {}, 1)
    assert verdict.clean, verdict.reasons


@pytest.mark.parametrize("name", ["ReadsTheTape", "ReadAtImport"])
def test_reading_the_tape_from_disk_is_caught(tape, tmp_path, name):
    found = polydesk(tape, tmp_path, f"{PEEKING}:{name}", "--cuts", "1", "--json")
    assert found.exit_code == 1, found.stderr
    verdict = msgspec.json.decode(found.stdout.splitlines()[-1], type=Verdict)
    assert verdict.peeks
    assert not verdict.clean
    assert any(path.endswith(".parquet") for path in verdict.tape_opened)
    assert "LOOKS AHEAD" in headline(verdict)
    assert (name == "ReadsTheTape") == bool(verdict.touched)
    assert any("it opened the tape itself" in reason for reason in verdict.reasons)
    assert open_tape(tape.path).content_sha256() == tape.manifest.sha256


@pytest.mark.parametrize("name", ["KnowsTheEnd", "KnowsTheOutcome"])
def test_knowing_more_than_has_happened_is_caught_by_the_cut(tape, name):
    verdict = check(tape, name)
    assert verdict.peeks
    assert verdict.tape_opened == verdict.touched == ()
    assert verdict.deterministic
    assert "it knows the future: with the tape cut before row" in verdict.reasons[0]
    assert any(word in verdict.cuts[0].difference for word in ("became", "came out instead of"))


@pytest.mark.parametrize("name", ["Dice", "Hashes"])
def test_what_is_not_deterministic_is_caught(tape, name):
    verdict = check(tape, name)
    assert not verdict.clean
    assert not verdict.deterministic
    assert "a second run of the same tape did something else" in " ".join(verdict.reasons)
    assert not verdict.peeks
    assert "it knows the future:" not in " ".join(verdict.reasons)


def test_a_state_that_never_forgets_is_told_but_no_crime(tape):
    verdict = check(tape, "Remembers")
    assert verdict.clean, verdict.reasons
    assert verdict.warm_up.differ > 0
    assert "answers differ" in headline(verdict)


def test_a_stretch_and_chosen_markets_are_all_that_is_shown(tape, tmp_path, monkeypatch):
    first, stop = tape.manifest.rows // 4, tape.manifest.rows // 2
    ends = [int(rows["ts_ns"][0]) for row in (first, stop) for rows in tape.batches(row, row + 1)]
    monkeypatch.setenv("PEEK_WITHIN", f"1,{ends[0]},{ends[1]}")
    window = ("--from", first, "--to", stop, "--cuts", "2", "--json")
    found = polydesk(tape, tmp_path, f"{PEEKING}:Narrow", *window, "--markets", "made-1")
    assert found.exit_code == 0, (found.stdout, found.stderr)
    verdict = msgspec.json.decode(found.stdout.splitlines()[-1], type=Verdict)
    assert (verdict.rows, verdict.span, verdict.markets) == (stop - first, (first, stop), (1,))
    assert verdict.decisions > 3
    assert all(first < cut.row < stop for cut in verdict.cuts)
    assert first < verdict.warm_up.row < stop
    assert verdict.warm_up.answers > 5
    assert f"Looked at: rows {first:,} to {stop:,}, 1 market." in headline(verdict)
    elsewhere = polydesk(tape, tmp_path, f"{PEEKING}:Narrow", *window)
    assert elsewhere.exit_code == 1
    assert "shown market" in elsewhere.stdout
    for more in (("--from", "5", "--to", "5"), ("--markets", "nobody"), ("--from", "5", "--to", "50")):
        assert polydesk(tape, tmp_path, "mean_reversion", *more).exit_code == 2


@pytest.mark.parametrize("name", ["KnowsTheEnd", "KnowsTheOutcome"])
def test_a_cheat_is_caught_in_a_stretch_too(tape, name):
    part = tape.between(tape.manifest.rows // 3, tape.manifest.rows)
    verdict = check(part, name)
    assert verdict.peeks
    assert verdict.cuts[0].row > part.span[0]


def test_an_error_is_told(tape):
    verdict = check(tape, "Breaks")
    assert not verdict.clean
    assert "it raised an error: ValueError: no idea" in verdict.reasons


@given(rows=st.integers(100, 10**8), cuts=st.integers(1, 50), seed=st.integers(0, 2**32))
def test_cuts_are_spread_over_the_tape_and_follow_from_the_seed(rows, cuts, seed):
    found = cut_rows(rows, cuts, seed)
    assert found == cut_rows(rows, cuts, seed) == sorted(found)
    assert len(found) == cuts
    assert rows // 10 < found[0]
    assert found[-1] < rows


# --- loading ----------------------------------------------------------------------------------------------------------


def test_strategies_load_by_name_module_and_file():
    for name, (kind, params) in STRATEGIES.items():
        assert isinstance(load_strategy(name), kind)
        assert params_type(kind) is params
    loaded = load_strategy("polydesk.strategies.mean_reversion:MeanReversion", {"min_deviation": "0.07"})
    assert loaded.params.min_deviation == 0.07
    assert load_strategy(f"{PEEKING}:Honest").name == "honest"


@pytest.mark.parametrize(
    ("spec", "params", "told"),
    [
        ("no_such_module:X", {}, "cannot be imported .*give one of mean_reversion"),
        ("no/such/file.py:X", {}, "there is no file no/such/file.py"),
        (f"{PEEKING}:Nobody", {}, "has no strategy 'Nobody'; it has Honest"),
        (str(PEEKING), {}, "name one of its strategies as"),
        ("mean_reversion", {"min_deviation": "9"}, "--param min_deviation=9: input should be less than or equal to 1"),
        ("mean_reversion", {"deviation": "9"}, "deviation: there is no such parameter; choose one of enabled, exits"),
        ("mean_reversion", {"exits": {"never": "1"}}, "exits.never: there is no such parameter; choose one of "),
        ("mean_reversion", {"exits": "1"}, "--param exits=1: is a section; set one of its keys"),
    ],
)
def test_what_cannot_be_loaded_is_told(spec, params, told):
    with pytest.raises(ConfigError, match=told):
        load_strategy(spec, params)


def test_a_tape_too_short_to_cut_is_refused(tmp_path):
    with pytest.raises(TapeError, match="too few to cut"):
        check_lookahead(SETTINGS, made_tape(tmp_path / "t", steps=2), "mean_reversion", {})


# --- the command ------------------------------------------------------------------------------------------------------


def test_what_cannot_be_checked_is_refused(tape, tmp_path):
    assert polydesk(tape, tmp_path, "nothing").exit_code == 2
    assert polydesk(tape, tmp_path, f"{PEEKING}:Honest", "--param", "x").exit_code == 2
    assert polydesk(tape, tmp_path, f"{PEEKING}:Honest", "--cuts", "0").exit_code == 2


@pytest.mark.slow
def test_the_command_says_it_in_words(tape, tmp_path):
    bad = polydesk(tape, tmp_path, f"{PEEKING}:ReadsTheTape", "--cuts", "1")
    assert bad.exit_code == 1, bad.stderr
    assert "it opened the tape itself" in bad.stdout


def test_a_strategy_of_polydesk_has_the_parameters_of_the_configuration(tape, tmp_path):
    def decisions(*more):
        found = polydesk(tape, tmp_path, "inventory_maker", "--cuts", "1", "--json", *more)
        assert found.exit_code == 0, found.stderr
        return msgspec.json.decode(found.stdout.splitlines()[-1], type=Verdict).decisions

    wide = ("--set", "desk.strategies.inventory_maker.max_spread=0")
    none = decisions(*wide)
    assert none == decisions("--param", "max_spread=0") < decisions()
    assert decisions(*wide, "--param", "max_spread=0.1") == decisions()


def test_the_configuration_says_nothing_of_somebody_elses_strategy():
    settings = load_settings(None, {}, ["desk.strategies.inventory_maker.exits.before_end_s=20"]).settings
    assert configured(settings.desk.strategies, f"{PEEKING}:Honest") == {}
    params = configured(settings.desk.strategies, "inventory_maker")
    assert load_strategy("inventory_maker", params).params == settings.desk.strategies.inventory_maker


@pytest.mark.parametrize(
    "given", [("exits=1", "exits.before_end_s=3"), ("exits.before_end_s=3", "exits=1"), ("before_end_s",)]
)
def test_parameters_that_contradict_each_other_are_told(tape, tmp_path, given):
    found = polydesk(tape, tmp_path, "mean_reversion", *(word for one in given for word in ("--param", one)))
    assert (found.exit_code, "error: --param" in found.stderr) == (2, True)
