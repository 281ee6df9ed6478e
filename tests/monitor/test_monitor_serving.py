"""Ports, the process beside a session, reports as pages, and who may ask."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from polydesk.model.errors import JournalError, MonitorError
from polydesk.monitor.listen import HOST, listen
from polydesk.monitor.reports import Reports, UnknownSession
from polydesk.monitor.spawn import LOG, Starting, start
from polydesk.monitor.words import Language, words_for
from polydesk.tape.journal import FILE_NAME as JOURNAL


def fetch(url, **headers):
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - a server of our own
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - a server of our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as err:
        return err.code, err.read().decode()


@pytest.fixture(scope="module")
def served(desk_dir):
    with start(desk_dir, free_port(), "en").ready() as dashboard:
        yield dashboard


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def test_the_port_asked_for_is_taken_when_free():
    port = free_port()
    found = listen(port)
    with found.socket:
        assert (found.port, found.busy, found.url) == (port, 0, f"http://127.0.0.1:{port}")


def test_a_busy_port_gives_the_next_and_says_so():
    with listen(0).socket as taken:
        port = taken.getsockname()[1]
        found = listen(port)
        with found.socket:
            assert found.port > port
            assert found.busy == port


def test_no_free_port_is_one_clear_error(monkeypatch):
    monkeypatch.setattr("polydesk.monitor.listen._TRIES", 1)
    with listen(0).socket as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MonitorError, match=f"--port {port}: it and the next 0 ports are in use"):
            listen(port)


def test_a_port_that_is_not_allowed_is_one_clear_error(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(MonitorError, match=r"--port 80: cannot listen there \(Permission denied\)"):
        listen(80)


def test_it_serves_pages_that_name_the_session(served, session_name):
    status, page = fetch(served.url)
    assert status == 200
    assert session_name in page
    status, page = fetch(f"{served.url}/sessions?lang=zh")
    assert status == 200
    assert 'lang="zh-CN"' in page
    assert served.idle_s() < 60


def test_health_is_one_json_object(served):
    status, told = fetch(f"{served.url}/health")
    assert status == 200
    assert set(json.loads(told)) == {"version", "pages", "idle_s"}


def test_a_page_of_another_site_gets_nothing(served):
    status, told = fetch(served.url, Host="evil.example")
    assert status == 400
    assert "polydesk" not in told


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "empty"},
    ],
)
def test_a_page_of_another_site_may_not_ask(served, headers):
    for path in ("", "/sessions", "/health"):
        status, told = fetch(served.url + path, **headers)
        assert (status, told) == (403, "Only pages of this dashboard may ask.")


def test_a_link_from_another_site_may_be_followed(served, session_name):
    status, page = fetch(served.url, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"})
    assert status == 200
    assert session_name in page


def test_a_page_may_not_be_put_into_a_frame(served):
    with urllib.request.urlopen(served.url, timeout=30) as answer:  # noqa: S310 - a server of our own
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def handshake(url, origin):
    """Ask for the socket that pages use; return the first line of the answer."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as asked:
        lines = (
            "GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket HTTP/1.1", f"Host: {host}:{port}",
            *([f"Origin: {origin}"] if origin else []), "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
        )  # fmt: skip
        asked.sendall("\r\n".join(lines).encode())
        return asked.makefile("rb").readline().decode().strip()


def test_a_socket_opens_for_own_pages_only(served):
    assert " 101 " in handshake(served.url, served.url)
    for origin in ("http://evil.example", "https://127.0.0.1", "null"):
        assert " 403 " in handshake(served.url, origin), origin


def test_pages_opened_at_once_keep_their_languages(served):
    asked = ["en", "zh"] * 12
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda lang: fetch(f"{served.url}/?lang={lang}")[1], asked))
    told = ["zh" if 'lang="zh-CN"' in page else "en" for page in pages]
    assert told == asked


