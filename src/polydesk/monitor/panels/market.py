"""One market: its book with our orders in it, prints, and prices over time with our fills."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from polydesk.model.grid import PRICE_ONE_G4, SHARE_U6
from polydesk.monitor.history import History, Print
from polydesk.monitor.hub import SessionView
from polydesk.monitor.panels.active_time import active_time
from polydesk.monitor.words import Words
from polydesk.report.quantities import NONE, duration, price, shares, utc
from polydesk.run.snapshot import LiveBook

DEPTH = 10
"""Levels a side."""

PRINTS = 12
"""Prints shown."""

Samples = Sequence[tuple[int, int, int]]
"""Time, best bid and best ask of token 0."""


def options(view: SessionView) -> list[dict[str, str]]:
    """Return all markets to choose from."""
    return [
        {"value": market.slug, "text": market.question or market.slug}
        for market in (view.manifest.markets if view.manifest else ())
    ]


def index_of(view: SessionView, slug: str, shown: int = -1) -> int:
    """Return the market to show: that of a name; else the one shown while it trades; else the desk's busiest.

    Args:
        view: The session.
        slug: What somebody asked for; empty for no wish.
        shown: What is shown now; -1 for nothing.

    Returns:
        Its index, -1 when there is no market.
    """
    markets = view.manifest.markets if view.manifest else ()
    for market in markets:
        if market.slug == slug:
            return market.index
    if view.live is not None and view.live.books:
        trading = [book.market for book in view.live.books if not book.settled]
        return shown if shown in trading else view.live.books[0].market
    if view.lists.fills:
        return view.lists.fills[0].market
    return 0 if markets else -1


def book_of(view: SessionView, market: int) -> LiveBook | None:
    """Return the published book of a market; ``None`` when the desk does not publish it (yet)."""
    return next((book for book in view.live.books if book.market == market), None) if view.live else None


def ladder(view: SessionView, market: int, token: int, words: Words) -> dict[str, Any]:
    """Return the properties of the ladder: always ``DEPTH`` rows a side, the empty ones blank."""
    book = book_of(view, market)
    bids = book.tokens[token].bids if book else ()
    asks = book.tokens[token].asks if book else ()
    own = _own(view, market, token)
    outside_bids = [p for (side, p) in own if side > 0 and p not in {q for q, _ in bids}]
    outside_asks = [p for (side, p) in own if side < 0 and p not in {q for q, _ in asks}]
    shown_bids = sorted({*(p for p, _ in bids), *outside_bids}, reverse=True)[:DEPTH]
    shown_asks = sorted({*(p for p, _ in asks), *outside_asks})[:DEPTH]
    sizes = {(1, p): s for p, s in bids} | {(-1, p): s for p, s in asks}
    return {
        "caption": words("ladder.caption", market=view.market_name(market), outcome=view.outcome(market, token)),
        "heads": [words(f"ladder.{head}") for head in ("own_bid", "bid", "price", "ask", "own_ask")],
        "bids": _pad([_level(1, p, sizes, own) for p in shown_bids]),
        "asks": list(reversed(_pad([_level(-1, p, sizes, own) for p in shown_asks]))),
        "middle": _middle(view, book, token, words),
        "most": max(sizes.values(), default=0) / SHARE_U6,
        "ours": words("ladder.ours"),
    }


def prints_table(prints: Sequence[Print], words: Words, view: SessionView, market: int) -> list[dict[str, Any]]:
    """Return the last prints, the newest first."""
    return [
        {
            "id": f"{one.ts_ns}-{at}",
            "cells": [
                utc(one.ts_ns)[11:],
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


def price_chart(view: SessionView, market: int, token: int, samples: Samples, words: Words) -> dict[str, Any]:
    """Return best bid and ask of a token over time, and our fills in it (token 1 mirrored from token 0's book)."""
    bids: list[list[Any]] = []
    asks: list[list[Any]] = []
    ours = [
        fill for fill in view.lists.fills if fill.market == market and fill.token == token and fill.status != "failed"
    ]
    axis = active_time([ts_ns for ts_ns, _, _ in samples] + [fill.ts_ns for fill in ours])
    for ts_ns, low, high in samples:
        bid, ask = (low, high) if token == 0 else (PRICE_ONE_G4 - high, PRICE_ONE_G4 - low)
        at = axis.at(ts_ns)
        bids.append([at, bid / PRICE_ONE_G4 if bid > 0 else None])
        asks.append([at, ask / PRICE_ONE_G4 if ask < PRICE_ONE_G4 else None])
    series: list[dict[str, Any]] = [
        {"name": words("chart.bid"), "role": "bid", "data": bids, "thin": True},
        {"name": words("chart.ask"), "role": "ask", "data": asks, "thin": True},
    ]
    for side, name, symbol, turn in ((1, "buy", "triangle", 0), (-1, "sell", "triangle", 180)):
        points = [
            [
                axis.at(fill.ts_ns),
                fill.price_g4 / PRICE_ONE_G4,
                words("chart.fill", size=shares(fill.size_u6), price=price(fill.price_g4), order=fill.intent),
            ]
            for fill in reversed(ours)
            if fill.side == side
        ]
        series.append(
            {
                "name": words(f"chart.{name}"), "role": name, "points": True, "symbol": symbol, "turn": turn,
                "data": points,
            }
        )  # fmt: skip
    return {"series": series, "spans": axis.told()}


def facts(view: SessionView, market: int, words: Words) -> list[dict[str, str]]:
    """Return what is known of the market, with the origin of each fact that is not the venue's."""
    if view.manifest is None or not 0 <= market < len(view.manifest.markets):
        return []
    known = view.manifest.markets[market]
    book = book_of(view, market)
    now_ns = view.live.ts_ns if view.live else 0
    paid = next((one for one in view.lists.settlements if one.market == market), None)
    told = [
        _fact("question", known.question or known.slug, words),
        _fact("end", _until(known.end_ns.value, now_ns, words), words, known.end_ns.origin.value),
        _fact("tick", price(book.tick_g4 if book and book.tick_g4 else known.tick_g4.value), words,
              known.tick_g4.origin.value),
        _fact("min_size", f"{shares(known.min_size_u6.value)} {words('unit.shares')}", words,
              known.min_size_u6.origin.value),
        _fact("fees", known.fees.note or words("fact.fees.venue"), words, str(known.fees.origin)),
        _fact("feed_age", duration(book.age_ns) if book and book.age_ns is not None else words("fact.unknown"), words),
    ]  # fmt: skip
    if paid is not None:
        text = words("fact.paid", zero=price(paid.payout0_g4), one=price(paid.payout1_g4), origin=paid.origin)
        told.append(_fact("settled", text, words))
    return told


def samples_of(history: History | str, view: SessionView, market: int) -> Samples:
    """Return the tape's samples up to where the session is."""
    if isinstance(history, str):
        return []
    upto = view.live.ts_ns if view.live else view.marks[-1].ts_ns if view.marks else 0
    return [(a, b, c) for a, b, c in history.touch_until(market, upto).tolist()]


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
        "size": shares(size) if size else "",
        "raw": size / SHARE_U6,
        "own": shares(mine) if mine else "",
    }


def _pad(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return levels + [{"price": "\u00a0", "size": "", "raw": 0, "own": ""}] * (DEPTH - len(levels))


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


def _until(end_ns: int | None, now_ns: int, words: Words) -> str:
    if end_ns is None:
        return words("fact.unknown")
    if now_ns and end_ns > now_ns:
        return words("fact.end.in", at=utc(end_ns), left=duration(end_ns - now_ns))
    return f"{utc(end_ns)} UTC"


def _fact(key: str, text: str, words: Words, origin: str = "") -> dict[str, str]:
    told = f" ({words.named('origin', origin)})" if origin and origin != "venue" else ""
    return {
        "key": key, "label": words(f"fact.{key}"), "text": (text or NONE) + told,
        "tone": "warn" if origin == "assumed" else "",
    }  # fmt: skip
