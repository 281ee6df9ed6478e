"""Whole sessions over small tapes: determinism, replay, what-if, resumption."""

import json
import random
import shutil

import pytest
from msgspec.structs import replace

from made import made_tape
from polydesk.model.errors import JournalError, SessionError
from polydesk.model.records import Command, Fill, OrderSent, SessionEnded, SessionHalted, SessionResumed
from polydesk.report.session import read_session
from polydesk.run.checkpoint import FILE_NAME as CHECKPOINT
from polydesk.run.driver import Driver
from polydesk.run.recorder import Diverged, without_marks
from polydesk.run.replay import verify_session
from polydesk.run.session import resume_session, run_session, session_config
from polydesk.run.settings import load_settings
from polydesk.run.what_if import what_if
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import JournalWriter, journal_hash
from polydesk.tape.verdict import FILE_NAME as VERDICT
from polydesk.tape.verdict import read_verdict, verdict_of

LIVELY = (
    "desk.strategies.mean_reversion.warm_up_s=5",
    "desk.strategies.mean_reversion.half_life_s=10",
    "desk.strategies.mean_reversion.min_deviation=0.01",
    "desk.strategies.mean_reversion.min_confidence=0.05",
    "desk.risk.entry_cooldown_s=5",
)


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3)


def settings(data_dir, *more):
    return load_settings(None, {}, [f"data_dir={data_dir}", "run.speed=max", *LIVELY, *more]).settings


def nobody(_machine, _progress):
    return None


@pytest.fixture(scope="module")
def done(tape, tmp_path_factory):
    """A paper session over the tape that nobody changes; ``copy_of`` gives one that may be."""
    return run_session(settings(tmp_path_factory.mktemp("done")), tape, "paper", nobody)


def copy_of(done, data_dir):
    folder = data_dir / "sessions" / done.path.name
    shutil.copytree(done.path, folder)
    return replace(done, path=folder)


def session_hash(folder):
    _, records = read_session(folder)
    ended = records[-1]
    assert isinstance(ended, SessionEnded)
    return ended.journal_sha256


def test_the_made_tape_makes_the_desk_do_everything(done):
    result = done
    _, records = read_session(result.path)
    fills = [r for r in records if isinstance(r, Fill)]
    sent = {r.intent.id: r.intent for r in records if isinstance(r, OrderSent)}
    assert {sent[f.intent].strategy for f in fills} == {"mean_reversion", "inventory_maker"}
    assert {f.cause.value for f in fills} == {"print", "trade_through", "book"}
    assert {sent[f.intent].purpose.value for f in fills} == {"entry", "exit", "quote"}
    assert result.reason == "tape_end"


def test_the_same_seed_gives_the_same_journal_and_another_seed_another(tape, done, tmp_path):
    same, other = (
        session_hash(run_session(settings(tmp_path, f"run.seed={seed}"), tape, "paper", nobody).path) for seed in (0, 2)
    )
    assert session_hash(done.path) == same != other


def test_backtest_and_paper_write_equal_journals(tape, done, tmp_path):
    one = done
    two = run_session(settings(tmp_path), tape, "backtest", nobody)
    assert without_marks(read_session(one.path)[1]) == without_marks(read_session(two.path)[1])
    assert session_hash(one.path) == session_hash(two.path)


def test_the_recorded_hash_is_the_hash_of_the_records(done):
    result = done
    header, records = read_session(result.path)
    assert journal_hash(records, header.tape_sha256) == session_hash(result.path)


def test_a_session_keeps_whether_its_tape_is_good_data(tape, done, tmp_path):
    result = copy_of(done, tmp_path)
    assert read_verdict(result.path) == verdict_of(tape)
    header, records = read_session(result.path)
    (result.path / VERDICT).write_bytes(b"{}")
    assert verify_session(result.path).identical
    assert journal_hash(records, header.tape_sha256) == session_hash(result.path)


def test_a_session_whose_folder_takes_no_verdict_is_an_error(tape, tmp_path, monkeypatch):
    monkeypatch.setattr("polydesk.run.session._new_name", lambda mode: f"{mode}-blocked")
    (tmp_path / "sessions" / "paper-blocked" / VERDICT).mkdir(parents=True)
    with pytest.raises(SessionError, match=r"paper-blocked: manifest\.json and verdict\.json cannot be written"):
        run_session(settings(tmp_path), tape, "paper", nobody)


