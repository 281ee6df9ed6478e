"""``polydesk backtest``: one strategy over one tape, through the same desk as ``run``."""

from pathlib import Path
from typing import Annotated

import typer

from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import examples, notices
from polydesk.cli.run import recorded, warn_of
from polydesk.cli.watch import conclude, watching

EPILOG = examples(
    "polydesk backtest --strategy mean_reversion",
    "polydesk backtest --tape tapes/btc --strategy mean_reversion --seed 7",
    "polydesk backtest --tape tapes/btc --strategy inventory_maker "
    "--set desk.strategies.inventory_maker.half_spread=0.02 --json",
)


def backtest(
    strategy: Annotated[str, typer.Option(metavar="NAME", help="The one strategy to run.")],
    tape: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tape to trade on; the bundled recordings when omitted.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random; run.seed when omitted.")] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Run one strategy over a tape as fast as it goes, through the same desk, risk and exchange as `polydesk run`."""
    settings = load(config, [*overrides, "run.speed=max"], data_dir, {"--seed": ("run.seed", seed)}).settings
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.research.backtest import run_backtest
    source = recorded(settings, tape)
    warn_of(source)
    with watching() as look:
        ended = run_backtest(settings, source, strategy, look)
    conclude(ended, as_json=as_json)
