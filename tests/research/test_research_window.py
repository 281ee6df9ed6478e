"""Backtests over a stretch of a tape and some of its markets."""

import numpy as np
import pytest

from made import T0, S, made_tape
from polydesk.kernel import Fact, levels
from polydesk.model.errors import ConfigError, TapeError
from polydesk.model.records import Decision, Fill, OrderSent, Refused, SessionEnded
from polydesk.report.build import build_report
from polydesk.report.session import read_session
from polydesk.research import run_backtest
from polydesk.research.times import iso, time_ns
from polydesk.research.window import chosen_markets, stretch, warm_up
from polydesk.run.begin import begin
from polydesk.run.driver import Driver
from polydesk.run.replay import verify_session
from polydesk.run.session import resume_session
from polydesk.run.settings import load_settings
from polydesk.run.what_if import what_if

MAKER = "inventory_maker"


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3, markets=3)


def settings(data_dir, *more):
    return load_settings(None, {}, [f"data_dir={data_dir}", *more]).settings


def nobody(_machine, _progress):
    return None


def records_of(result):
    return read_session(result.path)[1]


def test_a_span_reads_exactly_its_rows_and_the_hash_is_of_the_whole(tape):
    part = tape.between(100, 250)
    seqs = np.concatenate([rows["seq"] for rows in part.batches(batch_rows=37)])
    assert seqs.tolist() == list(range(100, 250))
    assert [rows["seq"][0] for rows in part.batches(0, 101)] == [100]
    assert part.content_sha256() == tape.manifest.sha256
    with pytest.raises(TapeError, match="rows 5 to 999999"):
        tape.between(5, 999_999)


def test_row_at_is_the_first_row_not_before_the_time(tape):
    times = np.concatenate([rows["ts_ns"] for rows in tape.batches()])
    for at in (0, 10, 500, len(times) - 1):
        assert tape.row_at(int(times[at])) == np.searchsorted(times, times[at])
        assert tape.row_at(int(times[at]) + 1) == np.searchsorted(times, times[at] + 1)
    assert tape.row_at(0) == 0
    assert tape.row_at(int(times[-1]) + 1) == len(times)


def test_books_at_the_window_are_those_of_the_tape(tape, tmp_path):
    config = settings(tmp_path)
    machine = begin(tape.between(700, 900), config.desk, config.exchange, 1)
    whole = begin(tape.between(0, 900), config.desk, config.exchange, 1)
    from polydesk.kernel import advance

    whole.wake.mask[:] = 0
    for rows in tape.batches(0, 700):
        advance(whole.books, whole.own, whole.fills, whole.wake, rows, 0, len(rows), 1 << 62)
    whole.books.last[:, Fact.MOVED] = 1  # the first message of the window is looked at
    for one, two in zip(machine.books, whole.books, strict=True):
        assert np.array_equal(one, two)
    assert machine.next_row == 700
    assert len(levels(machine.books, 0, 0, 1, 10)[0]) > 0


def test_nothing_is_decided_outside_the_window_or_in_other_markets(tape, tmp_path):
    part = tape.between(800, 3000)
    result = run_backtest(settings(tmp_path), part, MAKER, nobody, (1,))
    records = records_of(result)
    header, ended = records[0], records[-1]
    assert (header.tape_range, header.markets) == ((800, 3000), (1,))
    assert isinstance(ended, SessionEnded)
    assert ended.rows == 2200
    acted = [r for r in records if isinstance(r, Decision | OrderSent | Refused | Fill)]
    assert any(isinstance(r, Fill) for r in acted)
    for record in acted:
        assert record.seq >= 800
        assert getattr(record, "market", None) == 1 or record.intent.market == 1
    assert all(r.seq < 3000 for r in acted)


def test_a_windowed_session_replays_and_repeats(tape, tmp_path):
    part = tape.between(800, 3000)
    ran = [run_backtest(settings(tmp_path), part, MAKER, nobody, (0, 2)) for _ in range(2)]
    hashes = [records_of(result)[-1].journal_sha256 for result in ran]
    assert hashes[0] == hashes[1]
    verdict = verify_session(ran[0].path)
    assert (verdict.identical, verdict.first_difference) == (True, "")
    assert verdict.compared > 50
    same = what_if(ran[0].path, ["desk.risk.max_open_orders=40"])
    assert same.first_difference == ""
    found = build_report(ran[0].path)
    assert found.summary.sentinels == "ok"
    assert found.summary.events == 2200
    assert found.summary.span_ns[0] >= T0


