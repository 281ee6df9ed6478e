"""Recordings become tapes: one small module per format, told apart by content."""

from polydesk.tape.importers.assemble import import_tape
from polydesk.tape.importers.detect import IMPORTERS
from polydesk.tape.importers.source import Progress

__all__ = ["IMPORTERS", "Progress", "import_tape"]
