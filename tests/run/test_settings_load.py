"""The configuration machinery against a model of its own."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from polydesk.model.errors import ConfigError
from polydesk.run.settings_keys import leaf_keys
from polydesk.run.settings_load import Loaded, diagnose, load


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exits(Section):
    holding_s: int = Field(300, ge=1, description="How long.", json_schema_extra={"unit": "s", "tunable": True})
    time_stop_s: int = Field(600, ge=1, json_schema_extra={"unit": "s"})

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.holding_s > self.time_stop_s:
            raise ValueError("holding_s must not exceed time_stop_s")
        return self


class Desk(Section):
    exits: Exits = Exits()
    floor: float = Field(0.12, ge=0, lt=1, json_schema_extra={"unit": "1"})
    caps: dict[str, int] = {}
    names: tuple[str, ...] = ("a",)
    colour: Colour = Colour.RED
    limit: int | None = None


class Root(Section):
    data_dir: str = "polydesk-data"
    speed: Literal["max"] | float = 60.0
    live: bool = False
    desk: Desk = Desk()


def write(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def from_text(folder: Path, text: str, *overrides: str, **env: str) -> Loaded[Root]:
    return load(Root, write(folder, text), env, overrides)


def failure(folder: Path, text: str, *overrides: str, **env: str) -> str:
    with pytest.raises(ConfigError) as caught:
        from_text(folder, text, *overrides, **env)
    return str(caught.value)


def test_later_sources_win_and_origins_name_them(tmp_path: Path) -> None:
    text = "data_dir: here\ndesk:\n  exits:\n    holding_s: 10\n  floor: 0.2\n"
    loaded = from_text(
        tmp_path, text, "desk.floor=0.4", POLYDESK__DESK__FLOOR="0.3", POLYDESK__DESK__EXITS__TIME_STOP_S="20"
    )
    assert loaded.settings.desk.floor == 0.4
    assert loaded.settings.desk.exits == Exits(holding_s=10, time_stop_s=20)
    path = tmp_path / "c.yaml"
    assert loaded.origins == {
        "data_dir": f"{path}:1",
        "speed": "default",
        "live": "default",
        "desk.exits.holding_s": f"{path}:4",
        "desk.exits.time_stop_s": "environment POLYDESK__DESK__EXITS__TIME_STOP_S",
        "desk.floor": "--set",
        "desk.caps": "default",
        "desk.names": "default",
        "desk.colour": "default",
        "desk.limit": "default",
    }


def test_no_source_gives_the_defaults() -> None:
    assert load(Root, None, {"PATH": "/bin", "POLYDESK_CONFIG": "x"}, []).settings == Root()


def test_every_kind_of_value(tmp_path: Path) -> None:
    text = "desk:\n  caps: {0xab: 5, 123: 6}\n  names: [x, y]\n  colour: blue\n  limit: 7\nspeed: max\nlive: true\n"
    settings = from_text(tmp_path, text).settings
    assert settings.desk.caps == {"0xab": 5, "123": 6}
    assert settings.desk.names == ("x", "y")
    assert (settings.desk.colour, settings.desk.limit, settings.speed, settings.live) == (Colour.BLUE, 7, "max", True)


def test_overrides_reach_text_unions_and_mappings() -> None:
    overrides = ["data_dir=123", "speed=2.5", "desk.caps.0xAB=4", "desk.names=[u, v]", "desk.limit=null"]
    settings = load(Root, None, {}, overrides).settings
    assert settings.data_dir == "123"
    assert settings.speed == 2.5
    assert settings.desk.caps == {"0xAB": 4}
    assert settings.desk.names == ("u", "v")


def test_mapping_values_keep_every_origin(tmp_path: Path) -> None:
    loaded = from_text(tmp_path, "desk:\n  caps:\n    a: 1\n", "desk.caps.b=2")
    assert loaded.settings.desk.caps == {"a": 1, "b": 2}
    assert "--set" in loaded.origins["desk.caps"]
    assert "c.yaml:3" in loaded.origins["desk.caps"]


@pytest.mark.parametrize(
    ("text", "unknown", "line", "near"),
    [
        ("data_dri: x\n", "data_dri", 1, "data_dir"),
        ("desk:\n  flor: 1\n", "desk.flor", 2, "desk.floor"),
        ("desk:\n  exit:\n    holding_s: 1\n", "desk.exit", 2, "desk.exits"),
        ("holding_s: 1\n", "holding_s", 1, "desk.exits.holding_s"),
        ("<<: 1\n", "<<", 1, "config show"),
    ],
)
def test_unknown_key_names_key_line_and_nearest(tmp_path: Path, text: str, unknown: str, line: int, near: str) -> None:
    message = failure(tmp_path, text)
    assert f"c.yaml:{line}: unknown key {unknown!r}" in message
    assert near in message


def test_unknown_key_in_environment_and_override(tmp_path: Path) -> None:
    message = failure(tmp_path, "", "desk.exits.holding=3", POLYDESK__DESK__FLOOOR="1")
    assert "environment POLYDESK__DESK__FLOOOR: unknown key 'desk.flooor'; did you mean 'desk.floor'?" in message
    assert "--set: unknown key 'desk.exits.holding'; did you mean 'desk.exits.holding_s'?" in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "desk:\n  exits:\n    holding_s: abc\n",
            'c.yaml:3: desk.exits.holding_s = "abc": expected a whole number in s',
        ),
        ("desk:\n  exits:\n    holding_s: 0\n", "desk.exits.holding_s = 0: expected a whole number in s, at least 1"),
        ("desk:\n  exits:\n    holding_s: 1.5\n", "desk.exits.holding_s = 1.5: expected a whole number"),
        ("desk:\n  exits:\n    holding_s: true\n", "desk.exits.holding_s = true: expected a whole number"),
        ("desk:\n  floor: 1\n", "desk.floor = 1: expected a number, at least 0, below 1"),
        ("desk:\n  colour: green\n", 'desk.colour = "green": expected one of red, blue'),
        ("desk:\n  limit: x\n", 'desk.limit = "x": expected a whole number or null'),
        ("desk:\n  names: [1]\n", "desk.names = [1]: expected a list (text) (0: "),
        ("desk:\n  caps: {a: x}\n", 'desk.caps = {"a": "x"}: expected a mapping (a: '),
        ("speed: fast\n", 'speed = "fast": expected one of max or a number'),
        ("live: on\n", 'live = "on": expected true or false'),
        ("desk: 3\n", "c.yaml:1: desk = 3: expected a section"),
        ("data_dir:\n", "data_dir = null: expected text"),
    ],
)
def test_wrong_value_names_key_value_expectation_and_line(tmp_path: Path, text: str, told: str) -> None:
    assert told in failure(tmp_path, text)


def test_conflict_names_the_values_and_their_origins(tmp_path: Path) -> None:
    message = failure(tmp_path, "desk:\n  exits:\n    holding_s: 900\n")
    assert message.startswith("desk.exits: holding_s must not exceed time_stop_s")
    assert "c.yaml:3" in message
    assert "time_stop_s from default" in message


def test_all_problems_are_listed(tmp_path: Path) -> None:
    loaded, problems = diagnose(Root, write(tmp_path, "a: 1\ndesk:\n  floor: x\n  b: 2\n"), {}, [])
    assert loaded is None
    assert len(problems) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", "c.yaml:2: key 'a' is written twice; first on line 1"),
        ("desk:\n  floor: 1\n  floor: 2\n", "c.yaml:3: key 'desk.floor' is written twice"),
        ("a: [\n", "not valid YAML"),
        ("a: 1\n\tb: 2\n", "c.yaml:2: not valid YAML"),
        ("a: &x 1\nb: *x\n", "aliases are not supported"),
        ("desk:\n  floor: .nan\n", "c.yaml:2: 'desk.floor' must be a finite number"),
        ("- 1\n", "must be a mapping of sections, not a list"),
        ("a: \x00\n", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("? [a]\n: 1\n", "a key must be plain text"),
        ("a: !!set {b}\n", "c.yaml:1"),
        ("[" * 3000, "not valid YAML"),
    ],
)
def test_broken_text_names_the_line(tmp_path: Path, text: str, told: str) -> None:
    message = failure(tmp_path, text)
    assert told in message or "nested too deeply" in message


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(Root, tmp_path / "absent.yaml", {}, [])
    with pytest.raises(ConfigError, match="directory"):
        load(Root, tmp_path, {}, [])
    (tmp_path / "c.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(Root, tmp_path / "c.yaml", {}, [])


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_empty_file_is_all_defaults(tmp_path: Path, text: str) -> None:
    assert from_text(tmp_path, text).settings == Root()


@pytest.mark.parametrize("override", ["desk.floor", "", "=1", "desk..floor=1", ".=1"])
def test_malformed_override(override: str) -> None:
    with pytest.raises(ConfigError, match=r"section\.key"):
        load(Root, None, {}, [override])


def test_leaf_keys_carry_unit_range_help() -> None:
    key = leaf_keys(Root)["desk", "exits", "holding_s"]
    assert (key.name, key.unit, key.tunable, key.help, key.default) == (
        "desk.exits.holding_s",
        "s",
        True,
        "How long.",
        300,
    )
    assert key.expected == "a whole number in s, at least 1"


@given(st.text(max_size=200))
def test_any_text_loads_or_is_a_config_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        loaded = load(Root, path, {}, [])
    except ConfigError as err:
        assert str(err)  # noqa: PT017 - either outcome is right, the message must exist
    else:
        assert isinstance(loaded.settings, Root)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "data_dir": st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1),
            "speed": st.sampled_from(["max", 1, 2.5]),
            "live": st.booleans(),
        },
    ),
    st.integers(1, 600),
)
def test_a_shown_configuration_loads_back(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object], hold: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "shown.yaml"
    path.write_text(json.dumps({**values, "desk": {"exits": {"holding_s": hold}}}), encoding="utf-8")
    first = load(Root, path, {}, []).settings
    path.write_text(first.model_dump_json(), encoding="utf-8")
    assert load(Root, path, {}, []).settings == first
