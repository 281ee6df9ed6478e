"""``polydesk backtest lookahead``: does a strategy know the future?"""

from typing import Annotated, Any

import typer

from polydesk.cli import backtest_options as options
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.model.errors import ConfigError

EPILOG = examples(
    "polydesk backtest lookahead --strategy mean_reversion",
    "polydesk backtest lookahead --strategy examples/own_strategy.py:Favourite --tape tapes/btc --param above=0.8",
    "polydesk backtest lookahead --strategy mypackage.strategies:Mine --tape tapes/btc --cuts 8 --seed 7 --json",
    "polydesk backtest lookahead --strategy mean_reversion --from 2026-04-16T07:20:00Z --markets 'btc-*'",
)


def lookahead(
    strategy: Annotated[
        str, typer.Option(metavar="NAME", help="A strategy of polydesk, package.module:Class or file.py:Class.")
    ],
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    param: Annotated[
        list[str], typer.Option(metavar="KEY=VALUE", help="Set a parameter of the strategy. May be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    cuts: Annotated[int, typer.Option(metavar="N", min=1, max=50, help="How many times the tape is cut.")] = 3,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of cuts, latencies and fills; run.seed when omitted.")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Run a strategy on the tape, again, and on the tape cut off, and see whether earlier decisions change.

    The rows before --from fill the books and nothing else. A strategy of polydesk has the parameters of the
    configuration; --param goes over them.
    """
    import msgspec

    settings = load(config, [*overrides, "run.speed=max"], data_dir, {"--seed": ("run.seed", seed)}).settings
    given = _params(param)
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.report.terminal import print_table
        from polydesk.research.lookahead import check_lookahead
        from polydesk.research.lookahead_load import configured
        from polydesk.research.lookahead_text import cut_table, headline
        from polydesk.research.window import chosen_markets, stretch
    part = stretch(options.opened(settings.data_dir, tape, sample), begin, end)
    chosen = chosen_markets(part.manifest.markets, markets)
    params = _over(configured(settings.desk.strategies, strategy), given)
    with notices().status("") as status:
        verdict = check_lookahead(
            settings, part, strategy, params, cuts, lambda what: status.update(f"running {what}"), chosen
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
            if not isinstance(section, dict):
                raise ConfigError(
                    f"--param {text!r}: {name} was given a value of its own before; leave one of them out"
                )
        if isinstance(section.get(last), dict):
            raise ConfigError(f"--param {text!r}: keys inside {last} were given before; leave one of them out")
        section[last] = value
    return found


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay parameters over others, section by section."""
    both = dict(below)
    for key, value in above.items():
        under = below.get(key)
        both[key] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return both
