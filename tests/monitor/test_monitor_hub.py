"""The follower keeps the ledger up with journals, the hub reads it, and trouble with any file is told, not hidden."""

import os
import shutil
import threading
import time
from pathlib import Path

import msgspec
import pytest
from monitor_samples import run_made

from polydesk.model.errors import LedgerError, SessionError
from polydesk.monitor.follower import Follower, follow, session_names
from polydesk.monitor.histories import READING, Histories
from polydesk.monitor.history import read_history
from polydesk.monitor.hub import Hub
from polydesk.monitor.ledger_reader import LedgerReader
from polydesk.monitor.live_states import LiveStates
from polydesk.run.snapshot import SnapshotWriter
from polydesk.run.wanted import FILE_NAME as WANTED
from polydesk.store import FILE_NAME as LEDGER
from polydesk.store import views
from polydesk.tape.journal import FILE_NAME as JOURNAL
from store.session_samples import header, scripted, write_session


@pytest.fixture
def home(desk_dir, tmp_path):
    """A copy of the ended session's folder that may be damaged."""
    copied = tmp_path / "copy"
    shutil.copytree(desk_dir, copied)
    return copied


@pytest.fixture
def open_hubs():
    """Open hubs with a follower that has looked once; all are closed at the end."""
    made = []

    def opened(folder, *, look=True):
        hub = Hub(folder, Follower(folder))
        made.append(hub)
        if look:
            hub.follower.look()
        return hub

    yield opened
    for hub in made:
        hub.follower.close()
        hub.close()


def folder_of(home):
    (found,) = (home / "sessions").iterdir()
    return found


def test_the_view_agrees_with_the_session(view, session_name):
    assert view.name == session_name
    assert (view.row.state, view.live.state, view.trouble) == ("ended", "ended", ())
    assert view.manifest.constructed
    assert view.totals.fills == view.live.counters["fills"]
    assert view.records == view.marks[-1].record + 1 or view.records > view.marks[-1].record
    assert len(view.lists.decisions) == 60
    assert all(row.action != "hold" for row in view.lists.acts)


def test_nothing_changed_means_the_same_object(hub, session_name, monkeypatch):
    first = hub.view(session_name)
    monkeypatch.setattr("polydesk.monitor.hub.FRESH_S", 0.0)
    assert hub.view(session_name) is first


def test_a_name_from_an_address_reaches_no_other_folder(hub, desk_dir):
    for name in ("..", "../..", "", "x" * 300, f"../sessions/{next((desk_dir / 'sessions').iterdir()).name}", "a\0b"):
        assert hub.view(name) is None, name


def test_an_empty_folder_has_no_sessions_and_no_trouble(tmp_path, open_hubs):
    hub = open_hubs(tmp_path)
    assert (hub.newest(), hub.starts(), hub.trouble()) == ("", [], ())
    assert not (tmp_path / LEDGER).exists(), "looking makes no files"


def test_a_running_session_is_followed_record_by_record(tmp_path, open_hubs):
    batches = scripted()
    writer = write_session(tmp_path / "sessions" / "s-1", batches[:4], close=False)
    hub = open_hubs(tmp_path)
    before = hub.view("s-1")
    for batch in batches[4:]:
        for record in batch:
            writer.append(record)
        writer.commit()
    writer.close()
    assert hub.follower.look() == sum(len(batch) for batch in batches[4:])
    hub._views.clear()
    after = hub.view("s-1")
    assert (before.row.state, after.row.state) == ("running", "ended")
    assert len(after.lists.fills) == 6
    assert after.records == sum(len(batch) for batch in batches)


def test_a_journal_that_does_not_change_is_not_read_again(home, open_hubs, monkeypatch):
    hub = open_hubs(home)
    monkeypatch.setattr("polydesk.monitor.follower.tail", lambda *_: pytest.fail("read again"))
    assert hub.follower.look() == 0
    assert hub.follower.problems == {}


def test_a_damaged_journal_is_told_and_the_others_are_followed(home, open_hubs):
    write_session(home / "sessions" / "s-1", scripted())
    shutil.copytree(home / "sessions" / "s-1", home / "sessions" / "s-0")
    journal = home / "sessions" / "s-0" / JOURNAL
    content = bytearray(journal.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)
    journal.write_bytes(bytes(content))
    (home / LEDGER).unlink()
    hub = open_hubs(home)
    assert set(hub.follower.problems) == {"s-0"}
    assert str(journal) in hub.trouble()[0]
    assert hub.view("s-1").row.state == "ended"
    shutil.rmtree(home / "sessions" / "s-0")
    hub.follower.look()
    assert hub.trouble() == ()