def test_replay_is_identical(done):
    result = done
    verdict = verify_session(result.path)
    assert verdict.identical
    assert verdict.fingerprint == []
    assert verdict.compared > 100


def test_replay_names_the_first_difference(done, tmp_path):
    """A journal that claims another price of one order, and is otherwise whole, is found out."""
    result = done
    header, records = read_session(result.path)
    position = next(i for i, r in enumerate(records) if isinstance(r, OrderSent))
    forged = records[position]
    intent = type(forged.intent)(
        **{**{f: getattr(forged.intent, f) for f in forged.intent.__struct_fields__}, "price_g4": 1}
    )
    records[position] = OrderSent(forged.seq, forged.ts_ns, intent, forged.checks)
    (tmp_path / "forged").mkdir()
    journal = JournalWriter.create(tmp_path / "forged" / JOURNAL, header)
    for record in records[1:]:
        journal.append(record)
    journal.close()
    verdict = verify_session(tmp_path / "forged")
    assert not verdict.identical
    assert "intent.price_g4 recorded 1, now" in verdict.first_difference


def test_replay_says_that_the_tape_is_gone_or_another(tape, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tape.path, copy)
    from polydesk.tape import open_tape

    result = run_session(settings(tmp_path), open_tape(copy), "paper", nobody)
    shutil.rmtree(copy)
    with pytest.raises(SessionError, match=str(copy)):
        verify_session(result.path)
    made_tape(copy, seed=4)
    with pytest.raises(SessionError, match="put the old tape back"):
        verify_session(result.path)


def test_what_if_lists_what_changes(done):
    result = done
    wider = what_if(result.path, ["desk.strategies.inventory_maker.half_spread=0.05"])
    assert wider.changed == {"desk.strategies.inventory_maker.half_spread": ("0.015", "0.05")}
    assert wider.orders_differing > 0
    assert wider.first_difference
    same = what_if(result.path, ["desk.strategies.inventory_maker.half_spread=0.015"])
    assert (same.first_difference, same.orders_differing, same.changed) == ("", 0, {})
    with pytest.raises(SessionError, match="--set"):
        what_if(result.path, [])


def test_a_stop_cancels_everything_and_replays(tape, tmp_path, monkeypatch):
    """The operator stops in the middle; nothing works afterwards and the session is still reproducible."""
    drivers = []
    real = Driver.__init__

    def remember(self, *args, **kwargs):
        real(self, *args, **kwargs)
        drivers.append(self)

    monkeypatch.setattr(Driver, "__init__", remember)

    def stop_halfway(_machine, progress):
        if progress.rows > progress.total // 2:
            drivers[0].stop("test")

    monkeypatch.setattr("polydesk.run.driver._LOOK_EVERY_NS", 0)
    result = run_session(settings(tmp_path), tape, "paper", stop_halfway)
    _, records = read_session(result.path)
    assert result.reason == "stopped"
    assert any(isinstance(r, Command) and r.name == "stop" for r in records)
    assert records[-1].rows < tape.manifest.rows
    assert verify_session(result.path).identical


def cut_journal(folder, records, keep, header):
    """Leave a journal as a crash after ``keep`` records would."""
    (folder / JOURNAL).unlink()
    journal = JournalWriter.create(folder / JOURNAL, header)
    for record in records[1:keep]:
        journal.append(record)
    journal.close()


def test_resuming_from_any_point_gives_the_uninterrupted_session(done, tmp_path):
    """A journal cut after any record continues to the same records and hash: nothing lost, nothing doubled."""
    result = copy_of(done, tmp_path)
    header, records = read_session(result.path)
    want, want_hash = without_marks(records), session_hash(result.path)
    rng = random.Random(7)
    for keep in [1, 2, len(records) - 1, *rng.sample(range(3, len(records) - 1), 3)]:
        folder = tmp_path / "sessions" / f"cut-{keep}"
        shutil.copytree(result.path, folder)
        cut_journal(folder, records, keep, header)
        resumed = resume_session(settings(tmp_path), folder, nobody)
        _, again = read_session(folder)
        assert resumed.reason == "tape_end"
        assert without_marks(again) == want
        assert session_hash(folder) == want_hash
        assert sum(isinstance(r, SessionResumed) for r in again) == 1


