"""Generated lives of one account: little tapes and order flows, and both venues driven through them."""

import hypothesis.strategies as st
import msgspec
import numpy as np
from slow_matcher import SlowMatcher
from slow_rules import Rules

from made import market
from made_orders import intent
from polydesk.exchange import ExchangeConfig, SimulatedExchange
from polydesk.exchange.terms import queue_rule
from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.ids import intent_id
from polydesk.model.market import Fact, Origin, Resolution
from polydesk.model.orders import OrderType, Side
from polydesk.model.records import FillStatus
from polydesk.model.rows import RowFlag, RowKind, empty_rows

T0 = 1_776_323_400 * 10**9
MS, SHARE = 1_000_000, 1_000_000
LOT = SHARE // 100
FAR = 1 << 62

# --- what can happen ----------------------------------------------------------------------------------------------

GAPS_MS = st.sampled_from((0, 0, 1, 10, 25, 49, 50, 51, 75, 100, 250, 1_000, 4_000))
MARKETS = st.sampled_from((0, 0, 0, 1))
TOKENS = st.sampled_from((0, 0, 1))
SIDES = st.sampled_from((1, -1))
NEAR = st.sampled_from((4_700, 4_800, 4_900, 5_000, 5_100, 5_200, 5_300))
PRICES = st.one_of(NEAR, NEAR, NEAR, NEAR, st.sampled_from((4_990, 5_010, 4_950, 4_825, 4_999, 100, 9_900)))
SIZES = st.sampled_from((0, 5, 5, 10, 10, 20, 40, 3, 0.01, 7.123456, 12.34, 0.000001)).map(lambda n: round(n * SHARE))
WANTED = st.sampled_from((5, 5, 6, 10, 10, 25, 5.01, 12.34, 40, 2, 1.5, 5.0001, 5.00001)).map(
    lambda n: round(n * SHARE)
)
OLD_MS = st.sampled_from((0, 0, 0, 0, 3, 40))
"""How long before its arrival the venue made a message."""

LEVELS = st.lists(st.tuples(SIDES, PRICES, SIZES), min_size=1, max_size=4)
CHANGES = st.tuples(st.just("change"), MARKETS, TOKENS, OLD_MS, LEVELS)
LADDERS = st.tuples(
    st.just("ladder"), MARKETS, TOKENS, OLD_MS, st.integers(48, 52), st.lists(SIZES, min_size=6, max_size=6)
)
SNAPSHOTS = st.tuples(
    st.just("snapshot"), MARKETS, TOKENS, OLD_MS, st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=5)
)
PRINTS = st.tuples(st.just("print"), MARKETS, TOKENS, st.sampled_from((1, -1, 1, -1, 0)), PRICES, SIZES.filter(bool))
TICKS = st.tuples(st.just("tick"), MARKETS, st.sampled_from((100, 10, 50, 1_000, 25)))
OTHERS = st.tuples(st.just("other"), st.sampled_from((RowKind.WITNESS, RowKind.NEWS, RowKind.STATUS)))
ORDERS = st.tuples(
    st.just("order"), MARKETS, TOKENS, st.sampled_from((Side.BUY, Side.BUY, Side.SELL)),
    st.sampled_from((OrderType.GTC, OrderType.GTC, OrderType.GTC, OrderType.GTD, OrderType.FAK, OrderType.FOK)),
    st.sampled_from((False, False, True)), PRICES, WANTED,
    st.sampled_from((5_000, 400, 70_000, 61_000, 60_400, 60_020, 100, 50, 20, -1_000)),
)  # fmt: skip
CANCELS = st.tuples(st.just("cancel"), st.integers(1, 12))
AGAIN = st.tuples(st.just("again"), st.integers(1, 12))
USUAL = (ORDERS, LADDERS, PRINTS, CHANGES)
STEPS = st.tuples(GAPS_MS, st.one_of(*USUAL, *USUAL, *USUAL, SNAPSHOTS, CANCELS, CANCELS, TICKS, AGAIN, OTHERS))
FIRST_BUYS = st.tuples(
    st.just("order"), st.just(0), TOKENS, st.just(Side.BUY), st.just(OrderType.FAK), st.just(False), st.just(6_000),
    st.just(10 * SHARE), st.just(0),
)  # fmt: skip
OPENING = st.tuples(st.tuples(st.just(10), LADDERS), st.tuples(st.just(10), FIRST_BUYS))
LIVES = st.tuples(OPENING, st.lists(STEPS, min_size=1, max_size=40)).map(lambda two: [*two[0], *two[1]])

