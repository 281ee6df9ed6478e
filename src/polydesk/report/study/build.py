"""From a session and its tape to everything a report concludes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.report.config import GuardLimits, ReportConfig
from polydesk.report.equity import EquityQuestions, Fall, ask_equity, read_falls
from polydesk.report.prices import PriceQuestions, Prices, ask_prices, read_prices
from polydesk.report.quality import Quality, quality_by_hour, quality_by_market
from polydesk.report.session import Session
from polydesk.report.study.backing import (
    Backing,
    BackingQuestions,
    Capacity,
    ask_backing,
    backed,
    capacity,
    judge_backing,
)
from polydesk.report.study.forecasts import Belief, Scores, ask_beliefs, judge_beliefs, outcomes
from polydesk.report.study.guards import Guard, guards
from polydesk.report.study.income import Failed, Inventory, Rebates, failed_fills, fee_scale_of, inventory, rebates
from polydesk.report.study.reruns import Rerun, read_reruns
from polydesk.report.study.rewards import RewardDay, RewardQuestions, ask_rewards, known_terms, reward_days
from polydesk.report.study.robust import (
    Dropped,
    Interval,
    bootstrap,
    without_best_day,
    without_best_market,
)
from polydesk.report.study.standing import Span, Standing, Uptime, standings, uptimes
from polydesk.report.study.tries import Counted, Tries, tries
from polydesk.report.study.verdict import Evidence, Judgement, judge, worst_other_queue
from polydesk.report.summary import Summary
from polydesk.report.tape_pass import Answers, Questions, walk


class Drift(msgspec.Struct, frozen=True):
    """How a traded market moved while it was on the tape, price of token 0 on the grid, and what was printed."""

    market: int
    first_g4: float
    last_g4: float
    printed_u6: int


class TapeFacts(msgspec.Struct, frozen=True):
    """What only the tape can tell.

    Attributes:
        drifts: Traded markets with a two-sided book at their first and last fill.
        by_market: Markouts by market.
        by_hour: Markouts by hour of the UTC day.
        backing: What stood behind the fills.
        capacity: What larger orders could have got.
        uptime: Quoted time by market.
        rewards: Estimated liquidity rewards; empty when no terms are known.
        forecasts: Beliefs against the market's price.
        falls: Deepest fall of every strategy, and of its part in every event; ``None`` when there is too much to value.
    """

    drifts: tuple[Drift, ...]
    by_market: tuple[Quality, ...]
    by_hour: tuple[Quality, ...]
    backing: Backing
    capacity: tuple[Capacity, ...]
    uptime: tuple[Uptime, ...]
    rewards: tuple[RewardDay, ...]
    forecasts: tuple[Scores, ...]
    falls: tuple[Fall, ...] | None = None


class Study(msgspec.Struct, frozen=True):
    """Everything a report concludes.

    Attributes:
        market: What only the tape can tell; ``None`` when it cannot be read.
        rebates: Maker rebates.
        failed: Fills that failed to settle.
        inventory: Shares held into resolutions.
        interval: Bootstrap of the PnL.
        best_day: PnL without the best day.
        best_market: PnL without the best market.
        guards: Guards that tripped.
        tries: What else was tried over the same recording; ``None`` when nobody counted.
        reruns: The same session under other rules.
        judgement: The verdict.
    """

    market: TapeFacts | None
    rebates: Rebates
    failed: Failed
    inventory: Inventory
    interval: Interval
    best_day: Dropped | None
    best_market: Dropped | None
    guards: tuple[Guard, ...]
    reruns: tuple[Rerun, ...]
    judgement: Judgement
    tries: Tries | None = None


@dataclass(frozen=True)
class Asked:
    """Everything asked of the one pass over the tape."""

    prices: PriceQuestions
    backing: BackingQuestions
    beliefs: tuple[Belief, ...]
    stood: tuple[Standing, ...]
    rewards: RewardQuestions
    equity: EquityQuestions | None


def look(session: Session, plain: Summary, config: ReportConfig) -> tuple[Prices, Asked, Answers]:
    """Ask everything of the tape in one pass.

    Raises:
        TapeError: The tape is damaged.
    """
    if session.tape is None:
        raise ValueError("look: the session has no tape; check `session.tape` before")
    first = session.header.tape_range[0]
    stop = min(first + plain.events, session.header.tape_range[1])
    fills = [line.fill for line in plain.fills]
    questions = Questions()
    prices = ask_prices(questions, fills)
    backing = ask_backing(questions, fills)
    beliefs = ask_beliefs(questions, session.records)
    stood = standings(plain.lives, plain.span_ns[1])
    terms = known_terms(session.markets, config.rewards.terms())
    rewards = ask_rewards(questions, terms, stood, session.header.seed)
    owners = {life.intent.id: life.intent.strategy for life in plain.lives}
    events = [market.event or market.slug for market in session.markets]
    equity = ask_equity(questions, session.records, owners, events)
    answers = walk(session.tape, first, stop, questions)
    return read_prices(prices, answers), Asked(prices, backing, beliefs, stood, rewards, equity), answers


def market_study(session: Session, summary: Summary, prices: Prices, asked: Asked, answers: Answers) -> TapeFacts:
    """Conclude what the pass over the tape tells."""
    groups = backed(asked.backing, answers)
    printed = dict(enumerate(answers.printed_u6.tolist()))
    resolutions = session.manifest.resolutions if session.manifest else ()
    live = session.header.mode == "live"
    return TapeFacts(
        drifts=_drifts(prices, printed),
        by_market=quality_by_market(summary.fills, prices),
        by_hour=quality_by_hour(summary.fills, prices),
        backing=judge_backing(groups, printed),
        capacity=capacity(groups),
        uptime=uptimes(asked.stood, _open_spans(session, summary, answers)),
        rewards=reward_days(asked.rewards, asked.stood, answers, session.markets, included=live),
        forecasts=judge_beliefs(asked.beliefs, answers, outcomes(session.records, resolutions)),
        falls=None if asked.equity is None else read_falls(asked.equity, answers),
    )


def void_guards(session: Session, summary: Summary, limits: GuardLimits) -> tuple[str, ...]:
    """Return the guards that void every PnL number of a session, by one pass over its tape.

    Raises:
        TapeError: The tape is damaged.
    """
    backing = None
    if session.tape is not None:
        first = session.header.tape_range[0]
        questions = Questions()
        asked = ask_backing(questions, [line.fill for line in summary.fills])
        answers = walk(session.tape, first, min(first + summary.events, session.header.tape_range[1]), questions)
        backing = judge_backing(backed(asked, answers), dict(enumerate(answers.printed_u6.tolist())))
    tripped = guards(summary.fills, summary.days, summary.performance, summary.statistics, backing, limits)
    return tuple(f"guard {guard.text}" for guard in tripped if not guard.figures)


def conclude(
    session: Session,
    summary: Summary,
    market: TapeFacts | None,
    config: ReportConfig,
    counted: Counted | None = None,
) -> Study:
    """Draw the conclusions and judge the session; ``counted`` is what was tried."""
    limits = config.verdict
    made, found = summary.performance, summary.statistics
    tripped = guards(summary.fills, summary.days, made, found, market.backing if market else None, config.guards)
    changes = [hour.pnl_u6 for hour in summary.hours]
    interval = bootstrap(
        changes, seed=session.header.seed, draws=limits.draws, confidence=limits.confidence, least=limits.min_blocks
    )
    refused = {figure for guard in tripped for figure in guard.figures}
    rates = [float(day.rate) for day in summary.days if day.rate is not None and "sharpe" not in refused]
    tried = None if counted is None else tries(counted, interval.positive, interval.draws, rates)
    failed = failed_fills(summary.fills)
    day, best_market = without_best_day(summary.days), without_best_market(summary.by_market)
    runs = read_reruns(session.path, summary.journal_sha256)
    evidence = Evidence(
        broken=next(iter(summary.broken), "") or next((g.text for g in tripped if not g.figures), ""),
        guards=next((g.text for g in tripped if g.figures), ""),
        backed=market is not None,
        data_ok=summary.verdict.ok if summary.verdict else None,
        constructed=summary.constructed,
        net_u6=summary.matched.net_u6,
        confirmed_u6=summary.confirmed.net_u6,
        days=len(summary.days),
        fills=made.fills,
        markets=len({line.fill.market for line in summary.fills if line.status != "failed"}),
        best_day=(day.name, day.rest_u6) if day else ("", None),
        best_market=(summary.market_name(int(best_market.name)), best_market.rest_u6) if best_market else ("", None),
        low_u6=interval.low_u6,
        blocks=interval.blocks,
        luck=None if tried is None else tried.luck,
        tried=None if tried is None else tried.configurations,
        other_queue=worst_other_queue([(r.label, None if r.broken else r.net_u6) for r in runs if r.group == "queue"]),
        drawdown=summary.drawdown.depth_u6 / summary.drawdown.peak_u6 if summary.drawdown.peak_u6 > 0 else 0.0,
        failed=failed.fills / failed.of if failed.of else 0.0,
        assumed=len(summary.assumed),
    )
    return Study(
        market=market,
        rebates=rebates(summary.fills, session.markets, summary.external, fee_scale_of(summary.config)),
        failed=failed,
        inventory=inventory(summary.settlements),
        interval=interval,
        best_day=day,
        best_market=best_market,
        guards=tripped,
        reruns=runs,
        judgement=judge(evidence, limits),
        tries=tried,
    )


def _drifts(prices: Prices, printed: Mapping[int, int]) -> tuple[Drift, ...]:
    out = []
    for market, samples in sorted(prices.series.items()):
        mids = [(bid + ask) / 2 for _, bid, ask in samples if 0 < bid < ask < PRICE_ONE_G4]
        if mids:
            out.append(Drift(market, mids[0], mids[-1], printed.get(market, 0)))
    return tuple(out)


def _open_spans(session: Session, summary: Summary, answers: Answers) -> dict[int, Span]:
    """Return from when to when each market was on the tape, open, and the session running."""
    out: dict[int, Span] = {}
    spans: Sequence[tuple[int, int]] = answers.open_ns.tolist()
    for market, (first, last) in zip(session.markets, spans, strict=True):
        if first:
            start, end = market.start_ns.value, market.end_ns.value
            opened = max(first, summary.span_ns[0], start or 0)
            out[market.index] = (opened, min(last, summary.span_ns[1], end if end is not None else last))
    return out
