"""Rows read from a tape on disk per second, and the peak memory of doing so.

Usage: tape_read.py
"""

import json
import resource
import tempfile
import time
from pathlib import Path

from polydesk.tape import ensure_sample


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tape = ensure_sample(Path(folder))
        best = 0.0
        for _ in range(5):
            began = time.perf_counter()
            rows = sum(len(batch) for batch in tape.batches())
            best = max(best, rows / (time.perf_counter() - began))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"benchmark": "tape_read", "rows": rows, "rows_per_s": round(best), "peak_mb": round(peak_mb)}))


if __name__ == "__main__":
    main()