SETTINGS = st.fixed_dictionaries(
    {
        "queue": st.sampled_from(("pessimistic", "proportional", "probability")),
        "power": st.integers(1, 4),
        "jitter": st.sampled_from((0.0, 0.3)),
        "delay_ms": st.sampled_from((0, 0, 0, 250, 40)),
        "confirm_s": st.sampled_from((4.0, 0.5, 0.0)),
        "failing": st.sampled_from((0.0, 0.0, 0.3, 1.0)),
        "cash": st.sampled_from((1_000, 1_000, 1_000, 12)),
        "ends_ms": st.sampled_from((None, None, 3_000)),
        "resolves": st.sampled_from((None, None, (10_000, 0), (0, 10_000), (5_000, 5_000), (3_333, 6_667))),
        "dispute_s": st.sampled_from((None, None, 20.0)),
        "settle_s": st.sampled_from((60.0, 1.0, 0.0)),
        "fees": st.sampled_from(
            (
                ((0, 70_000, 1, 200_000),),
                ((0, 0, 1), (1_000, 250_000, 2), (2_000, 72_000, 1, 250_000)),
                ((0, 0, 1),),
                ((0, 900_000, 1, 900_000),),
            )
        ),
    }
)


def markets(given):
    """Two markets with the generated facts."""
    rates = tuple(FeeRate(T0 + ms * MS if ms else 0, *rate) for ms, *rate in given["fees"])
    made = [
        msgspec.structs.replace(
            market(index, end_s=None),
            fees=FeeSchedule(rates, "venue"),
            taker_delay_ns=Fact(given["delay_ms"] * MS, Origin.VENUE),
            end_ns=Fact(None if given["ends_ms"] is None else T0 + given["ends_ms"] * MS, Origin.VENUE),
        )
        for index in (0, 1)
    ]
    return tuple(made)


def resolutions(given):
    if given["resolves"] is None:
        return ()
    return (Resolution(0, given["resolves"], T0 + 3_000 * MS, Origin.VENUE),)


def message_rows(step, at, seq):
    """Return the rows of one message at ``at``; the venue made it a little earlier."""
    what, *rest = step
    if what == "other":
        rows = [(rest[0], -1 if rest[0] != RowKind.WITNESS else 0, 0, 0, 5_000, 0, 0, at)]
    elif what == "tick":
        rows = [(RowKind.TICK, rest[0], 0, 0, 0, 0, rest[1], at)]
    elif what == "print":
        m, token, side, price, size = rest
        rows = [(RowKind.PRINT, m, token, side, price, size, 0, at)]
    else:
        m, token, old_ms, *more = rest
        kind = RowKind.CHANGE if what == "change" else RowKind.SNAPSHOT
        if what == "ladder":
            mid, sizes = more
            levels = [(1, (mid - k) * 100, n) for k, n in enumerate(sizes[:3], 1)]
            levels += [(-1, (mid + k) * 100, n) for k, n in enumerate(sizes[3:], 1)]
        else:
            levels = more[0]
        rows = [(kind, m, token, side, price, size, 0, at - old_ms * MS) for side, price, size in levels]
        if not rows:
            rows = [(kind, m, token, 1, 0, 0, 0, at - old_ms * MS)]
    made = empty_rows(len(rows))
    for i, values in enumerate(rows):
        for name, value in zip(
            ("kind", "market", "token", "side", "price_g4", "size_u6", "aux", "venue_ns"), values, strict=True
        ):
            made[i][name] = value
        made[i]["ts_ns"], made[i]["seq"] = at, seq + i
    if what in {"snapshot", "ladder"}:
        made[0]["flags"] = RowFlag.FIRST
        if what == "snapshot" and not rest[3]:
            made[0]["flags"] |= RowFlag.EMPTY
    made[-1]["flags"] |= RowFlag.LAST
    return made


