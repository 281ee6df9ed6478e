"""Market-channel messages as recordings hold them, and their numbers on the grid.

Source: venue documentation, websocket market channel. Recordings differ from the live wire: prices may lack the
leading zero, numbers may be JSON numbers, ``event_type`` may be missing from a book that was fetched by REST.
"""

from functools import lru_cache

import msgspec

from polydesk.model.errors import NumberError
from polydesk.model.grid import PRICE_ONE_G4, price_g4, size_u6
from polydesk.model.rows import NO_WITNESS
from polydesk.tape.importers.tally import by_magnitude, plausible

Number = str | int | float
"""A number as a recording writes it."""

MAX_SIZE_U6 = 10**14
"""A hundred million shares: anything above is a mistake, and price times size stays far inside 64 bits."""


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price level of a book."""

    price: Number
    size: Number


class BookMessage(msgspec.Struct, frozen=True):
    """``book``: the full book of one token."""

    asset_id: str
    market: str = ""
    bids: list[Level] = []
    asks: list[Level] = []
    timestamp: Number = 0
    event_type: str = "book"
    tick_size: Number | None = None
    min_order_size: Number | None = None
    neg_risk: bool | None = None


class Entry(msgspec.Struct, frozen=True):
    """One level in a ``price_change``: ``size`` is the new absolute size."""

    price: Number
    size: Number
    side: str
    asset_id: str = ""
    best_bid: Number | None = None
    best_ask: Number | None = None


class PriceChangeMessage(msgspec.Struct, frozen=True):
    """``price_change``.

    Before September 2025 the asset stood outside and the levels under ``changes``; before that, one level outside.
    """

    market: str = ""
    asset_id: str = ""
    price_changes: list[Entry] = []
    changes: list[Entry] = []
    timestamp: Number = 0


class TradeMessage(msgspec.Struct, frozen=True):
    """``last_trade_price``: one trade, ``side`` is the taker's."""

    asset_id: str
    price: Number
    size: Number
    market: str = ""
    side: str = ""
    timestamp: Number = 0


class TickMessage(msgspec.Struct, frozen=True):
    """``tick_size_change`` of one token."""

    asset_id: str
    new_tick_size: Number
    market: str = ""
    old_tick_size: Number | None = None
    timestamp: Number = 0


class BestMessage(msgspec.Struct, frozen=True):
    """``best_bid_ask`` of one token."""

    asset_id: str
    market: str = ""
    best_bid: Number | None = None
    best_ask: Number | None = None
    timestamp: Number = 0


class ResolvedMessage(msgspec.Struct, frozen=True):
    """``market_resolved``."""

    winning_asset_id: str = ""
    market: str = ""
    assets_ids: list[str] = []
    timestamp: Number = 0


@lru_cache(maxsize=1 << 14)
def level_price(text: Number) -> int:
    """Return the grid price of a level.

    Raises:
        NumberError: Not a price, or 0 or 1, where no order can rest.
    """
    price = price_g4(text)
    if not 0 < price < PRICE_ONE_G4:
        raise NumberError(f"price {text!r} is not between 0 and 1")
    return price


@lru_cache(maxsize=1 << 17)
def level_size(text: Number) -> int:
    """Return a size in micro-shares.

    Raises:
        NumberError: Not a size, or absurdly large.
    """
    size = size_u6(text)
    if size > MAX_SIZE_U6:
        raise NumberError(f"size {text!r} is not a size")
    return size


def best_price(text: Number | None, empty: int) -> int:
    """Return a stated best price on the grid, ``NO_WITNESS`` when not stated, ``empty`` for an empty side."""
    if text is None or text == "":
        return NO_WITNESS
    price = price_g4(text)
    return empty if price in (0, PRICE_ONE_G4) else price


def side_sign(text: str) -> int:
    """Return 1 for BUY or BID, -1 for SELL or ASK, 0 for anything else."""
    word = text.upper()
    return 1 if word in ("BUY", "BID") else -1 if word in ("SELL", "ASK") else 0


def venue_time(stated: Number) -> int:
    """Return a message's time in ns, 0 when it states none.

    Raises:
        NumberError: Not a time of the years a recording can come from.
    """
    if stated in ("", 0, "0"):
        return 0
    try:
        ts_ns = (
            int(stated) * 1_000_000
            if isinstance(stated, str) and len(stated) == 13
            else by_magnitude(stated if isinstance(stated, int) else float(stated))
        )
    except ValueError as err:
        raise NumberError(f"timestamp {stated!r} is not a number") from err
    if not plausible(ts_ns):
        raise NumberError(f"timestamp {stated!r} is not a time between 2017 and 2096")
    return ts_ns
