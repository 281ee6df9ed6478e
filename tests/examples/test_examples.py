"""The examples run and give the numbers they promise."""

import importlib.util
import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {"replay_the_sample", "own_strategy"}


def test_replay_the_sample(sample, tmp_path):
    shutil.copytree(sample.path, tmp_path / "tapes" / sample.path.name)  # imported once per run of the tests
    got = load("replay_the_sample").main(tmp_path)
    assert got == {
        "events": 465_805,
        "markets": 16,
        "orders": pytest.approx(4_014, abs=40),
        "fills": pytest.approx(146, abs=6),
        "sentinels": "ok",
        "reproducible": True,
    }


def test_own_strategy(sample):
    assert load("own_strategy").main(sample.path.parent) > 0
