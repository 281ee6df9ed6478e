"""A grid of the same session under combinations of assumptions, and the file that holds it."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from polydesk.model.errors import SessionError
from polydesk.report.study.reruns import Rerun

FORMAT = 1


class Point(msgspec.Struct, frozen=True):
    """One value of an assumption: as people read it (a number or a queue rule), and the keys that make it."""

    label: str
    overrides: dict[str, str]


class Axis(msgspec.Struct, frozen=True):
    """One assumption.

    Attributes:
        name: ``latency``, ``queue``, ``fees`` or ``size``.
        points: Its values in order.
        base: Which of them is the session's own configuration; -1 when none is.
    """

    name: str
    points: tuple[Point, ...]
    base: int


class Cell(msgspec.Struct, frozen=True):
    """One combination: an index per axis, and what the session made there."""

    at: tuple[int, ...]
    run: Rerun


class Grid(msgspec.Struct, frozen=True):
    """Everything a sensitivity page shows.

    Attributes:
        format: Of this file.
        strategies: That traded.
        source: The recordings behind the tape.
        tape_sha256: Content hash of the tape.
        constructed: Whether the market was generated.
        seed: Of the sessions.
        axes: The assumptions.
        cells: The combinations that were run, in order.
        complete: Whether all of them were.
        rows: First row of the window and the row to stop before.
        window: Begin and end of the window, ISO 8601 UTC.
        markets: Slugs of the markets that could be traded; empty when all of the tape.
    """

    format: int
    strategies: tuple[str, ...]
    source: str
    tape_sha256: str
    constructed: bool
    seed: int
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    complete: bool
    rows: tuple[int, int] = (0, 0)
    window: tuple[str, str] = ("", "")
    markets: tuple[str, ...] = ()


def combinations(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    """Return every combination, the last axis fastest."""
    return itertools.product(*(range(len(axis.points)) for axis in axes))


def overrides_at(axes: Sequence[Axis], at: Sequence[int]) -> dict[str, str]:
    """Return the keys of a combination."""
    found: dict[str, str] = {}
    for axis, index in zip(axes, at, strict=True):
        found |= axis.points[index].overrides
    return found


def write_grid(path: Path, grid: Grid) -> None:
    """Write the file so that it is there completely or not at all.

    Raises:
        SessionError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(msgspec.json.encode(grid) + b"\n")
        draft.replace(path)
    except OSError as err:
        raise SessionError(f"{path}: cannot be written ({err.strerror}); choose another folder") from err


def read_grid(path: Path) -> Grid:
    """Read a grid.

    Raises:
        SessionError: There is none, it is damaged, or of another format.
    """
    try:
        grid = msgspec.json.decode(path.read_bytes(), type=Grid)
    except OSError as err:
        raise SessionError(
            f"{path}: cannot be read ({err.strerror}); make it with `polydesk backtest sensitivity`"
        ) from err
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise SessionError(f"{path}: {err}; make it again with `polydesk backtest sensitivity`") from err
    if grid.format != FORMAT:
        raise SessionError(f"{path}: field format is {grid.format}, this program reads {FORMAT}; make it again")
    return grid
