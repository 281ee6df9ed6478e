"""One tape from one or more recordings."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from polydesk.model.errors import ImportFailed
from polydesk.model.rows import empty_rows
from polydesk.tape.importers import resolvedkit
from polydesk.tape.importers.detect import IMPORTERS, Recognised, recognise
from polydesk.tape.importers.markets_file import NAMES, Listed, read_markets
from polydesk.tape.importers.merge import Stream, merge
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.schema import TableSchema
from polydesk.tape.importers.schema_markets import schema_markets
from polydesk.tape.importers.source import Progress, file_sha256
from polydesk.tape.importers.tally import Tally
from polydesk.tape.manifest import Source
from polydesk.tape.reader import Tape, open_tape
from polydesk.tape.writer import TapeWriter


def import_tape(
    sources: Sequence[Path],
    out: Path,
    *,
    name: str = "auto",
    markets: Path | None = None,
    schemas: Sequence[TableSchema] = (),
    note: Callable[[str], None] = lambda _: None,
    progress: Progress | None = None,
) -> Tape:
    """Make a tape from recordings.

    Args:
        sources: Recordings, possibly of different formats; they are merged by time. A folder stands for the
            ``books.parquet`` in it.
        out: The tape's folder; must not exist or be empty.
        name: A format, or ``auto``.
        markets: Market facts; when omitted, a markets file beside each recording is used if there is one.
        schemas: Descriptions of tables, tried before the formats.
        note: Told in words what a person should know.
        progress: Told how far each file is read.

    Returns:
        The finished tape.

    Raises:
        ImportFailed: A recording or markets file cannot be used; nothing is left behind.
        TapeError: ``out`` is not empty or cannot be written.
    """
    if not sources:
        raise ImportFailed("no recording is named; name at least one file")
    sources = [_file(path) for path in sources]
    with TapeWriter(out) as writer:
        found = [recognise(path, name, schemas) for path in sources]
        recognised = sorted(found, key=lambda item: (item.first_ns, item.path.name))
        writer.constructed = any(item.constructed for item in recognised)
        hashes = _hashes(recognised)
        described = schema_markets(schemas, [item.format for item in recognised])
        listed = _listed(recognised, markets, note)
        registry = Registry([*listed, *described])
        _prepare(recognised, registry)
        readings = [_Reading(item, registry, progress) for item in recognised]
        for rows in merge([Stream(reading.first_ns, reading.rows, reading.hold) for reading in readings]):
            writer.append(rows)
        if not writer.rows:
            wrong = next((f"; {it.path}: {it.first_defect}" for it in readings if it.first_defect), "")
            raise ImportFailed(
                f"{_names(sources)}: no rows; the recording holds no book, trade or change{wrong}; check that it is "
                "the right file, or describe it in a schema file (--schema)"
            )
        told, ends = registry.build()
        if told and listed:
            _check_matched(listed, registry, markets, note)
        read = [reading.source(hashes[reading.path]) for reading in readings]
        writer.finish(told, ends, read, registry.references, clock=_clock(recognised))
        if not told:
            note(f"{out}: holds reference prices only, no market: import it with a recording of books to trade on it")
    return open_tape(out)


class _Reading:
    """One recording while it is read, with what its manifest entry needs."""

    def __init__(self, item: Recognised, registry: Registry, progress: Progress | None) -> None:
        self.path = item.path
        self.first_ns = item.first_ns
        self._format = item.format
        self._importer = item.importer
        self._registry = registry
        self._progress = progress
        self._tally = Tally()
        self._first = self._last = empty_rows(0)

    @property
    def first_defect(self) -> str:
        """Where the first thing wrong is, and what; empty when nothing is."""
        return self._tally.first_defect

    def rows(self) -> Iterator[np.ndarray]:
        """Read the recording."""
        for rows in self._importer.rows(self.path, self._registry, self._tally, self._progress):
            self._first = self._first if len(self._first) else rows[:1]
            self._last = rows[-1:]
            yield rows

    def hold(self, count: int) -> None:
        """Take that rows were held at a later time because other recordings had come that far."""
        self._tally.counts["clamped_times"] += count

    def source(self, sha256: str) -> Source:
        """Return the manifest entry, once the recording is read."""
        tally = self._tally
        return Source(
            name=self.path.name,
            format=self._format,
            sha256=sha256,
            bytes=self.path.stat().st_size,
            records=tally.records,
            first_ts_ns=_time(self._first),
            last_ts_ns=_time(self._last),
            counts={key: count for key, count in tally.counts.items() if count},
            defects=dict(tally.defects),
            first_defect=tally.first_defect,
            clock=self._importer.clock,
            note=self._importer.note,
        )


def _file(path: Path) -> Path:
    """Return the recording that a folder stands for if it is one of the two-file kind, else the path itself."""
    books = path / resolvedkit.BOOKS
    return books if path.is_dir() and books.is_file() else path


def _clock(recognised: list[Recognised]) -> str:
    clocks = {item.importer.clock for item in recognised}
    return clocks.pop() if len(clocks) == 1 else "mixed"


def _time(rows: np.ndarray) -> int:
    return int(rows["ts_ns"][0]) if len(rows) else 0


def _hashes(recognised: list[Recognised]) -> dict[Path, str]:
    hashes = {item.path: file_sha256(item.path) for item in recognised}
    seen: dict[str, Path] = {}
    for item in recognised:
        if seen.setdefault(hashes[item.path], item.path) is not item.path:
            raise ImportFailed(f"{item.path}: the same recording as {seen[hashes[item.path]]}; name it once")
    return hashes


def _listed(recognised: list[Recognised], markets: Path | None, note: Callable[[str], None]) -> list[Listed]:
    if markets is not None:
        return read_markets(markets, note)
    listed: list[Listed] = []
    for folder in dict.fromkeys(item.path.parent for item in recognised):
        beside = next((folder / name for name in NAMES if (folder / name).is_file()), None)
        if beside is not None:
            note(f"{beside}: market facts are taken from this file; name another with --markets")
            listed += read_markets(beside, note)
            continue
        missing = {item.importer.facts_from for item in recognised if item.path.parent == folder} - {""}
        for name in sorted(missing):
            note(
                f"{folder / name}: is not there; names, ends and payouts of the markets stay unknown and positions in "
                "them never settle; name market facts with --markets"
            )
    return listed


def _check_matched(listed: list[Listed], registry: Registry, markets: Path | None, note: Callable[[str], None]) -> None:
    """Tell of market facts of which none is about the recording; facts asked for by name must be about it."""
    used = {id(item) for item in registry.matched}
    if any(id(item) in used for item in listed):
        return
    if markets is None:
        note("none of the markets listed beside the recording is in it: its markets have no facts from there")
        return
    raise ImportFailed(
        f"{markets}: lists {len(listed)} markets, none of which is in the recording; choose the file of this recording "
        "with --markets, or leave --markets out"
    )


def _prepare(recognised: list[Recognised], registry: Registry) -> None:
    for name, importer in IMPORTERS.items():
        paths = [item.path for item in recognised if item.format == name]
        if importer.prepare and paths:
            importer.prepare(paths, registry)


def _names(sources: Sequence[Path]) -> str:
    return ", ".join(path.name for path in sources)
