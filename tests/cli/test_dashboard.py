"""``polydesk dashboard`` and ``polydesk run --dashboard`` from outside."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

from made import made_tape
from polydesk.cli import dashboard as command
from polydesk.cli.app import app
from polydesk.model.errors import MonitorError

_MAIN = "import sys; from polydesk.cli import main; sys.exit(main())"


def started(*args):
    return subprocess.Popen(
        [sys.executable, "-c", _MAIN, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def url_in(stream):
    for line in stream:
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            return found[0]
    return pytest.fail("no address was told")


def health(url):
    with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:  # noqa: S310 - a server of our own
        return answer.status


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["dashboard", "--lang", "fr"], "choose en or zh"),
        (["dashboard", "--port", "70000"], "--port"),
        (["dashboard", "--config", "missing.yaml"], "missing.yaml"),
        (["run", "--lang", "fr"], "choose en or zh"),
    ],
)
def test_bad_input_is_one_clear_error(args, told):
    with started(*args) as ran:
        out, err = ran.communicate(timeout=60)
    assert ran.returncode == 2
    assert out == ""
    assert told in err
    assert "Traceback" not in err


def test_help_has_examples():
    text = CliRunner().invoke(app, ["dashboard", "--help"]).stdout
    assert "polydesk dashboard --port 9000 --lang zh" in text
    assert "Exit codes" in text


def test_it_serves_until_it_is_interrupted(tmp_path):
    port = free_port()
    with started("dashboard", "--port", port, "--data-dir", tmp_path) as serving:
        url = url_in(serving.stderr)
        assert url.endswith(f":{port}")
        assert health(url) == 200
        serving.send_signal(signal.SIGINT)
        _, told = serving.communicate(timeout=60)
    assert serving.returncode == 130
    assert told.splitlines()[-1] == "dashboard stopped"


def test_a_busy_port_is_told_with_the_one_taken_instead(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started("dashboard", "--port", port, "--data-dir", tmp_path) as serving:
            line = serving.stderr.readline()
            serving.terminate()
            serving.communicate(timeout=60)
    assert f"port {port} is in use; dashboard: http://127.0.0.1:" in line


def test_a_session_with_a_dashboard_ends_with_it(tmp_path):
    made_tape(tmp_path / "tape", seed=3)
    with started(
        "run", "--tape", tmp_path / "tape", "--data-dir", tmp_path / "data", "--speed", "max", "--dashboard",
        "--port", free_port(), "--exit-when-done", "--json",
    ) as ran:  # fmt: skip
        out, err = ran.communicate(timeout=120)
    assert ran.returncode == 0, err
    assert len(out.splitlines()) == 1
    url = re.search(r"http://127\.0\.0\.1:\d+", err)[0]
    with pytest.raises(OSError, match="refused"):
        health(url)


def test_a_terminated_run_takes_its_dashboard_along_while_it_serves_on(tmp_path):
    made_tape(tmp_path / "tape", seed=3)
    with started(
        "run", "--tape", tmp_path / "tape", "--data-dir", tmp_path / "data", "--speed", "max", "--dashboard",
        "--port", free_port(), "--stay",
    ) as ran:  # fmt: skip
        url = url_in(ran.stderr)
        for line in ran.stderr:
            if "stays until Ctrl-C" in line:
                break
        assert health(url) == 200
        ran.send_signal(signal.SIGTERM)
        _, told = ran.communicate(timeout=60)
    assert told.splitlines()[-1] == "dashboard stopped"
    assert ran.returncode == 0
    with pytest.raises(OSError, match="refused"):
        health(url)


def test_a_session_goes_on_without_a_dashboard_that_cannot_start(monkeypatch, tmp_path, capsys):
    def refuse(*_):
        raise MonitorError("no room")

    monkeypatch.setattr("polydesk.monitor.spawn.start", refuse)
    with command.beside(tmp_path, 1, "en", wanted=True) as starting:
        assert starting is None
        assert command.ready(starting) is None
    assert "warning: no dashboard: no room" in capsys.readouterr().err
    with command.beside(tmp_path, 1, "en", wanted=False) as starting:
        assert starting is None


class Serving:
    """A dashboard that nobody looks at, by the calls ``keep_serving`` makes."""

    url = "http://127.0.0.1:1"

    def __init__(self, alive):
        self._alive = iter(alive)

    @property
    def alive(self):
        return next(self._alive)

    def idle_s(self):
        return 100.0


def test_it_leaves_when_nobody_has_looked_for_a_while(monkeypatch, capsys):
    monkeypatch.setattr(command, "LINGER_S", 0.0)
    command.keep_serving(Serving([True]), for_ever=False)
    assert "--stay until Ctrl-C" in capsys.readouterr().err
    command.keep_serving(Serving([False]), for_ever=True)
    assert "the dashboard ended by itself" in capsys.readouterr().err
