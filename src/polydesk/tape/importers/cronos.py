"""Recordings of the cronos kind: JSON lines ``{"recv_ts", "slug", "msg"}`` that hold only full books.

Source of the shape: CronosVirus00/polymarket-BTC5min-database, repacked to JSON lines.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.tape.importers.batch import Batch, Stamp
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.snapshots import BookDiffer, read_sides
from polydesk.tape.importers.source import Head, Progress, read_lines
from polydesk.tape.importers.tally import Clock, Tally, from_seconds
from polydesk.tape.importers.wire import BookMessage, level_price, venue_time

LOOKS_FOR = 'JSON lines {"recv_ts": seconds, "slug": ..., "msg": {"event_type": "book", "bids", "asks", ...}}'


class Line(msgspec.Struct, frozen=True):
    """One line: receive time of the recorder in seconds, slug, the venue's message."""

    recv_ts: float
    slug: str
    msg: BookMessage


_DECODER = msgspec.json.Decoder(Line)


def sniff(head: Head) -> int:
    """Return the venue time of the first book if this is a cronos recording, else 0; ns."""
    for raw in head.lines:
        try:
            line = _DECODER.decode(raw)
            if line.msg.event_type != "book":
                return 0
            return venue_time(line.msg.timestamp)
        except (msgspec.DecodeError, UnicodeDecodeError, NumberError):
            continue
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
        ImportFailed: The file is damaged, or more than half of its lines are malformed.
    """
    batch, clock = Batch(), Clock(tally)
    differ = BookDiffer(batch, tally)
    for raw in read_lines(path, progress):
        tally.records += 1
        where = f"line {tally.records}"
        try:
            _add(_DECODER.decode(raw), registry, tally, clock, differ, where)
        except (msgspec.DecodeError, UnicodeDecodeError, NumberError):
            tally.defect("malformed_lines", where)
        if batch.full:
            yield batch.take()
    if 2 * tally.defects["malformed_lines"] > tally.records:
        raise ImportFailed(
            f"{path}: {tally.defects['malformed_lines']} of {tally.records} lines are not cronos books "
            f"({tally.first_defect}); check the file or name another --format"
        )
    if len(batch):
        yield batch.take()


def _add(line: Line, registry: Registry, tally: Tally, clock: Clock, differ: BookDiffer, where: str) -> None:
    book = line.msg
    if book.event_type != "book":
        tally.defect("other_messages", where)
        return
    venue_ns = venue_time(book.timestamp)
    if not venue_ns:
        raise NumberError("timestamp is missing")
    sides = read_sides(book, tally, where)
    tick = level_price(book.tick_size) if book.tick_size else 0
    market, token = registry.token(book.asset_id, book.market, line.slug)
    if tick:
        registry.note_tick(market, tick)
    tally.counts["books"] += 1
    recv_ns = from_seconds(line.recv_ts)
    at = Stamp(clock.at(venue_ns, recv_ns), venue_ns, recv_ns, market, token)
    differ.add(at, sides, registry.tick_in_force(market), where)
