import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from in_chromium import chromium

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever runs the tests in the background of a shell ignores Ctrl-C, and every command started here would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = ["chromium"]  # one browser per process, whatever rooms use it

hypothesis_settings.register_profile("polydesk", deadline=None, derandomize=True, print_blob=True)
hypothesis_settings.load_profile("polydesk")


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory):
    """One folder for all test processes of this run."""
    base = Path(tmp_path_factory.getbasetemp())
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def sample(shared_dir):
    """The bundled recordings as one tape, imported once per run."""
    from polydesk.tape import ensure_sample

    return ensure_sample(shared_dir / "sample")


@pytest.fixture(scope="session")
def shared_recordings():
    """The developers' recordings, not shipped: ``POLYDESK_RECORDINGS``, else ``shared/data`` beside the checkout."""
    named = os.environ.get("POLYDESK_RECORDINGS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / "licensed" / "l2").is_dir():
        pytest.skip(f"NOT TESTED: no recordings at {folder}; name their folder with POLYDESK_RECORDINGS")
    return folder


def pytest_terminal_summary(terminalreporter):
    """Say loudly what was not tested; a skip is easily overlooked among dots."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    for reason in sorted(reason.removeprefix("Skipped: ") for reason in reasons if "NOT TESTED" in reason):
        terminalreporter.write_line(f"!! {reason}", yellow=True, bold=True)
