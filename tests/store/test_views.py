"""What viewers read from the ledger agrees with what the journal says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_samples import NOON_NS, SHARES, header, scripted, write_session

from polydesk.model.records import Marked
from polydesk.store import open_ledger, tail, views
from polydesk.store.view_rows import CurveEnds, MarkRow


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views")
    write_session(folder / "s-1", scripted())
    write_session(folder / "s-2", [[header("s-2")]])
    with open_ledger(folder / "ledger.db") as ledger:
        tail(ledger, folder / "s-1")
        tail(ledger, folder / "s-2")
        with ledger.reading() as open_connection:
            yield open_connection


def test_sessions_are_listed_with_their_state_the_newest_first(connection):
    found = views.session_starts(connection)
    assert [(start.session, start.state) for start in found] == [("s-2", "running"), ("s-1", "ended")]
    row = views.session_row(connection, "s-1")
    assert (row.mode, row.seed, row.tape_path, row.reason) == ("paper", 7, "tapes/x", "tape_end")
    assert views.session_row(connection, "s-3") is None
    assert views.records(connection, "s-1") == sum(len(batch) for batch in scripted())
    assert views.records(connection, "s-3") == 0


def test_decisions_come_newest_first_and_without_holds_when_asked(connection):
    both = views.latest_decisions(connection, "s-1", 10)
    assert [row.action for row in both] == ["buy", "hold"]
    assert [row.action for row in views.latest_decisions(connection, "s-1", 10, acts_only=True)] == ["buy"]
    assert views.latest_decisions(connection, "s-1", 10, market=1) == []
    assert len(views.latest_decisions(connection, "s-1", 1)) == 1
    bought = both[0]
    assert (bought.edge, bought.size_u6, bought.why[0].name) == (0.015, 10 * SHARES, "deviation")
    assert views.decision(connection, "s-1", bought.record) == bought
    assert views.decision(connection, "s-1", 999) is None


def test_a_decision_knows_its_neighbours_and_its_orders(connection):
    bought, held = views.latest_decisions(connection, "s-1", 2)
    assert views.decision_after(connection, "s-1", "mean_reversion", 0, held.record) == bought.record
    assert views.decision_after(connection, "s-1", "mean_reversion", 0, bought.record) is None
    assert views.decision_before(connection, "s-1", "mean_reversion", 0, bought.record) == bought
    assert views.decision_before(connection, "s-1", "mean_reversion", 0, held.record - 1) is None
    orders, number = views.orders_between(connection, "s-1", 0, (bought.record, 10_000), strategy="mean_reversion")
    assert [order.intent for order in orders] == ["ord-000001", "ord-000006", "ord-000002", "ord-000007"]
    assert number == 4
    few, all_of_them = views.orders_between(connection, "s-1", 0, (bought.record, 10_000), limit=2)
    assert ([order.intent for order in few], all_of_them) == (["ord-000001", "ord-000006"], 6)
    assert views.orders_between(connection, "s-1", 0, (0, bought.record)) == ([], 0)


def test_an_order_is_found_sent_or_refused_with_every_check(connection):
    sent = views.order(connection, "s-1", "ord-000001")
    assert (sent.state, sent.filled_u6, [check.name for check in sent.checks]) == (
        "matched", 10 * SHARES, ["order_notional"],
    )  # fmt: skip
    refused = views.order(connection, "s-1", "ord-000006")
    assert (refused.state, refused.code, refused.filled_u6) == ("", "total_exposure", 0)
    assert [(check.name, check.passed) for check in refused.checks] == [("cash", True), ("total_exposure", False)]
    assert views.order(connection, "s-1", "ord-999999") is None
    assert [row.intent for row in views.latest_refusals(connection, "s-1", 10)] == ["ord-000006"]
    told = [event.event for event in views.order_events(connection, "s-1", "ord-000005")]
    assert told[0] == "sent"
    assert "lost" in told


def test_fills_settlements_and_sums_agree_with_the_script(connection):
    fills = views.latest_fills(connection, "s-1", 10)
    assert len(fills) == 6
    assert fills[0].market == 1
    assert [fill.record for fill in fills] == sorted((fill.record for fill in fills), reverse=True)
    assert {fill.market for fill in views.latest_fills(connection, "s-1", 10, market=0)} == {0}
    paid = views.settlements(connection, "s-1")
    assert [(row.market, row.payout0_g4, row.payout1_g4, row.origin) for row in paid] == [(1, 0, 10_000, "derived")]
    totals = views.totals(connection, "s-1")
    assert (totals.orders, totals.fills, totals.refusals) == (6, 6, {"total_exposure": 1})
    held = [fill for fill in fills if fill.status != "failed"]
    assert (totals.kept, totals.makers) == (len(held), sum(fill.liquidity == "maker" for fill in held))
    assert totals.fees_u6 == sum(fill.fee_u6 for fill in fills if fill.status != "failed")
    assert views.totals(connection, "s-2") == type(totals)(0, 0, 0, 0, 0, 0, {})
    assert set(views.realised_by(connection, "s-1", "strategy")) >= {"mean_reversion"}


def test_marks_are_read_behind_a_record(connection):
    (only,) = views.marks(connection, "s-1")
    assert (only.matched_u6, only.confirmed_u6, only.exposure_u6) == (4, 6, 5)
    assert views.marks(connection, "s-1", only.record) == []
    assert views.curve_ends(connection, "s-1") == CurveEnds(4, 4, 6, 4, 0)
    assert views.curve_ends(connection, "s-2") is None
    assert views.curve_of(()) is None


@settings(max_examples=25)
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=30))
def test_the_database_and_plain_python_find_the_same_falls(tmp_path_factory, equity):
    folder = tmp_path_factory.mktemp("falls")
    marks = [
        Marked(seq, NOON_NS + seq, cash_u6=(worth, worth + 1), value_u6=(0, 0), exposure_u6=0)
        for seq, worth in enumerate(equity)
    ]
    write_session(folder / "s-1", [[header()], marks])
    with open_ledger(folder / "ledger.db") as ledger:
        tail(ledger, folder / "s-1")
        with ledger.reading() as connection:
            found = views.curve_ends(connection, "s-1")
            rows = views.marks(connection, "s-1")
    assert found == views.curve_of(rows)
    assert [row.matched_u6 for row in rows] == equity
    deepest = max(max(equity[: at + 1]) - worth for at, worth in enumerate(equity))
    assert found == CurveEnds(equity[0], equity[-1], equity[-1] + 1, max(equity), deepest)
    assert isinstance(rows[0], MarkRow)
