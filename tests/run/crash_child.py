"""A session in a process of its own, for tests that kill or trace it.

Usage: crash_child.py TAPE DATA_DIR new|SESSION_FOLDER [socket]
Prints a line at every look, then ``done REASON``. With ``socket`` every order is first sent through a real socket.
"""

import os
import socket
import sys
from pathlib import Path

from polydesk.exchange import SimulatedExchange
from polydesk.run import driver
from polydesk.run.session import resume_session, run_session
from polydesk.run.settings import load_settings
from polydesk.tape import open_tape

tape_path, data_dir, what = sys.argv[1:4]
driver._LOOK_EVERY_NS = 0


def look(_machine, progress):
    sys.stdout.write(f"{progress.rows} {progress.orders}\n")
    sys.stdout.flush()


if "socket" in sys.argv[4:]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    real_send = SimulatedExchange.send

    def send(self, intent, arrives_ns):
        ours.send(f"SEND {intent.id}".encode())
        theirs.recv(100)
        real_send(self, intent, arrives_ns)

    SimulatedExchange.send = send

settings = load_settings(
    None,
    {},
    [
        f"data_dir={data_dir}",
        "run.speed=max",
        f"run.sync_every_ms={os.environ['SYNC_MS']}",
        f"run.checkpoint_rows={os.environ['ROWS']}",
    ],
).settings
result = (
    run_session(settings, open_tape(tape_path), "paper", look)
    if what == "new"
    else resume_session(settings, Path(what), look)
)
sys.stdout.write(f"done {result.reason}\n")
