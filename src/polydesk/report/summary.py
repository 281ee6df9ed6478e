"""One session in numbers: a pure projection of its journal and its tape's manifest."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from polydesk.model.errors import LedgerError
from polydesk.model.market import Market
from polydesk.model.records import (
    CancelSent,
    CashMoved,
    Decision,
    Fill,
    Marked,
    OrderDone,
    OrderLost,
    OrderRejected,
    OrderSent,
    Record,
    Refused,
    SentinelBroke,
    SessionEnded,
    SessionHalted,
    SessionStarted,
)
from polydesk.report.assumed import Assumed, assumed_facts
from polydesk.report.failures import Failure, failures
from polydesk.report.lives import Life, lives
from polydesk.report.marks import Drawdown, Mark, curve, deepest
from polydesk.report.money import (
    Bids,
    FillLine,
    Money,
    OpenPosition,
    PnlLine,
    SettledLine,
    account_for,
    exit_lines,
    liquidity_lines,
    open_positions,
    pnl_lines,
)
from polydesk.report.performance import Performance, performance
from polydesk.report.periods import Period, day_of, hour_of, month_of, periods
from polydesk.report.session import Session
from polydesk.report.statistics import Statistics, statistics
from polydesk.tape.manifest import Manifest
from polydesk.tape.verdict import Verdict

if TYPE_CHECKING:
    from polydesk.report.study.build import Study


class Column(msgspec.Struct, frozen=True):
    """PnL of one column, micro-pUSD.

    Attributes:
        realised_u6: Closed shares, before fees.
        unrealised_u6: Open shares at the bid less their cost; ``None`` when they were never marked.
        fees_u6: Taker fees.
        dust_u6: Rounding.
    """

    realised_u6: int
    unrealised_u6: int | None
    fees_u6: int
    dust_u6: int

    @property
    def net_u6(self) -> int | None:
        """Realised and unrealised PnL after fees and rounding."""
        if self.unrealised_u6 is None:
            return None
        return self.realised_u6 + self.unrealised_u6 - self.fees_u6 - self.dust_u6


class Counts(msgspec.Struct, frozen=True):
    """How often what happened; the mappings are by reason code."""

    decisions: int
    orders: int
    fills: int
    failed_fills: int
    lost: int
    refusals: dict[str, int]
    holds: dict[str, int]
    rejects: dict[str, int]
    cancels: dict[str, int]
    ends: dict[str, int]
    causes: dict[str, int]


class Summary(msgspec.Struct, frozen=True):
    """Everything a report shows.

    Attributes:
        header: First record of the journal.
        config: The effective configuration.
        source: The recordings behind the tape, for people.
        constructed: Whether the tape holds generated rows; ``None`` when its manifest is gone.
        verdict: Whether the tape is good data; ``None`` when that was never checked.
        events: Tape rows applied.
        span_ns: Virtual time of the first and last row or record.
        end: Why the session ended; empty while it runs or after a crash.
        markets: Markets of the tape, by index.
        manifest: What the tape says about itself; ``None`` when it is gone.
        counts: Counters.
        matched: PnL if every fill holds.
        confirmed: PnL of final fills only.
        external: Other cash by kind, micro-pUSD.
        broken: Sentinels that broke, in order; every PnL number is void when there is one.
        failures: Strategies that raised errors.
        assumed: Facts nobody stated.
        journal_sha256: Hash of the session.
        marks: Equity and exposure.
        drawdown: Deepest fall of matched equity.
        hours: Result by UTC hour; empty when the PnL is unknown.
        days: Result by UTC day; likewise.
        months: Result by UTC month; likewise.
        performance: Key figures.
        statistics: Ratios, extremes, streaks and what became of the orders.
        by_strategy: PnL by strategy.
        by_market: PnL by market.
        by_exit: PnL by exit reason.
        by_liquidity: Maker and taker fills.
        positions: Held at the end.
        settlements: Paid out.
        fills: Every fill.
        lives: Every order and refused order.
        refused: Figures that a guard keeps back, by name, with the guard.
        study: What the session proves; ``None`` when only the journal was summed up.
    """

    header: SessionStarted
    config: dict[str, Any]
    source: str
    constructed: bool | None
    verdict: Verdict | None
    events: int
    span_ns: tuple[int, int]
    end: str
    markets: tuple[Market, ...]
    manifest: Manifest | None
    counts: Counts
    matched: Column
    confirmed: Column
    external: dict[str, int]
    broken: tuple[str, ...]
    failures: tuple[Failure, ...]
    assumed: tuple[Assumed, ...]
    journal_sha256: str
    marks: tuple[Mark, ...]
    drawdown: Drawdown
    hours: tuple[Period, ...]
    days: tuple[Period, ...]
    months: tuple[Period, ...]
    performance: Performance
    statistics: Statistics
    by_strategy: tuple[PnlLine, ...]
    by_market: tuple[PnlLine, ...]
    by_exit: tuple[PnlLine, ...]
    by_liquidity: tuple[PnlLine, ...]
    positions: tuple[OpenPosition, ...]
    settlements: tuple[SettledLine, ...]
    fills: tuple[FillLine, ...]
    lives: tuple[Life, ...]
    refused: dict[str, str] = {}
    study: "Study | None" = None

    @property
    def open_orders(self) -> tuple[Life, ...]:
        """Orders that still work, or may, after the last record."""
        return tuple(life for life in self.lives if not life.state.terminal)

    @property
    def sentinels(self) -> str:
        """``ok`` or ``broken: ...``."""
        if not self.broken:
            return "ok"
        more = f" (and {len(self.broken) - 1} more)" if len(self.broken) > 1 else ""
        return f"broken: {self.broken[0]}{more}"

    def market_name(self, index: int) -> str:
        """Return a market's slug; its number when the manifest is gone."""
        return self.markets[index].slug if index < len(self.markets) else f"market {index}"

    def token_name(self, index: int, token: int) -> str:
        """Return the outcome a token pays on; its number when no source tells."""
        label = self.markets[index].tokens[token].outcome if index < len(self.markets) else None
        return label or f"token {token}"


