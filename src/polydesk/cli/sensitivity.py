"""``polydesk backtest sensitivity``: one session under many assumptions, with sliders to look at them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, load
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.cli.run import recorded, warn_of
from polydesk.report.words import Language, words_of

if TYPE_CHECKING:
    from polydesk.report.study.grid import Grid

EPILOG = examples(
    "polydesk backtest sensitivity --strategy inventory_maker --html sensitivity.html",
    "polydesk backtest sensitivity --strategy inventory_maker --latency-ms 10,50,200 --size 1,2,5 "
    "--out grid.json --json",
    "polydesk backtest sensitivity --from-file grid.json --html sensitivity.html --lang zh",
)

_INTERRUPTED = 130
_PLAIN_EVERY_S = 5.0


def sensitivity(
    strategy: Annotated[list[str], typer.Option(metavar="NAME", help="Strategy to run. May be repeated.")] = [],  # noqa: B006
    tape: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tape to trade on; the bundled recordings when omitted.")
    ] = None,
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
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes at the same time; one per processor when omitted.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random; run.seed when omitted.")] = None,
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
    from polydesk.report.study.grid import read_grid, write_grid
    from polydesk.research.documents import ready_folder

    for place in (out, html):
        if place is not None:
            ready_folder(place.parent)
    if from_file is not None:
        grid = read_grid(from_file)
    else:
        flags = {"--seed": ("run.seed", seed)}
        settings = load(config, [*overrides, "run.speed=max"], data_dir, flags).settings
        with notices().status("loading the kernel; it is compiled once and then cached"):
            from polydesk.research import sensitivity as grids
            from polydesk.research.backtest import with_strategies
        if strategy:
            settings = with_strategies(settings, strategy)
        given = {
            "latency": (grids.latency_axis, latency_ms), "queue": (grids.queue_axis, queue),
            "fees": (grids.fee_axis, fee_scale), "size": (grids.size_axis, size),
        }  # fmt: skip
        axes = {axis.name: axis for axis in grids.default_axes(settings)}
        axes |= {name: make(settings, _listed(text)) for name, (make, text) in given.items() if text is not None}
        source = recorded(settings, tape)
        warn_of(source)
        with _counting() as told:
            grid = grids.run_grid(settings, source, tuple(axes.values()), workers, told)
    if out is not None:
        write_grid(out, grid)
        notices().print(f"wrote {out}", markup=False, soft_wrap=True)
    if html is not None:
        from polydesk.report.grid_page import render_grid
        from polydesk.report.html import write_page

        write_page(html, render_grid(grid, words_of(lang)))
        notices().print(f"wrote {html}", markup=False, soft_wrap=True)
    if as_json:
        emit_json(grid)
    else:
        _print(grid)
    if not grid.complete and from_file is None:
        raise typer.Exit(_INTERRUPTED)


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