# --- the two venues behind one face -----------------------------------------------------------------------------------


class Fast:
    """The exchange of paper sessions over the compiled kernel."""

    def __init__(self, given, seed):
        made = markets(given)
        self.books = new_books(len(made), np.array([m.tick_g4.value for m in made]))
        config = ExchangeConfig(
            jitter=given["jitter"],
            queue_model=given["queue"],
            queue_power=given["power"],
            confirm_s=given["confirm_s"],
            failure_rate=given["failing"],
            settle_s=given["settle_s"],
            dispute_rate=0.0 if given["dispute_s"] is None else 1.0,
            dispute_s=given["dispute_s"] or 0.0,
        )
        self.own, self.fills, self.wake = new_own(len(made), *queue_rule(config)), new_fills(), new_wake(len(made))
        cash = given["cash"] * SHARE
        self.venue = SimulatedExchange(config, seed, made, resolutions(given), cash, self.books, self.own, self.fills)
        self.send, self.cancel = self.venue.send, self.venue.cancel

    def arrival(self, name, at, *, cancel=False):
        return self.venue.arrival_ns(name, at, cancel=cancel)

    def message(self, rows):
        assert advance(self.books, self.own, self.fills, self.wake, rows, 0, len(rows), FAR) == len(rows)
        self.venue.collect(int(rows["ts_ns"][-1]))

    def until(self, ts, seq):
        heard = []
        while self.venue.next_ns() <= ts:
            news = self.venue.happen(seq)
            if news is not None:
                heard.append(news)
        return heard


def slow(given, fails, **changed):
    """Return the slow matcher."""
    rules = {
        "confirm_ns": round(given["confirm_s"] * 1_000) * MS,
        "settle_ns": round((given["settle_s"] + (given["dispute_s"] or 0.0)) * 1_000) * MS,
        "queue": given["queue"],
        "queue_power": given["power"],
    }
    return SlowMatcher(Rules(**{**rules, **changed}), markets(given), resolutions(given), given["cash"] * SHARE, fails)


def live(venue, steps, arrival):
    """Drive a venue through the steps; return everything it told, with the row after which it was told."""
    heard, now, seq, names = [], T0, -1, []
    for gap_ms, step in steps:
        now += gap_ms * MS
        what, *rest = step
        if what == "order":
            m, token, side, kind, post_only, price, size, lasts_ms = rest
            order = intent(
                len(names) + 1, market=m, token=token, side=side, price=price, size=size, kind=kind,
                post_only=post_only and kind in {OrderType.GTC, OrderType.GTD},
                expires_ns=now + lasts_ms * MS if kind is OrderType.GTD else 0,
            )  # fmt: skip
            names.append(order)
            venue.send(order, arrival(order.id, now))
        elif what == "again":
            if rest[0] <= len(names):
                venue.send(names[rest[0] - 1], arrival(names[rest[0] - 1].id, now))
        elif what == "cancel":
            venue.cancel(intent_id(rest[0]), arrival(intent_id(rest[0]), now, cancel=True))
        else:
            heard += venue.until(now, seq)
            rows = message_rows(step, now, seq + 1)
            seq += len(rows)
            venue.message(rows)
    heard += venue.until(now + 86_400_000 * MS, seq)
    return heard


def failed(heard):
    """The matches the fast venue let fail: drawn by its seed, so told to the slow one."""
    return frozenset(one.fill for one in heard if isinstance(one, FillStatus) and not one.confirmed)
