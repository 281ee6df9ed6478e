"""A made-up but lawful session to develop and test reports against; never shipped."""

import math
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from polydesk.model.fees import assumed_schedule
from polydesk.model.grid import NS_PER_S, cost_u6, proceeds_u6
from polydesk.model.ids import ConditionId, FillId, IntentId, SessionId, TokenId, intent_id
from polydesk.model.market import Fact, Market, Origin, Token
from polydesk.model.orders import Check, Intent, OrderType, Purpose, Side, Term
from polydesk.model.records import (
    CancelSent,
    CashMoved,
    Cause,
    Decision,
    Fill,
    FillStatus,
    Liquidity,
    Marked,
    OrderAck,
    OrderDone,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
    SessionEnded,
    SessionStarted,
    Settled,
)
from polydesk.report.build import with_study
from polydesk.report.config import ReportConfig
from polydesk.report.money import FillLine
from polydesk.report.prices import HORIZONS_S, Prices
from polydesk.report.quality import quality_by_hour, quality_by_market
from polydesk.report.session import Session
from polydesk.report.study.backing import Backing, Capacity
from polydesk.report.study.build import Drift, TapeFacts, conclude
from polydesk.report.study.forecasts import Scores
from polydesk.report.study.reruns import Rerun, thinned
from polydesk.report.study.rewards import RewardDay
from polydesk.report.study.standing import Uptime
from polydesk.report.summary import Summary
from polydesk.tape.journal import journal_hash
from polydesk.tape.manifest import FORMAT, Manifest, Source

START_NS = 1_776_323_400 * NS_PER_S
SECOND_DAY_NS = 1_780_795_800 * NS_PER_S
SHARE = 1_000_000


def market(index: int, slug: str, start_ns: int, outcomes: tuple[str | None, str | None], category: str) -> Market:
    crypto = category == "crypto"
    return Market(
        index=index,
        condition_id=ConditionId(f"0x{index:064x}"),
        slug=slug,
        question=f"<b>{slug}</b> & more?",
        category=Fact(
            category, Origin.DERIVED if crypto else Origin.ASSUMED, "no category in the recording or its slug"
        ),
        tokens=(
            Token(TokenId(f"{index}01"), outcomes[0], Origin.VENUE, recorded=True),
            Token(TokenId(f"{index}02"), outcomes[1], Origin.DERIVED, recorded=False),
        ),
        tick_g4=Fact(100, Origin.VENUE),
        min_size_u6=Fact(5 * SHARE, Origin.ASSUMED, "5 shares, the venue's usual minimum"),
        fees=assumed_schedule(category),
        start_ns=Fact(start_ns, Origin.DERIVED, "from the slug"),
        end_ns=Fact(start_ns + 300 * NS_PER_S if crypto else None, Origin.DERIVED, "from the slug"),
        neg_risk=Fact(False, Origin.ASSUMED, "not stated by the recording"),
        taker_delay_ns=Fact(0, Origin.ASSUMED, "none; the recording states no hold"),
    )


def markets() -> tuple[Market, ...]:
    five = [
        market(i, f"btc-updown-5m-{1_776_323_400 + 300 * i}", START_NS + 300 * i * NS_PER_S, ("Up", "Down"), "crypto")
        for i in range(6)
    ]
    return (*five, market(6, "nhl-20260607-final", SECOND_DAY_NS, (None, None), "sports"))


def manifest(rows: int, last_ns: int) -> Manifest:
    def source(name: str, form: str) -> Source:
        return Source(name, form, "ab" * 32, 1, rows, START_NS, last_ns, {}, {})

    return Manifest(
        FORMAT, "cd" * 32, rows, START_NS, last_ns, "venue", False,
        (source("book_20260416T0710Z.jsonl.zst", "cronos"), source("nhl-8min.parquet", "tickscope")),
        markets(), (), (), {}, {}, (),
    )  # fmt: skip


