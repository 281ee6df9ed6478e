"""The dashboard as a process of its own; it ends when whoever started it closes its standard input."""

import argparse
import json
import sys
import threading
from pathlib import Path

from polydesk.model.errors import PolydeskError
from polydesk.monitor.listen import listen


def main() -> int:
    """Serve; the first line on stdout tells where, or why not, as one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m polydesk.monitor", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lang", choices=["en", "zh"], default="en")
    asked = parser.parse_args()
    try:
        listening = listen(asked.port)
    except PolydeskError as err:
        _tell({"error": str(err)})
        return err.exit_code
    from polydesk.monitor.server import Dashboard  # noqa: PLC0415 - slow to import, and the port is told first
    from polydesk.monitor.words import Language  # noqa: PLC0415

    dashboard = Dashboard(asked.data_dir, Language(asked.lang))

    def until_closed() -> None:
        sys.stdin.read()
        dashboard.stop()

    threading.Thread(target=until_closed, daemon=True, name="parent").start()
    dashboard.serve(listening, lambda: _tell({"url": listening.url, "busy": listening.busy}))
    return 0


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
