"""Which importer a recording belongs to, told by its content and never by its name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed
from polydesk.tape.importers import cronos, raw, tickscope
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.source import Head, Progress, read_head
from polydesk.tape.importers.tally import Tally

Rows = Callable[[Path, Registry, Tally, Progress | None], Iterator[np.ndarray]]


class Importer(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        looks_for: What makes a recording one of this format, for messages.
        sniff: First time of a recording of this format, ns; 0 when it is not one.
        rows: Reads one recording.
        prepare: Looks at all recordings of this format before the first is read.
    """

    looks_for: str
    sniff: Callable[[Head], int]
    rows: Rows
    prepare: Callable[[list[Path], Registry], None] | None = None


IMPORTERS: dict[str, Importer] = {
    "cronos": Importer(cronos.LOOKS_FOR, cronos.sniff, cronos.rows),
    "tickscope": Importer(tickscope.LOOKS_FOR, tickscope.sniff, tickscope.rows, tickscope.prepare),
    "raw": Importer(raw.LOOKS_FOR, raw.sniff, raw.rows),
}
"""In the order they are tried: the particular before the general."""


class Recognised(msgspec.Struct, frozen=True):
    """A recording with its format and first time."""

    first_ns: int
    path: Path
    format: str


def recognise(path: Path, name: str = "auto") -> Recognised:
    """Return a recording's format.

    Args:
        path: The recording.
        name: A format to insist on, or ``auto``.

    Raises:
        ImportFailed: No importer knows it, or not the one asked for; the message lists what each looked for.
    """
    if name not in ("auto", *IMPORTERS):
        raise ImportFailed(f"--format {name}: unknown; use auto, {', '.join(IMPORTERS)}")
    head = read_head(path)
    candidates = IMPORTERS if name == "auto" else {name: IMPORTERS[name]}
    for found, importer in candidates.items():
        first_ns = importer.sniff(head)
        if first_ns:
            return Recognised(first_ns, path, found)
    looked = "; ".join(f"{known} looks for {importer.looks_for}" for known, importer in candidates.items())
    raise ImportFailed(f"{path}: not a recording that can be imported; found {head.found()}; {looked}")
