"""Backtests in local processes: each job is one whole session; answers come in the order of the jobs."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context

import msgspec

from polydesk.model.errors import PolydeskError, SessionError
from polydesk.research.result import Result
from polydesk.run.compiled import Engine

Told = Callable[[int, int], None]
"""Called with jobs done and jobs in all."""


class Job(msgspec.Struct, frozen=True):
    """What a process needs to run one backtest.

    Attributes:
        settings: The configuration as JSON, strategies and folder included.
        tape: Folder of the tape.
        rows: First row and the row to stop before.
        markets: To trade, by index; all when empty.
        engine: Which loop runs it.
    """

    settings: bytes
    tape: str
    rows: tuple[int, int]
    markets: tuple[int, ...]
    engine: Engine = "auto"


class Run(msgspec.Struct, frozen=True):
    """What came of a job: a result, or why there is none."""

    result: Result | None
    problem: str = ""


def run_job(job: Job) -> Run:
    """Run one job in this process; an error of the project is an answer, anything else is a bug and raised."""
    from polydesk.research.backtest import run_backtest  # noqa: PLC0415 - loads the kernel, in the worker only
    from polydesk.research.session_result import session_result  # noqa: PLC0415
    from polydesk.run.settings import Settings  # noqa: PLC0415
    from polydesk.tape import open_tape  # noqa: PLC0415

    settings = Settings.model_validate_json(job.settings)
    try:
        part = open_tape(job.tape).between(*job.rows)
        ended = run_backtest(settings, part, [], lambda _m, _p: None, job.markets, job.engine)
        return Run(session_result(ended.path).result)
    except PolydeskError as err:
        return Run(None, str(err))


def _silent() -> None:
    """Say nothing."""


def run_jobs(
    jobs: Sequence[Job | None], workers: int | None, told: Told, stopping: Callable[[], None] = _silent
) -> tuple[list[Run | None], bool]:
    """Run jobs in processes.

    The first Ctrl-C lets the jobs that run come to their end and starts no other; a second one ends them at once.

    Args:
        jobs: ``None`` where there is nothing to run.
        workers: Processes at the same time; one per processor when ``None``.
        told: Progress.
        stopping: Called at the first Ctrl-C, to tell that what runs is waited for.

    Returns:
        The answers in the order of the jobs, ``None`` for what was not run, and whether every job was.

    Raises:
        SessionError: A process died, for example because there was not enough memory.
    """
    answers: list[Run | None] = [None] * len(jobs)
    todo = [(index, job) for index, job in enumerate(jobs) if job is not None]
    skipped = len(jobs) - len(todo)
    told(skipped, len(jobs))
    if not todo:
        return answers, True
    count = min(len(todo), workers or os.cpu_count() or 1)
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_deaf)
    waiting: dict[Future[Run], int] = {}
    try:
        for index, job in todo:
            waiting[pool.submit(run_job, job)] = index
            if len(waiting) >= count:
                _collect(waiting, answers)
                told(skipped + sum(answer is not None for answer in answers), len(jobs))
        while waiting:
            _collect(waiting, answers)
            told(skipped + sum(answer is not None for answer in answers), len(jobs))
    except KeyboardInterrupt:
        stopping()
        _finish(waiting, answers)
    finally:
        close(pool)
    return answers, sum(answer is not None for answer in answers) == len(todo)


def _deaf() -> None:
    """Leave Ctrl-C to the process that was asked: it goes to the whole group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def close(pool: ProcessPoolExecutor) -> None:
    """Wait for the processes; Ctrl-C while they end must not lose the answers that are here already."""
    try:
        pool.shutdown()
    except KeyboardInterrupt:
        for child in active_children():
            child.terminate()


def _finish(waiting: dict[Future[Run], int], answers: list[Run | None]) -> None:
    try:
        while waiting:
            _collect(waiting, answers)
    except KeyboardInterrupt:
        for child in active_children():
            child.terminate()


def _collect(waiting: dict[Future[Run], int], answers: list[Run | None]) -> None:
    ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in ended:
        index = waiting.pop(future)
        try:
            answers[index] = future.result()
        except BrokenProcessPool as err:
            raise SessionError(
                "a process of the backtest died, probably for lack of memory; run fewer at once with --workers 1"
            ) from err
