"""``polydesk demo``: a real session, told step by step."""

import select
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, data_dir_flag, load
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.cli.run import recorded
from polydesk.cli.watch import uninterrupted, watching
from polydesk.model.errors import JournalFull

if TYPE_CHECKING:
    from rich.console import Console

    from polydesk.run.session import SessionResult
    from polydesk.run.story import Chapter

EPILOG = examples(
    "polydesk demo",
    "polydesk demo --fast",
    "polydesk demo --tape tapes/mine --seed 7 --json",
)
_PER_LINE_S = 0.3
_SHORTEST_S, _LONGEST_S = 2.0, 6.0
_LINE = 80
_INTERRUPTED = 130


def demo(
    context: typer.Context,
    tape: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Tape to trade on; the bundled recordings when omitted.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="No pauses between the steps.")] = False,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random; run.seed when omitted.")] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Run a real session on the bundled recordings and tell it step by step, from the tape to the proof.

    Orders, times and numbers are those of the session, which stays in the data folder for `report`, `explain` and
    `replay`. On a terminal it takes about a minute; Enter goes on at once.
    """
    from polydesk.cli.demo_text import print_farewell, print_welcome
    from polydesk.tape import verify

    settings = load(config, [*overrides, "run.speed=max"], data_dir, {"--seed": ("run.seed", seed)}).settings
    where = data_dir_flag(Path(settings.data_dir))
    show = _Show(results(as_json=as_json), silent=as_json, pauses=not fast)
    if not as_json:
        print_welcome(show.console, pauses=show.pauses)
    with notices().status("loading the kernel; it is compiled once and then cached"):
        from polydesk.run.session import run_session
        from polydesk.run.story import proof_chapter, tape_chapter, tell_session, verification_chapter
    source = recorded(settings, tape)
    show.chapters([tape_chapter(source)])
    with notices().status("checking the tape"):
        checked = verification_chapter(source, verify(source))
    show.chapters([checked])
    with watching() as look:
        ended = run_session(settings, source, "paper", look)
    with _still_there(ended, where):
        _settle(ended, where)
        command = _command(tape, seed, config, overrides) + where
        show.chapters(tell_session(ended.path, command, where))
        with notices().status("replaying the session from its beginning and comparing everything"):
            from polydesk.run.replay import verify_session

            verdict = verify_session(ended.path)
        result = show.told[-1].facts
        show.chapters([proof_chapter(verdict, ended.session, result["journal_sha256"], where)])
        if not as_json:
            print_farewell(show.console, ended.path, where, _siblings(context))
    if as_json:
        steps = msgspec.to_builtins(show.told, builtin_types=(Decimal,))
        emit_json({**result, "identical": verdict.identical, "data_dir": settings.data_dir, "steps": steps})
    if not verdict.identical:
        raise typer.Exit(1)


class _Show:
    """Prints chapters one by one and leaves time to read them.

    Attributes:
        console: Where they are printed.
        told: Those shown so far, or only kept when the show is silent.
        pauses: Whether there is a reader to wait for.
    """

    def __init__(self, console: "Console", *, silent: bool, pauses: bool) -> None:
        from polydesk.cli.demo_text import story_console

        self.console = story_console(console)
        self.told: list[Chapter] = []
        self._silent = silent
        self.pauses = pauses and not silent and console.is_terminal and sys.stdin.isatty()

    def chapters(self, chapters: "Sequence[Chapter]") -> None:
        from polydesk.cli.demo_text import print_chapter

        for chapter in chapters:
            self.told.append(chapter)
            if not self._silent:
                print_chapter(chapter, self.console, len(self.told))
                self._pause(min(_LONGEST_S, max(_SHORTEST_S, _PER_LINE_S * _lines(chapter))))

    def _pause(self, seconds: float) -> None:
        """Wait that long or until Enter; when the input ends there is nobody to wait for."""
        if self.pauses and select.select([sys.stdin], [], [], seconds)[0] and not sys.stdin.readline():
            self.pauses = False


def _settle(ended: "SessionResult", where: str) -> None:
    """Compute the results of the session; one that did not reach its end leaves with its exit code."""
    from polydesk.run.finish import publish_results

    with uninterrupted(f"writing the results of {ended.session}") as came:
        for problem in publish_results(ended.path.parent.parent, ended.path):
            typer.echo(f"warning: {problem}", err=True)
    if ended.reason == "disk_full":
        raise JournalFull(
            "the disk is full: nothing is lost; free space, then continue: "
            f"polydesk run --resume {ended.session}{where}"
        )
    if ended.reason == "stopped" or came:
        raise KeyboardInterrupt


@contextmanager
def _still_there(ended: "SessionResult", where: str) -> Iterator[None]:
    """Say where the session is when the reader leaves early."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"\nthe session so far: polydesk report {ended.session}{where}", err=True)
        raise


def _siblings(context: typer.Context) -> set[str]:
    """Return the names of all commands, so that none is recommended that this program does not have."""
    root = context.find_root()
    return set(getattr(root.command, "commands", {}))


def _command(tape: Path | None, seed: int | None, config: Path | None, overrides: list[str]) -> str:
    """Return the command that runs the same session."""
    parts = ["polydesk", "run", "--speed", "max"]
    parts += [] if tape is None else ["--tape", str(tape)]
    parts += [] if seed is None else ["--seed", str(seed)]
    parts += [] if config is None else ["--config", str(config)]
    for override in overrides:
        parts += ["--set", override]
    return shlex.join(parts)


def _lines(chapter: "Chapter") -> int:
    """Return about how many lines there are to read."""
    book = len(chapter.ladder.bids) + len(chapter.ladder.asks) if chapter.ladder else 0
    return sum(1 + len(paragraph) // _LINE for paragraph in chapter.text) + len(chapter.rows) + book
