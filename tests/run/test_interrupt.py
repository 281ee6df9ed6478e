"""Ctrl-C and termination of the real command: an orderly stop, a report, a session that replays."""

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from polydesk.model.records import Command
from polydesk.report.session import read_session
from polydesk.run.replay import verify_session
from polydesk.tape.journal import read_journal

# Whoever runs the tests may ignore a closed terminal (nohup), and a child would do the same.
PROGRAM = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); from polydesk.cli import main; main()"
COMMAND = [sys.executable, "-c", PROGRAM, "run", "--speed", "600", "--json"]


def wait_for_records(folder, child, wanted):
    """Return once the session's journal holds so many records, leaving the processor to the child."""
    while child.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.05)
        journals = list(Path(folder).glob("sessions/*/journal.pdj"))
        if journals and sum(1 for _ in read_journal(journals[0])) >= wanted:
            return
    raise AssertionError(child.stderr.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_signal_ends_the_session_in_order(sample, tmp_path, number):
    command = [*COMMAND, "--tape", str(sample.path), "--data-dir", str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_records(tmp_path, child, 30)
    child.send_signal(number)
    out, err = child.communicate()
    assert child.returncode == 130, err
    found = json.loads(out.splitlines()[-1])
    assert 0 < found["events"] < sample.manifest.rows
    (folder,) = (tmp_path / "sessions").iterdir()
    records = read_session(folder)[1]
    (stop,) = [r for r in records if isinstance(r, Command)]
    assert (stop.name, stop.argument) == ("stop", number.name)
    assert records[-1].reason == "stopped"
    assert records[-1].journal_sha256 == found["journal_sha256"]
    assert verify_session(folder).identical
