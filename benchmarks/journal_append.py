"""Records appended to a session journal per second, with one wait for the disk at the end.

Usage: journal_append.py [RECORDS]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from polydesk.model.ids import FillId, IntentId, SessionId
from polydesk.model.orders import Side
from polydesk.model.records import Cause, Fill, Liquidity, SessionStarted
from polydesk.tape.journal import JournalWriter


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    header = SessionStarted(SessionId("bench"), 1, "paper", 0, "", "00" * 32, (0, count), "{}", {}, 0)
    fills = [
        Fill(
            i, i, FillId(f"fill-{i:06d}"), IntentId(f"ord-{i:06d}"), 0, 0, Side.BUY, 5_000, 10_000_000, 0,
            Liquidity.MAKER, Cause.PRINT, i,
        )
        for i in range(count)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        journal = JournalWriter.create(Path(folder) / "journal.pdj", header, sync_every_s=3600)
        began = time.perf_counter()
        for fill in fills:
            journal.append(fill)
        journal.close()
        seconds = time.perf_counter() - began
    print(json.dumps({"benchmark": "journal_append", "records": count, "records_per_s": round(count / seconds)}))


if __name__ == "__main__":
    main()
