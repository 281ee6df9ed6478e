"""Closed trades and the key figures made of them."""

import math
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_sessions import NS_PER_S, START_NS, make_session

from polydesk.model.ids import FillId, IntentId
from polydesk.model.orders import Side
from polydesk.model.records import Cause, Fill, Liquidity, Settled
from polydesk.portfolio import Account, position_key
from polydesk.report.headline import headline, key_figures
from polydesk.report.performance import LEAST_DAYS, sharpe
from polydesk.report.sentence import plain_summary
from polydesk.report.session import Session
from polydesk.report.summary import Summary, summarise
from polydesk.report.tables import extreme_tables
from polydesk.report.trades import TradeBook

SHARE = 1_000_000


def fill(number: int, side: Side, price: int, size: int, fee: int = 0) -> Fill:
    ts = START_NS + number * NS_PER_S
    return Fill(
        number, ts, FillId(f"fill-{number}"), IntentId(f"ord-{number:06d}"), 0, 0, side, price, size, fee,
        Liquidity.TAKER, Cause.BOOK, ts,
    )  # fmt: skip


def booked(fills: list[Fill]) -> tuple[TradeBook, Account]:
    book, account = TradeBook(), Account()
    for one in fills:
        account.fill(one, "s")
        book.filled(account.matched.positions[position_key("s", 0, 0)], one, "" if one.side is Side.BUY else "stop")
    return book, account


def test_a_trade_runs_from_the_first_share_to_none() -> None:
    book, account = booked(
        [
            fill(1, Side.BUY, 4_000, 10 * SHARE, 100), fill(2, Side.BUY, 5_000, 10 * SHARE, 100),
            fill(3, Side.SELL, 6_000, 15 * SHARE, 100), fill(4, Side.SELL, 3_000, 5 * SHARE, 100),
            fill(5, Side.BUY, 2_000, 8 * SHARE), fill(6, Side.SELL, 2_500, 8 * SHARE),
            fill(7, Side.BUY, 2_000, 8 * SHARE),
        ]
    )  # fmt: skip
    one, two = book.closed
    assert (one.entry, one.exit, one.reason) == ("ord-000001", "ord-000004", "stop")
    assert (one.shares_u6, one.fees_u6, one.net_u6) == (20 * SHARE, 400, 9 * SHARE + 1_500_000 - 9 * SHARE - 400)
    assert (one.opened_ns, one.closed_ns) == (START_NS + NS_PER_S, START_NS + 4 * NS_PER_S)
    assert (two.entry, two.net_u6) == ("ord-000005", 400_000)
    assert sum(trade.net_u6 for trade in book.closed) == account.matched.net_u6
    assert book.held()[-1] == (START_NS + 7 * NS_PER_S, 0), "the third trade is open"


def test_settlement_ends_a_trade_without_an_order() -> None:
    book, account = booked([fill(1, Side.BUY, 4_000, 10 * SHARE, 50)])
    event = Settled(2, START_NS + 9 * NS_PER_S, 0, (10_000, 0), "venue")
    for position, _, _ in account.settled(event):
        book.settled(position, event.ts_ns)
    (trade,) = book.closed
    assert (trade.exit, trade.reason, trade.net_u6) == ("", "settlement", 6 * SHARE - 50)
    late = fill(11, Side.BUY, 4_000, 5 * SHARE)
    account.fill(late, "s")
    book.filled(account.matched.positions[position_key("s", 0, 0)], late, "")
    assert (book.closed[-1].exit, book.closed[-1].net_u6) == ("", 3 * SHARE), "reported after the payout"


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 99), st.integers(1, 40), st.integers(0, 5_000)), min_size=1, max_size=40
    )
)
def test_trades_and_what_is_open_add_up_to_the_account(steps: list[tuple[bool, int, int, int]]) -> None:
    fills, held = [], 0
    for number, (buy, price, wanted, fee) in enumerate(steps):
        if not buy and not held:
            continue
        size = wanted if buy else min(wanted, held)
        held += size if buy else -size
        fills.append(fill(number, Side.BUY if buy else Side.SELL, price * 100, size * SHARE, fee))
    if held:
        fills.append(fill(len(steps), Side.SELL, 5_000, held * SHARE))
    book, account = booked(fills)
    assert sum(trade.net_u6 for trade in book.closed) == account.matched.net_u6
    assert sum(trade.fees_u6 for trade in book.closed) == account.matched.fees_u6
    assert all(trade.opened_ns <= trade.closed_ns for trade in book.closed)


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session()


@pytest.fixture(scope="module")
def summary(session: Session) -> Summary:
    return summarise(session, {(6, 0): 4_500, (6, 1): 5_400})


def figures(summary: Summary) -> dict[str, tuple[str, str]]:
    return {figure.name: (figure.value, figure.remark) for figure in key_figures(summary)}


