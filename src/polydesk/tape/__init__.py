"""Tapes and session journals: files, manifest, importers, verification, iteration."""

from polydesk.tape.importers import IMPORTERS, import_tape
from polydesk.tape.manifest import Gap, Manifest, PartFile, Source
from polydesk.tape.reader import Tape, open_tape
from polydesk.tape.sample import SAMPLES, ensure_sample
from polydesk.tape.verdict import Verdict, keep_verdict, read_verdict, verdict_of, warning_text
from polydesk.tape.verify import Verification, verify
from polydesk.tape.writer import TapeWriter

__all__ = [
    "IMPORTERS",
    "SAMPLES",
    "Gap",
    "Manifest",
    "PartFile",
    "Source",
    "Tape",
    "TapeWriter",
    "Verdict",
    "Verification",
    "ensure_sample",
    "import_tape",
    "keep_verdict",
    "open_tape",
    "read_verdict",
    "verdict_of",
    "verify",
    "warning_text",
]
