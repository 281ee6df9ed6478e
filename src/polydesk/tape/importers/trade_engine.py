"""Logs of the polymarket-trade-engine bots: JSON lines of books, tickers, prices to beat and resolutions.

Source of the shape: KaustubhPatange/polymarket-trade-engine. About once a second the bot writes what it knows: five
levels a side of both outcomes, the last price of each feed, the seconds left, and from the open on the price to beat.
Everything carries the bot's clock. It is restarted now and then and goes on in the same file.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.model.grid import NS_PER_MS
from polydesk.tape.importers.plausible import without_implausible
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.source import NOT_JSON, Head, Progress, read_lines
from polydesk.tape.importers.tally import Tally, plausible
from polydesk.tape.importers.trade_engine_rows import LINES, Entry, LogRows

LOOKS_FOR = (
    'JSON lines of a bot\'s log {"ts": ms, "type": ...} with types slot, orderbook_snapshot ("up" and "down" with '
    '"bids" and "asks" of [price, size]), ticker, market_price, resolution'
)
NOTE = (
    "Times are the bot's clock when it wrote the line; neither the venue nor the price feeds state theirs. Books have "
    "five levels a side: levels beyond look as if they were gone. What a bot that was restarted after the market's end "
    "wrote of books and prices is remembered, not received, and left out."
)


class _Kind(msgspec.Struct, frozen=True):
    ts: int
    type: str


_KIND = msgspec.json.Decoder(_Kind)


def sniff(head: Head) -> int:
    """Return the first time in ns if this is such a log, told by its slots or books, else 0."""
    known = False
    first_ns = 0
    for raw in head.lines:
        try:
            kind = _KIND.decode(raw)
            if kind.type in ("slot", "orderbook_snapshot"):
                LINES[kind.type].decode(raw)
                known = True
        except NOT_JSON:
            continue
        ts_ns = kind.ts * NS_PER_MS
        first_ns = first_ns or (ts_ns if plausible(ts_ns) else 0)
    return first_ns if known else 0


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read a log as batches of rows: delta encoded books, reference prices where they change, prices to beat.

    Args:
        path: Plain, gzip or zstandard lines; blank ones separate the bot's rounds and do not count.
        registry: Learns markets, ends, reference series and resolutions.
        tally: Counts lines by what they are and defects; a malformed line is one defect and the import goes on.
        progress: Told how far the file is read.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (the bot's clock, held where it would go back), ending at a message end,
        ``seq`` 0.

    Raises:
        ImportFailed: The file is damaged, or more than half of its lines are malformed.
    """
    log = LogRows(registry, tally)
    for entry in without_implausible(_entries(read_lines(path, progress), tally), tally):
        try:
            log.add(entry)
        except NumberError:
            tally.defect("malformed_lines", entry.where)
        if log.batch.full:
            yield log.batch.take()
    if 2 * tally.defects["malformed_lines"] > tally.records:
        raise ImportFailed(
            f"{path}: {tally.defects['malformed_lines']} of {tally.records} lines are malformed "
            f"({tally.first_defect}); check the file or name another --format"
        )
    if len(log.batch):
        yield log.batch.take()


def _entries(lines: Iterable[bytes], tally: Tally) -> Iterator[Entry]:
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        tally.records += 1
        try:
            kind = _KIND.decode(raw)
            decoder: msgspec.json.Decoder[Any] | None = LINES.get(kind.type)
            content = decoder.decode(raw) if decoder else None
        except NOT_JSON:
            tally.defect("malformed_lines", f"line {number}")
            continue
        ts_ns = kind.ts * NS_PER_MS
        if not plausible(ts_ns):
            tally.defect("malformed_lines", f"line {number}")
        else:
            yield Entry(kind.type, content, ts_ns, number)
