"""The ledger repeats the journal: the same rows in one go or in pieces, and money adds up."""

import time
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_samples import NOON_NS, SHARES, fill, generated, header, intent, scripted, write_session
from sqlalchemy import select

from polydesk.model.errors import JournalError, LedgerError
from polydesk.model.grid import cost_u6, proceeds_u6
from polydesk.model.orders import Side
from polydesk.model.records import Fill, FillStatus, OrderSent, Settled
from polydesk.portfolio.account import Account
from polydesk.store import open_ledger, rebuild, tables, tail
from polydesk.store.positions import Closing, Holding, settle, trade
from polydesk.tape.journal import JournalWriter

PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def dump(ledger):
    """Return every row of every table, in key order."""
    with ledger.reading() as connection:
        return {
            table.name: connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            for table in tables.metadata.sorted_tables
        }


def rows(ledger, table, **equal):
    with ledger.reading() as connection:
        wanted = select(table).where(*(table.c[name] == value for name, value in equal.items()))
        return [dict(row) for row in connection.execute(wanted.order_by(*table.primary_key.columns)).mappings()]


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_a_scripted_session_by_hand(tmp_path, ledger):
    write_session(tmp_path / "s-1", scripted())
    assert tail(ledger, tmp_path / "s-1") == sum(map(len, scripted()))
    states = {
        row["intent"]: (row["state"], row["done_reason"], row["filled_u6"]) for row in rows(ledger, tables.orders)
    }
    assert states == {
        "ord-000001": ("matched", "", 10 * SHARES),
        "ord-000002": ("matched", "", 10 * SHARES),
        "ord-000003": ("matched", "", 20 * SHARES),
        "ord-000004": ("cancelled", "requote", 3 * SHARES),
        "ord-000005": ("live", "", 0),
        "ord-000007": ("rejected", "breaks_tick", 0),
    }
    first = rows(ledger, tables.orders, intent="ord-000001")[0]
    assert Fraction(first["filled_u10"], first["filled_u6"]) == 4740, "0.48 x 4 + 0.47 x 6 over 10"
    assert first["fees_u6"] == 69_890 + 104_630
    assert [(row["id"], row["status"]) for row in rows(ledger, tables.fills)] == [
        ("fill-1", "confirmed"), ("fill-2", "confirmed"), ("fill-3", "confirmed"), ("fill-4", "confirmed"),
        ("fill-5", "failed"), ("fill-6", "confirmed"),
    ]  # fmt: skip
    exits = rows(ledger, tables.realised_exits)
    assert [(row["strategy"], row["reason"], row["realised_u6"]) for row in exits] == [
        ("mean_reversion", "take_profit", 52_100_00 - 47_400_00),
        ("mean_reversion", "settlement", 20_000_000 - 5_998_000),
    ]
    assert exits[0]["entry_fees_u6"] == 69_890 + 104_630
    assert exits[0]["exit_fee_u6"] == 174_690
    positions = rows(ledger, tables.positions)
    for column in ("matched", "confirmed"):
        told = {
            (p["strategy"], p["market"], p["token"]): (p[f"{column}_shares_u6"], p[f"{column}_cost_u6"])
            for p in positions
        }
        assert told == {
            ("inventory_maker", 0, 0): (3 * SHARES, 1_410_000),
            ("mean_reversion", 0, 0): (0, 0),
            ("mean_reversion", 1, 1): (0, 0),
        }
    session = rows(ledger, tables.sessions)[0]
    assert (session["state"], session["reason"], session["journal_sha256"]) == ("ended", "tape_end", "cd" * 32)
    assert [row["code"] for row in rows(ledger, tables.refusals)] == ["total_exposure"]
    assert '"name":"total_exposure"' in rows(ledger, tables.refusals)[0]["checks"]
    assert [row["action"] for row in rows(ledger, tables.decisions)] == ["hold", "buy"]
    assert [row["amount_u6"] for row in rows(ledger, tables.cash_moves)] == [1_000_000_000]
    failed = rows(ledger, tables.strategy_failures)
    assert [(row["strategy"], row["error"], row["disabled"]) for row in failed] == [
        ("mean_reversion", "KeyError: 'mid'", False)
    ]
    assert [(row["cash_u6"], row["shares"]) for row in rows(ledger, tables.balances)] == [
        (990_000_000, '{"0/0":3000000}')
    ]
    quote = rows(ledger, tables.orders, intent="ord-000004")[0]
    assert (quote["filled_u6"], quote["failed_u6"]) == (3 * SHARES, 2 * SHARES), "the failed fill is marked"
    assert [row["event"] for row in rows(ledger, tables.order_events, intent="ord-000005")] == [
        "sent", "lost", "ack", "cancel_sent", "cancel_rejected",
    ]  # fmt: skip
    assert [(row["kind"], row["name"]) for row in rows(ledger, tables.session_events)] == [
        ("session", "started"), ("source", "live"), ("command", "kill"), ("session", "ended"),
    ]  # fmt: skip


