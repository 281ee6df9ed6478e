"""The whole configuration, composed from what each room declares, and where it is read from."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from polydesk.desk.config import DeskConfig
from polydesk.exchange.config import ExchangeConfig
from polydesk.model.errors import ConfigError
from polydesk.model.params import Params, param
from polydesk.report.config import ReportConfig
from polydesk.run.config import RunConfig
from polydesk.run.settings_keys import leaf_keys
from polydesk.run.settings_load import NO_FLAGS, Loaded, diagnose, load
from polydesk.run.settings_text import flow, plain

DEFAULT_FILE = Path("polydesk.yaml")
"""Read from the working directory when no file is named."""


class Settings(Params):
    """Every key of the configuration file."""

    data_dir: str = param("polydesk-data", "-", "folder for sessions, imported tapes and the ledger")
    desk: DeskConfig = param(DeskConfig(), "-", "what decides what the desk does")
    exchange: ExchangeConfig = param(ExchangeConfig(), "-", "assumptions of the simulated exchange")
    run: RunConfig = param(RunConfig(), "-", "how a session is driven")
    report: ReportConfig = param(ReportConfig(), "-", "how sessions are judged; no part of what a session does")


def config_path(path: Path | None) -> Path | None:
    """Return the file that applies: the one named, else ``polydesk.yaml`` here if it exists, else none."""
    if path is not None:
        return path
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def load_settings(
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    flags: Mapping[str, str] = NO_FLAGS,
) -> Loaded[Settings]:
    """Load the configuration: defaults, file, environment ``POLYDESK__SECTION__KEY``, ``section.key=value``.

    Args:
        path: YAML file; ``None`` for ``polydesk.yaml`` in the working directory, which may be absent.
        env: Environment variables; ``None`` for the process's own.
        overrides: ``section.key=value`` texts of ``--set``.
        flags: The same by the option that stands for it (``--seed``); the strongest source.

    Raises:
        ConfigError: Names every unknown key and wrong value, where it was set and what is expected.
    """
    return load(Settings, config_path(path), os.environ if env is None else env, overrides, flags)


def check_settings(
    path: Path | None = None, env: Mapping[str, str] | None = None, overrides: Sequence[str] = ()
) -> list[str]:
    """Return one message per problem of the configuration; an empty list when it is valid."""
    try:
        return diagnose(Settings, config_path(path), os.environ if env is None else env, overrides)[1]
    except ConfigError as err:
        return [str(err)]


@dataclass(frozen=True)
class Explained:
    """One key as ``config explain`` shows it.

    Attributes:
        key: Dotted name.
        value: In force.
        origin: ``default``, ``FILE:LINE``, ``environment NAME``, ``--set`` or an option.
        default: Value when nothing sets it.
        expected: Type, unit and range in words.
        unit: Unit; empty when it has none.
        tunable: Whether a parameter search may vary it.
        help: What it does.
    """

    FACTS: ClassVar = ("value", "origin", "default", "expected", "unit", "tunable", "help")

    key: str
    value: Any
    origin: str
    default: Any
    expected: str
    unit: str
    tunable: bool
    help: str

    @property
    def text(self) -> str:
        """The value with its unit and origin."""
        return f"{flow(self.value)}{f' {self.unit}' if self.unit else ''}  ({self.origin})"

    @property
    def about(self) -> str:
        """Help, range and default."""
        tail = "; tunable" if self.tunable else ""
        return f"{self.help}; {self.expected}; default {flow(self.default)}{tail}"


def describe(model: type[BaseModel], loaded: Loaded[Any]) -> list[Explained]:
    """Return every key of a loaded configuration with all there is to know about it."""
    out = []
    for key in leaf_keys(model).values():
        value: Any = loaded.settings
        for name in key.path:
            value = getattr(value, name)
        out.append(
            Explained(
                key.name,
                plain(value),
                loaded.origins[key.name],
                plain(key.default),
                key.expected,
                key.unit,
                key.tunable,
                key.help,
            )
        )
    return out
