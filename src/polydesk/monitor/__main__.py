"""The dashboard as a process of its own, beside the desk that started it.

The desk says ``end`` on this process's standard input when it is done. When the input closes without that word, the
desk died, and whoever has a page open must be told: the dashboard then serves on until nobody looks any more.
"""

import argparse
import json
import os
import sys
import threading
from pathlib import Path

from polydesk.model.errors import PolydeskError
from polydesk.monitor.listen import listen
from polydesk.monitor.spawn import ALONE_S, END


def main() -> int:
    """Serve; the first line on stdout tells where, or why not, as one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m polydesk.monitor", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lang", choices=["en", "zh"], default="en")
    parser.add_argument("--alone", type=float, default=ALONE_S, help="Seconds without a page once the desk has died.")
    asked = parser.parse_args()
    try:
        listening = listen(asked.port)
    except PolydeskError as err:
        _tell({"error": str(err)})
        return err.exit_code
    from polydesk.monitor.server import Dashboard  # noqa: PLC0415 - slow to import, and the port is told first
    from polydesk.monitor.words import Language  # noqa: PLC0415

    dashboard = Dashboard(asked.data_dir, Language(asked.lang))

    def until_told() -> None:
        if END in sys.stdin.buffer.read():
            dashboard.stop()
            return
        sys.stderr.write("the desk is gone without a word; this dashboard serves on while somebody looks\n")
        sys.stderr.flush()
        dashboard.outlive(asked.alone)

    threading.Thread(target=until_told, daemon=True, name="parent").start()
    dashboard.serve(listening, lambda: _tell({"url": listening.url, "busy": listening.busy}))
    return 0


def _tell(what: dict[str, object]) -> None:
    try:
        # Straight to the pipe: nothing is left in a buffer for a reader that may be gone when this process ends.
        os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")
    except BrokenPipeError:
        # The desk died while this was starting. Nobody waits for the address any more; pages may still be asked for.
        return


if __name__ == "__main__":
    sys.exit(main())
