"""One market: its book with our orders in it, prints, and prices over time with our fills."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from polydesk.model.grid import PRICE_ONE_G4, SHARE_U6
from polydesk.model.market import Market
from polydesk.monitor.histories import READING
from polydesk.monitor.history import Print
from polydesk.monitor.panels.active_time import active_time
from polydesk.monitor.panels.lists import moment
from polydesk.monitor.session_view import MarketView, SessionView
from polydesk.monitor.words import Words
from polydesk.report.quantities import NONE, price, shares, utc
from polydesk.run.snapshot import LiveBook

DEPTH = 10
"""Levels a side."""

NO_BREAK_SPACE = "\u00a0"
"""Keeps the height of a line that says nothing."""

_TABLE_ROWS = 40
_WHOLE_FROM_U6 = 10_000 * SHARE_U6
_UP, _DOWN = "path://M0 9L10 9L5 0Z", "path://M0 0L10 0L5 9Z"

OFFERED = 20
"""Most names offered while somebody types."""


def options(view: SessionView, typed: str = "") -> list[dict[str, str]]:
    """Return markets to choose from: those that fit what somebody typed, first those that trade now."""
    text = typed.strip().casefold()
    fits = [market for market in view.markets if not text or text in _searched(market)]
    published = {book.market: book.settled for book in view.live.books} if view.live else {}
    fits.sort(key=lambda market: (published.get(market.index, True), market.index not in published, market.index))
    return [{"value": market.slug, "text": market.question or market.slug} for market in fits[:OFFERED]]


def find(view: SessionView, typed: str) -> str:
    """Return the name of the market that fits best what somebody typed; empty when none does."""
    text = typed.strip().casefold()
    exact = next((market.slug for market in view.markets if market.slug.casefold() == text), "")
    if exact or not text:
        return exact
    offered = options(view, typed)
    return offered[0]["value"] if offered else ""


def index_of(view: SessionView, slug: str, shown: int = -1) -> int:
    """Return the market to show: that of a name; else the one shown while it trades; else the desk's busiest.

    Once a session has ended, the one it traded last takes the place of the busiest.

    Args:
        view: The session.
        slug: What somebody asked for; empty for no wish.
        shown: What is shown now; -1 for nothing.

    Returns:
        Its index, -1 when there is no market.
    """
    for market in view.markets if slug else ():
        if market.slug == slug:
            return market.index
    if view.lists.fills and not view.running:
        return shown if shown >= 0 else view.lists.fills[0].market
    if view.live is not None and view.live.books:
        trading = [book.market for book in view.live.books if _trades(view, book)]
        if shown in trading or (shown >= 0 and not trading):
            return shown
        return trading[0] if trading else view.live.books[0].market
    return 0 if view.markets else -1


def book_of(view: SessionView, market: int) -> LiveBook | None:
    """Return the published book of a market; ``None`` when the desk does not publish it (yet)."""
    return next((book for book in view.live.books if book.market == market), None) if view.live else None


def ladder(view: SessionView, market: int, token: int, words: Words) -> dict[str, Any]:
    """Return the properties of the ladder: always ``DEPTH`` rows a side, the empty ones blank, our own always in it."""
    book = book_of(view, market)
    bids = book.tokens[token].bids if book else ()
    asks = book.tokens[token].asks if book else ()
    own = _own(view, market, token)
    sizes = {(1, p): s for p, s in bids} | {(-1, p): s for p, s in asks}
    shown_bids = _shown([p for p, _ in bids], [p for side, p in own if side > 0], best_first=-1)
    shown_asks = _shown([p for p, _ in asks], [p for side, p in own if side < 0], best_first=1)
    return {
        "caption": words("ladder.caption", market=view.market_name(market), outcome=view.outcome(market, token)),
        "heads": [words(f"ladder.{head}") for head in ("own_bid", "bid", "price", "ask", "own_ask")],
        "bids": _pad([_level(1, p, sizes, own) for p in shown_bids]),
        "asks": list(reversed(_pad([_level(-1, p, sizes, own) for p in shown_asks]))),
        "middle": _middle(view, book, token, words),
        "most": max(sizes.values(), default=0) / SHARE_U6,
        "ours": words("ladder.ours"),
        "units": words("ladder.units"),
    }


def prints_table(prints: Sequence[Print], words: Words, view: SessionView, market: int) -> list[dict[str, Any]]:
    """Return the last prints, the newest first."""
    return [
        {
            "id": f"{one.ts_ns}-{at}",
            "cells": [
                moment(one.ts_ns, view),
                {
                    "text": words.named("taker", {1: "buy", -1: "sell"}.get(one.side, "unknown")),
                    "tone": {1: "gain", -1: "loss"}.get(one.side, ""),
                },
                view.outcome(market, one.token),
                price(one.price_g4),
                shares(one.size_u6),
            ],
        }
        for at, one in enumerate(prints)
    ]


def price_chart(view: SessionView, shown: MarketView, token: int, words: Words) -> dict[str, Any]:
    """Return best bid and ask of a token over time, and our fills in it (token 1 mirrored from token 0's book)."""
    ours = [fill for fill in shown.fills if fill.token == token and fill.status != "failed"]
    axis = active_time([ts_ns for ts_ns, _, _ in shown.samples] + [fill.ts_ns for fill in ours])
    bids: list[list[Any]] = []
    asks: list[list[Any]] = []
    for ts_ns, bid, ask in touches(shown, token):
        at = axis.at(ts_ns)
        bids.append([at, None if bid is None else bid / PRICE_ONE_G4])
        asks.append([at, None if ask is None else ask / PRICE_ONE_G4])
    series: list[dict[str, Any]] = [
        {"name": words("chart.bid"), "role": "bid", "data": bids, "thin": True},
        {"name": words("chart.ask"), "role": "ask", "data": asks, "thin": True},
    ]
    # A shape of its own for sells: the legend does not turn shapes as the chart does.
    for side, name, symbol in ((1, "buy", _UP), (-1, "sell", _DOWN)):
        points = [
            [
                axis.at(fill.ts_ns),
                fill.price_g4 / PRICE_ONE_G4,
                words("chart.fill", size=shares(fill.size_u6), price=price(fill.price_g4), order=fill.intent),
            ]
            for fill in reversed(ours)
            if fill.side == side
        ]
        shape = {"points": True, "symbol": symbol}
        series.append({"name": words(f"chart.{name}"), "role": name, "data": points} | shape)
    return {"series": series, "spans": axis.told()}


def touches(shown: MarketView, token: int) -> list[tuple[int, int | None, int | None]]:
    """Return time, best bid and best ask of a token on the grid; ``None`` where a side is empty."""
    out: list[tuple[int, int | None, int | None]] = []
    for ts_ns, low, high in shown.samples:
        bid, ask = (low, high) if token == 0 else (PRICE_ONE_G4 - high, PRICE_ONE_G4 - low)
        out.append((ts_ns, bid if bid > 0 else None, ask if ask < PRICE_ONE_G4 else None))
    return out


def prices_table(shown: MarketView, token: int, words: Words) -> dict[str, Any]:
    """Return the price chart in numbers, thinned to about 40 rows, the newest first."""
    told = touches(shown, token)
    step = -(-len(told) // _TABLE_ROWS) if told else 1
    kept = told[::-1][::step]
    return {
        "caption": words("chart.prices"),
        "columns": [
            {"key": head, "label": words(f"col.{head}"), "num": head != "time"} for head in ("time", "bid", "ask")
        ],
        "rows": [{"id": str(ts_ns), "cells": [utc(ts_ns), price(bid), price(ask)]} for ts_ns, bid, ask in kept],
        "empty": words("chart.empty"),
    }


def chart_note(shown: MarketView, words: Words) -> str:
    """Return where the prices of the chart come from, or why there are none."""
    if shown.missing == READING:
        return words("chart.reading")
    if shown.missing:
        return words("chart.missing", why=shown.missing) if shown.missing != "none" else NO_BREAK_SPACE
    return words("chart.source")


def facts(view: SessionView, market: int, words: Words) -> list[dict[str, str]]:
    """Return what is known of the market, with the origin of each fact that is not the venue's."""
    if not 0 <= market < len(view.markets):
        return []
    known = view.markets[market]
    book = book_of(view, market)
    now_ns = view.now_ns
    paid = next((one for one in view.lists.settlements if one.market == market), None)
    told = [
        _fact("question", known.question or known.slug, words),
        _fact("end", _until(known.end_ns.value, now_ns, words), words, known.end_ns.origin.value),
        _fact("tick", f"{price(book.tick_g4 if book and book.tick_g4 else known.tick_g4.value)} pUSD", words,
              known.tick_g4.origin.value),
        _fact("min_size", f"{shares(known.min_size_u6.value)} {words('unit.shares')}", words,
              known.min_size_u6.origin.value),
        _fact("fees", words.remark(known.fees.note) or words("fact.fees.venue"), words, str(known.fees.origin)),
        _fact("feed_age", _book_age(book, words, paid=paid is not None), words),
    ]  # fmt: skip
    if paid is not None:
        text = words(
            "fact.paid",
            zero=price(paid.payout0_g4),
            one=price(paid.payout1_g4),
            origin=words.named("origin", paid.origin),
        )
        told.append(_fact("settled", text, words))
    return told


def _trades(view: SessionView, book: LiveBook) -> bool:
    """Return whether a market neither has paid nor is past its end."""
    end_ns = view.markets[book.market].end_ns.value if 0 <= book.market < len(view.markets) else None
    return not book.settled and (end_ns is None or end_ns > view.now_ns)


def _searched(market: Market) -> str:
    return f"{market.slug} {market.question}".casefold()


def _shown(book: Sequence[int], own: Sequence[int], *, best_first: int) -> list[int]:
    """Return the prices shown on a side, best first: all of ours that fit, and the best of the book."""
    ours = sorted(set(own), key=lambda p: best_first * p)[:DEPTH]
    others = [p for p in sorted(book, key=lambda p: best_first * p) if p not in set(ours)]
    return sorted([*ours, *others[: DEPTH - len(ours)]], key=lambda p: best_first * p)


def _own(view: SessionView, market: int, token: int) -> Counter[tuple[int, int]]:
    own: Counter[tuple[int, int]] = Counter()
    for order in view.live.orders if view.live else ():
        if order.market != market:
            continue
        side, at = (
            (order.side, order.price_g4) if order.token == token else (-order.side, PRICE_ONE_G4 - order.price_g4)
        )
        own[side, at] += order.size_u6 - order.filled_u6
    return own


def _level(side: int, at_g4: int, sizes: dict[tuple[int, int], int], own: Counter[tuple[int, int]]) -> dict[str, Any]:
    size = sizes.get((side, at_g4), 0)
    mine = own.get((side, at_g4), 0)
    return {
        "price": price(at_g4),
        "size": _size(size),
        "raw": size / SHARE_U6,
        "own": _size(mine),
    }


def _size(size_u6: int) -> str:
    """Write the size of a level; large ones in whole shares, so that their column stays narrow enough for all."""
    if size_u6 >= _WHOLE_FROM_U6:
        size_u6 = (size_u6 + SHARE_U6 // 2) // SHARE_U6 * SHARE_U6
    return shares(size_u6) if size_u6 else ""


def _pad(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return levels + [{"price": NO_BREAK_SPACE, "size": "", "raw": 0, "own": ""}] * (DEPTH - len(levels))


def _middle(view: SessionView, book: LiveBook | None, token: int, words: Words) -> str:
    if book is None:
        return words("ladder.unpublished") if view.running else words("ladder.none")
    if book.settled:
        return words("ladder.settled")
    bids, asks = book.tokens[token].bids, book.tokens[token].asks
    if not bids or not asks:
        return words("ladder.one_sided") if bids or asks else words("ladder.empty")
    spread = asks[0][0] - bids[0][0]
    mid = (asks[0][0] + bids[0][0]) / 2 / PRICE_ONE_G4
    return words("ladder.middle", mid=f"{mid:.4f}".rstrip("0"), spread=price(spread))


def _book_age(book: LiveBook | None, words: Words, *, paid: bool) -> str:
    if paid or (book is not None and book.settled):
        return words("ladder.settled")
    return words("fact.unknown") if book is None or book.age_ns is None else words.span(book.age_ns)


def _until(end_ns: int | None, now_ns: int, words: Words) -> str:
    if end_ns is None:
        return words("fact.unknown")
    if now_ns and end_ns > now_ns:
        return words("fact.end.in", at=utc(end_ns), left=words.span(end_ns - now_ns))
    return f"{utc(end_ns)} UTC"


def _fact(key: str, text: str, words: Words, origin: str = "") -> dict[str, str]:
    told = f" ({words.named('origin', origin)})" if origin and origin != "venue" else ""
    return {
        "key": key, "label": words(f"fact.{key}"), "text": (text or NONE) + told,
        "tone": "warn" if origin == "assumed" else "",
    }  # fmt: skip
