"""Busy lives from a seed: a wandering touch, prints on it, quotes around it, now and then something odd.

Hypothesis finds small odd cases; these find long ones, where queues, partial fills and money meet.
"""

import random

from lives import LOT, SHARE

from polydesk.model.orders import OrderType, Side
from polydesk.model.rows import RowKind


def facts(dice):
    return {
        "queue": dice.choice(("pessimistic", "proportional", "probability")),
        "power": dice.randrange(1, 5),
        "jitter": dice.choice((0.0, 0.0, 0.3)),
        "delay_ms": dice.choice((0, 0, 0, 40, 250)),
        "confirm_s": dice.choice((4.0, 0.5, 0.0)),
        "failing": dice.choice((0.0, 0.0, 0.3, 1.0)),
        "cash": dice.choice((1_000, 1_000, 1_000, 25)),
        "ends_ms": dice.choice((None, 3_000)),
        "resolves": dice.choice((None, (10_000, 0), (0, 10_000), (5_000, 5_000), (3_333, 6_667))),
        "dispute_s": dice.choice((None, None, 20.0)),
        "settle_s": dice.choice((60.0, 1.0, 0.0)),
        "fees": dice.choice(
            (
                ((0, 70_000, 1, 200_000),),
                ((0, 0, 1), (500, 250_000, 2), (1_500, 72_000, 1, 250_000)),
                ((0, 0, 1),),
                ((0, 900_000, 1, 900_000),),
            )
        ),
    }


def size(dice):
    draw = dice.random()
    if draw < 0.7:
        return dice.randrange(1, 30) * SHARE
    return dice.randrange(1, 3_000) * LOT if draw < 0.9 else dice.randrange(1, 9_999_999)


def wanted(dice):
    odd = dice.choice((100, 1, 5_000)) if dice.random() < 0.05 else 0
    return dice.choice((5 * SHARE, 10 * SHARE, 20 * SHARE, dice.randrange(1, 2_500) * LOT)) + odd


def near(dice, mid, tick):
    return min(9_900, max(100, mid + dice.choice((-3, -2, -1, -1, 0, 0, 1, 1, 2, 3)) * tick))


def market_step(dice, m, mid, tick):
    """One message of a market near its mid."""
    draw, token, old = dice.random(), dice.choice((0, 0, 1)), dice.choice((0, 0, 0, 0, 3, 40))
    at = mid if token == 0 else 10_000 - mid
    if draw < 0.25:
        sizes = [size(dice) * (dice.random() < 0.8) for _ in range(6)]
        return "ladder", m, token, old, at // 100, sizes
    if draw < 0.60:
        levels = []
        for _ in range(dice.randrange(1, 4)):
            side = dice.choice((1, -1))
            inside = dice.random() < 0.1
            price = at - side * tick * (dice.randrange(1, 4) * (-1 if inside else 1))
            levels.append((side, min(9_990, max(10, price)), size(dice) * (dice.random() < 0.75)))
        return "change", m, token, old, levels
    if draw < 0.95:
        return "print", m, token, dice.choice((1, -1, 1, -1, 0)), near(dice, at, tick), size(dice)
    if draw < 0.97:
        return "snapshot", m, token, old, []
    return "other", dice.choice((RowKind.WITNESS, RowKind.NEWS, RowKind.STATUS))


def order_step(dice, m, mid, tick):
    token, side = dice.choice((0, 0, 1)), dice.choice((Side.BUY, Side.BUY, Side.SELL))
    kind = dice.choice((OrderType.GTC,) * 5 + (OrderType.GTD, OrderType.FAK, OrderType.FOK))
    lasts = dice.choice((400, 5_000, 60_020, 60_400, 61_000, 70_000, 20, -1_000))
    at = mid if token == 0 else 10_000 - mid
    price = near(dice, at, tick) + (dice.random() < 0.03)
    return "order", m, token, side, kind, dice.random() < 0.3, price, wanted(dice), lasts


def seeded_life(seed, steps=60):
    """Return the facts and the steps of one life."""
    dice = random.Random(seed)
    given = facts(dice)
    mids, ticks, orders = [5_000, 4_500], [100, 100], 0
    life = [(10, ("ladder", m, 0, 0, mids[m] // 100, [size(dice) for _ in range(6)])) for m in (0, 1)]
    pace = dice.choice(((0, 1, 10, 25, 50), (0, 5, 30, 100, 250), (25, 50, 75, 100, 1_000)))
    for _ in range(steps):
        m, gap, draw = dice.choice((0, 0, 0, 1)), dice.choice(pace), dice.random()
        if dice.random() < 0.1:
            mids[m] = min(9_000, max(1_000, mids[m] + dice.choice((-200, -100, 100, 200))))
        if draw < 0.40:
            orders += 1
            life.append((gap, order_step(dice, m, mids[m], ticks[m])))
        elif draw < 0.48:
            life.append((gap, ("cancel", dice.randrange(1, orders + 3))))
        elif draw < 0.49:
            life.append((gap, ("again", dice.randrange(1, orders + 2))))
        elif draw < 0.51:
            ticks[m] = dice.choice((100, 10, 50))
            life.append((gap, ("tick", m, ticks[m])))
        else:
            life.append((gap, market_step(dice, m, mids[m], ticks[m])))
    return given, life


def shrunk(steps, disagrees):
    """Leave out steps one by one while the disagreement stays."""
    smaller = True
    while smaller:
        smaller = False
        for i in reversed(range(len(steps))):
            fewer = steps[:i] + steps[i + 1 :]
            if disagrees(fewer):
                steps, smaller = fewer, True
    return steps
