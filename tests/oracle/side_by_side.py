"""The same recording and the same orders through polydesk, hftbacktest and nautilus_trader 2, order by order.

``python tests/oracle/side_by_side.py FOLDER`` prints the table that ``docs/fills.md`` explains.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
from slow_matcher import SlowMatcher
from slow_rules import Rules

from made_orders import intent
from polydesk.exchange import ExchangeConfig, SimulatedExchange
from polydesk.exchange.terms import queue_rule
from polydesk.kernel import advance, new_books, new_fills, new_own, new_wake, touch
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.grid import FAR_NS
from polydesk.model.market import Fact, Origin
from polydesk.model.orders import OrderType, book_price_g4
from polydesk.model.records import Fill
from polydesk.model.rows import RowFlag
from polydesk.tape import ensure_sample
from polydesk.tape.convert import convert_tape

HERE = Path(__file__).parent
PEERS = {
    "hftbacktest": ("POLYDESK_HFTBACKTEST_PYTHON", "hftbacktest_fills.py"),
    "nautilus2": ("POLYDESK_NAUTILUS2_PYTHON", "nautilus_fills.py"),
}
NAMED_RULES = {
    "hftbacktest": {
        "queue": "clipped", "whole_through": True, "whole_taker": True, "impact": "none", "own_orders_meet": False,
        "prints_count_once": False, "min_marketable_u6": 0,
    },
    "nautilus2": {
        "queue": "clipped", "impact": "until_change", "own_orders_meet": False, "min_marketable_u6": 0,
    },
}  # fmt: skip
"""What each program does otherwise, as rules of the slow matcher."""

ONE, SHARE, S, MS = 10_000, 1_000_000, 10**9, 10**6
LATENCY_NS = 50 * MS
MARKETS = {13: "nhl, 135 prints", 6: "btc 5 min, no prints"}
SIZES = (5, 10, 5, 25, 10, 60)


def market_rows(tape, index):
    rows = np.concatenate(list(tape.batches()))
    return rows[rows["market"] == index]


def state(tape):
    ticks = np.array([market.tick_g4.value for market in tape.manifest.markets])
    count = len(ticks)
    return new_books(count, ticks), new_own(count), new_fills(), new_wake(count)


def schedule(tape, index, every_s=6, lasts_s=45):
    """Orders from the book of their moment: at the touch, behind it, inside the spread, across it; then cancels."""
    rows, kernel, orders = market_rows(tape, index), state(tape), []
    first, last, at = int(rows["ts_ns"][0]), int(rows["ts_ns"][-1]), 0
    tick = tape.manifest.markets[index].tick_g4.value
    for number, when in enumerate(range(first + 70 * S, last - 60 * S, every_s * S), 1):
        at = advance(*kernel, rows, at, len(rows), when)
        while at < len(rows) and rows["ts_ns"][at] < when:
            at = advance(*kernel, rows, at, len(rows), when)
        bid, ask = touch(kernel[0], index, 0)
        if not 0 < bid < ask < ONE:
            continue
        side = 1 if number % 2 else -1
        same, other = (bid, ask) if side > 0 else (ask, bid)
        kind = (number // 2) % 5
        price = (
            same if kind in {0, 1} else other if kind == 2 else same - side * tick if kind == 3 else same + side * tick
        )
        size = SIZES[number % len(SIZES)]
        if price % tick == 0 and tick <= price <= ONE - tick:
            orders.append({"number": number, "at_ns": when, "side": side, "price_g4": price, "size": size})
            orders[-1] |= {"price": price / ONE, "cancel_ns": when + lasts_s * S}
    return orders


def free_markets(tape):
    """The markets without fees and taker delay, which the others do not have."""
    free = FeeSchedule((FeeRate(0, 0),), "assumed")
    return tuple(
        msgspec.structs.replace(market, fees=free, taker_delay_ns=Fact(0, Origin.ASSUMED))
        for market in tape.manifest.markets
    )


def intents(index, orders):
    """A sale of token 0 is a purchase of token 1: nothing is sold that is not held."""
    for order in orders:
        token, price = (0, order["price_g4"]) if order["side"] > 0 else (1, ONE - order["price_g4"])
        yield (
            order,
            intent(
                order["number"], market=index, token=token, price=price, size=order["size"] * SHARE, kind=OrderType.GTC
            ),
        )


def told_fills(news):
    """Return ``[number, ts_ns, book price, shares]`` of each fill."""
    return [
        [int(one.intent[4:]), one.matched_ns, book_price_g4(one.token, one.price_g4), one.size_u6 / SHARE]
        for one in news
        if isinstance(one, Fill)
    ]


def ours(tape, index, orders, **config):
    """Return the fills of the compiled exchange."""
    settings = ExchangeConfig(order_latency_ms=50, cancel_latency_ms=50, answer_latency_ms=50, jitter=0, **config)
    rows, (books, _, fills, wake) = market_rows(tape, index), state(tape)
    own = new_own(len(tape.manifest.markets), *queue_rule(settings))
    venue = SimulatedExchange(settings, 1, free_markets(tape), (), 10**12, books, own, fills)
    for order, made in intents(index, orders):
        venue.send(made, order["at_ns"] + LATENCY_NS)
        venue.cancel(made.id, order["cancel_ns"] + LATENCY_NS)
    told, at = [], 0
    while at < len(rows):
        after = advance(books, own, fills, wake, rows, at, len(rows), venue.next_ns())
        if fills.n[0]:
            venue.collect(int(rows["ts_ns"][after - 1]))
        limit = int(rows["ts_ns"][after]) if after < len(rows) else FAR_NS - 1
        while venue.next_ns() <= limit:
            told.append(venue.happen(after))
        at = after
    return told_fills(told)


def slow(tape, index, orders, *, acts_with=None, **rules):
    """Return the fills of the slow matcher.

    ``acts_with``: orders act with the next of these times or of the schedule's own, after the message of that time.
    """
    rows = market_rows(tape, index)
    matcher = SlowMatcher(Rules(answer_ns=50 * MS, **rules), free_markets(tape), (), 10**12)
    ends = np.flatnonzero(rows["flags"] & RowFlag.LAST)
    times = rows["ts_ns"][ends]
    timers = [order[name] for order in orders for name in ("at_ns", "cancel_ns")]
    events = np.array([]) if acts_with is None else np.unique(np.concatenate((acts_with, timers)))

    def acts(at):
        later = np.searchsorted(events, at)
        return int(events[later]) if later < len(events) else at

    for order, made in intents(index, orders):
        matcher.send(made, acts(order["at_ns"] + LATENCY_NS))
        matcher.cancel(made.id, acts(order["cancel_ns"] + LATENCY_NS))
    told, start = [], 0
    for end, at in zip((ends + 1).tolist(), times.tolist(), strict=True):
        told += matcher.until(at if acts_with is None else at - 1, start)
        matcher.message(rows[start:end])
        start = end
    return told_fills([*told, *matcher.until(FAR_NS, start)])


def events(tape, index, folder):
    """Return the recording as the event file that both peers read."""
    if not folder.exists():
        convert_tape(tape, "hftbacktest", folder, market=str(index), tokens="0")
    told = json.loads((folder / "conversion.json").read_text())
    return folder / told["files"][0]["file"]


def theirs(peer, tape, index, orders, folder, *, partial=True):
    """Return a peer's fills in the same form, prices on the grid."""
    variable, script = PEERS[peer]
    python = os.environ.get(variable)
    if not python:
        raise LookupError(f"NOT TESTED: {variable} is not set; name a Python that has {peer} to compare fills with it")
    recording = events(tape, index, folder / f"events-{index}")
    asked = {
        "latency_ns": LATENCY_NS,
        "tick_size": tape.manifest.markets[index].tick_g4.value / ONE,
        "lot_size": 0.000001,
        "partial": partial,
        "orders": orders,
    }
    (folder / "schedule.json").write_text(json.dumps(asked))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [python, HERE / "peers" / script, recording, folder / "schedule.json", folder / f"{peer}.json"]
    subprocess.run(command, check=True, env=clean, cwd=folder)
    found = json.loads((folder / f"{peer}.json").read_text())
    return [[number, at, round(price * ONE), size] for number, at, price, size in found["fills"]]