def test_a_damaged_ledger_is_told_with_the_command_that_helps(home, open_hubs):
    (home / LEDGER).write_bytes(b"no database at all" * 100)
    for end in ("-wal", "-shm"):
        (home / f"{LEDGER}{end}").unlink(missing_ok=True)
    hub = open_hubs(home)
    name = folder_of(home).name
    assert "polydesk ledger rebuild --all" in hub.trouble()[0]
    assert [start.session for start in hub.starts()] == [name], "sessions are found by their folders"
    seen = hub.view(name)
    assert seen.live.state == "ended"
    assert "polydesk ledger rebuild" in seen.trouble[0]
    assert hub.brief(name).live is not None
    with pytest.raises(LedgerError):
        hub.ask(views.session_starts)


def test_a_ledger_set_aside_is_noticed_and_filled_again(home, open_hubs):
    hub = open_hubs(home)
    name = folder_of(home).name
    before = hub.view(name)
    for end in ("", "-wal", "-shm"):
        part = home / f"{LEDGER}{end}"
        if part.exists():
            part.rename(home / f"old{end}")
    assert hub.follower.look() == before.records
    hub._views.clear()
    assert hub.view(name).lists == before.lists


def test_a_damaged_live_state_is_told_and_the_rest_is_shown(home, open_hubs):
    (folder_of(home) / "live.state").write_bytes(b"nonsense" * 9)
    seen = open_hubs(home).view(folder_of(home).name)
    assert seen.live is None
    assert "not a live state" in seen.trouble[0]
    assert seen.marks


def test_a_session_without_live_state_or_facts_is_shown_by_numbers(tmp_path, open_hubs):
    home = tmp_path
    run_made(home)
    (folder_of(home) / "live.state").unlink()
    (folder_of(home) / "manifest.json").unlink()
    shutil.rmtree(home / "tape")
    hub = open_hubs(home)
    row = hub.view(folder_of(home).name)
    assert (row.live, row.manifest, row.trouble) == (None, None, ())
    assert row.market_name(0) == "#0"
    assert hub.brief(folder_of(home).name).constructed is None


def test_the_running_session_is_followed_before_a_newer_one_that_ended(view, tmp_path, open_hubs):
    later = msgspec.structs.replace(header("newer"), wall_ns=header().wall_ns + 1)
    write_session(tmp_path / "sessions" / "newer", [[later, *scripted()[0][1:]], *scripted()[1:]])
    write_session(tmp_path / "sessions" / "older", [[header("older")]])
    hub = open_hubs(tmp_path)
    assert [(one.session, one.state) for one in hub.starts()] == [("newer", "ended"), ("older", "running")]
    assert hub.newest() == "newer", "a session that was killed long ago is not followed"
    with SnapshotWriter(hub.folder("older") / "live.state") as writer:
        running = msgspec.structs.replace(view.live, state="running", published_ns=time.time_ns())
        writer.publish(running, 0.0, force=True)
        assert hub.newest() == "older"


def test_the_market_view_has_fills_prices_and_prints_up_to_now(hub, view):
    index = view.lists.fills[0].market
    reading = hub.market(view, index)
    assert reading.missing == READING
    for thread in threading.enumerate():
        if thread.name == "tape history":
            thread.join()
    shown = hub.market(view, index)
    assert shown.missing == ""
    assert {fill.market for fill in shown.fills} == {index}
    assert len(shown.fills) == sum(1 for _ in hub.ask(lambda c: views.latest_fills(c, view.name, 10_000, market=index)))
    assert shown.samples
    assert max(at for at, _, _ in shown.samples) <= view.now_ns
    assert all(0 <= bid < ask <= 10_000 for _, bid, ask in shown.samples)
    assert shown.prints == tuple(sorted(shown.prints, key=lambda one: -one.ts_ns))
    assert hub.market(view, -1).missing == "none"


