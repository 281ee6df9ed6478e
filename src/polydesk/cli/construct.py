"""``polydesk tape construct``: make a tape of what no recording shows."""

import shlex
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from polydesk.cli.options import AsJson, ConfigFile, DataDir, load
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.cli.tape_text import print_summary, summary
from polydesk.tape import open_tape
from polydesk.tape.construct import GENERATOR, KINDS, Story, construct_tape, read_story, told_events

_EVENTS_SHOWN = 20

EPILOG = (
    "Kinds:\n\n" + "\n\n".join(f"{kind.name}: {kind.says}" for kind in KINDS.values()) + "\n\n"
    + examples(
        "polydesk tape construct neg-risk --seed 7",
        "polydesk tape construct tick-change --seed 7 --minutes 30 --out tapes/ticks --json",
        "polydesk run --tape tapes/ticks --speed max",
    )
)  # fmt: skip


def construct(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the new tape; must not exist or be empty. Default: one named after the recipe among the "
            "tapes of the data folder, made once and found again.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same content hash on every machine.")] = 1,
    markets: Annotated[int | None, typer.Option(metavar="N", help="How many markets; default by kind.")] = None,
    minutes: Annotated[
        int | None, typer.Option(metavar="N", help="Length of the regular part, in virtual minutes; default by kind.")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a constructed tape: deterministic, labelled, for what no recording shows.

    Its numbers are made up by a documented model (docs/constructed-tapes.md); results on it say how the desk behaves,
    never what a strategy earns. Every fact of its markets is assumed, so live sessions refuse it.
    """
    target = out or _place(Path(load(config, [], data_dir).settings.data_dir), kind, seed, markets, minutes)
    if out is None and target.exists():
        tape, story = open_tape(target), read_story(target)
        tape.check_hash()
        typer.echo(f"{target} is there already", err=True)
    else:
        with notices().status(f"constructing {kind}"):
            tape, story = construct_tape(kind, seed, target, markets=markets, minutes=minutes)
    if as_json:
        told = {name: value for name, value in msgspec.to_builtins(story).items() if name != "events"}
        emit_json({**summary(tape), "story": {**told, "events": told_events(story)}})
        return
    print_summary(tape.path, tape.manifest)
    _print_story(story)
    typer.echo(f"\nTrade it: polydesk run --tape {shlex.quote(str(tape.path))}", err=True)


def _place(data_dir: Path, kind: str, seed: int, markets: int | None, minutes: int | None) -> Path:
    """Return the folder of a constructed tape that nobody named; the same recipe has the same folder."""
    more = [f"{number}{unit}" for number, unit in ((markets, "markets"), (minutes, "minutes")) if number is not None]
    return data_dir / "tapes" / "-".join(["constructed", kind, f"seed{seed}", f"v{GENERATOR}", *more])


def _print_story(story: Story) -> None:
    console = results(as_json=False)
    console.print(f"\n{story.kind}: {story.says}", markup=False)
    events = told_events(story)
    if not events:
        return
    table = Table(box=None, header_style="bold")
    for name in events[0]:
        table.add_column(name, no_wrap=name != "detail")
    for event in events[:_EVENTS_SHOWN]:
        table.add_row(*("all" if value == -1 else str(value) for value in event.values()))
    console.print(table)
    if len(events) > _EVENTS_SHOWN:
        console.print(f"and {len(events) - _EVENTS_SHOWN} more in constructed.json of the tape", markup=False)