def test_tailing_in_pieces_repeating_and_rebuilding_give_the_same_tables(tmp_path, ledger):
    first, *rest = scripted()
    writer = write_session(tmp_path / "s-1", [first], close=False)
    for batch in rest:
        tail(ledger, tmp_path / "s-1")
        for record in batch:
            writer.append(record)
        writer.commit()
        assert tail(ledger, tmp_path / "s-1") == len(batch)
        assert tail(ledger, tmp_path / "s-1") == 0
    writer.close()
    pieces = dump(ledger)
    assert all(pieces[name] for name in pieces if name != "markets"), "the script touches every table"
    assert rebuild(ledger, tmp_path / "s-1") == writer.records
    assert dump(ledger) == pieces
    with open_ledger(tmp_path / "other.sqlite") as other:
        tail(other, tmp_path / "s-1")
        assert dump(other) == pieces


def naive_positions(batches):
    """Return shares per position and column, and which markets are settled, from nothing but sums."""
    records = [record for batch in batches for record in batch]
    strategies = {record.intent.id: record.intent.strategy for record in records if isinstance(record, OrderSent)}
    final = {record.fill: record.confirmed for record in records if isinstance(record, FillStatus)}
    payouts = {record.market for record in records if isinstance(record, Settled)}
    shares, settled, undecided = {}, {}, set()
    for record in records:
        if isinstance(record, Fill):
            key = (strategies[record.intent], record.market, record.token)
            if record.id not in final:
                undecided.add(key)
            booked = final.get(record.id, False) and key not in undecided
            for column, counts in (("matched", final.get(record.id, True)), ("confirmed", booked)):
                shares.setdefault((*key, column), 0)
                if counts:
                    shares[*key, column] += record.side * record.size_u6
            settled[key] = record.market in payouts
    return {key: 0 if settled[key[:3]] else count for key, count in shares.items()}, settled


@given(generated(), st.randoms(use_true_random=False))
@PROPERTY
def test_any_order_of_events_gives_one_answer_and_loses_no_money(tmp_path_factory, ledger, batches, names):
    directory = tmp_path_factory.mktemp("s")
    batches[0][0] = header(f"s-{names.getrandbits(64):x}")
    writer = write_session(directory, batches[:1], close=False)
    tail(ledger, directory)
    for batch in batches[1:]:
        for record in batch:
            writer.append(record)
        writer.commit()
        tail(ledger, directory)
    writer.close()
    pieces = dump(ledger)
    rebuild(ledger, directory)
    assert dump(ledger) == pieces
    try:
        check_money(ledger, batches)
    finally:
        with ledger.writing() as connection:
            for table in tables.metadata.sorted_tables:
                connection.execute(table.delete())


