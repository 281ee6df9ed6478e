"""Ledger, exports and report follow orders exactly as the desk does, whatever the venue says and in which order."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from session_samples import MARKETS, NOON_NS, SHARES, fill, header, intent, write_session
from sqlalchemy import select

from polydesk.model.errors import LedgerError
from polydesk.model.orders import OrderState
from polydesk.model.reasons import Reject
from polydesk.model.records import (
    CancelRejected,
    CancelSent,
    Fill,
    FillStatus,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
)
from polydesk.orders import WorkingOrders
from polydesk.report.lives import lives
from polydesk.store import open_ledger, rebuild, tables, tail, write_exports

AT = {"seq": 3, "ts_ns": NOON_NS + 3}
WANTED = intent(1)
NAME = WANTED.id
SENT = OrderSent(1, NOON_NS, WANTED, ())
HALF = fill(1, WANTED, 2, price=4800, size=5 * SHARES, fee=10)
REST = fill(2, WANTED, 3, price=4800, size=5 * SHARES, fee=10)


def ack(status):
    return OrderAck(**AT, intent=NAME, status=status)


CANCEL = CancelSent(**AT, intent=NAME, reason="requote")
GONE = CancelRejected(**AT, intent=NAME, reason=Reject.ALREADY_DONE.value)
DONE = OrderDone(**AT, intent=NAME, reason=Reject.CANCELLED.value)


def ledger_row(tmp_path, records):
    write_session(tmp_path / "s-1", [[header(), SENT], *([record] for record in records)])
    with open_ledger(tmp_path / "ledger.db") as ledger:
        rebuild(ledger, tmp_path / "s-1")
        with ledger.reading() as connection:
            return dict(connection.execute(select(tables.orders)).mappings().one())


@pytest.mark.parametrize(
    ("records", "state", "end"),
    [
        ([ack("delayed")], "live", ""),
        ([CANCEL, ack("live")], "cancelling", ""),
        ([ack("live"), CANCEL, HALF], "cancelling", ""),
        ([ack("live"), CANCEL, GONE], "unknown", ""),
        ([ack("live"), CANCEL, GONE, HALF, REST], "matched", ""),
        ([ack("live"), CANCEL, CancelRejected(**AT, intent=NAME, reason="not_found")], "live", ""),
        ([HALF], "live", ""),
        ([ack("live"), HALF, CANCEL, DONE], "cancelled", "cancelled"),
        ([ack("live"), HALF, CANCEL, DONE, REST], "matched", ""),
        ([OrderLost(**AT, intent=NAME), CANCEL], "unknown", ""),
        ([OrderRejected(**AT, intent=NAME, reason="breaks_tick")], "rejected", "breaks_tick"),
        ([HALF, HALF, FillStatus(**AT, fill=HALF.id, confirmed=False), REST], "matched", ""),
    ],
)
def test_report_and_ledger_say_what_the_desk_thinks(tmp_path, records, state, end):
    life = lives([SENT, *records])[NAME]
    row = ledger_row(tmp_path, records)
    assert (life.state.value, life.end) == (state, end)
    assert (row["state"], row["done_reason"]) == (state, end)
    assert (life.filled_u6, life.failed_u6, life.fees_u6) == (row["filled_u6"], row["failed_u6"], row["fees_u6"])


def test_a_failed_fill_leaves_shares_and_fees_and_is_marked(tmp_path):
    records = [
        HALF,
        REST,
        FillStatus(**AT, fill=HALF.id, confirmed=False),
        FillStatus(**AT, fill=HALF.id, confirmed=True),
    ]
    life = lives([SENT, *records])[NAME]
    assert (life.state, life.filled_u6, life.failed_u6, life.fees_u6) == (
        OrderState.MATCHED,
        5 * SHARES,
        5 * SHARES,
        10,
    )
    row = ledger_row(tmp_path, records)
    assert (row["state"], row["filled_u6"], row["failed_u6"], row["fees_u6"]) == ("matched", 5 * SHARES, 5 * SHARES, 10)


def test_a_fill_beyond_the_size_is_a_contradiction_that_everybody_names(tmp_path):
    records = [HALF, REST, fill(3, WANTED, 3, price=4800, size=SHARES)]
    assert "was filled 11000000" in lives([SENT, *records])[NAME].contradiction
    with pytest.raises(LedgerError, match=r"record 4: order ord-000001 of 10000000 micro-shares was filled 11000000"):
        ledger_row(tmp_path, records)


_NEWS = st.lists(
    st.one_of(
        st.sampled_from(["live", "matched", "delayed"]).map(ack),
        st.sampled_from([CANCEL, GONE, DONE, OrderLost(**AT, intent=NAME)]),
        st.sampled_from(["not_found", "market_closed"]).map(lambda why: CancelRejected(**AT, intent=NAME, reason=why)),
        st.sampled_from(["expired", "remainder_killed"]).map(lambda why: OrderDone(**AT, intent=NAME, reason=why)),
        st.just(OrderRejected(**AT, intent=NAME, reason="breaks_tick")),
        st.integers(1, 5).map(lambda n: fill(n, WANTED, 3, price=4800, size=2 * SHARES, fee=7)),
        st.tuples(st.integers(1, 5), st.booleans()),
    ),
    max_size=14,
)


@given(_NEWS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_news_in_any_order(tmp_path_factory, news):
    working = WorkingOrders()
    working.add(WANTED, NOON_NS)
    seen, records = set(), []
    for one in news:
        if isinstance(one, tuple):
            if f"fill-{one[0]}" not in seen:
                continue
            records.append(FillStatus(**AT, fill=f"fill-{one[0]}", confirmed=one[1]))
        elif isinstance(one, CancelSent):
            if working.find(NAME).state.terminal:
                continue
            working.cancelling(NAME)
            records.append(one)
        else:
            if not (isinstance(one, Fill) and one.id in seen):
                working.apply(one)
            seen |= {one.id} if isinstance(one, Fill) else set()
            records.append(one)
    desk = working.find(NAME)
    life = lives([SENT, *records])[NAME]
    assert (life.state, life.left_u6) == (desk.state, desk.left_u6)
    assert life.filled_u6 + life.failed_u6 == desk.filled_u6

    folder = tmp_path_factory.mktemp("s")
    writer = write_session(folder, [[header(), SENT]], close=False)
    with open_ledger(folder / "ledger.db") as ledger:
        for record in records:
            writer.append(record)
            writer.commit()
            tail(ledger, folder)
        writer.close()
        tail(ledger, folder)
        with ledger.reading() as connection:
            row = connection.execute(select(tables.orders)).mappings().one()
    assert (row["state"], row["done_reason"], row["acked"], row["cancels"]) == (
        desk.state.value, life.end, desk.acked, desk.cancels,
    )  # fmt: skip
    assert (row["filled_u6"], row["failed_u6"], row["fees_u6"]) == (life.filled_u6, life.failed_u6, life.fees_u6)

    write_exports(folder / "journal.pdj", MARKETS, folder / "reports")
    status = json.loads((folder / "reports" / "pipeline_status.json").read_text())
    shown = status["order_store"][0]
    assert (shown["status"], round(shown["remaining_shares"] * SHARES)) == (desk.state.value, desk.left_u6)
