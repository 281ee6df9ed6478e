"""What a wake costs: the same constructed day as ``kernel_replay``, stopping at every change of the touch.

Prints one JSON line: rows per second with wakes, and microseconds per wake with the touch and five levels read.
"""

import json
import time

import numpy as np

from kernel_replay import FAR, ROWS, TICK, fill_day
from polydesk.kernel import WakeBit, advance, levels, new_books, new_fills, new_own, new_wake, touch
from polydesk.model.rows import empty_rows


def run(rows: np.ndarray, mask: int) -> tuple[float, int]:
    """Replay the rows; return seconds and the number of wakes."""
    books, own, fills, wake = new_books(1, np.array([TICK])), new_own(1), new_fills(), new_wake(1)
    wake.mask[0] = mask
    wakes = 0
    index = 0
    began = time.perf_counter()
    while index < len(rows):
        index = advance(books, own, fills, wake, rows, index, len(rows), FAR)
        if wake.out[1]:
            wakes += 1
            touch(books, 0, 0)
            levels(books, 0, 0, 1, 5)
    return time.perf_counter() - began, wakes


def main() -> None:
    rows = empty_rows(ROWS)
    fill_day(rows, 7, TICK)
    run(rows[:1000], WakeBit.TOUCH)
    asleep_s, _ = run(rows, 0)
    awake_s, wakes = run(rows, WakeBit.TOUCH)
    result = {
        "benchmark": "kernel_wake",
        "rows": ROWS,
        "wakes": wakes,
        "rows_per_s": round(ROWS / awake_s),
        "us_per_wake": round((awake_s - asleep_s) / wakes * 1e6, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
