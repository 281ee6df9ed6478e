"""Every command of the program, and whether a command line would be understood."""

import shlex
from collections.abc import Iterator
from typing import Any

import typer.main

from polydesk.cli.app import app


def root() -> tuple[Any, Any]:
    """Return the root command and a context for it, with the groups that are loaded late."""
    command = typer.main.get_command(app)
    context = command.context_class(command, info_name="polydesk")
    for name in list(command.commands):
        command.resolve_command(context, [name])
    return command, context


def every_command() -> Iterator[tuple[str, Any]]:
    """Yield every command and group with its full name, depth first."""
    command, _ = root()
    yield from _walk("polydesk", command)


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for inner, sub in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {inner}", sub)


def understood(line: str) -> str:
    """Parse a command line without running it, with values converted and checked; return the command's name.

    Raises:
        Exception: The library's usage error, as the program would show it.
    """
    words = shlex.split(line.replace("\\\n", " ").partition(" > ")[0], comments=True)
    assert words.pop(0) == "polydesk", line
    command, context = root()
    name = "polydesk"
    while getattr(command, "commands", None) is not None:
        found, sub, words = command.resolve_command(context, words)
        assert sub is not None, line
        name = f"{name} {found}"
        alone = getattr(sub, "invoke_without_command", False) and (not words or words[0].startswith("-"))
        if alone or getattr(sub, "commands", None) is None:
            sub.make_context(found, list(words), parent=context)
            break
        command, context = sub, sub.context_class(sub, info_name=found, parent=context)
    return name
