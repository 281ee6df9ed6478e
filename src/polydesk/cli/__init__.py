"""The command line: every command parses, calls one function of a lower room, and prints."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C counts from the first moment."""
    try:
        from polydesk.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        if "--json" in sys.argv[1:]:
            # Written by hand: what writes objects elsewhere may not be loaded yet.
            sys.stdout.write('{"error": {"kind": "Interrupted", "message": "interrupted", "exit_code": 130}}\n')
        sys.exit(130)


__all__ = ["main"]
