"""The notebook API: frames agree with the journal and the report, settings by name, grids, and the example notebook."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from desk_bench import EAGER
from made import made_tape
from polydesk.model.errors import ConfigError, SessionError
from polydesk.model.grid import cash_u6
from polydesk.model.records import Decision, Fill, Marked, OrderSent, Refused
from polydesk.research import notebook as research
from polydesk.research.frames import table
from polydesk.research.notebook_keywords import key_of, overrides_of
from polydesk.run.settings import Settings
from polydesk.run.settings_keys import leaf_keys

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook"
BOTH = ["mean_reversion", "inventory_maker"]


def with_polars():
    return pytest.importorskip("polars", reason="NOT TESTED: frames need polars; install polydesk[notebook]")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def tape(home):
    return made_tape(home / "tape", seed=3)


@pytest.fixture(scope="module")
def run(tape, home):
    eager = {f"{name}__{key}": value for name, keys in EAGER.items() for key, value in keys.items()}
    return research.backtest(
        tape, BOTH, data_dir=home, **eager, max_market_exposure=40, max_order_notional=40, risk_premium=0,
        failure_rate=0.1, seed=2,
    )  # fmt: skip


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [("fills", Fill), ("orders", OrderSent), ("decisions", Decision), ("refusals", Refused), ("marks", Marked)],
)
def test_every_record_of_a_kind_is_a_row(run, name, kind):
    records = [record for record in run.session.records if isinstance(record, kind)]
    found = run.table(name)
    assert found.num_rows == len(records) > 0
    assert found["seq"].to_pylist() == [record.seq for record in records]
    assert found["ts_ns"].to_pylist() == [record.ts_ns for record in records]


@pytest.mark.parametrize("name", research.TABLES)
def test_numbers_to_calculate_with_stand_beside_the_exact_ones(run, name):
    found = run.table(name)
    for column in found.schema.names:
        scale = {"_g4": 1e4, "_u6": 1e6}.get(column[-3:])
        if scale:
            exact, plain = found[column].to_numpy(), found[column[:-3]].to_numpy()
            assert np.allclose(exact / scale, plain, equal_nan=True)
        if column.endswith("_ns"):
            twin = found["time" if column == "ts_ns" else column[:-3]]
            assert twin.type == pa.timestamp("us", "UTC")
            assert twin.cast(pa.int64()).to_pylist() == [ts_ns // 1000 for ts_ns in found[column].to_pylist()]


def test_money_in_the_frames_is_the_reports(run):
    summary = run.summary
    positions = run.table("positions")
    assert sum(positions["fees_u6"].to_pylist()) == cash_u6(summary["fees"])
    marks = run.table("marks").to_pylist()
    earned = marks[-1]["equity_u6"] - marks[0]["equity_u6"]
    assert earned == cash_u6(summary["pnl"]["matched"])
    kept = [row for row in run.table("fills").to_pylist() if row["status"] != "failed"]
    assert {row["status"] for row in run.table("fills").to_pylist()} >= {"confirmed", "failed"}
    redeemed = sum(row["net_u6"] + row["cost_u6"] for row in positions.to_pylist())
    paid_out = earned - sum(row["cash_u6"] for row in kept)
    assert paid_out >= 0
    assert redeemed == pytest.approx(earned, abs=5)


def test_orders_tell_what_became_of_them(run):
    for row in run.table("orders").to_pylist():
        assert 0 <= row["filled_u6"] <= row["size_u6"]
        assert row["state"] in {"matched", "cancelled", "rejected"}
    codes = run.summary["refusals"]
    found = run.table("refusals")["code"].to_pylist()
    assert {code: found.count(code) for code in codes} == codes


def test_mids_are_every_change_of_the_touch(run):
    rows = run.table("mids").to_pylist()
    assert len(rows) > 500
    last = {}
    for row in rows:
        touch = (row["bid_g4"], row["ask_g4"])
        assert last.get(row["market"]) != touch
        last[row["market"]] = touch
        if row["mid"] is not None:
            assert row["mid"] == (row["bid_g4"] + row["ask_g4"]) / 20_000


def test_an_empty_table_has_the_same_columns(tape, home, run):
    calm = research.backtest(tape, "mean_reversion", data_dir=home, min_deviation=1, seed=1)
    assert calm.table("fills").num_rows == 0
    assert calm.table("fills").schema == run.table("fills").schema
    with pytest.raises(SessionError, match="no table 'trades': choose one of fills"):
        table(calm.session, "trades")


def test_polars_frames_are_the_same_tables(run):
    polars = with_polars()
    for name in research.TABLES:
        frame = getattr(run, name)
        assert isinstance(frame, polars.DataFrame)
        assert frame.rows(named=True) == polars.from_arrow(run.table(name)).rows(named=True)
        assert frame.height == run.table(name).num_rows


# --- settings by name -------------------------------------------------------------------------------------------------


def test_results_are_named_in_one_short_line(run):
    assert run.name in repr(run)
    assert len(repr(run)) < 300


def test_every_key_can_be_named_and_the_shortest_name_is_enough():
    for path in leaf_keys(Settings):
        assert key_of(BOTH, "__".join(path)) == path
    assert key_of(["inventory_maker"], "half_spread") == ("desk", "strategies", "inventory_maker", "half_spread")
    assert key_of(["mean_reversion"], "max_spread") == ("desk", "strategies", "mean_reversion", "max_spread")
    assert key_of(["mean_reversion"], "stop_loss") == ("desk", "strategies", "mean_reversion", "exits", "stop_loss")
    assert key_of(BOTH, "max_market_exposure") == ("desk", "risk", "max_market_exposure")
    assert key_of(BOTH, "seed") == ("run", "seed")
    assert overrides_of(["inventory_maker"], {"half_spread": 0.02}) == [
        "desk.strategies.inventory_maker.half_spread=0.02"
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("half_spred", "fits no key; did you mean 'half_spread'"),
        ("max_spread", "fits 2 keys: desk__strategies__mean_reversion__max_spread"),
        ("nonsense_at_all", "fits no key"),
    ],
)
def test_a_name_that_is_not_clear_is_told(name, told):
    with pytest.raises(ConfigError, match=told):
        key_of(BOTH, name)


def test_a_value_that_does_not_fit_is_told(tape, home):
    with pytest.raises(ConfigError, match="half_spread"):
        research.backtest(tape, "inventory_maker", data_dir=home, half_spread="wide")


# --- sessions, grids, charts ------------------------------------------------------------------------------------------


def test_a_session_is_found_by_folder_name_and_latest(run, home):
    for found in (research.session(run.path), research.session(run.name, data_dir=home)):
        assert found.session.journal_sha256 == run.session.journal_sha256
    assert research.session(data_dir=home).name
    with pytest.raises(SessionError, match="no session"):
        research.session("nobody", data_dir=home)


def test_a_grid_runs_every_combination_and_each_can_be_opened(tape, home):
    found = research.grid_table(
        tape, "inventory_maker", {"half_spread": [0.005, 0.01], "quote_shares": [5, 10]}, data_dir=home, seed=4,
        warm_up_s=1, max_spread=0.2,
    )  # fmt: skip
    rows = found.to_pylist()
    assert [(row["half_spread"], row["quote_shares"]) for row in rows] == [
        (0.005, 5),
        (0.005, 10),
        (0.01, 5),
        (0.01, 10),
    ]
    assert len({row["journal_sha256"] for row in rows}) == 4
    for row in rows:
        again = research.session(row["session"], data_dir=home)
        assert again.session.journal_sha256 == row["journal_sha256"]
        assert float(again.summary["pnl"]["matched"]) == row["pnl"]
    alone = research.backtest(
        tape, "inventory_maker", data_dir=home, seed=4, warm_up_s=1, max_spread=0.2, half_spread=0.01, quote_shares=5
    )
    assert alone.session.journal_sha256 == rows[2]["journal_sha256"]
    with pytest.raises(ConfigError, match="nothing to vary"):
        research.grid_table(tape, "inventory_maker", {}, data_dir=home)


def test_charts_are_drawings_a_notebook_shows(run):
    for what in ("equity", "drawdown", "exposure", "fees"):
        assert "<svg" in run.plot(what)._repr_html_()
    prices = run.plot_prices(2)._repr_html_()
    assert prices.count("<svg") == 2
    assert prices.count("<style>") == 1
    assert "<script" not in prices
    own = research.line_plot("mine <&>", "price", {"a": [(10**18, 0.1), (10**18 + 10**9, 0.2)]})._repr_html_()
    assert "mine &lt;&amp;&gt;" in own
    assert run.name in run._repr_html_()
    with pytest.raises(SessionError, match="no chart 'pnl': choose one of equity"):
        run.plot("pnl")


def test_why_not_is_at_hand(run):
    row = next(r.seq for r in run.session.records if isinstance(r, Refused))
    assert run.why_not(0, row).moment.seq == row


# --- the example ------------------------------------------------------------------------------------------------------


def executor():
    spec = importlib.util.spec_from_file_location("execute_notebook", NOTEBOOK / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_notebook_gives_what_it_says():
    with_polars()
    notebook = json.loads((NOTEBOOK / "backtest.ipynb").read_text())
    assert executor().differences(notebook) == []


def test_the_example_notebook_is_executed_and_names_no_place_of_its_author():
    text = (NOTEBOOK / "backtest.ipynb").read_text()
    notebook = json.loads(text)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    checked = [cell for cell in code if "checked" in cell["metadata"].get("tags", ())]
    assert len(checked) >= 5
    assert all(cell["outputs"] for cell in checked)
    assert not any(f"/{place}/" in text for place in ("tmp", "home", "root", "work", "Users"))


def test_a_checked_cell_that_changes_is_noticed():
    cell = {"cell_type": "code", "metadata": {"tags": ["checked"]}, "source": ["1 + 1"]}
    kept = [{"data": {"text/plain": ["3"]}}]
    assert executor().differences({"cells": [{**cell, "outputs": kept}]}) == ["cell 1: the notebook says 3, now 2"]
