"""What is acknowledged survives a full disk, a second writer and kill -9."""

import contextlib
import errno
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap

import pytest
from journal_samples import fill, header

from polydesk.model.errors import JournalError, JournalFull
from polydesk.model.records import SessionHalted, SessionResumed
from polydesk.tape import journal_disk
from polydesk.tape.journal import JournalWriter, journal_hash, read_journal

RESERVE = 64 << 10


@contextlib.contextmanager
def small_file_system(directory):
    directory.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(directory)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip(f"cannot mount a small file system here ({made.stderr.decode().strip()}): disk full is NOT tested")
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def fill_up(writer, commit_every):
    """Write until the disk is full; return the numbers of records acknowledged and taken."""
    acknowledged = writer.records
    for number in range(1, 100_000):
        try:
            writer.append(fill(number))
            if number % commit_every == 0:
                writer.commit()
                acknowledged = writer.records
        except JournalFull:
            return acknowledged, writer.records
    raise AssertionError("the disk never filled")


def check_full_and_resume(path, free):
    writer = JournalWriter.create(path, header(), reserve_bytes=RESERVE)
    acknowledged, taken = fill_up(writer, commit_every=7)
    assert acknowledged > 500
    assert taken == acknowledged + 7
    assert len(list(read_journal(path))) == acknowledged
    with pytest.raises(JournalFull):
        writer.commit()
    writer.halt(SessionHalted("disk_full", 1))
    writer.close()
    told = list(read_journal(path))
    assert told[:-1] == [header(), *(fill(n) for n in range(1, taken))]
    assert told[-1] == SessionHalted("disk_full", 1)
    free()
    again, recovered = JournalWriter.resume(path, reserve_bytes=RESERVE)
    assert recovered == told
    again.append(SessionResumed({}, 2))
    again.close()
    assert list(read_journal(path)) == [*told, SessionResumed({}, 2)]
    assert again.journal_sha256 == journal_hash(told, header().tape_sha256)


def test_a_full_disk_records_the_stop_and_loses_nothing(tmp_path):
    disk = tmp_path / "disk"
    with small_file_system(disk):
        (disk / "ballast").write_bytes(bytes(100 << 10))
        check_full_and_resume(disk / "s" / "journal.pdj", free=(disk / "ballast").unlink)


def test_a_disk_too_small_for_the_reserve_is_refused_at_the_start(tmp_path):
    disk = tmp_path / "disk"
    with small_file_system(disk):
        with pytest.raises(JournalFull):
            JournalWriter.create(disk / "journal.pdj", header(), reserve_bytes=1 << 20)
        assert list(disk.iterdir()) == []
        JournalWriter.create(disk / "journal.pdj", header(), reserve_bytes=RESERVE).close()


def test_a_file_size_limit_is_a_full_disk(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 << 10, hard))
    try:
        check_full_and_resume(
            tmp_path / "journal.pdj", free=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_within_a_batch_saves_what_was_taken(tmp_path):
    disk = tmp_path / "disk"
    with small_file_system(disk):
        path = disk / "journal.pdj"
        writer = JournalWriter.create(path, header(), reserve_bytes=RESERVE)
        acknowledged, taken = fill_up(writer, commit_every=1_000_000)
        assert acknowledged == 1, "never committed by the caller"
        writer.halt(SessionHalted("disk_full", 1))
        writer.close()
        told = list(read_journal(path))
        assert told == [header(), *(fill(n) for n in range(1, taken)), SessionHalted("disk_full", 1)]


def test_without_allocation_zeros_are_written(tmp_path, monkeypatch):
    def unsupported(fd, offset, size):
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(journal_disk.os, "posix_fallocate", unsupported)
    path = tmp_path / "journal.pdj"
    writer = JournalWriter.create(path, header(), reserve_bytes=RESERVE)
    writer.append(fill(1))
    writer.commit()
    assert path.stat().st_size > RESERVE
    assert path.stat().st_blocks * 512 > RESERVE, "really allocated, not a hole"
    assert list(read_journal(path)) == [header(), fill(1)]
    writer.close()


def test_a_failed_disk_stops_the_writer_for_good(tmp_path, monkeypatch):
    path = tmp_path / "journal.pdj"
    writer = JournalWriter.create(path, header())
    writer.append(fill(1))
    writer.commit()

    def broken(fd):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("polydesk.tape.journal.fdatasync", broken)
        writer.append(fill(2))
        with pytest.raises(JournalError, match="check the disk"):
            writer.commit()
    with pytest.raises(JournalError, match="earlier write failed"):
        writer.commit()
    writer.close()
    again, recovered = JournalWriter.resume(path)
    assert recovered[:2] == [header(), fill(1)]
    again.close()


def test_a_second_writer_is_refused_with_the_pid_of_the_first(tmp_path):
    path = tmp_path / "journal.pdj"
    writer = JournalWriter.create(path, header())
    for start in (lambda: JournalWriter.resume(path), lambda: JournalWriter.create(path, header())):
        with pytest.raises(JournalError, match=rf"already running \(pid {os.getpid()}\)"):
            start()
    code = (
        "import sys, pathlib; from polydesk.tape.journal import JournalWriter as W; W.resume(pathlib.Path(sys.argv[1]))"
    )
    other = subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True, text=True)
    assert other.returncode == 1
    assert f"already running (pid {os.getpid()})" in other.stderr
    writer.close()
    JournalWriter.resume(path)[0].close()


WRITER = textwrap.dedent("""
    import sys, pathlib
    sys.path.insert(0, sys.argv[1])
    from journal_samples import fill, header
    from polydesk.tape.journal import JournalWriter
    path = pathlib.Path(sys.argv[2])
    if path.exists():
        writer, _ = JournalWriter.resume(path, reserve_bytes=1 << 16)
    else:
        writer = JournalWriter.create(path, header(), reserve_bytes=1 << 16)
    number = writer.records
    while True:
        for _ in range(1 + number % 5):
            writer.append(fill(number))
            number += 1
        writer.commit()
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
""")


def run_until_killed(path, lines):
    """Start a writer, kill -9 it somewhere behind its ``lines``-th acknowledgement, return the last one seen."""
    here = os.path.dirname(__file__)
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, here, str(path)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    with child:
        for _ in range(lines):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        acknowledged = child.stdout.read().split("\n")
    assert child.returncode == -signal.SIGKILL
    # The last line may be torn itself.
    whole = [int(line) for line in acknowledged[:-1] if line]
    return whole[-1] if whole else 0


@pytest.mark.slow
def test_kill_9_at_random_points_loses_and_doubles_nothing(tmp_path):
    path = tmp_path / "journal.pdj"
    chance = random.Random(11)
    for _ in range(12):
        acknowledged = run_until_killed(path, chance.randint(1, 300))
        told = list(read_journal(path))
        assert len(told) >= acknowledged
        assert told == [header(), *(fill(n) for n in range(1, len(told)))]


def test_kill_9_once(tmp_path):
    path = tmp_path / "journal.pdj"
    acknowledged = run_until_killed(path, 40)
    writer, told = JournalWriter.resume(path, reserve_bytes=RESERVE)
    assert len(told) >= max(acknowledged, 41)
    assert told == [header(), *(fill(n) for n in range(1, len(told)))]
    writer.close()
