"""Sessions with feed latency: the desk sees the market late, and everything else holds as without."""

import json

import pytest

from desk_bench import BUSY, Cut, Kept, session
from made import made_tape
from polydesk.exchange import ExchangeConfig
from polydesk.model.records import Command, OrderSent
from polydesk.portfolio import broken_identities, broken_totals
from polydesk.report.session import read_session
from polydesk.run.checkpoint import read_checkpoint, restore_machine, write_checkpoint
from polydesk.run.driver import Driver
from polydesk.run.machine import new_machine
from polydesk.run.pace import Pace
from polydesk.run.replay import verify_session
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings
from polydesk.run.what_if import what_if

LATE = ExchangeConfig(feed_latency_ms=180, jitter=0.5, failure_rate=0.1, queue_model="probability")
LIVELY = (
    "desk.strategies.mean_reversion.warm_up_s=5", "desk.strategies.mean_reversion.half_life_s=10",
    "desk.strategies.mean_reversion.min_deviation=0.01", "desk.strategies.mean_reversion.min_confidence=0.05",
    "desk.risk.entry_cooldown_s=5", "exchange.feed_latency_ms=120",
)  # fmt: skip


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=5)


@pytest.fixture(scope="module")
def late(tape):
    return session(tape, exchange=LATE)


def settings(data_dir, *more):
    return load_settings(None, {}, [f"data_dir={data_dir}", "run.speed=max", *LIVELY, *more]).settings


def test_the_desk_acts_on_what_it_has_seen(tape, late):
    machine, records = late
    rows = next(iter(tape.batches()))
    sent = [one for one in records if isinstance(one, OrderSent)]
    assert len(sent) > 20
    behind = [one.ts_ns - int(rows["ts_ns"][one.seq]) for one in sent]
    assert min(behind) >= 90_000_000
    ahead = [int((rows["ts_ns"] <= one.ts_ns).sum()) - 1 - one.seq for one in sent]
    assert max(ahead) > 0  # the venue is there already
    assert machine.view is not machine.books
    assert (machine.view.size == machine.books.size).all()


def test_the_money_adds_up(late):
    machine, _ = late
    account = machine.desk.state.account
    assert broken_identities(account) == broken_totals(account) == ""
    assert machine.venue.account().cash_u6 == account.matched.cash_u6 == account.confirmed.cash_u6
    assert machine.desk.state.working.orders == {}


def test_without_latency_there_is_one_book_and_the_same_session(tape):
    machine, records = session(tape)
    assert machine.view is machine.books
    assert records == session(tape, exchange=ExchangeConfig(feed_latency_ms=0))[1]


@pytest.mark.parametrize("step", [1, 7, 61])
def test_how_the_tape_is_cut_into_batches_does_not_matter(tape, late, step):
    stop = tape.manifest.rows if step > 7 else 900
    whole = late[1] if step > 7 else session(Cut(tape, stop), exchange=LATE)[1]
    assert session(Cut(tape, stop, edges=range(3, stop, step)), exchange=LATE)[1] == whole


CUTS = (0, 3, 11, 40)


@pytest.fixture(scope="module")
def checkpoints(tape, late, tmp_path_factory):
    """The checkpoints of one session, each in a folder of its own."""
    folders = {cut: tmp_path_factory.mktemp(f"checkpoint-{cut}") for cut in CUTS}
    count = 0

    def checkpoint(machine, kept):
        nonlocal count
        if count in folders:
            write_checkpoint(folders[count], machine, len(kept.records), "code")
        count += 1

    cutting = Cut(tape, edges=range(5, tape.manifest.rows, 83))
    assert session(cutting, exchange=LATE, checkpoint=checkpoint)[1] == late[1]
    return folders


@pytest.mark.parametrize("cut", CUTS)
def test_a_checkpoint_continues_identically(tape, late, checkpoints, cut):
    kept = read_checkpoint(checkpoints[cut], "code", len(late[1]))
    machine = new_machine(tape.manifest, BUSY, LATE, 1)
    restore_machine(kept, machine)
    assert machine.feed.venue_row > machine.next_row
    rest = Kept(kept.records)
    Driver(tape, machine, rest, Pace(None, lambda: 0), lambda _: None, lambda: None).run()
    assert rest.records == late[1][kept.records :]


def test_replay_is_identical_and_what_if_takes_the_latency_away(tape, tmp_path):
    result = run_session(settings(tmp_path), tape, "paper", lambda *_: None)
    verdict = verify_session(result.path)
    assert (verdict.identical, verdict.first_difference) == (True, "")
    assert verdict.compared > 50
    other = what_if(result.path, ["exchange.feed_latency_ms=0"])
    assert other.first_difference != ""


def test_a_stopped_session_replays(tape, tmp_path, monkeypatch):
    monkeypatch.setattr("polydesk.run.driver._LOOK_EVERY_NS", 0)
    drivers = []
    real = Driver.__init__

    def init(self, *args):
        real(self, *args)
        drivers.append(self)

    monkeypatch.setattr(Driver, "__init__", init)

    def look(_machine, progress):
        if progress.rows > 1_000:
            drivers[0].stop("test")

    result = run_session(settings(tmp_path), tape, "paper", look)
    assert result.reason == "stopped"
    assert any(isinstance(one, Command) for one in read_session(result.path)[1])
    verdict = verify_session(result.path)
    assert (verdict.identical, verdict.first_difference) == (True, "")


def test_measured_latencies_replay_without_the_original(tape, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("leg,latency_ms\nfeed,30\nfeed,90\norder,20\norder,45\ncancel,15\nanswer,5\nanswer,25\n")
    result = run_session(settings(tmp_path, f"exchange.latency_file={file}"), tape, "paper", lambda *_: None)
    header, _ = read_session(result.path)
    assert len(json.loads(header.config)["exchange"]["latency_sha256"]) == 64
    file.unlink()
    verdict = verify_session(result.path)
    assert (verdict.identical, verdict.first_difference) == (True, "")
