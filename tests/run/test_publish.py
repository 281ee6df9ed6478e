"""What the desk publishes while it runs agrees with itself, with the journal, and with what viewers asked for."""

import pytest

from made import made_tape
from polydesk.model.errors import SessionError
from polydesk.model.records import Fill, OrderSent, Refused
from polydesk.report.session import read_session
from polydesk.run.publish import FILE_NAME
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings
from polydesk.run.snapshot import read_live_state
from polydesk.run.wanted import want_books

LIVELY = (
    "desk.strategies.mean_reversion.warm_up_s=5",
    "desk.strategies.mean_reversion.half_life_s=10",
    "desk.strategies.mean_reversion.min_deviation=0.01",
    "desk.strategies.mean_reversion.min_confidence=0.05",
    "desk.risk.entry_cooldown_s=5",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A session with every state that could be seen while it ran."""
    home = tmp_path_factory.mktemp("publish")
    tape = made_tape(home / "tape", seed=3, markets=25, payouts=((10_000, 0),) * 25, steps=4000)
    settings = load_settings(None, {}, [f"data_dir={home}", "run.speed=max", "run.live_state_hz=10", *LIVELY]).settings
    seen = []

    def look(_machine, _progress):
        (folder,) = (home / "sessions").iterdir()
        want_books(folder, [24, 99])
        state = read_live_state(folder / FILE_NAME)
        if state is not None and (not seen or seen[-1] != state):
            seen.append(state)

    result = run_session(settings, tape, "paper", look)
    _, records = read_session(result.path)
    return result.path, records, seen


def test_every_state_adds_up(run):
    _, _, seen = run
    assert seen
    for state in seen:
        assert state.state == "running"
        assert state.pnl_u6 == tuple(equity - state.given_u6 for equity in state.equity_u6)
        assert state.rows <= state.rows_total
        assert {cap.name for cap in state.exposure} >= {"total_exposure", "market_exposure", "open_orders"}
        assert next(cap.used_u6 for cap in state.exposure if cap.name == "open_orders") == len(state.orders)
        assert state.sentinels == "ok"
    times = [state.ts_ns for state in seen]
    assert times == sorted(times)


def test_books_are_few_and_those_asked_for_come_first(run):
    _, _, seen = run
    last = seen[-1]
    assert len(last.books) == 20
    assert last.books[0].market == 24
    for book in last.books:
        first, second = book.tokens
        assert len(first.bids) <= 10
        assert [(10_000 - price, size) for price, size in first.asks] == list(second.bids)
        assert [price for price, _ in first.bids] == sorted((price for price, _ in first.bids), reverse=True)


def test_the_last_state_is_that_of_the_journal(run):
    folder, records, _ = run
    last = read_live_state(folder / FILE_NAME)
    assert last.state == "ended"
    assert last.counters["orders"] == sum(isinstance(record, OrderSent) for record in records)
    assert last.counters["fills"] == sum(isinstance(record, Fill) for record in records)
    assert sum(last.refusals.values()) == sum(isinstance(record, Refused) for record in records)
    assert last.rows == last.rows_total


def test_a_folder_that_cannot_be_written_never_stops_the_session(tmp_path, monkeypatch, capsys):
    def refuse(*_args, **_more):
        raise SessionError("no room")

    monkeypatch.setattr("polydesk.run.publish.SnapshotWriter", refuse)
    tape = made_tape(tmp_path / "tape", seed=3)
    settings = load_settings(None, {}, [f"data_dir={tmp_path}", "run.speed=max"]).settings
    result = run_session(settings, tape, "paper", lambda _machine, _progress: None)
    assert result.reason == "tape_end"
    assert not (result.path / FILE_NAME).exists()
    assert "the live state is not published" in "".join(capsys.readouterr())


def test_without_a_rate_only_the_last_state_is_published(tmp_path):
    tape = made_tape(tmp_path / "tape", seed=3)
    settings = load_settings(None, {}, [f"data_dir={tmp_path}", "run.speed=max", "run.live_state_hz=0"]).settings
    seen = []

    def look(_machine, _progress):
        (folder,) = (tmp_path / "sessions").iterdir()
        seen.append(read_live_state(folder / FILE_NAME))

    result = run_session(settings, tape, "paper", look)
    assert seen
    assert set(seen) == {None}, "a state that is never renewed would be taken for a desk that hangs"
    assert read_live_state(result.path / FILE_NAME).state == "ended"
