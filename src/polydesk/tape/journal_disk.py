"""What the journal asks of the disk: a lock, allocated space, durable writes, and errors that say what to do."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from polydesk.model.errors import JournalError, JournalFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_FALLOCATE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})

fdatasync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
"""Wait until the data of a file descriptor is on disk, with the metadata needed to read it."""


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn ``OSError`` into the journal's errors, naming ``path``.

    Raises:
        JournalFull: No space, quota or file size left.
        JournalError: Anything else.
    """
    try:
        yield
    except OSError as err:
        if err.errno in _FULL:
            raise JournalFull(f"{path}: no space left for the journal; free space and resume the session") from err
        raise JournalError(f"{path}: cannot write the journal ({err.strerror}); check the disk, then resume") from err


def make_directory(directory: Path) -> None:
    """Make a session's directory with its parents.

    Raises:
        JournalError: It cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise JournalError(f"{directory}: cannot be made ({err.strerror}); choose another data directory") from err


def sync_directory(directory: Path) -> None:
    """Make a new or renamed entry of a directory durable."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def forget_session(path: Path) -> None:
    """Remove what a session that never began left beside its journal ``path``, and its folder when that is empty."""
    path.with_suffix(".lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody else's files are in it: it stays
        path.parent.rmdir()


def lock_session(path: Path) -> int:
    """Take the lock beside the journal ``path`` and return its file descriptor; closing that releases the lock.

    The lock is a file of its own, which holds the writer's process id.

    Raises:
        JournalError: Another process holds it, or the directory cannot be written.
    """
    lock = path.with_suffix(".lock")
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as err:
        raise JournalError(f"{lock}: cannot lock the session ({err.strerror}); check the directory") from err
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as err:
        holder = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
        os.close(fd)
        raise JournalError(f"{path}: the session is already running (pid {holder}); stop that process first") from err
    os.ftruncate(fd, 0)
    with contextlib.suppress(OSError):  # the pid only serves the message above, a full disk must not matter here
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def allocate(fd: int, start: int, end: int) -> None:
    """Allocate the bytes from ``start`` to ``end``; a file system without allocation gets real zeros.

    Raises:
        OSError: As the system reports it; nothing that was written before is touched.
    """
    fallocate = getattr(os, "posix_fallocate", None)
    if fallocate is not None:
        try:
            fallocate(fd, start, end - start)
        except OSError as err:
            if err.errno not in _NO_FALLOCATE:
                raise
        else:
            return
    write_at(fd, bytes(end - start), start)
    fdatasync(fd)


def write_at(fd: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view = view[written:]
        offset += written


def keep_torn(path: Path, fd: int, tail: int) -> None:
    """Copy what is behind ``tail`` to ``<name>.torn-<n>`` beside the journal, unless it is all zeros."""
    torn = os.pread(fd, os.fstat(fd).st_size - tail, tail).rstrip(b"\0")
    if not torn:
        return
    number = 1
    while (beside := path.with_suffix(f".torn-{number}")).exists():
        number += 1
    with beside.open("wb") as file:
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