def summarise(session: Session, bids: Bids | None = None) -> Summary:
    """Project a session.

    Args:
        session: As read from disk, finished or not.
        bids: Best bids at the end, for valuing each open position; totals come from the last mark.
    """
    records = session.records
    config = json.loads(session.header.config) if session.header.config else {}
    orders = lives(records)
    money = account_for(records, orders)
    positions = open_positions(money, bids)
    matched, confirmed = _columns(money, records)
    marks = curve(records)
    manifest = session.manifest
    span = _span(session)
    start = _start_u6(session)
    fall = deepest(marks)
    by_liquidity = liquidity_lines(money)
    hours, days, months = _periods(records, start, matched.net_u6, marks, money)
    fallen = (fall.peak_ns, fall.recovered_ns or span[1])
    made = performance(start, matched.net_u6, span, marks, fallen, money, by_liquidity, days)
    return Summary(
        header=session.header,
        config=config,
        source=_source(session),
        constructed=manifest.constructed if manifest else None,
        verdict=session.verdict,
        events=_events(session),
        span_ns=span,
        end=_end(records),
        markets=session.markets,
        manifest=manifest,
        counts=_counts(records, money),
        matched=matched,
        confirmed=confirmed,
        external=money.external,
        broken=(
            *(_complaint(r) for r in records if isinstance(r, SentinelBroke)),
            *(f"report: {life.contradiction}" for life in orders.values() if life.contradiction),
            *_own_sum(session, money, start),
        ),
        failures=failures(records),
        assumed=assumed_facts(session.markets),
        journal_sha256=session.journal_sha256,
        marks=marks,
        drawdown=fall,
        hours=hours,
        days=days,
        months=months,
        performance=made,
        statistics=statistics(made, span, days, fall, marks, orders.values()),
        by_strategy=pnl_lines(money, positions, "strategy"),
        by_market=pnl_lines(money, positions, "market"),
        by_exit=exit_lines(money),
        by_liquidity=by_liquidity,
        positions=positions,
        settlements=tuple(money.settlements),
        fills=tuple(money.fills),
        lives=tuple(orders.values()),
    )


def _complaint(broke: SentinelBroke) -> str:
    """Return what broke; most details begin with the name already."""
    return broke.detail if broke.detail.startswith(broke.name) else f"{broke.name}: {broke.detail}"


def _columns(money: Money, records: Sequence[Record]) -> tuple[Column, Column]:
    last = next((record for record in reversed(records) if isinstance(record, Marked)), None)
    out = []
    for at, column in enumerate((money.account.matched, money.account.confirmed)):
        unrealised: int | None = 0
        if column.cost_u6 or any(position.shares_u6 for position in column.positions.values()):
            unrealised = last.value_u6[at] - column.cost_u6 if last else None
        out.append(Column(column.realised_u6, unrealised, column.fees_u6, column.dust_u6))
    return out[0], out[1]