def test_the_history_is_that_of_the_books(view):
    found = read_history(Path(view.row.tape_path), view.row.tape_sha256)
    for market, samples in found.touch.items():
        assert list(samples[:, 0]) == sorted(samples[:, 0])
        early = int(samples[len(samples) // 2, 0])
        assert found.touch_until(market, early)[-1, 0] <= early
        assert len(found.touch_until(market, 0)) == 0
    assert found.prints_until(0, 0, 5) == []
    assert len(found.touch_until(99, 1 << 62)) == 0


@pytest.mark.parametrize("sha256", ["", "00" * 32])
def test_a_tape_that_is_gone_or_another_is_told(view, tmp_path, sha256):
    histories = Histories()
    path = tmp_path / "gone" if not sha256 else Path(view.row.tape_path)
    key = sha256 or view.row.tape_sha256
    assert histories.get(path, key) == READING
    for thread in threading.enumerate():
        if thread.name == "tape history":
            thread.join()
    told = histories.get(path, key)
    assert str(path) in told
    assert histories.get(path, key) == told, "not tried again at once"


def wait_for_histories():
    for thread in threading.enumerate():
        if thread.name == "tape history":
            thread.join()


def test_what_pages_ask_for_is_kept_and_what_nobody_asks_for_is_let_go(tmp_path, monkeypatch):
    histories = Histories()
    tapes = [f"{number:064}" for number in range(12)]
    for _ in range(2):
        for sha256 in tapes:
            histories.get(tmp_path / "gone", sha256)
        wait_for_histories()
    assert set(histories._known) == set(tapes), "all are shown by some page"
    monkeypatch.setattr("polydesk.monitor.histories._USED_S", -1.0)
    histories.get(tmp_path / "gone", "f" * 64)
    wait_for_histories()
    assert set(histories._known) == {*tapes[-7:], "f" * 64}


def test_a_book_that_is_not_published_is_asked_for(home, open_hubs):
    hub = open_hubs(home)
    name = folder_of(home).name
    seen = hub.view(name)
    running = type(seen)(name, seen.row, msgspec.structs.replace(seen.live, state="running", books=()))
    hub.market(running, 1, history=False)
    assert (folder_of(home) / WANTED).read_text() == "[1]"
    hub.market(running, 0, history=False)
    assert (folder_of(home) / WANTED).read_text() == "[1, 0]"


def test_the_follower_says_when_it_ends(tmp_path):
    follower, stop = Follower(tmp_path), threading.Event()
    thread = threading.Thread(target=follow, args=(follower, stop))
    thread.start()
    assert not follower.ended
    stop.set()
    thread.join()
    assert follower.ended


def test_a_session_that_never_began_is_told(tmp_path, open_hubs):
    folder = tmp_path / "sessions" / "empty"
    folder.mkdir(parents=True)
    (folder / JOURNAL).write_bytes(b"")
    hub = open_hubs(tmp_path)
    assert set(hub.follower.problems) == {"empty"}
    assert session_names(tmp_path) == ["empty"]
    assert [start.session for start in hub.starts()] == ["empty"]


def test_live_states_of_ended_sessions_are_read_once(home, monkeypatch):
    states, folder = LiveStates(), folder_of(home)
    first = states.read(folder)
    monkeypatch.setattr("polydesk.monitor.live_states.read_live_state", lambda _: pytest.fail("read again"))
    assert states.read(folder) is first
    assert states.read(folder.parent / "gone") is None


def test_an_unreadable_live_state_is_told(tmp_path):
    (tmp_path / "live.state").mkdir()
    with pytest.raises(SessionError, match=r"live\.state"):
        LiveStates().read(tmp_path)


def test_the_reader_tells_writes_apart(tmp_path):
    reader = LedgerReader(tmp_path / LEDGER)
    assert reader.signature() == ()
    with reader.reading() as connection:
        assert connection is None
    write_session(tmp_path / "sessions" / "s-1", [[header()]])
    follower = Follower(tmp_path)
    follower.look()
    before = reader.signature()
    write_session(tmp_path / "sessions" / "s-2", [[header("s-2")]])
    follower.look()
    assert reader.signature() != before
    with reader.reading() as connection:
        assert len(views.session_starts(connection)) == 2
    reader.close()
    follower.close()


def test_many_sessions_are_listed_without_reading_each(tmp_path, open_hubs):
    names = [f"s-{number:03}" for number in range(60)]
    for name in names:
        write_session(tmp_path / "sessions" / name, [[header(name)]])
    hub = open_hubs(tmp_path)
    assert [start.session for start in hub.starts()] == sorted(names, reverse=True)
    assert hub._briefs == {}
    assert hub._views == {}
    for name in names:
        hub.view(name)
    assert len(hub._views) <= 12, "what is kept does not grow"
    assert os.path.exists(tmp_path / LEDGER)
