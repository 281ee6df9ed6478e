"""The verdict on a session's data is read from its folder, and read again when it changes."""

import pytest
from monitor_samples import run_made

from polydesk.monitor.follower import Follower
from polydesk.monitor.hub import Hub
from polydesk.monitor.verdicts import Verdicts
from polydesk.tape.verdict import FILE_NAME, Verdict, write_verdict


@pytest.fixture
def bad():
    return Verdict("ab", 1, 1, False, "best_prices", ("3 of 5 minutes are bad",), 100, 60, 5, 3)


def test_a_verdict_is_followed_when_it_comes_changes_and_goes(tmp_path, bad):
    verdicts = Verdicts()
    assert verdicts.read(tmp_path) is None
    write_verdict(tmp_path, bad)
    assert verdicts.read(tmp_path) == bad
    (tmp_path / FILE_NAME).write_bytes(b"nonsense, longer than nothing")
    write_verdict(tmp_path, Verdict("ab", 1, 1, True, "best_prices", (), 100, 0, 5, 0))
    assert verdicts.read(tmp_path).ok
    (tmp_path / FILE_NAME).unlink()
    assert verdicts.read(tmp_path) is None


def test_pages_get_the_verdict_of_their_session(tmp_path, bad):
    name = run_made(tmp_path).path.name
    follower = Follower(tmp_path)
    assert follower.look() > 0
    follower.close()
    write_verdict(tmp_path / "sessions" / name, bad)
    hub = Hub(tmp_path, follower)
    assert hub.view(name).verdict == bad
    assert hub.brief(name).verdict == bad
    hub.close()
