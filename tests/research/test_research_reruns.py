"""A session run again: the same under the same rules, kept beside its journal under others."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from made import made_tape
from polydesk.model.errors import ConfigError, SessionError
from polydesk.model.records import Cause, Fill
from polydesk.report.build import build_report
from polydesk.report.final_json import result
from polydesk.report.session import Session, open_session, read_session
from polydesk.report.study.reruns import FILE_NAME, POINTS, read_reruns, thinned
from polydesk.report.summary import summarise
from polydesk.report.tables import rerun_table
from polydesk.research.reruns import compare_queues, compare_sizes, other_queues, rerun, sized
from polydesk.run.session import SessionResult, run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load
from polydesk.tape import Tape

MAKER = ["desk.strategies.mean_reversion.enabled=false", "desk.strategies.inventory_maker.enabled=true"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reruns")


@pytest.fixture(scope="module")
def tape(folder: Path) -> Tape:
    return made_tape(folder / "tape", seed=3)


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    return load(Settings, None, {}, [f"data_dir={folder}", "run.speed=max", *MAKER]).settings


@pytest.fixture(scope="module")
def ended(settings: Settings, tape: Tape) -> SessionResult:
    return run_session(settings, tape, "backtest", lambda *_: None)


def test_without_changes_a_rerun_is_the_session(settings: Settings, tape: Tape, ended: SessionResult) -> None:
    run = rerun(settings, tape, {}, group="queue", label="same")
    summary = summarise(open_session(ended.path))
    assert run.journal_sha256 == summary.journal_sha256
    assert run.net_u6 == summary.matched.net_u6
    assert (run.fills, run.fees_u6) == (summary.performance.fills, summary.matched.fees_u6)
    assert run.drawdown_u6 == summary.drawdown.depth_u6
    assert run.curve[-1] == (summary.marks[-1].ts_ns, summary.marks[-1].earned_u6 - summary.marks[0].earned_u6)
    assert len(run.curve) <= POINTS


def test_other_queue_rules_are_kept_and_judged(settings: Settings, tape: Tape, ended: SessionResult) -> None:
    assert other_queues(settings) == ("probability", "proportional")
    before = build_report(ended.path).summary.study.judgement
    assert next(rule for rule in before.rules if rule.name == "other_queue").observed is None
    (run,) = compare_queues(settings, tape, ended.path)
    assert (run.group, run.label, run.overrides) == ("queue", "probability", {"exchange.queue_model": "probability"})
    summary = build_report(ended.path).summary
    assert summary.study.reruns == (run,)
    rule = next(rule for rule in summary.study.judgement.rules if rule.name == "other_queue")
    assert (rule.observed, rule.detail) == (run.net_u6, "probability")
    assert len(rerun_table(summary).rows) == 2
    assert result(summary)["study"]["reruns"][0]["label"] == "probability"


def test_sizes_join_what_is_there_already(settings: Settings, tape: Tape, ended: SessionResult) -> None:
    compare_queues(settings, tape, ended.path)
    (run,) = compare_sizes(settings, tape, ended.path, (2,))
    kept = build_report(ended.path).summary.study.reruns
    assert [(one.group, one.label) for one in kept] == [("queue", "probability"), ("size", "2")]
    assert float(run.overrides["desk.strategies.inventory_maker.quote_shares"]) == 20
    assert float(run.overrides["desk.cash"]) == 20_000
    assert sized(settings, 1).keys() == run.overrides.keys()


def test_runs_of_another_journal_do_not_count(ended: SessionResult, settings: Settings, tape: Tape) -> None:
    compare_queues(settings, tape, ended.path)
    assert read_reruns(ended.path, "00" * 32) == ()
    path = ended.path / FILE_NAME
    good = path.read_bytes()
    path.write_bytes(good[:-40])
    try:
        with pytest.raises(SessionError, match=r"reruns\.json: .*run the comparison again"):
            build_report(ended.path)
    finally:
        path.write_bytes(good)


def test_wrong_keys_and_half_sessions_are_refused(settings: Settings, tape: Tape, ended: SessionResult) -> None:
    with pytest.raises(ConfigError, match="queue_model"):
        rerun(settings, tape, {"exchange.queue_model": "hopeful"}, group="queue", label="x")
    stopped = SessionResult(ended.session, ended.path, "stopped")
    with pytest.raises(KeyboardInterrupt):
        rerun(settings, tape, {}, group="queue", label="x", run=lambda *_: stopped)


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_every_rerun_is_compared_with_the_tape(settings: Settings, tape: Tape, engine: str, monkeypatch) -> None:
    """The interpreted exchange looks twice while it matches, the compiled one cannot: the tape is asked afterwards."""
    fills: list[Fill] = []

    def run(*args: object) -> SessionResult:
        ended = run_session(*args, engine=engine)
        fills.extend(record for record in read_session(ended.path)[1] if isinstance(record, Fill))
        return ended

    good = rerun(settings, tape, {}, group="grid", label="", run=run)
    assert good.broken == ()
    first = next(fill for fill in fills if fill.cause is Cause.BOOK)
    bigger = msgspec.structs.replace(first, size_u6=first.size_u6 * 1_000)
    real = open_session

    def forged(path: Path) -> Session:
        found = real(path)
        records = tuple(bigger if record == first else record for record in found.records)
        return replace(found, records=records)

    monkeypatch.setattr("polydesk.research.reruns.open_session", forged)
    bad = rerun(settings, tape, {}, group="grid", label="", run=run)
    assert any("over_behind: 1 where at most 0 can be" in text for text in bad.broken)


def test_an_empty_curve_stays_empty() -> None:
    assert thinned(()) == ()
