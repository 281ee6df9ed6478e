"""Options that several commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
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
SessionName = Annotated[str, typer.Argument(metavar="SESSION", help="Name of a session, or `latest`.")]


def load(config: Path | None, overrides: list[str], data_dir: Path | None = None) -> "Loaded[Settings]":
    """Load the configuration with ``--data-dir`` as the strongest source."""
    from polydesk.run.settings import load_settings

    if config is None and os.environ.get(CONFIG_ENV):
        config = Path(os.environ[CONFIG_ENV])
    more = [] if data_dir is None else [f"data_dir={data_dir}"]
    return load_settings(config, None, [*overrides, *more])
