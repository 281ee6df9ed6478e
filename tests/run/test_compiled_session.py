"""Sessions run by the compiled loop: the journal is the interpreted one, a stop is orderly, sweeps need no journal."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from made import made_tape
from polydesk.model.errors import ConfigError, SessionInterrupted
from polydesk.model.records import Command, Fill, OrderSent, SessionEnded
from polydesk.report.session import read_session
from polydesk.run import compiled
from polydesk.run.compiled import choose, run_without_journal, supports
from polydesk.run.compiled_driver import CompiledDriver
from polydesk.run.recorder import without_marks
from polydesk.run.replay import verify_session
from polydesk.run.session import resume_session, run_session
from polydesk.run.settings import load_settings
from polydesk.strategies.mean_reversion import MeanReversion
from polydesk.tape import SAMPLES, ensure_sample
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import JournalWriter

MAKER = (
    "desk.strategies.mean_reversion.enabled=false",
    "desk.strategies.inventory_maker.warm_up_s=1",
    "desk.strategies.inventory_maker.half_spread=0.005",
)


def settings(data_dir, *more):
    return load_settings(None, {}, [f"data_dir={data_dir}", "run.speed=max", *MAKER, *more]).settings


def nobody(_machine, _progress):
    return None


def ended(folder):
    _, records = read_session(folder)
    assert isinstance(records[-1], SessionEnded)
    return records[1:-1], records[-1].journal_sha256


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3)


EAGER = (
    "desk.strategies.mean_reversion.enabled=true",
    "desk.strategies.mean_reversion.warm_up_s=5",
    "desk.strategies.mean_reversion.min_deviation=0.01",
    "desk.strategies.mean_reversion.min_confidence=0.01",
    "desk.cost.risk_premium=0",
    "desk.sizing.position_fraction=0.01",
)
ONLY_PYTHON = (*EAGER, "desk.strategies.inventory_maker.enabled=false")
SESSIONS = {"compiled": (), "python": ONLY_PYTHON, "both": EAGER, "delayed": (*EAGER, "exchange.feed_latency_ms=40")}


@pytest.mark.parametrize("asked", SESSIONS)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "resolvedkit")) for name in SAMPLES]
)
def test_the_journal_over_a_bundled_recording_is_the_interpreted_one(shared_dir, tmp_path, name, asked):
    source = ensure_sample(shared_dir / "sample", name)
    one = run_session(settings(tmp_path / "a", *SESSIONS[asked]), source, "backtest", nobody, engine="python")
    two = run_session(settings(tmp_path / "b", *SESSIONS[asked]), source, "backtest", nobody, engine="compiled")
    assert (one.engine, two.engine) == ("python", "compiled")
    records, sha256 = ended(one.path)
    others, other_sha256 = ended(two.path)
    assert others == records
    assert other_sha256 == sha256
    assert [record for record in records if isinstance(record, Fill)]


@pytest.mark.parametrize("more", [(), EAGER])
def test_a_compiled_session_replays(tape, tmp_path, more):
    path = run_session(
        settings(tmp_path, "exchange.feed_latency_ms=30", *more), tape, "backtest", nobody, engine="compiled"
    ).path
    verdict = verify_session(path)
    assert verdict.identical, verdict.first_difference


@pytest.mark.parametrize("more", [(), EAGER])
@pytest.mark.parametrize("feed_ms", [0, 40])
def test_a_stop_is_orderly_and_replays(tape, tmp_path, monkeypatch, feed_ms, more):
    """Stopped in the middle: the command is recorded, everything is cancelled, and a replay meets it in its place."""
    chosen = settings(tmp_path, f"exchange.feed_latency_ms={feed_ms}", *more)
    made = []

    class Stopping(CompiledDriver):
        def __init__(self, *args):
            super().__init__(*args, batch_rows=500, chunk_rows=100)
            made.append(self)

    monkeypatch.setattr("polydesk.run.session.driver_type", lambda: Stopping)
    monkeypatch.setattr("polydesk.run.compiled_driver._LOOK_EVERY_NS", 0)

    def look(_machine, progress):
        if progress.rows > 2_000:
            made[0].stop("SIGINT")

    result = run_session(chosen, tape, "backtest", look, engine="compiled")
    assert result.reason == "stopped"
    records, _ = ended(result.path)
    assert [record.name for record in records if isinstance(record, Command)] == ["stop"]
    assert max(record.seq for record in records) < tape.manifest.rows - 1
    verdict = verify_session(result.path)
    assert verdict.identical, verdict.first_difference
    assert resume_session(chosen, result.path, nobody).reason == "stopped"


@pytest.mark.parametrize("place", range(300, 19_000, 2_300))
def test_a_stop_anywhere_under_feed_latency_comes_after_what_the_venue_did(tape, tmp_path, monkeypatch, place):
    """The venue's books are ahead of the desk's view: with orders of a millisecond a stop in its past would show."""
    quick = ("exchange.feed_latency_ms=40", "exchange.order_latency_ms=1", "exchange.cancel_latency_ms=1", *EAGER)
    made = []

    class Stopping(CompiledDriver):
        def __init__(self, *args):
            super().__init__(*args, batch_rows=500, chunk_rows=53)
            made.append(self)

    monkeypatch.setattr("polydesk.run.session.driver_type", lambda: Stopping)
    monkeypatch.setattr("polydesk.run.compiled_driver._LOOK_EVERY_NS", 0)

    def look(_machine, progress):
        if progress.rows > place:
            made[0].stop("SIGINT")

    result = run_session(settings(tmp_path, *quick), tape, "backtest", look, engine="compiled")
    assert result.reason == "stopped"
    verdict = verify_session(result.path)
    assert verdict.identical, verdict.first_difference


def test_a_compiled_backtest_that_was_cut_off_is_continued_compiled(tape, tmp_path, monkeypatch):
    """Whatever speed the caller's configuration says: a backtest goes as fast as it can."""
    monkeypatch.setattr("polydesk.run.compiled.is_compiled", lambda: True)
    path = run_session(settings(tmp_path), tape, "backtest", nobody, engine="compiled").path
    header, records = read_session(path)
    cut_off(path, header, records[1 : len(records) // 2])
    resumed = resume_session(settings(tmp_path, "run.speed=60.0"), path, nobody)
    assert (resumed.engine, resumed.reason) == ("compiled", "tape_end")
    assert without_marks(read_session(path)[1]) == without_marks(records)
    assert ended(path)[1] == records[-1].journal_sha256
    assert verify_session(path).identical


def test_a_recorded_command_is_met_by_the_interpreted_loop(tape, tmp_path, monkeypatch):
    monkeypatch.setattr("polydesk.run.compiled.is_compiled", lambda: True)
    test_a_stop_is_orderly_and_replays(tape, tmp_path, monkeypatch, 0, ())
    (path,) = (tmp_path / "sessions").iterdir()
    header, records = read_session(path)
    cut_off(path, header, records[1:-2])
    resumed = resume_session(settings(tmp_path), path, nobody)
    assert (resumed.engine, resumed.reason) == ("python", "stopped")
    assert without_marks(read_session(path)[1]) == without_marks(records)


def test_ctrl_c_while_a_compiled_session_repeats_leaves_it_to_be_continued(tape, tmp_path, monkeypatch):
    monkeypatch.setattr("polydesk.run.compiled.is_compiled", lambda: True)
    monkeypatch.setattr("polydesk.run.compiled_driver._LOOK_EVERY_NS", 0)
    path = run_session(settings(tmp_path), tape, "backtest", nobody, engine="compiled").path
    header, records = read_session(path)
    cut_off(path, header, records[1:-5])

    class Slowly(CompiledDriver):
        def __init__(self, *args):
            super().__init__(*args, batch_rows=500, chunk_rows=100)

    monkeypatch.setattr("polydesk.run.session.driver_type", lambda: Slowly)

    def look(_machine, progress):
        if 2_000 < progress.rows < 3_000:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SessionInterrupted):
        resume_session(settings(tmp_path), path, look)
    resumed = resume_session(settings(tmp_path), path, nobody)
    assert (resumed.engine, resumed.reason) == ("compiled", "tape_end")
    assert without_marks(read_session(path)[1]) == without_marks(records)


def cut_off(path, header, records):
    """Leave a journal as a crash would."""
    (path / JOURNAL).unlink()
    journal = JournalWriter.create(path / JOURNAL, header)
    for record in records:
        journal.append(record)
    journal.close()


@pytest.mark.parametrize("more", [(), EAGER])
def test_without_a_journal_the_result_is_the_sessions(tape, tmp_path, more):
    chosen = settings(tmp_path, *more)
    result = run_without_journal(chosen, tape)
    machines = []
    path = run_session(
        chosen, tape, "backtest", lambda machine, _progress: machines.append(machine), engine="python"
    ).path
    records, _ = ended(path)
    fills = [record for record in records if isinstance(record, Fill)]
    assert (result.orders, result.fills) == (sum(isinstance(r, OrderSent) for r in records), len(fills))
    assert result.volume_u6 == sum(fill.size_u6 for fill in fills)
    assert result.fees_u6 == sum(fill.fee_u6 for fill in fills)
    account = machines[-1].desk.state.account.matched
    assert result.pnl_u6[0] == account.cash_u6 - account.deposits_u6  # every market has paid out
    assert not list(tmp_path.glob("sessions/*/journal.pdj"))[1:]
    assert result.rows == tape.manifest.rows
    assert result.broken == ""


def test_what_it_cannot_run_is_said(tape, tmp_path, monkeypatch):
    assert supports(settings(tmp_path)) == supports(settings(tmp_path, *EAGER)) == ""
    paced = settings(tmp_path, "run.speed=10")
    assert supports(paced) == "a session at a set speed is paced row by row"
    assert supports(settings(tmp_path, "desk.strategies.inventory_maker.enabled=false")) == "no strategy is enabled"
    with pytest.raises(ConfigError, match="paced row by row; use --engine auto or python"):
        choose(paced, tape, "compiled")
    assert choose(paced, tape, "auto") == "python"
    for more in ((), EAGER):
        with monkeypatch.context() as patched:
            patched.setattr(compiled, "is_compiled", lambda: False)
            assert choose(settings(tmp_path, *more), tape, "auto") == "python"
            patched.setattr(compiled, "WORTH_COMPILING_ROWS", 1)
            assert choose(settings(tmp_path, *more), tape, "auto") == "compiled"


def test_an_interrupted_session_in_the_middle_of_a_question_goes_on(tape, tmp_path, monkeypatch):
    """A second Ctrl-C while a strategy decides: what was written is a beginning, and the rest is repeated from it."""
    whole = run_session(settings(tmp_path / "whole", *EAGER), tape, "backtest", nobody, engine="python")
    chosen = settings(tmp_path / "cut", *EAGER)
    decide, asked = MeanReversion.decide, []

    def interrupted(self, view, state):
        asked.append(view)
        if len(asked) == 500:
            raise KeyboardInterrupt
        return decide(self, view, state)

    monkeypatch.setattr("polydesk.run.session.driver_type", lambda: partial(CompiledDriver, chunk_rows=1_000))
    monkeypatch.setattr("polydesk.run.compiled_driver._LOOK_EVERY_NS", 0)
    monkeypatch.setattr(MeanReversion, "decide", interrupted)
    with pytest.raises(SessionInterrupted) as cut:
        run_session(chosen, tape, "backtest", nobody, engine="compiled")
    folder = cut.value.folder
    written = read_session(folder)[1][1:]
    assert len(written) > 100
    assert resume_session(chosen, folder, nobody).reason == "tape_end"
    records, sha256 = ended(folder)
    assert records[: len(written)] == written
    assert (without_marks(records), sha256) == ended(whole.path)


def test_a_second_process_compiles_nothing_and_loads_the_entries_only():
    # Beside the entries the loop is one piece of machine code: loading every part of it again would take seconds.
    compiled.driver_type()
    code = """
from polydesk.kernel import compiled_now
from polydesk.kernel.jit import _compiled
from polydesk.run.compiled import driver_type, is_compiled
ready = is_compiled()
driver_type()
loaded = [one.py_func.__name__ for one in _compiled if one.overloads and "desk.loop" in one.py_func.__module__]
print(ready, compiled_now(), *sorted(loaded))
"""
    told = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "0", "has_room", "next_due_ns", "run"]
