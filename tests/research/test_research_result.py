"""Result files: sums that add up, the ledger's columns, the schema, repeatability, honesty about what is partial."""

import csv
import json
import subprocess
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_schema import problems

from made import made_tape
from polydesk.model.records import Fill, FillStatus, Marked, SentinelBroke, Settled
from polydesk.report.build import Report, with_study
from polydesk.report.config import ReportConfig
from polydesk.report.equity import _value_u6, ask_equity
from polydesk.report.marks import Falling
from polydesk.report.session import open_session, read_session
from polydesk.report.study.build import conclude
from polydesk.report.summary import summarise
from polydesk.report.tape_pass import Questions, walk
from polydesk.research import run_backtest
from polydesk.research.compare import compare
from polydesk.research.documents import verify_file
from polydesk.research.ledger_lines import Caps, Line, Standings, attribution, cells, entries
from polydesk.research.migration import validate
from polydesk.research.result import ReplayEntry, Result, json_schema
from polydesk.research.result_files import EVENT, JSON, REPLAY, STRATEGY, SUMMARY, read_result, write_result
from polydesk.research.session_result import session_result
from polydesk.research.window import warm_up
from polydesk.run.settings import load_settings

LIVELY = (
    "desk.strategies.mean_reversion.warm_up_s=5",
    "desk.strategies.mean_reversion.half_life_s=10",
    "desk.strategies.mean_reversion.min_deviation=0.01",
    "desk.strategies.mean_reversion.min_confidence=0.05",
    "desk.risk.entry_cooldown_s=5",
    "exchange.failure_rate=0.2",
)
COLUMNS = [
    "schema_version",
    "ts",
    "strategy",
    "event_id",
    "market_id",
    "token_id",
    "side",
    "qty",
    "executed_qty",
    "fill_ratio",
    "fill_probability",
    "slippage_bps_applied",
    "target_price",
    "fill_price",
    "realized_change",
    "strategy_equity",
    "event_equity",
    "risk_allowed",
    "risk_reason",
    "risk_notional",
    "risk_realized_pnl_before",
    "risk_strategy_notional_before",
    "risk_event_notional_before",
    "risk_rejections_before",
    "risk_max_daily_loss",
    "risk_max_strategy_notional",
    "risk_max_event_notional",
    "risk_circuit_breaker_rejections",
]


def nobody(_machine, _progress):
    return None


def run(tape, data_dir, *more):
    settings = load_settings(None, {}, [f"data_dir={data_dir}", *LIVELY, *more]).settings
    ended = run_backtest(settings, tape, [], nobody)
    return ended.path, session_result(ended.path, warm_up(tape, (), settings), "python")


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return made_tape(tmp_path_factory.mktemp("tape") / "t", seed=3, markets=3)


