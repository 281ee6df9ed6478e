"""Reading constructed tapes in tests: rows as tuples, books rebuilt per token, best prices over time."""

import numpy as np

from polydesk.model.rows import RowFlag, RowKind

ONE = 10_000
MINUTE = 60 * 10**9
SECOND = 10**9


def all_rows(tape):
    return np.concatenate(list(tape.batches()))


class TokenBook:
    """One token's own levels from its own rows."""

    def __init__(self):
        self.levels = {1: {}, -1: {}}

    def take(self, row):
        if row["flags"] & RowFlag.FIRST:
            self.levels = {1: {}, -1: {}}
        if row["kind"] in (RowKind.SNAPSHOT, RowKind.CHANGE) and not row["flags"] & RowFlag.EMPTY:
            side, price, size = int(row["side"]), int(row["price_g4"]), int(row["size_u6"])
            if size:
                self.levels[side][price] = size
            else:
                self.levels[side].pop(price, None)

    @property
    def bid(self):
        return max(self.levels[1], default=0)

    @property
    def ask(self):
        return min(self.levels[-1], default=ONE)

    def mirrored(self):
        return {
            1: {ONE - p: q for p, q in self.levels[-1].items()},
            -1: {ONE - p: q for p, q in self.levels[1].items()},
        }


def messages(rows):
    """Yield the rows of each message."""
    ends = np.flatnonzero(rows["flags"] & RowFlag.LAST) + 1
    yield from np.split(rows, ends[:-1])


def touches(rows, market, step_ns=SECOND):
    """Return times and best bid and ask of token 0, sampled evenly."""
    book, out, due = TokenBook(), [], None
    for message in messages(rows[rows["market"] == market]):
        at = int(message["ts_ns"][0])
        due = at if due is None else due
        while due < at:
            out.append((due, book.bid, book.ask))
            due += step_ns
        for row in message[message["token"] == 0]:
            book.take(row)
    return np.array(out, np.int64)


def mids(rows, market, step_ns=SECOND):
    sampled = touches(rows, market, step_ns)
    return sampled[:, 0], (sampled[:, 1] + sampled[:, 2]) / 2
