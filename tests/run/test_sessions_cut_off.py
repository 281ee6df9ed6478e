"""Ctrl-C before a session begins and after it has ended."""

import pytest

from made import made_tape
from polydesk.model.errors import SessionInterrupted
from polydesk.model.records import SessionEnded
from polydesk.report.session import read_session
from polydesk.run.replay import verify_session
from polydesk.run.session import resume_session, run_session
from polydesk.run.settings import load_settings
from polydesk.tape.verdict import FILE_NAME as VERDICT


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3)


def configured(data_dir, *more):
    return load_settings(None, {}, [f"data_dir={data_dir}", "run.speed=max", *more]).settings


def nobody(_machine, _progress):
    return None


def test_a_session_cut_off_while_it_was_set_up_is_continued(tape, tmp_path, monkeypatch):
    """Its latencies and the facts of its tape are kept then, should the first attempt not have come to it."""
    file = tmp_path / "mine.csv"
    file.write_text("leg,latency_ms\norder,20\norder,45\ncancel,15\nanswer,5\n")
    mine = configured(tmp_path, f"exchange.latency_file={file}")

    def ctrl_c(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("polydesk.run.session._keep_facts", ctrl_c)
    with pytest.raises(SessionInterrupted) as found:
        run_session(mine, tape, "paper", nobody)
    monkeypatch.undo()
    folder = found.value.folder
    assert not (folder / VERDICT).exists()
    assert resume_session(mine, folder, nobody).reason == "tape_end"
    assert (folder / VERDICT).exists()
    file.unlink()
    assert verify_session(folder).identical


def test_ctrl_c_after_the_end_says_nothing_of_a_session_to_continue(tape, tmp_path, monkeypatch):
    def ctrl_c(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("polydesk.run.publish.Publisher.finish", ctrl_c)
    with pytest.raises(KeyboardInterrupt) as found:
        run_session(configured(tmp_path), tape, "paper", nobody)
    assert not isinstance(found.value, SessionInterrupted)
    (folder,) = (tmp_path / "sessions").iterdir()
    assert isinstance(read_session(folder)[1][-1], SessionEnded)
