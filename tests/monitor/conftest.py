"""One ended session on a made tape, followed into a ledger, for all tests of the dashboard."""

import pytest
from monitor_samples import run_made

from polydesk.monitor.follower import Follower
from polydesk.monitor.hub import Hub


@pytest.fixture(scope="session")
def desk_dir(tmp_path_factory):
    """A data folder with one ended paper session and its ledger; read only."""
    folder = tmp_path_factory.mktemp("desk")
    run_made(folder)
    follower = Follower(folder)
    assert follower.look() > 0
    assert follower.problems == {}
    follower.close()
    return folder


@pytest.fixture(scope="session")
def session_name(desk_dir):
    (name,) = (path.name for path in (desk_dir / "sessions").iterdir())
    return name


@pytest.fixture
def hub(desk_dir):
    made = Hub(desk_dir, Follower(desk_dir))
    yield made
    made.close()


@pytest.fixture(scope="session")
def view(desk_dir, session_name):
    """The ended session as pages see it."""
    made = Hub(desk_dir, Follower(desk_dir))
    found = made.view(session_name)
    made.close()
    assert found is not None
    return found
