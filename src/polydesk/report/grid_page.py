"""A grid as one self-contained page: sliders over what was computed, one small script, nothing loaded."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

import msgspec

from polydesk import __version__
from polydesk.model.grid import CASH_ONE_U6
from polydesk.report.axes import TimeAxis
from polydesk.report.html import environment
from polydesk.report.quantities import cash, count, gain, shares
from polydesk.report.study.grid import Axis, Cell, Grid, combinations
from polydesk.report.tables import Table
from polydesk.report.words import ENGLISH, Words

_WIDTH = 1_000.0
_FIGURES = ("fees", "rebates", "fills", "shares", "volume", "drawdown")


def render_grid(grid: Grid, words: Words = ENGLISH) -> str:
    """Return the page; without a script it shows every combination as a table."""
    script = files("polydesk.report").joinpath("pages", "sensitivity.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment()
        .get_template("sensitivity.html.j2")
        .render(
            w=words,
            grid=grid,
            version=__version__,
            script=script,
            script_hash=f"sha256-{digest}",
            data=_data(grid, words),
            axes=[(axis, words(f"grid.axis.{axis.name}"), _start(axis)) for axis in grid.axes],
            figures=[(name, words(f"grid.{name}")) for name in _FIGURES],
            range_text=_range(grid, words),
            partial=_partial(grid, words),
            window=_window(grid, words),
            table=grid_table(grid, words),
            point=lambda axis, index: point_text(axis, index, words),
        )
    )


def _start(axis: Axis) -> int:
    return max(axis.base, 0)


def point_text(axis: Axis, index: int, words: Words = ENGLISH) -> str:
    """Write one value of an assumption."""
    label = axis.points[index].label
    if axis.name == "latency":
        told = words("grid.unit_ms", n=label)
    elif axis.name == "queue":
        told = words.named("queue", label)
    else:
        told = words("grid.unit_times", n=label)
    return f"{told} ({words('grid.this')})" if index == axis.base else told


def _data(grid: Grid, words: Words) -> str:
    """Return what the script needs as JSON that cannot end its element."""
    cells: dict[str, Any] = {}
    # One axis for all curves, without the pauses of the data.
    along = TimeAxis([ts for cell in grid.cells for ts, _ in cell.run.curve], 0.0, _WIDTH)
    for cell in grid.cells:
        run = cell.run
        cells[",".join(map(str, cell.at))] = {
            "pnl": None if run.net_u6 is None or run.broken else run.net_u6 / CASH_ONE_U6,
            "told": {
                "pnl": words("broken") if run.broken else gain(run.net_u6),
                "fees": cash(run.fees_u6),
                "rebates": cash(run.rebates_u6),
                "fills": count(run.fills),
                "shares": shares(run.shares_u6),
                "volume": cash(run.volume_u6),
                "drawdown": gain(-run.drawdown_u6),
            },
            # Tenths of a drawing unit and of a cent are finer than a pixel.
            "curve": [[round(along.x(ts), 1), round(pnl / CASH_ONE_U6, 3)] for ts, pnl in run.curve],
        }
    axes = [
        {
            "name": axis.name,
            "title": words(f"grid.axis.{axis.name}").capitalize(),
            "points": [point_text(axis, index, words) for index in range(len(axis.points))],
            "short": [_short(axis, index, words) for index in range(len(axis.points))],
            "base": axis.base,
        }
        for axis in grid.axes
    ]
    raw = msgspec.json.encode({"axes": axes, "cells": cells, "missing": words("grid.missing")}).decode()
    return raw.replace("<", "\\u003c")


def _short(axis: Axis, index: int, words: Words) -> str:
    bare = msgspec.structs.replace(axis, base=-1)
    return point_text(bare, index, words)


def _range(grid: Grid, words: Words) -> str:
    known = [cell.run.net_u6 for cell in grid.cells if cell.run.net_u6 is not None and not cell.run.broken]
    if not known:
        return ""
    return words(
        "grid.range", low=gain(min(known)), high=gain(max(known)), n=count(len(known)),
        positive=count(sum(net > 0 for net in known)),
    )  # fmt: skip


def _partial(grid: Grid, words: Words) -> str:
    whole = sum(1 for _ in combinations(grid.axes))
    return "" if grid.complete else words("grid.partial", n=count(len(grid.cells)), whole=count(whole))


def _window(grid: Grid, words: Words) -> str:
    first, last = (text.replace("T", " ").removesuffix("Z") for text in grid.window)
    return words("grid.window_text", first=first, last=last, rows=count(grid.rows[1] - grid.rows[0]))


def grid_table(grid: Grid, words: Words = ENGLISH) -> Table:
    """Every combination with its numbers."""
    rows = tuple(_row(grid, cell, words) for cell in grid.cells)
    titles = tuple(words(f"grid.axis.{axis.name}") for axis in grid.axes)
    others = tuple(f">~{words(f'grid.{name}')}" for name in ("fees", "rebates", "fills", "drawdown"))
    columns = (*titles, f">{words('grid.pnl')}", *others)
    return Table(words("grid.all"), columns, rows, note=words("grid.best_note"))


def _row(grid: Grid, cell: Cell, words: Words) -> tuple[str, ...]:
    run = cell.run
    where = (point_text(axis, index, words) for axis, index in zip(grid.axes, cell.at, strict=True))
    net = words("broken") if run.broken else gain(run.net_u6)
    return (*where, net, cash(run.fees_u6), cash(run.rebates_u6), count(run.fills), gain(-run.drawdown_u6))