def test_a_windowed_session_resumes_after_an_interruption(tape, tmp_path, monkeypatch):
    part = tape.between(800, 3000)
    whole = records_of(run_backtest(settings(tmp_path), part, MAKER, nobody, (0, 2)))[-1].journal_sha256

    class GoneError(Exception):
        pass

    kept = Driver._batch

    def broken(self, rows):
        if int(rows["seq"][0]) >= 2000:
            raise GoneError
        return kept(self, rows)

    monkeypatch.setattr(Driver, "_batch", broken)
    small = settings(tmp_path / "b", "run.checkpoint_rows=300")
    with pytest.raises(GoneError):
        run_backtest(small, part, MAKER, nobody, (0, 2), engine="python")
    monkeypatch.undo()
    folder = next((tmp_path / "b" / "sessions").iterdir())
    resumed = resume_session(small, folder, nobody)
    assert records_of(resumed)[-1].journal_sha256 == whole


def test_a_window_before_the_end_of_the_tape_is_marked_not_paid_out(tape, tmp_path):
    part = records_of(run_backtest(settings(tmp_path), tape.between(0, 3000), MAKER, nobody))
    whole = records_of(run_backtest(settings(tmp_path), tape, MAKER, nobody))
    assert not [r for r in part if type(r).__name__ == "Settled"]
    assert len([r for r in whole if type(r).__name__ == "Settled"]) == 3


def test_warm_up_tells_which_markets_had_a_book(tape, tmp_path):
    config = settings(tmp_path)
    markets = np.concatenate([rows["market"] for rows in tape.batches()])
    first = {m: int(np.flatnonzero(markets == m)[0]) for m in range(3)}
    last = max(first, key=first.get)
    told = warm_up(tape.between(first[last], 3000), (), config)
    assert last in told.cold
    assert set(told.warm) == set(range(3)) - {last}
    assert (told.rows, told.paid_out) == (first[last], ())
    assert warm_up(tape.between(3000, 3100), (1,), config).warm == (1,)


def test_stretch_takes_rows_and_times(tape):
    assert stretch(tape, None, None).span == (0, tape.manifest.rows)
    assert stretch(tape, "100", "200").span == (100, 200)
    begin_ns, end_ns = T0 + 60 * S, T0 + 120 * S
    part = stretch(tape, iso(begin_ns), iso(end_ns))
    assert part.span == (tape.row_at(begin_ns), tape.row_at(end_ns))
    for start, end, told in (
        ("200", "100", "no row of the tape"),
        ("yesterday", None, "--from 'yesterday'"),
        (None, "2001-01-01", "--to 2001-01-01"),
    ):
        with pytest.raises(ConfigError, match=told):
            stretch(tape, start, end)


def test_times_without_a_zone_are_utc():
    assert time_ns("1970-01-01T00:00:01.5", "--from") == 1_500_000_000
    assert time_ns("1970-01-01T01:00:00+01:00", "--from") == 0
    assert iso(1_500_000_999) == "1970-01-01T00:00:01.500000Z"


def test_markets_by_index_slug_and_id(tape):
    markets = tape.manifest.markets
    assert chosen_markets(markets, []) == ()
    assert chosen_markets(markets, ["made-*"]) == (0, 1, 2)
    assert chosen_markets(markets, ["2,0"]) == (0, 2)
    assert chosen_markets(markets, [markets[1].condition_id]) == (1,)
    assert chosen_markets(markets, [markets[2].tokens[1].id]) == (2,)
    with pytest.raises(ConfigError, match=r"'mad-1' names no market.*made-1"):
        chosen_markets(markets, ["mad-1"])
    with pytest.raises(ConfigError, match="index from 0 to 2"):
        chosen_markets(markets, ["3"])


@pytest.mark.parametrize("engine", ["python", "compiled"])
@pytest.mark.parametrize("latency", ["exchange.feed_latency_ms=40", "exchange.queue_model=probability"])
def test_windows_under_every_model_replay(tape, tmp_path, latency, engine):
    part = tape.between(800, 3000)
    ran = run_backtest(settings(tmp_path, latency), part, MAKER, nobody, (0, 2), engine=engine)
    verdict = verify_session(ran.path)
    assert (verdict.identical, verdict.first_difference) == (True, "")
    assert verdict.compared > 50
    assert build_report(ran.path).summary.sentinels == "ok"
    acted = [r for r in records_of(ran) if isinstance(r, OrderSent)]
    assert acted
    assert all(800 <= r.seq < 3000 for r in acted)