def test_resuming_across_a_stop_command(tape, tmp_path, monkeypatch):
    """The operator's stop is in the recorded part: the repeated session meets it at the same place."""
    test_a_stop_cancels_everything_and_replays(tape, tmp_path, monkeypatch)
    folder = next((tmp_path / "sessions").iterdir())
    header, records = read_session(folder)
    at = next(i for i, r in enumerate(records) if isinstance(r, Command))
    for keep in (at + 1, at + 2, len(records) - 1):
        other = tmp_path / "sessions" / f"cut-{keep}"
        shutil.copytree(folder, other)
        cut_journal(other, records, keep, header)
        assert resume_session(settings(tmp_path), other, nobody).reason == "stopped"
        assert without_marks(read_session(other)[1]) == without_marks(records)


def test_checkpoints_are_used_and_a_bad_one_is_not(tape, tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr("polydesk.tape.reader.GROUP_ROWS", 512)
    monkeypatch.setattr("polydesk.tape.reader.Tape.batches", small_batches(tape))
    from polydesk.run import session as session_module

    real = session_module.write_checkpoint

    def keep_copy(folder, machine, records, code):
        real(folder, machine, records, code)
        kept[records] = (folder / CHECKPOINT).read_bytes()

    monkeypatch.setattr(session_module, "write_checkpoint", keep_copy)
    result = run_session(settings(tmp_path, "run.checkpoint_rows=1500"), tape, "paper", nobody)
    header, records = read_session(result.path)
    assert len(kept) >= 2
    assert not (result.path / CHECKPOINT).exists()
    at, data = sorted(kept.items())[-1]
    for content in (data, data[:-1], b""):
        folder = tmp_path / "sessions" / f"c{len(content)}"
        shutil.copytree(result.path, folder)
        cut_journal(folder, records, 1 + at + 5, header)
        (folder / CHECKPOINT).write_bytes(content)
        resume_session(settings(tmp_path), folder, nobody)
        assert without_marks(read_session(folder)[1]) == without_marks(records)
        assert session_hash(folder) == session_hash(result.path)


def small_batches(tape):
    from polydesk.tape.reader import Tape

    real = Tape.batches

    def batches(self, start=0, stop=None, batch_rows=512):
        return real(self, start, stop, batch_rows)

    return batches


def test_a_finished_session_is_left_alone(done, tmp_path):
    result = copy_of(done, tmp_path)
    before = (result.path / JOURNAL).read_bytes()
    assert resume_session(settings(tmp_path), result.path, nobody) == result
    assert (result.path / JOURNAL).read_bytes() == before


def test_a_session_that_would_differ_is_not_continued(done, tmp_path):
    """Continuing under something that decides otherwise is noticed before anything is written."""
    result = copy_of(done, tmp_path)
    header, records = read_session(result.path)
    config = json.loads(header.config)
    config["desk"]["strategies"]["inventory_maker"]["half_spread"] = 0.05
    other = type(header)(**{**{f: getattr(header, f) for f in header.__struct_fields__}, "config": json.dumps(config)})
    folder = tmp_path / "sessions" / "other"
    shutil.copytree(result.path, folder)
    cut_journal(folder, records, len(records) // 2, other)
    with pytest.raises(Diverged, match="recorded"):
        resume_session(settings(tmp_path), folder, nobody)
    assert isinstance(read_session(folder)[1][-1], SessionHalted)


def test_two_processes_cannot_run_one_session(done, tmp_path):
    result = copy_of(done, tmp_path)
    journal, _ = JournalWriter.resume(result.path / JOURNAL)
    with pytest.raises(JournalError, match="running"):
        resume_session(settings(tmp_path), result.path, nobody)
    journal.close()


def test_a_folder_without_session_is_named(tmp_path):
    with pytest.raises(SessionError, match="no session"):
        read_session(tmp_path)


def test_a_strategy_added_later_is_off_in_an_older_session(tape, tmp_path):
    result = run_session(settings(tmp_path, "desk.strategies.mean_reversion.enabled=false"), tape, "paper", nobody)
    header = read_session(result.path)[0]
    config = json.loads(header.config)
    del config["desk"]["strategies"]["mean_reversion"]
    older = type(header)(**{**{f: getattr(header, f) for f in header.__struct_fields__}, "config": json.dumps(config)})
    assert not session_config(older).desk.strategies.mean_reversion.enabled


def test_a_strategy_that_is_gone_is_named(done):
    result = done
    header = read_session(result.path)[0]
    config = json.loads(header.config)
    config["desk"]["strategies"]["cheap_side"] = {}
    newer = type(header)(**{**{f: getattr(header, f) for f in header.__struct_fields__}, "config": json.dumps(config)})
    with pytest.raises(SessionError, match=r"desk\.strategies\.cheap_side"):
        session_config(newer)


@pytest.mark.parametrize("more", [(), ("exchange.feed_latency_ms=150", "exchange.answer_latency_ms=0")])
def test_a_stop_at_any_moment_can_be_verified(tape, tmp_path, monkeypatch, more):
    """The command's place among rows and venue news is recorded: stops at many moments replay identically."""
    monkeypatch.setattr("polydesk.run.driver._LOOK_EVERY_NS", 0)
    real = Driver.__init__
    drivers = []

    def remember(self, *args, **kwargs):
        real(self, *args, **kwargs)
        drivers.append(self)

    monkeypatch.setattr(Driver, "__init__", remember)
    rng = random.Random(5)
    for number in range(8):
        looks = rng.randrange(5, 1_500)

        def stop_then(_machine, _progress, left=[looks]):  # noqa: B006 - one counter per run
            left[0] -= 1
            if left[0] == 0:
                drivers[-1].stop("test")

        result = run_session(settings(tmp_path / str(number), *more), tape, "paper", stop_then)
        monkeypatch.setattr(Driver, "__init__", real)
        verdict = verify_session(result.path)
        monkeypatch.setattr(Driver, "__init__", remember)
        assert verdict.identical, (looks, verdict.first_difference)


@pytest.mark.parametrize("feed_ms", [0, 50])
def test_how_often_checkpoints_are_written_does_not_matter(tape, tmp_path, feed_ms):
    """Also with equal times at the venue: the hand-over at a batch's end must not decide who is first."""
    even = ("exchange.jitter=0", "exchange.order_latency_ms=50", "exchange.cancel_latency_ms=50",
            "exchange.answer_latency_ms=25", "exchange.confirm_s=0", f"exchange.feed_latency_ms={feed_ms}")  # fmt: skip
    hashes = {
        rows: session_hash(
            run_session(settings(tmp_path, *even, f"run.checkpoint_rows={rows}"), tape, "paper", nobody).path
        )
        for rows in (10**9, 37, 400)
    }
    assert len(set(hashes.values())) == 1, hashes


def test_a_crash_after_the_last_row_resumes_from_its_checkpoint(tape, tmp_path, monkeypatch):
    """The checkpoint may stand at the very end of the tape: the end is recorded at the same time as before."""
    from polydesk.run import session as session_module

    kept = []
    real = session_module.write_checkpoint

    def keep_copy(folder, machine, records, code):
        real(folder, machine, records, code)
        kept.append(((folder / CHECKPOINT).read_bytes(), records))

    monkeypatch.setattr(session_module, "write_checkpoint", keep_copy)
    result = run_session(settings(tmp_path, f"run.checkpoint_rows={tape.manifest.rows}"), tape, "paper", nobody)
    assert len(kept) == 1
    header, records = read_session(result.path)
    data, at = kept[-1]
    folder = tmp_path / "sessions" / "late"
    shutil.copytree(result.path, folder)
    cut_journal(folder, records, 1 + at, header)
    (folder / CHECKPOINT).write_bytes(data)
    seen = []
    resume_session(settings(tmp_path), folder, lambda _machine, progress: seen.append(progress))
    assert session_hash(folder) == session_hash(result.path)
    sent = sum(isinstance(record, OrderSent) for record in records)
    filled = sum(isinstance(record, Fill) for record in records)
    assert (seen[-1].orders, seen[-1].fills) == (sent, filled), "also what happened before the checkpoint counts"