def test_lines_count_the_trades(summary: Summary) -> None:
    trades = summary.performance.trades
    assert len(trades) > 20
    for lines in (summary.by_strategy, summary.by_market, summary.by_exit):
        assert sum(line.trades for line in lines) == len(trades)
        assert sum(line.wins for line in lines) == len(summary.performance.wins)
    known = {life.intent.id for life in summary.lives}
    assert all(trade.entry in known and (trade.exit in known or trade.reason == "settlement") for trade in trades)


def test_key_figures_are_the_sums_of_the_trades(summary: Summary) -> None:
    made, shown = summary.performance, figures(summary)
    wins, losses = sum(made.wins), -sum(made.losses)
    assert made.profit_factor == Fraction(wins, losses)
    assert shown["profit factor"][0] == f"{wins / losses:.2f}"
    assert shown["hit rate"][0] == f"{100 * len(made.wins) / len(made.trades):.1f} %"
    assert shown["average loss"][0].startswith("-")
    assert made.rate == Fraction(summary.matched.net_u6, 10_000 * SHARE)
    assert shown["turnover"][0] == f"{made.turnover_u6 / SHARE:,.2f}"
    assert 0 < made.held_ns <= made.active_ns
    assert made.active_ns < 40 * 60 * NS_PER_S, "the weeks between the two recordings do not count"


def test_too_few_data_are_said_instead_of_a_number(session: Session, summary: Summary) -> None:
    assert figures(summary)["Sharpe ratio"][0] == "n/a"
    assert "2 daily returns, at least 30 needed" in figures(summary)["Sharpe ratio"][1]
    empty = figures(summarise(Session(session.path, session.header, (), session.manifest, None, "")))
    for name in ("hit rate", "profit factor", "average win", "average loss", "maker share", "max drawdown"):
        value, reason = empty[name]
        assert value == "n/a"
        assert reason
    few = summary.performance.trades[:9]
    made = msgspec.structs.replace(summary.performance, trades=few)
    assert (
        "9 closed trades, at least 10 needed"
        in figures(msgspec.structs.replace(summary, performance=made))["hit rate"][1]
    )
    wins = tuple(trade for trade in summary.performance.trades if trade.net_u6 > 0)
    won = msgspec.structs.replace(summary.performance, trades=wins)
    assert len(wins) >= 10
    shown = figures(msgspec.structs.replace(summary, performance=won))
    assert shown["profit factor"] == ("n/a", "no losing trade")
    assert shown["average loss"] == ("n/a", "no losing trade")
    live = msgspec.structs.replace(summary.performance, start_u6=None, rate=None)
    assert figures(msgspec.structs.replace(summary, performance=live))["return"] == ("n/a", "the venue holds the cash")


def test_broken_accounts_leave_no_amount(session: Session, summary: Summary) -> None:
    broken = msgspec.structs.replace(summary, broken=("identity: off",))
    assert {figure.value for figure in headline(broken)} == {"broken"}
    shown = figures(broken)
    assert {shown[name][0] for name in ("return", "max drawdown", "fees", "turnover", "hit rate", "Sharpe ratio")} == {
        "broken"
    }
    assert plain_summary(broken) == ("The desk's own accounts contradict themselves, so this report gives no result.")
    assert all(not table.rows for table in extreme_tables(broken))


def test_sharpe_by_hand() -> None:
    rates = [Fraction(1, 100), Fraction(-1, 100)] * (LEAST_DAYS // 2)
    assert sharpe(rates) == 0
    rates = [Fraction(3, 100), Fraction(1, 100)] * (LEAST_DAYS // 2)
    spread = math.sqrt(sum((float(rate) - 0.02) ** 2 for rate in rates) / (len(rates) - 1))
    assert sharpe(rates) == pytest.approx(0.02 / spread * math.sqrt(365))
    assert sharpe(rates[:-1]) is None
    assert sharpe([Fraction(1, 100)] * LEAST_DAYS) is None


def test_extremes_are_the_largest_and_can_be_explained(summary: Summary) -> None:
    wins, losses = extreme_tables(summary)
    assert float(wins.rows[0][-1]) == round(max(summary.performance.wins) / SHARE, 2)
    assert float(losses.rows[0][-1]) == round(min(summary.performance.losses) / SHARE, 2)
    assert len(wins.rows) <= 8
    known = {life.intent.id for life in summary.lives}
    assert {row[5] for row in (*wins.rows, *losses.rows)} <= known


def test_the_summary_says_what_happened(summary: Summary) -> None:
    told = plain_summary(summary)
    net = summary.matched.net_u6
    assert ("lost" if net < 0 else "made") in told
    assert f"{abs(net) / SHARE:,.2f} pUSD" in told
    assert f"{len(summary.performance.trades)} closed trades, {len(summary.performance.wins)} won" in told
    assert "7 markets" in told