def _start_u6(session: Session) -> int | None:
    from polydesk.store.export_settings import start_cash_u6  # noqa: PLC0415 - the database library is slow to import

    return start_cash_u6(session.header)


def _periods(
    records: Sequence[Record], start: int | None, net: int | None, marks: Sequence[Mark], money: Money
) -> tuple[tuple[Period, ...], tuple[Period, ...], tuple[Period, ...]]:
    """Return hours, days and months; a session whose cash the venue holds begins with what its last mark implies."""
    if start is None:
        start = marks[-1].earned_u6 - net if marks and net is not None else None
    if start is None or net is None:
        return (), (), ()
    moves = [(record.ts_ns, record.amount_u6) for record in records if isinstance(record, CashMoved)]
    hours, days, months = (
        periods(name_of, start, net, marks, money.fills, moves) for name_of in (hour_of, day_of, month_of)
    )
    return hours, days, months


def _own_sum(session: Session, money: Money, start: int | None) -> tuple[str, ...]:
    """Compare the desk's last mark with the cash that follows from the recorded fills, by two pairs of eyes.

    One is the desk's own arithmetic over the journal, the other the ledger's, which was written independently.
    """
    ended = any(isinstance(record, SessionEnded) for record in session.records)
    last = next((record for record in reversed(session.records) if isinstance(record, Marked)), None)
    if last is None or not ended or start is None:
        return ()
    from polydesk.store.own_cash import moved_cash_u6  # noqa: PLC0415 - the database library is slow to import

    try:
        ledger = moved_cash_u6(session.records)
    except LedgerError as err:
        return (f"report: {err}",)
    desk = (money.account.matched.cash_u6, money.account.confirmed.cash_u6)
    told = []
    for who, moved in (("the recorded fills", desk), ("the ledger's books", ledger)):
        due = (start + moved[0], start + moved[1])
        if due != last.cash_u6:
            told.append(f"report: the last mark's cash is {last.cash_u6}, {who} make {due} micro-pUSD")
    return tuple(told)


def _counts(records: Sequence[Record], money: Money) -> Counts:
    return Counts(
        decisions=sum(isinstance(record, Decision) for record in records),
        orders=sum(isinstance(record, OrderSent) for record in records),
        fills=sum(isinstance(record, Fill) for record in records),
        failed_fills=sum(line.status == "failed" for line in money.fills),
        lost=sum(isinstance(record, OrderLost) for record in records),
        refusals=_tally(record.code for record in records if isinstance(record, Refused)),
        holds=_tally(r.reason for r in records if isinstance(r, Decision) and r.action == "hold"),
        rejects=_tally(record.reason for record in records if isinstance(record, OrderRejected)),
        cancels=_tally(record.reason for record in records if isinstance(record, CancelSent)),
        ends=_tally(record.reason for record in records if isinstance(record, OrderDone)),
        causes=_tally(line.fill.cause.value for line in money.fills if line.status != "failed"),
    )


def _tally(codes: Iterable[str]) -> dict[str, int]:
    """Count codes, the most frequent first."""
    return dict(sorted(Counter(codes).items(), key=lambda item: (-item[1], item[0])))


def _source(session: Session) -> str:
    if session.manifest is None:
        return f"tape {session.header.tape_sha256[:12]} (no longer there)"
    names = [f"{source.name} ({source.format})" for source in session.manifest.sources]
    return ", ".join(names) or f"tape {session.header.tape_sha256[:12]}"


def _events(session: Session) -> int:
    first = session.header.tape_range[0]
    for record in reversed(session.records):
        if isinstance(record, SessionEnded):
            return record.rows
    last = max((getattr(record, "seq", -1) for record in session.records), default=-1)
    return max(0, last + 1 - first)


def _span(session: Session) -> tuple[int, int]:
    times = [ts for record in session.records if (ts := getattr(record, "ts_ns", 0)) > 0]
    manifest = session.manifest
    if manifest and session.header.tape_range == (0, manifest.rows):
        times += [manifest.first_ts_ns]
    return (min(times), max(times)) if times else (0, 0)


def _end(records: Sequence[Record]) -> str:
    for record in reversed(records):
        if isinstance(record, SessionEnded | SessionHalted):
            return record.reason
    return ""
