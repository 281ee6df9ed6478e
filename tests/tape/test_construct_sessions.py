"""The desk on constructed tapes: every kind trades, replays and reports, and shows the behaviour it was made for."""

import pytest
from constructed_rows import MINUTE, SECOND, all_rows

from polydesk.model.orders import Purpose
from polydesk.model.reasons import Reject
from polydesk.model.records import (
    CancelSent,
    Decision,
    Fill,
    Liquidity,
    Marked,
    OrderDone,
    OrderRejected,
    OrderSent,
    Refused,
    SentinelBroke,
    SessionEnded,
    Settled,
    StrategyFailed,
)
from polydesk.model.rows import RowKind
from polydesk.report.build import build_report
from polydesk.report.session import read_session
from polydesk.run.replay import verify_session
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings
from polydesk.tape.construct import KINDS, construct_tape

LIVELY = (
    "desk.strategies.mean_reversion.warm_up_s=5",
    "desk.strategies.mean_reversion.half_life_s=20",
    "desk.strategies.mean_reversion.min_deviation=0.01",
    "desk.strategies.mean_reversion.min_confidence=0.05",
    "desk.risk.entry_cooldown_s=5",
    "desk.cost.risk_premium=0",
)
HOLDING = tuple(
    f"desk.strategies.{name}.exits.{rule}=0"
    for name in ("mean_reversion", "inventory_maker")
    for rule in ("stop_loss", "take_profit", "max_hold_s", "before_end_s", "min_hold_s")
)


def session(tape, folder, *more):
    settings = load_settings(None, {}, [f"data_dir={folder}", "run.speed=max", *more]).settings
    path = run_session(settings, tape, "paper", lambda _machine, _progress: None).path
    return path, read_session(path)[1]


def of(records, kind):
    return [record for record in records if isinstance(record, kind)]


def spans(story, what, seconds):
    return [(event.at_ns, event.at_ns + seconds * SECOND) for event in story.events if event.what == what]


def within(ts_ns, some):
    return any(first < ts_ns < last for first, last in some)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trades_replays_and_reports(kind, tmp_path):
    tape, _ = construct_tape(kind, 3, tmp_path / "tape", minutes=max(5, KINDS[kind].minutes.low))
    path, records = session(tape, tmp_path / "data", *LIVELY)
    assert isinstance(records[-1], SessionEnded)
    assert not of(records, SentinelBroke) + of(records, StrategyFailed)
    assert of(records, OrderSent)
    assert of(records, Fill)
    verdict = verify_session(path)
    assert verdict.identical, verdict.first_difference
    summary = build_report(path).summary
    assert summary.constructed is True
    assert f"constructed:{kind}" in {source.format for source in summary.manifest.sources}
    assert {assumed.fact for assumed in summary.assumed} >= {"fees", "tick_g4", "min_size_u6"}


def test_quotes_of_the_old_tick_are_cancelled_and_none_is_sent_off_tick(tmp_path):
    tape, story = construct_tape("tick-change", 1, tmp_path / "tape")
    _, records = session(
        tape, tmp_path / "data",
        "desk.strategies.inventory_maker.extreme=0", "desk.strategies.inventory_maker.half_spread=0.005",
        "desk.strategies.mean_reversion.enabled=false",
        # Wide enough that only the tick can be why a quote goes at the change.
        "desk.orders.requote_tolerance=0.5",
    )  # fmt: skip
    rows = all_rows(tape)
    changes = rows[rows["kind"] == RowKind.TICK]
    sent = {record.intent.id: record for record in of(records, OrderSent)}
    assert any(order.intent.price_g4 % 100 for order in sent.values())
    for change in changes:
        at, market = int(change["ts_ns"]), int(change["market"])
        ended = {record.intent: record.ts_ns for record in records if isinstance(record, OrderDone)}
        filled = _filled(records)
        working = [
            name
            for name, order in sent.items()
            if order.intent.market == market
            and order.ts_ns < at
            and ended.get(name, filled.get(name, 1 << 62)) > at + SECOND // 20
        ]
        cancels = {record.intent: record.ts_ns for record in of(records, CancelSent)}
        assert working
        for name in working:
            assert at <= cancels[name] <= at + SECOND
    for order in sent.values():
        assert order.intent.price_g4 % _tick_at(changes, order.intent.market, order.seq) == 0
    late = [record for record in of(records, OrderRejected) if record.reason == Reject.BREAKS_TICK.value]
    coarser = changes["ts_ns"][changes["aux"] == 100].tolist()
    assert all(any(at <= record.ts_ns <= at + SECOND for at in coarser) for record in late)
    assert len([event for event in story.events if event.what == "tick"]) == len(changes) == 4


def _filled(records):
    return {record.intent: record.ts_ns for record in of(records, Fill)}


def _tick_at(changes, market, seq):
    before = changes[(changes["market"] == market) & (changes["seq"] <= seq)]
    return int(before["aux"][-1]) if len(before) else 100


def test_a_thin_book_fills_what_it_shows_and_kills_the_rest(tmp_path):
    more = (
        *LIVELY, "desk.strategies.inventory_maker.enabled=false", "desk.strategies.mean_reversion.max_spread=0.2",
        "desk.sizing.position_fraction=0.008",
    )  # fmt: skip
    partial = {}
    for kind in ("thin", "deep"):
        tape, _ = construct_tape(kind, 1, tmp_path / kind)
        _, records = session(tape, tmp_path / f"data-{kind}", *more)
        sent = {record.intent.id: record.intent for record in of(records, OrderSent)}
        got = {}
        for fill in of(records, Fill):
            assert fill.liquidity is Liquidity.TAKER
            got[fill.intent] = got.get(fill.intent, 0) + fill.size_u6
        killed = {done.intent for done in of(records, OrderDone) if done.reason == Reject.REMAINDER_KILLED.value}
        assert got
        assert all(got[name] < sent[name].size_u6 for name in killed & set(got))
        entries = [name for name in got if sent[name].purpose is Purpose.ENTRY]
        partial[kind] = sum(name in killed for name in entries) / len(entries)
    assert partial["thin"] > 0.5
    assert partial["deep"] == 0


