"""Books rebuilt from a tape, to be compared with the recorded ones."""

from bisect import bisect_right

from recordings import all_rows

from polydesk.model.rows import RowFlag, RowKind
from polydesk.tape.ladders import Book


def books_by_time(rows):
    """Yield ((market, token), ts_ns, bids, asks) after every message that ends a book's rows."""
    books = {}
    some = rows[rows["kind"] <= RowKind.CHANGE]
    names = ("market", "token", "flags", "side", "price_g4", "size_u6", "ts_ns")
    first, empty, last = int(RowFlag.FIRST), int(RowFlag.EMPTY), int(RowFlag.LAST)
    for market, token, flags, side, price_g4, size_u6, ts_ns in zip(*(some[n].tolist() for n in names), strict=True):
        key = market, token
        if flags & first:
            books[key] = Book()
        if not flags & empty:
            books[key].put(side, price_g4, size_u6)
        if flags & last:
            yield key, ts_ns, books[key]


def assert_rebuilt(tape, truth):
    """Compare the book on the tape with each recorded one at the recorded time; ``truth`` by (market, token, ts_ns).

    Returns the last books, bids and asks by market and token.
    """
    changes, times = {}, {}
    for key, ts_ns, book in books_by_time(all_rows(tape)):
        changes.setdefault(key, []).append((dict(book.bids), dict(book.asks)))
        times.setdefault(key, []).append(ts_ns)
    for (market, token, ts_ns), expected in truth.items():
        last = bisect_right(times[market, token], ts_ns) - 1
        assert changes[market, token][last] == expected, (market, token, ts_ns)
    return {key: states[-1] for key, states in changes.items()}
