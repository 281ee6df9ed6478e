"""``polydesk tape construct``: make a tape of what no recording shows."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from polydesk.cli.options import AsJson
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.cli.tape_text import print_summary, summary
from polydesk.tape.construct import KINDS, Story, construct_tape, told_events

_EVENTS_SHOWN = 20

EPILOG = (
    "Kinds:\n\n" + "\n\n".join(f"{kind.name}: {kind.says}" for kind in KINDS.values()) + "\n\n"
    + examples(
        "polydesk tape construct neg-risk --out tapes/neg-risk",
        "polydesk tape construct tick-change --seed 7 --minutes 30 --out tapes/ticks --json",
        "polydesk run --tape tapes/neg-risk --speed max",
    )
)  # fmt: skip


def construct(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the new tape; must not exist or be empty.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same content hash on every machine.")] = 1,
    markets: Annotated[int | None, typer.Option(metavar="N", help="How many markets; default by kind.")] = None,
    minutes: Annotated[
        int | None, typer.Option(metavar="N", help="Length of the regular part, in virtual minutes; default by kind.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a constructed tape: deterministic, labelled, for what no recording shows.

    Its numbers are made up by a documented model (docs/constructed-tapes.md); results on it say how the desk behaves,
    never what a strategy earns. Every fact of its markets is assumed, so live sessions refuse it.
    """
    with notices().status(f"constructing {kind}"):
        tape, story = construct_tape(kind, seed, out, markets=markets, minutes=minutes)
    if as_json:
        told = {name: value for name, value in msgspec.to_builtins(story).items() if name != "events"}
        emit_json({**summary(tape), "story": {**told, "events": told_events(story)}})
        return
    print_summary(tape.path, tape.manifest)
    _print_story(story)


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
