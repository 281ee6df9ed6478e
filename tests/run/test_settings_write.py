"""Configuration files of `polydesk init`: whole or absent, commented, and loading as chosen."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.model.errors import ConfigError
from polydesk.run.settings import Settings
from polydesk.run.settings_keys import leaf_keys
from polydesk.run.settings_load import load
from polydesk.run.settings_text import render_chosen, render_example
from polydesk.run.settings_write import chosen_settings, write_settings
from polydesk.run.wizard import begin

KEYS = {key.name: key for key in leaf_keys(Settings).values()}


def test_the_file_loads_as_chosen_and_shows_every_key(tmp_path):
    answers = begin(["desk.cash=500", "data_dir=with space", "desk.ensemble.signal_floor=0.25"]).finished()
    path = tmp_path / "desk.yaml"
    written = write_settings(path, answers, replace=False)
    loaded = load(Settings, path, {}, ())
    assert loaded.settings == chosen_settings(answers)
    assert loaded.settings.data_dir == "with space"
    assert written["desk.cash"] == 500
    assert {key for key, origin in loaded.origins.items() if origin != "default"} == set(answers)
    bare = [line.replace("#", "", 1).strip() for line in path.read_text().splitlines()]
    for key in KEYS:
        assert any(line.startswith(f"{key.rpartition('.')[2]}: ") for line in bare), key
    assert os.listdir(tmp_path) == ["desk.yaml"]


@given(st.sets(st.sampled_from(sorted(KEYS))))
def test_any_set_of_chosen_keys_is_in_force_and_no_other(tmp_path_factory, chosen):
    path = tmp_path_factory.mktemp("chosen") / "c.yaml"
    path.write_text(render_chosen(Settings, {name: KEYS[name].default for name in chosen}))
    loaded = load(Settings, path, {}, ())
    assert loaded.settings == Settings()
    assert {key for key, origin in loaded.origins.items() if origin != "default"} == chosen


def test_taking_every_mark_away_gives_the_example():
    """A line that is commented out differs from the one in force by one mark."""
    lines = render_chosen(Settings, {}).splitlines()
    unmarked = [
        line.replace("#", "", 1) if line.lstrip().startswith("#") and not line.lstrip().startswith("# ") else line
        for line in lines
    ]
    example = render_example(Settings).splitlines()
    assert unmarked[4:] == example[4:]


def test_a_file_that_is_there_is_kept(tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_text("mine")
    with pytest.raises(ConfigError, match=r"desk\.yaml: is there already; .*--force"):
        write_settings(path, {}, replace=False)
    assert path.read_text() == "mine"
    assert os.listdir(tmp_path) == ["desk.yaml"]
    write_settings(path, {"desk.cash": "7"}, replace=True)
    assert load(Settings, path, {}, ()).settings.desk.cash == 7


@pytest.mark.parametrize("name", ["missing/desk.yaml", "file/desk.yaml", ".", "x" * 300])
def test_what_cannot_be_written_is_an_error_that_leaves_nothing(tmp_path: Path, name: str):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as told:
        write_settings(tmp_path / name, {}, replace=True)
    assert str(tmp_path) in str(told.value)
    assert os.listdir(tmp_path) == ["file"]


def test_a_wrong_answer_writes_nothing(tmp_path):
    with pytest.raises(ConfigError, match=r"run\.seed"):
        write_settings(tmp_path / "desk.yaml", {"run.seed": "x"}, replace=False)
    assert os.listdir(tmp_path) == []
