"""The command line called in this process, for tests of what it says and how it ends."""

import json

from typer.testing import CliRunner

from polydesk.cli.app import app


def polydesk(*args, **environment: str):
    """Run a command, with more environment variables; return how it ended and what it said."""
    return CliRunner().invoke(app, [str(arg) for arg in args], env=environment or None)


def last_json(found) -> dict:
    """Return the object on the last line of a command's output."""
    return json.loads(found.stdout.splitlines()[-1])
