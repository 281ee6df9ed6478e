"""Tapes for other programs: one small module per format."""

from polydesk.tape.convert.run import FORMATS, convert_tape

__all__ = ["FORMATS", "convert_tape"]
