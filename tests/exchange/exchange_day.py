"""A seeded flow of rows, orders and cancels through the venue; run as a script it prints the digest of all it told."""

import hashlib
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec

from exchange_bench import MS, SHARE, T0, Bench, S
from made import market
from made_orders import intent
from polydesk.exchange import ExchangeConfig
from polydesk.kernel import compiled_now
from polydesk.model.fees import FeeRate, FeeSchedule
from polydesk.model.ids import intent_id
from polydesk.model.market import Fact, Origin, Resolution
from polydesk.model.orders import OrderType, Side
from polydesk.model.rows import RowKind

MODELS = ("pessimistic", "proportional", "probability")
RATES = (FeeRate(0, 70_000, 1, 200_000), FeeRate(T0 + 2 * S, 250_000, 2, 250_000))


def bench(seed):
    dice = random.Random(seed)
    config = ExchangeConfig(
        queue_model=MODELS[seed % 3], queue_power=1 + seed % 4, failure_rate=0.2, dispute_rate=0.5, dispute_s=3,
        settle_s=1, confirm_s=0.4, min_marketable=dice.choice([0, 1]), jitter=dice.choice([0, 0.5]),
        buys_spend=seed % 2 == 1,
    )  # fmt: skip
    markets = []
    for index in range(2):
        made = market(index, end_s=None)
        delay = Fact(dice.choice([0, 0, 100 * MS]), Origin.VENUE)
        markets.append(msgspec.structs.replace(made, fees=FeeSchedule(RATES, "venue"), taker_delay_ns=delay))
    ends = (Resolution(1, (2_500, 7_500), T0 + 20 * S, Origin.VENUE),)
    return Bench(config, seed=seed, markets=tuple(markets), resolutions=ends, cash=200 * SHARE)


def message(dice, made, ms):
    m, draw = dice.randrange(2), dice.random()
    side = dice.choice([1, -1])
    price = 5000 - 100 * side * dice.randrange(-1, 4)
    if draw < 0.3:
        made.print(ms, dice.choice([-side, -side, 0]), price, dice.randrange(1, 30), m)
    elif draw < 0.4:
        levels = [(RowKind.SNAPSHOT, 1, 4900 - 100 * i, dice.randrange(1, 60), m) for i in range(3)]
        made.rows(ms, *levels, *[(RowKind.SNAPSHOT, -1, 5100 + 100 * i, dice.randrange(1, 60), m) for i in range(3)])
    else:
        made.change(ms, side, price, dice.randrange(0, 60), m)


def order(dice, number):
    kind = dice.choice([OrderType.GTC, OrderType.GTC, OrderType.GTC, OrderType.FAK, OrderType.FOK, OrderType.GTD])
    return intent(
        number, market=dice.randrange(2), token=dice.randrange(2), side=dice.choice([Side.BUY, Side.BUY, Side.SELL]),
        price=100 * dice.randrange(46, 55), size=dice.choice([5, 8, 12, 30, 3]) * SHARE, kind=kind,
        post_only=dice.random() < 0.2, expires_ns=T0 + dice.randrange(50, 70) * S if kind is OrderType.GTD else 0,
    )  # fmt: skip


def flow(seed, steps):
    """Return the bench after ``steps`` rows with orders and cancels between them."""
    dice, made, number = random.Random(seed), bench(seed), 0
    for step in range(steps):
        ms = 20 * step
        message(dice, made, ms)
        if dice.random() < 0.4:
            number += 1
            made.send(order(dice, number), ms)
        if number and dice.random() < 0.2:
            made.cancel(intent_id(dice.randrange(1, number + 2)), ms)
    made.until(20 * steps + 90_000_000)
    return made


def digest(seed, steps):
    made = flow(seed, steps)
    found = hashlib.sha256(repr(made.news).encode())
    for array in (*made.venue.kernel, *made.own, made.books.taken):
        found.update(array.tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    for seed in range(int(sys.argv[1])):
        sys.stdout.write(f"{digest(seed, int(sys.argv[2]))}\n")
    sys.stdout.write(f"{compiled_now()}\n")
