"""Sessions that are killed, traced or run out of disk."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from made import made_tape
from polydesk.model.records import SessionHalted
from polydesk.report.session import read_session
from polydesk.run.checkpoint import FILE_NAME as CHECKPOINT
from polydesk.run.recorder import without_marks
from polydesk.run.replay import verify_session
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings

CHILD = str(Path(__file__).with_name("crash_child.py"))


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=5, steps=600)


@pytest.fixture(scope="module")
def whole(tape, tmp_path_factory):
    """The records and hash of the session that nobody disturbs."""
    settings = load_settings(None, {}, [f"data_dir={tmp_path_factory.mktemp('whole')}", "run.speed=max"]).settings
    result = run_session(settings, tape, "paper", lambda _m, _p: None)
    records = read_session(result.path)[1]
    return without_marks(records), records[-1].journal_sha256


def start(tape, data_dir, what, *more, wrap=(), env=None, **kwargs):
    command = [*wrap, sys.executable, CHILD, str(tape.path), str(data_dir), str(what), *more]
    environment = {**os.environ, "ROWS": "700", "SYNC_MS": "0", **(env or {})}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **kwargs
    )


def kill_after(child, lines):
    """Kill the child with SIGKILL once it has looked that often; return whether it was still running."""
    for count, line in enumerate(child.stdout, start=1):
        if line.startswith("done"):
            child.wait()
            return False
        if count == lines:
            break
    child.send_signal(signal.SIGKILL)
    child.stdout.read()
    child.wait()
    child.stderr.close()
    child.stdout.close()
    return True


def only_session(data_dir):
    (folder,) = (data_dir / "sessions").iterdir()
    return folder


def kill_and_resume(tape, whole, data_dir, seed, kills):
    rng = random.Random(seed)
    killed = kill_after(start(tape, data_dir, "new"), rng.randrange(1, 400))
    assert killed
    folder = only_session(data_dir)
    for _ in range(kills):
        if not killed:
            break
        killed = kill_after(start(tape, data_dir, folder), rng.randrange(1, 500))
    last = start(tape, data_dir, folder)
    out, err = last.communicate()
    assert last.returncode == 0, err
    assert out.splitlines()[-1] == "done tape_end"
    records = read_session(folder)[1]
    assert without_marks(records) == whole[0]
    assert records[-1].journal_sha256 == whole[1]
    assert verify_session(folder).identical


def test_kill_9_and_resume_once(tape, whole, tmp_path):
    kill_and_resume(tape, whole, tmp_path, seed=1, kills=1)


def test_a_killed_session_resumes_from_its_checkpoint(tape, whole, tmp_path):
    """Killed late: the checkpoint is there, and the resumed session does not begin at the beginning."""
    child = start(tape, tmp_path, "new")
    for line in child.stdout:
        if int(line.split()[0]) > 3_000:
            break
    child.send_signal(signal.SIGKILL)
    child.communicate()
    folder = only_session(tmp_path)
    assert (folder / CHECKPOINT).exists()
    again = start(tape, tmp_path, folder)
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert int(out.split()[0]) > 0
    assert without_marks(read_session(folder)[1]) == whole[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 22))
def test_kill_9_at_random_points_again_and_again(tape, whole, tmp_path, seed):
    kill_and_resume(tape, whole, tmp_path, seed, kills=3)


@pytest.mark.parametrize(("sync_ms", "must_be_synced"), [("0", True), ("50", False)])
def test_orders_are_on_disk_before_they_are_sent(tape, tmp_path, sync_ms, must_be_synced):
    """Traced: each order's bytes are written to the journal, then synced, and only then does it go to the socket.

    As fast as it goes (50 ms between syncs) the write still comes first; only the wait for the disk is shared.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed (Debian: apt-get install strace): the order of system calls is UNTESTED")
    trace = tmp_path / "trace"
    wrap = (
        strace,
        "-f",
        "-qq",
        "-s",
        "1000000",
        "-e",
        "trace=openat,pwrite64,write,fdatasync,fsync,sendto",
        "-o",
        str(trace),
    )
    child = start(tape, tmp_path, "new", "socket", wrap=wrap, env={"SYNC_MS": sync_ms})
    _, err = child.communicate()
    if "Operation not permitted" in err:
        pytest.skip("tracing is not permitted here: the order of system calls is UNTESTED")
    assert child.returncode == 0, err
    written, durable, sent = set(), set(), []
    journal = None
    for line in trace.read_text(errors="replace").splitlines():
        if "openat" in line and "journal." in line and "O_RDWR" in line:
            journal = line.rsplit("= ", 1)[1].strip()
        if re.search(rf"pwrite64\({journal},", line):
            written |= set(re.findall(r"ord-\d{6}", line))
        elif re.search(rf"f(data)?sync\({journal}\)\s+= 0", line):
            durable |= written
        for name in re.findall(r'sendto\(.*"SEND (ord-\d{6})', line):
            sent.append(name)
            assert name in (durable if must_be_synced else written), f"{name} was sent too early"
    assert len(sent) > 20


def test_a_full_disk_stops_entries_loses_nothing_and_can_be_continued(tape, whole, tmp_path):
    """On a small file system the halt goes to the reserve; with space again the session goes on as if nothing was."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1800k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(
            f"no small file system can be mounted: the full disk is UNTESTED ({mounted.stderr.decode().strip()})"
        )
    try:
        child = start(tape, disk, "new")
        out, err = child.communicate()
        assert child.returncode == 0, err
        assert out.splitlines()[-1] == "done disk_full"
        folder = only_session(disk)
        records = read_session(folder)[1]
        assert isinstance(records[-1], SessionHalted)
        assert records[-1].reason == "disk_full"
        kept = without_marks(records)
        assert kept == whole[0][: len(kept)]
        assert 0 < len(kept) < len(whole[0])
        assert verify_session(folder).identical
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        child = start(tape, disk, folder)
        out, err = child.communicate()
        assert child.returncode == 0, err
        assert without_marks(read_session(folder)[1]) == whole[0]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_too_full_to_begin_leaves_nothing_behind(tape, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no small file system can be mounted: the full disk at the start is UNTESTED")
    try:
        child = start(tape, disk, "new")
        _, err = child.communicate()
        assert child.returncode != 0
        assert "free space" in err
        assert list((disk / "sessions").iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_read_only_directory_is_named(tape, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    child = start(tape, blocked, "new")
    _, err = child.communicate()
    assert child.returncode != 0
    assert str(blocked) in err
