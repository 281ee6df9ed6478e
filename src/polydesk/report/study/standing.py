"""When which order of ours stood in the market's one book, and how much of the time a side was quoted."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from polydesk.model.orders import OrderState, OrderType, Side, book_price_g4, book_side
from polydesk.model.records import Fill, OrderAck, OrderDone, OrderRejected
from polydesk.report.lives import Life

Span = tuple[int, int]
"""From and to, ns of virtual time, half open."""


class Standing(msgspec.Struct, frozen=True):
    """A stretch of time in which an order rested with one size.

    Attributes:
        market: By index.
        side: 1 bid, -1 ask, in the book of token 0.
        price_g4: Price in that book.
        size_u6: Micro-shares open.
        from_ns: When it began, as far as the desk knew.
        to_ns: When it ended.
    """

    market: int
    side: int
    price_g4: int
    size_u6: int
    from_ns: int
    to_ns: int


class Uptime(msgspec.Struct, frozen=True):
    """How long a market was open and quoted, ns of virtual time."""

    market: int
    open_ns: int
    bid_ns: int
    ask_ns: int
    both_ns: int


def standings(orders: Iterable[Life], end_ns: int) -> tuple[Standing, ...]:
    """Return every stretch of every resting order; an order whose end is unknown stands until ``end_ns``."""
    found: list[Standing] = []
    for life in orders:
        if not life.refused and life.intent.type in {OrderType.GTC, OrderType.GTD}:
            found += _stretches(life, end_ns)
    return tuple(sorted(found, key=lambda s: (s.from_ns, s.market, s.side)))


def _stretches(life: Life, end_ns: int) -> Iterable[Standing]:
    # An order that is held is not in the book yet; of one that took first, what the taking left may rest.
    ack = next((e for e in life.events if isinstance(e, OrderAck) and e.status != "delayed"), None)
    fills = sorted((e for e in life.events if isinstance(e, Fill)), key=lambda fill: fill.matched_ns)
    if ack is None or (ack.status == "matched" and not fills):
        return
    acked = ack.ts_ns
    ends = [e.ts_ns for e in life.events if isinstance(e, OrderDone | OrderRejected)]
    # A filled order ends with its last fill; a reversed one may be terminal without either.
    last = ends[0] if ends else end_ns
    intent = life.intent
    side = int(book_side(intent.token, intent.side))
    price = book_price_g4(intent.token, intent.price_g4)
    left, since = intent.size_u6, acked
    for fill in fills:
        until = min(max(fill.matched_ns, acked), last)
        if until > since and left > 0:
            yield Standing(intent.market, side, price, left, since, until)
        left, since = left - fill.size_u6, max(since, until)
    if left > 0 and last > since and life.state is not OrderState.MATCHED:
        yield Standing(intent.market, side, price, left, since, last)


def uptimes(found: Iterable[Standing], open_spans: Mapping[int, Span]) -> tuple[Uptime, ...]:
    """Return the uptime of each market in which an order rested.

    Args:
        found: All stretches.
        open_spans: From when to when each market was open and on the tape.
    """
    sides: dict[int, dict[int, list[Span]]] = {}
    for stretch in found:
        by_side = sides.setdefault(stretch.market, {1: [], -1: []})
        by_side[stretch.side].append((stretch.from_ns, stretch.to_ns))
    out = []
    for market, by_side in sorted(sides.items()):
        span = open_spans.get(market)
        if span is None or span[1] <= span[0]:
            continue
        bid, ask = (merged(by_side[int(side)], span) for side in (Side.BUY, Side.SELL))
        out.append(Uptime(market, span[1] - span[0], length(bid), length(ask), length(common(bid, ask))))
    return tuple(out)


def merged(spans: Iterable[Span], within: Span) -> list[Span]:
    """Return the union of spans, cut to ``within``.

    >>> merged([(0, 5), (4, 9), (12, 20)], (1, 15))
    [(1, 9), (12, 15)]
    """
    out: list[Span] = []
    for first, last in sorted((max(a, within[0]), min(b, within[1])) for a, b in spans):
        if last <= first:
            continue
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def common(ones: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return where two lists of disjoint spans in order coincide.

    >>> common([(0, 5), (8, 10)], [(3, 9)])
    [(3, 5), (8, 9)]
    """
    out: list[Span] = []
    i = j = 0
    while i < len(ones) and j < len(others):
        first, last = max(ones[i][0], others[j][0]), min(ones[i][1], others[j][1])
        if first < last:
            out.append((first, last))
        if ones[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return out


def length(spans: Iterable[Span]) -> int:
    """Return how long disjoint spans are together."""
    return sum(last - first for first, last in spans)
