"""Books rebuilt from a tape, to be compared with the recorded ones."""

import numpy as np
from recordings import all_rows

from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape.ladders import Book


def books_by_time(rows):
    """Yield ((market, token), ts_ns, bids, asks) after every message that ends a book's rows."""
    books = {}
    for row in rows[rows["kind"] <= RowKind.CHANGE]:
        key = int(row["market"]), int(row["token"])
        if row["flags"] & RowFlag.FIRST:
            books[key] = Book()
        if not row["flags"] & RowFlag.EMPTY:
            books[key].put(int(row["side"]), int(row["price_g4"]), int(row["size_u6"]))
        if row["flags"] & RowFlag.LAST:
            yield key, int(row["ts_ns"]), books[key]


def assert_rebuilt(tape, truth):
    """Compare the book on the tape with each recorded one at the recorded time; ``truth`` by (market, token, ts_ns)."""
    changes = {}
    for (market, token), ts_ns, book in books_by_time(all_rows(tape)):
        changes.setdefault((market, token), []).append((ts_ns, dict(book.bids), dict(book.asks)))
    for (market, token, ts_ns), expected in truth.items():
        states = changes[market, token]
        last = int(np.searchsorted([at for at, *_ in states], ts_ns, side="right")) - 1
        assert (states[last][1], states[last][2]) == expected, (market, token, ts_ns)