def by_order(fills):
    """Return ``{order: {(time, price): shares}}``: how many pieces one moment came in does not matter."""
    grouped = {}
    for number, at, price, size in fills:
        mine = grouped.setdefault(number, {})
        mine[at, price] = round(mine.get((at, price), 0) + size, 6)
    return grouped


def message_times(tape, index, folder):
    """Return the times of the event file; messages that changed nothing are not in it."""
    return np.unique(np.load(events(tape, index, folder / f"events-{index}"))["data"]["exch_ts"])


def line(order, start, engines):
    """Return one line of the table; a star where the programs differ."""
    cells = []
    for engine, found in engines.items():
        fills = found.get(order["number"], {})
        text = " ".join(f"{n:g}@{p}+{(at - order['at_ns']) / S:.2f}s" for (at, p), n in fills.items())
        cells.append(f"{engine}: {text or '-'}")
    sizes = {str(sorted((p, n) for (_, p), n in found.get(order["number"], {}).items())) for found in engines.values()}
    side, at_s = "buy" if order["side"] > 0 else "sell", (order["at_ns"] - start) / S
    asked = f"{order['number']:3} {at_s:6.0f}s {side:4} {order['size']:3}@{order['price_g4']}"
    return f"{'  ' if len(sizes) == 1 else '* '}{asked} | " + " | ".join(cells)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tape = ensure_sample(folder / "tapes")
    for index, name in MARKETS.items():
        orders = schedule(tape, index)
        engines = {"polydesk": by_order(ours(tape, index, orders))}
        for peer in PEERS:
            try:
                engines[peer] = by_order(theirs(peer, tape, index, orders, folder))
            except LookupError as err:
                sys.stderr.write(f"{err}\n")
        start = int(market_rows(tape, index)["ts_ns"][0])
        lines = [f"\n{name}: {len(orders)} orders", *(line(order, start, engines) for order in orders)]
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