def check_money(ledger, batches):
    shares, settled = naive_positions(batches)
    told = rows(ledger, tables.positions)
    assert {
        (row["strategy"], row["market"], row["token"], column): row[f"{column}_shares_u6"]
        for row in told
        for column in ("matched", "confirmed")
    } == shares
    for row in told:
        key = {name: row[name] for name in ("strategy", "market", "token")}
        kept = [told for told in rows(ledger, tables.fills, **key) if told["status"] != "failed"]
        flow = sum(told["cash_u6"] for told in kept)
        exits = rows(ledger, tables.realised_exits, **key)
        flow += sum(told["proceeds_u6"] for told in exits if told["reason"] == "settlement")
        assert row["matched_realised_u6"] - row["matched_cost_u6"] - row["matched_dust_u6"] == flow
        assert row["matched_fees_u6"] == sum(told["fee_u6"] for told in kept)
        assert row["matched_realised_u6"] == sum(told["realised_u6"] for told in exits)
        if not settled[tuple(key.values())]:
            final = sum(told["cash_u6"] for told in kept if told["booked"])
            assert row["confirmed_realised_u6"] - row["confirmed_cost_u6"] - row["confirmed_dust_u6"] == final
        fees_told = sum(told["entry_fees_u6"] + told["exit_fee_u6"] for told in exits)
        assert fees_told + row["matched_open_fees_u6"] == row["matched_fees_u6"]


@given(generated(late_fills=False))
@PROPERTY
def test_the_ledger_agrees_with_the_desks_own_books(tmp_path_factory, ledger, batches):
    account = Account()
    strategies = {}
    short = set()
    for record in (record for batch in batches for record in batch):
        match record:
            case OrderSent():
                strategies[record.intent.id] = record.intent.strategy
            case Fill():
                account.fill(record, strategies[record.intent])
            case FillStatus():
                account.status(record)
            case Settled():
                account.settled(record)
        short |= {key for key, position in account.matched.positions.items() if position.shares_u6 < 0}
        short |= {key for key, position in account.confirmed.positions.items() if position.shares_u6 < 0}
    directory = tmp_path_factory.mktemp("s")
    write_session(directory, batches)
    rebuild(ledger, directory)
    for row in rows(ledger, tables.positions):
        key = f"{row['strategy']}/{row['market']}/{row['token']}"
        for name, column in (("matched", account.matched), ("confirmed", account.confirmed)):
            if key not in column.positions:
                assert row[f"{name}_shares_u6"] == row[f"{name}_fees_u6"] == 0
                continue
            theirs = column.positions[key]
            mine = {field: row[f"{name}_{field}_u6"] for field in ("shares", "cost", "fees", "dust", "realised")}
            assert mine["realised"] - mine["cost"] == theirs.realised_u6 - theirs.cost_u6
            assert (mine["shares"], mine["fees"], mine["dust"]) == (theirs.shares_u6, theirs.fees_u6, theirs.dust_u6)
            if key not in short:
                assert (mine["cost"], mine["realised"]) == (theirs.cost_u6, theirs.realised_u6)