def test_the_default_desk_does_not_take_from_a_thin_book(tmp_path):
    """Its spread is wider than any signal may trade."""
    tape, _ = construct_tape("thin", 1, tmp_path / "tape")
    _, records = session(tape, tmp_path / "data")
    assert not [record for record in of(records, OrderSent) if record.intent.purpose is Purpose.ENTRY]
    assert [record for record in of(records, Decision) if record.reason == "spread"]


def test_a_disputed_market_keeps_its_capital_until_it_pays(tmp_path):
    tape, _ = construct_tape("dispute", 0, tmp_path / "tape", markets=4, minutes=10)
    _, records = session(tape, tmp_path / "data", *LIVELY, *HOLDING)
    ends = {market.index: market.end_ns.value for market in tape.manifest.markets}
    paid = {end.market: end for end in tape.manifest.resolutions}
    settled = {record.market: record for record in of(records, Settled)}
    assert set(settled) == set(paid)
    for market, record in settled.items():
        assert record.payout_g4 == paid[market].payout_g4
        assert record.ts_ns >= paid[market].at_ns >= ends[market] + 2 * 60 * MINUTE
        assert record.origin == "assumed"
    end_ns = max(ends.values())
    assert not [record for record in of(records, OrderSent) if record.ts_ns >= end_ns]
    assert not [record for record in of(records, Fill) if record.matched_ns > end_ns + SECOND]
    held = _held(records)
    assert len([market for market, shares in held.items() if any(shares)]) >= 2
    marks = of(records, Marked)
    waiting = [mark for mark in marks if end_ns + 10 * SECOND < mark.ts_ns < min(r.ts_ns for r in settled.values())]
    assert len(waiting) > 10
    assert len({mark.cash_u6[0] for mark in waiting}) == 1
    assert all(mark.exposure_u6 > 0 for mark in waiting)
    assert marks[-1].exposure_u6 == 0
    pays = sum(
        shares[token] * paid[market].payout_g4[token] // 10_000 for market, shares in held.items() for token in (0, 1)
    )
    assert marks[-1].cash_u6[0] - waiting[-1].cash_u6[0] == pytest.approx(pays, abs=2 * len(held))


def _held(records):
    """Return shares of token 0 and 1 by market, from the fills alone."""
    held = {}
    for fill in of(records, Fill):
        held.setdefault(fill.market, [0, 0])[fill.token] += int(fill.side) * fill.size_u6
    return held


def test_what_never_resolves_stays_open_and_the_rest_is_paid(tmp_path):
    tape, _ = construct_tape("settlement-mix", 4, tmp_path / "tape", minutes=10)
    more = ("desk.strategies.inventory_maker.half_spread=0.005", "desk.strategies.inventory_maker.widening=0")
    path, records = session(tape, tmp_path / "data", *LIVELY, *HOLDING, *more)
    paid = {end.market: end.payout_g4 for end in tape.manifest.resolutions}
    assert {record.market: record.payout_g4 for record in of(records, Settled)} == paid
    held = {market: shares for market, shares in _held(records).items() if any(shares)}
    assert 5 in held
    assert len(held) >= 4
    summary = build_report(path).summary
    assert {position.market for position in summary.positions} == {5}
    assert not summary.broken


def test_nothing_is_quoted_into_a_crossed_book_or_a_dead_feed(tmp_path):
    tape, story = construct_tape("crossed-feed", 1, tmp_path / "tape")
    _, records = session(tape, tmp_path / "data", *LIVELY)
    entries = [r for r in of(records, OrderSent) if r.intent.purpose is not Purpose.EXIT]
    crossed, dead = spans(story, "crossed", 50), [(a + 5 * SECOND, b) for a, b in spans(story, "frozen", 50)]
    assert entries
    assert not [record for record in entries if within(record.ts_ns, crossed)]
    assert not [record for record in entries if within(record.ts_ns, dead)]
    resting = [fill for fill in of(records, Fill) if fill.liquidity is Liquidity.MAKER]
    assert not [fill for fill in resting if within(fill.matched_ns, dead)]
    before = [record for record in entries if record.ts_ns < crossed[0][0]]
    after = [record for record in entries if record.ts_ns > dead[-1][1]]
    assert before
    assert after


def test_only_one_outcome_of_the_event_pays(tmp_path):
    tape, _ = construct_tape("neg-risk", 2, tmp_path / "tape", minutes=5)
    _, records = session(tape, tmp_path / "data", *LIVELY)
    payouts = [record.payout_g4 for record in of(records, Settled)]
    assert sorted(payouts) == [(0, 10_000)] * 10 + [(10_000, 0)]


def test_risk_refusals_on_constructed_tapes_carry_their_numbers(tmp_path):
    tape, _ = construct_tape("news", 2, tmp_path / "tape")
    _, records = session(
        tape, tmp_path / "data", *LIVELY, "desk.risk.max_order_notional=5", "desk.sizing.position_fraction=0.008"
    )
    refused = [record for record in of(records, Refused) if record.code == "order_notional"]
    assert refused
    assert all(record.checks[-1].observed > record.checks[-1].limit == 5_000_000 for record in refused)
