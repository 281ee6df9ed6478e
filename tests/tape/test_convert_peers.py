"""Converted tapes in the real hftbacktest and nautilus_trader against the compiled kernel.

Neither is a dependency: name a Python that has it in ``POLYDESK_HFTBACKTEST_PYTHON`` or ``POLYDESK_NAUTILUS_PYTHON``.
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from recordings import all_rows

from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake
from polydesk.tape import import_tape
from polydesk.tape.convert import convert_tape

pytestmark = pytest.mark.slow

ONE = 10_000
PEERS = {"hftbacktest": "POLYDESK_HFTBACKTEST_PYTHON", "nautilus": "POLYDESK_NAUTILUS_PYTHON"}


def kernel_touches(tape):
    """Return ``{market: array of (local time, bid, ask)}`` of token 0 after every message."""
    rows = all_rows(tape)
    markets = len(tape.manifest.markets)
    state = (new_books(markets, np.full(markets, 100)), new_own(markets), new_fills(), new_wake(markets))
    local, found, start = [0] * markets, {index: [] for index in range(markets)}, 0
    for end in np.flatnonzero(rows["flags"] & 1).tolist():
        advance(*state, rows, start, end + 1, 1 << 62)
        index, row = int(rows["market"][end]), rows[end]
        latency = int(row["recv_ns"] - row["venue_ns"]) if row["recv_ns"] and row["venue_ns"] else 0
        latency = latency if 0 <= latency <= 10 * 10**9 else 0
        local[index] = max(local[index], int(row["ts_ns"]) + latency)
        found[index].append((local[index], *state[0].touch[index].tolist()))
        start = end + 1
    return {index: np.array(touches) for index, touches in found.items()}


def walked(to, tape, folder):
    """Return what the real package shows for every token: ``{"market/token": array of (time, bid, ask)}``."""
    python = os.environ.get(PEERS[to])
    if not python:
        pytest.skip(f"NOT TESTED: {PEERS[to]} is not set; name a Python that has {to} to check converted tapes with it")
    convert_tape(tape, to, folder / to)
    script = Path(__file__).parent / "peers" / f"{to}_touch.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([python, script, folder / to, folder / f"{to}.npz"], check=True, env=environment, cwd=folder)
    return np.load(folder / f"{to}.npz")


def compare(found, tape, *, with_crossed):
    """Compare every time the package shows with the kernel; return how many were compared and how many differ."""
    truth, compared, differ = kernel_touches(tape), 0, 0
    for name in found.files:
        index, token = map(int, name.split("/"))
        times, bids, asks = found[name].T
        known = truth[index][np.searchsorted(truth[index][:, 0], times, side="right") - 1]
        bid, ask = known[:, 1], known[:, 2]
        if token:
            bid, ask = ONE - ask, ONE - bid
        usable = (bid < ask) | with_crossed
        compared += int(usable.sum())
        differ += int((usable & ((bids != bid) | (asks != ask))).sum())
    return compared, differ


@pytest.mark.parametrize("to", PEERS)
def test_the_sample_has_the_kernels_touch_at_every_time(sample, tmp_path, to):
    compared, differ = compare(walked(to, sample, tmp_path), sample, with_crossed=to == "nautilus")
    assert compared > 140_000
    assert differ == 0


@pytest.mark.parametrize("to", PEERS)
def test_a_recording_that_lost_messages_and_crosses_for_long_too(shared_recordings, tmp_path, to):
    files = sorted((shared_recordings / "licensed" / "l2" / "tickscope-nhl-20260607").glob("*.parquet"))
    tape = import_tape(files, tmp_path / "t")
    compared, differ = compare(walked(to, tape, tmp_path), tape, with_crossed=to == "nautilus")
    assert compared > 190_000
    assert differ == 0
