"""Grids: every combination once, the same whatever the processes, whole cells after an interruption."""

import re
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from made import made_tape
from polydesk.model.errors import ConfigError, SessionError
from polydesk.report.study.grid import combinations, overrides_at, read_grid, write_grid
from polydesk.research.reruns import rerun
from polydesk.research.sensitivity import default_axes, fee_axis, latency_axis, queue_axis, run_grid, size_axis
from polydesk.run.session import run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load, override
from polydesk.tape import Tape

MAKER = ["desk.strategies.mean_reversion.enabled=false", "desk.strategies.inventory_maker.enabled=true"]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return made_tape(tmp_path_factory.mktemp("grid") / "tape", seed=3)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("grid-data")
    return load(Settings, None, {}, ["run.speed=max", f"data_dir={home}", *MAKER]).settings


def test_the_default_axes_hold_the_configuration_itself(settings: Settings) -> None:
    axes = default_axes(settings)
    assert [axis.name for axis in axes] == ["latency", "queue", "fees"]
    assert [axis.points[axis.base].label for axis in axes] == ["50", "pessimistic", "1"]
    assert len(list(combinations(axes))) == 4 * 3 * 3
    assert overrides_at(axes, (0, 1, 2)) == {
        "exchange.order_latency_ms": "10",
        "exchange.cancel_latency_ms": "10",
        "exchange.queue_model": "proportional",
        "exchange.fee_scale": "2",
    }
    assert latency_axis(settings, ["1"]).base == -1


def test_the_latency_axis_takes_the_place_of_measured_latencies(settings: Settings, tape: Tape, tmp_path: Path) -> None:
    file = tmp_path / "latencies.csv"
    file.write_text("leg,latency_ms\norder,1\ncancel,1\n")
    measured = override(settings, [f"exchange.latency_file={file}"])
    axis = latency_axis(measured, ("50", "2000"))
    assert axis.base == -1
    runs = [rerun(measured, tape, point.overrides, group="", label="") for point in axis.points]
    assert runs[0].journal_sha256 != runs[1].journal_sha256
    plain = rerun(settings, tape, latency_axis(settings, ("50",)).points[0].overrides, group="", label="")
    assert (runs[0].fills, runs[0].net_u6) == (plain.fills, plain.net_u6)


def test_a_grid_is_its_reruns_in_order(settings: Settings, tape: Tape, tmp_path: Path, monkeypatch) -> None:
    axes = (queue_axis(settings, ("pessimistic", "probability")), fee_axis(settings, ("1", "2")))
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    grid = run_grid(settings, tape, axes, 2, lambda done, whole: told.append((done, whole)))
    assert not list(tmp_path.iterdir()), "nothing is left behind"
    assert [cell.at for cell in grid.cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert grid.complete
    assert told[0] == (0, 4)
    assert told[-1] == (4, 4)
    alone = rerun(
        settings, tape, {"exchange.queue_model": "probability", "exchange.fee_scale": "2"}, group="", label=""
    )
    assert grid.cells[3].run.journal_sha256 == alone.journal_sha256
    assert grid.cells[3].run.net_u6 == alone.net_u6
    assert grid.constructed
    assert grid.strategies == ("inventory_maker",)
    write_grid(tmp_path / "grid.json", grid)
    assert read_grid(tmp_path / "grid.json") == grid


def test_an_interruption_while_the_processes_end_loses_nothing(settings: Settings, tape: Tape, monkeypatch) -> None:
    ended = ProcessPoolExecutor.shutdown

    def interrupted(self: ProcessPoolExecutor, *args: bool, **flags: bool) -> None:
        ended(self, *args, **flags)
        raise KeyboardInterrupt

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", interrupted)
    grid = run_grid(settings, tape, (latency_axis(settings, ["10"]),), 1, lambda _done, _whole: None)
    assert (grid.complete, len(grid.cells)) == (True, len(grid.axes[0].points))


def test_an_interruption_keeps_whole_cells(settings: Settings, tape: Tape, tmp_path: Path) -> None:
    def impatient(done: int, _whole: int) -> None:
        if done:
            raise KeyboardInterrupt

    grid = run_grid(settings, tape, (latency_axis(settings, ("1", "2", "3", "4", "5")),), 1, impatient)
    assert 1 <= len(grid.cells) < 5
    assert not grid.complete
    assert all(len(cell.run.journal_sha256) == 64 for cell in grid.cells)
    write_grid(tmp_path / "grid.json", grid)
    assert read_grid(tmp_path / "grid.json") == grid


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        (lambda s: latency_axis(s, ("-5",)), "--latency-ms: exchange.order_latency_ms = -5"),
        (lambda s: queue_axis(s, ("hopeful",)), "--queue: exchange.queue_model"),
        (lambda s: fee_axis(s, ("1", "nan")), "--fee-scale: exchange.fee_scale"),
        (lambda s: latency_axis(s, ("soon",)), "--latency-ms 'soon': not a number"),
        (lambda s: size_axis(s, ("1.5",)), "--size '1.5': give whole multiples"),
        (lambda s: size_axis(s, ("inf",)), "--size 'inf': give whole multiples"),
        (lambda s: latency_axis(s, ()), "--latency-ms: has no value"),
        (lambda s: queue_axis(s, ("probability",) * 2), "--queue: probability is given twice"),
        (lambda s: latency_axis(s, tuple(map(str, range(2_001)))), "2,001 combinations (--latency-ms 2001)"),
    ],
)
def test_wrong_values_are_refused_before_anything_runs(settings: Settings, tape: Tape, axis, text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)) as told:
        run_grid(settings, tape, (axis(settings),), 1, lambda *_: None)
    assert "--set" not in str(told.value)


def test_a_window_some_markets_and_either_engine_give_the_same_grid(settings: Settings, tape: Tape) -> None:
    part = tape.between(500, 2_000)
    axes = (queue_axis(settings, ("pessimistic",)),)
    grid = run_grid(settings, part, axes, 1, lambda *_: None, markets=(1,), engine="compiled")
    plain = rerun(
        settings, part, axes[0].points[0].overrides, group="grid", label=grid.cells[0].run.label,
        run=partial(run_session, markets=(1,), engine="python"),
    )  # fmt: skip
    assert grid.cells[0].run == plain
    assert plain.fills > 0
    assert (grid.rows, grid.markets) == ((500, 2_000), ("made-1",))
    assert grid.window[0] < grid.window[1]
    paced = override(settings, ["run.speed=60.0"])
    with pytest.raises(ConfigError, match="--engine compiled: "):
        run_grid(paced, tape, axes, 1, lambda *_: None, engine="compiled")


def test_damaged_and_foreign_grids_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "grid.json"
    with pytest.raises(SessionError, match="polydesk backtest sensitivity"):
        read_grid(path)
    path.write_text("{")
    with pytest.raises(SessionError, match="make it again"):
        read_grid(path)
    with pytest.raises(SessionError, match="cannot be written"):
        write_grid(Path("/dev/null/grid.json"), None)
