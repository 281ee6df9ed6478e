"""The journal's bytes: one frame per committed batch, checked by CRC and chained by SHA-256.

Layout, little endian::

    file   = magic "polydesk-jnl" | u32 format | 32-byte first chain value | frame ... | zeros (preallocated)
    frame  = magic "PDJB" | u32 body length | u32 record count | u32 crc32 | i64 wall_ns | body | 32-byte chain
    body   = (u32 length | msgpack of one tagged record) x record count
    chain  = sha256(previous chain | body length, record count, wall_ns | body)

A frame is one batch and not one record. Where every commit waits for the disk, a batch is only written after the one
before it is on disk: a broken frame with a whole one behind it was damaged later, whereas a broken last frame was torn
while being written and was never acknowledged. Where commits wait only now and then (``sync_every_s`` above 0), frames
since the last wait reach the disk in any order, so a power cut may leave a broken frame before a whole one; that looks
like damage and is told as damage. It is only done where a session depends on nothing but its tape, seed and
configuration, and can be run anew. The 32 bytes before any frame are always the previous chain value, so reading can
start at every frame without reading what comes before.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from polydesk.model.errors import JournalError
from polydesk.model.records import HASHED, Record

FORMAT = 1
CHAIN_BYTES = 32
_MAGIC = b"polydesk-jnl"
_FRAME_MAGIC = b"PDJB"
_PREFIX = _MAGIC + struct.pack("<I", FORMAT)
FILE_HEADER = _PREFIX + hashlib.sha256(_PREFIX).digest()
START = len(FILE_HEADER)
"""Offset of the first frame."""

_FRAME = struct.Struct("<4sIIIq")
_CHAINED = struct.Struct("<IIq")
_LENGTH = struct.Struct("<I")
FRAME_OVERHEAD = _FRAME.size + CHAIN_BYTES
LENGTH_BYTES = _LENGTH.size
_SCAN_BYTES = 1 << 20
_ADVICE = (
    "nothing from there on can be trusted: restore the file from a copy; "
    "a paper session can be run anew with the same tape, seed and configuration"
)

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)
_HASHED = frozenset(HASHED)


class Batch(msgspec.Struct, frozen=True):
    """Records that were committed together.

    Attributes:
        start: Offset of the frame in the file.
        end: Offset behind it, where the next frame begins.
        wall_ns: Wall clock at the commit, ns UTC.
        chain: Chain value after the batch.
        records: At least one.
    """

    start: int
    end: int
    wall_ns: int
    chain: bytes
    records: tuple[Record, ...]


class JournalHash:
    """The running ``journal_sha256``: the tape's hash, then every hashed record, each with its length before it."""

    def __init__(self, tape_sha256: str) -> None:
        name = tape_sha256.encode()
        self._sha = hashlib.sha256(_LENGTH.pack(len(name)) + name)

    def add(self, record: Record, encoded: bytes) -> None:
        """Take one record with its encoding; types outside ``model.records.HASHED`` do not count."""
        if type(record) in _HASHED:
            self._sha.update(_LENGTH.pack(len(encoded)) + encoded)

    def hexdigest(self) -> str:
        """Return the hash so far, 64 hex digits."""
        return self._sha.hexdigest()


def encode(record: Record) -> bytes:
    """Return the msgpack encoding that is written and hashed."""
    return _ENCODER.encode(record)


def framed(encoded: list[bytes], wall_ns: int, chain: bytes) -> tuple[bytes, bytes]:
    """Return the frame of a batch and the chain value after it.

    Args:
        encoded: Encoded records, at least one.
        wall_ns: Wall clock, ns UTC.
        chain: Chain value before the batch.
    """
    body = b"".join(part for item in encoded for part in (_LENGTH.pack(len(item)), item))
    chained = _CHAINED.pack(len(body), len(encoded), wall_ns)
    after = hashlib.sha256(chain + chained + body).digest()
    crc = zlib.crc32(after, zlib.crc32(body, zlib.crc32(chained)))
    return _FRAME.pack(_FRAME_MAGIC, len(body), len(encoded), crc, wall_ns) + body + after, after


