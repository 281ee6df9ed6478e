"""``polydesk backtest sensitivity``: one session under many assumptions, with sliders to look at them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.cli import backtest_options as options
from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.model.errors import ConfigError
from polydesk.report.words import Language, words_of

if TYPE_CHECKING:
    from polydesk.report.study.grid import Grid
    from polydesk.run.settings import Settings

EPILOG = examples(
    "polydesk backtest sensitivity --strategy inventory_maker --html sensitivity.html",
    "polydesk backtest sensitivity --strategy inventory_maker --latency-ms 10,50,200 --size 1,2,5 "
    "--out grid.json --json",
    "polydesk backtest sensitivity --tape tapes/btc --from 2026-04-16T07:20:00Z --markets 'btc-*' --engine compiled",
    "polydesk backtest sensitivity --from-file grid.json --html sensitivity.html --lang zh",
)

_INTERRUPTED = 130
_PLAIN_EVERY_S = 5.0


def sensitivity(
    context: typer.Context,
    strategy: options.Strategies = [],  # noqa: B006 - typer copies it
    tape: options.TapeDir = None,
    sample: options.Sample = "default",
    begin: options.Begin = None,
    end: options.End = None,
    markets: options.Markets = [],  # noqa: B006 - typer copies it
    latency_ms: Annotated[
        str | None, typer.Option(metavar="LIST", help="Latencies of orders and cancels, ms; 10,50,150,400 if omitted.")
    ] = None,
    queue: Annotated[str | None, typer.Option(metavar="LIST", help="Queue rules; all of them when omitted.")] = None,
    fee_scale: Annotated[
        str | None, typer.Option(metavar="LIST", help="Taker fees, times the market's own; 0,1,2 when omitted.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="LIST", help="Order sizes, times the configured ones; left alone if omitted.")
    ] = None,
    engine: options.EngineName = "auto",
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes at the same time; one per processor when omitted.")
    ] = None,
    seed: options.Seed = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the grid as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page with sliders.")] = None,
    lang: Annotated[Language, typer.Option(help="Language of the page.")] = Language.EN,
    from_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show a grid that --out wrote instead of running one.")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Run one session under every combination of latency, queue rule and fees, and show how the result depends on them.

    Ctrl-C keeps the combinations that are complete.
    """
    from polydesk.report.study.grid import read_grid
    from polydesk.research.documents import folder_for

    with ExitStack() as places:
        for place in (out, html):
            if place is not None:
                places.enter_context(folder_for(place.parent))
        if from_file is not None:
            _refuse_run_options(context)
            grid = read_grid(from_file)
        else:
            flags = {"--seed": ("run.seed", seed)}
            settings = load(config, [*overrides, "run.speed=max"], data_dir, flags).settings
            lists = {"latency": latency_ms, "queue": queue, "fees": fee_scale, "size": size}
            grid = _run(settings, strategy, (tape, sample, begin, end), markets, lists, engine, workers)
    _write(grid, out, html, lang)
    if as_json:
        emit_json(grid)
    else:
        _print(grid)
    if not grid.complete and from_file is None:
        raise typer.Exit(_INTERRUPTED)


def _run(
    settings: "Settings",
    strategy: list[str],
    source: tuple[Path | None, str, str | None, str | None],
    markets: list[str],
    lists: dict[str, str | None],
    engine: str,
    workers: int | None,
) -> "Grid":
    """Run the grid: ``source`` is tape, sample, begin and end, ``lists`` the values of each axis as they were given."""
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.research import sensitivity as grids
        from polydesk.research.backtest import prepared
        from polydesk.research.engines import known_engine
        from polydesk.research.window import chosen_markets, stretch
    ready = prepared(settings, strategy)
    loop = known_engine(engine)
    make = {"latency": grids.latency_axis, "queue": grids.queue_axis, "fees": grids.fee_axis, "size": grids.size_axis}
    axes = {axis.name: axis for axis in grids.default_axes(ready)}
    axes |= {name: make[name](ready, _listed(text)) for name, text in lists.items() if text is not None}
    tape, sample, begin, end = source
    part = stretch(options.opened(ready.data_dir, tape, sample), begin, end)
    chosen = chosen_markets(part.manifest.markets, markets)
    with _counting() as told:
        return grids.run_grid(ready, part, tuple(axes.values()), workers, told, chosen, loop)


_SHOWING = {"out", "html", "lang", "from_file", "data_dir", "config", "as_json"}


def _refuse_run_options(context: typer.Context) -> None:
    """Options that say what to run would be ignored without a word beside ``--from-file``.

    Raises:
        ConfigError: There is one.
    """
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in _SHOWING and source is not None and source.name == "COMMANDLINE":
            flag = next(p.opts[0] for p in context.command.params if p.name == name)
            raise ConfigError(f"{flag}: --from-file shows a grid that was run before; leave one of the two out")


def _write(grid: "Grid", out: Path | None, html: Path | None, lang: Language) -> None:
    if out is not None:
        from polydesk.report.study.grid import write_grid

        write_grid(out, grid)
        notices().print(f"wrote {out}", markup=False, soft_wrap=True)
    if html is not None:
        from polydesk.report.grid_page import render_grid
        from polydesk.report.html import write_page

        write_page(html, render_grid(grid, words_of(lang)))
        notices().print(f"wrote {html}", markup=False, soft_wrap=True)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _print(grid: "Grid") -> None:
    from polydesk.report.grid_page import grid_table
    from polydesk.report.terminal import print_table

    table = grid_table(grid)
    print_table(table, results(as_json=False), limit=len(table.rows))


@contextmanager
def _counting() -> Iterator[Callable[[int, int], None]]:
    """Yield what takes the progress: a live line on a terminal, else a line now and then."""
    from polydesk.report.quantities import duration

    began = told_s = time.monotonic()
    console = notices()

    def text(done: int, whole: int) -> str:
        left = (time.monotonic() - began) / done * (whole - done) if done else 0.0
        eta = duration(int(left * 1e9)) if done else "-"
        return f"{done} of {whole} combinations  {100 * done / whole:.0f} %  ETA {eta}"

    if console.is_terminal:
        with console.status("starting") as status:
            yield lambda done, whole: status.update(text(done, whole))
        return

    def plain(done: int, whole: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= _PLAIN_EVERY_S or done == whole:
            told_s = time.monotonic()
            typer.echo(text(done, whole), err=True)

    yield plain
