"""Windows and their coverage; rolling backtests in real processes; comparisons; dated folders."""

import json
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import made_tape
from polydesk.model.errors import ConfigError
from polydesk.research import run_backtest
from polydesk.research.backtest import prepared
from polydesk.research.compare import compare
from polydesk.research.coverage import coverage, coverage_label, overlap_mode, rolling_windows
from polydesk.research.cycle import new_run, point_to, reject_top, summary_line
from polydesk.research.pool import Job, Run, run_jobs
from polydesk.research.rolling import Plan, run_rolling, windows_of
from polydesk.research.rolling_result import WindowEntry, split_at
from polydesk.research.session_result import session_result
from polydesk.research.times import time_ns
from polydesk.run.settings import load_settings

HOUR = 3_600 * 10**9
MAKER = "inventory_maker"


def nobody(*_):
    return None


@pytest.mark.parametrize(
    ("window", "step", "mode", "count", "covered", "overlap", "label"),
    [
        (2, 1, "overlap", 10, 10, 9, "full"), (2, 2, "tiled", 5, 10, 0, "full"), (1, 2, "gapped", 5, 5, 0, "partial"),
        (1, 4, "gapped", 3, 3, 0, "sparse"), (3, 4, "gapped", 3, 8, 0, "partial"), (20, 5, "overlap", 2, 10, 5, "full"),
    ],
)  # fmt: skip
def test_known_windows_give_known_ratios(window, step, mode, count, covered, overlap, label):
    spans = rolling_windows(0, 10 * HOUR, window, step)
    found = coverage(0, 10 * HOUR, spans, spans)
    assert overlap_mode(window, step) == mode
    assert len(spans) == count
    assert (found.range_hours, found.covered_hours, found.overlap_hours) == (10, covered, overlap)
    assert found.sampled_hours == covered + overlap
    assert found.coverage_ratio == covered / 10
    assert found.overlap_ratio == round(overlap / covered, 6)
    assert found.coverage_label == label


@pytest.mark.parametrize(
    ("ratio", "label"),
    [(1, "full"), (0.95, "full"), (0.9499, "partial"), (0.5, "partial"), (0.4999, "sparse"), (0, "sparse")],
)
def test_labels_begin_at_their_thresholds(ratio, label):
    assert coverage_label(ratio) == label


