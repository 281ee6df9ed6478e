"""The session journal: a crash-safe, append-only, hash-chained file with one writer and any number of readers.

Records become durable batch by batch with ``commit``: one write, one ``fdatasync``. Space is always allocated
``reserve_bytes`` ahead of the data, so that a full disk still leaves room to record what is pending and the stop
itself. The layout and the reading side are in ``journal_frames``.
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from polydesk.model.errors import JournalError, JournalFull
from polydesk.model.records import Record, SessionHalted, SessionStarted
from polydesk.tape.journal_disk import (
    allocate,
    disk_errors,
    fdatasync,
    forget_session,
    keep_torn,
    lock_session,
    make_directory,
    sync_directory,
    write_at,
)
from polydesk.tape.journal_frames import (
    CHAIN_BYTES,
    FILE_HEADER,
    FRAME_OVERHEAD,
    LENGTH_BYTES,
    START,
    JournalHash,
    encode,
    framed,
    read_batches,
)

FILE_NAME = "journal.pdj"
"""A journal's name in its session's folder."""

RESERVE_BYTES = 1 << 20
CHUNK_BYTES = 4 << 20
"""How far ahead space is allocated while there is plenty."""

_HALT_ROOM = 4096


class JournalWriter:
    """The only writer of one session's journal; made by ``create`` or ``resume``.

    Attributes:
        path: The file.
        records: Records taken, including those not committed yet.
    """

    def __init__(self, path: Path, fd: int, lock_fd: int, *, reserve_bytes: int, sync_every_s: float) -> None:
        self.path = path
        self.records = 0
        self._fd = fd
        self._lock_fd = lock_fd
        self._reserve = reserve_bytes
        self._sync_every_s = sync_every_s
        self._synced_s = float("-inf")
        self._tail = START
        self._allocated = START
        self._chain = FILE_HEADER[-CHAIN_BYTES:]
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._hash = JournalHash("")
        self._broken = ""

    @classmethod
    def create(
        cls, path: Path, header: SessionStarted, *, reserve_bytes: int = RESERVE_BYTES, sync_every_s: float = 0.0
    ) -> "JournalWriter":
        """Start the journal of a new session; the header is on disk when this returns.

        Args:
            path: File to make; its directory is made too.
            header: First record.
            reserve_bytes: Space kept free behind the data for recording a stop on a full disk.
            sync_every_s: Seconds that may pass between two waits for the disk; 0 waits in every commit. More than 0
                only where a tail lost with the machine's power can be computed again: a killed process loses nothing
                either way.

        Raises:
            JournalError: The file exists, or cannot be made.
            JournalFull: No room for the reserve.
        """
        make_directory(path.parent)
        lock_fd = lock_session(path)
        unborn = path.with_suffix(".new")
        try:
            if path.exists():
                raise JournalError(f"{path}: the session exists already; resume it or choose another name")
            with disk_errors(path):
                fd = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        except JournalError:
            os.close(lock_fd)
            raise
        writer = cls(path, fd, lock_fd, reserve_bytes=reserve_bytes, sync_every_s=sync_every_s)
        try:
            writer._put(FILE_HEADER, 0)
            writer.append(header)
            writer.commit()
            with disk_errors(path):
                unborn.rename(path)
                sync_directory(path.parent)
        except JournalError:
            unborn.unlink(missing_ok=True)
            writer._release()
            forget_session(path)
            raise
        return writer

    @classmethod
    def resume(
        cls, path: Path, *, reserve_bytes: int = RESERVE_BYTES, sync_every_s: float = 0.0
    ) -> "tuple[JournalWriter, list[Record]]":
        """Continue a journal after a stop or a crash at any byte.

        A torn last batch, never acknowledged, is cut off; its bytes are kept beside as ``journal.torn-<n>``.

        Returns:
            The writer and every record that counts.

        Raises:
            JournalError: Damage before the tail, no header, or another process is writing.
            JournalFull: No room for the reserve; nothing is lost, free space and try again.
        """
        lock_fd = lock_session(path)
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as err:
            os.close(lock_fd)
            raise JournalError(f"{path}: cannot continue the journal ({err.strerror}); check the session") from err
        writer = cls(path, fd, lock_fd, reserve_bytes=reserve_bytes, sync_every_s=sync_every_s)
        try:
            records = writer._recover()
            writer._reserve_for(0)
        except JournalError:
            writer._release()
            raise
        return writer, records

    @property
    def journal_sha256(self) -> str:
        """Hash over the tape's hash and every hashed record taken so far, 64 hex digits."""
        return self._hash.hexdigest()

    def append(self, record: Record) -> None:
        """Take a record into the current batch; it is durable after ``commit``.

        Raises:
            JournalFull: The batch must go to disk first and there is no room; this record was not taken.
            JournalError: The record alone is larger than what the reserve could save.
        """
        encoded = encode(record)
        size = len(encoded) + LENGTH_BYTES
        room = self._reserve - _HALT_ROOM
        if size > room:
            raise JournalError(f"{self.path}: a record of {size} bytes exceeds the {room} that the reserve can save")
        if self._pending_bytes + size > room:
            self.commit()
        self._take(record, encoded)

    def commit(self) -> None:
        """Write the batch and wait for the disk; does nothing when nothing is pending.

        Raises:
            JournalFull: No room beyond the reserve; the batch is kept, call ``halt`` (or again after freeing space).
            JournalError: The disk failed; only what was committed before is safe.
        """
        if self._pending:
            self._reserve_for(self._pending_bytes + FRAME_OVERHEAD)
            self._write_batch()

    def halt(self, record: SessionHalted) -> None:
        """Record a stop together with everything pending, using the reserve.

        Raises:
            JournalError: Even the reserve could not be written; the message counts the records lost.
        """
        self._take(record, encode(record))
        try:
            self._write_batch(force=True)
        except JournalFull as err:
            raise JournalError(
                f"{self.path}: the reserve failed, {len(self._pending)} pending records are lost"
            ) from err

    def close(self) -> None:
        """Commit, give unused space back and let go of the file; doing it twice is fine.

        Raises:
            JournalError: As ``commit``; the file is let go of nevertheless.
        """
        if self._fd < 0:
            return
        try:
            if not self._broken:
                self.commit()
                with disk_errors(self.path):
                    os.ftruncate(self._fd, self._tail)
                    os.fsync(self._fd)
        finally:
            self._release()

    def _take(self, record: Record, encoded: bytes) -> None:
        if isinstance(record, SessionStarted):
            self._hash = JournalHash(record.tape_sha256)
        self._hash.add(record, encoded)
        self._pending.append(encoded)
        self._pending_bytes += len(encoded) + LENGTH_BYTES
        self.records += 1

    def _write_batch(self, *, force: bool = False) -> None:
        if self._fd < 0 or self._broken:
            raise JournalError(f"{self.path}: {self._broken or 'the journal is closed'}; resume the session")
        frame, chain = framed(self._pending, time.time_ns(), self._chain)
        try:
            self._put(frame, self._tail)
            if force or time.monotonic() - self._synced_s >= self._sync_every_s:
                with disk_errors(self.path):
                    fdatasync(self._fd)
                self._synced_s = time.monotonic()
        except JournalFull:
            raise
        except JournalError:
            # After a failed sync the kernel may have dropped the pages: only reading the file again tells.
            self._broken = "an earlier write failed"
            raise
        self._tail += len(frame)
        self._allocated = max(self._allocated, self._tail)
        self._chain = chain
        self._pending = []
        self._pending_bytes = 0

    def _put(self, data: bytes, offset: int) -> None:
        with disk_errors(self.path):
            write_at(self._fd, data, offset)

    def _reserve_for(self, size: int) -> None:
        """Have ``size`` bytes and the whole reserve behind them allocated; a chunk more while there is plenty."""
        need = self._tail + size + self._reserve
        if need <= self._allocated:
            return
        try:
            self._allocate(max(need, self._allocated + CHUNK_BYTES))
        except JournalFull:
            self._allocate(need)

    def _allocate(self, end: int) -> None:
        with disk_errors(self.path):
            allocate(self._fd, self._allocated, end)
        self._allocated = end

    def _recover(self) -> list[Record]:
        records: list[Record] = []
        for batch in read_batches(self.path):
            for record in batch.records:
                self._take(record, encode(record))
            records.extend(batch.records)
            self._tail, self._chain = batch.end, batch.chain
        self._pending, self._pending_bytes = [], 0
        if not records or not isinstance(records[0], SessionStarted):
            raise JournalError(f"{self.path}: no session header; the session never began, start a new one")
        with disk_errors(self.path):
            keep_torn(self.path, self._fd, self._tail)
            os.ftruncate(self._fd, self._tail)
            os.fsync(self._fd)
        self._allocated = self._tail
        return records

    def _release(self) -> None:
        os.close(self._fd)
        os.close(self._lock_fd)
        self._fd = self._lock_fd = -1


def read_journal(path: Path) -> Iterator[Record]:
    """Yield every committed record of a journal, also while it is being written.

    Raises:
        JournalError: Missing, another format, or damaged before its tail.
    """
    for batch in read_batches(path):
        yield from batch.records


def read_from(path: Path, offset: int = 0) -> tuple[list[Record], int]:
    """Return the records committed behind ``offset`` and the offset to continue from.

    Args:
        path: The journal.
        offset: 0, or what an earlier call returned.

    Raises:
        JournalError: As ``read_journal``, or the offset does not fit the file.
    """
    records: list[Record] = []
    for batch in read_batches(path, offset):
        records.extend(batch.records)
        offset = batch.end
    return records, offset


def journal_hash(records: Iterable[Record], tape_sha256: str) -> str:
    """Return the ``journal_sha256`` of records: 64 hex digits over the tape's hash and the hashed record types."""
    running = JournalHash(tape_sha256)
    for record in records:
        running.add(record, encode(record))
    return running.hexdigest()
