"""``polydesk init``: a configuration from a few questions."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.cli.options import AsJson
from polydesk.cli.output import complain, emit_error, emit_json, emit_line, examples, notices
from polydesk.model.errors import ConfigError

if TYPE_CHECKING:
    from polydesk.run.wizard import Interview

EPILOG = examples(
    "polydesk init",
    "polydesk init desk.yaml --yes --set desk.cash=500 --set desk.risk.max_market_exposure=50",
    "polydesk init --yes --force --json",
)
_INTERRUPTED = 130


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The new configuration.", show_default=True)] = Path(
        "polydesk.yaml"
    ),
    yes: Annotated[bool, typer.Option("--yes", "--defaults", help="Ask nothing: take every suggestion.")] = False,
    answers: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Answer a question beforehand, or set any other key. May be repeated."
        ),
    ] = [],  # noqa: B006 - typer copies it
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented configuration by asking a few questions; Enter takes the suggestion in brackets.

    The file holds every key with its unit, range and default; what was chosen is in force, the rest is commented out.
    """
    from polydesk.run.settings_write import refuse_existing, write_settings
    from polydesk.run.wizard import begin

    if not force:
        refuse_existing(file)
    interview = begin(answers)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(
                "init asks questions and stdin is not a terminal; give --yes to take the suggestions, and --set "
                "KEY=VALUE for what shall differ"
            )
        _ask(interview, file, as_json=as_json)
    values = write_settings(file, interview.finished(), replace=force)
    if as_json:
        emit_json({"file": str(file), "keys": values})
        return
    named = "" if file == Path("polydesk.yaml") else f" --config {shlex.quote(str(file))}"
    emit_line(f"wrote {file}: {len(values)} keys in force, every other key with its default beside them")
    notices().print(
        f"Next: polydesk config explain{named}\n      polydesk run{named}", markup=False, soft_wrap=True, style="dim"
    )


def _ask(interview: "Interview", file: Path, *, as_json: bool) -> None:
    """Ask until every question has an answer that will do; the end of input and Ctrl-C leave nothing behind."""
    console = notices()
    console.print(f"[bold]A configuration for {file}.[/] Enter takes the suggestion in brackets, Ctrl-C leaves.\n")
    asked = interview.open_questions()
    for number, question in enumerate(asked, 1):
        console.print(f"[bold]{number}/{len(asked)} {question.text}[/]")
        console.print(f"    {question.about}", markup=False, style="dim")
        reason = "?"
        while reason:
            typer.echo(f"    [{question.suggest(interview.answers)}] ", nl=False, err=True)
            line = sys.stdin.readline()
            if not line:
                typer.echo(err=True)
                told = "the answers ended too early; nothing was written"
                complain(told)
                if as_json:
                    emit_error("Interrupted", told, _INTERRUPTED)
                raise typer.Exit(_INTERRUPTED)
            reason = interview.answer(question, line)
            if reason:
                console.print(f"    {reason}", markup=False, soft_wrap=True, style="bold yellow")
        console.print()
