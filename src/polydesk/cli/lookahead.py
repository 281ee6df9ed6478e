"""``polydesk backtest lookahead``: does a strategy know the future?"""

from pathlib import Path
from typing import Annotated, Any

import typer

from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.cli.run import recorded, warn_of
from polydesk.model.errors import ConfigError

EPILOG = examples(
    "polydesk backtest lookahead --strategy mean_reversion",
    "polydesk backtest lookahead --strategy examples/own_strategy.py:Favourite --tape tapes/btc --param above=0.8",
    "polydesk backtest lookahead --strategy mypackage.strategies:Mine --tape tapes/btc --cuts 8 --seed 7 --json",
)


def lookahead(
    strategy: Annotated[
        str, typer.Option(metavar="NAME", help="A strategy of polydesk, package.module:Class or file.py:Class.")
    ],
    tape: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tape to trade on; the bundled recordings when omitted.")
    ] = None,
    param: Annotated[
        list[str], typer.Option(metavar="KEY=VALUE", help="Set a parameter of the strategy. May be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    cuts: Annotated[int, typer.Option(min=1, max=50, help="How many times the tape is cut.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Seed of cuts, latencies and fills; run.seed when omitted.")] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Run a strategy on the tape, again, and on the tape cut off, and see whether earlier decisions change."""
    import msgspec

    settings = load(config, [*overrides, "run.speed=max"], data_dir, {"--seed": ("run.seed", seed)}).settings
    params = _params(param)
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.report.terminal import print_table
        from polydesk.research.lookahead import check_lookahead
        from polydesk.research.lookahead_text import cut_table, headline
    source = recorded(settings, tape)
    warn_of(source)
    with notices().status("") as status:
        verdict = check_lookahead(
            settings, source, strategy, params, cuts, lambda what: status.update(f"running {what}")
        )
    if as_json:
        emit_json(msgspec.to_builtins(verdict))
    else:
        console = results(as_json=False)
        console.print(headline(verdict), markup=False)
        print_table(cut_table(verdict), console)
    if not verdict.clean:
        raise typer.Exit(1)


def _params(texts: list[str]) -> dict[str, Any]:
    """Read ``key=value`` and ``exits.key=value`` into nested parameters; the strategy's own types convert them."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"--param {text!r}: expected key=value")
        section = found
        *outer, last = key.split(".")
        for name in outer:
            section = section.setdefault(name, {})
        section[last] = value
    return found
