"""Raw recordings: JSON lines of market-channel and reference-price messages, bare or wrapped with a receive time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.tape.importers import wire
from polydesk.tape.importers.envelope import Envelope, is_market_message, open_envelope
from polydesk.tape.importers.foreign import ForeignTokens
from polydesk.tape.importers.message_rows import KINDS, REFERENCE, Message, MessageRows
from polydesk.tape.importers.plausible import without_implausible
from polydesk.tape.importers.reference_feeds import is_reference_message, read_reference
from polydesk.tape.importers.registry import Registry
from polydesk.tape.importers.source import NOT_JSON, Head, Progress, read_lines
from polydesk.tape.importers.tally import Tally

LOOKS_FOR = (
    "JSON lines of market-channel messages (event_type book, price_change, last_trade_price, ...), bare, in arrays, "
    "or under payload/msg/message/data/raw beside a receive time; or of reference prices (the venue's data socket, "
    "Binance trades, Coinbase tickers, Pyth updates)"
)

_ACKNOWLEDGEMENTS = ("subscriptions", "subscribe", "subscribed", "heartbeat", "pong")
"""``type`` of what other sources send to say that they listen."""


def sniff(head: Head) -> int:
    """Return the time of the first message that can become rows if there is one among the first lines, else 0; ns.

    A recording that only begins with other messages of the market channel is one too, from their first time on.
    """
    tally = Tally()
    for message in without_implausible(_messages(head.lines, tally, set()), tally):
        if message.told_ns:
            return message.told_ns
    return _first_of_other(head)


def _first_of_other(head: Head) -> int:
    for line in head.lines:
        try:
            envelope = open_envelope(line)
        except NOT_JSON:
            continue
        for content in envelope.messages:
            if is_market_message(content) and _from_venue(envelope) and (told_ns := _told("", content, envelope)):
                return told_ns
    return 0


def rows(path: Path, registry: Registry, tally: Tally, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read a recording as batches of rows, in order of arrival.

    Args:
        path: Plain, gzip or zstandard lines.
        registry: Learns markets, tokens, ticks, minimums and resolutions.
        tally: Counts messages and defects; a malformed line is one defect and the import goes on.
        progress: Told how far the file is read.

    Yields:
        Arrays of ``ROW_DTYPE`` in virtual time (venue, clamped), ending at a message end, ``seq`` 0.

    Raises:
        ImportFailed: The file is damaged, more than half of its lines are malformed, more than a few of its messages
            name foreign tokens, or it has neither market messages nor reference prices.
    """
    foreign = ForeignTokens(path, tally)
    reader = MessageRows(registry, tally, foreign)
    bad_lines: set[int] = set()
    messages = 0
    for message in without_implausible(_messages(read_lines(path, progress), tally, bad_lines), tally):
        messages += 1
        try:
            reader.add(message)
        except (msgspec.ValidationError, NumberError):
            _malformed(message.line, tally, bad_lines)
        if reader.batch.full:
            yield reader.batch.take()
    if 2 * len(bad_lines) > tally.records:
        raise ImportFailed(
            f"{path}: {len(bad_lines)} of {tally.records} lines are malformed ({tally.first_defect}); "
            "check the file or name another --format"
        )
    if not messages:
        raise ImportFailed(f"{path}: no market-channel messages and no reference prices; looked for {LOOKS_FOR}")
    foreign.check(messages)
    if len(reader.batch):
        yield reader.batch.take()


def _messages(lines: Iterable[bytes], tally: Tally, bad_lines: set[int]) -> Iterator[Message]:
    """Yield the messages that can become rows; count the rest, and lines that are none."""
    for line in lines:
        tally.records += 1
        number = tally.records
        try:
            envelope = open_envelope(line)
        except NOT_JSON:
            _malformed(number, tally, bad_lines)
            continue
        for kind, content in _known_kinds(envelope, tally.counts):
            yield Message(kind, content, envelope, _told(kind, content, envelope), number)


def _known_kinds(envelope: Envelope, counts: Counter[str]) -> Iterator[tuple[str, dict[str, object]]]:
    if envelope.control:
        counts["control_frames"] += 1
        return
    if not envelope.messages:
        counts["other_messages" if _from_venue(envelope) else "other_sources"] += 1
    for content in envelope.messages:
        kind = str(content.get("event_type", "book"))
        if is_reference_message(content):
            yield REFERENCE, content
        elif not _from_venue(envelope):
            counts["control_frames" if content.get("type") in _ACKNOWLEDGEMENTS else "other_sources"] += 1
        elif is_market_message(content) and kind in KINDS:
            yield kind, content
        else:
            counts["new_market_messages" if kind == "new_market" else "other_messages"] += 1


def _malformed(line: int, tally: Tally, bad_lines: set[int]) -> None:
    if line not in bad_lines:
        bad_lines.add(line)
        tally.defect("malformed_lines", f"line {line}")


def _from_venue(envelope: Envelope) -> bool:
    """Return whether a line of a log of several sources is the venue's market channel."""
    source = envelope.source.lower()
    return not source or "clob" in source or source in ("polymarket", "market")


def _told(kind: str, content: dict[str, object], envelope: Envelope) -> int:
    """Return a message's time, else the recorder's; a time that is none is left to whoever reads the message."""
    stated = content.get("timestamp")
    try:
        if kind == REFERENCE:
            return read_reference(content).sent_ns or envelope.recv_ns
        venue_ns = wire.venue_time(stated) if isinstance(stated, str | int | float) else 0
    except (NumberError, msgspec.ValidationError):
        return 0
    return venue_ns or envelope.recv_ns
