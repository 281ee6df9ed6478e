"""Recordings of the cronos kind: JSON lines ``{"recv_ts", "slug", "msg"}`` that hold only full books.

Source of the shape: CronosVirus00/polymarket-BTC5min-database, repacked to JSON lines.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.tape.importers.batch import Batch, Stamp
from polydesk.tape.importers.foreign import ForeignTokens
from polydesk.tape.importers.plausible import without_implausible
from polydesk.tape.importers.registry import ForeignToken, Registry
from polydesk.tape.importers.snapshots import BookDiffer, read_sides
from polydesk.tape.importers.source import NOT_JSON, Head, Progress, read_lines
from polydesk.tape.importers.tally import Clock, Tally, from_seconds
from polydesk.tape.importers.ticks import state_tick
from polydesk.tape.importers.wire import BookMessage, level_price, venue_time

LOOKS_FOR = 'JSON lines {"recv_ts": seconds, "slug": ..., "msg": {"event_type": "book", "bids", "asks", ...}}'


class Line(msgspec.Struct, frozen=True):
    """One line: receive time of the recorder in seconds, slug, the venue's message."""

    recv_ts: float
    slug: str
    msg: BookMessage


_DECODER = msgspec.json.Decoder(Line)


class Book(msgspec.Struct, frozen=True, gc=False):
    """One book of a recording with its times in ns; ``told_ns`` is the venue's."""

    line: Line
    told_ns: int
    recv_ns: int
    number: int

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"line {self.number}"


def sniff(head: Head) -> int:
    """Return the venue time of the first book if this is a cronos recording, else 0; ns."""
    for raw in head.lines:
        try:
            if _DECODER.decode(raw).msg.event_type != "book":
                return 0
        except NOT_JSON:
            continue
        tally = Tally()
        return next((book.told_ns for book in without_implausible(_books(head.lines, tally), tally)), 0)
    return 0


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read a recording as batches of rows, delta encoded.

    Args:
        path: Plain, gzip or zstandard lines.
        registry: Learns tokens, slugs and ticks.
        tally: Counts lines and defects; a malformed line is one defect and the import goes on.
        progress: Told how far the file is read.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (venue, clamped), ending at a message end, ``seq`` 0.

    Raises:
        ImportFailed: The file is damaged, more than half of its lines are malformed, or more than a few of its books
            are of foreign tokens.
    """
    batch, foreign = Batch(), ForeignTokens(path, tally)
    reader = _Reader(batch, registry, tally)
    books = 0
    for book in without_implausible(_books(read_lines(path, progress), tally), tally):
        books += 1
        try:
            reader.add(book)
        except NumberError:
            tally.defect("malformed_lines", book.where)
        except ForeignToken as found:
            foreign.note(found, book.where)
        if batch.full:
            yield batch.take()
    if 2 * tally.defects["malformed_lines"] > tally.records:
        raise ImportFailed(
            f"{path}: {tally.defects['malformed_lines']} of {tally.records} lines are not cronos books "
            f"({tally.first_defect}); check the file or name another --format"
        )
    foreign.check(books)
    if len(batch):
        yield batch.take()


def _books(lines: Iterable[bytes], tally: Tally) -> Iterator[Book]:
    """Yield the books; count other messages and malformed lines."""
    for raw in lines:
        tally.records += 1
        try:
            line = _DECODER.decode(raw)
            if line.msg.event_type != "book":
                tally.defect("other_messages", f"line {tally.records}")
                continue
            told_ns, recv_ns = venue_time(line.msg.timestamp), from_seconds(line.recv_ts)
        except (*NOT_JSON, NumberError):
            told_ns = 0
        if told_ns:
            yield Book(line, told_ns, recv_ns, tally.records)
        else:
            tally.defect("malformed_lines", f"line {tally.records}")


class _Reader:
    """Turns books into rows; one per recording."""

    def __init__(self, batch: Batch, registry: Registry, tally: Tally) -> None:
        self._batch = batch
        self._registry = registry
        self._tally = tally
        self._clock = Clock(tally)
        self._differ = BookDiffer(batch, tally)

    def add(self, book: Book) -> None:
        """Add one book.

        Raises:
            NumberError: A level or the tick is not a number on the grid.
            ForeignToken: A third token of its market.
        """
        message = book.line.msg
        sides = read_sides(message, self._tally, book.where)
        tick = level_price(message.tick_size) if message.tick_size else 0
        market, token = self._registry.token(message.asset_id, message.market, book.line.slug)
        at = Stamp(self._clock.at(book.told_ns, book.recv_ns), book.told_ns, book.recv_ns, market, token)
        if tick and not self._differ.late(at):
            state_tick(self._batch, self._registry, at, tick)
        self._tally.counts["books"] += 1
        self._differ.add(at, sides, self._registry.tick_in_force(market), book.where)
