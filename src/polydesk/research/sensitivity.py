"""How much the result depends on what nobody knows: latency, queue rule, fees, order size."""

import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from concurrent.futures.thread import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path

import msgspec

from polydesk.model.errors import ConfigError, SessionError
from polydesk.report.study.grid import FORMAT, Axis, Cell, Grid, Point, combinations, overrides_at
from polydesk.report.study.reruns import Rerun
from polydesk.research.engines import compile_once
from polydesk.research.pool import close
from polydesk.research.reruns import QUEUE_KEY, QUEUES, rerun, sized
from polydesk.research.times import iso
from polydesk.run.compiled import Engine
from polydesk.run.session import run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import override
from polydesk.strategies import STRATEGIES
from polydesk.tape import Tape, open_tape

LATENCIES_MS = ("10", "50", "150", "400")
FEE_SCALES = ("0", "1", "2")
FEE_KEY = "exchange.fee_scale"
MOST_CELLS = 2_000
"""Combinations of one grid; more are a mistake rather than a plan."""

Told = Callable[[int, int], None]
"""Called with combinations done and combinations in all."""


OPTIONS = {"latency": "--latency-ms", "queue": "--queue", "fees": "--fee-scale", "size": "--size"}
"""The option that gives the values of an axis."""


class Job(msgspec.Struct, frozen=True):
    """What a process needs to run one combination.

    Attributes:
        settings: The configuration as JSON.
        tape: Folder of the tape.
        rows: First row and the row to stop before.
        markets: To trade, by index; all when empty.
        engine: Which loop runs it.
        overrides: Keys of the combination.
        label: Its name.
        scratch: A folder to forget.
    """

    settings: bytes
    tape: str
    rows: tuple[int, int]
    markets: tuple[int, ...]
    engine: Engine
    overrides: dict[str, str]
    label: str
    scratch: str


def latency_axis(settings: Settings, values_ms: Sequence[str]) -> Axis:
    """Return the latency of orders and cancels, milliseconds.

    Measured latencies would take the place of these numbers, so the combinations run without the latency file.
    """
    keys = ("exchange.order_latency_ms", "exchange.cancel_latency_ms")
    measured = bool(settings.exchange.latency_file)
    unmeasured = {"exchange.latency_file": "", "exchange.latency_sha256": ""} if measured else {}
    mine = None if measured else (settings.exchange.order_latency_ms, settings.exchange.cancel_latency_ms)
    points = tuple(Point(value, dict.fromkeys(keys, value) | unmeasured) for value in values_ms)
    numbers = [_number("latency", value) for value in values_ms]
    base = next((at for at, value in enumerate(numbers) if (value, value) == mine), -1)
    return Axis("latency", points, base)


def queue_axis(settings: Settings, rules: Sequence[str]) -> Axis:
    """Return the queue rule."""
    mine = settings.exchange.queue_model
    points = tuple(Point(rule, {QUEUE_KEY: rule}) for rule in rules)
    return Axis("queue", points, rules.index(mine) if mine in rules else -1)


def fee_axis(settings: Settings, scales: Sequence[str]) -> Axis:
    """Return taker fees as multiples of the market's own."""
    mine = settings.exchange.fee_scale
    points = tuple(Point(scale, {FEE_KEY: scale}) for scale in scales)
    return Axis("fees", points, next((at for at, scale in enumerate(scales) if _number("fees", scale) == mine), -1))


def size_axis(settings: Settings, multiples: Sequence[str]) -> Axis:
    """Return order sizes as multiples of the configured ones; cash and risk limits grow with them."""
    points = []
    for multiple in multiples:
        times = _number("size", multiple)
        if not times.is_integer() or times < 1:
            raise ConfigError(f"--size {multiple!r}: give whole multiples of at least 1, for example 1,2,5")
        points.append(Point(multiple, sized(settings, int(times))))
    return Axis("size", tuple(points), next((at for at, m in enumerate(multiples) if _number("size", m) == 1), -1))


def default_axes(settings: Settings) -> tuple[Axis, ...]:
    """Return latency, queue rule and fees."""
    return (
        latency_axis(settings, LATENCIES_MS),
        queue_axis(settings, QUEUES),
        fee_axis(settings, FEE_SCALES),
    )


