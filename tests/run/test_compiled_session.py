"""Sessions run by the compiled loop: the journal is the interpreted one, a stop is orderly, sweeps need no journal."""

import os
import subprocess
import sys

import pytest

from made import made_tape
from polydesk.model.errors import ConfigError
from polydesk.model.records import Command, Fill, OrderSent, SessionEnded
from polydesk.report.session import read_session
from polydesk.run import compiled
from polydesk.run.compiled import choose, run_without_journal, supports
from polydesk.run.compiled_driver import CompiledDriver
from polydesk.run.replay import verify_session
from polydesk.run.session import resume_session, run_session
from polydesk.run.settings import load_settings
from polydesk.tape import SAMPLES, ensure_sample

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


@pytest.mark.parametrize("name", SAMPLES)
def test_the_journal_over_a_bundled_recording_is_the_interpreted_one(shared_dir, tmp_path, name):
    source = ensure_sample(shared_dir / "sample", name)
    one = run_session(settings(tmp_path / "a"), source, "backtest", nobody, engine="python")
    two = run_session(settings(tmp_path / "b"), source, "backtest", nobody, engine="compiled")
    assert (one.engine, two.engine) == ("python", "compiled")
    records, sha256 = ended(one.path)
    others, other_sha256 = ended(two.path)
    assert others == records
    assert other_sha256 == sha256
    assert [record for record in records if isinstance(record, Fill)]


def test_a_compiled_session_replays(tape, tmp_path):
    path = run_session(
        settings(tmp_path, "exchange.feed_latency_ms=30"), tape, "backtest", nobody, engine="compiled"
    ).path
    verdict = verify_session(path)
    assert verdict.identical, verdict.first_difference


@pytest.mark.parametrize("feed_ms", [0, 40])
def test_a_stop_is_orderly_and_replays(tape, tmp_path, monkeypatch, feed_ms):
    """Stopped in the middle: the command is recorded, everything is cancelled, and a replay meets it in its place."""
    chosen = settings(tmp_path, f"exchange.feed_latency_ms={feed_ms}")
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


def test_without_a_journal_the_result_is_the_sessions(tape, tmp_path):
    chosen = settings(tmp_path)
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
    both = settings(tmp_path, "desk.strategies.mean_reversion.enabled=true")
    assert supports(both) == "strategy mean_reversion is not compiled"
    assert supports(settings(tmp_path)) == ""
    assert "paced" in supports(settings(tmp_path, "run.speed=10"))
    assert supports(settings(tmp_path, "desk.strategies.inventory_maker.enabled=false")) == "no strategy is enabled"
    with pytest.raises(ConfigError, match="mean_reversion is not compiled; use --engine auto or python"):
        choose(both, tape, "compiled")
    assert choose(both, tape, "auto") == "python"
    monkeypatch.setattr(compiled, "is_compiled", lambda: False)
    assert choose(settings(tmp_path), tape, "auto") == "python"
    monkeypatch.setattr(compiled, "WORTH_COMPILING_ROWS", 1)
    assert choose(settings(tmp_path), tape, "auto") == "compiled"


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
