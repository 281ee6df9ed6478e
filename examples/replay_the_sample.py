"""Trade the bundled recordings from Python, then prove that the session can be reproduced.

Run it with ``python examples/replay_the_sample.py``. The expected numbers at the end are part of the example: they
change only when the desk, the exchange or the recordings do.
"""

import tempfile
from pathlib import Path

from polydesk.report.build import build_report
from polydesk.run.replay import verify_session
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings
from polydesk.tape import ensure_sample


def main(folder: Path) -> dict[str, object]:
    """Run the sample under ``folder`` and return what came out."""
    settings = load_settings(None, {}, [f"data_dir={folder}", "run.speed=max"]).settings
    tape = ensure_sample(folder / "tapes")
    ended = run_session(settings, tape, "paper", lambda machine, progress: None)
    summary = build_report(ended.path).summary
    return {
        "events": summary.events,
        "markets": len(summary.markets),
        "orders": summary.counts.orders,
        "fills": summary.counts.fills,
        "sentinels": summary.sentinels,
        "reproducible": verify_session(ended.path).identical,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for key, value in main(Path(name)).items():
            print(f"{key:14} {value}")
