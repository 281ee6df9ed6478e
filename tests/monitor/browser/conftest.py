"""What the dashboard's tests in a real browser share."""

import subprocess
import sys

import pytest
from monitor_samples import run_made

from in_chromium import TIMEOUT_MS
from polydesk.monitor.follower import Follower
from polydesk.monitor.listen import listen
from polydesk.monitor.spawn import start


@pytest.fixture
def open_page(chromium):
    """Open pages in fresh contexts; whatever a page complains about fails the test."""
    contexts, complaints = [], []

    def opened(url="about:blank", **more):
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"} | more))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda err: complaints.append(str(err)))
        if url != "about:blank":
            page.goto(url)
            ready(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def ready(page):
    """Wait until the page's own head is there and the connection to the server stands."""
    page.wait_for_function("() => window.did_handshake && document.querySelector('#app .pd-head')")


@pytest.fixture(scope="session")
def is_ready():
    return ready


@pytest.fixture(scope="module")
def serve():
    """Start dashboards over data folders; all end with the module."""
    running = []

    def served(folder, port=0, lang="en"):
        if not port:
            with listen(0).socket as taken:
                port = taken.getsockname()[1]
        dashboard = start(folder, port, lang).ready()
        running.append(dashboard)
        return dashboard

    yield served
    for dashboard in running:
        dashboard.close()


@pytest.fixture(scope="session")
def two_sessions(tmp_path_factory):
    """A data folder with two ended sessions on different tapes; the second is the newer one."""
    folder = tmp_path_factory.mktemp("two")
    names = [run_made(folder, seed=3).path.name, run_made(folder, "run.seed=9", seed=4).path.name]
    follower = Follower(folder)
    follower.look()
    follower.close()
    return folder, names


@pytest.fixture
def run_desk():
    """Start desks as processes of their own; those left are killed at the end.

    What they say goes to ``desk.log``; that of a desk with a dashboard is left to whoever asks for the address.
    """
    running = []

    def started(folder, *more, shown=("--no-dashboard",)):
        command = [
            sys.executable, "-c", "import sys; from polydesk.cli import main; sys.exit(main())", "run",
            *map(str, shown), "--exit-when-done", "--data-dir", str(folder), *map(str, more),
        ]  # fmt: skip
        with (folder / "desk.log").open("ab") as log:
            told = subprocess.PIPE if "--dashboard" in shown else log
            desk = subprocess.Popen(command, stdout=log, stderr=told, text=True)
        running.append(desk)
        return desk

    yield started
    for desk in running:
        if desk.poll() is None:
            desk.kill()
        desk.wait()
        if desk.stderr is not None:
            desk.stderr.close()