def run_grid(
    settings: Settings, tape: Tape, axes: Sequence[Axis], workers: int | None, told: Told,
    markets: tuple[int, ...] = (), engine: Engine = "auto",
) -> Grid:  # fmt: skip
    """Run every combination in local processes.

    Ctrl-C ends the processes and returns what is complete: every cell of the grid is a whole session.

    Args:
        settings: The configuration; the axes' keys are set on top of it.
        tape: Market input of every session, with the span of the window.
        axes: The assumptions.
        workers: Processes at the same time; one per processor when ``None``.
        told: Progress.
        markets: The markets to trade, by index; all when empty.
        engine: Which loop runs the sessions; the numbers are the same either way.

    Raises:
        ConfigError: A value is not allowed, there are too many combinations, or the compiled loop cannot run this.
        SessionError: A process died.
    """
    points = list(combinations(axes))
    _check(settings, axes, len(points))
    compile_once(settings, tape, engine)
    with tempfile.TemporaryDirectory(prefix="polydesk-grid-") as scratch:
        raw, place = settings.model_dump_json().encode(), str(tape.path.resolve())
        jobs = [
            Job(raw, place, tape.span, markets, engine, overrides_at(axes, at), _label(axes, at), scratch)
            for at in points
        ]
        runs = _run(jobs, min(len(jobs), workers or os.cpu_count() or 1), told)
    cells = tuple(Cell(at, run) for at, run in zip(points, runs, strict=True) if run is not None)
    manifest = tape.manifest
    return Grid(
        FORMAT, tuple(name for name in STRATEGIES if getattr(settings.desk.strategies, name).enabled),
        ", ".join(source.name for source in manifest.sources), manifest.sha256, manifest.constructed,
        settings.run.seed, tuple(axes), cells, len(cells) == len(points), tape.span, _window(tape),
        tuple(manifest.markets[index].slug for index in markets),
    )  # fmt: skip


def _check(settings: Settings, axes: Sequence[Axis], count: int) -> None:
    """Refuse what is wrong before the first combination costs time; the message names the option.

    Raises:
        ConfigError: See above.
    """
    if count > MOST_CELLS:
        named = ", ".join(f"{OPTIONS[axis.name]} {len(axis.points)}" for axis in axes)
        raise ConfigError(
            f"the grid has {count:,} combinations ({named}), at most {MOST_CELLS:,} are allowed; give fewer values"
        )
    for axis in axes:
        option, labels = OPTIONS[axis.name], [point.label for point in axis.points]
        if not labels:
            raise ConfigError(f"{option}: has no value; give some, separated by commas, or leave the option out")
        twice = next((label for label in labels if labels.count(label) > 1), "")
        if twice:
            raise ConfigError(f"{option}: {twice} is given twice; give every value once")
        for point in axis.points:
            override(settings, [f"{key}={value}" for key, value in point.overrides.items()], origin=option)


def _window(tape: Tape) -> tuple[str, str]:
    first, stop = tape.span
    ends = [int(rows["ts_ns"][0]) for row in (first, stop - 1) for rows in tape.whole().batches(row, row + 1)]
    return (iso(ends[0]), iso(ends[-1])) if ends else ("", "")


def run_job(job: Job) -> Rerun:
    """Run one combination in this process.

    The session runs beside the main thread, so that it leaves signals alone: the grid decides what Ctrl-C means.
    """
    settings = Settings.model_validate_json(job.settings)
    run = partial(run_session, markets=job.markets, engine=job.engine)
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(
            rerun,
            settings,
            open_tape(job.tape).between(*job.rows),
            job.overrides,
            group="grid",
            label=job.label,
            run=run,
            scratch=Path(job.scratch),
        ).result()


def _run(jobs: Sequence[Job], workers: int, told: Told) -> list[Rerun | None]:
    runs: list[Rerun | None] = [None] * len(jobs)
    told(0, len(jobs))
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_deaf)
    waiting: dict[Future[Rerun], int] = {}
    todo = iter(enumerate(jobs))
    try:
        for index, job in todo:
            waiting[pool.submit(run_job, job)] = index
            if len(waiting) >= workers:
                _collect(waiting, runs, told)
        while waiting:
            _collect(waiting, runs, told)
    except KeyboardInterrupt:
        # Half a session compares with nothing: end the processes at once and keep what is whole.
        for child in active_children():
            child.kill()
    finally:
        close(pool)
    return runs


def _collect(waiting: dict[Future[Rerun], int], runs: list[Rerun | None], told: Told) -> None:
    ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in ended:
        try:
            runs[waiting.pop(future)] = future.result()
        except BrokenProcessPool as err:
            raise SessionError(
                "a process of the grid died, probably for lack of memory; run fewer at once with --workers 1"
            ) from err
    told(sum(run is not None for run in runs), len(runs))


def _deaf() -> None:
    """Leave Ctrl-C to the process that was asked: it goes to the whole group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _label(axes: Sequence[Axis], at: Sequence[int]) -> str:
    return ", ".join(f"{axis.name} {axis.points[index].label}" for axis, index in zip(axes, at, strict=True))


def _number(axis: str, text: str) -> float:
    try:
        return float(Decimal(text))
    except ArithmeticError as err:
        raise ConfigError(
            f"{OPTIONS[axis]} {text!r}: not a number; give numbers separated by commas, for example 10,50,150"
        ) from err