class Maker:
    """Writes records in order; every fill has an order, every number comes from the seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.records: list[Record] = []
        self.orders = 0
        self.fills = 0
        self.seq = 0
        self.cash = [10_000 * SHARE, 10_000 * SHARE]
        self.held: dict[tuple[str, int, int], int] = {}
        self.pending: list[tuple[int, Fill]] = []

    def mid(self, index: int, ts_ns: int) -> int:
        wave = math.sin(ts_ns / NS_PER_S / 40 + index) * 0.18 + math.sin(ts_ns / NS_PER_S / 7) * 0.03
        return round((0.5 + wave) * 100) * 100

    def add(self, record: Record) -> None:
        self.records.append(record)
        self.seq += self.random.randrange(20, 60)

    def intent(
        self,
        strategy: str,
        index: int,
        token: int,
        side: Side,
        price: int,
        size: int,
        purpose: Purpose,
        reason: str = "",
    ) -> Intent:
        self.orders += 1
        quote = purpose is Purpose.QUOTE
        why = (
            (Term("mid", price / 10_000 + 0.012), Term("inventory_skew", -0.002), Term("half_spread", -0.01))
            if quote
            else (Term("deviation", 0.021), Term("fee", -0.006), Term("spread", -0.005))
        )
        return Intent(
            intent_id(self.orders), strategy, index, token, side, OrderType.GTC if quote else OrderType.FAK, quote,
            price, size, purpose, reason, 0, why,
        )  # fmt: skip

    def checks(self, ts: int) -> tuple[Check, ...]:
        return (
            Check("stale_feed", 120_000_000, 10_000_000_000, "ns", True),
            Check("order_notional", 4_600_000, 50_000_000, "u6 pUSD", True),
            Check("total_exposure", 88_000_000, 350_000_000, "u6 pUSD", True),
        )

    def trade(self, ts: int, intent: Intent, parts: int, liquidity: Liquidity) -> None:
        self.add(OrderSent(self.seq, ts, intent, self.checks(ts)))
        self.add(OrderAck(self.seq, ts + 40_000_000, intent.id, "live"))
        key = (intent.strategy, intent.market, intent.token)
        for part in range(parts):
            size = intent.size_u6 // parts
            self.fills += 1
            schedule = markets()[intent.market].fees
            when = ts + 50_000_000 + part * 300_000_000
            rule = Cause.PRINT if intent.market == 6 else Cause.TRADE_THROUGH
            fee = 0 if liquidity is Liquidity.MAKER else schedule.taker_fee_u6(when, intent.price_g4, size)
            fill = Fill(
                self.seq, when, FillId(f"fill-{self.fills:06d}"), intent.id, intent.market, intent.token, intent.side,
                intent.price_g4, size, fee, liquidity,
                Cause.BOOK if liquidity is Liquidity.TAKER else rule, when - 1_000_000,
            )  # fmt: skip
            self.add(fill)
            self.pending.append((when + 4 * NS_PER_S, fill))
            self._book(0, fill)
            self.held[key] = self.held.get(key, 0) + int(intent.side) * size

    def _book(self, column: int, fill: Fill) -> None:
        moved = (
            cost_u6(fill.price_g4, fill.size_u6) if fill.side is Side.BUY else proceeds_u6(fill.price_g4, fill.size_u6)
        )
        self.cash[column] -= int(fill.side) * moved + fill.fee_u6

    def confirm(self, ts: int) -> None:
        for due, fill in [item for item in self.pending if item[0] <= ts]:
            self.pending.remove((due, fill))
            self.add(FillStatus(self.seq, due, fill.id, True))
            self._book(1, fill)

    def mark(self, ts: int) -> None:
        value = sum(
            proceeds_u6(self.mid(index, ts) - 100 if token == 0 else 9_900 - self.mid(index, ts), size)
            for (_, index, token), size in self.held.items()
        )
        self.add(Marked(self.seq, ts, (self.cash[0], self.cash[1]), (value, value), value))

    def session(self, index: int, start: int, seconds: int) -> None:
        for second in range(0, seconds, 2):
            ts = start + second * NS_PER_S
            self.confirm(ts)
            if second % 10 == 0:
                self.mark(ts)
            roll = self.random.random()
            mid = self.mid(index, ts)
            token = self.random.randrange(2)
            own = mid if token == 0 else 10_000 - mid
            if roll < 0.10:
                side = Side.SELL if self.held.get(("inventory_maker", index, token), 0) > 20 * SHARE else Side.BUY
                quote = self.intent(
                    "inventory_maker", index, token, side, own - 100 * int(side), 10 * SHARE, Purpose.QUOTE
                )
                self.trade(ts, quote, self.random.choice([1, 2]), Liquidity.MAKER)
            elif roll < 0.18:
                self._signal(ts, index, token, own)
            elif roll < 0.26:
                self._nothing(ts, index, token, own, roll)

    def _signal(self, ts: int, index: int, token: int, own: int) -> None:
        held = self.held.get(("mean_reversion", index, token), 0)
        self.add(
            Decision(
                self.seq, ts, "mean_reversion", index, "exit" if held else "buy", "", token, 0.4, 0.02, 20 * SHARE,
                (Term("deviation", 0.02),),
            )
        )  # fmt: skip
        if held:
            reason = self.random.choice(["take_profit", "stop", "time"])
            intent = self.intent("mean_reversion", index, token, Side.SELL, own - 100, held, Purpose.EXIT, reason)
        else:
            intent = self.intent("mean_reversion", index, token, Side.BUY, own + 100, 20 * SHARE, Purpose.ENTRY)
        self.trade(ts, intent, 1, Liquidity.TAKER)

    def _nothing(self, ts: int, index: int, token: int, own: int, roll: float) -> None:
        if roll < 0.20:
            hold = self.random.choice(["spread", "weak_signal", "cost", "warming_up"])
            self.add(Decision(self.seq, ts, "mean_reversion", index, "hold", hold, -1, 0.0, 0.0, 0, ()))
        elif roll < 0.23:
            intent = self.intent("mean_reversion", index, token, Side.BUY, own + 100, 20 * SHARE, Purpose.ENTRY)
            no = Check("stale_feed", 12_400_000_000, 10_000_000_000, "ns", False)
            self.add(Refused(self.seq, ts, intent, "stale_feed", (no,)))
        elif roll < 0.25:
            intent = self.intent("inventory_maker", index, token, Side.BUY, own - 300, 10 * SHARE, Purpose.QUOTE)
            self.add(OrderSent(self.seq, ts, intent, self.checks(ts)))
            self.add(OrderAck(self.seq, ts + 40_000_000, intent.id, "live"))
            self.add(CancelSent(self.seq, ts + NS_PER_S, intent.id, "requote"))
            self.add(OrderDone(self.seq, ts + NS_PER_S + 40_000_000, intent.id, "cancelled"))
        else:
            intent = self.intent("inventory_maker", index, token, Side.BUY, own, 10 * SHARE, Purpose.QUOTE)
            self.add(OrderSent(self.seq, ts, intent, self.checks(ts)))
            self.add(OrderRejected(self.seq, ts, intent.id, "post_only_would_cross", "invalid post-only order"))

    def settle(self, ts: int, index: int, payout: tuple[int, int]) -> None:
        self.confirm(ts)
        self.add(Settled(self.seq, ts, index, payout, "derived"))
        for key in [key for key in self.held if key[1] == index]:
            got = proceeds_u6(payout[key[2]], self.held.pop(key))
            self.cash = [self.cash[0] + got, self.cash[1] + got]


CONFIG = {
    "data_dir": "polydesk-data",
    "desk": {"cash": 10_000, "strategies": {"mean_reversion": {"lookback_s": 60}}},
    "exchange": {"order_latency_ms": 40, "cancel_latency_ms": 40, "confirm_s": 4, "queue": "pessimistic"},
}


def make_session(seed: int = 1, tape_path: str = "/absent/tape", folder: Path = Path("/absent")) -> Session:
    maker = Maker(seed)
    for index in range(6):
        start = START_NS + index * 300 * NS_PER_S
        maker.session(index, start, 290)
        maker.settle(start + 300 * NS_PER_S, index, (10_000, 0) if index % 2 else (0, 10_000))
    maker.add(CashMoved(maker.seq, SECOND_DAY_NS, "reward", 1_250_000))
    maker.cash = [cash + 1_250_000 for cash in maker.cash]
    maker.session(6, SECOND_DAY_NS, 480)
    return ended(maker, SECOND_DAY_NS + 480 * NS_PER_S, tape_path, folder)


def make_days(starts_ns: list[int], seed: int = 1, seconds: int = 60, rewards: int = 0) -> Session:
    """A session that trades one market at several times, with a reward of some micro-pUSD before each."""
    maker = Maker(seed)
    last = 0
    for start in sorted(starts_ns):
        begin = max(start, last)
        if rewards:
            maker.add(CashMoved(maker.seq, begin, "reward", rewards))
            maker.cash = [cash + rewards for cash in maker.cash]
        maker.session(6, begin, seconds)
        last = begin + (seconds + 10) * NS_PER_S
    return ended(maker, last)


def ended(maker: Maker, last: int, tape_path: str = "/absent/tape", folder: Path = Path("/absent")) -> Session:
    """Confirm what is open, mark once more and close the journal."""
    maker.confirm(last)
    maker.mark(last)
    header = SessionStarted(
        SessionId("20261121-141300-paper"), 1, "paper", 0, tape_path, "cd" * 32, (0, maker.seq + 1),
        msgspec.json.encode(CONFIG).decode(), {"polydesk": "0.1.0", "python": "3.11.9"}, 1_795_270_380 * NS_PER_S,
    )  # fmt: skip
    digest = journal_hash(maker.records, header.tape_sha256)
    maker.records.append(SessionEnded("tape_end", digest, 1_795_270_400 * NS_PER_S, maker.seq + 1))
    return Session(folder, header, tuple(maker.records), manifest(maker.seq + 1, last), None, "tape is not there")


def prices(session: Session) -> Prices:
    """Samples and mids of the made-up markets, as a replay of their tape would give them."""
    maker = Maker(1)
    series = {}
    for market in range(7):
        start = START_NS + market * 300 * NS_PER_S if market < 6 else SECOND_DAY_NS
        times = [start + at * NS_PER_S for at in range(300)]
        series[market] = [(ts, maker.mid(market, ts) - 100, maker.mid(market, ts) + 100) for ts in times]
    after = {}
    for fill in (r for r in session.records if isinstance(r, Fill)):
        for horizon in (0, *HORIZONS_S):
            doubled = 2 * maker.mid(fill.market, fill.ts_ns + horizon * NS_PER_S)
            after[fill.id, horizon] = doubled if fill.token == 0 else 20_000 - doubled
    return Prices(series, {(6, 0): 4_500, (6, 1): 5_400}, after)


def order_ids(session: Session) -> list[IntentId]:
    return [record.intent.id for record in session.records if isinstance(record, OrderSent | Refused)]


def made_market(session: Session, found: Prices, fills: Sequence[FillLine]) -> TapeFacts:
    """What a pass over the tape might have told, every part of it filled."""
    day = RewardDay(0, "2026-04-16", "assumed", 100_000_000, 5, 4, 3, 2, 0.25, 20_000_000, 9_000_000)
    return TapeFacts(
        drifts=(Drift(0, 5_000.0, 5_500.0, 10**9),),
        by_market=quality_by_market(fills, found),
        by_hour=quality_by_hour(fills, found),
        backing=Backing(40, 0, 0, 0, 0, "", 10**9, 10**7, ()),
        capacity=(Capacity(1, 100, 100, 0.1), Capacity(5, 500, 300, 0.3)),
        uptime=(Uptime(0, 300, 100, 90, 80), Uptime(1, 300, 30, 20, 10)),
        rewards=(day, msgspec.structs.replace(day, market=1)),
        forecasts=(
            Scores("mean_reversion", "signal", 40, 30, 6, 0.2, 0.21, 0.6, 0.61, 0.05, 0.01),
            Scores("inventory_maker", "quote", 3, 3, 1, None, None, None, None, None, None),
        ),
    )


def made_study(session: Session, summary: Summary, found: Prices) -> Summary:
    """A summary with a study in which no part is empty, and two runs under other rules."""
    market = made_market(session, found, summary.fills)
    told = with_study(summary, conclude(session, summary, market, ReportConfig()))
    runs = tuple(
        Rerun(
            "queue", rule, {"exchange.queue": rule}, 5_000_000 * at, 1, 2, 30, 10**8, 10**8, 7, (), "ab" * 32,
            thinned(summary.marks),
        )
        for at, rule in enumerate(("proportional", "probability"))
    )  # fmt: skip
    return msgspec.structs.replace(told, study=msgspec.structs.replace(told.study, reruns=runs))
