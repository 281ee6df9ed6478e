"""Sessions for ledger tests: a scripted one and generated ones, written to real journals."""

import hypothesis.strategies as st

from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.ids import ConditionId, FillId, SessionId, TokenId, intent_id
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.orders import Check, Intent, OrderType, Purpose, Side, Term
from polydesk.model.records import (
    BalanceTold,
    CancelRejected,
    CancelSent,
    CashMoved,
    Cause,
    Command,
    Decision,
    Fill,
    FillStatus,
    Liquidity,
    Marked,
    OrderAck,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Refused,
    SessionEnded,
    SessionStarted,
    Settled,
    SourceChanged,
    StrategyFailed,
    TimerFired,
)
from polydesk.tape.journal import JournalWriter

SHARES = 1_000_000
NOON_NS = 1_776_340_800_000_000_000


def header(session="s-1", config="{}"):
    return SessionStarted(
        SessionId(session),
        1,
        "paper",
        7,
        "tapes/x",
        "ab" * 32,
        (0, 900),
        config,
        {"cpu": "x"},
        1_790_000_000_000_000_000,
    )


def market(index, slug):
    def fact(value):
        return Fact(value, Origin.VENUE)

    tokens = (
        Token(TokenId(f"{index}01"), "Up", Origin.VENUE, recorded=True),
        Token(TokenId(f"{index}02"), "Down", Origin.DERIVED, recorded=False),
    )
    return Market(
        index, ConditionId(f"0x{index:064x}"), slug, "Up or down?", fact("crypto"), tokens, fact(100), fact(5 * SHARES),
        FeeSchedule((FeeRate(0, 70_000),), "venue"), fact(None), fact(None), fact(False), fact(0),
    )  # fmt: skip


MARKETS = (market(0, "btc-up-1"), market(1, "btc-up-2"))


def intent(
    number, side=Side.BUY, *, market=0, token=0, price=4800, size=10 * SHARES, strategy="mean_reversion", **other
):
    purpose = other.get("purpose", Purpose.ENTRY if side is Side.BUY else Purpose.EXIT)
    reason = other.get("reason", "take_profit" if purpose is Purpose.EXIT else "")
    return Intent(
        intent_id(number), strategy, market, token, side, OrderType.GTC, False, price, size, purpose, reason, 0,
        (Term("deviation", 0.02), Term("cost", -0.005)),
    )  # fmt: skip


def check(name, *, passed=True):
    return Check(name, 4_800_000, 50_000_000, "pUSD u6", passed)


def fill(number, of, seq, *, price, size, fee=0, liquidity=Liquidity.TAKER):
    return Fill(
        seq, NOON_NS + seq * 1_000_000, FillId(f"fill-{number}"), of.id, of.market, of.token, of.side, price, size, fee,
        liquidity, Cause.BOOK, NOON_NS + seq * 1_000_000 - 5,
    )  # fmt: skip