@pytest.mark.parametrize("name", ["none", "..%2F..%2Fetc", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"])
def test_a_report_of_no_session_is_a_page_that_says_so(served, name):
    status, told = fetch(f"{served.url}/sessions/{name}/report")
    assert status == 404
    assert "<script>alert" not in told


def test_the_report_is_that_of_the_session_with_a_way_back(served, session_name, view):
    status, page = fetch(f"{served.url}/sessions/{session_name}/report")
    assert status == 200
    assert "Back to the dashboard" in page
    assert f"/?session={session_name}" in page
    assert view.row.journal_sha256 in page
    status, chinese = fetch(f"{served.url}/sessions/{session_name}/report?lang=zh")
    assert status == 200
    assert words_for(Language.ZH)("report.back") in chinese


def test_reports_are_made_once_per_journal(desk_dir, session_name, monkeypatch):
    reports = Reports(desk_dir)
    first = reports.page(session_name, Language.EN)
    monkeypatch.setattr("polydesk.monitor.reports._render", lambda *_: pytest.fail("made again"))
    assert reports.page(session_name, Language.EN) is first
    with pytest.raises(UnknownSession, match="no session 'x'"):
        reports.page("x", Language.EN)


def test_a_damaged_journal_gives_no_report_but_a_reason(tmp_path):
    folder = tmp_path / "sessions" / "s-1"
    folder.mkdir(parents=True)
    (folder / JOURNAL).write_bytes(b"nonsense" * 100)
    with pytest.raises(JournalError) as told:
        Reports(tmp_path).page("s-1", Language.EN)
    page = Reports(tmp_path).missing("s-1", str(told.value), words_for(Language.EN))
    assert "header is not that of a session journal" in page


def test_it_ends_when_the_one_who_started_it_closes(desk_dir):
    dashboard = start(desk_dir, free_port(), "en").ready()
    assert dashboard.alive
    dashboard.close()
    assert not dashboard.alive
    with pytest.raises(MonitorError, match="does not answer"):
        dashboard.idle_s()


def orphan(desk_dir, alone_s):
    """Start a dashboard from a process that is then killed; return its pid and where it serves."""
    parent = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sys\nfrom pathlib import Path\nfrom polydesk.monitor.spawn import start\n"
            "found = start(Path(sys.argv[1]), int(sys.argv[2]), 'en', alone_s=float(sys.argv[3])).ready()\n"
            "print(found.pid, found.url, flush=True)\nsys.stdin.read()\n",
            str(desk_dir), str(free_port()), str(alone_s),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with parent:
        child, url = parent.stdout.readline().decode().split()
        parent.send_signal(signal.SIGKILL)
    return int(child), url


def ended(child):
    """Wait for the end of a process of somebody else."""
    waiting = os.pidfd_open(child) if alive(child) else None
    if waiting is not None:
        readable, _, _ = select.select([waiting], [], [], 30)
        os.close(waiting)
        return bool(readable)
    return True


def test_it_ends_when_the_one_who_started_it_was_killed_and_nobody_looks(desk_dir):
    child, _ = orphan(desk_dir, 0.5)
    assert ended(child), "the dashboard stayed though nobody looked"


def test_it_outlives_the_one_who_started_it_and_ends_when_told(desk_dir):
    child, url = orphan(desk_dir, 600)
    try:
        assert fetch(url)[0] == 200
        assert alive(child)
    finally:
        os.kill(child, signal.SIGTERM)
    assert ended(child), "the dashboard did not end on SIGTERM"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_unknown_address_is_a_page_with_a_way_back(served, lang):
    status, page = fetch(f"{served.url}/no/<such>?lang={lang}".replace("<", "%3C").replace(">", "%3E"))
    words = words_for(Language(lang))
    assert status == 404
    assert words("page.unknown") in page
    assert f'href="/?lang={lang}">{words("report.back")}' in page
    assert "&lt;such&gt;" in page
    assert "--pd-ground" in page


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_start_that_fails_names_the_log(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with pytest.raises(MonitorError, match=rf"{LOG} tells why; --no-dashboard goes without it"):
        Starting(dead, tmp_path / LOG).ready(30)


def test_a_start_that_is_refused_says_why(tmp_path):
    told = "import json; print(json.dumps({'error': '--port 1: in use'}))"
    refused = subprocess.Popen([sys.executable, "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with pytest.raises(MonitorError, match="--port 1: in use"):
        Starting(refused, tmp_path / LOG).ready(30)


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MonitorError, match="choose another --data-dir"):
        start(tmp_path / "file", 1, "en")
