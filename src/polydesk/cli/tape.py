"""``polydesk tape``: make tapes from recordings, look at them, check them."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from polydesk.cli import construct as _construct
from polydesk.cli.options import AsJson
from polydesk.cli.output import EXIT_CODES, emit_json, examples, notices
from polydesk.cli.tape_convert_text import print_conversion
from polydesk.cli.tape_text import print_rows, print_summary, print_verification, readable, summary
from polydesk.model.errors import TapeError
from polydesk.tape import IMPORTERS, import_tape, keep_verdict, open_tape, verify
from polydesk.tape.convert import FORMATS, convert_tape
from polydesk.tape.importers.schema_file import load_schema

app = typer.Typer(
    help="Make tapes from recordings, look at them, check them.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)

TapeDir = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the tape.")]


@app.command(
    "import",
    epilog=examples(
        "polydesk tape import data/btc5m-20260416/book_20260416T0710Z.jsonl.zst --out tapes/btc",
        "polydesk tape import day1.jsonl day2.jsonl.gz --markets markets.json --out tapes/two-days --json",
        "polydesk tape import books.csv trades.csv --schema books.yaml --schema trades.yaml --out tapes/mine",
    ),
)
def import_(
    sources: Annotated[list[Path], typer.Argument(metavar="SRC", help="Recordings; several become one tape.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the new tape; must not exist or be empty.")],
    name: Annotated[
        str, typer.Option("--format", metavar="|".join(("auto", *IMPORTERS)), help="Format of the recordings.")
    ] = "auto",
    markets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Market facts (CSV, JSON, YAML); default: markets.* beside a recording."),
    ] = None,
    schemas: Annotated[
        list[Path],
        typer.Option(
            "--schema",
            metavar="FILE",
            help="YAML that describes an unknown table (docs/importing.md). May be repeated.",
        ),
    ] = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Make a tape from one or more recordings."""
    described = [load_schema(path) for path in schemas]
    with _file_progress() as tell:
        tape = import_tape(sources, out, name=name, markets=markets, schemas=described, note=_note, progress=tell)
    if as_json:
        emit_json(summary(tape))
    else:
        print_summary(tape.path, tape.manifest)
    _note(f"check it: polydesk tape verify {shlex.quote(str(tape.path))}")


@app.command(epilog=examples("polydesk tape info tapes/btc", "polydesk tape info tapes/btc --json"))
def info(path: TapeDir, as_json: AsJson = False) -> None:
    """Show what a tape says about itself: sources, markets, defects, assumed facts."""
    tape = open_tape(path)
    if as_json:
        emit_json(summary(tape))
    else:
        print_summary(tape.path, tape.manifest)


@app.command(epilog=examples("polydesk tape head tapes/btc", "polydesk tape head tapes/btc -n 20 --start 1000"))
def head(
    path: TapeDir,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many rows.")] = 10,
    start: Annotated[int, typer.Option(min=0, help="seq of the first row.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show rows of a tape, from the beginning or from a given row on."""
    tape = open_tape(path)
    if start >= tape.manifest.rows:
        raise TapeError(f"--start {start}: the tape has {tape.manifest.rows} rows; choose a smaller number")
    shown = [row for batch in tape.batches(start, start + rows) for row in readable(batch, tape.manifest.references)]
    if as_json:
        emit_json({"tape": str(tape.path), "rows": shown})
        return
    print_rows(shown)


@app.command("verify", epilog=examples("polydesk tape verify tapes/btc", "polydesk tape verify tapes/btc --json"))
def verify_(path: TapeDir, as_json: AsJson = False) -> None:
    """Check a tape: hash, order, and its books against the venue's own best prices by minute.

    Exit code 0 if the tape is good data, 1 if not; a damaged tape is 2.
    """
    tape = open_tape(path)
    with _bar() as progress:
        task = progress.add_task("verifying", total=tape.manifest.rows)
        found = verify(tape, lambda done, _total: progress.update(task, completed=done))
    keep_verdict(tape, found)
    if as_json:
        emit_json({"tape": str(tape.path), **msgspec.to_builtins(found)})
    else:
        print_verification(found)
    if not found.ok:
        raise typer.Exit(1)


@app.command(
    epilog=examples(
        "polydesk tape convert tapes/btc --to hftbacktest",
        "polydesk tape convert tapes/btc --to nautilus --market btc-updown-5m-1776323400 --token 0 --out catalog",
        "polydesk tape convert tapes/btc --to l2table --out converted/btc-table --json",
    )
)
def convert(
    path: TapeDir,
    to: Annotated[str, typer.Option(metavar="|".join(FORMATS), help="Format to write.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder to write into; must not exist. Default: beside the tape, with the format's name.",
        ),
    ] = None,
    market: Annotated[
        str | None, typer.Option(metavar="SLUG|INDEX", help="Only this market; default: all of them.")
    ] = None,
    tokens: Annotated[str, typer.Option("--token", metavar="0|1|both", help="Only this outcome token.")] = "both",
    as_json: AsJson = False,
) -> None:
    """Write a tape for another program: hftbacktest, nautilus_trader, or a plain L2 table."""
    tape = open_tape(path)
    target = out or tape.path.with_name(f"{tape.path.name}-{to}")
    with _bar() as progress:
        task = progress.add_task("converting", total=tape.manifest.rows)
        found = convert_tape(
            tape, to, target, market=market, tokens=tokens, progress=lambda done: progress.update(task, completed=done)
        )
    if as_json:
        emit_json(found)
    else:
        print_conversion(found)


app.command("construct", epilog=_construct.EPILOG)(_construct.construct)


def _note(text: str) -> None:
    typer.echo(text, err=True)


def _bar() -> Progress:
    console = notices()
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip


@contextmanager
def _file_progress() -> Iterator[Any]:
    """Show one bar per file that is being read."""
    with _bar() as progress:
        tasks: dict[str, Any] = {}

        def tell(name: str, done: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=size)
            progress.update(tasks[name], completed=done)

        yield tell
