"""Options that several commands share."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.report.config import ReportConfig
    from polydesk.run.settings import Settings
    from polydesk.run.settings_load import Loaded

CONFIG_ENV = "POLYDESK_CONFIG"
"""Environment variable that names the configuration file for every command."""

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar=CONFIG_ENV,
        metavar="FILE",
        help="YAML configuration; polydesk.yaml in the working directory when omitted.",
    ),
]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Set a configuration key, for example run.seed=7. May be repeated."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="End stdout with one JSON object; everything else goes to stderr.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of sessions, tapes and the ledger; the configured one when omitted."),
]
SessionName = Annotated[str, typer.Argument(metavar="SESSION", help="Name of a session, `latest`, or a folder.")]
SessionOption = Annotated[
    str, typer.Option("--session", metavar="SESSION", help="Name of a session, `latest`, or a folder.")
]


def load(
    config: Path | None,
    overrides: list[str],
    data_dir: Path | None = None,
    flags: Mapping[str, tuple[str, object]] | None = None,
) -> "Loaded[Settings]":
    """Load the configuration; what options say counts most, and an error names the option.

    Args:
        config: File of ``--config``.
        overrides: Texts of ``--set``.
        data_dir: Value of ``--data-dir``.
        flags: Key and value of options that stand for one key, by option; a value is ``None`` when it is not given.
    """
    from polydesk.run.settings import load_settings

    if config is None and os.environ.get(CONFIG_ENV):
        config = Path(os.environ[CONFIG_ENV])
    named = {**(flags or {}), "--data-dir": ("data_dir", data_dir)}
    given = {option: f"{key}={value}" for option, (key, value) in named.items() if value is not None}
    return load_settings(config, None, overrides, given)


def report_config(config: Path | None = None, overrides: Sequence[str] = ()) -> "ReportConfig":
    """Return how reports judge; with a configuration that cannot be read, the defaults and a warning.

    A report of what happened must not depend on a file that has been broken since; what is named on the command line
    must be right.

    Raises:
        ConfigError: The file or key named on the command line is wrong.
    """
    try:
        return load(config, list(overrides)).settings.report
    except ConfigError as err:
        if config is not None or overrides:
            raise
        from polydesk.report.config import ReportConfig

        typer.echo(f"warning: the default rules judge, the configuration cannot be read: {err}", err=True)
        return ReportConfig()


def data_dir_flag(folder: Path) -> str:
    """Return the option that makes a printed command use ``folder``; empty when it does so by itself."""
    try:
        configured = Path(load(None, []).settings.data_dir)
    except ConfigError:
        # A command with a broken configuration needs the option in any case.
        return f" --data-dir {shlex.quote(str(folder))}"
    return "" if configured.resolve() == folder.resolve() else f" --data-dir {shlex.quote(str(folder))}"
