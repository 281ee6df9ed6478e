"""Small generated tapes: seeded, labelled constructed, with prints, both tokens' prices and a resolution."""

import random
from pathlib import Path

import numpy as np

from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.ids import ConditionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Resolution, Token
from polydesk.model.rows import RowFlag, RowKind, empty_rows
from polydesk.tape import Tape, TapeWriter, open_tape

T0 = 1_776_323_400 * 10**9
S = 10**9


def market(index=0, end_s=300, tick=100, min_size=5_000_000, rate_ppm=70_000):
    def venue(value):
        return Fact(value, Origin.VENUE)

    return Market(
        index=index,
        condition_id=ConditionId(f"0x{index:064x}"),
        slug=f"made-{index}",
        question="",
        category=venue("crypto"),
        tokens=(
            Token(TokenId(str(1000 + index)), "Up", Origin.VENUE, True),
            Token(TokenId(str(2000 + index)), "Down", Origin.VENUE, False),
        ),
        tick_g4=venue(tick),
        min_size_u6=venue(min_size),
        fees=FeeSchedule((FeeRate(0, rate_ppm),), "venue"),
        start_ns=venue(T0),
        end_ns=venue(None if end_s is None else T0 + end_s * S),
        neg_risk=venue(False),
        taker_delay_ns=venue(0),
    )


def walk_rows(seed, markets=2, steps=1500, seconds=290):
    """A random walk of each market's mid with five levels a side and a print now and then."""
    rng = random.Random(seed)
    rows = []
    mids = [rng.randrange(3000, 7000, 100) for _ in range(markets)]
    books = [None] * markets
    for step in range(steps):
        ts = T0 + int(seconds * S * step / steps)
        m = rng.randrange(markets)
        mids[m] = min(9000, max(1000, mids[m] + rng.choice((-600, -200, -100, -100, 0, 0, 0, 100, 100, 200, 600))))
        book = {}
        for level in range(1, 6):
            book[1, mids[m] - 100 * level] = rng.randrange(5, 200) * 1_000_000
            book[-1, mids[m] + 100 * level] = rng.randrange(5, 200) * 1_000_000
        message = changes(books[m], book, m, ts)
        if rng.random() < 0.15:
            side = rng.choice((1, -1))
            message.insert(0, (ts, m, RowKind.PRINT, side, mids[m] + 100 * side, rng.randrange(1, 60) * 1_000_000, 0))
        rows += [(*row[:-1], row[-1] | (RowFlag.LAST if i + 1 == len(message) else 0)) for i, row in enumerate(message)]
        books[m] = book
    return to_rows(rows)


def changes(old, new, m, ts):
    if old is None:
        first = RowFlag.FIRST
        out = []
        for (side, price), size in new.items():
            out.append((ts, m, RowKind.SNAPSHOT, side, price, size, first))
            first = 0
        return out
    gone = [(ts, m, RowKind.CHANGE, s, p, 0, 0) for (s, p) in old if (s, p) not in new]
    return gone + [(ts, m, RowKind.CHANGE, s, p, q, 0) for (s, p), q in new.items() if old.get((s, p)) != q]


def to_rows(tuples):
    rows = empty_rows(len(tuples))
    for name, column in zip(
        ("ts_ns", "market", "kind", "side", "price_g4", "size_u6", "flags"), zip(*tuples, strict=True), strict=True
    ):
        rows[name] = np.array(column)
    rows["venue_ns"] = rows["ts_ns"]
    rows["seq"] = np.arange(len(rows))
    return rows


def made_tape(folder: Path, seed=1, markets=2, payouts=((10_000, 0), (0, 10_000)), **walk) -> Tape:
    rows = walk_rows(seed, markets, **walk)
    facts = tuple(market(i) for i in range(markets))
    ends = tuple(Resolution(i, payouts[i % len(payouts)], T0 + 300 * S, Origin.VENUE) for i in range(markets))
    with TapeWriter(folder, "venue", constructed=True) as writer:
        writer.append(rows)
        writer.finish(facts, ends, ())
    return open_tape(folder)
