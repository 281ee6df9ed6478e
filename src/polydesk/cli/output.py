"""Where output goes: results to stdout, everything else to stderr; with ``--json`` stdout ends with one object."""

import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

EXIT_CODES = (
    "Exit codes: 0 done; 1 the check says no; 2 bad input or usage; 3 refused by a safety rule; 130 interrupted."
)
"""Last line of every command's help."""


_WIDTH = 78
"""Of a terminal of 80 columns, as far as help is written in it."""


def examples(*lines: str) -> str:
    """Return a command's epilog: examples, then the exit codes.

    An example too long for one line goes on in the next one as a shell takes it, so that it can be copied.
    """
    return "Examples:\n\n" + "\n\n".join(map(_folded, lines)) + "\n\n" + EXIT_CODES


def _folded(command: str) -> str:
    """Break a command before options where it is too long for a line; an option stays with its value."""
    if len(command) <= _WIDTH:
        return command
    first, *options = command.split(" --")
    lines = [first]
    for option in options:
        if len(f"{lines[-1]} --{option} \\") <= _WIDTH:
            lines[-1] += f" --{option}"
        else:
            lines.append(f"    --{option}")
    return " \\\n".join(lines)


def flowing(text: str) -> str:
    """Return a help text whose paragraphs are as wide as the terminal, not as the source."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def results(*, as_json: bool) -> "Console":
    """Return the console for a command's result in words: stdout, or stderr when stdout is for JSON."""
    from rich.console import Console

    return Console(stderr=as_json, highlight=False, soft_wrap=False)


def notices() -> "Console":
    """Return the console for progress and remarks: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def emit_json(value: Any) -> None:
    """Write ``value`` as one JSON object on one line, the last of stdout; decimals become exact numbers."""
    import msgspec

    sys.stdout.write(msgspec.json.Encoder(decimal_format="number").encode(value).decode() + "\n")
    sys.stdout.flush()


def emit_line(text: str) -> None:
    """Write one plain line to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def emit_error(kind: str, message: str, exit_code: int) -> None:
    """Write why a command with ``--json`` ended without its result, as the one JSON object of stdout."""
    emit_json({"error": {"kind": kind, "message": message, "exit_code": exit_code}})


def complain(message: str) -> None:
    """Write one ``error:`` line to stderr."""
    typer.echo(f"error: {message}", err=True)