def scripted():
    """Return batches: a round trip, a failed fill, a refusal, a settled winner, an open maker position, odd ends."""

    def at(seq):
        return {"seq": seq, "ts_ns": NOON_NS + seq * 1_000_000}

    buy, sell, win, quote, late = (
        intent(1),
        intent(2, Side.SELL, price=5200),
        intent(3, market=1, token=1, price=3000, size=20 * SHARES),
        intent(4, price=4700, size=8 * SHARES, strategy="inventory_maker", purpose=Purpose.QUOTE),
        intent(5, Side.SELL, price=5300, size=4 * SHARES, strategy="inventory_maker", purpose=Purpose.QUOTE),
    )
    over = intent(6, price=5000, size=900 * SHARES)

    def final(seq, number, *, confirmed=True):
        return FillStatus(**at(seq), fill=FillId(f"fill-{number}"), confirmed=confirmed)

    def said(seq, action, reason, **numbers):
        plain = {"token": -1, "confidence": 0.0, "edge": 0.0, "size_u6": 0, "why": ()}
        return Decision(**at(seq), strategy="mean_reversion", market=0, action=action, reason=reason, **plain | numbers)

    def sent(seq, wanted, *checks):
        return OrderSent(**at(seq), intent=wanted, checks=checks)

    def done(kind, seq, wanted, reason):
        return kind(**at(seq), intent=wanted.id, reason=reason)

    def ack(seq, wanted, status):
        return OrderAck(**at(seq), intent=wanted.id, status=status)

    bad = intent(7)
    permit = (check("cash"), check("total_exposure", passed=False))
    why = (Term("deviation", 0.02),)
    return [
        [header(), CashMoved(-1, NOON_NS, "deposit", 1_000_000_000)],
        [
            SourceChanged(status="live", **at(0)),
            said(1, "hold", "warming_up"),
            said(2, "buy", "", token=0, confidence=0.7, edge=0.015, size_u6=10 * SHARES, why=why),
            sent(2, buy, check("order_notional")),
        ],
        [ack(3, buy, "live")],
        [fill(1, buy, 4, price=4800, size=4 * SHARES, fee=69_890), TimerFired(**at(4))],
        [fill(2, buy, 5, price=4700, size=6 * SHARES, fee=104_630), final(6, 1)],
        [final(6, 2)],
        [Refused(**at(7), intent=over, code="total_exposure", checks=permit)],
        [sent(8, sell, check("price_collar")), sent(8, quote)],
        [ack(9, sell, "matched"), ack(9, quote, "live")],
        [fill(3, sell, 10, price=5210, size=10 * SHARES, fee=174_690)],
        [final(12, 3)],
        [fill(4, quote, 13, price=4700, size=3 * SHARES, liquidity=Liquidity.MAKER)],
        [fill(5, quote, 14, price=4700, size=2 * SHARES, liquidity=Liquidity.MAKER)],
        [final(15, 4), final(15, 5, confirmed=False)],
        [done(CancelSent, 16, quote, "requote"), done(OrderDone, 17, quote, "requote")],
        [sent(18, win), fill(6, win, 19, price=2999, size=20 * SHARES, fee=293_930)],
        [final(20, 6), Settled(**at(21), market=1, payout_g4=(0, 10_000), origin="derived")],
        [sent(22, late), OrderLost(**at(23), intent=late.id)],
        [ack(24, late, "live"), done(CancelSent, 25, late, "kill")],
        [done(CancelRejected, 26, late, "not_found"), Command(**at(27), name="kill", argument="test")],
        [sent(28, bad), done(OrderRejected, 29, bad, "breaks_tick")],
        [StrategyFailed(**at(30), strategy="mean_reversion", market=1, error="KeyError: 'mid'", disabled=False)],
        [BalanceTold(**at(30), cash_u6=990_000_000, shares_u6={"0/0": 3 * SHARES})],
        [Marked(**at(30), cash_u6=(1, 2), value_u6=(3, 4), exposure_u6=5)],
        [SessionEnded("tape_end", "cd" * 32, 1_790_000_001_000_000_000, 900)],
    ]


def write_session(directory, batches, *, close=True):
    """Write batches (the first begins with the header) to a session's journal."""
    first, *rest = batches
    writer = JournalWriter.create(directory / "journal.pdj", first[0], reserve_bytes=16 << 10, sync_every_s=3600)
    for batch in (first[1:], *rest):
        for record in batch:
            writer.append(record)
        writer.commit()
    if close:
        writer.close()
    return writer


_STEP = st.tuples(
    st.sampled_from(["buy", "sell", "buy", "confirm", "fail", "settle", "cash"]),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(1, 9_999),
    st.integers(1, 30 * SHARES),
    st.sampled_from(["mean_reversion", "inventory_maker"]),
)


@st.composite
def generated(draw, *, late_fills=True):
    """Make a session whose fills, finality and settlements come in any order, even absurd ones.

    Without ``late_fills`` a settled market trades no more.
    """
    records = [header()]
    matched, settled = [], set()
    for number, (what, where, token, price, size, strategy) in enumerate(draw(st.lists(_STEP, max_size=25)), 1):
        at = {"seq": number, "ts_ns": NOON_NS + number}
        if what in {"buy", "sell"}:
            if where in settled and not late_fills:
                continue
            wanted = intent(
                number, Side.BUY if what == "buy" else Side.SELL, market=where, token=token, price=price, size=size,
                strategy=strategy,
            )  # fmt: skip
            matched.append(f"fill-{number}")
            records += [
                OrderSent(**at, intent=wanted, checks=()),
                fill(number, wanted, number, price=price, size=size, fee=10),
            ]
        elif what in {"confirm", "fail"} and matched:
            records.append(
                FillStatus(**at, fill=FillId(matched.pop(price % len(matched))), confirmed=what == "confirm")
            )
        elif what == "settle" and where not in settled:
            settled.add(where)
            records.append(Settled(**at, market=where, payout_g4=(price, 10_000 - price), origin="derived"))
        elif what == "cash":
            records.append(CashMoved(**at, kind="reward", amount_u6=price))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(records) - 1)), max_size=6)))
    pieces = [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    return [piece for piece in pieces if piece]
