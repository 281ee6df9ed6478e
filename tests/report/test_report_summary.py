"""The summary of a made-up session against sums made another way."""

from decimal import Decimal

import msgspec
import pytest
from made_up_sessions import CONFIG, make_session

from polydesk.model.errors import JournalError
from polydesk.model.grid import cost_u6, proceeds_u6
from polydesk.model.orders import Side
from polydesk.model.records import (
    Fill,
    FillStatus,
    Marked,
    OrderSent,
    SentinelBroke,
    SessionEnded,
    Settled,
)
from polydesk.report.final_json import result
from polydesk.report.session import Session
from polydesk.report.summary import summarise
from polydesk.report.tables import breakdown_table, exit_table, pnl_table


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session()


def changed(session: Session, records: list) -> Session:
    return Session(session.path, session.header, tuple(records), session.manifest, session.tape, session.missing)


def final_cash(session: Session, *, only_confirmed: bool = False) -> int:
    """Add up cash from the records alone, without positions or average cost."""
    final = {r.fill for r in session.records if isinstance(r, FillStatus) and r.confirmed}
    held: dict[tuple[int, int], int] = {}
    cash = 0
    for record in session.records:
        if isinstance(record, Fill) and (not only_confirmed or record.id in final):
            key = record.market, record.token
            held[key] = held.get(key, 0) + int(record.side) * record.size_u6
            amount = (cost_u6 if record.side is Side.BUY else proceeds_u6)(record.price_g4, record.size_u6)
            cash -= int(record.side) * amount + record.fee_u6
        if isinstance(record, Settled):
            for token in (0, 1):
                cash += proceeds_u6(record.payout_g4[token], held.pop((record.market, token), 0))
    return cash


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pnl_is_cash_plus_value(seed: int) -> None:
    session = make_session(seed)
    summary = summarise(session)
    last = [r for r in session.records if isinstance(r, Marked)][-1]
    assert summary.matched.net_u6 == final_cash(session) + last.value_u6[0]
    assert summary.confirmed.net_u6 == final_cash(session, only_confirmed=True) + last.value_u6[1]
    assert summary.sentinels == "ok"


def test_counts_are_the_records(session: Session) -> None:
    summary = summarise(session)
    assert summary.counts.orders == sum(isinstance(r, OrderSent) for r in session.records)
    assert summary.counts.fills == len(summary.fills) == sum(isinstance(r, Fill) for r in session.records)
    assert summary.counts.causes.keys() == {"book", "print", "trade_through"}
    assert sum(summary.counts.causes.values()) == summary.counts.fills
    assert summary.counts.refusals == {"stale_feed": 43}
    assert summary.end == "tape_end"
    assert summary.events == session.header.tape_range[1]


def test_lines_add_up_to_the_total(session: Session) -> None:
    bids = {(6, 0): 4_500, (6, 1): 5_400}
    summary = summarise(session, bids)
    by_strategy, by_market = summary.by_strategy, summary.by_market
    for lines in (by_strategy, by_market):
        assert sum(line.realised_u6 for line in lines) == summary.matched.realised_u6
        assert sum(line.fees_u6 for line in lines) == summary.matched.fees_u6 + summary.matched.dust_u6
        assert sum(line.fills for line in lines) == summary.counts.fills
    assert sum(line.realised_u6 for line in summary.by_exit) == summary.matched.realised_u6
    assert {line.key for line in summary.by_exit} == {"quote", "settlement", "stop", "take_profit", "time"}
    value = sum(proceeds_u6(bids[p.market, p.token], p.shares_u6) for p in summary.positions)
    assert sum(p.value_u6 for p in summary.positions) == value
    assert sum(line.unrealised_u6 for line in by_market) == value - sum(p.cost_u6 for p in summary.positions)


def test_open_positions_without_bids_are_unknown_not_zero(session: Session) -> None:
    summary = summarise(session)
    assert all(p.value_u6 is None for p in summary.positions)
    assert {line.key: line.net_u6 for line in summary.by_market}["6"] is None
    assert "not valued" in breakdown_table(summary, "market").note


