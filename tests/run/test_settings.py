"""The desk's own configuration: shown, committed as an example, and read back."""

from pathlib import Path

import pytest

from polydesk.model.errors import ConfigError
from polydesk.run.settings import Settings, check_settings, load_settings
from polydesk.run.settings_keys import leaf_keys
from polydesk.run.settings_load import load
from polydesk.run.settings_text import flow, render, render_example

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def test_committed_example_is_the_rendered_one() -> None:
    """Regenerate with ``polydesk config show --example > config.example.yaml``."""
    assert EXAMPLE.read_text(encoding="utf-8") == render_example(Settings)


def test_example_loads_to_the_defaults() -> None:
    assert load(Settings, EXAMPLE, {}, []).settings == Settings()


def test_shown_configuration_loads_back(tmp_path: Path) -> None:
    changed = load(Settings, None, {}, ["run.seed=7", "run.speed=max", "data_dir=elsewhere"]).settings
    path = tmp_path / "shown.yaml"
    path.write_text(render(changed), encoding="utf-8")
    assert load(Settings, path, {}, []).settings == changed


def test_every_key_says_what_it_does() -> None:
    silent = [key.name for key in leaf_keys(Settings).values() if not key.help or key.default is None]
    assert silent == []


def test_default_file_is_used_only_when_present(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(env={}).settings == Settings()
    Path("polydesk.yaml").write_text("run:\n  seed: 5\n", encoding="utf-8")
    loaded = load_settings(env={})
    assert loaded.settings.run.seed == 5
    assert loaded.origins["run.seed"] == "polydesk.yaml:2"
    with pytest.raises(ConfigError, match="No such file"):
        load_settings(tmp_path / "other.yaml", {})


def test_check_lists_the_problems() -> None:
    assert check_settings(env={"POLYDESK__RUN__SEED": "4"}) == []
    assert len(check_settings(env={"POLYDESK__RUN__SEED": "-4", "POLYDESK__RUM__SEED": "1"})) == 2


@pytest.mark.parametrize("key", [key.name for key in leaf_keys(Settings).values()])
def test_setting_a_key_to_its_default_changes_nothing(key: str) -> None:
    """A strategy's exits have defaults of their own: setting one of them must not reset the others."""
    known = next(k for k in leaf_keys(Settings).values() if k.name == key)
    text = known.default if isinstance(known.default, str) else flow(known.default)
    loaded = load(Settings, None, {}, [f"{key}={text}"])
    assert loaded.settings == Settings()
    assert loaded.origins[key] == "--set"


def test_an_option_is_named_when_its_value_is_wrong() -> None:
    with pytest.raises(ConfigError, match=r"^--seed: run\.seed = -4: expected a whole number"):
        load_settings(env={}, overrides=["run.seed=1"], flags={"--seed": "run.seed=-4"})
    loaded = load_settings(env={}, overrides=["run.seed=1"], flags={"--seed": "run.seed=4"})
    assert (loaded.settings.run.seed, loaded.origins["run.seed"]) == (4, "--seed")
