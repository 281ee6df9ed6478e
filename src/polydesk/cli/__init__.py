"""The command line: every command parses, calls one function of a lower room, and prints."""

from polydesk.cli.app import main

__all__ = ["main"]