@pytest.fixture(scope="module")
def window(tape):
    """Ends before the markets do, so that positions are left open."""
    return tape.between(0, tape.manifest.rows * 3 // 4)


@pytest.fixture(scope="module")
def done(window, tmp_path_factory):
    return run(window, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def files(done, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_result(folder, done[1].result, done[1].ledger)
    return folder


def u6(value):
    return round(value * 1_000_000)


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("whole", [True, False])
def test_events_add_up_to_strategies_and_those_to_the_total(whole, tape, done, tmp_path):
    result = (run(tape, tmp_path)[1] if whole else done[1]).result
    rows, events, total = result.attribution.strategy, result.attribution.event, result.summary
    assert total.pnl is not None
    assert total.sentinels == "ok"
    assert sum(row.open_positions for row in rows) == 0 if whole else sum(row.open_positions for row in rows) > 0
    assert sum(u6(row.pnl) for row in rows) == u6(total.pnl)
    assert sum(u6(row.fees) for row in rows) == u6(total.fees)
    assert sum(row.fills for row in rows) == total.fills
    assert sum(row.orders + row.refused for row in rows) == total.total
    for row in (*rows, *events, total):
        assert u6(row.pnl) == u6(row.realized) + u6(row.unrealized) - u6(row.fees) - u6(row.rounding)
    for row in rows:
        mine = [event for event in events if event.strategy == row.strategy]
        for name in ("pnl", "realized", "unrealized", "fees", "rounding", "volume"):
            assert sum(u6(getattr(event, name)) for event in mine) == u6(getattr(row, name)), name
        for name in ("trade_count", "wins", "losses", "fills", "orders", "refused", "open_positions"):
            assert sum(getattr(event, name) for event in mine) == getattr(row, name), name


@pytest.mark.parametrize("more", [(), ("exchange.feed_latency_ms=80", "exchange.failure_rate=0.2")])
def test_what_is_realised_and_how_far_it_fell_is_the_same_in_report_and_document(tape, tmp_path, more):
    path, found = run(tape, tmp_path, *more)
    summary, rows = found.report.summary, {row.strategy: row for row in found.result.attribution.strategy}
    assert len(rows) == 2
    for line in summary.by_strategy:
        assert u6(rows[line.key].realized) == line.realised_u6
        assert u6(rows[line.key].fees) + u6(rows[line.key].rounding) == line.fees_u6
    assert u6(found.result.summary.realized) == summary.matched.realised_u6
    assert u6(found.result.summary.max_drawdown) == summary.drawdown.depth_u6 > 0
    assert all(row.max_drawdown is not None for row in (*rows.values(), *found.result.attribution.event))
    # What all strategies hold is worth what the desk marked: their curves add up to the session's.
    session = open_session(path)
    questions = Questions()
    owners = {life.intent.id: life.intent.strategy for life in summary.lives}
    asked = ask_equity(questions, session.records, owners, [market.slug for market in session.markets])
    answers = walk(session.tape, 0, tape.manifest.rows, questions)
    marks = [record for record in session.records if isinstance(record, Marked)]
    assert len(marks) == len(asked.held) > 50
    for mark, held in zip(marks, asked.held, strict=True):
        assert sum(_value_u6(one, answers) for one in held) == mark.value_u6[0]


def test_one_strategy_falls_as_far_as_its_session(tape, tmp_path):
    path, found = run(tape, tmp_path, "desk.strategies.mean_reversion.enabled=false", "exchange.failure_rate=0.2")
    (row,) = found.result.attribution.strategy
    assert row.max_drawdown == found.result.summary.max_drawdown > 0
    assert u6(row.max_drawdown) == found.report.summary.drawdown.depth_u6
    assert max(event.max_drawdown for event in found.result.attribution.event) > 0
    lost = replace(open_session(path), tape=None)
    summary = summarise(lost)
    gone = Report(with_study(summary, conclude(lost, summary, None, ReportConfig())), None, "gone", ())
    again = session_result(path, report=gone).result.attribution
    assert (again.strategy[0].max_drawdown, {event.max_drawdown for event in again.event}) == (row.max_drawdown, {None})


def test_too_much_to_value_is_not_guessed(done, monkeypatch):
    monkeypatch.setattr("polydesk.report.equity.MOST_VALUES", 3)
    rows = session_result(done[0]).result.attribution
    assert {row.max_drawdown for row in (*rows.strategy, *rows.event)} == {None}


@given(st.lists(st.integers(-100, 100), max_size=40))
def test_a_fall_is_from_the_highest_point_before(moves):
    curve = [0, *accumulate(moves)]
    falling = Falling()
    for point in curve:
        falling.see(point)
    assert falling.depth_u6 == max(high - low for at, low in enumerate(curve) for high in curve[: at + 1])


def test_the_ledger_has_its_columns_and_its_sums(done, files):
    rows = table(files / REPLAY)
    assert list(rows[0])[:28] == COLUMNS
    assert len(rows) == done[1].result.replay_total == len(done[1].ledger)
    running: dict[str, int] = {}
    before = refused = 0
    for row in rows:
        change = u6(float(row["realized_change"]))
        running[row["strategy"]] = running.get(row["strategy"], 0) + change
        assert u6(float(row["strategy_equity"])) == running[row["strategy"]]
        assert u6(float(row["risk_realized_pnl_before"])) == before
        assert int(row["risk_rejections_before"]) == refused
        before += change
        refused += row["risk_allowed"] == "0"
        if row["kind"] in {"refused", "unfilled", "failed"}:
            assert (row["executed_qty"], row["fill_ratio"]) == ("0", "0")
            assert row["risk_reason"]
    strategies = {row["strategy"]: row for row in table(files / STRATEGY)}
    net = {
        name: u6(float(row["realized"])) - u6(float(row["fees"])) - u6(float(row["rounding"]))
        for name, row in strategies.items()
    }
    assert net == running
    assert {row["kind"] for row in rows} >= {"fill", "unfilled", "refused", "failed"}
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    assert {row["event_id"] for row in table(files / EVENT)} <= {f"made-{i}" for i in range(3)}


def test_every_fill_and_payout_of_the_journal_is_a_line(tape, tmp_path):
    folder, found = run(tape, tmp_path)
    _, records = read_session(folder)
    failed = {r.fill for r in records if isinstance(r, FillStatus) and not r.confirmed}
    fills = {r.id: r for r in records if isinstance(r, Fill)}
    assert failed
    lines = {entry.fill_id: entry for entry in found.ledger if entry.fill_id}
    assert lines.keys() == fills.keys()
    for name, fill in fills.items():
        entry = lines[name]
        assert entry.kind == ("failed" if name in failed else "fill")
        assert u6(entry.executed_qty) == (0 if name in failed else fill.size_u6)
        sign = 1 if entry.side == "buy" else -1
        slip = sign * (entry.fill_price - entry.target_price) / entry.target_price * 10_000
        assert entry.slippage_bps_applied == pytest.approx(slip, abs=1e-5)
        assert slip <= 1e-9, "nothing fills beyond its limit"
    paid = [r for r in records if isinstance(r, Settled)]
    assert len(paid) == 3
    assert {e.event_id for e in found.ledger if e.kind == "settlement"} <= {f"made-{r.market}" for r in paid}


def test_the_document_follows_its_schema_and_the_rules_of_its_major(files):
    document = json.loads((files / JSON).read_text())
    schema = json_schema()
    assert problems(document, schema, schema) == []
    assert validate(document, "f") == 2
    assert document["schema_version"] == "2.3"
    for name in ("execution", "risk", "strategies", "models"):
        assert document["configs"][name], name
    assert document["configs"]["models"]["fill_rule"].startswith("Takers walk")
    assert msgspec.convert(document, Result) == read_result(files / JSON)
    broken = {**document, "replay": [{**document["replay"][0], "qty": "many"}]}
    del broken["summary"]
    assert set(problems(broken, schema, schema)) == {"$.summary: missing", "$.replay[0].qty: str, not number"}


KNOWN_WITHOUT_ACCOUNTS = {
    "entry": {"strategy", "event_id", "market_id", "fills", "orders", "refused"},
    "totals": {"generated_at", "from_ts", "to_ts", "total", "executed", "rejected", "unfilled", "fills",
               "reject_reasons", "hold_reasons", "sentinels"},
    "running": {"realized_change", "strategy_equity", "event_equity", "risk_realized_pnl_before"},
}  # fmt: skip


def test_broken_accounts_leave_no_figure_of_money(done, files, tmp_path):
    session = open_session(done[0])
    broken = replace(session, records=(*session.records, SentinelBroke(1, 1, "identity", "off by 1")))
    found = session_result(done[0], report=Report(summarise(broken), None, "", ()))
    result = found.result
    assert [note for note in result.meta.notes if "off by 1" in note] == [
        "no figure of money is given: broken: identity: off by 1"
    ]
    written = msgspec.to_builtins(result)
    for row in (*written["attribution"]["strategy"], *written["attribution"]["event"]):
        assert {name for name, value in row.items() if value is not None} == (
            KNOWN_WITHOUT_ACCOUNTS["entry"] & row.keys()
        )
    assert {name for name, value in written["summary"].items() if value is not None} == KNOWN_WITHOUT_ACCOUNTS["totals"]
    whole = {line.order_id + line.fill_id: line for line in done[1].ledger}
    for line in found.ledger:
        told, before = (msgspec.structs.asdict(one) for one in (line, whole[line.order_id + line.fill_id]))
        changed = {name for name, value in told.items() if value != before[name]}
        assert changed == KNOWN_WITHOUT_ACCOUNTS["running"], "what the journal tells of the line stays"
        assert {told[name] for name in changed} == {None}
    write_result(tmp_path, result, found.ledger)
    schema = json_schema()
    assert problems(json.loads((tmp_path / JSON).read_text()), schema, schema) == []
    assert read_result(tmp_path / JSON).summary == result.summary
    text = (tmp_path / SUMMARY).read_text()
    assert "**No figure of money is given: broken: identity: off by 1.**" in text
    strategies = text.split("## Strategies")[1].split("##")[0]
    assert not any(cell.strip().lstrip("-").replace(".", "").isdigit() for line in strategies.splitlines()
                   for cell in line.split("|")[2:9])  # fmt: skip
    both = compare(["whole", "broken"], [read_result(files / JSON), result])
    assert {name for name, values in both.metrics.items() if values[1] is not None} == {
        "total", "executed", "rejected", "unfilled", "fills",
    }  # fmt: skip


def test_side_cars_pass_sha256sum_and_a_changed_file_is_noticed(files, tmp_path):
    for name in (REPLAY, STRATEGY, EVENT):
        (tmp_path / name).write_bytes((files / name).read_bytes())
        (tmp_path / f"{name}.sha256").write_bytes((files / f"{name}.sha256").read_bytes())
    cars = [f"{name}.sha256" for name in (REPLAY, STRATEGY, EVENT)]
    assert subprocess.run(["sha256sum", "-c", *cars], cwd=tmp_path, capture_output=True).returncode == 0
    assert verify_file(tmp_path / EVENT).ok
    (tmp_path / EVENT).write_text((tmp_path / EVENT).read_text() + "\n")
    assert not verify_file(tmp_path / EVENT).ok
    assert subprocess.run(["sha256sum", "-c", *cars], cwd=tmp_path, capture_output=True).returncode == 1
    assert verify_file(files / JSON).ok


def test_the_same_inputs_give_the_same_files(window, done, files, tmp_path):
    _, again = run(window, tmp_path)
    write_result(tmp_path / "again", again.result, again.ledger)
    for name in (REPLAY, STRATEGY, EVENT):
        assert (tmp_path / "again" / name).read_bytes() == (files / name).read_bytes()
    one, two = (json.loads((folder / JSON).read_text()) for folder in (files, tmp_path / "again"))
    for document in (one, two):
        del document["meta"]["session"], document["summary"]["generated_at"], document["checksum_sha256"]
    assert one == two
    assert one["journal_sha256"] == done[1].result.journal_sha256


def test_a_stopped_session_says_that_it_is_partial(tape, tmp_path):
    from polydesk.run.driver import Driver

    settings = load_settings(None, {}, [f"data_dir={tmp_path}", *LIVELY, "run.checkpoint_rows=500"]).settings
    kept = Driver._batch

    def stopping(self, rows):
        if int(rows["seq"][0]) >= 1000:
            self.stop("SIGINT")
        return kept(self, rows)

    try:
        Driver._batch = stopping
        ended = run_backtest(settings, tape, [], nobody, engine="python")
    finally:
        Driver._batch = kept
    assert ended.reason == "stopped"
    found = session_result(ended.path)
    assert (found.result.meta.complete, found.result.meta.end) == (False, "stopped")
    assert "partial" in found.result.meta.notes[0]
    files = write_result(tmp_path / "f", found.result, found.ledger)
    assert verify_file(files[0]).ok
    assert "Partial" in (tmp_path / "f" / SUMMARY).read_text()
    assert found.result.tape.applied < tape.manifest.rows


def test_summary_names_every_strategy_and_the_assumptions(files):
    text = (files / SUMMARY).read_text()
    for told in ("| mean_reversion |", "| inventory_maker |", "## Refused by risk", "fill_rule: Takers walk",
                 "Constructed data"):  # fmt: skip
        assert told in text


def test_a_strategy_without_a_line_still_appears():
    standings = Standings(["quiet"])
    made = entries([_line("loud", 5), _line("loud", -7), _line("loud", 1)], standings, Caps(1, 2, 3))
    rows, events = attribution(standings)
    assert [(row.strategy, row.pnl, row.max_drawdown) for row in rows] == [
        ("loud", -1e-6, None), ("quiet", 0.0, None),
    ]  # fmt: skip
    assert [(row.strategy, row.event_id) for row in events] == [("loud", "e")]
    assert [entry.strategy_equity for entry in made] == [5e-6, -2e-6, -1e-6]
    assert cells(made[1])["realized_change"] == "-0.000007"
    assert rows[1].winrate is None


def _line(strategy, change):
    return Line(ts_ns=0, kind="fill", strategy=strategy, event="e", market_id="m", token_id="7", side="buy",  # noqa: S106
                change_u6=change, fill_g4=1, executed_u6=1, qty_u6=1)  # fmt: skip


def test_replay_entry_keeps_the_old_columns_first():
    assert list(ReplayEntry.__struct_fields__)[:28] == COLUMNS


def test_the_schema_in_the_documentation_is_this_one():
    file = Path(__file__).parents[2] / "docs" / "schemas" / "backtest-2.json"
    assert json.loads(file.read_text()) == json_schema(), (
        "write it again: polydesk backtest schema | python -m json.tool --no-ensure-ascii > FILE"
    )
