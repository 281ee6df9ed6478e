"""A seeded little day through every entry point; run as a script it prints the digest of the final state."""

import hashlib
import random
import sys

from kernel_rows import EMPTY, FIRST, LAST, Desk, change, printed, row, snapshot

from polydesk.kernel import WakeBit, cancel, compiled_now, depth, levels, place, take, takeable
from polydesk.model.rows import RowKind


def random_row(dice: random.Random, now: int) -> dict:
    common = {"token": dice.randrange(2), "market": dice.randrange(2), "venue_ns": now - dice.randrange(3)}
    side, price, size = dice.choice([1, -1]), dice.randrange(4990, 5011), dice.randrange(0, 9)
    draw = dice.random()
    if draw < 0.72:
        return change(side, price, size, now, flags=dice.choice([0, LAST]), **common)
    if draw < 0.76:
        return snapshot(side, price, size, now, flags=FIRST | dice.choice([0, LAST, EMPTY]), **common)
    if draw < 0.92:
        return printed(dice.choice([1, 0, -1]), price, 1 + size, now, **common)
    if draw < 0.94:
        return row(RowKind.TICK, now, aux=dice.randrange(3), **common)
    if draw < 0.97:
        return row(RowKind.WITNESS, now, bid_g4=price, ask_g4=price + 1, **common)
    return row(dice.choice([RowKind.NEWS, RowKind.STATUS]), now, market=-1)


def digest(steps: int) -> str:
    dice = random.Random(11)
    desk = Desk(2)
    desk.wake.mask[:] = WakeBit.MID | WakeBit.PRINT
    seen = hashlib.sha256()
    for now in range(10, 10 + steps):
        desk.run(random_row(dice, now))
        market, side, price = dice.randrange(2), dice.choice([1, -1]), dice.randrange(4990, 5011)
        call = dice.randrange(6)
        answer: object = None
        if call == 0:
            answer = int(place(desk.books, desk.own, market, side, price, dice.randrange(1, 9), now))
        elif call == 1:
            answer = int(cancel(desk.own, market, now - dice.randrange(20)))
        elif call == 2:
            answer = int(take(desk.books, desk.fills, market, side, price, 3, now))
        elif call == 3:
            answer = [int(x) for x in depth(desk.books, market, side, price)]
        elif call == 4:
            answer = [int(x) for x in takeable(desk.books, market)]
        else:
            answer = [part.tolist() for part in levels(desk.books, market, dice.randrange(2), side, 4)]
        seen.update(repr((answer, desk.filled())).encode())
    for array in (*desk.books, *desk.own, *desk.wake):
        seen.update(array.tobytes())
    return seen.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(f"{digest(int(sys.argv[1]))} {compiled_now()}\n")
