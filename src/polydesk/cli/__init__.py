"""The command line: every command parses, calls one function of a lower room, and prints."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C counts from the first moment."""
    try:
        from polydesk.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)


__all__ = ["main"]