def test_failed_fill_leaves_no_trace_in_the_sums(session: Session) -> None:
    position = next(i for i, r in enumerate(session.records) if isinstance(r, FillStatus))
    failed = session.records[position].fill
    records = list(session.records)
    records[position] = msgspec.structs.replace(records[position], confirmed=False)
    without = [r for r in session.records if not (isinstance(r, Fill | FillStatus) and failed in (r_id(r),))]
    one, two = summarise(changed(session, records)), summarise(changed(session, without))
    assert one.counts.failed_fills == 1
    assert one.matched == two.matched
    assert one.confirmed == two.confirmed
    assert one.by_strategy == two.by_strategy
    assert [line.status for line in one.fills].count("failed") == 1


def r_id(record: Fill | FillStatus) -> str:
    return record.id if isinstance(record, Fill) else record.fill


def test_broken_sentinel_voids_every_pnl_number(session: Session) -> None:
    records = [*session.records[:-1], SentinelBroke(1, 1, "identity", "off by 1"), session.records[-1]]
    summary = summarise(changed(session, records))
    final = result(summary)
    assert final["sentinels"] == "broken: identity: off by 1"
    assert final["pnl"] == {"matched": final["sentinels"], "confirmed": final["sentinels"]}
    assert final["fees"] == final["sentinels"]
    for table in (pnl_table(summary), breakdown_table(summary, "strategy"), exit_table(summary)):
        for row in (*table.rows, *([table.total] if table.total else [])):
            assert "broken" in row[-1]


def test_report_notices_a_mark_that_does_not_follow_from_the_fills(session: Session) -> None:
    records = list(session.records)
    at = max(i for i, r in enumerate(records) if isinstance(r, Marked))
    wrong = (records[at].cash_u6[0] + 1, records[at].cash_u6[1])
    records[at] = msgspec.structs.replace(records[at], cash_u6=wrong)
    assert summarise(changed(session, records)).sentinels.startswith("broken: report: the last mark's cash")


def test_a_fill_beyond_the_size_voids_the_numbers_and_is_named(session: Session) -> None:
    at, first = next((i, r) for i, r in enumerate(session.records) if isinstance(r, Fill))
    again = msgspec.structs.replace(first, id="fill-again", size_u6=first.size_u6 * 9)
    records = [*session.records[: at + 1], again, *session.records[at + 1 :]]
    broken = summarise(changed(session, records)).broken
    assert any(f"order {first.intent} of" in text and "was filled" in text for text in broken)


def test_fill_of_an_unknown_order_is_an_error(session: Session) -> None:
    records = [r for r in session.records if not isinstance(r, OrderSent)]
    with pytest.raises(JournalError, match="never sent"):
        summarise(changed(session, records))


def test_final_json_has_exactly_the_documented_keys(session: Session) -> None:
    final = result(summarise(session))
    assert list(final) == [
        "session", "mode", "source", "constructed", "data", "events", "markets", "decisions", "orders", "fills",
        "refusals", "pnl", "fees", "sentinels", "assumed", "journal_sha256",
    ]  # fmt: skip
    assert list(final["pnl"]) == ["matched", "confirmed"]
    assert isinstance(final["pnl"]["matched"], Decimal)
    assert isinstance(session.records[-1], SessionEnded)
    assert final["journal_sha256"] == session.records[-1].journal_sha256
    text = msgspec.json.Encoder(decimal_format="number").encode(final)
    assert msgspec.json.decode(text)["pnl"]["matched"] == float(final["pnl"]["matched"])
    facts = {item["fact"]: item["value"] for item in final["assumed"]}
    assert facts["min_size_u6"] == "5 shares, the venue's usual minimum"


def test_unfinished_session_is_summed_as_far_as_it_goes(session: Session) -> None:
    summary = summarise(changed(session, list(session.records[:200])))
    assert summary.end == ""
    assert 0 < summary.events < session.header.tape_range[1]
    assert len(summary.journal_sha256) == 64
    nothing = summarise(changed(session, []))
    assert (nothing.events, nothing.matched.net_u6, nothing.marks) == (0, 0, ())


def test_open_position_that_was_never_marked_is_unknown(session: Session) -> None:
    records = [r for r in session.records if not isinstance(r, Marked)]
    final = result(summarise(changed(session, records)))
    assert final["pnl"]["matched"] == "unknown: open positions were never marked"


def test_session_without_manifest_still_reports(session: Session) -> None:
    bare = Session(session.path, session.header, session.records, None, None, "gone")
    summary = summarise(bare)
    assert summary.constructed is None
    assert summary.market_name(3) == "market 3"
    assert summary.matched == summarise(session).matched
    assert CONFIG["exchange"].items() <= summary.config["exchange"].items()
