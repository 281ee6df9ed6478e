"""Showing a running session on stderr, and its report at the end."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

from polydesk.cli.options import data_dir_flag, report_config
from polydesk.cli.output import complain, emit_json, notices, results
from polydesk.model.errors import JournalFull

if TYPE_CHECKING:
    from polydesk.report.build import Report
    from polydesk.run.driver import Progress
    from polydesk.run.session import SessionResult

_PLAIN_EVERY_S = 5.0
_RATE_OVER_S = 5.0
_INTERRUPTED = 130
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Rate:
    """Rows per second over the last seconds, and what is left at that rate."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def update(self, now_s: float, rows: int) -> float:
        """Take the rows applied by ``now_s`` (monotonic) and return the rate, 0 while unknown."""
        self._seen.append((now_s, rows))
        while len(self._seen) > 2 and self._seen[0][0] < now_s - _RATE_OVER_S:
            self._seen.pop(0)
        first_s, first = self._seen[0]
        return (rows - first) / (now_s - first_s) if now_s > first_s else 0.0


def progress_text(progress: "Progress", rate: float) -> str:
    """Return the progress line: share done, virtual time, orders, fills, rate and time left."""
    from polydesk.report.quantities import NONE, count, duration, utc

    done = 100 * progress.rows / progress.total if progress.total else 100.0
    left = duration(int((progress.total - progress.rows) / rate * 1e9)) if rate > 0 else NONE
    return (
        f"{done:5.1f} %  {utc(progress.ts_ns)[5:]}Z  {count(progress.orders)} orders  "
        f"{count(progress.fills)} fills  {count(round(rate))} rows/s  ETA {left}"
    )


@contextmanager
def watching() -> Iterator[Callable[[Any, "Progress"], None]]:
    """Yield what a running session tells its progress to: a live line on a terminal, else a line now and then."""
    from rich.live import Live
    from rich.text import Text

    console = notices()
    rate = Rate()
    if not console.is_terminal:
        yield _plain(rate)
        return
    with Live(Text("starting"), console=console, transient=True, refresh_per_second=8) as live:

        def look(_machine: Any, progress: "Progress") -> None:
            told = progress_text(progress, rate.update(time.monotonic(), progress.rows))
            live.update(Text(told, no_wrap=True, overflow="ellipsis"))

        yield look


def _plain(rate: Rate) -> Callable[[Any, "Progress"], None]:
    told_s = time.monotonic()

    def look(_machine: Any, progress: "Progress") -> None:
        nonlocal told_s
        now_s = time.monotonic()
        text = progress_text(progress, rate.update(now_s, progress.rows))
        if now_s - told_s >= _PLAIN_EVERY_S:
            told_s = now_s
            typer.echo(text, err=True)

    return look


@contextmanager
def uninterrupted(what: str) -> Iterator[list[int]]:
    """Finish something short before an interruption counts; say so when one comes, and yield the signals that came."""
    came: list[int] = []

    def later(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        typer.echo(f"interrupted: {what} first", err=True)

    heard = [number for number in _STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    kept = {number: signal.signal(number, later) for number in heard}
    try:
        yield came
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def conclude(
    ended: "SessionResult",
    *,
    as_json: bool,
    stay: Callable[[], None] | None = None,
    news: bool = True,
    more: "Callable[[Report], Mapping[str, Any]] | None" = None,
    interrupted: bool = False,
) -> None:
    """Print the report of a session that ended and leave with its exit code.

    Args:
        ended: What the driver returned.
        as_json: Whether stdout ends with the final JSON.
        stay: Called before leaving when the recording ended by itself.
        news: Whether the session ended just now, so that its end decides the exit code.
        more: Called with the report before it is printed; adds fields to the final JSON.
        interrupted: Whether something that belongs to the result was cut off after the session had ended.
    """
    from polydesk.report.build import build_report
    from polydesk.report.final_json import result
    from polydesk.report.terminal import print_report
    from polydesk.run.finish import publish_results

    with uninterrupted(f"writing the results of {ended.session}") as came:
        for problem in publish_results(ended.path.parent.parent, ended.path):
            typer.echo(f"warning: {problem}", err=True)
        found = build_report(ended.path, report_config())
        added = more(found) if more is not None else {}
        print_report(found.summary, results(as_json=as_json), found.quality, found.books)
    where = data_dir_flag(ended.path.parent.parent)
    typer.echo(
        f"\nMore: polydesk report {ended.session} --html report.html{where}\n"
        f"      polydesk replay {ended.session} --verify{where}",
        err=True,
    )
    if added.get("files"):
        typer.echo("Files: " + "\n       ".join(added["files"]), err=True)
    if as_json:
        emit_json({**result(found.summary), **added})
    interrupted = interrupted or bool(came)
    if stay is not None and ended.reason == "tape_end" and not interrupted:
        stay()
    if ended.reason == "disk_full":
        command = f"polydesk run --resume {ended.session}{where}"
        complain(f"the disk is full: nothing is lost; free space, then continue: {command}")
        raise typer.Exit(JournalFull.exit_code)
    if interrupted or (ended.reason == "stopped" and news):
        raise typer.Exit(_INTERRUPTED)
