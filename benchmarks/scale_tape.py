"""Linear in the length of the tape, flat in memory, and indifferent to how many tokens are interleaved.

Each point is a process of its own that streams a generated tape from disk through the kernel; its peak memory is the
operating system's figure. Prints one JSON line; exits 1 when the longest tape takes more than 1.5 times the seconds per
row of the shortest, needs more than 1.3 times its memory, or interleaving leaves less than 0.3 of the speed.

Usage: scale_tape.py [--rows 2000000,4000000] [--tokens 200] [--seed 7] [--work FOLDER]
The tapes are kept in ``--work`` when it is named: one of 100 million rows takes 3 GB.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers.day import TICK_G4, write_tape
from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake
from polydesk.tape import open_tape

FAR = 1 << 62
REPEATS = 3


def peak_mb() -> int:
    """Return this process's peak memory; ``ru_maxrss`` would count the parent's before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def replay(tape: Path) -> dict[str, Any]:
    """Stream a tape through the kernel; return rows, the best seconds, and this process's peak memory."""
    times, count = [], 0
    for _ in range(REPEATS):
        opened = open_tape(tape)
        markets = len(opened.manifest.markets)
        state = new_books(markets, np.full(markets, TICK_G4)), new_own(markets), new_fills(), new_wake(markets)
        count = 0
        began = time.perf_counter()
        for rows in opened.batches():
            advance(*state, rows, 0, len(rows), FAR)
            count += len(rows)
        times.append(time.perf_counter() - began)
    return {"tokens": markets, "rows": count, "seconds": round(min(times), 4), "peak_mb": peak_mb()}


def point(rows: int, tokens: int, seed: int, work: Path) -> dict[str, Any]:
    """Write the tape unless it is there, replay it in a process of its own."""
    tape = work / f"seed{seed}-{rows}-{tokens}"
    if not tape.exists():
        write_tape(seed, rows, tokens, tape)
    command = [sys.executable, __file__, "--replay", str(tape)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{told['rows']:>12,} rows, {tokens} tokens: {told['seconds']} s, {told['peak_mb']} MB", file=sys.stderr)
    return {**told, "rows_per_s": round(told["rows"] / told["seconds"])}


def main() -> int:
    """Measure every point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="2000000,4000000", help="lengths, ascending, separated by commas")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--replay", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.replay:
        print(json.dumps(replay(asked.replay)))
        return 0
    lengths = [int(text) for text in asked.rows.split(",")]
    with tempfile.TemporaryDirectory() as spare:
        work = asked.work or Path(spare)
        work.mkdir(parents=True, exist_ok=True)
        points = [point(rows, 1, asked.seed, work) for rows in lengths]
        many = point(lengths[0], asked.tokens, asked.seed, work)
    slower = points[0]["rows_per_s"] / points[-1]["rows_per_s"]
    fatter = points[-1]["peak_mb"] / points[0]["peak_mb"]
    interleaved = many["rows_per_s"] / points[0]["rows_per_s"]
    told = {
        "benchmark": "scale_tape",
        "points": points,
        "interleaved": many,
        "seconds_per_row_longest_over_shortest": round(slower, 3),
        "memory_longest_over_shortest": round(fatter, 3),
        "interleaved_speed_over_one_token": round(interleaved, 3),
    }
    print(json.dumps(told))
    return int(slower > 1.5 or fatter > 1.3 or interleaved < 0.3)


if __name__ == "__main__":
    sys.exit(main())
