"""Where errors end: one line, one exit code, with ``--json`` one object; anything else is a bug and shows its trace."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

from polydesk.cli.options import data_dir_flag
from polydesk.cli.output import complain, emit_error, flowing
from polydesk.model.errors import PolydeskError, SessionInterrupted

INTERRUPTED = 130
NOBODY_READS = 141
"""What a shell reports for a program that wrote to a closed pipe."""

SLOW = {"tape": "polydesk.cli.tape"}
"""Command groups whose modules import the heavy libraries; their place in the help is kept by an empty group."""

_JSON = "polydesk.json"
_USAGE: type[Exception] = typer.BadParameter.__bases__[0]


class Boundary(TyperGroup):
    """The root command: imports slow groups only when they are asked for, and ends every error the same way."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the options of the root command."""
        as_json = "--json" in args
        with ended(as_json=as_json):
            context = super().make_context(info_name, args, parent=parent, **extra)
        context.meta[_JSON] = as_json
        return context

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, importing those that are slow to import only now."""
        if args and args[0] in SLOW:
            module = importlib.import_module(SLOW[args[0]])
            group = typer.main.get_group(module.app)
            group.name, group.epilog = args[0], self.commands[args[0]].epilog
            self.commands[args[0]] = group
        name, command, rest = super().resolve_command(ctx, args)
        _flow(command)
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command chosen on the command line."""
        with ended(as_json=ctx.meta[_JSON]):
            return super().invoke(ctx)


def _flow(command: Any) -> None:
    """Let the help of a command, and of those in its group, fill the width of the terminal."""
    if command is not None and command.help:
        command.help = flowing(command.help)
    for inner in getattr(command, "commands", {}).values():
        _flow(inner)


@contextlib.contextmanager
def ended(*, as_json: bool) -> Iterator[None]:
    """Turn an error into its line on stderr, its exit code and, when stdout is for JSON, its object there."""
    try:
        yield
    except PolydeskError as err:
        raise _leave(type(err).__name__, " ".join(str(err).split()), err.exit_code, as_json=as_json) from err
    except SessionInterrupted as err:
        command = f"polydesk run --resume {err.folder.name}{data_dir_flag(err.folder.parent.parent)}"
        told = f"interrupted before the session could end; nothing is lost, continue it with: {command}"
        raise _leave("Interrupted", told, INTERRUPTED, as_json=as_json) from err
    except KeyboardInterrupt as err:
        raise _leave("Interrupted", "interrupted", INTERRUPTED, as_json=as_json) from err
    except (BrokenPipeError, SystemExit) as err:
        # rich, which also prints the help, turns a closed pipe into an exit of its own.
        if isinstance(err, SystemExit) and not isinstance(err.__context__, BrokenPipeError):
            raise
        # Whoever read the output has what it wanted, as with `| head`.
        forget_output()
        raise typer.Exit(NOBODY_READS) from err
    except OSError as err:
        # What the rooms do not turn into an error of their own is the terminal or the file stdout goes to.
        told = f"{err.filename or 'output'}: cannot be read or written ({err.strerror})"
        forget_output()
        raise _leave("OSError", told, PolydeskError.exit_code, as_json=False) from err
    except _USAGE as err:
        if as_json:
            emit_error("UsageError", _told(err), PolydeskError.exit_code)
        raise


def forget_output() -> None:
    """Let what is left for a stdout that takes nothing more go nowhere, so that leaving does not fail as well."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _told(usage: Exception) -> str:
    """Return a usage error in words; the library's own text where it has one."""
    words = getattr(usage, "format_message", None)
    return str(words() if words else usage)


def _leave(kind: str, message: str, exit_code: int, *, as_json: bool) -> typer.Exit:
    complain(message)
    if as_json:
        emit_error(kind, message, exit_code)
    return typer.Exit(exit_code)