def open_journal(path: Path) -> BinaryIO:
    """Open a journal for reading and check its header.

    Raises:
        JournalError: Missing, unreadable, not a journal, or of another format version.
    """
    try:
        file = path.open("rb")
    except OSError as err:
        raise JournalError(f"{path}: cannot read the journal ({err.strerror}); check the session's name") from err
    head = file.read(START)
    if head == FILE_HEADER:
        return file
    file.close()
    if head[: len(_MAGIC)] == _MAGIC and head[len(_MAGIC) : len(_PREFIX)] != _PREFIX[len(_MAGIC) :]:
        raise JournalError(f"{path}: journal format differs from {FORMAT}; read it with the version that wrote it")
    raise JournalError(f"{path}: header is not that of a session journal; restore the file from a copy")


def read_batches(path: Path, offset: int = 0) -> Iterator[Batch]:
    """Yield the whole batches of a journal from ``offset`` on, verifying each; a torn tail ends the reading.

    Args:
        path: The journal; it may be written meanwhile.
        offset: 0, or the ``end`` of a batch.

    Raises:
        JournalError: Damage before the tail (the message names the offset), or an offset that is no frame's.
    """
    with open_journal(path) as file:
        start = max(offset, START)
        if start > os.fstat(file.fileno()).st_size:
            raise JournalError(f"{path}: offset {start} is behind the end; read again from 0")
        file.seek(start - CHAIN_BYTES)
        chain = file.read(CHAIN_BYTES)
        while (batch := _frame_at(file, path, start, chain)) or (batch := _retry(file, path, start, chain)):
            yield batch
            start, chain = batch.end, batch.chain


def _frame_at(file: BinaryIO, path: Path, start: int, chain: bytes | None) -> Batch | None:
    """Read the frame at ``start``; ``None`` when it is not whole, and when ``chain`` is given and not continued."""
    file.seek(start)
    head = file.read(_FRAME.size)
    if len(head) < _FRAME.size or head[: len(_FRAME_MAGIC)] != _FRAME_MAGIC:
        return None
    _, length, count, crc, wall_ns = _FRAME.unpack(head)
    if length + CHAIN_BYTES > os.fstat(file.fileno()).st_size - start - _FRAME.size:
        return None
    rest = file.read(length + CHAIN_BYTES)
    chained = _CHAINED.pack(length, count, wall_ns)
    if zlib.crc32(rest, zlib.crc32(chained)) != crc:
        return None
    body, after = rest[:length], rest[length:]
    if chain is not None and hashlib.sha256(chain + chained + body).digest() != after:
        raise JournalError(
            f"{path}: the chain is broken at offset {start}, something before it was exchanged; {_ADVICE}"
        )
    return Batch(start, start + _FRAME.size + length + CHAIN_BYTES, wall_ns, after, _records(body, count, path, start))


def _records(body: bytes, count: int, path: Path, start: int) -> tuple[Record, ...]:
    records = []
    at = 0
    try:
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(body, at)
            at += LENGTH_BYTES + length
            records.append(_DECODER.decode(body[at - length : at]))
    except (msgspec.DecodeError, struct.error) as err:
        raise JournalError(
            f"{path}: a whole frame at offset {start} holds a record this version does not know ({err}); "
            "read it with the version that wrote it"
        ) from err
    return tuple(records)


def _retry(file: BinaryIO, path: Path, start: int, chain: bytes) -> Batch | None:
    """Decide what a broken frame is: the tail (``None``), a frame completed meanwhile, or damage."""
    behind = _next_frame(file, path, start + 1)
    if behind is None:
        return None
    batch = _frame_at(file, path, start, chain)
    if batch is None:
        raise JournalError(f"{path}: damaged at offset {start}, while a whole frame follows at {behind}; {_ADVICE}")
    return batch


def _next_frame(file: BinaryIO, path: Path, start: int) -> int | None:
    """Return the offset of the next whole frame at or behind ``start``."""
    overlap = len(_FRAME_MAGIC) - 1
    while True:
        file.seek(start)
        chunk = file.read(_SCAN_BYTES)
        found = chunk.find(_FRAME_MAGIC)
        while found >= 0:
            if _frame_at(file, path, start + found, None):
                return start + found
            found = chunk.find(_FRAME_MAGIC, found + 1)
        if len(chunk) < _SCAN_BYTES:
            return None
        start += len(chunk) - overlap
