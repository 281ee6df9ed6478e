"""Arbitrary small tapes for properties: both tokens, late frames, snapshots over anything, crossed books, prints."""

import numpy as np
from hypothesis import strategies as st

from made import T0, market
from polydesk.kernel import advance, levels, new_books, new_fills, new_own, new_wake
from polydesk.model.rows import RowFlag, RowKind, empty_rows
from polydesk.tape import TapeWriter, open_tape

MARKETS = 2
prices = st.integers(1, 9_999)
few_prices = st.sampled_from([100, 2_550, 4_000, 4_900, 5_000, 5_100, 6_000, 9_900])
some_prices = few_prices | prices
sizes = st.integers(1, 10**12)
sides = st.sampled_from([1, -1])
books = st.dictionaries(st.tuples(sides, some_prices), sizes, max_size=5)
changes = st.lists(st.tuples(st.integers(0, 1), sides, some_prices, st.just(0) | sizes), min_size=1, max_size=4)
prints = st.tuples(st.sampled_from([1, -1, 0]), some_prices, sizes)
bodies = st.one_of(
    st.tuples(st.just("snapshot"), st.integers(0, 1), books),
    st.tuples(st.just("change"), st.just(0), changes),
    st.tuples(st.just("print"), st.integers(0, 1), prints),
    st.tuples(st.just("witness"), st.integers(0, 1), st.tuples(few_prices, few_prices)),
)
messages = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 1_500), st.integers(-1, 900), st.integers(0, MARKETS - 1), bodies),
    min_size=1,
    max_size=25,
)
"""Milliseconds since the message before, venue lateness, receive latency (-1: not stated), market, content."""


def rows_of(told):
    """Return the rows of messages, in virtual time as an import would give it."""
    rows, now, virtual = [], T0, 0
    for step, late, latency, index, (kind, token, body) in told:
        now += step * 10**6
        venue = now - late * 10**6
        virtual = max(virtual, venue)
        recv = venue + latency * 10**6 if latency >= 0 else 0
        head = {"ts_ns": virtual, "venue_ns": venue, "recv_ns": recv, "market": index, "token": token}
        rows += [head | row for row in _body(kind, body)]
        rows[-1]["flags"] = rows[-1].get("flags", 0) | RowFlag.LAST
    found = empty_rows(len(rows))
    for place, row in enumerate(rows):
        for name, value in row.items():
            found[place][name] = value
    return found


def _body(kind, body):
    if kind == "print":
        side, price, size = body
        yield {"kind": RowKind.PRINT, "side": side, "price_g4": price, "size_u6": size}
    elif kind == "witness":
        yield {"kind": RowKind.WITNESS, "bid_g4": min(body), "ask_g4": max(body)}
    elif kind == "change":
        for token, side, price, size in body:
            yield {"kind": RowKind.CHANGE, "token": token, "side": side, "price_g4": price, "size_u6": size}
    elif not body:
        yield {"kind": RowKind.SNAPSHOT, "flags": RowFlag.FIRST | RowFlag.EMPTY}
    else:
        flag = RowFlag.FIRST
        for (side, price), size in body.items():
            yield {"kind": RowKind.SNAPSHOT, "side": side, "price_g4": price, "size_u6": size, "flags": flag}
            flag = RowFlag(0)


def write_tape(folder, rows):
    with TapeWriter(folder, "venue", constructed=True) as writer:
        writer.append(rows)
        writer.finish([market(index) for index in range(MARKETS)], [], ())
    return open_tape(folder)


def kernel_books(rows):
    """Yield, after every message, time, latency, market and the kernel's bids and asks of token 0, best first."""
    state = (new_books(MARKETS, np.full(MARKETS, 100)), new_own(MARKETS), new_fills(), new_wake(MARKETS))
    start = 0
    for end in np.flatnonzero(rows["flags"] & RowFlag.LAST).tolist():
        assert advance(*state, rows, start, end + 1, 1 << 62) == end + 1
        row, index = rows[end], int(rows["market"][end])
        stated = row["recv_ns"] and row["venue_ns"]
        latency = int(row["recv_ns"] - row["venue_ns"]) if stated else 0
        told = [levels(state[0], index, 0, side, 10_000) for side in (1, -1)]
        bids, asks = (dict(zip(prices.tolist(), sizes.tolist(), strict=True)) for prices, sizes in told)
        yield int(row["ts_ns"]), latency, index, bids, asks
        start = end + 1