@given(st.integers(1, 200), st.integers(1, 60), st.integers(1, 60))
def test_coverage_is_the_union(length, window, step):
    unit = HOUR // 100
    spans = rolling_windows(0, length * unit, window / 100, step / 100)
    minutes = {cell for start, stop in spans for cell in range(start // unit, stop // unit)}
    found = coverage(0, length * unit, spans, spans)
    assert found.covered_hours == pytest.approx(len(minutes) / 100, abs=1e-6)
    assert all(0 <= start < stop <= length * unit for start, stop in spans)
    if step == window:
        assert found.coverage_ratio == 1
        assert found.overlap_hours == 0


@given(st.integers(1, 40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_windows_without_data_have_seen_nothing(count, has_rows):
    spans = rolling_windows(0, count * HOUR, 1, 1)
    full = [span for span, rows in zip(spans, has_rows, strict=False) if rows]
    found = coverage(0, count * HOUR, full, spans)
    assert found.coverage_ratio == pytest.approx(len(full) / count, abs=1e-6)
    assert found.coverage_label == coverage_label(len(full) / count)
    assert found.time_coverage_ratio == 1


def test_lengths_that_cannot_be_are_named():
    never = [(0, 1, "--window-hours 0"), (1, -1, "--step-hours -1"), (1, 1e-9, "--step-hours")]
    for window, step, told in (*never, (float("nan"), 1, "--window-hours nan"), (1, float("inf"), "--step-hours inf")):
        with pytest.raises(ConfigError, match=told):
            rolling_windows(0, HOUR, window, step)
    with pytest.raises(ConfigError, match="no time between"):
        rolling_windows(HOUR, HOUR, 1, 1)
    with pytest.raises(ConfigError, match="more than 100000 windows"):
        rolling_windows(0, 1000 * HOUR, 1, 1e-6)


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3, markets=3)


def settings(data_dir, *more):
    return prepared(load_settings(None, {}, [f"data_dir={data_dir}", *more]).settings, [MAKER])


@pytest.fixture(scope="module")
def rolled(tape, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rolled")
    told = []
    plan = Plan(tape, (), settings(folder), (MAKER,), 0.03, 0.02, 2)
    return run_rolling(plan, lambda done, total: told.append((done, total))), told


def test_every_window_is_a_session_of_its_own_in_order_of_time(tape, rolled, tmp_path):
    found, told = rolled
    assert len(found.windows) == 5
    assert told[-1] == (5, 5)
    assert [window.index for window in found.windows] == list(range(5))
    assert all(window.state == "done" for window in found.windows)
    assert found.complete
    one = found.windows[2]
    alone = run_backtest(settings(tmp_path), _stretch(tape, one), [], nobody)
    result = session_result(alone.path).result
    assert one.journal_sha256 == result.journal_sha256
    assert (one.total, one.executed, one.rejected, one.pnl) == (
        result.summary.total, result.summary.executed, result.summary.rejected, result.summary.pnl,
    )  # fmt: skip


def _stretch(tape, window):
    return tape.between(tape.row_at(time_ns(window.from_ts, "")), tape.row_at(time_ns(window.to_ts, "")))


def test_windows_are_told_apart_by_what_was_looked_at(tape, rolled, tmp_path):
    found, _ = rolled
    spans = [(time_ns(w.from_ts, ""), time_ns(w.to_ts, "")) for w in found.windows]
    at = spans[1][1]
    split = split_at(at, found.windows, spans)
    before = [w for w, (_, end) in zip(found.windows, spans, strict=True) if end <= at]
    after = [w for w, (begin, _) in zip(found.windows, spans, strict=True) if begin >= at]
    assert (split.in_sample.windows, split.out_of_sample.windows) == (len(before), len(after)) == (2, 2)
    assert split.neither == 1
    assert split.in_sample.pnl_sum == round(sum(w.pnl for w in before), 6)
    assert split.out_of_sample.pnl_avg == round(sum(w.pnl for w in after) / 2, 6)
    plan = Plan(tape, (), settings(tmp_path), (MAKER,), 0.03, 0.02, 1)
    for beyond in (spans[0][0], spans[-1][1]):
        with pytest.raises(ConfigError, match=r"--tuned-until 2026.*needs a window that ends by then and one that"):
            windows_of(msgspec.structs.replace(plan, tuned_until_ns=beyond))


def test_the_summary_follows_from_the_windows(rolled):
    found, _ = rolled
    totals, windows = found.summary, found.windows
    assert totals.total == sum(w.total for w in windows) > 0
    assert totals.run_count == 5
    assert round(sum(w.pnl for w in windows), 6) == totals.pnl_sum
    assert totals.pnl_avg == round(totals.pnl_sum / 5, 6)
    assert totals.positive_window_rate == sum(w.pnl > 0 for w in windows) / 5
    assert totals.execution_rate == round(totals.executed / totals.total, 6)
    reasons = {}
    for window in windows:
        assert sum(window.risk_rejection_reasons.values()) == window.rejected
        for code, count in window.risk_rejection_reasons.items():
            reasons[code] = reasons.get(code, 0) + count
    assert totals.risk_rejection_reasons == reasons
    assert (found.overlap_mode, totals.coverage_label) == ("overlap", "full")
    row = found.strategy_aggregate[0]
    assert (row.strategy, row.windows, row.pnl_sum) == (MAKER, 5, totals.pnl_sum)
    assert row.total_trades == sum(w.results[0].trade_count for w in windows)


def test_workers_do_not_change_the_result(tape, rolled, tmp_path):
    again = run_rolling(Plan(tape, (), settings(tmp_path), (MAKER,), 0.03, 0.02, 1), nobody)
    plain = [msgspec.structs.replace(window, session="") for window in again.windows]
    assert plain == [msgspec.structs.replace(window, session="") for window in rolled[0].windows]
    assert again.summary == rolled[0].summary


def test_windows_without_rows_are_empty_and_failures_are_told(tape, tmp_path):
    gapped = tape.between(0, 200)
    found = run_rolling(Plan(gapped, (), settings(tmp_path), (MAKER,), 1e-5, 1e-5, 1), nobody)
    states = {window.state for window in found.windows}
    assert "empty" in states
    totals = found.summary
    assert totals.empty_window_count == sum(w.total == 0 for w in found.windows)
    full = [w for w in found.windows if w.state == "done"]
    assert 0 < totals.data_window_count == len(full) < totals.run_count == len(found.windows)
    assert all(w.rows for w in full)
    assert totals.positive_window_rate == round(sum(w.pnl > 0 for w in full) / len(full), 6)
    assert totals.coverage_ratio < totals.time_coverage_ratio == 1
    assert totals.coverage_label == coverage_label(totals.coverage_ratio)
    job = Job(settings(tmp_path).model_dump_json().encode(), str(tmp_path / "gone"), (0, 10), ())
    answers, complete = run_jobs([None, job], 1, nobody)
    assert answers[0] is None
    assert isinstance(answers[1], Run)
    assert "not a tape" in answers[1].problem
    assert complete


def test_an_interrupted_row_of_jobs_keeps_what_ended(tape, tmp_path):
    class Stop(KeyboardInterrupt):
        pass

    def stopping(done, _total):
        if done == 1:
            raise Stop

    text = settings(tmp_path).model_dump_json().encode()
    jobs = [Job(text, str(tape.path), (start, start + 200), ()) for start in range(0, 1600, 200)]
    heard = []
    answers, complete = run_jobs(jobs, 2, stopping, lambda: heard.append(True))
    assert heard == [True]
    assert not complete
    assert answers[0] is not None or answers[1] is not None
    assert answers[-1] is None
    assert 1 <= sum(answer is not None for answer in answers) <= 3


def test_ctrl_c_while_the_processes_end_keeps_every_answer(tape, tmp_path, monkeypatch):
    ended = ProcessPoolExecutor.shutdown

    def interrupted(self, *args, **flags):
        ended(self, *args, **flags)
        raise KeyboardInterrupt

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", interrupted)
    jobs = [Job(settings(tmp_path).model_dump_json().encode(), str(tape.path), (0, 200), ())]
    answers, complete = run_jobs(jobs, 1, nobody)
    assert complete
    assert answers[0].result is not None


def _results(tape, folder, *changes):
    return [
        session_result(run_backtest(settings(folder, *change), part, [], nobody).path).result
        for part, change in changes
    ]


def test_comparison_shows_figures_differences_and_keys(tape, tmp_path):
    part = tape.between(0, 3000)
    one, two, three = _results(
        tape, tmp_path, (part, ()), (part, ["desk.strategies.inventory_maker.half_spread=0.02"]), (part, ())
    )
    found = compare(["a", "b", "c"], [one, two, three])
    assert found.same_data
    assert not found.same_journal
    assert found.metrics["pnl"] == [one.summary.pnl, two.summary.pnl, three.summary.pnl]
    assert found.differences["pnl"][1] == pytest.approx(two.summary.pnl - one.summary.pnl, abs=1e-6)
    assert found.differences["pnl"][2] == 0
    assert found.config == {"strategies.inventory_maker.half_spread": [
        one.configs.strategies[MAKER]["half_spread"], 0.02, one.configs.strategies[MAKER]["half_spread"],
    ]}  # fmt: skip
    assert compare(["a", "c"], [one, three]).same_journal


def test_different_data_is_refused_unless_asked_for(tape, tmp_path):
    one, two = _results(tape, tmp_path, (tape.between(0, 3000), ()), (tape.between(0, 2000), ()))
    with pytest.raises(ConfigError, match=r"not of the same data.*rows: 0 to 3000 \| 0 to 2000.*--any-data"):
        compare(["a", "b"], [one, two])
    found = compare(["a", "b"], [one, two], any_data=True)
    assert (found.same_data, "rows" in found.data) == (False, True)
    with pytest.raises(ConfigError, match="needs two results"):
        compare(["a"], [one])


def test_runs_get_folders_and_the_newest_is_pointed_to(tmp_path):
    runs = []
    for _ in range(3):
        with new_run(tmp_path / "r") as run:
            runs.append(run)
            point_to(run, {"complete": True})
        assert json.loads((tmp_path / "r" / "latest-run.json").read_text()) == {"run": run.name, "complete": True}
        assert (tmp_path / "r" / "latest").resolve() == run
    assert len(set(runs)) == 3


@pytest.mark.parametrize("error", [ConfigError("no"), KeyboardInterrupt("no")])
def test_a_run_that_wrote_nothing_leaves_no_folder(tmp_path, error):
    with pytest.raises(type(error), match="no"), new_run(tmp_path / "a" / "r"):
        raise error
    assert list(tmp_path.iterdir()) == []

    def halfway(run):
        (run / "kept.txt").write_text("kept")
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"), new_run(tmp_path / "r") as run:
        halfway(run)
    assert [path.name for path in run.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("top_k", "reasons", "told"),
    [
        (0, {"cooldown": 3}, "disabled"), (2, {}, "none"), (1, {"a": 1, "b": 5}, "b:5"),
        (2, {"a": 1, "b": 5, "c": 1}, "b:5,a:1"), (9, {"a": 1}, "a:1"),
    ],
)  # fmt: skip
def test_most_frequent_refusals(top_k, reasons, told):
    assert reject_top(reasons, top_k) == told


def test_the_summary_line_has_every_name_and_its_alias(tape, rolled, tmp_path):
    (result,) = _results(tape, tmp_path, (tape.between(0, 3000), ()))
    found, _ = rolled
    line = summary_line(result, found, 2, {"rolling": "r.json"})
    parts = dict(part.split("=", 1) for part in line.split())
    assert "\n" not in line
    for one, two in (
        ("pos_win_rate", "positive_window_rate"), ("empty_windows", "empty_window_count"), ("range_h", "range_hours"),
        ("coverage", "coverage_ratio"), ("overlap", "overlap_ratio"),
    ):  # fmt: skip
        assert parts[one] == parts[two]
    assert Fraction(parts["overlap"]) == Fraction(str(found.summary.overlap_ratio))
    assert (parts["pdf"], parts["rolling"], parts["coverage_label"]) == ("none", "r.json", "full")
    assert parts["best_strategy"].startswith(MAKER)
    assert parts["rolling_reject_top"] == reject_top(found.summary.risk_rejection_reasons, 2)
    assert parts["complete"] == "true"
    assert " complete=false " in summary_line(result, msgspec.structs.replace(found, complete=False), 2, {})
    without = dict(part.split("=", 1) for part in summary_line(result, None, 2, {}).split())
    assert without["rolling"] == "none"


def test_windows_of_unknown_result_are_neither_gains_nor_losses():
    def window(index, pnl):
        return WindowEntry(index=index, from_ts="", to_ts="", rows=9, state="done", total=0, executed=0, pnl=pnl)

    mixed = split_at(90, [window(0, 2.0), window(1, None), window(2, -0.5)], [(0, 10), (10, 20), (20, 30)])
    sample = mixed.in_sample
    assert (sample.windows, sample.unknown, sample.positive, sample.positive_rate) == (3, 1, 1, 0.5)
    assert (sample.pnl_sum, sample.pnl_avg) == (1.5, 0.75)
    broken = split_at(90, [window(0, None)], [(0, 10)]).in_sample
    assert (broken.pnl_sum, broken.pnl_avg, broken.positive_rate) == (None, None, None)
    assert split_at(90, [], []).in_sample.pnl_sum == 0.0
