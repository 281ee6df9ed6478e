"""The order of a table's rows: as they stand if that is the order of arrival, else sorted by time with flat memory."""

import bisect
import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from polydesk.model.errors import NumberError
from polydesk.model.grid import NS_PER_S
from polydesk.tape.importers.l2table_cells import time_ns, word
from polydesk.tape.importers.l2table_records import Cells, Record, cell, read_records
from polydesk.tape.importers.schema import TableSchema, TimeColumn

FALLS_NS = 60 * NS_PER_S
"""A receive time that falls back by more is not a recorder's clock being set: the table is sorted otherwise."""

_BUCKET_ROWS = 200_000
_SAMPLE = 8_192
_OPEN_BYTES = 1 << 18
_PACKED_BITS = 63

_PACK = msgspec.msgpack.Encoder()


class Survey(msgspec.Struct, frozen=True):
    """What a first pass over the times of a table tells.

    Attributes:
        first_ns: The earliest time in the order of reading; 0 when no row has one.
        by: ``file``, ``receive`` or ``venue``: what to order the rows by.
        rows: How many there are.
        clock: ``venue`` if any row states the venue's time, else ``receive``.
        cuts: Times that cut the table into parts of about equal size; empty for ``file``.
    """

    first_ns: int
    by: str
    rows: int
    clock: str
    cuts: tuple[int, ...] = ()


_KEPT = 256
_surveys: dict[tuple[Path, int, int, str], Survey] = {}
"""Recognising a table and reading it both ask; a text table need not be read twice for that."""


def moment(cells: Cells, part: TimeColumn | None) -> int:
    """Return the time in a column, ns; 0 when there is none.

    Raises:
        NumberError: The cell is not a time.
    """
    return 0 if part is None else time_ns(cell(cells, part.column), part.unit)


class _Times:
    """One of a table's two times while the rows go by."""

    def __init__(self, part: TimeColumn | None) -> None:
        self.part = part
        self.first = self.earliest = self.latest = 0
        self.falls = False
        self.sample: list[int] = []
        self._stride = self._until = 1

    def watch(self, cells: Cells) -> None:
        try:
            now = moment(cells, self.part)
        except NumberError:
            return
        if not now:
            return
        self.first = self.first or now
        self.earliest = min(self.earliest or now, now)
        self.falls = self.falls or now < self.latest - FALLS_NS
        self.latest = max(self.latest, now)
        self._until -= 1
        if not self._until:
            self.sample.append(now)
            if len(self.sample) >= 2 * _SAMPLE:
                self.sample, self._stride = self.sample[::2], 2 * self._stride
            self._until = self._stride


def survey(path: Path, kind: str, schema: TableSchema) -> Survey:
    """Read a table's times and tokens once to see in which order its rows are; the last few answers are kept.

    Raises:
        ImportFailed: The file is damaged.
    """
    state = path.stat()
    key = (path.resolve(), state.st_size, state.st_mtime_ns, schema.sha256())
    found = _surveys.get(key)
    if found is None:
        while len(_surveys) >= _KEPT:
            del _surveys[next(iter(_surveys))]
        found = _surveys[key] = _survey(path, kind, schema)
    return found


def _survey(path: Path, kind: str, schema: TableSchema) -> Survey:
    venue, receive = _Times(schema.time.venue), _Times(schema.time.receive)
    columns = [part.column for part in (schema.time.venue, schema.time.receive) if part]
    columns += [schema.token.column] if schema.token.column else []
    tokens: set[str] = set()
    runs, rows, before = 0, 0, ""
    for _, cells in read_records(path, kind, columns):
        rows += 1
        if cells is None:
            continue
        venue.watch(cells)
        receive.watch(cells)
        token = word(cell(cells, schema.token.column)) if schema.token.column else ""
        runs += token != before
        before = token
        tokens.add(token)
    by = schema.order
    if by == "auto":
        grouped = runs == len(tokens) > 1
        by = "receive" if receive.falls else "venue" if grouped and not receive.first and venue.falls else "file"
    clock = "venue" if venue.first else "receive"
    if by == "file":
        return Survey(venue.first or receive.first, by, rows, clock)
    times = receive if by == "receive" else venue
    sample = sorted(times.sample)
    parts = max(1, rows // _BUCKET_ROWS)
    cuts = {sample[len(sample) * part // parts] for part in range(1, parts)} if sample else set()
    return Survey(venue.earliest or receive.earliest, by, rows, clock, tuple(sorted(cuts)))


def in_order(records: Iterable[Record], schema: TableSchema, found: Survey) -> Iterator[Record]:
    """Pass rows on in the order a survey found; rows of one time keep theirs, rows without a time follow the last.

    A sort puts the rows into temporary files by time and sorts one after another, so memory does not grow with the
    table.
    """
    if found.by == "file":
        yield from records
        return
    part = schema.time.receive if found.by == "receive" else schema.time.venue
    with tempfile.TemporaryDirectory(prefix="polydesk-sort-") as folder:
        buckets = [_Bucket(Path(folder) / str(number)) for number in range(len(found.cuts) + 1)]
        now = 0
        for number, cells in records:
            with contextlib.suppress(NumberError):  # told when the row is read
                now = (moment(cells, part) if cells is not None else 0) or now
            buckets[bisect.bisect_right(found.cuts, now)].add(now, number, cells)
        for bucket in buckets:
            yield from bucket.sorted()


def _long_numbers_as_text(cell: Any) -> Any:
    """Return cells with whole numbers beyond 64 bits, such as bare token ids, as the text that means the same."""
    if isinstance(cell, dict):
        return {name: _long_numbers_as_text(value) for name, value in cell.items()}
    if isinstance(cell, list):
        return [_long_numbers_as_text(value) for value in cell]
    return str(cell) if isinstance(cell, int) and cell.bit_length() > _PACKED_BITS else cell


class _Bucket:
    """The rows of one span of time, on disk until it is their turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = bytearray()

    def add(self, now: int, number: int, cells: Cells | None) -> None:
        try:
            row = _PACK.encode((now, number, cells))
        except OverflowError:
            row = _PACK.encode((now, number, _long_numbers_as_text(cells)))
        self._held += len(row).to_bytes(4, "little") + row
        if len(self._held) >= _OPEN_BYTES:
            self._spill()

    def _spill(self) -> None:
        with self._path.open("ab") as file:
            file.write(self._held)
        self._held.clear()

    def sorted(self) -> Iterator[Record]:
        self._spill()
        content, at = self._path.read_bytes(), 0
        self._path.unlink()
        rows = []
        while at < len(content):
            size = int.from_bytes(content[at : at + 4], "little")
            now, number, cells = msgspec.msgpack.decode(content[at + 4 : at + 4 + size])
            rows.append((now, number, cells))
            at += 4 + size
        rows.sort(key=lambda row: row[:2])
        for _, number, cells in rows:
            yield number, cells
