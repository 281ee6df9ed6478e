"""The examples in the docstrings of the report's formulas hold."""

import doctest
from importlib import import_module

import pytest

MODULES = ("quality", "statistics", "study.backing", "study.forecasts", "study.rewards", "study.standing")


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    found = doctest.testmod(import_module(f"polydesk.report.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