def test_selling_everything_leaves_no_cost_and_rounding_is_dust():
    holding, none = trade(Holding(), Side.BUY, 3333, 1_000_001, 7)
    assert none is None
    assert holding == Holding(1_000_001, proceeds_u6(3333, 1_000_001), 7, 7, 1, 0)
    assert cost_u6(3333, 1_000_001) == 333_301, "333300.3333 is rounded up for the payer"
    part, closing = trade(holding, Side.SELL, 5000, 333_333, 3)
    assert closing == Closing(333_333, 333_300 * 333_333 // 1_000_001, 166_666, 1, 2, 3)
    assert closing.realised_u6 == 166_667 - closing.cost_u6
    rest, last = trade(part, Side.SELL, 5000, 666_668, 0)
    assert (rest.shares_u6, rest.cost_u6, rest.open_fees_u6, rest.fees_u6, rest.dust_u6) == (0, 0, 0, 10, 2)
    assert closing.cost_u6 + last.cost_u6 == 333_300
    assert rest.realised_u6 - rest.dust_u6 == 166_666 + 333_334 - 333_301
    won, paid = settle(holding, 10_000)
    assert paid.realised_u6 == 1_000_001 - 333_300
    assert won == Holding(fees_u6=7, dust_u6=1, realised_u6=paid.realised_u6)
    assert settle(Holding(), 10_000) == (Holding(), None)


def test_a_failed_buy_after_its_sale_leaves_a_short_that_a_buy_covers():
    short, closing = trade(Holding(), Side.SELL, 6000, 2 * SHARES, 0)
    assert (short.shares_u6, short.cost_u6, short.realised_u6) == (-2 * SHARES, 0, 1_200_000)
    assert closing.shares_u6 == 2 * SHARES
    after, covered = trade(short, Side.BUY, 5000, 3 * SHARES, 30)
    assert after == Holding(SHARES, 500_000, 10, 30, 0, 200_000)
    assert covered.realised_u6 == -1_000_000
    assert settle(short, 10_000)[0].realised_u6 == -800_000


def test_a_fill_reported_after_settlement_is_paid_at_once(tmp_path, ledger):
    wanted = intent(1, market=1, token=1, price=3000)
    write_session(tmp_path / "s-1", [
        [header(), OrderSent(1, NOON_NS, wanted, ())],
        [Settled(2, NOON_NS, 1, (0, 10_000), "venue"), fill(1, wanted, 3, price=3000, size=10 * SHARES)],
        [FillStatus(4, NOON_NS, fill(1, wanted, 3, price=3000, size=1).id, confirmed=True)],
    ])  # fmt: skip
    tail(ledger, tmp_path / "s-1")
    position = rows(ledger, tables.positions)[0]
    for column in ("matched", "confirmed"):
        assert (position[f"{column}_shares_u6"], position[f"{column}_realised_u6"]) == (0, 7_000_000)
    assert rows(ledger, tables.realised_exits)[0]["reason"] == "settlement"


def test_a_ledger_ahead_of_its_journal_starts_again(tmp_path, ledger):
    write_session(tmp_path / "s-1", scripted())
    tail(ledger, tmp_path / "s-1")
    other = scripted()[:6]
    (tmp_path / "s-1" / "journal.pdj").unlink()
    write_session(tmp_path / "s-1", other)
    assert tail(ledger, tmp_path / "s-1") == sum(map(len, other))
    assert len(rows(ledger, tables.orders)) == 1
    assert rows(ledger, tables.sessions)[0]["state"] == "running"


def test_damage_in_the_journal_is_told_and_what_precedes_it_is_kept(tmp_path, ledger):
    write_session(tmp_path / "s-1", scripted())
    journal = tmp_path / "s-1" / "journal.pdj"
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 1
    journal.write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged at offset .* a paper session can be run anew"):
        tail(ledger, tmp_path / "s-1")
    assert rows(ledger, tables.orders, intent="ord-000001")[0]["state"] == "matched"
    with pytest.raises(JournalError, match="cannot read"):
        tail(ledger, tmp_path / "none")


def test_a_journal_that_contradicts_itself_is_refused_whole(tmp_path, ledger):
    lost = intent(9)
    write_session(tmp_path / "s-1", [[header()], [fill(1, lost, 1, price=1, size=1)]])
    with pytest.raises(LedgerError, match="record 1: order ord-000009 was never sent"):
        tail(ledger, tmp_path / "s-1")
    assert rows(ledger, tables.sessions) == []


def test_two_sessions_stay_apart(tmp_path, ledger):
    write_session(tmp_path / "a", scripted())
    other = scripted()
    other[0] = [header("s-2"), *other[0][1:]]
    write_session(tmp_path / "b", other)
    tail(ledger, tmp_path / "a")
    tail(ledger, tmp_path / "b")
    before = dump(ledger)
    rebuild(ledger, tmp_path / "a")
    assert dump(ledger) == before
    assert {row["session"] for row in rows(ledger, tables.positions)} == {"s-1", "s-2"}


@pytest.mark.slow
def test_a_long_session_is_followed_in_seconds(tmp_path, ledger):
    writer = JournalWriter.create(tmp_path / "s-1" / "journal.pdj", header(), sync_every_s=3600)
    for number in range(1, 10_001):
        side = Side.BUY if number % 2 else Side.SELL
        wanted = intent(number, side)
        writer.append(OrderSent(number, NOON_NS + number, wanted, ()))
        writer.append(fill(number, wanted, number, price=4800, size=10 * SHARES))
        writer.append(FillStatus(number, NOON_NS + number, fill(number, wanted, 1, price=1, size=1).id, confirmed=True))
    writer.close()
    began = time.perf_counter()
    assert tail(ledger, tmp_path / "s-1") == 30_001
    assert time.perf_counter() - began < 20
    assert rows(ledger, tables.positions)[0]["matched_shares_u6"] == 0
